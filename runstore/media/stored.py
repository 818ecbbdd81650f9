"""Tables as they lie in a store: a head (JSON), beside a large one its rows as Parquet.

A head says `columns`, their `types`, `nrows` and `data`: all rows up to 10,000, else the first 1,000, with `parquet`
naming the file of all of them and `json_columns` those whose cells are JSON text there. The head of an increment holds
the rows that came since the one that `previous` names.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from runstore.errors import UsageError
from runstore.format import lenient, values
from runstore.media import parquet
from runstore.media.base import Shelf, Stub, inside

KIND: Final = "table-file"
MOST_JSON_ROWS: Final = 10_000
PREVIEW_ROWS: Final = 1_000
_MOST_INCREMENTS: Final = 100_000
_SIMPLE_TYPES: Final[dict[str, set[type]]] = {"boolean": {bool}, "number": {int, float}, "string": {str}}
# In these columns the texts "NaN", "Infinity" and "-Infinity" are texts.
_LITERAL: Final = frozenset({"string", "timestamp", "boolean", "primaryKey", "foreignKey"})


def keep_rows(shelf: Shelf, columns: Sequence[str], types: Sequence[str], cells: Sequence[Sequence[Any]]) -> Stub:
    """The head of rows, given by column as plain cells; those of a large table are kept on `shelf` as Parquet."""
    rows = len(cells[0]) if cells else 0
    shown = rows if rows <= MOST_JSON_ROWS else PREVIEW_ROWS
    data = [list(row) for row in zip(*(_named(column[:shown]) for column in cells), strict=True)]
    known = [_type(column) if kind in ("any", "none") else kind for kind, column in zip(types, cells, strict=True)]
    head: Stub = {"columns": list(columns), "types": known, "data": data, "nrows": rows}
    if rows > shown:
        content, texts = parquet.write(columns, cells)
        head["parquet"] = shelf.keep("table", "parquet", content)
        if texts:
            head["json_columns"] = texts
    return head


def _type(column: Sequence[Any]) -> str:
    """What is in a column of a table that holds its columns to no type."""
    kinds = set(map(type, column)) - {type(None)}
    for name, among in _SIMPLE_TYPES.items():
        if kinds and kinds <= among:
            return name
    return "any" if kinds else "none"


def _named(column: Sequence[Any]) -> Sequence[Any]:
    """Plain cells with names for the floats that JSON has no words for."""
    if not {float, list, dict}.intersection(map(type, column)):
        return column
    return [values.name_float(cell) if type(cell) is float else values.plain(cell) for cell in column]


def load_head(folder: Path, stub: Mapping[str, Any]) -> dict[str, Any]:
    """The head that a table's stub, or another head's `previous`, names. Raises `UsageError`."""
    path = inside(folder, stub.get("path"))
    try:
        head = lenient.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: is no head of a table ({error}); restore it from a copy") from None
    if not isinstance(head, dict) or not all(isinstance(head.get(part), list) for part in ("columns", "data")):
        raise UsageError(f"{path}: found no columns and data, expected the head of a table; restore it from a copy")
    width = len(head["columns"])
    if not all(isinstance(row, list) and len(row) == width for row in head["data"]):
        raise UsageError(f"{path}: found a row that has not {width} cells, one a column; restore it from a copy")
    types = head.get("types")
    head["types"] = types if isinstance(types, list) and len(types) == width else ["any"] * width
    if not isinstance(head.get("parquet"), dict) or type(head.get("nrows")) is not int:
        head["nrows"] = len(head["data"])
        head.pop("parquet", None)
    return head


def load_heads(folder: Path, stub: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The heads of a table: one, or that of each increment, oldest first. Raises `UsageError`."""
    heads: list[dict[str, Any]] = []
    seen: set[str] = set()
    where: Any = stub
    while isinstance(where, Mapping) and str(where.get("path")) not in seen and len(seen) < _MOST_INCREMENTS:
        seen.add(str(where.get("path")))
        heads.append(load_head(folder, where))
        where = heads[-1].get("previous")
    return heads[::-1]


def load_rows(folder: Path, stub: Mapping[str, Any], start: int = 0, stop: int | None = None) -> list[list[Any]]:
    """The rows of a table from `start` to before `stop`, of which only those are read where they are Parquet.

    Cells are plain; those of media are their stubs. Raises `UsageError`.
    """
    found: list[list[Any]] = []
    first = 0
    for head in load_heads(folder, stub):
        last = first + head["nrows"]
        low, high = max(start, first), last if stop is None else min(stop, last)
        if low < high:
            found += _rows(folder, head, low - first, high - first)
        first = last
    return found


def _rows(folder: Path, head: Mapping[str, Any], start: int, stop: int) -> list[list[Any]]:
    if "parquet" in head:
        texts = [at for at in head.get("json_columns") or () if isinstance(at, int)]
        rows = parquet.read(inside(folder, head["parquet"].get("path")), texts, start, stop)
    else:
        rows = head["data"][start:stop]
    names = [at for at, kind in enumerate(head["types"]) if kind not in _LITERAL]
    for row in rows:
        for at in names:
            if type(row[at]) in (str, list):
                row[at] = values.revive(row[at])
    return rows


def named_in(folder: Path, stub: Mapping[str, Any]) -> list[Any]:
    """What the head of a table names: the Parquet file beside it, the head of the increment before, tables that its
    keys lead to, and every cell that is a list or a mapping. Raises `UsageError`."""
    head = load_head(folder, stub)
    beside = {"parquet": "file", "previous": KIND}
    found: list[Any] = [{**head[part], "_type": kind} for part, kind in beside.items() if type(head.get(part)) is dict]
    found.append(head.get("keys"))
    if "parquet" not in head or head.get("json_columns"):
        rows = _rows(folder, head, 0, head["nrows"])
        found += [cell for row in rows for cell in row if type(cell) in (list, dict)]
    return found
