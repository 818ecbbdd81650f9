"""JSON as strangers write it: bare NaN and Infinity, a byte order mark, halves of surrogate pairs.

What comes out can always be written again: valid Unicode, and no nesting that a recursion would not survive.
"""

import json
import re
from collections.abc import Iterable
from typing import Any, Final

import orjson

MAX_DEPTH: Final = 100
_DECODER = json.JSONDecoder()
# orjson reads whole numbers past 64 bits as floats.
_DIGITS_TO_ZEROS: Final = bytes.maketrans(b"123456789", b"000000000")
_LONG_ZEROS: Final = b"0" * 19
_LONG_NUMBER = re.compile(rb"(?<![0-9.eE+])[0-9]{19,}(?![0-9.eE])")


class TooDeepError(ValueError):
    """JSON that is nested deeper than 100 levels."""

    def __init__(self) -> None:
        super().__init__(f"nesting deeper than {MAX_DEPTH} levels")


def loads(data: bytes) -> Any:
    """The value that `data` holds. Raises `ValueError`: `TooDeepError`, a `json.JSONDecodeError`, or for bad UTF-8."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return loads_text(data.decode("utf-8-sig"))
    if has_long_numbers(data):
        return loads_text(data.decode())
    # A value has at most as many levels as brackets: nearly all are spared the walk.
    if data.count(b"{") + data.count(b"[") > MAX_DEPTH:
        check_depth(value)
    return value


def has_long_numbers(data: bytes) -> bool:
    """Whether a whole number in `data` may have more than 64 bits: only Python's own reader gets all of its digits."""
    # The first question is a tenth of the work of the second, and mostly answers it.
    return _LONG_ZEROS in data.translate(_DIGITS_TO_ZEROS) and _LONG_NUMBER.search(data) is not None


def loads_text(text: str) -> Any:
    """The value in `text`, read by Python's own reader, which takes what orjson refuses. Raises as `loads` does."""
    value, end = decode_at(text, len(text) - len(text.lstrip(" \t\r\n")))
    if text[end:].strip(" \t\r\n"):
        raise json.JSONDecodeError("Extra data", text, end)
    return value


def decode_at(text: str, position: int) -> tuple[Any, int]:
    """The value that starts at `position`, and where it ends. Raises as `loads` does."""
    try:
        value, end = _DECODER.raw_decode(text, position)
    except RecursionError:
        raise TooDeepError from None
    check_depth(value)
    return _well_formed(value), end


def check_depth(value: Any) -> None:
    """Raises `TooDeepError` for a value that is nested deeper than 100 levels."""
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [inner for outer in level if isinstance(outer, dict | list) for inner in _inside(outer)]
        if not level:
            return
    raise TooDeepError


def _inside(outer: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return outer.values() if isinstance(outer, dict) else outer


def _well_formed(value: Any) -> Any:
    """Half a surrogate pair, which UTF-8 cannot hold, becomes its escape's text, as when it is logged."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, list):
        return [_well_formed(inner) for inner in value]
    if isinstance(value, dict):
        return {_well_formed(key): _well_formed(inner) for key, inner in value.items()}
    return value
