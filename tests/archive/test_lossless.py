"""A packed file gives back every byte: whatever the rows are, however they were spelled, and wherever they are torn."""

import json
import math
import os
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runstore.archive.opening import open_lines
from runstore.archive.pack import Pack
from runstore.archive.replacing import pack, unpack
from runstore.archive.spelling import SPELLINGS, shortest
from runstore.errors import StoreError
from runstore.reading.ndjson import BLOCK_BYTES, Parsed, parse
from runstore.reading.packed import read_pack
from runstore.reading.sources import read_new

KEYS = st.text(max_size=6) | st.sampled_from(
    ["_step", "_runtime", "_timestamp", "loss", "a.b", "#shape", "loss (whole)"]
)
NUMBERS = (
    st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(-(2**70), 2**70)
    | st.sampled_from([0, 1, -0.0, 1e-5, 1e-7, 1e16, 1e22, 5e-324, 2**53 + 1, 2**63, -(2**63)])
)
VALUES = st.recursive(
    NUMBERS | st.text(max_size=5) | st.booleans() | st.none() | st.sampled_from(["NaN", "Infinity", "-Infinity"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=4,
)
ROWS = st.dictionaries(KEYS, VALUES, max_size=5) | st.dictionaries(
    st.sampled_from(["_step", "loss", "accuracy"]), NUMBERS, min_size=1
)
SPELLERS = st.sampled_from(
    [
        lambda row: json.dumps(row).encode(),
        lambda row: json.dumps(row, ensure_ascii=False).encode("utf-8", "surrogatepass"),
        lambda row: json.dumps(row, separators=(",", ":")).encode(),
        lambda row: json.dumps(row, indent=None, separators=(" ,", " : ")).encode(),
    ]
)
WICKED = st.sampled_from(
    [
        b"",
        b" ",
        b"\r",
        b"\0\0\0",
        b"{",
        b"[1]",
        b"null",
        b"{}",
        b'{"loss": NaN}',
        b'{"loss":1e5}',
        b'{"loss":1E+05}',
        b'{"loss":-0}',
        b'{"loss":0.10}',
        b'{"loss":1,"loss":2}',
        b'{"loss":1}{"loss":2}',
        b'{"loss":1},{"loss":2}',
        b'{"loss":123456789012345678901234567890}',
        b'\xef\xbb\xbf{"loss":1}',
        b'{"k\xff":1}',
        b'{"\\u006coss":1}',
        b'{"t":"\\ud800"}',
        b'  {"loss":1.5}',
        b'{"loss":1.5}\r',
    ]
)
LINES = st.lists(
    st.tuples(ROWS, SPELLERS).map(lambda pair: pair[1](pair[0])) | WICKED | st.binary(max_size=8), max_size=20
)
FILES = st.tuples(LINES, st.sampled_from([b"", b"\n", b'{"loss":', b'{"loss":1}', b"\0"])).map(
    lambda parts: b"\n".join(parts[0]) + parts[1]
)
IN_ONE_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)


def write(folder: Path, data: bytes, name: str = "history.jsonl") -> Path:
    """A file of lines that is long enough to pay: blank rows that any Parquet file is shorter than stand before."""
    for path in folder.iterdir():
        path.unlink()
    path = folder / name
    path.write_bytes(data)
    return path


def padded(data: bytes) -> bytes:
    return data + (b"" if data.endswith(b"\n") or not data else b"\n") + b'{"_step":1,"padding":0.5}\n' * 600


@IN_ONE_FOLDER
@given(FILES)
def test_undoing_gives_back_the_very_same_bytes(tmp_path: Path, data: bytes) -> None:
    for whole in (padded(data), padded(b"") + data):
        path = write(tmp_path, whole)
        done = pack(path)
        assert done.done
        assert done.after < done.before == len(whole)
        assert os.listdir(tmp_path) == ["history.parquet"]
        with open_lines(path) as file:
            assert file.read() == whole
        unpack(done.path)
        assert os.listdir(tmp_path) == ["history.jsonl"]
        assert path.read_bytes() == whole


def read_lines(path: Path) -> tuple[Parsed, Any]:
    blocks = []
    reading = read_new(path, path.stat(), None, 0)
    while True:
        try:
            blocks.append(next(reading))
        except StopIteration as stop:
            return parse(blocks), stop.value


def cells(frames: list[pl.DataFrame]) -> set[tuple[Any, ...]]:
    return {
        (row["line"], name, repr(value))
        for frame in frames
        for row in frame.iter_rows(named=True)
        for name, value in row.items()
        if value is not None
    }


@IN_ONE_FOLDER
@given(FILES)
def test_numbers_are_read_as_from_the_lines(tmp_path: Path, data: bytes) -> None:
    path = write(tmp_path, padded(b"") + data)
    parsed, source = read_lines(path)
    packed = pack(path).path
    known, again = read_pack(packed, packed.stat(), 0)
    assert cells(again.frames) == cells(parsed.frames)
    assert repr(again.latest) == repr(parsed.latest)
    assert again.bad == parsed.bad
    assert {number: kinds for number, kinds in again.kinds.items() if kinds} == {
        number: kinds for number, kinds in parsed.kinds.items() if kinds
    }
    assert (known.lines, known.torn, known.open_line) == (source.lines, source.torn, source.open_line)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_are_spelled_as_the_recorder_spells_them(value: float) -> None:
    assert shortest(value).encode() == orjson.dumps(value)


@given(st.lists(st.floats() | st.none()))
@pytest.mark.parametrize("name", SPELLINGS)
def test_a_release_of_polars_that_writes_other_digits_changes_nothing(name: str, values: list[float | None]) -> None:
    series = pl.Series("x", values, dtype=pl.Float64)
    assert SPELLINGS[name].floats(series).to_list() == SPELLINGS[name].floats(series, slowly=True).to_list()


def test_digits_that_polars_would_write_otherwise_are_found_by_checksum(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = b"".join(b'{"_step":%d,"lr":%s}\n' % (step, orjson.dumps(1e-5 / (step + 1))) for step in range(3000))
    packed = pack(write(tmp_path, rows)).path
    cast = pl.Series.cast
    monkeypatch.setattr(
        pl.Series,
        "cast",
        lambda series, kind: cast(series, kind).str.replace("e-", "E-") if kind == pl.String else cast(series, kind),
    )
    with open_lines(packed) as file:
        assert file.read() == rows


def test_files_of_several_blocks_and_shapes(tmp_path: Path) -> None:
    rows = []
    for step in range(150_000):
        row = {"loss": 1 / (step + 1), "_step": step, "pad": "x" * (step % 7)}
        rows.append(orjson.dumps(row if step % 100 else {**row, "val": math.sqrt(step), "text": [step]}) + b"\n")
    data = b"".join(rows) + b'{"loss": tor'
    path = write(tmp_path, data)
    parsed, _ = read_lines(path)
    packed = pack(path).path
    _, again = read_pack(packed, packed.stat(), 0)
    assert len(Pack.open(packed).head.chunks) == 1 + len(data) // BLOCK_BYTES > 1
    assert repr(again.latest) == repr(parsed.latest)
    assert sum(frame.height for frame in again.frames) == 150_000
    unpack(packed)
    assert path.read_bytes() == data


def test_whoever_reads_parquet_reads_the_values(tmp_path: Path) -> None:
    rows = [{"_step": step, "loss": 1 / (step + 1), "phase": "warm"} for step in range(2000)]
    packed = pack(write(tmp_path, b"".join(orjson.dumps(row) + b"\n" for row in rows))).path
    frame = pl.read_parquet(packed)
    assert frame["loss"].to_list() == [row["loss"] for row in rows]
    assert frame["_step"].to_list() == list(range(2000))


def test_what_would_not_become_smaller_stays(tmp_path: Path) -> None:
    path = write(tmp_path, b'{"a":1}\n')
    assert not pack(path).done
    assert os.listdir(tmp_path) == ["history.jsonl"]


@pytest.mark.parametrize("damage", [lambda data: data[:-9], lambda data: b"", lambda data: b"PAR1" + data[4:][::-1]])
def test_a_damaged_pack_is_told_of_and_left_alone(tmp_path: Path, damage: Any) -> None:
    packed = pack(write(tmp_path, padded(b""))).path
    packed.write_bytes(damage(packed.read_bytes()))
    left = packed.read_bytes()
    with pytest.raises(StoreError, match=r"history\.parquet"):
        unpack(packed)
    with pytest.raises(OSError, match=r"history\.parquet"):
        open_lines(packed)
    assert packed.read_bytes() == left
