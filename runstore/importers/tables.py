"""Files of rows as other tools write them, CSV, Parquet and JSONL, read with the types that Polars finds."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import polars as pl

from runstore.errors import UsageError
from runstore.format import lenient
from runstore.format.values import flatten, plain, revive
from runstore.importers.sources import Problems

Format = Literal["csv", "parquet", "jsonl"]
_WORDS_FOR_NOTHING: Final = ("", "null", "None")


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of one file, by column. Rows that could not be read are told to `problems`."""

    path: Path
    columns: Sequence[str]
    values: dict[str, list[Any]]
    problems: Problems = field(default_factory=Problems)

    @property
    def height(self) -> int:
        return len(next(iter(self.values.values()), []))

    def row(self, at: int) -> dict[str, Any]:
        return {column: self.values[column][at] for column in self.columns}


def read(path: Path, form: Format) -> Table:
    """The rows of a file. Raises `UsageError` for one that cannot be read, or is of another format."""
    problems = Problems()
    try:
        if form == "jsonl":
            return _of_rows(path, list(_json_rows(path, problems)), problems)
        frame = pl.read_parquet(path) if form == "parquet" else _read_csv(path, problems)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror or error}); check the path") from None
    except pl.exceptions.PolarsError as error:
        raise UsageError(f"{path}: is no {form} file that can be read ({str(error).splitlines()[0]})") from None
    values = {column: _plain(frame[column]) for column in frame.columns}
    return Table(path, frame.columns, values, problems)


def _plain(series: pl.Series) -> list[Any]:
    """A column as plain values; times as epoch s."""
    if series.dtype in (pl.Datetime, pl.Date):
        return [None if value is None else value / 1e6 for value in series.cast(pl.Datetime("us")).to_physical()]
    if series.dtype == pl.String:
        return [revive(value) for value in series.to_list()]
    if series.dtype.is_numeric() or series.dtype == pl.Boolean:
        return series.to_list()
    return [plain(each, other=str) for each in series.to_list()]


def _read_csv(path: Path, problems: Problems) -> pl.DataFrame:
    data = path.read_bytes()
    try:
        return _parse_csv(data)
    except pl.exceptions.NoDataError:
        return pl.DataFrame()
    except pl.exceptions.PolarsError:
        return _parse_csv(_whole_rows(path, data, problems))


def _parse_csv(data: bytes) -> pl.DataFrame:
    return pl.read_csv(
        io.BytesIO(data), infer_schema_length=None, try_parse_dates=True, null_values=list(_WORDS_FOR_NOTHING)
    )


def _whole_rows(path: Path, data: bytes, problems: Problems) -> bytes:
    """The file without the rows that have not as many cells as its head."""
    reader = csv.reader(io.StringIO(data.decode("utf-8-sig", "backslashreplace"), newline=""))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    head = next(reader, [])
    writer.writerow(head)
    try:
        for row in reader:
            if len(row) == len(head):
                writer.writerow(row)
            elif row:
                problems.lose(
                    f"{path}, line {reader.line_num}: found {len(row)} cells, expected {len(head)}, one a column; "
                    "the row is left out"
                )
    except csv.Error as error:
        problems.lose(f"{path}, line {reader.line_num}: {error}; what follows is left out")
    return out.getvalue().encode()


def _json_rows(path: Path, problems: Problems) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                row = lenient.loads(line)
            except ValueError:
                problems.lose(f"{path}, line {number}: found broken JSON, expected an object; the row is left out")
                continue
            if isinstance(row, dict):
                yield {".".join(keys): revive(value) for keys, value in flatten(row)}
            else:
                problems.lose(f"{path}, line {number}: found a {type(row).__name__}, expected an object; left out")


def _of_rows(path: Path, rows: list[dict[str, Any]], problems: Problems) -> Table:
    columns = list(dict.fromkeys(key for row in rows for key in row))
    return Table(path, columns, {column: [row.get(column) for row in rows] for column in columns}, problems)
