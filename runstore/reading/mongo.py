"""Filters as W&B's Api takes them: dicts in MongoDB's form, `{"config.lr": {"$lt": 0.01}, "state": "finished"}`.

As in MongoDB, `$ne`, `$nin`, `$not` and `$nor` also hold for runs that have no such value.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

import polars as pl

from runstore.errors import UsageError
from runstore.reading import conditions
from runstore.reading.columns import Columns, canonical, is_free, unwrapped
from runstore.reading.conditions import Column, Literal, any_of, compare, matches

_COMPARISONS: Final = {"$eq": "=", "$ne": "!=", "$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<="}
_JOINS: Final = ("$and", "$or", "$nor")
_OTHERS: Final = ("$in", "$nin", "$all", "$exists", "$regex", "$not")
_MAX_DEPTH = 60
# In W&B's filters `name` is the id; what people call a run is its display_name.
_NAMES: Final = {"name": "id"}


def condition(filters: Mapping[str, Any], columns: Columns, depth: int = 0) -> pl.Expr:
    """The condition that a dict states, over `columns.frame()`; it is never null. Raises `UsageError`."""
    if not isinstance(filters, Mapping):
        raise UsageError(f"a filter is {filters!r}, expected a dict such as {{'state': 'finished'}}, or SQL as text")
    if depth > _MAX_DEPTH:
        raise UsageError(f"the filter is nested deeper than {_MAX_DEPTH} levels; write it flatter")
    found = [_member(str(key), value, columns, depth) for key, value in filters.items()]
    return pl.all_horizontal(found) if found else pl.lit(True)


def _member(key: str, value: Any, columns: Columns, depth: int) -> pl.Expr:
    if key in _JOINS:
        parts = _list(key, value)
        conditions_of = [condition(each, columns, depth + 1) for each in parts]
        if not conditions_of:
            raise UsageError(f"{key} has an empty list, expected at least one filter in it")
        if key == "$and":
            return pl.all_horizontal(conditions_of)
        return any_of(conditions_of) if key == "$or" else ~any_of(conditions_of)
    if key == "$not":
        return ~condition(value, columns, depth + 1)
    if key.startswith("$"):
        raise UsageError(f"found the operator {key} where a key belongs; there {_known()} stand behind a key")
    return _value(Column(_column(key, columns)), value, columns, depth)


def _column(key: str, columns: Columns) -> str:
    """The column that a key of W&B's means. A config or metric that no run has is one without values."""
    name = canonical(_NAMES.get(key, key))
    if not columns.has(name):
        name = unwrapped(name)
    return name if is_free(name) else columns.check(name)


def _value(column: Column, value: Any, columns: Columns, depth: int) -> pl.Expr:
    if not (isinstance(value, Mapping) and any(str(key).startswith("$") for key in value)):
        return _operator(column, "$eq", value, {}, columns, depth)
    found = [
        _operator(column, str(operator), operand, value, columns, depth)
        for operator, operand in value.items()
        if operator != "$options"
    ]
    return pl.all_horizontal(found)


def _operator(
    column: Column, operator: str, value: Any, beside: Mapping[Any, Any], columns: Columns, depth: int
) -> pl.Expr:
    if operator in ("$eq", "$ne") and not isinstance(value, re.Pattern):
        found = _equals(column, value, columns)
        return found if operator == "$eq" else ~found
    if operator in ("$gt", "$gte", "$lt", "$lte"):
        return _sure(compare(columns, column, _COMPARISONS[operator], Literal(_scalar(operator, value))))
    if operator in ("$in", "$nin"):
        found = any_of(_equals(column, each, columns) for each in _list(operator, value))
        return found if operator == "$in" else ~found
    if operator == "$all":
        parts = [_equals(column, each, columns) for each in _list(operator, value)]
        return pl.all_horizontal(parts) if parts else pl.lit(False)
    if operator == "$exists":
        present = conditions.presence(columns, column)
        return present if value else ~present
    if operator == "$regex" or isinstance(value, re.Pattern):
        return _sure(matches(columns, column, _pattern(value, str(beside.get("$options", "")))))
    if operator == "$not":
        if depth > _MAX_DEPTH:
            raise UsageError(f"the filter is nested deeper than {_MAX_DEPTH} levels; write it flatter")
        return ~_value(column, value, columns, depth + 1)
    raise UsageError(f"found the operator {operator!r} in a filter; there are {_known()}")


def _equals(column: Column, value: Any, columns: Columns) -> pl.Expr:
    if value is None:
        return ~conditions.presence(columns, column)
    if isinstance(value, list | tuple) and columns.kind(column.name) == "list":
        parts = [_equals(column, each, columns) for each in value]
        return pl.all_horizontal([*parts, columns.items(column.name).list.len() == len(value)]).fill_null(False)
    if isinstance(value, re.Pattern):
        return _sure(matches(columns, column, _pattern(value, "")))
    return _sure(compare(columns, column, "=", Literal(_scalar("$eq", value))))


def _sure(found: pl.Expr) -> pl.Expr:
    return found.fill_null(False)


def _scalar(operator: str, value: Any) -> Any:
    """A value that can be compared. A library's own scalars count as Python's."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return value.isoformat()
    if not isinstance(value, str | int | float) and hasattr(value, "item"):
        value = value.item()
    if isinstance(value, str | int | float):
        return value
    raise UsageError(f"{operator} has {value!r}, expected a number, a text, true or false")


def _list(operator: str, value: Any) -> Sequence[Any]:
    if isinstance(value, str | Mapping) or not isinstance(value, list | tuple | set | frozenset):
        raise UsageError(f"{operator} has {value!r}, expected a list")
    return list(value)


def _pattern(value: Any, options: str) -> str:
    text = value.pattern if isinstance(value, re.Pattern) else value
    if not isinstance(text, str):
        raise UsageError(f"$regex has {value!r}, expected a text")
    flags = {letter for letter in options if letter in "imsx"}
    if isinstance(value, re.Pattern) and value.flags & re.IGNORECASE:
        flags.add("i")
    return f"(?{''.join(sorted(flags))}){text}" if flags else text


def _known() -> str:
    return ", ".join((*_COMPARISONS, *_OTHERS, *_JOINS))
