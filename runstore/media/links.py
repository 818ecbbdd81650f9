"""Cells that lead from one table to another: keys of its rows, and numbers of them."""

from typing import TYPE_CHECKING, Any

from runstore.media.dtypes import KeyType

if TYPE_CHECKING:
    from runstore.media.table import Table


class TableKey(str):
    """A text that is the key of a row in the table it is set to."""

    _table: "Table | None" = None
    _column: Any = None

    def set_table(self, table: "Table", col_name: Any) -> None:
        """Says in which column of which table the key stands. Raises `ValueError` when there is no such column."""
        if col_name not in table.columns:
            raise ValueError(f"the table has no column {col_name!r}; it has {table.columns}")
        self._table, self._column = table, col_name

    def table_type(self) -> KeyType:
        own = self._table is not None and self._table.primary_key == self._column
        return KeyType("primaryKey" if own else "foreignKey", self._table, None if own else self._column)

    def get_row(self) -> dict[Any, Any] | None:
        """The row that has this key, by column; None when the key is set to no table, or no row has it."""
        if self._table is None:
            return None
        where = self._table.columns.index(self._column)
        return next((self._table.row(at) for at, row in enumerate(self._table.data) if row[where] == self), None)


class TableIndex(int):
    """The number of a row in the table it is set to, from 0."""

    _table: "Table | None" = None

    def set_table(self, table: "Table") -> None:
        """Says which table's rows are counted."""
        self._table = table

    def table_type(self) -> KeyType:
        return KeyType("foreignIndex", self._table)

    def get_row(self) -> dict[Any, Any] | None:
        """The row of this number, by column; None when the number is set to no table."""
        return None if self._table is None else self._table.row(int(self))
