"""Metrics that a tracker keeps one by one, each with steps of its own, joined into rows."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from runstore.format.records import parse_time
from runstore.importers.sources import LARGEST_STEP, Row


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a metric. `time` is epoch s."""

    step: int
    value: Any
    time: float | None = None


def joined(series: Mapping[str, Iterable[Point]]) -> Iterator[Row]:
    """The rows, by step. A metric that has several values at one step makes as many rows; a row's time is the last
    of its values'."""
    rows: dict[tuple[int, int], Row] = {}
    for key, points in series.items():
        seen: Counter[int] = Counter()
        for point in points:
            row = rows.setdefault((point.step, seen[point.step]), {"_step": point.step})
            seen[point.step] += 1
            row[key] = point.value
            if point.time is not None:
                row["_timestamp"] = max(point.time, row.get("_timestamp", point.time))
    for place in sorted(rows):
        yield rows[place]


def whole(step: Any) -> int | None:
    """A step as a whole number of 64 bits; None for what is none."""
    if isinstance(step, float) and math.isfinite(step) and step.is_integer():
        step = int(step)
    return step if type(step) is int and abs(step) <= LARGEST_STEP else None


def moment(text: Any) -> float | None:
    """Epoch s of a time in ISO 8601, of UTC where it does not say; None for what is no time."""
    try:
        return parse_time(text) if isinstance(text, str) else None
    except OverflowError:
        return None
