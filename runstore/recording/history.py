"""A run's history: rows by W&B's step rules, each in the kernel before `log` returns.

`log` takes one of two ways. Most rows (a dict of plain scalars under keys seen before, with nothing pending) go
straight: one serialisation, one write. Every other row goes through `_log_with_care`, which validates, flattens,
converts and merges. Both leave the same bytes.
"""

import math
import operator
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Protocol

import orjson

from runstore.errors import BadValueError, UsageError
from runstore.format import values
from runstore.recording.linefile import Lines
from runstore.recording.metrics import Definitions, Duty
from runstore.recording.shapes import Shape, unpacked
from runstore.recording.trouble import Trouble

_RESERVED: Final = frozenset({"_step", "_runtime"})
_MOST_SHAPES: Final = 256
# Any reader of JSON, JavaScript's too, knows every whole number up to here.
_MOST_STEPS: Final = 2**53
_LONG_LINE: Final = 1_000_000
# A list of more than 1,000 numbers makes a line longer than this.
_SHORT_LINE: Final = 2 * values.MOST_NUMBERS
_NEWLINE: Final = orjson.OPT_APPEND_NEWLINE
_dumps: Final = orjson.dumps
_wall: Final = time.time
_clock: Final = time.monotonic
_scalar: Final = values.scalar
_isfinite: Final = math.isfinite
_NUMBERS: Final = frozenset({float, int})

LATE_STEP: Final = "late step"
"""Counts in `Trouble` the calls of `log` whose step lay behind."""
DETACHED: Final = "detached"
"""Names in `Trouble` what is told, once, of calls in a forked child."""

Nested = Mapping[str, tuple[str, ...]]
"""The paths of keys that were joined by dots."""
StoreMedia = Callable[[str, int, Any], dict[str, Any] | None]
"""Keeps a value that is more than numbers as a file, given its key and step. Gives what stands for it in the row,
or None for a value that is no such thing."""


_MOST_KEPT: Final = 64
"""So many rows wait at most to be counted in the summary's aggregates."""


class Latest(Protocol):
    """Who keeps the last value of each key, and the aggregates of those that are defined: the summary."""

    def fold(self, rows: list[bytes], nested: Nested) -> None:
        """Takes rows as they were written, in any order; `nested` gives the path of keys that were joined by dots."""

    def count(self, rows: Iterable[bytes | dict[str, Any]], keys: Iterable[str], nested: Nested) -> None:
        """Takes the values of aggregated keys, from rows or the lines that they were written as, in any order."""

    def outdated(self) -> set[str]:
        """The keys for which something else was defined than before; their entries are begun anew."""

    def recount(self, lines: Iterable[bytes], keys: set[str], nested: Nested) -> None:
        """Makes the entries of these keys from every line of this attempt, and from those of earlier ones."""

    def number(self, key: str) -> Any:
        """The last value of a key where it is a number, else 0."""


