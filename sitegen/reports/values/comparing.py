"""Whether two run sets differ: tests and intervals over their numbers under one key."""

import math
from typing import Final

from runstore.reading.columns import spelled
from sitegen.reports.mistakes import ReportError
from sitegen.reports.values import statistics
from sitegen.reports.values.budget import START
from sitegen.reports.values.seen import SeenGap, described
from sitegen.reports.values.seen_runs import SeenRuns

_TEST_COST: Final = 20


def p_value(one: object, other: object, key: object, test: object = None, by: object = None) -> float:
    """The two-sided p-value of two run sets having the same mean under a key.

    `test` is "welch" (Welch's t, where nothing else is said), "mannwhitney" (of ranks), or "paired": Student's t over
    pairs of runs that have the same value of the column `by`, such as a fold or a seed. Raises `ReportError`.
    """
    sets = _two(one, other)
    kind = test if test is not None else "welch" if by is None else "paired"
    if kind == "mannwhitney" and by is None:
        numbers = [each.sample(key).numbers for each in sets]
        sets[0].budget.spend(START + _TEST_COST * sum(map(len, numbers)))
        return _number(statistics.rank_test(*numbers))
    if kind == "welch" and by is None:
        return _number(_gap(*sets, key).p)
    if kind == "paired" and by is not None:
        return _number(_paired(*sets, key, by).p)
    if kind == "paired":
        raise ReportError("a paired test needs the column by which runs are pairs; write by='config.seed'")
    if kind not in statistics.TESTS:
        raise ReportError(f"found {described(kind)} as the test, expected one of {', '.join(statistics.TESTS)}")
    raise ReportError(f"the test {kind} knows no pairs; take by= out, or write test='paired'")


def difference(one: object, other: object, key: object, by: object = None) -> SeenGap:
    """The mean of the first run set minus that of the second, with Welch's interval; with `by`, over pairs of runs."""
    sets = _two(one, other)
    return SeenGap(_gap(*sets, key) if by is None else _paired(*sets, key, by))


def _two(one: object, other: object) -> tuple[SeenRuns, SeenRuns]:
    if isinstance(one, SeenRuns) and isinstance(other, SeenRuns):
        return one, other
    wrong = other if isinstance(one, SeenRuns) else one
    raise ReportError(f"found {described(wrong)}, expected a run set such as runs.where(\"group = 'a'\")")


def _gap(one: SeenRuns, other: SeenRuns, key: object) -> statistics.Gap:
    return statistics.difference(one.sample(key).numbers, other.sample(key).numbers)


def _paired(one: SeenRuns, other: SeenRuns, key: object, by: object) -> statistics.Gap:
    first, second = _by_value(one, key, by), _by_value(other, key, by)
    return statistics.paired_difference([(value, second[name]) for name, value in first.items() if name in second])


def _by_value(runs: SeenRuns, key: object, by: object) -> dict[str, float]:
    """The number of each run by its value of the column `by`; runs without one are left out."""
    name = runs.column(by)
    found = runs.sample(key)
    values = dict(zip((run.layout for run in runs.runs), runs.columns.values(name), strict=True))
    pairs: dict[str, float] = {}
    for run, value in zip(found.runs, found.numbers, strict=True):
        label = spelled(values[run.layout])
        if label in pairs:
            raise ReportError(f"{runs.what} has two runs with {name} = {label[:60]}, expected one each to make pairs")
        if label is not None:
            pairs[label] = value
    return pairs


def _number(p: float) -> float:
    if math.isnan(p):
        raise ReportError("the values do not spread, so a test says nothing of them")
    return p
