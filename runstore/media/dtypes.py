"""The types of a table's columns, by W&B's rules: the first values of a column say what it may hold.

A type takes a value and gives the type that the column has from then on, or None when the value does not fit.
"""

import datetime
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from runstore.media.base import Media
from runstore.media.overlays import Classes


@dataclass(frozen=True, slots=True)
class Type:
    """One of the types without parts: none, string, number, boolean, timestamp, a kind of media, a Python class."""

    name: str

    def take(self, value: Any) -> "Type | None":
        """The type after `value` came, or None when it does not fit."""
        return self.merge(type_of(value))

    def merge(self, other: "Type") -> "Type | None":
        """The type that holds what this and `other` hold, or None when they do not go together."""
        return self if other == self else None

    def __str__(self) -> str:
        return self.name[:1].upper() + self.name[1:]


class _Any(Type):
    """Everything but None."""

    def merge(self, other: Type) -> Type | None:
        return None if other == NONE else self


class _Unknown(Type):
    """Nothing yet: it becomes the type of the first value that is not None."""

    def merge(self, other: Type) -> Type | None:
        return None if other == NONE else other


NONE: Final = Type("none")
STRING: Final = Type("string")
NUMBER: Final = Type("number")
BOOLEAN: Final = Type("boolean")
TIMESTAMP: Final = Type("timestamp")
ANY: Final[Type] = _Any("any")
UNKNOWN: Final[Type] = _Unknown("unknown")


@dataclass(frozen=True, slots=True)
class ListType(Type):
    """A list of one type."""

    name: str = "list"
    element: Type = UNKNOWN

    def take(self, value: Any) -> Type | None:
        return None if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable) else self._all(value)

    def _all(self, found: Iterable[Any]) -> Type | None:
        element: Type | None = self.element
        for item in found:
            if element is None:
                return None
            element = _optional(element) if item is None else element.take(item)
        return None if element is None else ListType(element=element)

    def merge(self, other: Type) -> Type | None:
        if not isinstance(other, ListType):
            return None
        element = other.element if self.element == UNKNOWN else self.element
        if other.element not in (UNKNOWN, element):
            merged = self.element.merge(other.element)
            return None if merged is None else ListType(element=merged)
        return ListType(element=element)

    def __str__(self) -> str:
        return f"{self.element}[]"


@dataclass(frozen=True, slots=True)
class ArrayType(Type):
    """Arrays of one shape."""

    name: str = "ndarray"
    shape: tuple[int, ...] = ()

    def take(self, value: Any) -> Type | None:
        shape, inner = [], value
        while isinstance(inner, list):
            shape.append(len(inner))
            inner = inner[0] if inner else None
        return (self if tuple(shape) == self.shape else None) if shape else self.merge(type_of(value))

    def merge(self, other: Type) -> Type | None:
        return self if isinstance(other, ListType) else Type.merge(self, other)

    def __str__(self) -> str:
        return f"Ndarray(shape:{list(self.shape)})"


@dataclass(frozen=True, slots=True)
class DictType(Type):
    """Mappings whose keys have types of their own; a key that is missing counts as None."""

    name: str = "typedDict"
    keys: tuple[tuple[Any, Type], ...] = ()

    def take(self, value: Any) -> Type | None:
        if not isinstance(value, Mapping) or set(value) - {key for key, _ in self.keys}:
            return None
        taken = {key: kind.take(value.get(key)) for key, kind in self.keys}
        return DictType(keys=tuple((key, kind) for key, kind in taken.items() if kind)) if all(taken.values()) else None

    def merge(self, other: Type) -> Type | None:
        if not isinstance(other, DictType):
            return None
        given = dict(other.keys)
        if set(given) - {key for key, _ in self.keys}:
            return None
        merged = {key: kind.merge(given.get(key, UNKNOWN)) for key, kind in self.keys}
        if not all(merged.values()):
            return None
        return DictType(keys=tuple((key, kind) for key, kind in merged.items() if kind))

    def __str__(self) -> str:
        return str({key: str(kind) for key, kind in self.keys})


@dataclass(frozen=True, slots=True)
class ConstType(Type):
    """One value, or one of several."""

    name: str = "const"
    among: tuple[Any, ...] = ()

    def take(self, value: Any) -> Type | None:
        return self if any(type(value) is type(known) and value == known for known in self.among) else None

    def merge(self, other: Type) -> Type | None:
        return self if other == self else None

    def __str__(self) -> str:
        return str(self.among[0]) if len(self.among) == 1 else str(set(self.among))


@dataclass(frozen=True, slots=True)
class KeyType(Type):
    """Keys of a table: its own (primaryKey, text), another's (foreignKey), or numbers of another's rows
    (foreignIndex). `table` is known by its identity alone."""

    name: str = "primaryKey"
    table: Any = field(default=None, compare=False, repr=False)
    column: Any = None

    def take(self, value: Any) -> Type | None:
        wanted = NUMBER if self.name == "foreignIndex" else STRING
        return self if _base_of(value) == wanted else None

    def merge(self, other: Type) -> Type | None:
        same = isinstance(other, KeyType) and other.name == self.name and other.table is self.table
        wanted = NUMBER if self.name == "foreignIndex" else STRING
        return self if same or other == wanted else None


