"""The numbers of runs under one key: whose they are, and which metric a column tells of."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from runstore.format.metrics import AGGREGATES, find
from runstore.reading.rows import number
from runstore.reading.store import RunRecord
from sitegen.reports.mistakes import ReportError


@dataclass(frozen=True, slots=True)
class Sample:
    """Finite numbers, whose each is, and of how many runs they were found."""

    numbers: tuple[float, ...]
    runs: tuple[RunRecord, ...]
    of: int

    @property
    def size(self) -> str:
        """`5 runs`, or `4 of 5 runs` where some have no number."""
        part = "" if len(self.runs) == self.of else f"{len(self.runs)} of "
        return f"{part}{self.of} run{'' if self.of == 1 else 's'}"


def sample(runs: Sequence[RunRecord], values: Sequence[object], name: str, what: str) -> Sample:
    """The finite numbers among a column's values. Raises `ReportError` where there are none; `what` are the runs."""
    pairs = [(run, found) for run, value in zip(runs, values, strict=True) if (found := finite(value)) is not None]
    if not pairs:
        raise ReportError(f"no run of {what} has a number under {name}: {_instead(values)}")
    return Sample(tuple(found for _, found in pairs), tuple(run for run, _ in pairs), len(runs))


def finite(value: object) -> float | None:
    """The finite number that a value is, True being 1; None where it is none."""
    found = None if isinstance(value, str) else number(value)
    return found if found is not None and math.isfinite(found) else None


def _instead(values: Sequence[object]) -> str:
    there = [value for value in values if value is not None]
    if not there:
        return f"none of the {len(values)} has any value there"
    wrong = sum(number(value) is None for value in there)
    missing = len(values) - len(there)
    parts = [(len(there) - wrong, "NaN or an infinity"), (wrong, "something else"), (missing, "nothing")]
    return ", ".join(f"{count} {'has' if count == 1 else 'have'} {kind}" for count, kind in parts if count)


def metric_of(runs: Sequence[RunRecord], name: str) -> str:
    """The metric that a column of the summary tells of: `loss` for `summary.loss` and for `summary.loss.min`, where
    that was defined so; "" for another column."""
    section, _, key = name.partition(".")
    if section != "summary":
        return ""
    metric, _, word = key.rpartition(".")
    if word in AGGREGATES:
        for run in runs:
            found = find(run.metrics, metric)
            if found is not None and word in found.aggregates:
                return metric
    return key
