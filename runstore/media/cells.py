"""The cells of tables: from what a script gives to plain values, and back."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from runstore.errors import BadTypeError
from runstore.format import values
from runstore.media.base import Media, Shelf

_SIMPLE: Final = frozenset({int, float, str, bool, type(None)})
_NO_MEDIA: Final = frozenset({"numpy", "datetime", "decimal", "fractions", "uuid", "pandas._libs.tslibs.timestamps"})


def is_frame(value: Any) -> bool:
    """Whether `value` is a table of pandas or Polars, known by what it can do."""
    kind = type(value)
    return hasattr(kind, "columns") and (hasattr(kind, "itertuples") or hasattr(kind, "iter_rows"))


def frame_content(frame: Any) -> tuple[list[Any], list[list[Any]]]:
    """The columns and rows of a table of pandas or Polars."""
    names = [name if type(name) is int else str(name) for name in frame.columns]
    rows = frame.iter_rows() if hasattr(frame, "iter_rows") else frame.itertuples(index=False, name=None)
    return names, [list(row) for row in rows]


def rows_of(data: Any) -> list[list[Any]]:
    """The rows in a list of lists, or an array. Raises `TypeError`."""
    if data is None:
        return []
    found = data.tolist() if callable(getattr(data, "tolist", None)) else data
    if isinstance(found, Mapping | str | bytes) or not isinstance(found, Iterable):
        raise BadTypeError(f"a table's data are rows, found a {type(found).__name__}; pass a list of lists")
    rows = list(found)
    for row in rows:
        if type(row) in (list, tuple):
            continue
        if isinstance(row, str | bytes | Mapping) or not isinstance(row, Iterable):
            raise BadTypeError(f"a table's row is a list of cells, found {row!r}; pass a list of lists")
    return [list(row) for row in rows]


def plain_column(column: Sequence[Any], shelf: Shelf) -> Sequence[Any]:
    """Cells as plain values (floats as they are, finite or not): media by their stubs, which `shelf` keeps."""
    if _SIMPLE.issuperset(map(type, column)):
        return column
    return [cell if type(cell) in _SIMPLE else _plain(cell, shelf) for cell in column]


def _plain(cell: Any, shelf: Shelf) -> Any:
    if isinstance(cell, list | tuple):
        stub = shelf.store(cell)
        return [_plain(item, shelf) for item in cell] if stub is None else stub
    if type(cell) is dict:
        return {str(key): _plain(item, shelf) for key, item in cell.items()}
    if type(cell).__module__ in _NO_MEDIA or type(cell) in _SIMPLE:
        return _without_media(cell)
    if (stub := shelf.store(cell)) is not None:
        return stub
    return _without_media(cell)


def _without_media(cell: Any) -> Any:
    if type(cell).__name__ in ("NaTType", "NAType") or (isinstance(cell, datetime.date) and cell != cell):
        return None
    if isinstance(cell, Media):
        raise BadTypeError(f"a {type(cell).__name__} cannot be kept here")
    return values.plain(cell, finite=False, other=str)


def revived(cell: Any) -> Any:
    """The date or time that a text stands for; anything else as it is."""
    if not isinstance(cell, str):
        return cell
    for kind in (datetime.date, datetime.datetime):
        try:
            return kind.fromisoformat(cell)
        except ValueError:
            continue
    return cell
