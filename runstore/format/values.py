"""What a value logged in Python becomes in a file: plain JSON, with nothing lost and nothing imported to know it.

NaN and ±Infinity are written as the strings "NaN", "Infinity" and "-Infinity". Scalars of numpy, torch, jax or
TensorFlow are known by what they can do (`.item()`, `.tolist()`, `__float__`), never by their class.
"""

import datetime
import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set, ValuesView
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, Final

import orjson

NOT_FINITE: Final[dict[str, float]] = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
"""How the store spells the floats that JSON has no words for."""

SIMPLE: Final = frozenset({float, int, str, bool, type(None)})
"""Exact types that are plain as they stand (a float may still be non-finite)."""

MOST_NUMBERS: Final = 1_000
"""A value with more numbers is too long for a row."""

_MAX_DEPTH = 100
_INT64 = 2**63


class Unserialisable(TypeError):  # noqa: N818 - says what the value is
    """A value that has no plain form. Its text names the type and what to do."""


def name_float(number: float) -> float | str:
    """`number` itself, or the string that stands for it in JSON when it is not finite."""
    if number - number == 0.0:
        return number
    if number != number:
        return "NaN"
    return "Infinity" if number > 0 else "-Infinity"


def revive(value: Any) -> Any:
    """The value that a plain one stands for: the strings for non-finite floats become floats, at any depth."""
    if type(value) is str:
        return NOT_FINITE.get(value, value)
    if type(value) is list:
        return [revive(inner) for inner in value]
    if type(value) is dict:
        return {key: revive(inner) for key, inner in value.items()}
    return value


def plain(value: Any, *, finite: bool = True, other: Callable[[Any], Any] | None = None) -> Any:
    """The plain form of `value`: numbers, text, booleans, None, lists, dicts with text keys.

    With `finite` non-finite floats become their names. `other` is asked for values with no plain form and returns
    one, or raises. Raises `Unserialisable` for a value that has none, is nested deeper than 100 levels or holds
    itself.
    """
    return _Converter(finite, other).convert(value, 0)


class _Converter:
    def __init__(self, finite: bool, other: Callable[[Any], Any] | None) -> None:
        self._finite = finite
        self._other = other

    def convert(self, value: Any, depth: int) -> Any:
        kind = type(value)
        if kind is float:
            return name_float(value) if self._finite else value
        if kind in SIMPLE:
            return value
        if depth > _MAX_DEPTH:
            raise Unserialisable(f"nested deeper than {_MAX_DEPTH} levels; log its parts")
        if kind is dict or isinstance(value, Mapping):
            return {_key(key): self.convert(inner, depth + 1) for key, inner in value.items()}
        if kind is list or isinstance(value, list | tuple | range):
            return [self.convert(inner, depth + 1) for inner in value]
        if isinstance(value, Set):
            return [self.convert(inner, depth + 1) for inner in sorted(value, key=_sorting)]
        return self._convert_object(value, depth)

    def _convert_object(self, value: Any, depth: int) -> Any:
        for simplify in (_builtin, _array):
            found = simplify(value)
            if found is not _UNKNOWN:
                return self.convert(found, depth + 1)
        if self._other is not None:
            return self.convert(self._other(value), depth + 1)
        raise Unserialisable(
            f"a value of type {type(value).__name__} has no plain form; log a number, text, list or dict"
        )


_UNKNOWN: Final = object()


def _key(key: Any) -> str:
    return key if type(key) is str else str(key.value if isinstance(key, Enum) else key)


def _sorting(value: Any) -> tuple[str, Any]:
    """Orders a set's members: numbers by size, everything else by its text."""
    return ("", value) if isinstance(value, int | float) else (type(value).__name__, str(value))


