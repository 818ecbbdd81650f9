"""Scripts that train a tiny model with a real library, as processes; and what they left in the store."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from runstore.api import Api
from runstore.api.runs import Run
from tests.libraries import matrix
from tests.libraries.matrix import Way
from tests.processes import environment

SCRIPTS: Final = Path(__file__).parent / "scripts"
_PATIENCE_SECONDS: Final = 300
_QUIET: Final = {
    "CUDA_VISIBLE_DEVICES": "",
    "DS_ACCELERATOR": "cpu",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_OFFLINE": "1",
    "KERAS_BACKEND": "torch",
    "MPLBACKEND": "Agg",
    "OMP_NUM_THREADS": "1",
    "PYTHONWARNINGS": "ignore",
    "TOKENIZERS_PARALLELISM": "false",
    "YOLO_OFFLINE": "true",
}
"""No network, no accelerator, no more threads than tiny models need."""


@dataclass(frozen=True, slots=True)
class Training:
    """Where scripts run: `folder`, whose store is `folder/experiments`, with the interpreter `python`."""

    python: Path
    folder: Path

    def run(
        self,
        script: Path | str,
        *arguments: str,
        as_wandb: bool = False,
        variables: Mapping[str, str] | None = None,
        check: bool = True,
        patience: float = _PATIENCE_SECONDS,
    ) -> subprocess.CompletedProcess[str]:
        """Runs a script to its end: the path of one, the name of one in scripts/, or its text.

        With `as_wandb` it is run by `runstore exec`. With `check` it has to end well, without a traceback
        and without asking for a name of W&B's that is not here.
        """
        command = [str(self.python), str(self._path(script)), *arguments]
        if as_wandb:
            command = [sys.executable, "-m", "runstore", "exec", "--", *command]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self._environment(variables or {}),
            text=True,
            capture_output=True,
            timeout=patience,
        )
        if check:
            assert done.returncode == 0, done.stderr[-6000:]
            assert "Traceback" not in done.stderr, done.stderr[-6000:]
            assert "which Runstore has not" not in done.stderr, done.stderr
        return done

    def runs(self, project: str | None = None) -> list[Run]:
        """The runs in the store, oldest first, of one project or of all."""
        api = Api(self.folder / "experiments")
        names = [project] if project is not None else [each.name for each in api.projects()]
        return [run for name in names for run in api.runs(name, order="+created_at")]

    def only_run(self, project: str | None = None) -> Run:
        """The one run there is."""
        [found] = self.runs(project)
        return found

    def record(self, library: str, way: Way, project: str | None = None) -> None:
        """Holds what stands in the store against the documentation's table of integrations; see `matrix`.

        `library` is the package's name in training.txt. Both are written out where this is called: a test reads them.
        """
        matrix.record(library, way, self.runs(project))

    def _path(self, script: Path | str) -> Path:
        if isinstance(script, Path):
            return script
        if "\n" not in script:
            return SCRIPTS / script
        path = self.folder / "train.py"
        path.write_text(script, encoding="utf-8")
        return path

    def _environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        found = environment(self.folder, {**_QUIET, "HF_HOME": str(self.folder / "hub"), **variables})
        found = {name: value for name, value in found.items() if not name.startswith("PYTEST_")}  # Ultralytics looks.
        # What a library imports is compiled once a machine, and nothing is written beside the sources under test.
        del found["PYTHONDONTWRITEBYTECODE"]
        return found | {"PYTHONPYCACHEPREFIX": str(self.python.parent.parent / "bytecode")}
