"""Why a sweep has no best trial: its metric was never logged, or never as a number that can be compared."""

import difflib
import math
from collections.abc import Iterable, Sequence
from typing import Final

_MOST_NAMES: Final = 3
_MOST_COMPARED: Final = 1000
_ENDED_WELL: Final = ("finished", "stopped")


def why_no_best(
    metric: str, ends: Sequence[tuple[str, float | None]], logged: Iterable[str], *, as_text: bool = False
) -> str:
    """The reason in a line, as `38 of 38 ended trials never logged loss; they logged val/loss`.

    `ends` are state and value of every ended trial, `logged` the names of the numbers that their runs logged;
    `as_text`: they logged the metric as something else than a number. "" where nothing ended, or one may be the best.
    """
    well = [value for state, value in ends if state in _ENDED_WELL]
    if not ends or any(value is not None and math.isfinite(value) for value in well):
        return ""
    of = f"of {len(ends)} ended {'trial' if len(ends) == 1 else 'trials'}"
    if not well:
        return f"{len(ends)} {of} failed, crashed or were killed" if len(ends) > 1 else f"the only trial {ends[0][0]}"
    never = sum(value is None for _, value in ends)
    odd = sum(value is not None and not math.isfinite(value) for _, value in ends)
    infinite = f"logged no finite number as {metric}"
    if not never:
        return f"{odd} {of} {infinite}"
    number = " as a number" if as_text else ""
    said = f"{never} {of} never logged {metric}{number}"
    if names := _closest(metric, logged):
        said += f"; they logged {', '.join(names)}"
    return f"{said}; {odd} {infinite}" if odd else said


def _closest(metric: str, logged: Iterable[str]) -> list[str]:
    """The names that are meant most likely, those that are like the metric's in front."""
    names = [name for name in dict.fromkeys(logged) if name != metric and not name.startswith("_")][:_MOST_COMPARED]
    alike = [name for name in names if name.endswith(f"/{metric}") or name.rpartition("/")[2] == metric]
    alike += difflib.get_close_matches(metric, names, _MOST_NAMES, 0.5)
    return list(dict.fromkeys([*alike, *names]))[:_MOST_NAMES]
