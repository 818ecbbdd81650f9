"""When two values are one: what a grid and a search without repetitions compare."""

import math
from collections.abc import Mapping
from typing import Any

import orjson


def canonical(value: Any) -> str:
    """A text that equal values share, and no others.

    As W&B's grid compares: 1 and 1.0 are one, `true` and 1 are not, the order of keys does not matter, NaN equals NaN.
    """
    return orjson.dumps(_plain(value), option=orjson.OPT_SORT_KEYS).decode()


def is_plain(value: Any) -> bool:
    """Whether a value is one of JSON's, NaN and infinities too: what a record and a command line can hold."""
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and is_plain(inner) for key, inner in value.items())
    if isinstance(value, list | tuple):
        return all(map(is_plain, value))
    return value is None or isinstance(value, bool | int | float | str)


def as_plain(value: Any) -> Any:
    """`value` with numpy's scalars and arrays, tuples and ranges as Python's numbers and lists; the rest as it is."""
    if isinstance(value, Mapping):
        return {key: as_plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | range):
        return [as_plain(inner) for inner in value]
    listed = getattr(value, "tolist", None)
    return as_plain(listed()) if callable(listed) else value


def _plain(value: Any) -> Any:
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        # JSON's numbers end at 64 bits here; a list of one is no other value, because lists become pairs.
        return value if -(2**63) <= value < 2**63 else ["int", str(value)]
    if isinstance(value, float):
        if not math.isfinite(value):
            return ["float", str(value)]
        return _plain(int(value)) if value.is_integer() else value
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return ["list", [_plain(inner) for inner in value]]
    return str(value)
