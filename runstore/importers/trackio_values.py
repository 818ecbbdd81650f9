"""The values in trackio's rows as ours: its media, which name files below its folder `media`, and its tables."""

import io
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from runstore.errors import UsageError
from runstore.format.values import revive
from runstore.importers.sources import Problems
from runstore.media.audio import Audio
from runstore.media.base import FileMedia, inside
from runstore.media.histogram import Histogram
from runstore.media.html import Html
from runstore.media.image import Image
from runstore.media.markdown import Markdown
from runstore.media.object3d import Object3D
from runstore.media.table import Table
from runstore.media.video import Video

_TYPE: Final = "_type"
_OURS: Final = "trackio."
_FILES: Final[Mapping[str, Callable[[Path, Any], FileMedia]]] = {
    "trackio.image": lambda path, caption: Image(path, caption=caption),
    "trackio.audio": lambda path, caption: Audio(path, caption=caption),
    "trackio.video": lambda path, caption: Video(path, caption=caption),
    "trackio.object3d": lambda path, caption: Object3D(path, caption=caption),
    "trackio.html": lambda path, caption: Html(path, inject=False),
}


class _UnknownKind(Exception):  # noqa: N818 - says what the value is
    """A value of a type that has no counterpart here."""


class Values:
    """Turns what trackio keeps of a value into ours. What cannot be had is told, what we lack counted."""

    def __init__(self, media: Path, problems: Problems) -> None:
        """`media` is trackio's folder of that name."""
        self._media = media
        self._problems = problems

    def row(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """A row of metrics, nested ones under keys that are joined by dots."""
        found: dict[str, Any] = {}
        for key, value in _flat("", said):
            try:
                found[key] = self._of(value)
            except _UnknownKind as kind:
                self._problems.leave_out(f"a value of trackio's type {kind}")
            except (UsageError, ValueError, TypeError) as error:
                self._problems.lose(f"{key}: {error}; the value is left out")
        return found

    def _of(self, value: Any) -> Any:
        """Raises `_UnknownKind`, or `UsageError`, `ValueError` or `TypeError` for a broken value."""
        if _is_special(value):
            return self._made(value)
        if isinstance(value, list):
            return [self._of(each) if isinstance(each, dict | list) else revive(each) for each in value]
        return revive(value)

    def _made(self, value: Mapping[str, Any]) -> Any:
        kind, content = value[_TYPE], value.get("_value")
        if kind == "trackio.histogram":
            return Histogram(np_histogram=(revive(value.get("values")), revive(value.get("bins"))))
        if kind == "trackio.markdown":
            return Markdown(io.StringIO(str(content)))  # As text it might be taken for the path of a file.
        if kind == "trackio.table":
            return self._table(content)
        if kind not in _FILES:
            raise _UnknownKind(kind)
        return _FILES[kind](inside(self._media, value.get("file_path")), value.get("caption"))

    def _table(self, content: Any) -> Table:
        rows = [row for row in content if isinstance(row, dict)] if isinstance(content, list) else []
        columns = list(dict.fromkeys(key for row in rows for key in row))
        data = [[self._cell(row.get(column)) for column in columns] for row in rows]
        return Table(columns=columns, data=data, allow_mixed_types=True)

    def _cell(self, value: Any) -> Any:
        try:
            return self._of(value)
        except (_UnknownKind, UsageError, ValueError, TypeError) as error:
            self._problems.lose(f"a table's cell is left empty: {error}")
            return None


def _is_special(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get(_TYPE), str) and value[_TYPE].startswith(_OURS)


def _flat(path: str, said: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    for key, value in said.items():
        where = f"{path}.{key}" if path else str(key)
        if isinstance(value, dict) and value and not _is_special(value):
            yield from _flat(where, value)
        else:
            yield where, value
