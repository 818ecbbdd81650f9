"""YAML that needs no library: mappings of plain scalars, as nearly all files of a store are.

What is written here is what PyYAML would write, byte by byte; what is read here is only what would be written so.
"""

import math
import re
from collections.abc import Iterator
from typing import Any, Final

from runstore.errors import RunstoreError

MAX_DEPTH: Final = 100
_LONGEST_KEY: Final = 100
_INT64: Final = 2**63
# Words that some reader of YAML (1.1 or 1.2) takes for something else than text are always written in quotes.
_PLAIN: Final = re.compile(r"[A-Za-z_/][A-Za-z0-9_./@+-]*(?: [A-Za-z0-9_./@+(-][A-Za-z0-9_./@+()-]*)*")
_WORDS: Final = frozenset(["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf", "none"])
_QUOTED: Final = re.compile(r"[ !#-\[\]-~]*")
_CONSTANTS: Final[dict[str, Any]] = {"null": None, "true": True, "false": False, "[]": [], "{}": {}}


class YamlError(RunstoreError):
    """Text that is not YAML. `line` counts from 1, 0 when unknown."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line


def is_word(text: str) -> bool:
    """Whether a text can stand without quotes."""
    return _PLAIN.fullmatch(text) is not None and text.lower() not in _WORDS


def of_float(number: float) -> str:
    """A float as YAML has it."""
    if math.isnan(number):
        return ".nan"
    if math.isinf(number):
        return ".inf" if number > 0 else "-.inf"
    text = repr(number)
    # A reader of YAML 1.1 takes 1e-05 for text: it wants a point in the mantissa.
    return text.replace("e", ".0e") if "e" in text and "." not in text else text


def dump(value: Any) -> str | None:
    """A mapping as YAML text; None for one that is not as simple as that."""
    if type(value) is not dict or not value:
        return None
    try:
        return "".join(_lines(value, "", 0))
    except _NotSimple:
        return None


def load(text: str) -> dict[str, Any] | None:
    """The flat mapping in a text that `dump` could have written; None for any other text."""
    found: dict[str, Any] = {}
    for line in text.splitlines():
        key, colon, word = line.partition(": ")
        if not colon:
            return None
        found[key] = _value(word)
    return found if found and dump(found) == text else None


class _NotSimple(Exception):  # noqa: N818 - says what the value is
    pass


def _lines(mapping: dict[str, Any], indent: str, depth: int) -> Iterator[str]:
    if depth > MAX_DEPTH // 2:
        raise _NotSimple
    for key, value in mapping.items():
        if type(key) is not str or len(key) > _LONGEST_KEY:
            raise _NotSimple
        kind = type(value)
        start = f"{indent}{_scalar(key)}:"
        if kind is dict and value:
            yield f"{start}\n"
            yield from _lines(value, f"{indent}  ", depth + 1)
        elif kind in (list, tuple) and value:
            yield f"{start}\n"
            for item in value:
                yield f"{indent}- {_scalar(item)}\n"
        else:
            yield f"{start} {_scalar(value)}\n"


def _scalar(value: Any) -> str:
    kind = type(value)
    if kind is str:
        if is_word(value):
            return str(value)
        if _QUOTED.fullmatch(value):
            return f'"{value}"'
    elif value is None:
        return "null"
    elif kind is bool:
        return "true" if value else "false"
    elif kind is int and -_INT64 <= value < _INT64:
        return str(value)
    elif kind is float:
        return of_float(value)
    elif kind in (list, tuple, dict) and not value:
        return "{}" if kind is dict else "[]"
    raise _NotSimple


def _value(word: str) -> Any:
    if word in _CONSTANTS:
        found = _CONSTANTS[word]
        return type(found)() if isinstance(found, list | dict) else found
    if len(word) > 1 and word[0] == word[-1] == '"':
        return word[1:-1]
    for kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            continue
    return word
