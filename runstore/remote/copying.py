"""Copying a store from one tree to another while it grows, so that every moment of the copy is a store.

What every run recorded of its end is read first, then both sides are listed, then files are copied in the order of
`carried`: a state is at least as old as the rows that stand before it, and a reader of the copy sees no `finished`
without its history. A run that is new there begins as `running`. Each step can be done again: a copy that was killed
and is repeated ends in the same tree.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final, TypeVar

import orjson

from runstore.errors import StoreError
from runstore.format.carried import Carried, Kind
from runstore.format.records import RunState, dump_state
from runstore.remote.choosing import Choice, chosen
from runstore.remote.memory import Memory
from runstore.remote.plan import Sides, Step, Unit, judge
from runstore.remote.trees import BLOCK, File, GoneError, Listing, Tree

_AT_ONCE: Final = 8
_BATCH: Final = 256
_STATE_BYTES: Final = 1 << 20
_T = TypeVar("_T")
_R = TypeVar("_R")

Progress = Callable[[int, int], None]
"""Called with how many files are done, of how many."""


@dataclass(slots=True)
class Outcome:
    """What a copy did, or with a dry run would do. `steps` are the files that changed; `conflicts` and `left` are runs
    by name, with the reason; `left_out` names of the source's that no file may have, and files that went meanwhile."""

    steps: list[Step] = field(default_factory=list)
    conflicts: dict[str, str] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    @property
    def size(self) -> int:
        """The bytes that were copied."""
        return sum(step.size for step in self.steps)


def copy(
    source: Tree,
    target: Tree,
    choice: Choice,
    memory: Memory,
    *,
    dry_run: bool = False,
    progress: Progress = lambda done, total: None,
) -> Outcome:
    """Brings what is chosen of `source` to `target`. Raises `StoreError` when either cannot be reached.

    What went meanwhile is left for the next time.
    """
    with ThreadPoolExecutor(_AT_ONCE if source.concurrent and target.concurrent else 1) as pool:
        try:
            return _Copy(source, target, choice, memory, pool).run(dry_run=dry_run, progress=progress)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
        finally:
            if not dry_run:
                memory.save()


