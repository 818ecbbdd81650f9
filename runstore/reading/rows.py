"""One line of a history file: the row it holds, however it was damaged."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from runstore.format import lenient
from runstore.format.values import NOT_FINITE

_RECOVERY_TRIES = 50


def decode_line(line: bytes) -> tuple[list[dict[str, Any]], str | None]:
    """The rows in one line (without its newline) and, where the line breaks the format, what was found.

    A sound line holds one row. Rows glued together by a lost newline are all given back; a row behind a torn one
    too, when it carries its `_step`. A blank line holds none and is no damage.
    """
    try:
        row = orjson.loads(line)
        if line.count(b"{") + line.count(b"[") > lenient.MAX_DEPTH:
            lenient.check_depth(row)
    except orjson.JSONDecodeError:
        return _decode_damaged(line)
    except lenient.TooDeepError as error:
        return [], str(error)
    if lenient.has_long_numbers(line):
        return _decode_damaged(line)
    if type(row) is dict:
        return [row], None
    return [], f"a JSON {_kind(row)}"


def _decode_damaged(line: bytes) -> tuple[list[dict[str, Any]], str | None]:
    bare = line.strip(b"\0 \t\r\n")
    if not bare:
        return [], "NUL bytes" if b"\0" in line else None
    found = "NUL bytes" if b"\0" in line else None
    try:
        text = bare.decode("utf-8-sig")
    except UnicodeDecodeError:
        text, found = bare.decode("utf-8", errors="replace"), "bytes that are not UTF-8"
    try:
        row = lenient.loads_text(text)
    except lenient.TooDeepError as error:
        return [], str(error)
    except ValueError:
        rows = list(_recover(text))
        return rows, f"{len(rows)} rows on one line" if len(rows) > 1 else "broken JSON"
    if isinstance(row, dict):
        return [row], found
    return [], f"a JSON {_kind(row)}"


def _recover(text: str) -> Iterator[dict[str, Any]]:
    """The rows in a line that is more, or less, than one JSON object."""
    position = failures = 0
    sound = True
    while (start := text.find("{", position)) >= 0 and failures < _RECOVERY_TRIES:
        sound = sound and not text[position:start].strip("\0 \t\r")
        try:
            row, position = lenient.decode_at(text, start)
        except ValueError:
            sound, position, failures = False, start + 1, failures + 1
            continue
        # Behind a torn row a fragment of it may parse too; only a whole row carries its step.
        if sound or "_step" in row:
            yield row


def _kind(value: object) -> str:
    return {list: "array", str: "string", bool: "boolean", type(None): "null"}.get(type(value), "number")


def number(value: object) -> float | None:
    """The number that a cell holds (True is 1; "NaN" and "±Infinity" are the format's non-finite ones), else None."""
    if isinstance(value, float):
        return value
    if isinstance(value, int):
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf
    return NOT_FINITE.get(value) if isinstance(value, str) else None


def flatten(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a nested mapping with its dotted key, in order. A typed value (`_type`) stays whole; an empty
    mapping is a value."""
    for key, value in values.items():
        if isinstance(value, dict) and value and "_type" not in value:
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
