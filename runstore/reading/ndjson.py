"""From lines of JSON to frames of numbers: as fast as Polars reads, and exact where Polars gives up.

Polars parses a block of whole lines under an explicit schema. That is strict about types, but silent about keys
that the schema lacks, so a block counts only when as many values came out as keys went in; a block that fails is
halved down to the bad file, and that one is read line by line. Non-finite values, which the format writes as
strings, pass through Polars as numbers that hardly anybody logs; where somebody did, lines are read one by one.

A frame holds the columns `source` (number of the history file), `line` (from 0), `step`, `runtime` and
`timestamp` (null where the row has none), and one column `=<key>` for each key that held a number. All but
the first two are Float64; NaN is a value that was logged, null is none.
"""

import math
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final

import numpy as np
import orjson
import polars as pl

from runstore.format import lenient
from runstore.reading.rows import decode_line, flatten, number

BLOCK_BYTES: Final = 4 << 20
AXES: Final = {"_step": "step", "_runtime": "runtime", "_timestamp": "timestamp"}
PREFIX: Final = "="
"""Stands before a user's key in a column's name, so that no key collides with a column of ours."""

_NON_FINITE = (
    (b'"NaN"', 1.2897314953572317e306, math.nan),
    (b'"Infinity"', 1.3897314953572317e306, math.inf),
    (b'"-Infinity"', 1.4897314953572317e306, -math.inf),
)
_KEY = re.compile(rb'"((?:[^"\\]|\\.)*)":')
_MAX_PROBLEMS = 20
# Above this share of empty cells rows are framed by the keys they have, so that no frame grows with keys x rows.
_SPARSE = 8
_SMALL = 2_000_000
# So many keys are looked for one by one; more of them row by row.
_FEW = 16
# Batches that are read while the files of the next ones are opened.
_AHEAD = 3


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines of one history file, how many they are, and the number of the first, from 0."""

    source: int
    line: int
    data: bytes
    lines: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "lines", self.data.count(b"\n"))


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that breaks the format; `line` counts from 1."""

    source: int
    line: int
    found: str


@dataclass(frozen=True, slots=True)
class _Fast:
    """A batch as a frame, and the last number of every key of each of its sources."""

    frame: pl.DataFrame
    last: list[tuple[int, dict[str, float]]]


_Batch = tuple[frozenset[str] | None, list[Block]]
"""Blocks that are read together, and the keys that they have, if they hold nothing but numbers."""


@dataclass(slots=True)
class Parsed:
    """What blocks held: frames of numbers, each source's last value of every key, and the bad lines.

    A typed value (`_type`) in `latest` carries the `_step` it was logged at; `kinds` has every type that a source
    logged, those in a gallery too.
    """

    frames: list[pl.DataFrame] = field(default_factory=list)
    latest: dict[int, dict[str, Any]] = field(default_factory=dict)
    kinds: dict[int, set[str]] = field(default_factory=dict)
    bad: list[BadLine] = field(default_factory=list)

    def add(self, batch: Sequence[Block], read: _Fast) -> None:
        """Adds a batch whose rows follow, source by source, those added before.

        What its rows say last is noted word for word: in its frame whole numbers are floats.
        """
        for source, values in read.last:
            self.latest.setdefault(source, {}).update(values)
        self.frames.append(read.frame)
        for source in {block.source for block in batch}:
            own = [block.data for block in batch if block.source == source]
            latest = self.latest.setdefault(source, {})
            last = lenient.loads(_last_line(own[-1]))
            latest.update((key, value) for key, value in last.items() if value is not None and key not in AXES)
            others = {name[1:] for name in read.frame.columns if name.startswith(PREFIX)} - last.keys()
            latest.update(_last_values(own, {key for key in others if _may_be_whole(latest.get(key))}))

    def add_packed(self, source: int, line: int, frame: pl.DataFrame, latest: Mapping[str, Any]) -> None:
        """Adds rows of numbers that were columns already, the first of them on `line` (from 0). `frame` has a column of
        floats for each key, `latest` is what the rows say last, word for word."""
        places = [
            pl.Series("source", [source], dtype=pl.UInt32).new_from_index(0, frame.height),
            pl.int_range(line, line + frame.height, dtype=pl.UInt32, eager=True).alias("line"),
        ]
        self.latest.setdefault(source, {}).update(latest)
        self.frames.append(_shape(places, frame))

    def merge(self, other: "Parsed") -> None:
        """Adds what was read elsewhere, of rows behind those added before."""
        self.frames += other.frames
        self.bad += other.bad
        for source, latest in other.latest.items():
            self.latest.setdefault(source, {}).update(latest)
        for source, kinds in other.kinds.items():
            self.kinds.setdefault(source, set()).update(kinds)


