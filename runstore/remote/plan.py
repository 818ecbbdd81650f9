"""What a copy has to do, from what both sides list: a step a file, and for each run whether it may be touched at all.

A run is judged as a whole. Where its lines here and there are no beginnings of one another, two computations bear one
id: that is a conflict, and nothing of it is copied. Where those of the target are longer, the source is the older one.
"""

import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from runstore.archive.opening import open_lines
from runstore.format.carried import Carried, Kind
from runstore.format.layout import ProjectLayout
from runstore.format.records import CRASHED_AFTER_SECONDS
from runstore.format.run_layout import packed_name, unpacked_name
from runstore.remote.choosing import Choice
from runstore.remote.comparing import alike, compare_lines, whole_lines
from runstore.remote.memory import Memory
from runstore.remote.trees import BLOCK, File, Tree

What = Literal["new", "grown", "changed", "deleted", "kept"]
"""What is done with a file. `kept`: it was changed at the target later than at the source, and stays."""
_AHEAD: Final = "has rows there that are not here; sync the other way round"
_DELETED: Final = "was deleted there; `runstore restore` brings it back"


@dataclass(frozen=True, slots=True)
class Step:
    """One file: `source` None for one to remove, `target` None for one that is not there yet.

    Of lines, those from byte `at` to `end` are copied.
    """

    what: Carried
    change: What
    source: File | None = None
    target: File | None = None
    at: int = 0
    end: int = 0

    @property
    def phase(self) -> tuple[bool, int]:
        """Steps of a lower phase are done before those of a higher one."""
        return self.change == "deleted", self.what.kind

    @property
    def size(self) -> int:
        """The bytes to copy."""
        return 0 if self.change in ("deleted", "kept") else self.end - self.at


@dataclass(frozen=True, slots=True)
class Unit:
    """What is copied or left as one: the run `name` (`project/id`), or with "" all that belongs to none.

    `conflict` and `left` say why a run stays as it is.
    """

    name: str
    steps: tuple[Step, ...] = ()
    conflict: str = ""
    left: str = ""


@dataclass(frozen=True, slots=True)
class Sides:
    """The two trees of a copy, what each has of what is chosen, and the memory of the last time."""

    source: Tree
    target: Tree
    given: Mapping[str, File]
    there: Mapping[str, File]
    choice: Choice
    memory: Memory
    ending: frozenset[str] = frozenset()
    """Runs that ended while the sides were listed: their end is copied the next time, and until then they live."""

    def units(self) -> dict[str, list[Carried]]:
        """What either side has, by run, "" for what belongs to none and comes first."""
        found: dict[str, dict[str, Carried]] = {"": {}}
        for file in (*self.given.values(), *self.there.values()):
            what = file.what
            found.setdefault(f"{what.project}/{what.run}" if what.run else "", {}).setdefault(what.path, what)
        return {name: list(files.values()) for name, files in found.items()}


class _ConflictError(Exception):
    """Two computations bear one id."""


class _AheadError(Exception):
    """The target has more of a run than the source."""


def judge(sides: Sides, name: str, files: Iterable[Carried], *, ended: bool) -> Unit:
    """What is to be done for one unit. `ended`: its run is over, so that a last line without an end is its last.

    Raises `StoreError`.
    """
    files = list(files)
    here = any(what.path in sides.given for what in files)
    if name and here and not sides.choice.mirror and _tombstone(name) in sides.there:
        return Unit(name, left=_DELETED)
    try:
        steps = [step for what in files for step in _Judge(sides, ended, here).steps(what)]
    except _ConflictError as error:
        return Unit(name, conflict=f"{error} is no beginning of the other side's, nor the other way round")
    except _AheadError:
        return Unit(name, left=_AHEAD)
    return Unit(name, tuple(sorted(steps, key=lambda step: (step.phase, step.what.path))))


def _tombstone(name: str) -> str:
    project, _, run = name.partition("/")
    return ProjectLayout(Path(project)).deleted(run).as_posix()


