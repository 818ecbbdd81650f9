"""The files of an imported run that hold a line a moment: history, system metrics, console log. All are streamed."""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final

import orjson

from runstore.errors import UsageError
from runstore.format import values
from runstore.format.run_layout import WriterLayout
from runstore.importers.shelf import MediaShelf
from runstore.importers.sources import LARGEST_STEP, LogLine, Problems, Row
from runstore.media.base import Media

_NEWLINE: Final = orjson.OPT_APPEND_NEWLINE
_BUFFER: Final = 1 << 20
_MOST_SHAPES: Final = 1000
_SECONDS_AN_ENTRY: Final = 1.0


@dataclass(slots=True)
class Latest:
    """The last value of each key: of equal steps the later row's counts, of others that of the highest step."""

    values: dict[str, Any] = field(default_factory=dict)
    _steps: dict[str, int] = field(default_factory=dict)
    # Of the rows with the same keys the one at the highest step: only these need be taken apart.
    _rows: dict[tuple[str, ...], tuple[int, bytes]] = field(default_factory=dict)

    def take(self, keys: tuple[str, ...], step: int, line: bytes) -> None:
        known = self._rows.get(keys)
        if known is None or known[0] <= step:
            # Taken out first: among rows of equal steps the order they came in counts.
            self._rows.pop(keys, None)
            self._rows[keys] = step, line
            if len(self._rows) > _MOST_SHAPES:
                self.settle()

    def settle(self) -> dict[str, Any]:
        """The values, all rows counted."""
        rows, self._rows = sorted(self._rows.values(), key=lambda each: each[0]), {}
        for step, line in rows:
            for key, value in values.parse_line(line).items():
                if value is not None and self._steps.get(key, step) <= step:
                    self.values[key], self._steps[key] = value, step
        return self.values


class HistoryWriter:
    """Writes rows as a run of ours does. Rows without a number get the next one."""

    def __init__(self, path: Path, shelf: MediaShelf, problems: Problems, started: float | None) -> None:
        """`started` (epoch s) is what `_runtime` counts from in rows that do not say it."""
        self.rows = 0
        self.latest = Latest()
        self._path = path
        self._shelf = shelf
        self._problems = problems
        self._started = started
        self._next = 0

    def write(self, rows: Iterable[Row], tick: Callable[[int], None]) -> None:
        """Writes all rows, and has the disk keep them. `tick` is told now and then how many there are.

        Raises `OSError`.
        """
        dumps, take, hook = orjson.dumps, self.latest.take, self._hook
        with open(self._path, "xb", buffering=_BUFFER) as file:
            for row in rows:
                if "_runtime" not in row or type(row.get("_step")) is not int or abs(row["_step"]) > LARGEST_STEP:
                    self._complete(row)
                step = self._shelf.step = row["_step"]
                self._next = step + 1
                try:
                    line = dumps(row, hook, _NEWLINE)
                except TypeError:
                    line = b"null"
                if b"null" in line:  # A NaN, an infinity, or something that needs more care.
                    line = values.dump_line(self.plain(row))
                file.write(line)
                take(tuple(row), step, line)
                self.rows += 1
                if not self.rows & 0xFFF:
                    tick(self.rows)
            file.flush()
            os.fsync(file.fileno())

    def _complete(self, row: Row) -> None:
        step, moment = row.pop("_step", None), row.pop("_timestamp", None)
        runtime = row.pop("_runtime", None)
        if isinstance(step, float) and step.is_integer():
            step = int(step)
        if type(step) is int and abs(step) > LARGEST_STEP:
            self._problems.leave_out("a step that 64 bits cannot hold")
            step = None
        row["_step"] = step if type(step) is int else self._next
        if runtime is None and moment is not None and self._started is not None:
            runtime = max(moment - self._started, 0.0)
        row["_runtime"] = 0.0 if runtime is None else runtime
        if moment is not None:
            row["_timestamp"] = moment

    def plain(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A row, or a summary, as plain values; one that has no plain form is told and left out."""
        found: dict[str, Any] = {}
        for key, value in row.items():
            self._shelf.key = str(key)
            try:
                found[str(key)] = values.plain(value, other=self._media)
            except (TypeError, UsageError) as error:
                self._problems.lose(f"step {row.get('_step')}, {key}: {error}; the value is left out")
        return found

    def _hook(self, value: Any) -> Any:
        """For a value that orjson does not know: all but media need more care."""
        if isinstance(value, Media):
            raise TypeError
        return values.scalar(value)

    def _media(self, value: Any) -> Any:
        if isinstance(value, Media):
            return value.to_data(self._shelf)
        raise values.Unserialisable(f"a value of type {type(value).__name__} has no plain form")


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Writes system metrics; no file where there are none. Raises `OSError`."""
    found = iter(rows)
    first = next(found, None)
    if first is None:
        return
    with open(path, "xb", buffering=_BUFFER) as file:
        file.write(values.dump_line(values.plain(first)))
        for row in found:
            file.write(values.dump_line(values.plain(row)))


def write_log(writer: WriterLayout, lines: Iterable[LogLine]) -> None:
    """Writes a console log, and beside it when its lines were written; no files where there are none."""
    found = iter(lines)
    first = next(found, None)
    if first is None:
        return
    entered, source = float("-inf"), ""
    index: list[Mapping[str, Any]] = []
    with open(writer.output, "xb", buffering=_BUFFER) as file:
        number = count()
        for line in _chained(first, found):
            at = next(number)
            file.write(line.text.encode("utf-8", "backslashreplace") + b"\n")
            if line.time is not None and (line.source != source or line.time - entered >= _SECONDS_AN_ENTRY):
                entered, source = line.time, line.source
                index.append({"line": at, "_timestamp": round(line.time, 3), "source": source})
    if index:
        writer.lines.write_bytes(b"".join(map(values.dump_line, index)))


def _chained(first: LogLine, rest: Iterable[LogLine]) -> Iterable[LogLine]:
    yield first
    yield from rest
