"""The numbers of an archived history: columns as they are, without a detour through lines of JSON.

What comes out is what reading the lines would give, block by block: a block that holds more than numbers is turned back
into its lines and read as these are.
"""

import os
from pathlib import Path
from typing import Any

import polars as pl

from runstore.archive.pack import Pack
from runstore.archive.shapes import SHAPE, Column
from runstore.format.values import name_float
from runstore.reading.ndjson import AXES, Block, Parsed, parse
from runstore.reading.rows import decode_line
from runstore.reading.sources import Source


def read_pack(path: Path, stat: os.stat_result, number: int) -> tuple[Source, Parsed]:
    """What a pack holds, as source `number`. Raises `OSError`, and `FormatError` for a damaged one."""
    pack = Pack.open(path)
    parsed = Parsed()
    line = 0
    for frame, chunk in zip(pack.frames(), pack.head.chunks, strict=True):
        columns = _numbers_in(frame, pack)
        if columns is None:
            parsed.merge(parse([Block(number, line, pack.text(frame, chunk))]))
        else:
            parsed.add_packed(number, line, _by_key(frame, columns, pack), _latest(frame, pack))
        line += chunk.lines
    tail = pack.head.tail
    whole = bool(tail) and decode_line(tail)[1] is None
    if whole:
        parsed.merge(parse([Block(number, line, tail + b"\n")]))
    source = Source(
        number=number,
        size=stat.st_size,
        mtime_ns=stat.st_mtime_ns,
        inode=stat.st_ino,
        offset=stat.st_size,
        lines=line + whole,
        open_line=whole,
        torn=0 if whole else len(tail),
    )
    return source, parsed


def packed_size(path: Path) -> int:
    """The bytes of the lines that a pack was made of. Raises `OSError`, and `FormatError` for what is no pack."""
    return Pack.open(path).head.size


def _numbers_in(frame: pl.DataFrame, pack: Pack) -> list[Column] | None:
    """The columns that the rows of a block have; None where these hold more than numbers."""
    found: dict[Column, None] = {}
    for number in frame[SHAPE].unique():
        if number is None or number >= len(pack.shapes.shapes):
            return None
        shape = pack.shapes.shapes[number]
        if any(kind == "json" for _, kind in shape):
            return None
        found.update(dict.fromkeys(shape))
    return list(found)


def _by_key(frame: pl.DataFrame, columns: list[Column], pack: Pack) -> pl.DataFrame:
    """A column of floats for each key."""
    names: dict[str, list[str]] = {}
    for key, kind in columns:
        names.setdefault(key, []).append(pack.shapes.columns[key, kind])
    return frame.select(
        pl.coalesce(pl.col(name).cast(pl.Float64) for name in names[key]).alias(key) for key in sorted(names)
    )


def _latest(frame: pl.DataFrame, pack: Pack) -> dict[str, Any]:
    """What the rows of a block say last of each key, as their last lines spell it."""
    ends = frame.with_row_index("#at").group_by(SHAPE).agg(pl.col("#at").last()).sort("#at")
    found: dict[str, Any] = {}
    for number, at in ends.iter_rows():
        row = frame.row(at, named=True)
        values = {key: row[pack.shapes.columns[key, kind]] for key, kind in pack.shapes.shapes[number]}
        found |= {key: name_float(value) if at == frame.height - 1 else value for key, value in values.items()}
    return {key: found[key] for key in sorted(found) if key not in AXES}
