"""One run from the rows of its several writers: which rows still count, and what they say last.

Files are never rewritten, so a run that went back to an earlier step (a rewind) keeps the rows behind that step, and
its readers leave them out. Of rows with the same step in several attempts the later attempt's value of each key
counts; ranks write beside each other, and all of their rows do.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import orjson

from runstore.archive.opening import open_lines
from runstore.format.lenient import has_long_numbers
from runstore.format.records import parse_time
from runstore.format.run_layout import is_attempt, writer_order
from runstore.reading.rows import decode_line, flatten, number

REWOUND_TO: Final = "rewound_to"
"""In a writer's provenance: the step that it went back to."""
_PIECE = 4 << 20
_BATCH = 1000


def ceilings(provenances: Mapping[str, Mapping[str, Any]], writers: Iterable[str]) -> dict[str, float]:
    """The highest step that counts of each writer, infinity where all do; `provenances` are by writer.

    An attempt takes back what earlier attempts, and ranks that started before it, logged behind the step it went to.
    """
    rewinds = []
    for writer, facts in provenances.items():
        step = number(facts.get(REWOUND_TO))
        if step is not None and is_attempt(writer):
            rewinds.append((writer_order(writer), parse_time(str(facts.get("started"))), step))
    found = {}
    for writer in writers:
        began = parse_time(str(provenances.get(writer, {}).get("started")))
        found[writer] = min(
            (
                step
                for order, at, step in rewinds
                if (order > writer_order(writer) if is_attempt(writer) else _before(began, at))
            ),
            default=math.inf,
        )
    return found


def _before(one: float | None, other: float | None) -> bool:
    return one is None or other is None or one <= other


def whole_lines(path: Path) -> Iterator[bytes]:
    """The lines of a file, packed or not, without their newlines, a torn last one too. Raises `OSError`."""
    carry = b""
    with open_lines(path) as file:
        while piece := file.read(_PIECE):
            lines = (carry + piece).split(b"\n")
            carry = lines.pop()
            yield from lines
    if carry:
        yield carry


def all_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Every row of a history with its line's number, from 0. Raises `OSError`.

    Sound lines are parsed many at a time, which takes a third of the time that each by itself would.
    """
    at = 0
    batch: list[bytes] = []
    for line in whole_lines(path):
        batch.append(line)
        if len(batch) == _BATCH:
            yield from _parsed(batch, at)
            at += len(batch)
            batch = []
    yield from _parsed(batch, at)


def _parsed(batch: list[bytes], at: int) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        data = b",".join(batch)
        rows = orjson.loads(b"[" + data + b"]")
        # A line with several rows and a comma between them would shift all numbers.
        sound = not has_long_numbers(data) and len(rows) == len(batch) and all(type(row) is dict for row in rows)
    except orjson.JSONDecodeError:
        sound = False
    if sound:
        yield from enumerate(rows, at)
        return
    for number_, line in enumerate(batch, at):
        for row in decode_line(line)[0]:
            yield number_, row


def step_of(row: Mapping[str, Any], line: int) -> float:
    """A row's step, or its line's number where it has none."""
    step = number(row.get("_step"))
    return float(line) if step is None else step


@dataclass(slots=True)
class Visible:
    """What the rows of one history that count say as a whole; see `catalog.Facts`."""

    rows: int = 0
    hidden: int = 0
    first_step: float | None = None
    last_step: float | None = None
    runtime: float | None = None
    latest: dict[str, Any] = field(default_factory=dict)


def scan(path: Path, ceiling: float = math.inf) -> Visible:
    """Reads a history row by row: of each key the value at the highest step counts, of equal steps the later row's.

    A typed value (`_type`) carries the `_step` it was logged at. Raises `OSError`.
    """
    found = Visible()
    steps: dict[str, float] = {}
    for at, row in all_rows(path):
        step = step_of(row, at)
        if step > ceiling:
            found.hidden += 1
        else:
            _add(found, steps, row, step)
    return found


def _add(found: Visible, steps: dict[str, float], row: Mapping[str, Any], step: float) -> None:
    found.rows += 1
    found.last_step = step if found.last_step is None else max(found.last_step, step)
    found.first_step = step if found.first_step is None else min(found.first_step, step)
    runtime = number(row.get("_runtime"))
    if runtime is not None and math.isfinite(runtime):
        found.runtime = runtime if found.runtime is None else max(found.runtime, runtime)
    nested = any(type(value) is dict for value in row.values())
    for key, value in flatten(row) if nested else row.items():
        if value is None or key in ("_step", "_runtime", "_timestamp") or steps.get(key, -math.inf) > step:
            continue
        steps[key] = step
        typed = isinstance(value, dict) and "_type" in value
        found.latest[key] = {**value, "_step": row.get("_step")} if typed else value


def overlap(spans: Iterable[tuple[float, float]]) -> bool:
    """Whether two ranges of steps, (first, last) each, have one in common."""
    ordered = sorted(spans)
    return any(after[0] <= before[1] for before, after in pairwise(ordered))


def count_repeated(histories: Mapping[Path, float]) -> int:
    """How many steps more than one of these histories has, up to a highest step each. Raises `OSError`."""
    seen: set[float] = set()
    repeated: set[float] = set()
    for path, ceiling in histories.items():
        own = {step for at, row in all_rows(path) if (step := step_of(row, at)) <= ceiling}
        repeated |= seen & own
        seen |= own
    return len(repeated)
