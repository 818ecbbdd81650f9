"""How a document is written: what all of them begin with, and values as JSON has them."""

from collections.abc import Mapping
from typing import Any, Final

from runstore.format.values import dump_line, name_float
from sitegen import urls

SCHEMA: Final = "runstore-site/1"
"""What every document names itself by. Keys may be added; one that goes, or changes its meaning, makes it 2."""

_DEEPEST: Final = 100


def document(kind: str, source: str, body: Mapping[str, Any]) -> bytes:
    """A document about the directory or the file `source` of the store, "" for all of it.

    Links in it are relative to where it lies. The same body gives the same bytes.
    """
    head = {"schema": SCHEMA, "kind": kind, "page": urls.index_page(), "source": source}
    return dump_line({**head, **body})


def to_project(project: str, page: str) -> dict[str, str]:
    """The project that a page belongs to, with the way to its document from the one beside that page."""
    way = urls.up(page.removeprefix(f"{urls.project_dir(project)}/"))
    return {"project": project, "up": f"{way}{urls.document(urls.index_page())}"}


def section(values: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration or a summary as the store has it, numbers that are none as `NaN`, `Infinity`, `-Infinity`."""
    return {str(key): value_of(value) for key, value in values.items()}


def value_of(value: Any, depth: int = 0) -> Any:
    """One value, at any depth; what is nested deeper than anything sensible is left out."""
    if isinstance(value, float):
        return name_float(value)
    if value is None or isinstance(value, str | bool | int):
        return value
    if depth >= _DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        return {str(key): value_of(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [value_of(inner, depth + 1) for inner in value]
    return str(value)


def present(**given: Any) -> dict[str, Any]:
    """The keys that have something to say: others are left out of a document."""
    return {key: value for key, value in given.items() if value not in (None, "", (), [], {})}