def _builtin(value: Any) -> Any:
    """What a value of Python's own classes, or of one made from them, stands for."""
    match value:
        case Enum():
            return value.value if type(value.value) in SIMPLE else value.name
        case str():
            return str.__str__(value)
        case bool() | int():
            return int(value)
        case float():
            return float(value)
        case datetime.datetime() | datetime.date() | datetime.time():
            return value.isoformat()
        case datetime.timedelta():
            return value.total_seconds()
        case bytes() | bytearray() | memoryview():
            return bytes(value).decode("utf-8", "backslashreplace")
        case os.PathLike():
            return os.fsdecode(value)
    if _is_of(value, "decimal", "Decimal") or _is_of(value, "fractions", "Fraction"):
        return float(value)
    if _is_of(value, "uuid", "UUID"):
        return str(value)
    if isinstance(value, Sequence | ValuesView) and not hasattr(type(value), "tolist"):
        return list(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return _UNKNOWN


def _is_of(value: Any, module: str, name: str) -> bool:
    """Whether `value` is of a class of a module, which is not imported to know it."""
    kind = getattr(sys.modules.get(module), name, None)
    return isinstance(kind, type) and isinstance(value, kind)


def _array(value: Any) -> Any:
    """The scalar or list in something like an array (numpy, torch, jax, TensorFlow, a frame's series)."""
    if isinstance(value, type):
        return _UNKNOWN
    if _may_be_masked(value):
        return _unmasked(value.tolist())
    for method in ("item", "tolist", "to_list", "numpy", "__float__", "__array__"):
        take = getattr(value, method, None)
        if not callable(take):
            continue
        try:
            found = take()
        except Exception:  # Any library may stand behind this call: one that refuses leaves the next way to try.
            continue
        if isinstance(found, complex):
            return _UNKNOWN
        if type(found) is not type(value):
            return found
    return _UNKNOWN


def _may_be_masked(value: Any) -> bool:
    """Whether `value` is one of numpy's masked arrays, whose `item` gives what lies under the mask."""
    kind = type(value)
    return hasattr(kind, "filled") and hasattr(kind, "mask") and hasattr(kind, "tolist")


def _unmasked(value: Any) -> Any:
    """The list or scalar of a masked array: NaN is where something is masked."""
    if isinstance(value, list):
        return [_unmasked(inner) for inner in value]
    return math.nan if value is None else value


def size(value: Any) -> int:
    """How many values an array of any library, or a list, holds; 0 for anything else, text and bytes too."""
    kind = type(value)
    if kind in SIMPLE or isinstance(value, str | bytes | bytearray | memoryview | Mapping):
        return 0
    try:
        if isinstance(value, list | tuple | range):
            return len(value)
        if hasattr(kind, "tolist") or hasattr(kind, "to_list") or hasattr(kind, "numpy"):
            shape = getattr(value, "shape", None)
            return len(value) if shape is None else math.prod(map(int, shape))
    except Exception:  # Any library may stand behind these calls: what it refuses to say is not known to be large.
        pass
    return 0


def scalar(value: Any) -> Any:
    """A plain form for a value that orjson does not know, in its `default` hook. Raises `Unserialisable`.

    Dicts are refused: the caller has to flatten them; so are values of more than 1,000 numbers.
    """
    try:
        found = None if _may_be_masked(value) else value.item()
        if type(found) is float:
            return name_float(found)
        if found is not None and type(found) in SIMPLE:
            return found
    except Exception:  # No scalar, or one of another library's making.
        pass
    if size(value) > MOST_NUMBERS:
        raise Unserialisable(f"more than {MOST_NUMBERS} values")
    found = plain(value)
    if type(found) is dict:
        raise Unserialisable("a mapping")
    return found


def scalar_types(kinds: Iterable[type]) -> frozenset[type]:
    """Of these types those of other libraries whose `item()` is a value's plain form."""
    foreign = (kind for kind in set(kinds) - SIMPLE if callable(getattr(kind, "item", None)))
    return frozenset(kind for kind in foreign if not (hasattr(kind, "filled") and hasattr(kind, "mask")))


def flatten(data: Mapping[Any, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Walks nested mappings: yields each value that is not one with the path of keys to it.

    A mapping without keys is a value. Raises `Unserialisable` when nested deeper than 100 levels.
    """
    yield from _flatten(data, ())


def _flatten(data: Mapping[Any, Any], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if len(path) > _MAX_DEPTH:
        raise Unserialisable(f"nested deeper than {_MAX_DEPTH} levels; log its parts")
    for key, value in data.items():
        where = (*path, _key(key))
        if isinstance(value, Mapping) and value:
            yield from _flatten(value, where)
        else:
            yield where, value


def dump_line(row: Mapping[str, Any]) -> bytes:
    """A row of plain values as one line of JSON with its newline.

    Whole numbers of any size survive; a lone surrogate, which UTF-8 cannot hold, becomes its escape's text.
    """
    try:
        return orjson.dumps(row, None, orjson.OPT_APPEND_NEWLINE)
    except TypeError:
        return orjson.dumps(_fit(row), None, orjson.OPT_APPEND_NEWLINE)


def parse_line(line: bytes) -> dict[str, Any]:
    """The row in a line that `dump_line` made."""
    return dict(loads(line))


def loads(data: bytes | str) -> Any:
    """The value in JSON, whole numbers with all of their digits. Raises `ValueError`."""
    import json  # Not at the top: a run that writes needs it seldom.

    try:
        found = orjson.loads(data)
    except ValueError:
        return json.loads(data)
    # orjson reads whole numbers past 64 bits as floats: those need Python's own reader.
    return json.loads(data) if _is_long(found) else found


def _is_long(value: Any) -> bool:
    """Whether a number that may have been a whole one of more than 64 bits is among what orjson read."""
    kind = type(value)
    if kind is float:
        return bool(abs(value) >= _INT64)
    if kind is dict:
        return any(map(_is_long, value.values()))
    return kind is list and any(map(_is_long, value))


def writable(value: Any) -> Any:
    """A plain value with text that UTF-8 can hold, and whole numbers that Python agrees to write, at any depth.

    A lone surrogate becomes its escape's text, a number of more digits than `sys.get_int_max_str_digits` allows its
    hexadecimal text.
    """
    kind = type(value)
    if kind is str:
        return well_formed(value)
    if kind is int:
        return value if -_INT64 <= value < _INT64 or _has_digits(value) else hex(value)
    if kind is list:
        return [writable(inner) for inner in value]
    if kind is dict:
        return {well_formed(key): writable(inner) for key, inner in value.items()}
    return value


def well_formed(text: str) -> str:
    """`text` with lone surrogates as the text of their escapes."""
    return text.encode("utf-8", "backslashreplace").decode()


def _has_digits(number: int) -> bool:
    try:
        str(number)
    except ValueError:
        return False
    return True


def _fit(value: Any) -> Any:
    """What orjson refuses, in a form that it takes."""
    kind = type(value)
    if kind is int and not -_INT64 <= value < 2 * _INT64:
        return orjson.Fragment(str(value)) if _has_digits(value) else hex(value)
    if kind is str:
        return well_formed(value)
    if kind is list:
        return [_fit(inner) for inner in value]
    if kind is dict:
        return {well_formed(key): _fit(inner) for key, inner in value.items()}
    return value
