"""The rows of one run as one history: those of its writers that count, by step, whole, media stubs and all."""

import math
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from runstore.format.run_layout import is_attempt
from runstore.format.values import revive
from runstore.reading.beside import writer_files
from runstore.reading.rows import decode_line
from runstore.reading.stitching import ceilings, step_of, whole_lines
from runstore.reading.store import RunRecord

_Line = tuple[float, int, str, bytes, int]


def run_rows(run: RunRecord, low: float | None = None, high: float | None = None) -> Iterator[dict[str, Any]]:
    """The rows of a run from step `low` to before step `high`, by step, then in the order they were written.

    NaN and ±infinity are floats. Of rows that several attempts logged at one step one row is made, the later attempt's
    values count. Rows without a step count by their line. A file that cannot be read has none.
    """
    lines = _lines(run, low, high)
    lines.sort(key=itemgetter(0, 1))
    attempts = {writer for _, _, writer, _, _ in lines if is_attempt(writer)}
    for _, group in groupby(lines, key=itemgetter(0)):
        rows = [(writer, row) for _, _, writer, line, place in group if (row := _row(line, place)) is not None]
        yield from _merged(rows) if len(attempts) > 1 else (row for _, row in rows)


def _merged(rows: list[tuple[str, dict[str, Any]]]) -> Iterator[dict[str, Any]]:
    """The rows of one step: those of several attempts as one, ranks' each by itself."""
    if len({writer for writer, _ in rows if is_attempt(writer)}) > 1:
        own: dict[str, Any] = {}
        for writer, row in rows:
            if is_attempt(writer):
                own |= {key: value for key, value in row.items() if value is not None or key not in own}
        yield own
        rows = [(writer, row) for writer, row in rows if not is_attempt(writer)]
    yield from (row for _, row in rows)


def _lines(run: RunRecord, low: float | None, high: float | None) -> list[_Line]:
    """The lines that count: step, order of writing, writer, the bytes, and which row of the line is meant.

    Only bytes are kept: rows as Python has them take many times the memory.
    """
    histories = writer_files(run, "history")
    ceiling = ceilings(run.provenances, (writer for writer, _ in histories))
    found: list[_Line] = []
    for writer, path in histories:
        for at, line in enumerate(_read(path)):
            for place, row in enumerate(decode_line(line)[0]):
                step = step_of(row, at)
                step = step if math.isfinite(step) else float(at)
                if step <= ceiling[writer] and (low is None or step >= low) and (high is None or step < high):
                    found.append((step, len(found), writer, line, place))
    return found


def _read(path: Path) -> Iterator[bytes]:
    if path.is_symlink():
        return
    try:
        yield from whole_lines(path)
    except OSError:
        return


def _row(line: bytes, place: int) -> dict[str, Any] | None:
    rows = decode_line(line)[0]
    return {key: revive(value) for key, value in rows[place].items()} if place < len(rows) else None
