"""What a comparison means: the one place that both filter languages, SQL and W&B's dicts, take it from.

A condition is null where a run has no value. A number and a text are never equal and never in order, but where all of a
column's values are numbers a text of the filter that spells one counts as it; NaN equals NaN and is neither above nor
below anything.
"""

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import eq, ge, gt, le, lt, ne
from typing import Any, Final

import polars as pl

from runstore.errors import UsageError
from runstore.format.records import parse_time
from runstore.reading.columns import Columns, Kind, spelled

OPERATORS: Final[dict[str, Callable[[Any, Any], Any]]] = {"=": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}
MIRRORED: Final = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_AGO = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(s|m|h|d|w)[a-z]*\s+ago\s*$", re.IGNORECASE)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the runs frame by its own name."""

    name: str


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that the filter itself states: number, text, boolean or None."""

    value: Any


@dataclass(frozen=True, slots=True)
class Formula:
    """Anything else: an expression over natural columns, and what it yields."""

    expression: pl.Expr
    kind: Kind


Operand = Column | Literal | Formula


def compare(columns: Columns, left: Operand, operator: str, right: Operand) -> pl.Expr:
    """The condition `left operator right`. Raises `UsageError` for a time that is none."""
    if isinstance(left, Literal) and not isinstance(right, Literal):
        left, operator, right = right, MIRRORED[operator], left
    if isinstance(right, Literal):
        if right.value is None:
            return pl.lit(None, dtype=pl.Boolean)
        if isinstance(left, Literal):
            return _compare_literals(left.value, operator, right.value)
        return _compare_with_value(columns, left, operator, right.value)
    return _compare_both(columns, left, operator, right)


def _apply(operator: str, left: pl.Expr, right: Any) -> pl.Expr:
    found: pl.Expr = OPERATORS[operator](left, right)
    return found


def _compare_literals(left: Any, operator: str, right: Any) -> pl.Expr:
    try:
        return pl.lit(bool(OPERATORS[operator](left, right))) if left is not None else pl.lit(None, dtype=pl.Boolean)
    except TypeError:
        return pl.lit(operator == "!=")


def _compare_with_value(columns: Columns, left: Column | Formula, operator: str, value: Any) -> pl.Expr:
    kind = kind_of(columns, left)
    if kind == "list":
        return _holds(columns, left, operator, value)
    if kind == "time":
        return _apply(operator, _view(columns, left, "time"), pl.lit(_as_time(value)))
    number = _as_number(value, kind)
    if number is not None:
        found = _order(_view(columns, left, "number"), operator, number) if kind != "text" else None
    else:
        found = _apply(operator, _view(columns, left, "text"), spelled(value)) if kind in ("text", "mixed") else None
    return _decided(presence(columns, left), found, operator)


def _decided(present: pl.Expr, found: pl.Expr | None, operator: str) -> pl.Expr:
    """Where a value is there but of another type, only `!=` holds; where none is, the condition is null."""
    default = pl.lit(operator == "!=")
    return pl.when(present).then(default if found is None else found.fill_null(default))


def _order(number: pl.Expr, operator: str, value: float) -> pl.Expr:
    if operator in ("=", "!="):
        return _apply(operator, number, value)
    if isinstance(value, float) and math.isnan(value):
        return pl.when(number.is_not_null()).then(False)
    return _apply(operator, number, value) & number.cast(pl.Float64).is_not_nan()


def _compare_both(columns: Columns, left: Operand, operator: str, right: Operand) -> pl.Expr:
    kinds = {kind_of(columns, left), kind_of(columns, right)}
    if "list" in kinds:
        raise UsageError("a list can be compared with a value only; write 'x' IN tags")
    if "time" in kinds:
        if kinds != {"time"}:
            raise UsageError("a time can be compared with a time only, as in created > '2026-10-01'")
        return _apply(operator, _view(columns, left, "time"), _view(columns, right, "time"))
    if "text" in kinds or kinds == {"mixed"}:
        return _apply(operator, _view(columns, left, "text"), _view(columns, right, "text"))
    one, other = _view(columns, left, "number"), _view(columns, right, "number")
    found = _apply(operator, one, other)
    if operator not in ("=", "!="):
        found = found & one.cast(pl.Float64).is_not_nan() & other.cast(pl.Float64).is_not_nan()
    return _decided(presence(columns, left) & presence(columns, right), found, operator)


def _holds(columns: Columns, left: Operand, operator: str, value: Any) -> pl.Expr:
    """A list equals a value when it holds it."""
    if operator not in ("=", "!="):
        raise UsageError(f"a list is neither above nor below {value!r}; write {value!r} IN the list")
    found = _view(columns, left, "list").list.contains(pl.lit(spelled(value)))
    return found if operator == "=" else ~found


def matches(columns: Columns, left: Operand, pattern: str) -> pl.Expr:
    """Whether the regular expression is found in the value's text, or in that of any item of a list.

    Raises `UsageError` for a broken pattern.
    """
    try:
        pl.Series([""]).str.contains(pattern)
    except pl.exceptions.PolarsError as error:
        lines = [line.strip() for line in str(error).splitlines()]
        reason = next((line[7:] for line in lines if line.startswith("error: ")), "it cannot be read")
        raise UsageError(f"the pattern {pattern!r} is no regular expression ({reason})") from None
    if kind_of(columns, left) == "list":
        return _view(columns, left, "list").list.eval(pl.element().str.contains(pattern)).list.any()
    return _view(columns, left, "text").str.contains(pattern)


def like_pattern(pattern: str, *, ignore_case: bool = False) -> str:
    """The regular expression for a pattern of SQL's LIKE: % stands for any text, _ for one character."""
    parts = []
    escaped = False
    for letter in pattern:
        if escaped or letter not in "%_\\":
            parts.append(re.escape(letter))
            escaped = False
        elif letter == "\\":
            escaped = True
        else:
            parts.append(".*" if letter == "%" else ".")
    return f"(?s{'i' if ignore_case else ''})^{''.join(parts)}$"