def parse(blocks: Iterable[Block]) -> Parsed:
    """Reads blocks, in any order; those of one source must come in the order of their lines."""
    parsed = Parsed()
    with ThreadPoolExecutor(2) as pool:
        for (keys, batch), reading in _ahead(_batches(blocks), pool):
            read = None if reading is None else reading.result()
            _add_batch(batch, keys, read, parsed)
    return parsed


def _ahead(batches: Iterable[_Batch], pool: ThreadPoolExecutor) -> Iterator[tuple[_Batch, Future[_Fast | None] | None]]:
    """Batches in their order, each with what Polars makes of it beside us."""
    waiting: deque[tuple[_Batch, Future[_Fast | None] | None]] = deque()
    for keys, batch in batches:
        waiting.append(((keys, batch), pool.submit(_read_fast, batch, keys) if keys else None))
        if len(waiting) > _AHEAD:
            yield waiting.popleft()
    yield from waiting


def _batches(blocks: Iterable[Block]) -> Iterator[_Batch]:
    """Neighbouring blocks with the same keys, together up to 4 MB."""
    batch: list[Block] = []
    size = 0
    keys: frozenset[str] | None = None
    for block in blocks:
        own = _guess_keys(block.data)
        if batch and (own != keys or size + len(block.data) > BLOCK_BYTES):
            yield keys, batch
            batch, size = [], 0
        keys = own
        batch.append(block)
        size += len(block.data)
    if batch:
        yield keys, batch


def _guess_keys(data: bytes) -> frozenset[str] | None:
    """The keys of the first and the last row, or None when a row is damaged or holds more than numbers."""
    keys: set[str] = set()
    for line in (data[: data.find(b"\n")], _last_line(data)):
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError:
            return None
        if not isinstance(row, dict) or not all(
            value is None or (type(value) is not bool and number(value) is not None) for value in row.values()
        ):
            return None
        keys.update(row)
    return frozenset(keys)


def _last_line(data: bytes) -> bytes:
    end = len(data) - 1
    return data[data.rfind(b"\n", 0, end) + 1 : end]


def _may_be_whole(value: Any) -> bool:
    return type(value) is float and value.is_integer()


def _last_values(blocks: Sequence[bytes], keys: set[str]) -> Iterator[tuple[str, Any]]:
    """The last value of each of the keys, as far as it is found: blocks are rows with nothing but numbers."""
    if len(keys) > _FEW:
        lines = (line for data in reversed(blocks) for line in reversed(data.split(b"\n")[:-1]))
        yield from _found_in(map(lenient.loads, lines), keys)
        return
    for key in keys:
        name = orjson.dumps(key) + b":"
        lines = (line for data in reversed(blocks) for line in _lines_with(data, name))
        yield from _found_in(map(lenient.loads, lines), {key})


def _found_in(rows: Iterable[dict[str, Any]], keys: set[str]) -> Iterator[tuple[str, Any]]:
    """The first value of each of the keys."""
    wanted = set(keys)
    for row in rows:
        found = {key for key in wanted & row.keys() if row[key] is not None}
        yield from ((key, row[key]) for key in found)
        wanted -= found
        if not wanted:
            return


def _lines_with(data: bytes, text: bytes) -> Iterator[bytes]:
    """The lines that hold `text`, the last one first."""
    at = data.rfind(text)
    while at >= 0:
        start = data.rfind(b"\n", 0, at) + 1
        yield data[start : data.find(b"\n", at)]
        at = data.rfind(text, 0, start)


