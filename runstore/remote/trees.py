"""A tree of files, here or elsewhere, as who copies between two of them sees it.

Each tree is a room of its own behind one protocol: `LocalTree` on this machine's disk, `RemoteTree` on whatever fsspec
reaches. Paths are relative, with `/`, and were checked: none leads out of the tree.
"""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from runstore.errors import StoreError
from runstore.format.carried import Carried, Kind

BLOCK = 8 << 20
"""Bytes that are held at once."""


@dataclass(frozen=True, slots=True)
class File:
    """A file that a tree listed.

    `version` changes when the content does (an ETag, a digest, a time of change), "" where the tree does not say;
    `modified` is epoch s. `key` is what the tree itself calls it.
    """

    what: Carried
    size: int
    version: str
    modified: float | None
    key: str

    @property
    def path(self) -> str:
        return self.what.path

    @property
    def kind(self) -> Kind:
        return self.what.kind

    @property
    def stamp(self) -> tuple[int, str]:
        return self.size, self.version


@dataclass(frozen=True, slots=True)
class Listing:
    """What a tree holds of a store, by path, and which names were left out of it, each with the reason."""

    files: Mapping[str, File]
    left_out: tuple[str, ...] = ()


class GoneError(StoreError):
    """A file that was listed is not there any more, or is shorter than it was."""


class Tree(Protocol):
    """What can be done with a tree. All raise `StoreError` in a line for trouble, `GoneError` for a file that went."""

    @property
    def where(self) -> str:
        """How messages call it."""

    @property
    def identity(self) -> str:
        """The same for the same tree, and for no other."""

    @property
    def grows(self) -> bool:
        """Whether bytes can be added to a file; elsewhere it is written anew."""

    @property
    def concurrent(self) -> bool:
        """Whether several threads may ask at once."""

    def files(self) -> Listing:
        """What is there now."""

    def check(self) -> None:
        """Raises `StoreError` where the tree cannot be reached any more."""

    def read(self, file: File, start: int, end: int) -> bytes:
        """The bytes of a file from `start` to `end`, fewer where it is shorter."""

    def fetch(self, file: File, target: Path) -> None:
        """Writes a whole file to `target` on this machine."""

    def path_of(self, file: File) -> Path | None:
        """Where a file lies on this machine; None for one elsewhere."""

    def draft(self, what: Carried, modified: float | None) -> AbstractContextManager[Path]:
        """A file to write on this machine: behind the block it stands in the tree, in one step."""

    def begin(self, what: Carried, data: bytes) -> None:
        """Makes a directory with one small file in it, in one step where the directory is not there yet."""

    def put(self, what: Carried, source: Path, modified: float | None) -> None:
        """Copies a file of this machine into the tree, in one step."""

    def grow(self, file: File, at: int, blocks: Iterable[bytes], modified: float | None) -> None:
        """Has a file go on at `at` with these bytes, and end behind them."""

    def look(self, what: Carried) -> File:
        """A file as it is now."""

    def remove(self, file: File) -> None:
        """Removes a file, and the directories that held nothing else."""