def presence(columns: Columns, operand: Operand) -> pl.Expr:
    """Whether there is a value."""
    if isinstance(operand, Literal):
        return pl.lit(operand.value is not None)
    return _natural(columns, operand).is_not_null()


def any_of(conditions: Iterable[pl.Expr]) -> pl.Expr:
    """OR of conditions, false of none."""
    found = list(conditions)
    return pl.any_horizontal(found) if found else pl.lit(False)


def truth(columns: Columns, operand: Operand) -> pl.Expr:
    """The operand as a condition by itself. Raises `UsageError` where it is none."""
    if isinstance(operand, Literal) and isinstance(operand.value, bool | None):
        return pl.lit(operand.value, dtype=pl.Boolean)
    if not isinstance(operand, Literal) and kind_of(columns, operand) == "bool":
        return _natural(columns, operand)
    if isinstance(operand, Column) and kind_of(columns, operand) in ("mixed", "empty"):
        return compare(columns, operand, "=", Literal(True))
    shown = operand.name if isinstance(operand, Column) else "this"
    raise UsageError(f"{shown} is no condition by itself; compare it, as in {shown} = 1 or {shown} IS NOT NULL")


def kind_of(columns: Columns, operand: Operand) -> Kind:
    """What an operand yields."""
    if isinstance(operand, Column):
        return columns.kind(operand.name)
    if isinstance(operand, Formula):
        return operand.kind
    value = operand.value
    return "bool" if isinstance(value, bool) else "number" if isinstance(value, int | float) else "text"


def kind_of_type(dtype: pl.DataType) -> Kind:
    """The kind of an expression's type."""
    if dtype == pl.Boolean:
        return "bool"
    if dtype.is_numeric():
        return "number"
    if dtype.is_temporal():
        return "time"
    return "list" if isinstance(dtype, pl.List) else "text"


def _natural(columns: Columns, operand: Column | Formula) -> pl.Expr:
    return columns.natural(operand.name) if isinstance(operand, Column) else operand.expression


def _view(columns: Columns, operand: Operand, view: str) -> pl.Expr:
    if isinstance(operand, Column):
        views = {"number": columns.number, "text": columns.text, "time": columns.time, "list": columns.items}
        return views[view](operand.name)
    if isinstance(operand, Literal):
        if view == "text":
            return pl.lit(spelled(operand.value), dtype=pl.String)
        return pl.lit(_as_time(operand.value) if view == "time" else operand.value)
    if view == "text":
        return operand.expression.cast(pl.String)
    return operand.expression.cast(pl.Int64) if operand.kind == "bool" else operand.expression


def _as_number(value: Any, kind: Kind) -> float | None:
    """The number that a value stands for beside values of this kind, None when it is text to them."""
    if isinstance(value, bool):
        return None if kind == "text" else int(value)
    if isinstance(value, int | float):
        return float(value) if isinstance(value, int) and abs(value) >= 2**63 else value
    if kind == "bool":
        return {"true": 1, "false": 0}.get(str(value).strip().lower())
    if kind != "number":
        return None
    try:
        return float(str(value))
    except ValueError:
        return None


def _as_time(value: Any, now: datetime | None = None) -> datetime:
    """A time from ISO 8601 text (UTC where it names no zone), `3 days ago`, or seconds since 1970."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, str):
        if ago := _AGO.match(value):
            return (now or datetime.now(UTC)) - timedelta(seconds=float(ago[1]) * _UNITS[ago[2].lower()])
        seconds = parse_time(value.strip())
    else:
        seconds = float(value) if isinstance(value, int | float) and math.isfinite(value) else None
    try:
        if seconds is not None:
            return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        pass
    raise UsageError(f"found {value!r}, expected a time as in '2026-10-01', '2026-10-01T10:00:00Z' or '7 days ago'")
