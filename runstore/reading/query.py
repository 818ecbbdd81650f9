"""Which runs, in which order: the one filter language of the command line, the Api and reports.

A filter is SQL (see `sql`) or a dict as W&B's Api takes it (see `mongo`); an order is `created`, `-summary.loss`, …
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from runstore.errors import UsageError
from runstore.reading import mongo, sql
from runstore.reading.columns import Columns, canonical, unwrapped
from runstore.reading.store import RunRecord

Filter = str | Mapping[str, Any] | None


def select(runs: Sequence[RunRecord], where: Filter = None, order: str | None = None) -> list[RunRecord]:
    """The runs for which the filter holds, in order. Raises `UsageError` where filter or order cannot be read.

    Without an order they stay in theirs. Runs that lack the value, or have NaN, come last either way; equal ones
    stay in the order of `runs`.
    """
    found = matching(runs, where)
    return sort(found, order) if order else found


def matching(runs: Sequence[RunRecord], where: Filter) -> list[RunRecord]:
    """The runs for which the filter holds. Raises `UsageError`."""
    if where is None or (isinstance(where, Mapping) and not where):
        return list(runs)
    columns = Columns(runs)
    if isinstance(where, str):
        condition = sql.condition(where, columns)
    elif isinstance(where, Mapping):
        condition = mongo.condition(where, columns)
    else:
        raise UsageError(f"a filter is a {type(where).__name__}, expected a dict, or SQL as text")
    holds = columns.evaluate(condition)
    return [run for run, chosen in zip(runs, holds, strict=True) if chosen]


def sort(runs: Sequence[RunRecord], order: str) -> list[RunRecord]:
    """The runs ordered by a column: `+created` or `created` upwards, `-created` downwards. Commas join several."""
    if not isinstance(order, str):
        raise UsageError(f"the order is {order!r}, expected a column as in '+created' or '-summary.loss'")
    columns = Columns(runs)
    places = list(range(len(runs)))
    for part in reversed([part.strip() for part in order.split(",")]):
        descending = part.startswith("-")
        name = part.lstrip("+-").strip()
        places = _sorted(places, _values(columns, name), descending=descending)
    return [runs[place] for place in places]


def _values(columns: Columns, name: str) -> list[Any]:
    if not name:
        raise UsageError("the order is empty, expected a column as in created or -summary.loss")
    return columns.values(columns.check(name if columns.has(canonical(name)) else unwrapped(name)))


def _sorted(places: list[int], values: Sequence[Any], *, descending: bool) -> list[int]:
    known = [place for place in places if _is_value(values[place])]
    unknown = [place for place in places if not _is_value(values[place])]
    return sorted(known, key=_rank(values), reverse=descending) + unknown


def _is_value(value: Any) -> bool:
    return value is not None and not (isinstance(value, float) and math.isnan(value))


def _rank(values: Sequence[Any]) -> Callable[[int], tuple[int, Any]]:
    """Numbers before times before text before everything else."""

    def rank(place: int) -> tuple[int, Any]:
        value = values[place]
        if isinstance(value, int | float):
            return (0, value)
        if isinstance(value, str):
            return (2, value)
        return (1, value) if hasattr(value, "timestamp") else (3, str(value))

    return rank