@dataclass(frozen=True, slots=True)
class _Judge:
    """What is to be done for the files of one unit. `here`: the source has files of it."""

    sides: Sides
    ended: bool
    here: bool

    def steps(self, what: Carried) -> list[Step]:
        source, target = self.sides.given.get(what.path), self.sides.there.get(what.path)
        if source is None:
            return [] if target is None else self._only_there(target)
        if target is not None and self.sides.memory.is_same(source, target) and what.kind is not Kind.BEAT:
            return []
        if what.kind is Kind.BEAT:
            return self._beat(source, target)
        if what.kind is Kind.GROWING:
            return self._lines(source, target)
        if what.kind is Kind.PACK and target is None:
            return self._pack(source)
        return self._whole(source, target)

    def _only_there(self, target: File) -> list[Step]:
        passed = target.kind is Kind.BEAT and self.here
        choice = self.sides.choice
        if target.kind is Kind.BEAT and f"{target.what.project}/{target.what.run}" in self.sides.ending:
            return []
        goes = passed or (choice.delete and choice.has(target) and (choice.mirror or target.kind is not Kind.ROOT))
        return [Step(target.what, "deleted", None, target)] if goes else []

    def _beat(self, source: File, target: File | None) -> list[Step]:
        """A heartbeat goes along while it beats: at an object store, where it lies is when it was put there."""
        if self.ended or _is_old(source):
            return [] if target is None else [Step(source.what, "deleted", None, target)]
        if target is not None and self.sides.memory.is_same(source, target):
            return []
        return [_copied(source, target)]

    def _whole(self, source: File, target: File | None) -> list[Step]:
        if target is None:
            return [_copied(source, None)]
        mirrors = self.sides.choice.mirror
        if source.kind is Kind.ROOT and not mirrors:
            return []
        if source.kind is Kind.BLOB and source.size == target.size:
            return []
        if mirrors:
            return [_copied(source, target)]
        if alike(self.sides.source, source, self.sides.target, target):
            self.sides.memory.note(source, target)
            return []
        if source.kind is Kind.EDITED and self._edited_there(source, target):
            return [Step(source.what, "kept", source, target)]
        return [_copied(source, target)]

    def _edited_there(self, source: File, target: File) -> bool:
        """Whether the target's file was changed later than the source's."""
        if self.sides.memory.has_taken(source):
            return True
        return None not in (source.modified, target.modified) and (target.modified or 0.0) > (source.modified or 0.0)

    def _lines(self, source: File, target: File | None) -> list[Step]:
        pack = packed_name(source.what.name)
        folder = source.path.removesuffix(source.what.name)
        if (
            target is None
            and pack is not None
            and f"{folder}{pack}" in self.sides.there
            and not self.sides.choice.mirror
        ):
            return []  # It was archived there.
        end = source.size if self.ended or _is_old(source) else whole_lines(self.sides.source, source)
        if target is None:
            return [] if source.size and not end else [Step(source.what, "new", source, None, 0, end)]
        found = compare_lines(self.sides.source, source, end, self.sides.target, target)
        if found.verdict == "same":
            if end == source.size:
                self.sides.memory.note(source, target)
            return []
        if found.verdict == "grown":
            return [Step(source.what, "grown", source, target, found.at, end)]
        if self.sides.choice.mirror:
            return [Step(source.what, "changed", source, target, 0, end)]
        raise _AheadError if found.verdict == "ahead" else _ConflictError(source.what.name)

    def _pack(self, source: File) -> list[Step]:
        """An archived history, in place of the lines that it was made of."""
        lines = source.path.removesuffix(source.what.name) + (unpacked_name(source.what.name) or "")
        target = self.sides.there.get(lines)
        if target is None or self.sides.choice.mirror:
            return [_copied(source, None)]
        if not self._holds(source, target):
            raise _ConflictError(source.what.name)
        return [_copied(source, None), Step(target.what, "deleted", None, target)]

    def _holds(self, pack: File, lines: File) -> bool:
        """Whether the lines are the beginning of what a pack was made of."""
        with tempfile.TemporaryDirectory(prefix="runstore-") as folder:
            path = Path(folder) / pack.what.name
            self.sides.source.fetch(pack, path)
            with open_lines(path) as packed:
                for start in range(0, lines.size, BLOCK):
                    block = self.sides.target.read(lines, start, min(start + BLOCK, lines.size))
                    if packed.read(len(block)) != block:
                        return False
        return True


def _copied(source: File, target: File | None) -> Step:
    return Step(source.what, "new" if target is None else "changed", source, target, 0, source.size)


def _is_old(file: File) -> bool:
    """Whether a file has not changed for so long that who wrote it is taken for dead."""
    return file.modified is not None and time.time() - file.modified > CRASHED_AFTER_SECONDS
