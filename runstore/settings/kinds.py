"""The kinds of values that settings have: what each takes, in text or as a value, and how that is told."""

import math
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from runstore.errors import UsageError
from runstore.format.values import well_formed

_TRUE = frozenset({"1", "true", "yes", "on", "t", "y"})
_FALSE = frozenset({"0", "false", "no", "off", "f", "n", ""})


class Kind(NamedTuple):
    """A kind of value: `shown` says in words what is expected, `take` makes it of what was given, or raises."""

    shown: str
    take: Callable[[Any], Any]

    def parse(self, value: Any, place: str) -> Any:
        """The value that was given at `place`. Raises `UsageError` in one line."""
        try:
            return self.take(value)
        except (TypeError, ValueError, OverflowError, KeyError):
            text = repr(value)
            found = text if len(text) <= 60 else text[:59] + "…"
            raise UsageError(f"{place} is {found}, expected {self.shown}; correct it or leave it out") from None


def whole(least: int) -> Kind:
    """A whole number that is not below `least`."""

    def take(value: Any) -> int:
        number = int(value)
        if isinstance(value, bool) or number != float(value) or number < least:
            raise ValueError
        return number

    return Kind(f"a whole number from {least}", take)


def seconds(least: float, most: float) -> Kind:
    """A number of seconds between two bounds."""

    def take(value: Any) -> float:
        number = float(value)
        if isinstance(value, bool) or not least <= number <= most:
            raise ValueError
        return number

    shown = f"seconds from {least:g}" if math.isinf(most) else f"seconds from {least:g} to {most:g}"
    return Kind(shown, take)


def one_of(choices: Mapping[str, Any], shown: str) -> Kind:
    """One of some words, in any case; True and False are the words `true` and `false`."""
    return Kind(shown, lambda value: choices[str(value).strip().lower()])


def split_tags(value: Any) -> tuple[str, ...]:
    """Tags from a list of them or from text with commas, each once, in order. Raises `UsageError` for neither."""
    if not isinstance(value, Iterable) or isinstance(value, bytes | Mapping):
        raise UsageError(f"tags is {value!r}, expected a list of them, or text with commas")
    parts = well_formed(value).split(",") if isinstance(value, str) else [well_formed(str(tag)) for tag in value]
    return tuple(dict.fromkeys(part for part in (part.strip() for part in parts) if part))


def _take_text(value: Any) -> str:
    if isinstance(value, bytes | Mapping | list | tuple | set | frozenset) or callable(value):
        raise TypeError
    return well_formed(str(value))


def _take_flag(value: Any) -> bool:
    text = str(value).strip().lower()
    if text not in _TRUE | _FALSE:
        raise ValueError
    return text in _TRUE


def _take_path(value: Any) -> str:
    path = os.fsdecode(value)
    if "\0" in path:
        raise ValueError
    return path


def _take_paths(value: Any) -> tuple[str, ...]:
    if isinstance(value, str | bytes | os.PathLike):
        return tuple(part for part in (part.strip() for part in _take_path(value).split(",")) if part)
    return tuple(_take_path(each) for each in value)


def _take_function(value: Any) -> Any:
    if not callable(value):
        raise TypeError
    return value


TEXT = Kind("text", _take_text)
FLAG = Kind("true or false", _take_flag)
PATH = Kind("a path", _take_path)
PATHS = Kind("paths, with commas between them", _take_paths)
TAGS = Kind("a list of tags, or text with commas", split_tags)
FUNCTION = Kind("a function", _take_function)
