"""Tables made of tables: two joined by a column, and one in parts."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from runstore.errors import BadValueError, UsageError
from runstore.media.base import Media, Shelf, Stub, inside, load
from runstore.media.table import Table


class PartitionedTable(Media):
    """A table whose rows are those of all tables in one folder of an artifact, `parts_path`, by name.

    It can be added to that artifact; its rows are there once it is got from it. Raises `UsageError`.
    """

    kind = "partitioned-table"

    def __init__(self, parts_path: str) -> None:
        self.parts_path = parts_path
        self._folder: Path | None = None

    def __eq__(self, other: object) -> bool:
        return self.parts_path == other.parts_path if isinstance(other, PartitionedTable) else NotImplemented

    __hash__ = Media.__hash__

    def iterrows(self) -> Iterator[tuple[int, list[Any]]]:
        """Each row with its number, from 0, through all parts. Raises `UsageError` when their columns differ."""
        columns: list[Any] | None = None
        number = 0
        for part in self.parts():
            if columns not in (None, part.columns):
                raise UsageError(f"Table parts have non-matching columns. {columns} != {part.columns}")
            columns = part.columns
            for row in part.data:
                yield number, row
                number += 1

    def parts(self) -> Iterator[Table]:
        """The tables, one after another."""
        if self._folder is None:
            raise UsageError("this PartitionedTable came from no artifact; add it to one, log that, and get it from it")
        folder = inside(self._folder, self.parts_path)
        for path in sorted(folder.glob("*.table.json")) if folder.is_dir() else ():
            yield Table.from_stub(self._folder, {"path": f"{self.parts_path.rstrip('/')}/{path.name}"})

    def to_data(self, shelf: Shelf) -> Stub:
        return {"_type": self.kind, "parts_path": self.parts_path}

    @classmethod
    def from_stub(cls, folder: Path, stub: Mapping[str, Any]) -> Self:
        made = cls(str(stub.get("parts_path", "")))
        made._folder = folder
        return made


class JoinedTable(Media):
    """Two tables side by side, row by row where `join_key` is equal: the name of a column of both, or one of each.

    A table may be given by its path in the artifact that the join is added to. Raises `ValueError` (a `UsageError`).
    """

    kind = "joined-table"

    def __init__(self, table1: Any, table2: Any, join_key: str | list[str]) -> None:
        if not isinstance(join_key, str) and not (isinstance(join_key, list | tuple) and len(join_key) == 2):
            raise BadValueError(f"JoinedTable join_key should be a string or a list of two strings, found {join_key!r}")
        for name, table in (("table1", table1), ("table2", table2)):
            if not (isinstance(table, Table | PartitionedTable) or str(table).endswith(".table.json")):
                raise BadValueError(
                    f"JoinedTable {name} should be an artifact path to a table or a Table object, found {table!r}"
                )
        self.table1, self.table2 = table1, table2
        self.join_key = join_key if isinstance(join_key, str) else list(join_key)

    def to_data(self, shelf: Shelf) -> Stub:
        tables = {"table1": _to_data(self.table1, shelf), "table2": _to_data(self.table2, shelf)}
        return {"_type": self.kind, **tables, "join_key": self.join_key}

    @classmethod
    def from_stub(cls, folder: Path, stub: Mapping[str, Any]) -> Self:
        first, second = (_from_data(folder, stub.get(at)) for at in ("table1", "table2"))
        return cls(first, second, stub.get("join_key", ""))

    def rows(self) -> Iterator[dict[str, Any]]:
        """The joined rows, by column: those of the first table by `0.`, of the second by `1.` and the column."""
        left, right = (self.join_key, self.join_key) if isinstance(self.join_key, str) else self.join_key
        others: dict[Any, list[dict[Any, Any]]] = {}
        for row in _by_column(self.table2):
            others.setdefault(row.get(right), []).append(row)
        for row in _by_column(self.table1):
            for other in others.get(row.get(left), ()):
                pairs = (("0", row), ("1", other))
                yield {f"{side}.{name}": value for side, cells in pairs for name, value in cells.items()}


def _by_column(table: Any) -> Iterator[dict[Any, Any]]:
    if isinstance(table, Table):
        yield from (table.row(at) for at in range(len(table.data)))
    elif isinstance(table, PartitionedTable):
        for part in table.parts():
            yield from (part.row(at) for at in range(len(part.data)))


def _from_data(folder: Path, part: Any) -> Any:
    """The table that a stub stands for, or that lies at a path; the path itself when there is none."""
    if isinstance(part, dict):
        return load(folder, part)
    path = inside(folder, part)
    return Table.from_stub(folder, {"path": part}) if path.is_file() else part


def _to_data(table: Any, shelf: Shelf) -> Any:
    return table.to_data(shelf) if isinstance(table, Media) else str(table)
