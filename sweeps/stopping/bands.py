"""What the rules of early termination share: bands, a trial's standing at them, and the decision to stop.

A band is a count of logged values: a trial reaches band 9 when it has logged the metric nine times. Everywhere in
these modules LOWER IS BETTER: a metric to be maximised comes in negated. Values that are not finite don't count.
"""

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MOST_VALUES = 2**53
"""No trial logs more values than this: bands above it are left out."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A trial is to be stopped: at `band` its `value` was worse than `threshold` (lower is better)."""

    band: int
    value: float
    threshold: float


def finite(values: Iterable[float]) -> list[float]:
    """The values that count: neither NaN nor infinite."""
    return [value for value in values if math.isfinite(value)]


def growing_bands(first: float, factor: float, most: int = 100) -> tuple[int, ...]:
    """`first`, then each band `factor` times the one before, cut down to whole numbers; every band once.

    At most `most` of them are counted out.
    """
    found: dict[int, None] = {}
    band = float(first)
    for _ in range(most):
        if band > MOST_VALUES:
            break
        found[int(band)] = None
        band *= factor
    return tuple(found)


def reached(bands: Sequence[int], count: int) -> int:
    """How many of the bands, which ascend, a trial with `count` values has reached."""
    return bisect_right(bands, count)


def standing(others: Iterable[tuple[float, ...]], place: int) -> list[float]:
    """The values that trials have at the band at `place`, best first; those that did not reach it are left out.

    Values that are not finite (a record made by hand) don't count either.
    """
    return sorted(finite(rungs[place] for rungs in others if len(rungs) > place))
