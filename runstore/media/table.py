"""Tables: rows under named columns, with media in their cells."""

import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

from runstore.errors import BadTypeError, BadValueError, UsageError
from runstore.format import values
from runstore.media import dtypes, parquet, stored
from runstore.media.base import Media, Shelf, Stub, is_stub, load
from runstore.media.cells import frame_content, is_frame, plain_column, revived, rows_of
from runstore.media.dtypes import KeyType, Type
from runstore.media.links import TableIndex, TableKey
from runstore.media.stored import load_rows as load_rows

if TYPE_CHECKING:
    import polars

LOG_MODES: Final = ("IMMUTABLE", "MUTABLE", "INCREMENTAL")
_DEFAULT_COLUMNS: Final = ("Input", "Output", "Expected")
_CONTAINERS: Final = (list, tuple, set, frozenset, Mapping)


class Table(Media):
    """Rows under named columns, logged as one value.

    `data` (or `rows`) is a list of rows, one cell a column, or an array; `dataframe` is a pandas or Polars frame,
    whose columns are its own. Without `columns` they are W&B's `Input`, `Output`, `Expected`. Cells are numbers, text,
    booleans, None, dates, lists, mappings and media. A column holds one type, fixed by its first value that is not
    None or by `dtype`; `optional` says whether None may stand in it, `allow_mixed_types` lifts the rule. By `log_mode`
    a table that is logged again is the one first logged (`IMMUTABLE`), is kept as it is then (`MUTABLE`), or adds the
    rows that came since (`INCREMENTAL`). A column of other length, or another type, raises `ValueError` or
    `TypeError`, both `UsageError`s too.
    """

    kind = stored.KIND
    MAX_ROWS: ClassVar[int] = 10_000
    """With more rows a table lies in the store as Parquet. There is no limit."""
    MAX_ARTIFACT_ROWS: ClassVar[int] = 200_000
    """W&B's limit; not one here."""

    def __init__(
        self,
        columns: Sequence[str | int] | None = None,
        data: Any = None,
        rows: Any = None,
        dataframe: Any = None,
        dtype: Any = None,
        optional: bool | Sequence[bool] = True,
        allow_mixed_types: bool = False,
        log_mode: str | None = "IMMUTABLE",
    ) -> None:
        if log_mode not in LOG_MODES:
            raise BadValueError(f"Invalid log_mode: {log_mode}. Must be one of {list(LOG_MODES)}")
        self.log_mode = log_mode
        if dataframe is not None and not is_frame(dataframe):
            raise BadTypeError(f"dataframe is a {type(dataframe).__name__}, expected a frame of pandas or Polars")
        frame = dataframe if dataframe is not None else data if is_frame(data) else None
        if frame is not None:
            names, given = frame_content(frame)
        else:
            names = list(_DEFAULT_COLUMNS) if columns is None else _names(columns)
            given = rows_of(data if data is not None else rows)
        self.columns: list[Any] = names
        self.data: list[list[Any]] = []
        self._standing_columns = columns is None and frame is None
        self._primary: Any = None
        self._foreign: set[Any] = set()
        self._changes = 0
        self._kept: weakref.WeakKeyDictionary[Any, tuple[int, int, Stub]] | None = None
        self._busy = False
        self._make_types(dtypes.ANY if allow_mixed_types else dtype, optional)
        self._add_rows(given)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_kept": None}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Table):
            return NotImplemented
        return self.columns == other.columns and values.plain(self.data, other=id) == values.plain(other.data, other=id)

    __hash__ = Media.__hash__

    @property
    def primary_key(self) -> Any:
        """The column that `set_pk` named, else None."""
        return self._primary

    def _make_types(self, dtype: Any, optional: bool | Sequence[bool]) -> None:
        width = len(self.columns)
        kinds = list(dtype) if isinstance(dtype, list) else [dtypes.UNKNOWN if dtype is None else dtype] * width
        empty = [bool(optional)] * width if isinstance(optional, bool) else list(optional)
        if len(kinds) != width or len(empty) != width:
            raise BadValueError(f"dtype and optional are given for {len(kinds)} and {len(empty)} of {width} columns")
        made = [dtypes.type_from(kind) for kind in kinds]
        self._types = [dtypes.optional(kind) if may else kind for kind, may in zip(made, empty, strict=True)]
        self._plain: list[set[type]] = [set() for _ in made]
        for name, kind in zip(self.columns, made, strict=True):
            if isinstance(kind, KeyType):
                self.cast(name, kind)

    def _take(self, at: int, value: Any) -> bool:
        """Whether `value` fits column `at`, whose type becomes what it is then."""
        old = self._types[at]
        new = old.take(value)
        if new is None:
            return False
        if new != old:
            self._types[at] = new
            self._plain[at] = set()
        # Of these classes every value fits from here on, and changes nothing.
        if value is None or not (
            isinstance(value, _CONTAINERS)
            or isinstance(new, dtypes.ConstType | KeyType)
            or getattr(value, "ndim", 0) > 0
            or dtypes.type_of(value) == dtypes.NONE
            or (isinstance(value, float) and new.merge(dtypes.NONE) is None)
        ):
            self._plain[at].add(type(value))
        return True

    def _add_rows(self, rows: list[list[Any]]) -> None:
        width = len(self.columns)
        for row in rows:
            if len(row) != width:
                raise self._wrong_width(row)
        keyed = any(isinstance(kind, KeyType) for kind in self._types)
        for at, column in enumerate(zip(*rows, strict=True) if rows else ()):
            classes = set(map(type, column))
            for number, value in enumerate(column):
                if type(value) not in self._plain[at]:
                    if isinstance(value, TableKey | TableIndex):
                        keyed = True
                        break
                    if not self._take(at, value):
                        raise self._wrong_type(rows[number])
                    if classes <= self._plain[at]:
                        break
        if keyed:
            for row in rows:
                self.add_data(*row)
        else:
            self.data.extend(rows)

    def _wrong_width(self, row: Sequence[Any]) -> BadValueError:
        return BadValueError(
            f"This table expects {len(self.columns)} columns: {self.columns}, found {len(row)}; give one value a column"
        )

    def _wrong_type(self, row: Sequence[Any]) -> BadTypeError:
        wrong = [
            dtypes.explain(name, kind, value)
            for name, kind, value in zip(self.columns, self._types, row, strict=True)
            if kind.take(value) is None
        ]
        return BadTypeError(
            f"Data row contained incompatible types:\n{', '.join(wrong)}; a column holds one type: pass "
            "allow_mixed_types=True, or another dtype"
        )

    def add_data(self, *data: Any) -> None:
        """Adds one row, a value a column. Raises `ValueError` for another number of values, `TypeError` for values
        of another type than their column's (both `UsageError`s)."""
        if len(data) != len(self.columns):
            raise self._wrong_width(data)
        for at, (value, plain) in enumerate(zip(data, self._plain, strict=True)):
            if type(value) not in plain:
                if isinstance(value, TableKey | TableIndex) and not isinstance(self._types[at], KeyType):
                    self.cast(self.columns[at], value.table_type())
                elif not self._take(at, value):
                    raise self._wrong_type(data)
        self.data.append(list(data))
        self._changes += 1
        if self._primary is not None or self._foreign:
            self._link(self.data[-1])

    def add_row(self, *row: Any) -> None:
        """The same as `add_data`, as older scripts spell it."""
        self.add_data(*row)

    def add_column(self, name: str, data: Any, optional: bool = False) -> None:
        """Adds a column, a value for each row there is. Raises `ValueError` for another number of values, `TypeError`
        for values that have not one type, or for None in a column that is not `optional` (both `UsageError`s)."""
        self._not_incremental("add_column")
        if not self.data and self._standing_columns:
            self._drop_columns()
        cells = rows_as_cells(data)
        if str(name) in map(str, self.columns):
            raise BadValueError(f"the table has a column {name!r} already; choose another name")
        if self.columns and len(cells) != len(self.data):
            raise BadValueError(f"Expected length {len(self.data)}, found {len(cells)} values of column {name!r}")
        kind = dtypes.optional(dtypes.UNKNOWN) if optional else dtypes.UNKNOWN
        self._types.append(kind)
        self._plain.append(set())
        for value in cells:
            if type(value) not in self._plain[-1] and not self._take(len(self._types) - 1, value):
                kind = self._types.pop()
                self._plain.pop()
                raise BadTypeError(
                    f"Existing data {value!r}, of type {dtypes.type_of(value)} cannot be cast to {kind}, the type of "
                    f"column {name!r}; give values of one type" + ("" if optional else ", or pass optional=True")
                )
        if not self.columns:
            self.data = [[] for _ in cells]
        self.columns.append(name)
        for row, value in zip(self.data, cells, strict=True):
            row.append(value)
        self._changes += 1

    def _drop_columns(self) -> None:
        self.columns, self._types, self._plain = [], [], []
        self._standing_columns = False

    def add_computed_columns(self, fn: Callable[[int, dict[Any, Any]], dict[str, Any]]) -> None:
        """Adds the columns that `fn` gives for each row: it gets the row's number and the row by column."""
        self._not_incremental("add_computed_columns")
        if not callable(fn):
            raise BadTypeError(f"add_computed_columns: fn is {fn!r}, expected a function of a row's number and the row")
        new: dict[str, list[Any]] = {}
        for at, _ in self.iterrows():
            found = fn(at, self.row(at))
            if not isinstance(found, dict):
                raise BadTypeError(f"add_computed_columns: fn gave a {type(found).__name__}, expected a dictionary")
            for name, value in found.items():
                new.setdefault(name, []).append(value)
        for name, cells in new.items():
            self.add_column(name, cells)

    def _not_incremental(self, what: str) -> None:
        if self.log_mode == "INCREMENTAL":
            raise UsageError(
                f"Operation '{what}' is not supported for tables with log_mode='INCREMENTAL'. Use a different log mode "
                "like 'MUTABLE' or 'IMMUTABLE'."
            )

    def cast(self, col_name: str | int, dtype: Any, optional: bool = False) -> Type:
        """Gives a column another type: a Python class, a class of media, `Classes`, a list of types, a value.

        Raises `TypeError` (a `UsageError`) when a value there does not fit. Gives the type."""
        at = self._where(col_name)
        kind = dtypes.type_from(dtype)
        wished: Type = dtypes.optional(kind) if optional else kind
        for row in self.data:
            taken = wished.take(row[at])
            if taken is None:
                raise BadTypeError(
                    f"Existing data {row[at]}, of type {dtypes.type_of(row[at])} cannot be cast to {wished}"
                )
            wished = taken
        if isinstance(kind, KeyType):
            self._set_key(col_name, kind, optional)
        elif col_name == self._primary or col_name in self._foreign:
            raise BadValueError(f"Cannot unset the key (column {col_name})")
        self._types[at], self._plain[at] = wished, set()
        self._changes += 1
        for row in self.data if isinstance(kind, KeyType) else ():
            self._link(row)
        return wished

    def _set_key(self, column: Any, kind: KeyType, optional: bool) -> None:
        if optional:
            raise BadValueError("Primary keys, foreign keys, and foreign indexes cannot be optional.")
        if kind.name == "primaryKey":
            if self._primary not in (None, column):
                raise BadValueError(
                    f"Cannot have multiple primary keys - {self._primary} is already set as the primary key."
                )
            self._primary = column
        elif kind.table is self or kind.table is None:
            raise BadValueError("Cannot set a foreign table reference to same table.")
        else:
            self._foreign.add(column)

    def set_pk(self, col_name: str | int) -> None:
        """Makes a column of texts the table's primary key."""
        self.cast(col_name, KeyType("primaryKey"))

    def set_fk(self, col_name: str | int, table: "Table", table_col: str | int) -> None:
        """Makes the texts of a column keys of `table`'s rows: what stands in its column `table_col`."""
        if col_name == self._primary:
            raise BadValueError(f"column {col_name!r} is the primary key; it cannot lead to another table")
        table._where(table_col)
        self.cast(col_name, KeyType("foreignKey", table, table_col))

    def _link(self, row: list[Any]) -> None:
        """Makes the keys in a row lead where they belong."""
        for at, kind in enumerate(self._types):
            if not isinstance(kind, KeyType):
                continue
            if kind.name == "foreignIndex":
                number = TableIndex(row[at])
                number.set_table(kind.table)
                row[at] = number
            else:
                key = TableKey(row[at])
                key.set_table(kind.table or self, self.columns[at] if kind.table is None else kind.column)
                row[at] = key

    def _where(self, name: Any) -> int:
        if name not in self.columns:
            raise BadValueError(f"the table has no column {name!r}; it has {', '.join(map(str, self.columns))}")
        return self.columns.index(name)

    def row(self, number: int) -> dict[Any, Any]:
        """One row by column."""
        return dict(zip(self.columns, self.data[number], strict=False))

    def get_column(self, name: str | int, convert_to: str | None = None) -> Any:
        """The values of one column, as a list or, with `convert_to="numpy"`, as an array."""
        at = self._where(name)
        if convert_to not in (None, "numpy"):
            raise BadValueError(f"convert_to is {convert_to!r}, expected None or 'numpy'")
        cells = [row[at] for row in self.data]
        if convert_to is None:
            return cells
        import numpy

        return numpy.array([cell.to_data_array() if hasattr(cell, "to_data_array") else cell for cell in cells])

    def get_dataframe(self) -> Any:
        """The table as a pandas frame. Raises `UsageError` where pandas is not installed."""
        try:
            import pandas
        except ImportError:
            raise UsageError("get_dataframe needs pandas, which is not installed; pip install pandas") from None
        return pandas.DataFrame.from_records(self.data, columns=self.columns)

    def frame(self) -> "polars.DataFrame":
        """The table as a frame of Polars. A column with values of several kinds is JSON text, media are named alone."""
        cells = [[_named(row[at]) for row in self.data] for at in range(len(self.columns))]
        return parquet.frame([str(name) for name in self.columns], cells)[0]

    def _repr_html_(self) -> str:
        return self.frame()._repr_html_()

    def get_index(self) -> list[TableIndex]:
        """The numbers of the rows, which in another table's cells lead here."""
        return [self.index_ref(at) for at in range(len(self.data))]

    def index_ref(self, index: int) -> TableIndex:
        """The number of one row, which in another table's cell leads here."""
        if not 0 <= index < len(self.data):
            raise BadValueError(f"the table has {len(self.data)} rows, and none of number {index}")
        found = TableIndex(index)
        found.set_table(self)
        return found

    def iterrows(self) -> Iterator[tuple[TableIndex, list[Any]]]:
        """Each row with its number, from 0, which in another table's cell leads here."""
        for at in range(len(self.data)):
            yield self.index_ref(at), self.data[at]

    def has_been_logged(self) -> bool:
        """Whether a run or an artifact holds this table."""
        return bool(self._kept)

    def to_data(self, shelf: Shelf) -> Stub:
        if self._kept is None:
            self._kept = weakref.WeakKeyDictionary()
        state = (self._changes, len(self.data))
        known = self._kept.get(shelf.owner)
        if known is not None and known[:2] == state:
            return known[2]
        if known is not None and self.log_mode == "IMMUTABLE":
            shelf.warn(
                "immutable table",
                "a Table with log_mode='IMMUTABLE' was changed after it was logged: it stays as it was logged first; "
                "pass log_mode='MUTABLE' to log it again",
            )
            return known[2]
        stub = self._keep(shelf, known)
        self._kept[shelf.owner] = (*state, stub)
        return stub

    def _keep(self, shelf: Shelf, known: tuple[int, int, Stub] | None) -> Stub:
        """Keeps the table, or of an incremental one the rows since the last time, as files."""
        grows = self.log_mode == "INCREMENTAL"
        before = (known[2] if known else shelf.previous(self.kind)) if grows else None
        earlier = before if before is not None and before.get("log_mode") == "INCREMENTAL" else None
        first = known[1] if grows and known else 0
        head = self._head(shelf, self.data[first:])
        rows = len(self.data)
        more: Stub = {}
        if grows:
            more["increment"] = int(earlier.get("increment", 0)) + 1 if earlier else 0
            if earlier:
                more["previous"] = {part: earlier[part] for part in ("path", "sha256", "size") if part in earlier}
                rows = int(earlier.get("nrows", 0)) + len(self.data) - first
        kept = shelf.keep("table", "table.json", values.dump_line({**head, **more})[:-1])
        modes = {} if self.log_mode == "IMMUTABLE" else {"log_mode": self.log_mode}
        beside = {"parquet": head["parquet"]} if "parquet" in head else {}
        return {"_type": self.kind, **kept, "ncols": len(self.columns), "nrows": rows, **modes, **more, **beside}

    def _head(self, shelf: Shelf, rows: list[list[Any]]) -> Stub:
        columns: Iterable[Sequence[Any]] = zip(*rows, strict=True) if rows else ((),) * len(self.columns)
        cells = [plain_column(column, shelf) for column in columns]
        head = stored.keep_rows(
            shelf, [str(name) for name in self.columns], list(map(dtypes.shown, self._types)), cells
        )
        if self._primary is not None:
            head["keys"] = {"primary": str(self._primary)}
        for name in self._foreign if not self._busy else ():
            kind = self._types[self._where(name)]
            assert isinstance(kind, KeyType)
            self._busy = True  # Two tables may lead to each other.
            try:
                link = {"table": shelf.store(kind.table), **({} if kind.column is None else {"column": kind.column})}
            finally:
                self._busy = False
            head.setdefault("keys", {}).setdefault("foreign", {})[str(name)] = link
        return head

    @classmethod
    def from_stub(cls, folder: Path, stub: Mapping[str, Any]) -> Self:
        heads = stored.load_heads(folder, stub)
        columns, types = heads[-1]["columns"], heads[-1]["types"]
        rows = stored.load_rows(folder, stub)
        times = [at for at, kind in enumerate(types) if kind == "timestamp"]
        for row in rows:
            for at in times:
                row[at] = revived(row[at])
            for at, cell in enumerate(row):
                if type(cell) is dict and is_stub(cell):
                    row[at] = load(folder, cell)
        mode = stub.get("log_mode")
        given = mode if mode in LOG_MODES else "IMMUTABLE"
        try:
            return cls(columns, rows, log_mode=given)
        except TypeError:
            return cls(columns, rows, allow_mixed_types=True, log_mode=given)


