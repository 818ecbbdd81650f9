"""A trial's metric, read from its run's history as that grows."""

import math
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

import orjson

from runstore.archive.opening import open_lines
from runstore.errors import StoreError
from runstore.format import lenient
from runstore.format.records import read_json_object
from runstore.format.run_layout import RunLayout, history_order, is_attempt, is_history, is_packed, written_by
from runstore.format.values import NOT_FINITE

_CHUNK: Final = 4_000_000
_MOST_NAMES: Final = 200
_LIST_EACH: Final = 16
"""Each so many looks the directory is listed even if its time stands still: clocks are coarse."""
_ROWS_FOR_NAMES: Final = 1_000


class MetricTail:
    """What a run has logged of one metric. Each look reads only what was added since the one before."""

    def __init__(
        self, run: RunLayout, metric: str, *, maximize: bool = False, earlier: Collection[str] = frozenset()
    ) -> None:
        """`metric` is "" for a sweep that has none: then nothing is read. `earlier` are the names of histories from
        before somebody asked for the trial again: what they hold counts no more."""
        self._run = run
        self._earlier = frozenset(earlier)
        self._metric = metric
        self._sign = -1.0 if maximize else 1.0
        self._key = orjson.dumps(metric)
        self._files: dict[str, _File] = {}
        self._listed = 0
        self._looks = 0
        self._stitched: list[float] | None = None

    def look(self) -> bool:
        """Reads what is new; whether there was anything of the metric. A run that is not there yet has nothing."""
        if not self._metric:
            return False
        self._list(again=self._looks % _LIST_EACH == 0)
        self._looks += 1
        grown = [file.look(self._key, self._value) for file in self._files.values()]
        if any(grown):
            self._stitched = None
        return any(grown)

    def _list(self, *, again: bool) -> None:
        """Finds the run's histories where its directory has changed, or with `again`."""
        try:
            changed = os.stat(self._run.path).st_mtime_ns
            if changed == self._listed and not again:
                return
            names = [name for name in os.listdir(self._run.path) if is_history(name) and name not in self._earlier]
        except OSError:
            return
        self._listed = changed
        for name in names:
            if name not in self._files:
                self._files[name] = _File(self._run.path / name)

    @property
    def values(self) -> list[float]:
        """The metric each time that it was logged, in order, with its sign turned where it is to be maximised: LOWER IS
        BETTER. Not to be changed."""
        if self._stitched is None:
            self._stitched = [self._sign * value for value in _stitched(self._files)]
        return self._stitched

    @property
    def count(self) -> int:
        """How often the metric was logged."""
        return len(self.values)

    @property
    def best(self) -> float | None:
        """The best value up to now, as it was logged; None before the first."""
        return self._best(self.values)

    def final(self) -> float | None:
        """The trial's value, as W&B counts it: the best of history and summary."""
        self._looks = 0
        self.look()
        said = self._value(self.summary()) if self._metric else None
        counts = said is not None and said not in self._logged_earlier()
        return self._best([*self.values, *([self._sign * said] if said is not None and counts else [])])

    def _logged_earlier(self) -> list[float]:
        """What came out before the trial was asked for again: the summary goes on from it."""
        files = [_File(self._run.path / name) for name in self._earlier]
        for file in files:
            file.look(self._key, self._value)
        return [value for file in files for value in file.values]

    def names(self) -> list[str]:
        """What the run logged instead: the names of its numbers, for a message."""
        found = dict.fromkeys(name for name, value in self.summary().items() if _number(value) is not None)
        for file in sorted(self._run.path.glob("history*.jsonl")):
            if file.name not in self._earlier:
                found |= dict.fromkeys(_names(file))
        return [name for name in found if not name.startswith("_")][:_MOST_NAMES]

    def summary(self) -> dict[str, Any]:
        """The run's summary; {} where it cannot be read."""
        try:
            return read_json_object(self._run.summary_json)
        except StoreError:
            return {}

    def _best(self, values: list[float]) -> float | None:
        if not values:
            return None
        finite = [value for value in values if math.isfinite(value)]
        return self._sign * (min(finite) if finite else values[-1])

    def _value(self, row: Mapping[str, Any]) -> float | None:
        """The metric in a row or a summary: under its name, or as a path through nested mappings."""
        if self._metric in row:
            return _number(row[self._metric])
        found: Any = row
        for part in self._metric.split("."):
            if not isinstance(found, Mapping) or part not in found:
                return None
            found = found[part]
        return _number(found)


