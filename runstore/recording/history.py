"""A run's history: rows by W&B's step rules, each in the kernel before `log` returns.

`log` takes one of two ways. Most rows (a dict of plain scalars under keys seen before, with nothing pending) go
straight: one serialisation, one write. Every other row goes through `_log_with_care`, which validates, flattens,
converts and merges. Both leave the same bytes.
"""

import math
import operator
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

import orjson

from runstore.errors import UsageError
from runstore.format import values
from runstore.recording.linefile import Lines
from runstore.recording.trouble import Trouble

_RESERVED: Final = frozenset({"_step", "_runtime"})
_MOST_SHAPES: Final = 256
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
"""Counts in `Trouble` the calls of `log` in a forked child."""

StoreMedia = Callable[[str, int, Any], dict[str, Any] | None]
"""Keeps a value that is more than numbers as a file, given its key and step. Gives what stands for it in the row,
or None for a value that is no such thing."""


class _Shape:
    """The keys of committed rows, found good: the last such row, and whether it held nothing but numbers."""

    __slots__ = ("line", "numeric")

    def __init__(self, line: bytes, numeric: bool) -> None:
        self.line = line
        self.numeric = numeric


class Latest(Protocol):
    """Who keeps the last value of each key: the summary."""

    def fold(self, rows: list[bytes], nested: Mapping[str, tuple[str, ...]]) -> None:
        """Takes rows as they were written, in any order; `nested` gives the path of keys that were joined by dots."""


