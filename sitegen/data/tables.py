"""Logged tables, every row of them, in data files of about a megabyte that a page loads when they are looked at."""

import hashlib
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import orjson
import polars as pl

from runstore.format import lenient
from runstore.format.values import dump_line, loads
from runstore.reading.typed import TypedValue
from sitegen.data.shards import shard
from sitegen.data.stubs import Files, Item, item, text

SHARD_BYTES: Final = 1 << 20
MAX_ROWS: Final = 2_000_000
MAX_CELL: Final = 4000
MAX_INCREMENTS: Final = 100_000

Row = Sequence[Any]
Part = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TableRows:
    """A table as it was logged once: its columns' names and its rows, cells as JSON has them; the first `in_head` stand
    in its head file. `previous` is the stub of the increment before, `lacking` how many rows more were logged."""

    columns: tuple[str, ...]
    rows: list[Row]
    in_head: int
    previous: Any = None
    lacking: int = 0


def table_item(value: TypedValue, files: Files, known: dict[str, list[Part]]) -> Item:
    """A table as it was logged at one step: which data files hold its rows, and how many rows each.

    An increment has the rows of the increments before it too, which `known` keeps by their paths.
    """
    chain: list[tuple[str, list[Part]]] = []
    where: Any = value.stub
    path = ""
    while isinstance(where, dict) and (path := str(where.get("path"))) not in known and len(chain) < MAX_INCREMENTS:
        found = _parts(where, files)
        if found is None:
            break
        known[path] = []
        parts, where = found
        chain.append((path, parts))
    if not chain and not known.get(path):
        files.lost += 1
        return {"kind": "missing", "what": "table", "step": value.step}
    whole = known.get(path, []) if isinstance(where, dict) else []
    for path, parts in reversed(chain):
        whole = known[path] = [*whole, *parts]
    return {"kind": "table", "step": value.step, "parts": whole}


def _parts(stub: Mapping[str, Any], files: Files) -> tuple[list[Part], Any] | None:
    """Plans the data files of one head, and says which increment came before; None when it is not there or no table."""
    found = files.find(stub.get("path"))
    table = read_table(found[0], stub, files) if found else None
    if found is None or table is None:
        return None
    # Of two runs with the same head one may have lost the Parquet file or the media in its cells.
    name = hashlib.sha256(f"{files.run.id}\0{files.name(found, stub)}".encode()).hexdigest()[:20]
    stamp = f"{found[1].st_size} {found[1].st_mtime_ns}"
    parts = []
    for number, rows in enumerate(_chunks(table, found[1].st_size)):
        part = f"t{name}-{number}"
        # Media in cells are planned now: when the data file is made, it is too late for new files.
        payload = {"columns": table.columns, "rows": [[_cell(cell, files) for cell in row] for row in rows]}
        content = shard(part, payload)
        files.put(f"media/{part}.js", f"{stamp} {len(content)}", partial(bytes, content))
        parts.append({"name": part, "url": f"media/{part}.js", "rows": len(rows)})
    if table.lacking:
        files.rows += table.lacking
        parts[-1]["lacking"] = table.lacking
    previous = table.previous or stub.get("previous")
    return parts, {"path": previous} if isinstance(previous, str) else previous


def _chunks(table: TableRows, size: int) -> Iterator[list[Row]]:
    width = max(1.0, size / max(1, table.in_head))
    step = max(20, math.floor(SHARD_BYTES / width))
    for start in range(0, max(1, len(table.rows)), step):
        yield table.rows[start : start + step]


def read_table(path: Path, stub: Mapping[str, Any], files: Files) -> TableRows | None:
    """A table's rows, from its head and, where that holds only the first, from the Parquet file beside it."""
    try:
        head = _load(path)
    except (OSError, ValueError, RecursionError):
        return None
    columns, data = head.get("columns"), head.get("data")
    if not isinstance(columns, list) or not isinstance(data, list):
        return None
    rows: list[Row] = [row if isinstance(row, list) else [row] for row in data]
    in_head = len(rows)
    total, parquet = head.get("nrows", stub.get("nrows")), head.get("parquet") or stub.get("parquet")
    if isinstance(total, int) and total > len(rows) and isinstance(parquet, dict):
        texts = {at for at in head.get("json_columns") or () if isinstance(at, int)}
        rows += _parquet_rows(files, parquet.get("path"), len(rows), texts)
    names = tuple(text(column, 300) for column in columns)
    shown = rows[:MAX_ROWS]
    lacking = max(0, total - len(shown)) if type(total) is int else 0
    return TableRows(names, shown, in_head, head.get("previous"), lacking)


def _load(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    try:
        loaded = lenient.loads(data)
    except UnicodeDecodeError:
        loaded = lenient.loads_text(data.decode("utf-8", "replace"))
    return loaded if isinstance(loaded, dict) else {}


def _parquet_rows(files: Files, path: Any, known: int, texts: Collection[int]) -> list[Row]:
    """The rows behind the first `known`; the columns `texts` hold JSON. A file that is missing or damaged has none."""
    found = files.find(path)
    if found is None:
        return []
    try:
        frame = pl.scan_parquet(found[0], glob=False).slice(known, MAX_ROWS).collect()
        columns = [frame.to_series(at).to_list() for at in range(frame.width)]
        for at in texts:
            columns[at] = [None if cell is None else loads(cell) for cell in columns[at]]
        return [list(row) for row in zip(*columns, strict=True)]
    except (OSError, ValueError, TypeError, IndexError, pl.exceptions.PolarsError):
        return []


def _cell(value: Any, files: Files) -> Any:
    """A cell as a page shows it: a number, text, boolean or None; a mapping only where it is media."""
    if isinstance(value, str):
        return text(value, MAX_CELL)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**53 else str(value)
    if isinstance(value, float):
        return (
            value if math.isfinite(value) else "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        )
    if isinstance(value, dict) and "_type" in value:
        return item(value, files)
    return text(_as_json(value), MAX_CELL)


def _as_json(value: Any) -> str:
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except (orjson.JSONEncodeError, RecursionError):
        pass
    try:  # Slower, but whole numbers past 64 bits are no trouble here.
        return dump_line({"": value})[4:-2].decode()
    except (orjson.JSONEncodeError, RecursionError):
        return str(value)
