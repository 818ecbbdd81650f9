"""Which files of a store are copied: those of chosen projects or runs, and the blobs that these need."""

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Final

from runstore.errors import StoreError
from runstore.format.carried import Kind
from runstore.remote.trees import File, Tree

_DIGEST: Final = re.compile(rb"\b[0-9a-f]{64}\b")


@dataclass(frozen=True, slots=True)
class Choice:
    """What of a store is copied: `projects` and `runs` (ids, or `project/id`), all where both are empty.

    With `delete` files go that the source has not. With `mirror` the target is ours alone and becomes what the source
    is, whatever it was. `lacks` says what of the source is none of it.
    """

    projects: frozenset[str] = frozenset()
    runs: frozenset[str] = frozenset()
    delete: bool = False
    mirror: bool = False
    lacks: Callable[[File], bool] = lambda file: False

    def has(self, file: File) -> bool:
        """Whether a file is chosen, as far as its place and `lacks` say."""
        what = file.what
        if self.lacks(file):
            return False
        if what.kind is Kind.ROOT or not (self.projects or self.runs):
            return True
        if self.projects and what.project not in self.projects:
            return False
        return not self.runs or bool(self.runs & {what.run, f"{what.project}/{what.run}"})


def chosen(found: Collection[File], choice: Choice, tree: Tree) -> dict[str, File]:
    """The chosen files, with the blobs that chosen manifests name. Raises `StoreError` for a name that nothing has."""
    files = {file.path: file for file in found if choice.has(file)}
    _refuse_unknown(files.values(), choice, tree)
    if not choice.projects:
        return files
    wanted = _digests(tree, (file for file in files.values() if file.kind is Kind.PLAIN and not file.what.run))
    return files | {file.path: file for file in found if file.kind is Kind.BLOB and file.what.name in wanted}


def _refuse_unknown(files: Iterable[File], choice: Choice, tree: Tree) -> None:
    projects, runs = set(choice.projects), set(choice.runs)
    for file in files:
        projects.discard(file.what.project)
        runs -= {file.what.run, f"{file.what.project}/{file.what.run}"}
    for kind, missing in (("project", projects), ("run", runs)):
        if missing:
            raise StoreError(f"{tree.where}: found no {kind} {min(missing)!r}; `runstore ls` lists what there is")


def _digests(tree: Tree, files: Iterable[File]) -> set[str]:
    """The digests that files name."""
    return {each.decode() for file in files for each in _DIGEST.findall(tree.read(file, 0, file.size))}
