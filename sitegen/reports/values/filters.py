"""The filters of inline expressions, `{{ value | fixed(3) }}`, and how a value reads on a page."""

import math
from collections.abc import Callable, Mapping
from typing import Final

from jinja2 import Undefined

from sitegen.reports.mistakes import ReportError
from sitegen.reports.values.seen import NotThereError, Seen, described, digits_of, numbers_of
from sitegen.reports.values.seen_runs import SeenGroups, SeenRuns
from sitegen.reports.values.statistics import format_number, format_p

LONGEST: Final = 2_000
"""Characters of the longest text that an expression may come to, on its way too."""
_MOST_DIGITS: Final = 30
_LONG: Final = (1e4, 1e7)
"""Numbers from the first to below the second have more digits before the point than count, and no power of ten."""


def shown(value: object) -> str:
    """A value as plain text for a page, not escaped. Raises `ReportError` for what has none, and what is too long."""
    found = _written(value)
    if len(found) > LONGEST:
        raise ReportError(f"this comes to {len(found):,} characters, at most {LONGEST:,} are allowed")
    # A report may spell half of a surrogate pair, which no page can hold.
    return found.encode("utf-8", "replace").decode()


def there(value: object) -> object:
    """The value. Raises `UndefinedError`, with what is known of it, where there is none."""
    if isinstance(value, Undefined):
        str(value)
    return value


def _written(value: object) -> str:
    there(value)
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number_text(value)
    if isinstance(value, tuple):
        return join(value)
    if isinstance(value, Seen):
        return value.text()
    if value is None:
        raise ReportError("this has no value; write | default('…') for what to show then")
    raise ReportError(f"this is {described(value)}; call it with round brackets")


class Rounded(float):
    """A number that reads with all digits that are left of it."""


def _number_text(value: float) -> str:
    """Whole numbers and what was rounded in full, others with four digits that count and all before the point."""
    if isinstance(value, int):
        return str(value) if abs(value) < 10**300 else f"{_real(value):.6g}"
    if not math.isfinite(value):
        return {"nan": "NaN", "inf": "Infinity"}.get(str(value), "-Infinity")
    if isinstance(value, Rounded):
        return full(value)
    return f"{value:.0f}" if _LONG[0] <= abs(value) < _LONG[1] else format_number(value)


def full(value: object) -> str:
    """The number with up to twelve digits that count: what is behind these is rounding."""
    found = _number(value)
    return f"{found:.12g}" if math.isfinite(_real(found)) and not isinstance(found, int) else _number_text(found)


def joined(*parts: object) -> str:
    """The operator `~`: the parts as one text."""
    return shown("".join(map(shown, parts)))


def _number(value: object) -> float:
    there(value)
    if not isinstance(value, int | float):
        raise ReportError(f"found {described(value)}, expected a number{numbers_of(value)}")
    return value


def _real(value: object) -> float:
    found = _number(value)
    try:
        return float(found)
    except OverflowError:
        raise ReportError("found a whole number that is too large to work with") from None


def rounded(value: object, digits: object = 0) -> float:
    """The number rounded to so many digits behind the point, or with a negative number before it."""
    if not isinstance(digits, int) or isinstance(digits, bool) or not -_MOST_DIGITS <= digits <= _MOST_DIGITS:
        raise ReportError(f"found {described(digits)}, expected a whole number of digits, at most {_MOST_DIGITS}")
    return Rounded(round(_real(value), digits))


def fixed(value: object, digits: object = 2) -> str:
    """The number with exactly so many digits behind the point."""
    return f"{_real(value):.{digits_of(digits)}f}"


def percent(value: object, digits: object = 1) -> str:
    """The share as a percentage: 0.953 is `95.3%`."""
    return f"{_real(value) * 100:.{digits_of(digits)}f}%"


def scientific(value: object, digits: object = 2) -> str:
    """The number as `1.23e-04`."""
    return f"{_real(value):.{digits_of(digits)}e}"


def p(value: object) -> str:
    """A p-value as papers write it: `0.034`, or `< 0.001`."""
    return format_p(_real(value))


def as_int(value: object) -> int:
    """The number without what is behind its point."""
    found = _real(value)
    if not math.isfinite(found):
        raise ReportError(f"found {shown(found)}, which is no whole number")
    return int(found)


def default(value: object, instead: object = "") -> object:
    """`instead`, where there is no value."""
    return instead if value is None or isinstance(value, Undefined) else value


def length(value: object) -> int:
    """How many there are: runs, groups, values of a list, characters."""
    if isinstance(value, SeenRuns | SeenGroups | tuple | str):
        return len(value)
    raise ReportError(f"found {described(value)}, which has no length")


def first(value: object) -> object:
    """The first run or value."""
    return _end(value, 0)


def last(value: object) -> object:
    """The last run or value."""
    return _end(value, -1)


def _end(value: object, place: int) -> object:
    if isinstance(value, SeenRuns):
        return value.item(place)
    if not isinstance(value, tuple | str):
        raise ReportError(f"found {described(value)}, expected runs or a list")
    if not value:
        raise NotThereError("this is empty")
    return value[place]


def join(values: object, between: object = ", ") -> str:
    """The values of a list as one text."""
    if not isinstance(values, tuple) or not isinstance(between, str):
        raise ReportError(f"found {described(values)} and {described(between)}, expected a list and a text to join it")
    texts = [shown(run_or_value) for run_or_value in values]
    if sum(map(len, texts)) + len(between) * len(texts) > 2 * LONGEST:
        raise ReportError(f"joined these come to more than {LONGEST:,} characters")
    return between.join(texts)


def _on_text(change: Callable[[str], str]) -> Callable[[object], str]:
    def changed(value: object) -> str:
        return change(shown(value))

    return changed


FILTERS: Final[Mapping[str, Callable[..., object]]] = {
    "round": rounded,
    "abs": lambda value: abs(_number(value)),
    "int": as_int,
    "float": _real,
    "full": full,
    "fixed": fixed,
    "percent": percent,
    "scientific": scientific,
    "p": p,
    "default": default,
    "upper": _on_text(str.upper),
    "lower": _on_text(str.lower),
    "title": _on_text(str.title),
    "length": length,
    "first": first,
    "last": last,
    "join": join,
}
"""The filters by name. Each takes the value and what stands in its brackets."""
