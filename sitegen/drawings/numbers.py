"""Statistics over finite numbers as the pages have them (`statistics.js`), by the same formulas in the same order."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_REACH: Final = 1.5
_STEPS: Final = (1, 2, 2.5, 5, 10)
_DECADES: Final = 100


@dataclass(frozen=True, slots=True)
class Summary:
    """Count, mean, extremes, standard deviation (n - 1), standard error, half of the mean's 95 % interval, median.

    What one number cannot tell is 0.
    """

    n: int
    mean: float
    min: float
    max: float
    std: float
    error: float
    interval: float
    median: float

    def of(self, name: str) -> float | int:
        """One of them by its name."""
        found: float | int = getattr(self, name)
        return found


@dataclass(frozen=True, slots=True)
class Box:
    """Quartiles, the whiskers' ends at the last values within 1.5 times the distance of these, and what lies beyond."""

    n: int
    start: float
    low: float
    median: float
    high: float
    end: float
    outliers: tuple[float, ...]


def quantile(ascending: Sequence[float], share: float) -> float:
    """Linear between neighbours."""
    at = (len(ascending) - 1) * share
    low = math.floor(at)
    rest = at - low
    return ascending[low] * (1 - rest) + ascending[low + 1] * rest if rest else ascending[low]


def summary(values: Sequence[float]) -> Summary | None:
    """None for no values."""
    if not values:
        return None
    n, mean = len(values), 0.0
    # Numbers near the largest would overflow as a sum and as squares.
    for at, value in enumerate(values):
        mean += value / (at + 1) - mean / (at + 1)
    low, high = min(values), max(values)
    scale = max(high - mean, mean - low)
    squares = 0.0
    for value in values if scale > 0 else ():
        squares += ((value - mean) / scale) ** 2
    std = scale * math.sqrt(squares / (n - 1)) if n > 1 else 0.0
    error = std / math.sqrt(n)
    return Summary(n, mean, low, high, std, error, error * _student(n - 1), quantile(sorted(values), 0.5))


def _student(freedom: int) -> float:
    """Of Student's t: 95 % lie between its negative and itself."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.975)) if freedom else 0.0


def box(values: Sequence[float]) -> Box:
    """The box of at least one value."""
    ordered = sorted(values)
    low, median, high = (quantile(ordered, share) for share in (0.25, 0.5, 0.75))
    reach = _REACH * (high - low)
    within = [value for value in ordered if low - reach <= value <= high + reach]
    beyond = tuple(value for value in ordered if not low - reach <= value <= high + reach)
    return Box(len(ordered), within[0], low, median, high, within[-1], beyond)


def edges(values: Sequence[float], count: int | None = None) -> list[float]:
    """Edges of bins of a round width that hold all of at least one value; as many as Sturges has it unless told."""
    number = math.ceil(math.log2(len(values)) + 1) if count is None else count
    low, high = min(values), max(values)
    if low == high:
        return [low - 0.5, low + 0.5]
    raw = high / number - low / number
    power = 10 ** float(math.floor(math.log10(raw)))
    step = power * next((part for part in _STEPS if part * power >= raw * (1 - 1e-12)), 10)
    first = math.floor(low / step + 1e-9)
    made: list[float] = []
    for at in range(2 * number + 4):
        made.append((first + at) * step)
        if made[-1] > high:
            break
    return made


def counts(values: Sequence[float], bounds: Sequence[float]) -> list[int]:
    """How many values lie in each bin, its lower edge included; those below the first are in it, too."""
    from bisect import bisect_right

    found = [0] * (len(bounds) - 1)
    for value in values:
        found[min(len(found) - 1, max(0, bisect_right(bounds, value) - 1))] += 1
    return found


def correlation(xs: Sequence[float], ys: Sequence[float]) -> float | None:
    """Pearson's; None where one of them does not vary."""
    x, y = summary(xs), summary(ys)
    if x is None or y is None or len(xs) < 2 or not x.std or not y.std:
        return None
    total = 0.0
    for one, other in zip(xs, ys, strict=True):
        total += ((one - x.mean) / x.std) * ((other - y.mean) / y.std)
    return max(-1.0, min(1.0, total / (len(xs) - 1)))


def wants_log(values: Sequence[float]) -> bool:
    """Whether numbers are told apart better on a log scale: they span decades, or crowd at the lower end of one."""
    found = summary(values)
    if found is None or found.min <= 0:
        return False
    ratio = found.max / found.min
    return ratio >= _DECADES or (ratio >= 10 and found.median - found.min < 0.2 * (found.max - found.min))


def pareto(points: Sequence[tuple[float, float]], goals: str) -> list[int]:
    """The places of the points that no other is better than, in the order of x; goals such as `min-max` (x, y)."""
    right, up = (1 if goal == "max" else -1 for goal in goals.split("-"))
    order = sorted(range(len(points)), key=lambda at: (-right * points[at][0], -up * points[at][1]))
    front: list[int] = []
    best: tuple[float, float] | None = None
    for at in order:
        if best is not None and points[at] != best and not up * (points[at][1] - best[1]) > 0:
            continue
        front.append(at)
        best = points[at]
    return sorted(front, key=lambda at: points[at])
