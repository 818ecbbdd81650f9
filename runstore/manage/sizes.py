"""`runstore size`: what a store weighs, by project, run and kind of file, what git keeps of it, and what to do about a
store that outgrows git."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import Final

from runstore.errors import StoreError
from runstore.format.layout import ProjectLayout, StoreLayout
from runstore.format.run_layout import is_packed, output_part, written_by
from runstore.reading.repository import Repository

KINDS: Final = ("history", "archived", "system", "logs", "media", "files", "artifacts", "other")
"""What files of a store hold. `archived` are histories and system metrics that were packed."""
_KIND_OF: Final = {"history": "history", "system": "system", "output": "logs", "lines": "logs"}
_FOLDERS: Final = {"media": "media", "files": "files", "code": "files"}


@dataclass(slots=True)
class Weight:
    """Bytes by kind, and how many files these are."""

    kinds: dict[str, int] = field(default_factory=dict)
    files: int = 0

    @property
    def total(self) -> int:
        return sum(self.kinds.values())

    def add(self, kind: str, size: int) -> None:
        self.kinds[kind] = self.kinds.get(kind, 0) + size
        self.files += 1

    def merge(self, other: "Weight") -> None:
        for kind, size in other.kinds.items():
            self.kinds[kind] = self.kinds.get(kind, 0) + size
        self.files += other.files


@dataclass(frozen=True, slots=True)
class ProjectSize:
    """What a project weighs, and each of its runs by id."""

    name: str
    weight: Weight
    runs: dict[str, Weight]


@dataclass(frozen=True, slots=True)
class StoreSize:
    """What a store weighs. `cache` and `trash` are this machine's alone; `in_git` is what git keeps of all commits of
    the whole repository, None outside of git; `largest` the path and the bytes of the largest file to commit."""

    projects: tuple[ProjectSize, ...]
    artifacts: Weight
    cache: int
    trash: int
    in_git: int | None
    largest: tuple[str, int]

    @property
    def weight(self) -> Weight:
        """Everything that would be committed."""
        whole = Weight()
        whole.merge(self.artifacts)
        for project in self.projects:
            whole.merge(project.weight)
        return whole


def measure(store: StoreLayout) -> StoreSize:
    """What a store weighs. Links are not followed; what cannot be read weighs nothing. Raises `OSError` where the store
    itself cannot be listed."""
    largest = ("", 0)
    projects = []
    for project in store.projects():
        found, biggest = _project(project, store)
        projects.append(found)
        largest = max(largest, biggest, key=itemgetter(1))
    artifacts = Weight()
    for path, size in _below(store.objects_dir):
        artifacts.add("artifacts", size)
        largest = max(largest, (os.path.relpath(path, store.root), size), key=itemgetter(1))
    cache, trash = (sum(size for _, size in _below(folder)) for folder in (store.cache_dir, store.trash_dir))
    return StoreSize(tuple(projects), artifacts, cache, trash, in_git(store.root), largest)


def _project(project: ProjectLayout, store: StoreLayout) -> tuple[ProjectSize, tuple[str, int]]:
    whole, largest = Weight(), ("", 0)
    runs: dict[str, Weight] = {}
    for path, size in _below(project.path):
        parts = Path(os.path.relpath(path, project.path)).parts
        kind = _kind(parts)
        whole.add(kind, size)
        if parts[0] == "runs" and len(parts) > 2:
            runs.setdefault(parts[1], Weight()).add(kind, size)
        if size > largest[1]:
            largest = (os.path.relpath(path, store.root), size)
    return ProjectSize(project.name, whole, dict(sorted(runs.items()))), largest


def _kind(parts: tuple[str, ...]) -> str:
    if parts[0] == "artifacts":
        return "artifacts"
    if parts[0] != "runs" or len(parts) < 3:
        return "other"
    if len(parts) > 3:
        return _FOLDERS.get(parts[2], "other")
    if is_packed(parts[2]):
        return "archived"
    if output_part(parts[2]) is not None:
        return "logs"
    return _KIND_OF.get((written_by(parts[2]) or ("",))[0], "other")


def _below(folder: Path) -> Iterator[tuple[str, int]]:
    """The plain files below a directory, each with its bytes. Links are not followed."""
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _below(Path(entry.path))
        elif entry.is_file(follow_symlinks=False):
            try:
                yield entry.path, entry.stat(follow_symlinks=False).st_size
            except OSError:
                continue


def in_git(root: Path) -> int | None:
    """The bytes that git keeps, of every commit, in the repository that holds the store; None outside of git."""
    try:
        with Repository(root) as repository:
            told = repository.ask("count-objects", "-v").decode().split()
    except StoreError:
        return None
    counts = dict(zip(told[::2], told[1::2], strict=False))
    return 1024 * (int(counts.get("size-pack:", 0)) + int(counts.get("size:", 0)))


@dataclass(frozen=True, slots=True)
class Advice:
    """Something that is past what git bears well, and what to do about it."""

    found: str
    do: str


MOST_FILE: Final = 50_000_000
"""Hosts of git warn of larger files, and refuse those of twice as much."""
MOST_IN_GIT: Final = 1_000_000_000
"""Past this a fresh clone takes minutes, and hosts ask for less."""
MOST_FILES: Final = 200_000
"""Past this `git status` takes half a second and more, and a clone half a minute, on two cores and a local disk."""
WORTH_ARCHIVING: Final = 100_000_000


def advice(size: StoreSize, show: Callable[[int], str]) -> list[Advice]:
    """What to do about a store that outgrows git; nothing for one that does not, or is not in git. `show` writes
    bytes."""
    if size.in_git is None:
        return []
    whole, found = size.weight, []
    lines = whole.kinds.get("history", 0) + whole.kinds.get("system", 0)
    if lines > WORTH_ARCHIVING:
        found.append(
            Advice(
                f"{show(lines)} of histories and system metrics",
                "pack what has ended with `runstore archive --older-than 30d`: about a seventh is left",
            )
        )
    if size.largest[1] > MOST_FILE:
        found.append(
            Advice(
                f"{size.largest[0]} has {show(size.largest[1])}",
                "keep such files in git-lfs (`runstore init --lfs`), or log them as artifacts by reference",
            )
        )
    if size.in_git > MOST_IN_GIT:
        found.append(
            Advice(
                f"git keeps {show(size.in_git)}",
                "move the store to a shared disk or object storage, and commit but its site or its summaries",
            )
        )
    if whole.files > MOST_FILES:
        found.append(
            Advice(
                f"{whole.files:,} files",
                "turn on git's `core.fsmonitor` and `feature.manyFiles`, or give each project a store of its own",
            )
        )
    return found
