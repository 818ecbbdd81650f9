"""Values that are more than numbers: each is stored once, by its content, in a file that the history names."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from runstore.errors import UsageError
from runstore.format import values
from runstore.recording.arrays import histogram
from runstore.recording.saver import Saver
from runstore.recording.trouble import Trouble

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")
_LONGEST_NAME = 60


class Media(ABC):
    """What can be logged as a file. A kind of media names its folder, its file's ending, and gives its bytes."""

    folder: ClassVar[str]
    ending: ClassVar[str]
    kind: ClassVar[str]

    @abstractmethod
    def encode(self) -> bytes:
        """The bytes of the file. Raises `Unserialisable`."""

    def facts(self) -> dict[str, Any]:
        """What the row says beside path, digest and size."""
        return {}


class Table(Media):
    """Rows under named columns, logged as one value.

    `data` (or `rows`) is a list of rows, one cell a column; `dataframe` is a pandas or Polars frame, whose columns
    are taken when `columns` are not given. Without either the columns are W&B's `Input`, `Output`, `Expected`.
    """

    folder = "table"
    ending = "table.json"
    kind = "table-file"

    def __init__(
        self,
        columns: Sequence[str | int] | None = None,
        data: Any = None,
        rows: Any = None,
        dataframe: Any = None,
        **_ignored: Any,
    ) -> None:
        frame = dataframe if dataframe is not None else data if is_frame(data) else None
        if frame is not None:
            names, cells = _frame_content(frame)
            columns, data, rows = columns or names, cells, None
        self.columns: list[str] = [str(name) for name in (columns or ("Input", "Output", "Expected"))]
        self.data: list[list[Any]] = []
        for row in _rows(data if data is not None else rows):
            self.add_data(*row)

    def add_data(self, *row: Any) -> None:
        """Adds one row, a value a column. Raises `UsageError` for another number of values."""
        if len(row) != len(self.columns):
            raise UsageError(
                f"the table has {len(self.columns)} columns ({', '.join(self.columns[:8])}) and the row {len(row)} "
                "values; give one value a column"
            )
        self.data.append(list(row))

    def add_row(self, *row: Any) -> None:
        """The same as `add_data`, as older scripts spell it."""
        self.add_data(*row)

    def add_column(self, name: str, data: Iterable[Any]) -> None:
        """Adds a column, a value for each row there is. Raises `UsageError` for another number of values."""
        cells = list(data)
        if self.data and len(cells) != len(self.data):
            raise UsageError(f"the table has {len(self.data)} rows and column {name!r} {len(cells)} values")
        if not self.data:
            if self.columns == ["Input", "Output", "Expected"]:
                self.columns = []
            if self.columns and cells:
                raise UsageError(f"the table has columns but no rows to put {len(cells)} values of {name!r} beside")
            self.data = [[] for _ in cells]
        self.columns.append(str(name))
        for row, cell in zip(self.data, cells, strict=True):
            row.append(cell)

    def get_column(self, name: str, convert_to: str | None = None) -> Any:
        """The values of one column, as a list or, with `convert_to="numpy"`, as an array."""
        if name not in self.columns:
            raise UsageError(f"the table has no column {name!r}; it has {', '.join(self.columns)}")
        where = self.columns.index(name)
        cells = [row[where] for row in self.data]
        if convert_to is None:
            return cells
        if convert_to != "numpy":
            raise UsageError(f"convert_to is {convert_to!r}, expected None or 'numpy'")
        import numpy

        return numpy.array(cells)

    def iterrows(self) -> Iterable[tuple[int, list[Any]]]:
        """Each row with its number, from 0."""
        return enumerate(self.data)

    def encode(self) -> bytes:
        data = [[values.plain(cell, other=str) for cell in row] for row in self.data]
        return values.dump_line({"columns": self.columns, "data": data})[:-1]

    def facts(self) -> dict[str, Any]:
        return {"ncols": len(self.columns), "nrows": len(self.data)}


class MediaFiles:
    """Keeps a run's media under its `media/` folder. Safe for threads; trouble with the disk is not raised."""

    def __init__(self, folder: Path, saver: Saver, trouble: Trouble) -> None:
        self._folder = folder
        self._saver = saver
        self._trouble = trouble
        self._names: dict[tuple[str, str], str] = {}

    def store(self, key: str, step: int, value: Any) -> dict[str, Any] | None:
        """Keeps `value` if it is media, or a frame; gives the object that stands for it in the row, else None.

        Of an array, or a list, of more than 1,000 numbers only the object is kept: its histogram.
        """
        if (stub := histogram(value)) is not None:
            self._trouble.warn_once(
                f"large {key}",
                f"{key} has {values.size(value):,} values: only their histogram is kept; "
                "for all of them log a Table, or save a file in run.dir",
            )
            return stub
        media = Table(dataframe=value) if is_frame(value) else value
        if not isinstance(media, Media):
            return None
        import hashlib  # Not at the top: it links OpenSSL, which most runs never need.

        data = media.encode()
        digest = hashlib.sha256(data).hexdigest()
        shown = _UNSAFE.sub("_", key)[:_LONGEST_NAME]
        new = f"{media.folder}/{shown}_{step}_{digest[:20]}.{media.ending}"
        name = self._names.setdefault((media.folder, digest), new)
        if name is new:
            self._saver.save(self._folder / name, data)
        path = f"{self._folder.name}/{name}"
        return {"_type": media.kind, "path": path, "sha256": digest, "size": len(data), **media.facts()}


def is_frame(value: Any) -> bool:
    """Whether `value` is a table of pandas or Polars, known by what it can do."""
    kind = type(value)
    return hasattr(kind, "columns") and (hasattr(kind, "itertuples") or hasattr(kind, "iter_rows"))


def _frame_content(frame: Any) -> tuple[list[str], list[list[Any]]]:
    names = [str(name) for name in frame.columns]
    if hasattr(frame, "iter_rows"):
        return names, [list(row) for row in frame.iter_rows()]
    return names, [list(row) for row in frame.itertuples(index=False, name=None)]


def _rows(data: Any) -> list[Sequence[Any]]:
    if data is None:
        return []
    found = data.tolist() if callable(getattr(data, "tolist", None)) else data
    if isinstance(found, Mapping) or not isinstance(found, Iterable):
        raise UsageError(f"a table's data are rows, found a {type(found).__name__}; pass a list of lists")
    rows = list(found)
    for row in rows:
        if isinstance(row, str | bytes) or not isinstance(row, Iterable):
            raise UsageError(f"a table's row is a list of cells, found {row!r}; pass a list of lists")
    return [list(row) for row in rows]
