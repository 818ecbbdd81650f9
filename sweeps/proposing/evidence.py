"""What the configs of some runs say about each parameter: the same in all, varying within a range, or not to be used.

A parameter is named by the keys that lead to its value. Values are equal as a grid has it: 1 is 1.0, True is not 1.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any, Final

from sweeps.space.values import canonical

DECADES: Final = 100.0
"""A positive range whose ends are further apart than this factor is searched on a log scale."""
MOST_CHOICES: Final = 20
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_COUNTERS: Final = {"seed", "random_seed", "random_state", "rng_seed", "fold", "rank", "local_rank", "global_rank"}
_SEVERAL: Final = 5

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter to search: `domain` is what a configuration says of it, `why` one line of reasons.

    `when` names the choices of another parameter with which alone the runs had it; empty for one that is always there.
    """

    path: Path
    domain: Mapping[str, Any]
    why: str
    when: Mapping[str, list[Any]]


@dataclass(frozen=True, slots=True)
class Constant:
    """A parameter that is the same in all runs."""

    path: Path
    value: Any


@dataclass(frozen=True, slots=True)
class Left:
    """A parameter that varies and is left out, and why."""

    path: Path
    why: str


Finding = Parameter | Constant | Left


def findings(configs: Sequence[Mapping[str, Any]]) -> list[Finding]:
    """What `configs`, one a run, say of every key in them, in the order in which keys first appear.

    Keys that start with an underscore are not the user's and left out in silence.
    """
    columns = _columns(configs)
    found = [_finding(path, column, len(configs), columns) for path, column in columns.items()]
    return [_unconditional_where_unknown(each, found) for each in found]


def _columns(configs: Sequence[Mapping[str, Any]]) -> dict[Path, dict[int, Any]]:
    """The values of each parameter by the number of the run."""
    columns: dict[Path, dict[int, Any]] = {}
    for number, config in enumerate(configs):
        for path, value in _leaves(config):
            columns.setdefault(path, {})[number] = value
    return columns


def _leaves(config: Mapping[str, Any], above: Path = ()) -> Iterator[tuple[Path, Any]]:
    for name, value in config.items():
        if not above and str(name).startswith("_"):
            continue
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, (*above, str(name)))
        else:
            yield (*above, str(name)), value


def _finding(path: Path, column: Mapping[int, Any], runs: int, columns: Mapping[Path, Mapping[int, Any]]) -> Finding:
    distinct = {canonical(value): value for value in column.values()}
    if len(distinct) == 1 and len(column) == runs:
        return Constant(path, next(iter(distinct.values())))
    refused = _refused(path, distinct, column, columns)
    if refused:
        return Left(path, refused)
    domain, why = _domain(list(distinct.values()))
    when = _condition(path, set(column), runs, columns)
    missing = runs - len(column)
    if missing and not when:
        why += f"; {missing} of {runs} runs did not say it"
    return Parameter(path, domain, why, when)


def _refused(
    path: Path, distinct: Mapping[str, Any], column: Mapping[int, Any], columns: Mapping[Path, Mapping[int, Any]]
) -> str:
    """Why a parameter that varies is not searched; "" where it can be."""
    if not all(_NAME.fullmatch(part) for part in path):
        return "no parameter can have this name"
    if any(len(other) > len(path) and other[: len(path)] == path for other in columns):
        return "a mapping in some runs, a plain value in others"
    if path[-1].lower() in _COUNTERS:
        return f"{len(distinct)} values, but no hyperparameter by its name"
    if _numbers(list(distinct.values())):
        return ""
    if len(distinct) > MOST_CHOICES or len(distinct) == len(column) > _SEVERAL:
        return f"{len(distinct)} different values in {len(column)} runs, too many to choose from"
    return ""


def _numbers(values: Sequence[Any]) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values) and all(
        map(math.isfinite, values)
    )


def _domain(values: list[Any]) -> tuple[dict[str, Any], str]:
    """What the configuration says of a parameter with these values, and why."""
    if len(values) == 1:
        return {"value": values[0]}, "the same wherever it is"
    if not _numbers(values):
        ordered = sorted(values, key=lambda value: (not isinstance(value, bool), value is not None, canonical(value)))
        return {"values": ordered}, f"{len(values)} choices"
    if all(isinstance(value, int) for value in values):
        return _whole(sorted(values))
    return _real(sorted(map(float, values)))


def _whole(values: list[int]) -> tuple[dict[str, Any], str]:
    low, high = values[0], values[-1]
    if low > 0 and high >= 16 and len(values) > 1 and all(value & (value - 1) == 0 for value in values):
        powers = [1 << power for power in range(low.bit_length() - 1, high.bit_length())]
        return {"values": powers}, f"powers of two from {low} to {high}"
    if low > 0 and high / low > DECADES:
        domain = {"distribution": "q_log_uniform_values", "min": low, "max": high, "q": 1}
        return domain, f"whole numbers from {low} to {high}, more than two decades: a log scale"
    return {"min": low, "max": high}, f"whole numbers from {low} to {high}"


def _real(values: list[float]) -> tuple[dict[str, Any], str]:
    low, high = values[0], values[-1]
    positive = [value for value in values if value > 0]
    if low == 0 and len(positive) > 1 and high / positive[0] > DECADES:
        domain, why = _log(positive[0], high)
        return domain, f"{why}, which cannot hold the 0 that was used too"
    if low > 0 and high / low > DECADES:
        return _log(low, high)
    domain = {"distribution": "uniform", "min": _outward(low, ROUND_FLOOR), "max": _outward(high, ROUND_CEILING)}
    return domain, f"{len(values)} values from {low:.6g} to {high:.6g}"


def _log(low: float, high: float) -> tuple[dict[str, Any], str]:
    ends = {"min": _outward(low, ROUND_FLOOR), "max": _outward(high, ROUND_CEILING)}
    why = f"from {low:.6g} to {high:.6g}, more than two decades: a log scale"
    return {"distribution": "log_uniform_values", **ends}, why


def _outward(value: float, rounding: str) -> float:
    """The value rounded to two digits, away from the others, so that the range still holds it."""
    exact = Decimal(repr(value))
    if not exact:
        return 0.0
    rounded = float(exact.quantize(Decimal(1).scaleb(exact.adjusted() - 1), rounding))
    return rounded if math.isfinite(rounded) else value


def _condition(
    path: Path, present: set[int], runs: int, columns: Mapping[Path, Mapping[int, Any]]
) -> dict[str, list[Any]]:
    """The choices of one other parameter that all runs have, with which alone the runs have this one."""
    if len(present) == runs:
        return {}
    for other, column in columns.items():
        if other == path or len(column) < runs or _numbers(list(column.values())):
            continue
        within = {canonical(column[run]): column[run] for run in present}
        if not within.keys() & {canonical(column[run]) for run in column if run not in present}:
            return {".".join(other): list(within.values())}
    return {}


def _unconditional_where_unknown(finding: Finding, found: Sequence[Finding]) -> Finding:
    """A condition names a parameter that is searched; any other is dropped, and said to be missing."""
    if not isinstance(finding, Parameter) or not finding.when:
        return finding
    searched = {".".join(each.path) for each in found if isinstance(each, Parameter) and not each.when}
    if finding.when.keys() <= searched:
        return finding
    return Parameter(finding.path, finding.domain, f"{finding.why}; not said by every run", {})