def _add_batch(batch: Sequence[Block], keys: frozenset[str] | None, read: _Fast | None, parsed: Parsed) -> None:
    """Adds what was read of a batch, or reads it in smaller pieces where that was not possible."""
    if read is not None:
        parsed.add(batch, read)
    elif keys and len(batch) > 1:
        middle = len(batch) // 2
        for half in (batch[:middle], batch[middle:]):
            _add_batch(half, keys, _read_fast(half, keys), parsed)
    else:
        for block in batch:
            found = _find_keys(block.data) if keys else None
            read = _read_fast([block], found) if found else None
            if read is not None:
                parsed.add([block], read)
            else:
                _read_lines(block, parsed)


def _find_keys(data: bytes) -> frozenset[str] | None:
    """Every key that a block may hold."""
    try:
        return frozenset(orjson.loads(b'"' + key + b'"') for key in set(_KEY.findall(data)))
    except orjson.JSONDecodeError:
        return None


def _read_fast(batch: Sequence[Block], keys: Iterable[str]) -> _Fast | None:
    """The batch as one frame, or None unless every line was a row of numbers under these keys."""
    data = b"".join(block.data for block in batch)
    schema = dict.fromkeys(sorted(keys), pl.Float64)
    try:
        frame = pl.read_ndjson(data, schema=schema)
    except pl.exceptions.PolarsError:
        data, counts = _with_stand_ins(data)
        named = _read_stand_ins(data, schema, counts) if any(counts) else None
        if named is None:
            return None
        frame = named
    heights = [block.lines for block in batch]
    nulls = sum(frame.null_count().row(0))
    values = frame.height * frame.width - nulls
    # In a row of numbers only keys stand in quotes, so two quotes a value mean that no key went unseen.
    if frame.height != sum(heights) or _quotes(data) != 2 * values:
        return None
    shaped = _shape(_places(batch, heights), frame)
    return _Fast(shaped, _last_numbers(shaped, full=not nulls))


def _last_numbers(frame: pl.DataFrame, *, full: bool) -> list[tuple[int, dict[str, float]]]:
    """The last number of every key of each source; in a frame that is `full` these are its last row."""
    keys = [name for name in frame.columns if name.startswith(PREFIX)]
    if full:
        sources = frame["source"].to_numpy()
        found = frame[np.append(np.flatnonzero(sources[1:] != sources[:-1]), sources.size - 1)].select("source", *keys)
    else:
        found = frame.group_by("source", maintain_order=True).agg(pl.col(keys).drop_nulls().last())
    return [
        (source, {key[1:]: value for key, value in zip(keys, values, strict=True) if value is not None})
        for source, *values in found.iter_rows()
    ]


