"""A person's configuration, read key by key: every mistake is one line with the place, what is there, and the mend."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final, NoReturn, overload

from runstore.errors import ConfigError, RunstoreError
from runstore.format.checking import describe

Path = tuple[str | int, ...]

_GREATEST: Final = 1e300
_BEGINNING: Final = 3


@dataclass(frozen=True)
class Source:
    """Where a configuration comes from: a file's name or a few words, and the line of each key, by its path.

    `kind` is what its mistakes are raised as.
    """

    place: str
    lines: Mapping[Path, int] = field(default_factory=dict)
    kind: type[RunstoreError] = ConfigError

    def error(self, path: Path, text: str) -> RunstoreError:
        """An error that says where: `sweep.yaml, line 4: parameters.lr.min: found …`."""
        line = self.line(path)
        where = f"{self.place}, line {line}" if self.place and line else self.place or (f"line {line}" if line else "")
        return self.kind(": ".join(part for part in (where, dotted(path), text) if part))

    def line(self, path: Path) -> int | None:
        """The line of a key, or of the nearest one around it; None where nothing is known."""
        return next((self.lines[path[:size]] for size in range(len(path), 0, -1) if path[:size] in self.lines), None)


def dotted(path: Path) -> str:
    """A path as a person writes it: `parameters.lr.values[2]`."""
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)
    return text.removeprefix(".")


class Section:
    """A mapping of the configuration, at `path`. Raises the source's kind of error where it is none."""

    def __init__(self, values: Any, source: Source, path: Path = (), mend: str = "write key: value pairs") -> None:
        self.source, self.path = source, path
        if not isinstance(values, Mapping):
            raise source.error(path, f"found {shown(values)}, expected a mapping; {mend}")
        for key in values:
            if not isinstance(key, str):
                raise source.error(path, f"found the key {key!r}, expected text; put it in quotes")
        self.values: Mapping[str, Any] = values

    def __contains__(self, key: str) -> bool:
        return key in self.values

    def get(self, key: str, default: Any = None) -> Any:
        """The value as it stands there."""
        return self.values.get(key, default)

    def fail(self, key: str | int | None, found: str, expected: str, mend: str) -> NoReturn:
        """Raises the error for a key; None means the section itself."""
        path = self.path if key is None else (*self.path, key)
        raise self.source.error(path, f"found {found}, expected {expected}; {mend}")

    def only(self, known: Iterable[str], others: Mapping[str, str] | None = None) -> None:
        """Raises for the first key that is not `known`; `others` says what to do about some of them."""
        names = list(known)
        for key in self.values:
            if key in names:
                continue
            if others and key in others:
                self.fail(key, f"the key {key!r}", f"one of {' '.join(names)}", others[key])
            hint = meant(key, names)
            if hint:
                raise self.source.error((*self.path, key), f"found the unknown key {key!r}; {hint}")
            self.fail(key, f"the unknown key {key!r}", f"one of {' '.join(names)}", "take it out")

    def text(self, key: str, default: str = "") -> str:
        """A text, or the default."""
        value = self.values.get(key, default)
        if not isinstance(value, str):
            self.fail(key, shown(value), "text", "put it in quotes" if is_scalar(value) else "write one line")
        return value

    def choice(self, key: str, options: Iterable[str], default: str | None = None) -> str:
        """One of some words. Raises without a default where the key is missing."""
        words = list(options)
        if key not in self.values and default is not None:
            return default
        value = self.required(key, f"one of {', '.join(words)}")
        if value not in words or not isinstance(value, str):
            hint = meant(value, words) if isinstance(value, str) else ""
            self.fail(key, shown(value), f"one of {', '.join(words)}", hint or "choose one of them")
        return value

    @overload
    def number(self, key: str, default: float, *, above: float = ...) -> float | int: ...
    @overload
    def number(self, key: str, default: None = None, *, above: float = ...) -> float | int | None: ...
    def number(self, key: str, default: float | None = None, *, above: float = -_GREATEST) -> float | int | None:
        """A finite number greater than `above`, or the default; a number keeps its type."""
        value = self.values.get(key, default)
        if value is None and key not in self.values:
            return None
        wanted = "a number" if above == -_GREATEST else f"a number greater than {above:g}"
        if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
            self.fail(key, shown(value), wanted, as_number(value) or "write one, such as 0.1 or 1e-4")
        if abs(value) > _GREATEST:
            self.fail(key, shown(value), f"{wanted}, not beyond {_GREATEST:g}", "write a smaller one")
        if value <= above:
            self.fail(key, shown(value), wanted, "write a greater one")
        return value

    @overload
    def integer(self, key: str, default: int, *, least: int = ..., most: int = ...) -> int: ...
    @overload
    def integer(self, key: str, default: None = None, *, least: int = ..., most: int = ...) -> int | None: ...
    def integer(self, key: str, default: int | None = None, *, least: int = 0, most: int = 2**53) -> int | None:
        """A whole number from `least` to `most`, or the default."""
        value = self.values.get(key, default)
        if value is None and key not in self.values:
            return None
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            limits = f"from {least} up" if most >= 2**53 else f"from {least} to {most}"
            self.fail(key, shown(value), f"a whole number {limits}", as_number(value) or "write one")
        return value

    def flag(self, key: str, default: bool) -> bool:
        """True or false."""
        value = self.values.get(key, default)
        if not isinstance(value, bool):
            self.fail(key, shown(value), "true or false", "write one of the two, without quotes")
        return value

    def items(self, key: str, mend: str) -> list[Any]:
        """A list with something in it. Raises where the key is missing."""
        value = self.required(key, "a list")
        if not isinstance(value, list | tuple) or not value:
            self.fail(key, "an empty list" if value == [] else shown(value), "a list with something in it", mend)
        return list(value)

    def texts(self, key: str, mend: str) -> tuple[str, ...]:
        """A list of texts; () where the key is missing."""
        if key not in self.values:
            return ()
        for index, item in enumerate(values := self.items(key, mend)):
            if not isinstance(item, str):
                Section({}, self.source, (*self.path, key)).fail(index, shown(item), "text", "put it in quotes")
        return tuple(values)

    def section(self, key: str, mend: str = "write key: value pairs") -> "Section":
        """A mapping inside. Raises where it is missing."""
        return Section(self.required(key, "a mapping"), self.source, (*self.path, key), mend)

    def required(self, key: str, expected: str) -> Any:
        """The value of a key that has to be there."""
        if key not in self.values:
            close = meant(key, self.values)
            self.fail(None, f"no {key!r}", f"{key}: {expected}", close or f"add the key {key!r}")
        return self.values[key]


def meant(word: str, known: Iterable[str]) -> str:
    """What to say of a word that is nearly a known one, or begins as just one does; "" where none is near."""
    words = list(known)
    alike = [each for each in words if len(word) >= _BEGINNING and each.startswith(word[:_BEGINNING])]
    close = get_close_matches(word, words, 1, 0.6) or (alike if len(alike) == 1 else [])
    return f"did you mean {close[0]!r}?" if close else ""


def shown(value: Any) -> str:
    """A value in a few characters, with YAML's words."""
    if value is None:
        return "nothing"
    return str(value).lower() if isinstance(value, bool) else describe(value)


def is_scalar(value: Any) -> bool:
    return isinstance(value, int | float | bool)


def as_number(value: Any) -> str:
    """What to do where a text would be a number; "" where it would not."""
    try:
        return "take the quotes off" if isinstance(value, str) and math.isfinite(float(value)) else ""
    except ValueError:
        return ""
