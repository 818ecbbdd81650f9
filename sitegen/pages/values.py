"""Values of configurations and summaries as pages and tables show them."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Literal

import orjson

from runstore.format.values import NOT_FINITE, dump_line
from runstore.reading.rows import flatten

ColumnType = Literal["number", "text", "bool", "time", "duration", "list", "mixed"]
MAX_CELL: Final = 1000
"""A longer text is cut in a table's cell: every reader of a project's page loads all of them."""
MAX_SHOWN: Final = 20_000
"""The same for the page of a run."""
NONE: Final = "(none)"
"""How a missing value reads among others."""


def flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """A nested mapping with dotted keys, its values ready for a table's cell; typed values (media) are left out."""
    cells = {str(key): cell(value) for key, value in flatten(values) if not is_typed(value)}
    return {key: value for key, value in cells.items() if value is not None}


def is_typed(value: Any) -> bool:
    return isinstance(value, dict) and "_type" in value


def cell(value: Any) -> Any:
    """A value as JSON has it: finite numbers, texts, booleans and None stay, the rest becomes text."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**53 else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else _non_finite(value)
    return as_json(value)


def _non_finite(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def short(value: Any, longest: int = MAX_CELL) -> Any:
    """A cell's value; of a longer text its beginning, and how much is left out."""
    if not isinstance(value, str) or len(value) <= longest:
        return value
    return f"{value[:longest]}… ({len(value) - longest} more characters)"


def as_json(value: Any) -> str:
    """A list or mapping as compact JSON text."""
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except (orjson.JSONEncodeError, RecursionError):
        pass
    try:  # Slower, but whole numbers past 64 bits are no trouble here.
        return dump_line({"": value})[4:-2].decode()
    except (orjson.JSONEncodeError, RecursionError):
        return str(value)


def show(value: Any) -> str:
    """A value of a cell as text for a page: numbers at full precision, as Python and JSON write them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def column_type(values: Sequence[Any]) -> ColumnType:
    """What a column holds, judged by the values it has. "NaN" and the infinities count as numbers beside a number."""
    kinds = {_kind(value) for value in values if value is not None}
    if kinds and kinds <= {"number", "non-finite"}:
        return "number"
    kinds = {"text" if kind == "non-finite" else kind for kind in kinds}
    if len(kinds) > 1:
        return "mixed"
    return "bool" if kinds == {"bool"} else "text"


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    return "non-finite" if value in NOT_FINITE else "text"


def shown_items(values: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The flat items of a mapping as texts, for a list on a page."""
    found = {str(key): value for key, value in flatten(values) if value is not None}
    texts = {key: f"({value['_type']})" if is_typed(value) else show(cell(value)) for key, value in found.items()}
    return tuple((key, short(text, MAX_SHOWN)) for key, text in texts.items())


def shared_and_varying(
    configs: Iterable[Mapping[str, Any]],
) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, int], ...]]:
    """What several configurations agree on (key, value), and what they do not (key, number of values)."""
    flats = [flat(config) for config in configs]
    keys = list(dict.fromkeys(key for values in flats for key in values))
    seen = {key: set(told_apart([values.get(key) for values in flats])) for key in keys}
    shared = tuple((key, show(flats[0][key])) for key in keys if len(seen[key]) == 1)
    varying = tuple((key, len(seen[key])) for key in keys if len(seen[key]) > 1)
    return shared, varying


def told_apart(values: Sequence[Any], spelled: Callable[[Any], str | None] = show) -> list[str]:
    """The values as texts, `NONE` for None; a text that reads like nothing or like another value stands in quotes."""
    texts = [NONE if value is None else spelled(value) or "" for value in values]
    others = {"", *(text for value, text in zip(values, texts, strict=True) if not isinstance(value, str))}
    return [
        f"'{text}'" if isinstance(value, str) and text in others else text
        for value, text in zip(values, texts, strict=True)
    ]
