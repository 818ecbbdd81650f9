"""Columns of plain values as Parquet, and back. A column whose values are not all of one simple kind is kept as JSON
text, a text a cell."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from runstore.errors import UsageError
from runstore.format import values

if TYPE_CHECKING:
    import polars

_ROWS_OF_A_GROUP: Final = 20_000
_EXACT = 2**53
_INT64 = 2**63


def write(columns: Sequence[str], cells: Sequence[Sequence[Any]]) -> tuple[bytes, list[int]]:
    """The Parquet file of columns, given with their cells, and the numbers of those kept as JSON text."""
    made, texts = frame(columns, cells)
    buffer = io.BytesIO()
    made.write_parquet(buffer, compression="zstd", row_group_size=_ROWS_OF_A_GROUP)
    return buffer.getvalue(), texts


def frame(columns: Sequence[str], cells: Sequence[Sequence[Any]]) -> "tuple[polars.DataFrame, list[int]]":
    """The frame of columns, given with their cells, and the numbers of those that are JSON text."""
    import polars

    names = _unique(columns)
    made, texts = [], []
    for at, column in enumerate(cells):
        series = _simple(names[at], column)
        if series is None:
            texts.append(at)
            series = polars.Series(names[at], [_text(cell) for cell in column], dtype=polars.String)
        made.append(series)
    return polars.DataFrame(made), texts


def read(path: Path, texts: Sequence[int], start: int, stop: int) -> list[list[Any]]:
    """The rows from `start` to before `stop` of a Parquet file, with the cells that are JSON text as what they say.

    Raises `UsageError` for a file that is none.
    """
    import polars

    try:
        frame = polars.scan_parquet(path, glob=False).slice(start, max(stop - start, 0)).collect()
        columns: list[Sequence[Any]] = [frame.to_series(at).to_list() for at in range(frame.width)]
        for at in texts:
            columns[at] = [_value(cell) for cell in columns[at]]
    except (polars.exceptions.PolarsError, OSError, ValueError, IndexError, TypeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UsageError(f"{path}: is no Parquet file of a table ({reason}); restore it from a copy") from None
    return [list(row) for row in zip(*columns, strict=True)]


def _simple(name: str, column: Sequence[Any]) -> Any:
    """A column of one simple kind as a series; None for any other."""
    import polars

    match frozenset(map(type, column)) - {type(None)}:
        case kinds if kinds == {bool}:
            return polars.Series(name, column, dtype=polars.Boolean)
        case kinds if kinds == {int}:
            try:
                return polars.Series(name, column, dtype=polars.Int64)
            except (OverflowError, TypeError, polars.exceptions.PolarsError):
                return None
        case kinds if kinds == {float}:
            return polars.Series(name, column, dtype=polars.Float64)
        case kinds if kinds == {int, float} and all(type(cell) is not int or abs(cell) <= _EXACT for cell in column):
            return polars.Series(name, column, dtype=polars.Float64, strict=False)
        case kinds if kinds <= {str}:
            try:
                return polars.Series(name, column, dtype=polars.String)
            except UnicodeEncodeError:
                shown = [cell if cell is None else values.well_formed(cell) for cell in column]
                return polars.Series(name, shown, dtype=polars.String)
    return None


def _text(cell: Any) -> str | None:
    return None if cell is None else values.dump_line({"": values.plain(cell)})[4:-2].decode()


def _value(text: str | None) -> Any:
    return None if text is None else values.loads(text)


def _unique(names: Sequence[str]) -> list[str]:
    """Names for a frame's columns, of which each stands once."""
    found: dict[str, None] = {}
    for name in map(values.well_formed, names):
        shown, number = name, 2
        while shown in found:
            shown, number = f"{name}_{number}", number + 1
        found[shown] = None
    return list(found)