class History:
    """The rows of one run. Safe for threads, signal handlers and finalisers: one re-entrant lock."""

    def __init__(
        self, file: Lines, trouble: Trouble, store_media: StoreMedia, latest: Latest, *, start: float, step: int = 0
    ) -> None:
        """`start` is the monotonic time that `_runtime` counts from, `step` the number of the first row."""
        self._file = file
        self._trouble = trouble
        self._store_media = store_media
        self._latest = latest
        self._start = start
        self._lock = threading.RLock()
        self._step = step
        self._pending: dict[str, Any] | None = None
        self._drafted: bytes | None = None
        self._closed = ""
        self._detached = ""
        # False while a row is pending and once the history is closed: no row may go straight then.
        self._straight = True
        self._shapes: dict[tuple[str, ...], _Shape] = {}
        self._nested: dict[str, tuple[str, ...]] = {}

    @property
    def step(self) -> int:
        """The number of the row that the next `log` writes to."""
        return self._step

    def log(self, data: Mapping[str, Any], step: int | None = None, commit: bool | None = None) -> None:
        """Adds `data` to the current row and, when that is committed, begins the next: see `Run.log`."""
        with self._lock:
            if self._straight and step is None and commit is not False and type(data) is dict:
                shape = self._shapes.get(tuple(data))
                if shape is not None and self._log_straight(data, shape):
                    return
            self._log_with_care(data, step, commit)

    def _log_straight(self, data: dict[str, Any], shape: _Shape) -> bool:
        """Writes `data` as a row if it is plain scalars after all; False, with nothing done, if it is not."""
        number = self._step
        row = {**data, "_step": number, "_runtime": _clock() - self._start, "_timestamp": _wall()}
        try:
            # One addition in C finds a NaN or an infinity among any number of floats, and refuses a None or a text.
            finite = shape.numeric and _isfinite(sum(data.values()))
            line = _dumps(row if finite else _name_floats(row), _scalar, _NEWLINE)
        except Exception:  # A foreign object's addition may raise anything.
            return False
        # A None, a mapping to flatten (or a text that looks so), and what may be too long go the other way.
        if line.rfind(b"{") != 0 or not (finite or (b"null" not in line and len(line) <= _SHORT_LINE)):
            return False
        self._step = number + 1
        self._file.append(line)
        shape.line = line
        return True

    def flush(self) -> None:
        """Commits the pending row, if there is one, and tries what waits."""
        with self._lock:
            if self._pending is not None:
                self._commit()
            self._file.retry()

    def beat(self) -> None:
        """What is due now and then, from another thread: tries what waits, asks the disk to keep what was written."""
        with self._lock:
            if self._closed or self._detached:
                return
            self._file.retry()
        self._file.sync()

    def restore_file(self) -> None:
        """Brings the file back if somebody deleted it."""
        with self._lock:
            if not self._closed and not self._detached:
                self._file.restore()

    def close(self, reason: str) -> None:
        """Ends the history, everything written and on the disk; from here on `log` raises `UsageError(reason)`."""
        with self._lock:
            if not self._closed:
                self.flush()
                self._closed = reason
                self._straight = False
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
            rows = [shape.line for shape in self._shapes.values() if shape.line]
            for shape in self._shapes.values():
                shape.line = b""
            if rows:
                self._latest.fold(rows, self._nested)

    def _log_with_care(self, data: Any, step: Any, commit: bool | None) -> None:
        if self._closed:
            raise UsageError(self._closed)
        if self._detached:
            return self._trouble.warn_once(DETACHED, self._detached)
        _check(data)
        if step is not None and not self._move_to(_number(step)):
            return
        self._merge(data)
        if commit if commit is not None else step is None:
            self._commit()
        else:
            self._drafted = self._line()
            self._file.draft(self._drafted[:-1])

    def _move_to(self, step: int) -> bool:
        """Makes `step` the current one; False when it lies behind, which is said."""
        if step < self._step:
            self._trouble.warn_once(
                LATE_STEP,
                f"log to step {step} is less than the current step {self._step}: its data is ignored; "
                "log steps in rising order, or the number as a value of its own",
            )
            return False
        if step > self._step:
            if self._pending is not None:
                self._commit()
            self._step = step
        return True

    def _merge(self, data: Mapping[str, Any]) -> None:
        """Puts `data` into the pending row, converted now: a caller may change its objects later."""
        row = {} if self._pending is None else self._pending
        known = type(data) is dict and tuple(data) in self._shapes
        if known and values.SIMPLE.issuperset(map(type, data.values())):
            row.update(data)
        else:
            for path, value in values.flatten(data):
                self._put(row, path, value)
        self._pending = row
        self._drafted = None
        self._straight = False

    def _put(self, row: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
        key = ".".join(path)
        if key in _RESERVED or (key == "_timestamp" and type(value) not in (int, float)):
            self._trouble.warn_once(f"key {key}", f"{key} is kept by Runstore itself: the value given is ignored")
            return
        try:
            row[key] = self._convert(key, value)
        except Exception as error:  # A foreign object's own code may raise anything; the rest of the row is kept.
            reason = str(error) if isinstance(error, values.Unserialisable) else f"{type(error).__name__}: {error}"
            self._trouble.warn_once(
                f"value {key}", f"{key} at step {self._step} is left out of its row: {' '.join(reason.split())}"
            )
        else:
            if len(path) > 1:
                self._nested[key] = path

    def _convert(self, key: str, value: Any) -> Any:
        if type(value) in values.SIMPLE:
            return values.plain(value)
        stub = self._store_media(key, self._step, value)
        return values.plain(value) if stub is None else stub

    def _line(self) -> bytes:
        row = dict(self._pending or {})
        timestamp = row.pop("_timestamp", None)
        row["_step"] = self._step
        row["_runtime"] = _clock() - self._start
        row["_timestamp"] = _wall() if timestamp is None else timestamp
        line = values.dump_line(row)
        return values.dump_line(_name_floats(row)) if b"null" in line else line

    def _commit(self) -> None:
        line = self._drafted or self._line()
        row = self._pending or {}
        if len(line) > _LONG_LINE:
            self._warn_of_long(row, len(line))
        self._pending = self._drafted = None
        self._step += 1
        self._straight = True
        self._file.append(line)
        self._remember(row, line)

    def _warn_of_long(self, row: dict[str, Any], size: int) -> None:
        key = max(row, key=lambda key: len(values.dump_line({key: row[key]})))
        self._trouble.warn_once(
            f"long {key}",
            f"the row of step {self._step} has {size / 1e6:.1f} MB, most of it {key}: the history is read whole to be "
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
        if "_timestamp" in row:  # A row with a time of its own never goes straight.
            self._latest.fold([line], self._nested)
        else:
            self._shapes[keys] = _Shape(line, _NUMBERS.issuperset(map(type, row.values())))


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
        return operator.index(step)
    except TypeError:
        raise TypeError(f"a step is a whole number, found {step!r}; write int(step)") from None


def _name_floats(row: dict[str, Any]) -> dict[str, Any]:
    """`row` with the strings for its non-finite floats, which orjson would write as null."""
    for key, value in row.items():
        # Of all floats only NaN and the infinities are not zero when taken from themselves.
        if type(value) is float and value - value != 0.0:
            row[key] = values.name_float(value)
    return row
