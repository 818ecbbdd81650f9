"""Molecules: files that name atoms and where they lie."""

import io
import os
from typing import Any, ClassVar, Self

from runstore.errors import BadTypeError, BadValueError
from runstore.media.base import FileMedia, ending_of, need, read_stream, source_file, stream_path

_RDKIT = "pip install rdkit"


class Molecule(FileMedia):
    """A molecule, from the path of a file (kept byte for byte) or an open file, whose `file_type` is to be given.

    Raises `ValueError` or `TypeError`, both `UsageError`s too.
    """

    kind = "molecule-file"
    folder = "molecule"
    SUPPORTED_TYPES: ClassVar[set[str]] = {
        *("pdb", "pqr", "mmcif", "mcif", "cif", "sdf", "sd", "gro", "mol2", "mmtf"),
    }
    SUPPORTED_RDKIT_TYPES: ClassVar[set[str]] = {"mol", "sdf"}

    def __init__(self, data_or_path: Any, caption: str | None = None, file_type: str | None = None) -> None:
        given = stream_path(data_or_path)
        if isinstance(given, str | os.PathLike):
            form = ending_of(os.fspath(given), self.SUPPORTED_TYPES, "a molecule")
            super().__init__(source_file(given, "a molecule"), form, caption)
        elif hasattr(given, "read"):
            if file_type not in self.SUPPORTED_TYPES:
                known = ", ".join(sorted(self.SUPPORTED_TYPES))
                raise BadValueError(
                    f"Must pass file_type keyword argument when using io objects, one of {known}; found {file_type!r}"
                )
            super().__init__(read_stream(given, "a molecule"), str(file_type), caption)
        else:
            raise BadValueError(f"Data must be file name or a file object, found a {type(data_or_path).__name__}")

    @classmethod
    def from_rdkit(
        cls,
        data_or_path: Any,
        caption: str | None = None,
        convert_to_3d_and_optimize: bool = True,
        mmff_optimize_molecule_max_iterations: int = 200,
    ) -> Self:
        """A molecule of RDKit, or of a mol or sdf file that RDKit reads (of many molecules the first); laid out in
        space unless told otherwise. Raises `UsageError` where RDKit is not installed."""
        chem = need("rdkit.Chem", "a molecule of RDKit", _RDKIT)
        if isinstance(data_or_path, str | os.PathLike):
            path = os.fspath(source_file(data_or_path, "a molecule"))
            if ending_of(path, cls.SUPPORTED_RDKIT_TYPES, "a molecule of RDKit") == "sdf":
                with chem.SDMolSupplier(path) as supplier:
                    found = next(iter(supplier), None)
            else:
                found = chem.MolFromMolFile(path)
            if found is None:
                raise BadValueError(f"{path}: RDKit finds no molecule in it; mend the file")
        elif isinstance(data_or_path, chem.rdchem.Mol):
            found = data_or_path
        else:
            raise BadTypeError(
                f"Data must be file name or an rdkit.Chem.rdchem.Mol object, found a {type(data_or_path).__name__}"
            )
        if convert_to_3d_and_optimize:
            shaping = need("rdkit.Chem.AllChem", "a molecule of RDKit", _RDKIT)
            found = chem.AddHs(found)
            shaping.EmbedMolecule(found)
            shaping.MMFFOptimizeMolecule(found, maxIters=mmff_optimize_molecule_max_iterations)
        return cls(io.StringIO(chem.rdmolfiles.MolToPDBBlock(found)), caption=caption, file_type="pdb")

    @classmethod
    def from_smiles(
        cls,
        data: str,
        caption: str | None = None,
        sanitize: bool = True,
        convert_to_3d_and_optimize: bool = True,
        mmff_optimize_molecule_max_iterations: int = 200,
    ) -> Self:
        """A molecule of a SMILES text. Raises `UsageError` where RDKit is not installed, `ValueError` (one too) for a
        text that is none."""
        found = need("rdkit.Chem", "a molecule of SMILES", _RDKIT).MolFromSmiles(data, sanitize=sanitize)
        if found is None:
            raise BadValueError(f"Unable to parse the SMILES string {data!r}; correct it")
        return cls.from_rdkit(found, caption, convert_to_3d_and_optimize, mmff_optimize_molecule_max_iterations)
