"""Checks a value against a schema of `format.schema`: the part of JSON Schema that those use, without a library."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

_KINDS: Final[dict[str, Callable[[Any], bool]]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "integer": lambda value: (
        (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, float) and value.is_integer())
    ),
}
_WORDS: Final = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "boolean": "true or false",
    "null": "null",
    "number": "a number",
    "integer": "a whole number",
}
_LONGEST: Final = 40


class Mistake(NamedTuple):
    """Where in a value something breaks the schema ("" for the value itself), what is there, and what is expected."""

    place: str
    found: str
    expected: str


def mistakes(value: Any, schema: Mapping[str, Any]) -> Iterator[Mistake]:
    """Everything in `value` that breaks `schema`."""
    return _check(value, schema, schema, "")


def _check(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any], place: str) -> Iterator[Mistake]:
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    kinds = schema.get("type")
    if kinds is not None:
        allowed = [kinds] if isinstance(kinds, str) else kinds
        if not any(_KINDS[kind](value) for kind in allowed):
            yield Mistake(place, describe(value), " or ".join(_WORDS[kind] for kind in allowed))
            return
    yield from _check_scalar(value, schema, place)
    if "anyOf" in schema and all(any(_check(value, each, root, place)) for each in schema["anyOf"]):
        yield Mistake(place, describe(value), str(schema.get("description", "another value")).rstrip("."))
    for each in schema.get("allOf", ()):
        yield from _check(value, each, root, place)
    if "if" in schema and not any(_check(value, schema["if"], root, place)):
        yield from _check(value, schema.get("then", {}), root, place)
    if isinstance(value, dict):
        yield from _check_mapping(value, schema, root, place)
    elif isinstance(value, list) and "items" in schema:
        for number, inner in enumerate(value):
            yield from _check(inner, schema["items"], root, f"{place}[{number}]")


def _check_scalar(value: Any, schema: Mapping[str, Any], place: str) -> Iterator[Mistake]:
    if "enum" in schema and not any(_same(value, each) for each in schema["enum"]):
        yield Mistake(place, describe(value), "one of " + " ".join(map(str, schema["enum"])))
    if "const" in schema and not _same(value, schema["const"]):
        yield Mistake(place, describe(value), str(schema["const"]))
    if isinstance(value, str):
        if "pattern" in schema and not re.search(schema["pattern"], value):
            expected = str(schema.get("description", schema["pattern"])).rstrip(".")
            yield Mistake(place, describe(value), expected)
        if "maxLength" in schema and len(value) > schema["maxLength"]:
            yield Mistake(place, f"{len(value)} characters", f"at most {schema['maxLength']}")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        if "minimum" in schema and value < schema["minimum"]:
            yield Mistake(place, describe(value), f"at least {schema['minimum']}")
        if "maximum" in schema and value > schema["maximum"]:
            yield Mistake(place, describe(value), f"at most {schema['maximum']}")


def _check_mapping(
    value: dict[str, Any], schema: Mapping[str, Any], root: Mapping[str, Any], place: str
) -> Iterator[Mistake]:
    known = schema.get("properties", {})
    for key in schema.get("required", ()):
        if key not in value:
            yield Mistake(_inside(place, key), "nothing", "a value")
    others = schema.get("additionalProperties")
    for key, inner in value.items():
        expected = known.get(key, others)
        if isinstance(expected, Mapping):
            yield from _check(inner, expected, root, _inside(place, key))


def _inside(place: str, key: str) -> str:
    shown = key if len(key) <= _LONGEST else key[: _LONGEST - 1] + "…"
    return f"{place}.{shown}" if place else shown


def _same(value: Any, other: Any) -> bool:
    """Whether two JSON values are one: true is not 1."""
    return value == other and isinstance(value, bool) == isinstance(other, bool)


def describe(value: Any) -> str:
    """A value in a few characters."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = repr(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