@dataclass(slots=True)
class _Copy:
    source: Tree
    target: Tree
    choice: Choice
    memory: Memory
    pool: ThreadPoolExecutor
    outcome: Outcome = field(default_factory=Outcome)
    states: dict[str, tuple[File, bytes]] = field(default_factory=dict)

    def run(self, *, dry_run: bool, progress: Progress) -> Outcome:
        sides = self._sides()
        units = [unit for unit in self._judged(sides) if self._note(unit)]
        total = sum(len(unit.steps) for unit in units)
        done = 0
        for batch in _batches(units):
            steps = [step for unit in batch for step in unit.steps]
            if dry_run:
                self.outcome.steps += steps
                continue
            self._begin(batch)
            for _, phase in groupby(sorted(steps, key=lambda step: step.phase), lambda step: step.phase):
                for step, trouble in self._each(self._carry_out, list(phase)):
                    done += 1
                    self.outcome.left_out += [trouble] if trouble else []
                    self.outcome.steps += [] if trouble else [step]
                    progress(done, total)
        if self.outcome.left_out and not dry_run:
            self.source.check()
        return self.outcome

    def _sides(self) -> Sides:
        there = self.target.files().files
        listed = self._listed()
        states = {
            path: file for path, file in listed.files.items() if file.kind is Kind.STATE and self.choice.has(file)
        }
        news = [file for file in states.values() if self._is_news(file, there)]
        if news:
            for file, data in self._each(self._recorded, news):
                if data is None:
                    del states[file.path]
                else:
                    self.states[file.path] = file, data
            listed = self._listed()  # Later than the states, so that all the rows before an end are in it.
        self.outcome.left_out += listed.left_out
        others = {path: file for path, file in listed.files.items() if file.kind is not Kind.STATE or path in states}
        given = {
            path: states.get(path, file) for path, file in chosen(others.values(), self.choice, self.source).items()
        }
        ending = frozenset(
            f"{file.what.project}/{file.what.run}"
            for path, file in states.items()
            if path not in listed.files or listed.files[path].stamp != file.stamp
        )
        return Sides(self.source, self.target, given, there, self.choice, self.memory, ending)

    def _listed(self) -> Listing:
        listed = self.source.files()
        if not any(file.what.project or file.kind is Kind.ROOT for file in listed.files.values()):
            raise StoreError(f"{self.source.where}: found no store; name its directory (it holds projects with runs/)")
        return listed

    def _is_news(self, file: File, there: Mapping[str, File]) -> bool:
        return file.path not in there or not self.memory.is_same(file, there[file.path])

    def _recorded(self, file: File) -> bytes | None:
        try:
            return self.source.read(file, 0, min(file.size, _STATE_BYTES))
        except GoneError:
            return None

    def _judged(self, sides: Sides) -> Iterator[Unit]:
        found = sides.units()
        own = list(found.items())

        def judged(unit: tuple[str, list[Carried]]) -> Unit:
            try:
                return judge(sides, unit[0], unit[1], ended=self._has_ended(unit[1], sides))
            except GoneError as error:
                return Unit(unit[0], left=str(error))

        for _, unit in self._each(judged, own):
            yield unit

    def _has_ended(self, files: Iterable[Carried], sides: Sides) -> bool:
        """Whether a run recorded its end. One without a record was written by hand, and is taken for finished."""
        for what in files:
            if what.kind is Kind.STATE and what.path in sides.given:
                known = self.states.get(what.path)
                # The same as at the last time, when it was read.
                data = known[1] if known is not None else sides.target.read(sides.there[what.path], 0, _STATE_BYTES)
                return _state(data) != "running"
        return True

    def _note(self, unit: Unit) -> bool:
        """Notes what is not copied; whether anything is."""
        if unit.conflict:
            self.outcome.conflicts[unit.name] = unit.conflict
        if unit.left:
            self.outcome.left[unit.name] = unit.left
        return bool(unit.steps)

    def _begin(self, units: Sequence[Unit]) -> None:
        """Has runs that are new there begin as running: one without a state would be taken for finished."""
        states = [
            step
            for unit in units
            for step in unit.steps
            if step.what.kind is Kind.STATE and step.target is None and step.source is not None
        ]
        for _ in self._each(lambda step: self.target.begin(step.what, dump_state(RunState())), states):
            pass

    def _write(self, what: Carried, data: bytes, modified: float | None) -> None:
        with self.target.draft(what, modified) as draft:
            draft.write_bytes(data)

    def _carry_out(self, step: Step) -> str:
        """Why it was not done, "" when it was."""
        try:
            if step.change == "deleted" and step.target is not None:
                self.target.remove(step.target)
                self.memory.forget(step.what.path)
            elif step.change != "kept" and step.source is not None:
                self._bring(step, step.source)
                self._remember(step, step.source)
        except GoneError as error:
            return str(error)
        return ""

    def _bring(self, step: Step, source: File) -> None:
        known = self.states.get(step.what.path)
        if known is not None:
            self._write(step.what, known[1], source.modified)
        elif step.change == "grown" and step.target is not None and self._can_grow(step, step.target):
            self.target.grow(step.target, step.at, self._blocks(source, step.at, step.end), source.modified)
        elif step.what.kind is Kind.GROWING or (path := self.source.path_of(source)) is None:
            with self.target.draft(step.what, source.modified) as draft:
                self.source.fetch(source, draft)
                _cut(draft, step, self.source)
        else:
            self.target.put(step.what, path, source.modified)

    def _can_grow(self, step: Step, target: File) -> bool:
        return self.target.grows and step.end >= target.size

    def _blocks(self, source: File, at: int, end: int) -> Iterator[bytes]:
        while at < end:
            block = self.source.read(source, at, min(at + BLOCK, end))
            if not block:
                raise GoneError(f"{self.source.where}/{source.path}: is shorter than it was; try again")
            yield block
            at += len(block)

    def _remember(self, step: Step, source: File) -> None:
        """Keeps that a whole file was copied; one that is not whole is looked at again."""
        if step.what.kind is Kind.GROWING and step.end != source.size:
            self.memory.forget(step.what.path)
            return
        self.memory.note(source, self.target.look(step.what))

    def _each(self, do: Callable[[_T], _R], items: Sequence[_T]) -> Iterator[tuple[_T, _R]]:
        """Does something to each, several at once; in order."""
        yield from zip(items, self.pool.map(do, items), strict=True)


def _batches(units: Sequence[Unit]) -> Iterator[list[Unit]]:
    """Units that are copied together: many small runs at once, and no more."""
    batch: list[Unit] = []
    for unit in units:
        batch.append(unit)
        if sum(len(each.steps) for each in batch) >= _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _cut(draft: Any, step: Step, tree: Tree) -> None:
    """Has a file of lines end where it was seen to end."""
    size = draft.stat().st_size
    if step.what.kind is not Kind.GROWING:
        return
    if size < step.end:
        raise GoneError(f"{tree.where}/{step.what.path}: is shorter than it was; try again")
    with open(draft, "r+b") as file:
        file.truncate(step.end)


def _state(data: bytes) -> str:
    """The state that a record says; one that is broken says nothing, and the run may live."""
    try:
        found = orjson.loads(data)
    except ValueError:
        return "running"
    return str(found.get("state", "running")) if isinstance(found, dict) else "running"
