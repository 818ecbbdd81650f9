"""Fewer rows of a history with the same picture: the same rows every time, and every peak among them."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

_AXES: Final = frozenset({"_step", "_runtime", "_timestamp"})


def sample(rows: Sequence[Mapping[str, Any]], most: int) -> list[Mapping[str, Any]]:
    """At most `most` of the rows, in order: the first, the last, and each key's smallest and largest value.

    What room is left goes to the extremes of equal stretches, then to rows at equal distances. Where even the
    extremes of the whole don't fit, the keys that come first have theirs.
    """
    if len(rows) <= most:
        return list(rows)
    if most < 2:
        return list(rows[:most])
    chosen = {0, len(rows) - 1}
    keys = [key for key in dict.fromkeys(key for row in rows for key in row) if key not in _AXES]
    series = [each for key in keys if (each := _numbers(rows, key))]
    for each in series:
        _add(chosen, _extremes(each), most)
    stretches = (most - len(chosen)) // max(2 * len(series), 1)
    if stretches >= 1 and series:
        for number in range(stretches):
            low, high = len(rows) * number // stretches, len(rows) * (number + 1) // stretches
            for each in series:
                _add(chosen, _extremes([item for item in each if low <= item[0] < high]), most)
    _fill(chosen, len(rows), most)
    return [rows[place] for place in sorted(chosen)]


def _numbers(rows: Sequence[Mapping[str, Any]], key: str) -> list[tuple[int, float]]:
    """The places and values of a key's finite numbers."""
    return [
        (place, value)
        for place, row in enumerate(rows)
        if isinstance(value := row.get(key), int | float) and not isinstance(value, bool) and math.isfinite(value)
    ]


def _extremes(series: Sequence[tuple[int, float]]) -> set[int]:
    if not series:
        return set()
    return {min(series, key=_value)[0], max(series, key=_value)[0]}


def _value(item: tuple[int, float]) -> float:
    return item[1]


def _add(chosen: set[int], places: set[int], most: int) -> None:
    if len(chosen | places) <= most:
        chosen |= places


def _fill(chosen: set[int], count: int, most: int) -> None:
    """Adds places at equal distances until there are `most`."""
    for place in (count * number // most for number in range(most)):
        if len(chosen) >= most:
            return
        chosen.add(place)
    for place in range(count):
        if len(chosen) >= most:
            return
        chosen.add(place)