@dataclass(frozen=True, slots=True)
class UnionType(Type):
    """One of several types; with `NONE` among them, None too."""

    name: str = "union"
    among: tuple[Type, ...] = ()

    def take(self, value: Any) -> Type | None:
        return self._first(lambda kind: kind.take(value))

    def merge(self, other: Type) -> Type | None:
        if not isinstance(other, UnionType):
            return self._first(lambda kind: kind.merge(other))
        found: Type | None = self
        for kind in other.among:
            found = found.merge(kind) if found is not None else None
        return found

    def _first(self, change: Any) -> "Type | None":
        """The union after the first of its types that can took something; the unknown one comes last."""
        for kind in sorted(self.among, key=lambda kind: kind == UNKNOWN):
            if (taken := change(kind)) is not None:
                return union(taken if known is kind else known for known in self.among)
        return None

    def __str__(self) -> str:
        return " or ".join(sorted(map(str, self.among)))


def union(kinds: Iterable[Type]) -> Type:
    """One type for all of `kinds`."""
    flat: dict[Type, None] = {}
    for kind in kinds:
        flat.update(dict.fromkeys(kind.among if isinstance(kind, UnionType) else (kind,)))
    return next(iter(flat)) if len(flat) == 1 else UnionType(among=tuple(flat))


def _optional(kind: Type) -> Type:
    return union((kind, NONE))


def optional(kind: Type) -> Type:
    """`kind`, or None."""
    return _optional(kind)


_CLASSES: Final[dict[type, Type]] = {
    type(None): NONE,
    str: STRING,
    int: NUMBER,
    float: NUMBER,
    bool: BOOLEAN,
    datetime.datetime: TIMESTAMP,
    datetime.date: TIMESTAMP,
}
# By name, so that neither module need be there.
_NUMBERS: Final = frozenset({("decimal", "Decimal"), ("fractions", "Fraction")})
# numpy's scalars by the letter of what they hold, so that numpy need not be there.
_LETTERS: Final = {"i": NUMBER, "u": NUMBER, "f": NUMBER, "c": NUMBER, "b": BOOLEAN, "M": TIMESTAMP, "U": STRING}


def type_of(value: Any) -> Type:
    """The type of a value. NaN counts as None, as frames have it."""
    if isinstance(value, float) and math.isnan(value):
        return NONE
    if key := getattr(value, "table_type", None):
        found: Type = key() if callable(key) else key
        return found
    return _base_of(value)


def _base_of(value: Any) -> Type:
    kind = type(value)
    if kind in _CLASSES:
        return _CLASSES[kind]
    if (kind.__module__, kind.__name__) in _NUMBERS:
        return NUMBER
    if isinstance(value, Media):
        return Type(value.kind)
    if isinstance(value, list | tuple | set | frozenset):
        return _list_of(value)
    if isinstance(value, Mapping):
        return DictType(keys=tuple((key, type_of(item)) for key, item in value.items()))
    dtype = getattr(value, "dtype", None)
    if kind.__module__ == "numpy" and hasattr(dtype, "kind"):
        return (
            ArrayType(shape=tuple(value.shape)) if value.ndim else _LETTERS.get(value.dtype.kind, Type(kind.__name__))
        )
    if isinstance(value, datetime.date):  # As pandas' Timestamp.
        return NONE if value != value else TIMESTAMP
    if kind.__name__ in ("NaTType", "NAType"):
        return NONE
    for base in (bool, int, float, str):
        if isinstance(value, base):
            return _CLASSES[base]
    return Type(kind.__name__)


def _list_of(found: Iterable[Any]) -> Type:
    made = ListType()._all(found)
    return ListType(element=ANY) if made is None else made


def type_from(dtype: Any) -> Type:
    """The type that a script asks for: a Python class, a class of media, `Classes` (their numbers), a list or mapping
    of such, a value."""
    if isinstance(dtype, Type):
        return dtype
    if isinstance(dtype, Classes):
        return ConstType(among=tuple(map(int, dtype.labels)))
    if isinstance(dtype, type):
        if issubclass(dtype, Media):
            return Type(dtype.kind)
        if dtype in (list, tuple, set, frozenset):
            return ListType()
        if dtype is dict:
            return DictType()
        if dtype.__module__ == "numpy" and hasattr(dtype, "dtype"):
            make: Any = dtype
            return _base_of(make(0))
        return _CLASSES.get(dtype) or Type(dtype.__name__)
    if isinstance(dtype, list):
        kinds = [type_from(part) for part in dtype]
        return ListType(element=kinds[0]) if len(kinds) == 1 else union(kinds) if kinds else ListType()
    if isinstance(dtype, Mapping):
        return DictType(keys=tuple((key, type_from(part)) for key, part in dtype.items()))
    return ConstType(among=tuple(dtype) if isinstance(dtype, set | frozenset) else (dtype,))


def explain(name: Any, kind: Type, value: Any) -> str:
    """Why a value does not fit a column, in a line."""
    return f"Key {name!r}: {type_of(value)} not assignable to {kind}"


def shown(kind: Type) -> str:
    """The type's name for the head of a table's file: what is in its column beside None."""
    parts = [part for part in (kind.among if isinstance(kind, UnionType) else (kind,)) if part not in (NONE, UNKNOWN)]
    return parts[0].name if len(parts) == 1 else "any" if parts else "none"
