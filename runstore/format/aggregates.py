"""What a summary keeps of one metric beyond its last value: its extremes, mean, first and last."""

import math
from collections.abc import Sequence
from typing import Any, Final

from runstore.format.metrics import Metric

_NUMBERS: Final = frozenset({float, int})
_NOTHING: Final = object()


class Aggregate:
    """Takes the values of one metric, in any order, and says their least, greatest, mean, best, first and last.

    NaN among the numbers makes min, max and mean NaN; the best is one of the others. What is no number, booleans
    among it, counts for first and last alone.
    """

    __slots__ = ("_count", "_first", "_first_step", "_greatest", "_last", "_last_step", "_least", "_nan", "_total")

    def __init__(self) -> None:
        self._count = 0
        self._total: float = 0
        self._least: float = math.inf
        self._greatest: float = -math.inf
        self._nan = False
        self._first: Any = _NOTHING
        self._last: Any = _NOTHING
        self._first_step: float = math.inf
        self._last_step: float = -math.inf

    def add(self, values: Sequence[Any], steps: Sequence[float]) -> None:
        """Takes `values`, none of them None, logged at `steps`, which do not fall."""
        if not values:
            return
        if steps[0] < self._first_step:
            self._first, self._first_step = values[0], steps[0]
        if steps[-1] >= self._last_step:
            self._last, self._last_step = values[-1], steps[-1]
        if _NUMBERS.issuperset(map(type, values)):
            self._add_numbers(values)
        elif numbers := [value for value in values if type(value) in _NUMBERS]:
            self._add_numbers(numbers)

    def _add_numbers(self, numbers: Sequence[float]) -> None:
        try:
            total: float = sum(numbers)
            self._total + total
        except OverflowError:  # A whole number of more than 308 digits beside a float.
            total = math.nan
        count = len(numbers)
        if total != total:  # A NaN is among them, or infinities of both signs.
            numbers = self._without_nan(numbers)
        low, high = min(numbers, default=math.inf), max(numbers, default=-math.inf)
        # Nothing is called from here on: a signal handler that logs cannot cut in between.
        self._total += total
        self._count += count
        if low < self._least:
            self._least = low
        if high > self._greatest:
            self._greatest = high

    def _without_nan(self, numbers: Sequence[float]) -> list[float]:
        good = [number for number in numbers if number == number]
        self._nan = self._nan or len(good) < len(numbers)
        return good

    def results(self, metric: Metric) -> dict[str, Any]:
        """What the metric's `summary` asks for; extremes and mean only once there were numbers."""
        found: dict[str, Any] = {}
        for word in metric.aggregates:
            value = self._last if word == "last" else self._first if word == "first" else self._of_numbers(word, metric)
            if value is not _NOTHING:
                found[word] = value
        return found

    def _of_numbers(self, word: str, metric: Metric) -> Any:
        if not self._count:
            return _NOTHING
        if word == "mean":
            return _mean(self._total, self._count)
        if word == "best":
            found = self._greatest if metric.goal == "maximize" else self._least
            return math.nan if self._least > self._greatest else found
        return math.nan if self._nan else self._least if word == "min" else self._greatest


def _mean(total: float, count: int) -> float:
    try:
        return total / count
    except OverflowError:
        return math.inf if total > 0 else -math.inf