class History:
    """The rows of one run. Safe for threads, signal handlers and finalisers: one re-entrant lock."""

    def __init__(
        self,
        file: Lines,
        trouble: Trouble,
        store_media: StoreMedia,
        latest: Latest,
        metrics: Definitions,
        *,
        start: float,
        step: int = 0,
    ) -> None:
        """`start` is the monotonic time that `_runtime` counts from, `step` the number of the first row."""
        self._file = file
        self._trouble = trouble
        self._store_media = store_media
        self._latest = latest
        self._metrics = metrics
        self._start = start
        self._lock = threading.RLock()
        self._step = self._first = step
        self._pending: dict[str, Any] | None = None
        self._drafted: bytes | None = None
        self._closed = ""
        self._detached = ""
        # True while one call is at work with care: what cuts in on it, on its own thread, waits in `_deferred`.
        self._busy = False
        self._deferred: deque[tuple[dict[str, Any], int | None, bool]] = deque()
        # False while a row is pending and once the history is closed: no row may go straight then.
        self._straight = True
        self._shapes: dict[tuple[str, ...], Shape] = {}
        self._nested: dict[str, tuple[str, ...]] = {}
        # The latest value of each step metric that is to join rows, as it is written.
        self._axes: dict[str, Any] = {}
        # Of late rows, by their keys, the one at the highest step.
        self._late: dict[tuple[str, ...], tuple[int, bytes]] = {}
        metrics.attach(self._redefine)

    @property
    def step(self) -> int:
        """The number of the row that the next `log` writes to."""
        return self._step

    @property
    def current(self) -> int:
        """The number of the row that gathers values, else of the last one; before the first row its number."""
        return self._step if self._pending is not None else max(self._step - 1, self._first)

    def log(self, data: Mapping[str, Any], step: int | None = None, commit: bool | None = None) -> None:
        """Adds `data` to the current row and, when that is committed, begins the next: see `Run.log`."""
        if step is None and commit is not False and type(data) is dict:
            with self._lock:
                if self._straight:
                    shape = self._shapes.get(tuple(data))
                    if shape is not None and self._log_straight(data, shape):
                        return
        self._log_with_care(data, step, commit)

    log.__qualname__ = "Run.log"  # What scripts call it: Python's own errors name it so.

    def _log_straight(self, data: dict[str, Any], shape: Shape) -> bool:
        """Writes `data` as a row if it is plain scalars after all; False, with nothing written, if it is not."""
        # Taken before anything is called: a signal handler that logs in between gets the next number.
        number = self._step
        self._step = number + 1
        row = {**data, "_step": number, "_runtime": _clock() - self._start, "_timestamp": _wall()}
        duty = shape.duty
        try:
            given = data
            if shape.foreign:
                row = given = unpacked(row, shape.foreign)
            finite = False
            if shape.numeric:
                # One addition in C finds a NaN or an infinity among any number of floats, and refuses a None or a text.
                total = sum(given.values())
                if type(total) not in _NUMBERS:  # Such as numpy's. What is not known to be a number is asked nothing:
                    shape.learn(data)  # its library might warn of that.
                    row = given = unpacked(row, shape.foreign)
                    total = sum(given.values())
                    if type(total) not in _NUMBERS:
                        return self._forgo(number)
                finite = _isfinite(total)
            if duty is not None:
                for axis in duty.insert:
                    row[axis] = self._axes[axis]
            line = _dumps(row if finite else _name_floats(row), _scalar, _NEWLINE)
        except Exception:  # A foreign object's addition may raise anything.
            return self._forgo(number)
        # A None, a mapping to flatten (or a text that looks so), and what may be too long go the other way.
        if line.rfind(b"{") != 0 or not (finite or (b"null" not in line and len(line) <= _SHORT_LINE)):
            return self._forgo(number)
        self._file.append(line)
        shape.line = line
        if duty is not None:
            # Numbers of Python's own never change; what another library's may become is read from the line.
            self._do(duty, shape, row if shape.numeric else line, row)
        return True

    def _do(self, duty: Duty, shape: Shape, kept: bytes | dict[str, Any], row: dict[str, Any]) -> None:
        """What a row that went straight asks for beside; `kept` is what is counted of it."""
        for axis in duty.track:
            self._track(axis, row[axis])
        if duty.count:
            shape.kept.append(kept)
            if len(shape.kept) >= _MOST_KEPT:
                self._count(shape)

    def _forgo(self, number: int) -> bool:
        """Gives back the number of a row that was not written. False."""
        if self._step == number + 1:
            self._step = number
        return False

    def _track(self, axis: str, value: Any) -> None:
        if type(value) not in _NUMBERS:
            try:
                value = values.revive(values.plain(value))
            except Exception:  # A foreign object's own code may raise anything.
                return
        if type(value) in _NUMBERS:
            self._axes[axis] = values.name_float(value)

    def _count(self, shape: Shape) -> None:
        kept, shape.kept = shape.kept, []
        if kept and shape.duty is not None:
            self._latest.count(kept, shape.duty.count, self._nested)

    def flush(self) -> None:
        """Commits the pending row, if there is one, and tries what waits."""
        with self._lock:
            self._work_off()
            if self._pending is not None:
                self._commit()
                self._straight = not (self._closed or self._detached)
            self._file.retry()

    def beat(self) -> None:
        """What is due now and then, from another thread: tries what waits, asks the disk to keep what was written.

        No lock is held for longer than a megabyte takes: a `log` may be waiting for it.
        """
        more = True
        while more:
            with self._lock:
                if self._closed or self._detached:
                    return
                more = self._file.retry_some()
        self._file.sync()

    def restore_file(self) -> None:
        """Brings the file back if somebody deleted it. Nearly all is copied without the lock."""
        if self._closed or self._detached or not self._file.is_gone():
            return
        made = self._file.remake()
        if made is not None:
            with self._lock:
                self._file.take_over(made)

    def close(self, reason: str) -> None:
        """Ends the history, everything written and on the disk; from here on `log` raises `UsageError(reason)`."""
        with self._lock:
            if not self._closed:
                self.flush()
                self._closed = reason
                self._straight = False
                self._file.trim()
                self._file.sync()

    def detach(self, reason: str) -> None:
        """Makes this copy in a forked child harmless: nothing is written, the first `log` is warned of."""
        self._lock = threading.RLock()
        self._detached = reason
        self._straight = False
        self._file.close()

    def refresh_latest(self) -> None:
        """Gives the summary the rows since the last time."""
        with self._lock:
            shapes = list(self._shapes.values())
            late, self._late = self._late, {}
            rows = [line for _, line in late.values()]
            for shape in shapes:
                line, shape.line = shape.line, b""
                if line:
                    rows.append(line)
                if shape.kept:
                    self._count(shape)
            if rows:
                self._latest.fold(rows, self._nested)

    def _redefine(self) -> None:
        """Has the definitions of metrics, which changed, hold from now on, and for what was logged already."""
        with self._lock:
            self.refresh_latest()
            self._shapes.clear()
            outdated = self._latest.outdated()
            lines = self._file.read()
        if outdated:
            try:
                self._latest.recount(lines, outdated, self._nested)
            except OSError as error:
                self._trouble.warn_once("recount", f"define_metric: what was logged before is not counted ({error})")

    def _log_with_care(self, data: Any, step: Any, commit: bool | None) -> None:
        if self._closed:
            raise UsageError(self._closed)
        if self._detached:
            return self._trouble.warn_once(DETACHED, self._detached)
        _check(data)
        number = None if step is None else _number(step)
        # Media are written here, without the lock: no other thread's row has to wait for that.
        found = self._converted(data, self._step if number is None else number)
        with self._lock:
            if self._closed:
                raise UsageError(self._closed)
            self._deferred.append((found, number, commit if commit is not None else step is None))
            self._work_off()
            if (shape := self._shapes.get(tuple(found))) is not None:
                shape.learn(data)

    def _work_off(self) -> None:
        """Places the rows that wait to be. Does nothing for a signal handler, or a finaliser, that cuts in on it: what
        that logs is placed by the call that it cut in on."""
        if self._busy:
            return
        self._busy = True
        self._straight = False
        try:
            while self._deferred:
                self._place(*self._deferred.popleft())
        finally:
            self._straight = not (self._pending is not None or self._closed or self._detached)
            self._busy = False

    def _place(self, found: dict[str, Any], step: int | None, commit: bool) -> None:
        if step is not None and step < self._step:
            return self._log_late(found, step)
        if step is not None and step > self._step:
            if self._pending is not None:
                self._commit()
            self._step = step
        self._merge(found)
        if commit:
            self._commit()
        elif self._pending is not None:
            self._drafted = self._line(self._pending, self._step)
            self._file.draft(self._drafted[:-1])

    def _log_late(self, found: dict[str, Any], step: int) -> None:
        """Keeps the values for a step that lies behind, as a row of their own. The gathering row stays as it is."""
        self._trouble.warn_once(
            LATE_STEP,
            f"log to step {step} is less than the current step {self._step}: it is kept as a row of its own, out of "
            "order; log steps in rising order, or the number as a value of its own",
        )
        line = self._line(found, step, late=True)
        self._file.insert(line, self._drafted[:-1] if self._drafted else b"")
        keys = tuple(found)
        if keys not in self._late and len(self._late) >= _MOST_SHAPES:
            self.refresh_latest()
        if keys not in self._late or self._late[keys][0] <= step:
            self._late[keys] = step, line
        if (duty := self._metrics.duty(found)) is not None and duty.count:
            self._latest.count([line], duty.count, self._nested)

    def _converted(self, data: Mapping[str, Any], step: int) -> dict[str, Any]:
        """The values of a row as they are written, by their flat keys. Converted now: a caller may change its objects
        later."""
        known = type(data) is dict and tuple(data) in self._shapes
        if known and values.SIMPLE.issuperset(map(type, data.values())):
            return dict(data)
        row: dict[str, Any] = {}
        for path, value in self._flattened(data, step):
            self._put(row, path, value, step)
        return row

    def _flattened(self, data: Mapping[str, Any], step: int) -> list[tuple[tuple[str, ...], Any]]:
        """The values of a row by their paths, without those of a mapping that is too deep, or holds itself."""
        try:
            return list(values.flatten(data))
        except values.Unserialisable as error:
            if len(data) > 1:
                return [each for key, value in data.items() for each in self._flattened({key: value}, step)]
            self._leave_out(next(iter(data)), step, error)
            return []

    def _merge(self, found: dict[str, Any]) -> None:
        """Puts `found` into the pending row."""
        if self._pending is None:
            self._pending = found
        else:
            self._pending.update(found)
        self._drafted = None

    def _put(self, row: dict[str, Any], path: tuple[str, ...], value: Any, step: int) -> None:
        key = ".".join(path)
        if key in _RESERVED or (key == "_timestamp" and type(value) not in (int, float)):
            mend = "; pass it as log(…, step=…)" if key == "_step" else ""
            self._trouble.warn_once(f"key {key}", f"{key} is kept by Runstore itself: the value given is ignored{mend}")
            return
        try:
            row[key] = self._convert(key, value, step)
        except Exception as error:  # A foreign object's own code may raise anything; the rest of the row is kept.
            self._leave_out(key, step, error)
            return
        if len(path) > 1:
            self._nested[key] = path

    def _leave_out(self, key: str, step: int, error: Exception) -> None:
        said = "" if isinstance(error, values.Unserialisable | UsageError) else f"{type(error).__name__}: "
        reason = " ".join(f"{said}{error}".split())
        self._trouble.warn_once(f"value {key}", f"{key} at step {step} is left out of its row: {reason}")

    def _convert(self, key: str, value: Any, step: int) -> Any:
        if type(value) in values.SIMPLE:
            return values.plain(value)
        stub = self._store_media(key, step, value)
        return values.plain(value) if stub is None else stub

    def _line(self, found: dict[str, Any], step: int, *, late: bool = False) -> bytes:
        row = dict(found)
        timestamp = row.pop("_timestamp", None)
        row["_step"] = step
        row["_runtime"] = _clock() - self._start
        row["_timestamp"] = _wall() if timestamp is None else timestamp
        if not late and (duty := self._metrics.duty(found)) is not None:
            for axis in duty.insert:
                row[axis] = self._axis(axis)
        line = values.dump_line(row)
        return values.dump_line(_name_floats(row)) if b"null" in line else line

    def _axis(self, name: str) -> Any:
        """The latest value of a step metric; 0 before it has one, as with W&B."""
        if name not in self._axes:
            self._axes[name] = values.name_float(self._latest.number(name))
        return self._axes[name]

    def _commit(self) -> None:
        # Taken before anything is called: a signal handler that logs in between begins a row of its own.
        row, drafted, number = self._pending, self._drafted, self._step
        self._pending = self._drafted = None
        if row is None:
            return
        self._step = number + 1
        line = drafted or self._line(row, number)
        self._file.append(line)
        if len(line) > _LONG_LINE:
            self._warn_of_long(row, len(line), number)
        self._remember(row, line)

    def _warn_of_long(self, row: dict[str, Any], size: int, step: int) -> None:
        key = max(row, key=lambda key: len(values.dump_line({key: row[key]})))
        self._trouble.warn_once(
            f"long {key}",
            f"the row of step {step} has {size / 1e6:.1f} MB, most of it {key}: the history is read whole to be "
            "shown; save what is large in a file in run.dir",
        )

    def _remember(self, row: dict[str, Any], line: bytes) -> None:
        """Keeps a committed row for the summary, and its keys as ones whose rows may go straight."""
        keys = tuple(row)
        if None in row.values():  # The row before may hold the last value of what is None here.
            self.refresh_latest()
        if "_timestamp" in row or (len(self._shapes) >= _MOST_SHAPES and keys not in self._shapes):
            self.refresh_latest()
            self._shapes.clear()
        duty = self._metrics.duty(keys)
        for axis in duty.insert if duty is not None else ():
            self._axis(axis)
        for axis in duty.track if duty is not None else ():
            self._track(axis, row[axis])
        if "_timestamp" in row:  # A row with a time of its own never goes straight.
            self._latest.fold([line], self._nested)
            if duty is not None and duty.count:
                self._latest.count([line], duty.count, self._nested)
            return
        shape = Shape(line, _NUMBERS.issuperset(map(type, row.values())), duty)
        if (before := self._shapes.get(keys)) is not None:
            shape.kept = before.kept
            shape.foreign = before.foreign
        self._shapes[keys] = shape
        if duty is not None and duty.count:
            shape.kept.append(line)
            if len(shape.kept) >= _MOST_KEPT:
                self._count(shape)


def _check(data: Any) -> None:
    if not isinstance(data, Mapping):
        raise TypeError(f"log takes a dictionary of names and values, found a {type(data).__name__}")
    for key in data:
        if not isinstance(key, str):
            raise TypeError(f"log takes text as keys, found {key!r}; write {str(key)!r}")


def _number(step: Any) -> int:
    if isinstance(step, bool):
        raise TypeError(f"a step is a whole number, found {step!r}")
    try:
        number = operator.index(step)
    except TypeError:
        raise TypeError(f"a step is a whole number, found {step!r}; write int(step)") from None
    if not -_MOST_STEPS <= number <= _MOST_STEPS:
        raise BadValueError(f"a step lies within ±2**53, found {number:g}; log such a number as a value of its own")
    return number


def _name_floats(row: dict[str, Any]) -> dict[str, Any]:
    """`row` with the strings for its non-finite floats, which orjson would write as null."""
    for key, value in row.items():
        # Of all floats only NaN and the infinities are not zero when taken from themselves.
        if type(value) is float and value - value != 0.0:
            row[key] = values.name_float(value)
    return row