def load_table(folder: Path, stub: Mapping[str, Any]) -> Table:
    """The table that a stub stands for, all its increments together; media in its cells are media again.

    `folder` is the directory of the run or artifact. Raises `UsageError`.
    """
    return Table.from_stub(folder, stub)


def _named(cell: Any) -> Any:
    """A cell as a frame shows it: of media the kind alone."""
    if isinstance(cell, Media):
        return f"({type(cell).__name__})"
    return values.plain(cell, other=str) if isinstance(cell, _CONTAINERS) else cell


def _names(columns: Any) -> list[Any]:
    if is_frame(columns):
        raise BadTypeError("columns argument expects a `list` object, found a frame; pass it as dataframe=")
    if isinstance(columns, str | bytes) or not isinstance(columns, Iterable):
        raise BadTypeError(f"columns argument expects a `list` object, found {columns!r}")
    names = list(columns)
    for at, name in enumerate(names):
        if isinstance(name, bool) or not isinstance(name, str | int):
            plain = values.plain(name, other=lambda _: None)
            if isinstance(name, bool) or type(plain) not in (int, str):
                raise BadTypeError(f"columns argument expects list of strings or ints, found {name!r} among them")
            names[at] = plain
    return names


def rows_as_cells(data: Any) -> list[Any]:
    """The cells of a column given as a list, an array or a series. Raises `TypeError`."""
    take = getattr(data, "tolist", None) or getattr(data, "to_list", None)
    found = take() if callable(take) else data
    if isinstance(found, str | bytes | Mapping) or not isinstance(found, Iterable):
        raise BadTypeError(f"a column is a list of values, found a {type(data).__name__}")
    return list(found)
