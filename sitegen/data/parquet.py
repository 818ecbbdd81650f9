"""The first rows of a Parquet file, for a page."""

from pathlib import Path
from typing import Any, Final

import polars as pl

MAX_ROWS: Final = 200
MAX_COLUMNS: Final = 100


def parquet_head(path: Path) -> tuple[list[tuple[str, str]], list[tuple[Any, ...]], int, int] | None:
    """Names and types of the first columns, their first rows, and how many rows and columns the whole file has.

    None for a file that cannot be read, or is a link.
    """
    if path.is_symlink():
        return None
    try:
        frame = pl.scan_parquet(path)
        schema = [(name, str(kind)) for name, kind in frame.collect_schema().items()]
        total = frame.select(pl.len()).collect().item()
        shown = frame.select([name for name, _ in schema[:MAX_COLUMNS]]).head(MAX_ROWS).collect()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError):
        return None
    return schema[:MAX_COLUMNS], shown.rows(), total, len(schema)
