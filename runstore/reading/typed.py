"""What a run logged beside numbers: its typed values (`_type`), row by row.

The catalogue knows of these only which types there are; the values themselves are read from the histories when somebody
wants them, since few pages change at a time.
"""

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runstore.format.layout import is_attempt, is_history, written_by
from runstore.reading.rows import decode_line, flatten, number
from runstore.reading.store import RunRecord


@dataclass(frozen=True, slots=True)
class TypedValue:
    """One typed value as a row says it. `step` is the row's, or the line's number where the row has none."""

    key: str
    step: float
    writer: str
    stub: dict[str, Any]


def typed_values(run: RunRecord) -> list[TypedValue]:
    """Every typed value of a run by step, in writing order within one. Of what attempts log under one key at one step
    the last counts; ranks, which log beside each other, are all kept."""
    found: dict[tuple[str, float, str], TypedValue] = {}
    if not run.kinds:
        return []
    for name in run.files:
        if is_history(name):
            writer = (written_by(name) or ("", ""))[1]
            for value in _values(run.layout.path / name, writer):
                place = (value.key, value.step, "" if is_attempt(writer) else writer)
                found.pop(place, None)
                found[place] = value
    return sorted(found.values(), key=lambda value: value.step)


def _values(path: Path, writer: str) -> Iterator[TypedValue]:
    for line, row in _rows(path):
        step = number(row.get("_step"))
        at = step if step is not None and math.isfinite(step) else float(line)
        for key, value in flatten(row):
            if isinstance(value, dict) and "_type" in value:
                yield TypedValue(key, at, writer, value)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The rows that may hold a typed value, with their lines from 0. What cannot be read is known for it already."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return
    with open(descriptor, "rb") as file:
        for at, line in enumerate(file):
            if b'"_type"' in line:
                for row in decode_line(line.rstrip(b"\r\n"))[0]:
                    yield at, row