def _with_stand_ins(data: bytes) -> tuple[bytes, list[int]]:
    """The data with numbers for the names of non-finite ones, and how many of each name these stand for."""
    counts = []
    for text, stand_in, _ in _NON_FINITE:
        digits, size = repr(stand_in).encode(), len(data)
        if text in data:
            data = data.replace(b":" + text, b":" + digits).replace(b": " + text, b": " + digits)
        counts.append((len(data) - size) // (len(digits) - len(text)))
    return data, counts


def _read_stand_ins(data: bytes, schema: dict[str, Any], counts: list[int]) -> pl.DataFrame | None:
    """Reads numbers and turns the stand-ins back; None when somebody did log one of them, or it cannot be read."""
    try:
        frame = pl.read_ndjson(data, schema=schema)
    except pl.exceptions.PolarsError:
        return None
    stand_ins = [(old, new, count) for (_, old, new), count in zip(_NON_FINITE, counts, strict=True) if count]
    for old, _, count in stand_ins:
        if sum(frame.select(pl.all().eq(old).sum()).row(0)) != count:
            return None
    return frame.select(pl.all().replace([old for old, _, _ in stand_ins], [new for _, new, _ in stand_ins]))


def _quotes(data: bytes) -> int:
    return int(np.count_nonzero(np.frombuffer(data, np.uint8) == ord('"')))


def _places(batch: Sequence[Block], heights: list[int]) -> list[pl.Series]:
    """Which source and line each row of the batch came from."""
    starts = np.cumsum([0, *heights[:-1]])
    offsets = np.repeat(np.array([block.line for block in batch]) - starts, heights)
    return [
        pl.Series("source", np.repeat(np.array([block.source for block in batch], np.uint32), heights)),
        pl.Series("line", (np.arange(sum(heights)) + offsets).astype(np.uint32)),
    ]


def _shape(places: list[pl.Series], frame: pl.DataFrame) -> pl.DataFrame:
    """Brings a frame with raw keys into the form that the module's head describes."""
    missing = pl.Series([None], dtype=pl.Float64).new_from_index(0, frame.height)
    axes = [(frame[key] if key in frame.columns else missing).alias(name) for key, name in AXES.items()]
    metrics = [frame[name].alias(PREFIX + name) for name in frame.columns if name not in AXES]
    return pl.DataFrame([*places, *axes, *metrics])


def _read_lines(block: Block, parsed: Parsed) -> None:
    rows: list[tuple[int, dict[str, float]]] = []
    latest = parsed.latest.setdefault(block.source, {})
    kinds = parsed.kinds.setdefault(block.source, set())
    bad: list[BadLine] = []
    for at, line in enumerate(block.data.split(b"\n")[:-1], block.line):
        decoded, found = decode_line(line)
        for row in decoded:
            numbers = _numbers(row, latest, kinds)
            if "_step" in row and "_step" not in numbers and row["_step"] is not None:
                found = f"the step {str(row['_step'])[:40]!r}, which is no number"
            rows.append((at, numbers))
        if found is not None:
            bad.append(BadLine(block.source, at + 1, found))
    parsed.bad += bad[:_MAX_PROBLEMS]
    if len(bad) > _MAX_PROBLEMS:
        parsed.bad.append(BadLine(block.source, 0, f"{len(bad) - _MAX_PROBLEMS} more such lines"))
    parsed.frames.extend(_frames(block.source, rows))


def _numbers(row: dict[str, Any], latest: dict[str, Any], kinds: set[str]) -> dict[str, float]:
    """The numbers of a row; what it says last of each key goes to `latest`, the types of typed values to `kinds`."""
    numbers: dict[str, float] = {}
    for key, value in row.items() if not any(type(value) is dict for value in row.values()) else flatten(row):
        as_number = value if type(value) is float else number(value)
        if as_number is not None:
            numbers[key] = as_number
        if value is not None and key not in AXES:
            typed = isinstance(value, dict) and "_type" in value
            latest[key] = {**value, "_step": row.get("_step")} if typed else value
            if typed:
                kinds.update(kinds_in(value))
    return numbers


def kinds_in(stub: dict[str, Any]) -> Iterator[str]:
    """The type of a typed value, and those of the values that it holds as `items`."""
    yield str(stub["_type"])
    items = stub.get("items")
    for item in items if isinstance(items, list) else ():
        if isinstance(item, dict) and "_type" in item:
            yield str(item["_type"])


def _frames(source: int, rows: list[tuple[int, dict[str, float]]]) -> Iterator[pl.DataFrame]:
    keys = set().union(*(row.keys() for _, row in rows)) if rows else set()
    cells = sum(len(row) for _, row in rows)
    if len(rows) * len(keys) <= max(_SMALL, _SPARSE * cells):
        groups = [rows] if rows else []
    else:
        ordered = sorted(rows, key=lambda item: sorted(item[1]))
        groups = [list(group) for _, group in groupby(ordered, key=lambda item: item[1].keys())]
    for group in groups:
        yield _frame(source, group)


def _frame(source: int, rows: list[tuple[int, dict[str, float]]]) -> pl.DataFrame:
    keys = sorted(set().union(*(row.keys() for _, row in rows)))
    columns = [
        pl.Series("source", [source] * len(rows), dtype=pl.UInt32),
        pl.Series("line", [line for line, _ in rows], dtype=pl.UInt32),
        *(pl.Series(AXES.get(key, PREFIX + key), [row.get(key) for _, row in rows], dtype=pl.Float64) for key in keys),
    ]
    columns += [pl.Series(name, [None] * len(rows), dtype=pl.Float64) for key, name in AXES.items() if key not in keys]
    frame = pl.DataFrame(columns)
    return frame.select("source", "line", *AXES.values(), *(PREFIX + key for key in keys if key not in AXES))
