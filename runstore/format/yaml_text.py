"""YAML that needs no library: mappings of plain scalars, as nearly all files of a store are.

What is written here is what PyYAML would write, byte by byte; what is read here, PyYAML reads as the same.
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
_PAIR: Final = re.compile(r"( *)([A-Za-z_][A-Za-z0-9_./@+-]{0,99}):(?: (.+))?")
_QUOTES: Final = re.compile(r"\"[ !#-\[\]-~]*\"|'[ -&(-~]*'")
_WHOLE: Final = re.compile(r"[-+]?[0-9]{1,18}")
_REAL: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?")
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
    """The mapping in a text that is as simple as what `dump` writes; None for any other text.

    Simple are keys and values of plain words, numbers and words in quotes, lists of these, and mappings of all that.
    """
    reader = _Reader()
    try:
        for line in text.split("\n"):
            if line:
                reader.take(line)
    except _NotSimple:
        return None
    return reader.root or None


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


class _Reader:
    """Reads a mapping line by line. Raises `_NotSimple` where a line leaves any doubt."""

    def __init__(self) -> None:
        self.root: dict[str, Any] = {}
        self._open: list[tuple[int, dict[str, Any]]] = [(0, self.root)]
        self._key: str | None = None  # The last line's, while its value may follow.
        self._items: tuple[int, list[Any]] | None = None

    def take(self, line: str) -> None:
        found = _PAIR.fullmatch(line)
        if found is None:
            self._take_item(line)
            return
        space, key, word = found.groups()
        mapping = self._mapping(len(space))
        if key in mapping:
            raise _NotSimple
        mapping[key] = None if word is None else _value(word)
        self._key, self._items = key if word is None else None, None

    def _mapping(self, indent: int) -> dict[str, Any]:
        """The mapping that a line with this indent belongs to."""
        if indent > self._open[-1][0]:
            if self._key is None or self._items is not None or len(self._open) > MAX_DEPTH // 2:
                raise _NotSimple
            inner: dict[str, Any] = {}
            self._open[-1][1][self._key] = inner
            self._open.append((indent, inner))
        while indent < self._open[-1][0]:
            self._open.pop()
        if indent != self._open[-1][0]:
            raise _NotSimple
        return self._open[-1][1]

    def _take_item(self, line: str) -> None:
        word = line.lstrip(" ")
        indent = len(line) - len(word)
        if self._key is None or indent < self._open[-1][0] or not word.startswith("- "):
            raise _NotSimple
        if self._items is None:
            self._items = indent, []
            self._open[-1][1][self._key] = self._items[1]
        if self._items[0] != indent:
            raise _NotSimple
        self._items[1].append(_value(word[2:]))


def _value(word: str) -> Any:
    """The value that a word stands for: a scalar, or a list of them."""
    if word in _CONSTANTS:
        found = _CONSTANTS[word]
        return type(found)() if isinstance(found, list | dict) else found
    if is_word(word):
        return word
    if _QUOTES.fullmatch(word):
        return word[1:-1]
    if _WHOLE.fullmatch(word):
        return int(word)
    if _REAL.fullmatch(word):
        return float(word)
    if word[0] == "[" and word[-1] == "]" and "[" not in word[1:]:
        return [_value(item) for item in word[1:-1].split(", ")]
    raise _NotSimple