def histories(run: RunLayout, until: int | None = None) -> frozenset[str]:
    """The names of the histories that a run has; with `until` (a file's time in nanoseconds) of those that were not
    written to after it."""
    try:
        with os.scandir(run.path) as entries:
            found = [entry for entry in entries if is_history(entry.name)]
            return frozenset(
                each.name for each in found if until is None or each.stat(follow_symlinks=False).st_mtime_ns <= until
            )
    except OSError:
        return frozenset()


class _File:
    """One history, up to where it was read: steps and values of the rows that hold the metric."""

    def __init__(self, path: Path) -> None:
        self.values: list[float] = []
        self.steps: list[float] = []
        self.first_step: float | None = None
        self._path = path
        self._offset = 0
        self._rest = b""

    def look(self, key: bytes, value: Any) -> bool:
        before = len(self.values)
        try:
            if os.lstat(self._path).st_size == self._offset:
                return False
        except OSError:
            return False
        for line in self._new_lines():
            if self.first_step is None:
                self.first_step = _step(_row(line))
            if key in line and (number := value(row := _row(line))) is not None:
                self.values.append(number)
                self.steps.append(_step(row) or 0.0)
        return len(self.values) > before

    def _new_lines(self) -> list[bytes]:
        """The lines that were completed since the last look, the newest chunk's worth at most a time."""
        if is_packed(self._path.name):
            return self._packed_lines()
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return []
        try:
            parts = [self._rest]
            while data := os.pread(descriptor, _CHUNK, self._offset):
                parts.append(data)
                self._offset += len(data)
        except OSError:
            pass  # What was read up to here counts; the next look goes on from there.
        finally:
            os.close(descriptor)
        *lines, self._rest = b"".join(parts).split(b"\n")
        return lines

    def _packed_lines(self) -> list[bytes]:
        """Every line of an archived history, which grows no more."""
        try:
            self._offset = os.lstat(self._path).st_size
            with open_lines(self._path) as file:
                return file.read().split(b"\n")
        except OSError:
            return []


def _stitched(files: Mapping[str, _File]) -> list[float]:
    """The values in order: an attempt that went back hides what earlier ones logged from its first step on."""
    found: list[tuple[float, float]] = []
    for name in sorted(files, key=history_order):
        file = files[name]
        if is_attempt((written_by(name) or ("", ""))[1]) and file.first_step is not None and found:
            found = [each for each in found if each[0] < file.first_step]
        found += zip(file.steps, file.values, strict=True)
    return [value for _, value in found]


def _row(line: bytes) -> dict[str, Any]:
    try:
        row = lenient.loads(line)
    except ValueError:
        return {}
    return row if isinstance(row, dict) else {}


def _step(row: Mapping[str, Any]) -> float | None:
    step = row.get("_step")
    return float(step) if isinstance(step, int | float) and not isinstance(step, bool) else None


def _number(value: Any) -> float | None:
    """A number as it was logged; None for anything else. Truth values are no metric, as with W&B."""
    if isinstance(value, str):
        return NOT_FINITE.get(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def _names(path: Path) -> list[str]:
    """The names of the numbers in a history's first rows."""
    found: dict[str, None] = {}
    try:
        with open(path, "rb") as file:
            for _, line in zip(range(_ROWS_FOR_NAMES), file, strict=False):
                found |= dict.fromkeys(name for name, value in _row(line).items() if _number(value) is not None)
    except OSError:
        pass
    return list(found)
