"""Whatever is logged is read back equal: any row, through torn ends and resumes."""

import json
import math
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

import runstore
from runstore.format.values import parse_line, revive
from runstore.reading.rows import decode_line, flatten
from runstore.reading.store import read_store
from runstore.recording import current
from tests.recording.conftest import QUIET

NAMES_OF_FLOATS = {"NaN", "Infinity", "-Infinity"}

keys = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="."), min_size=1, max_size=8).filter(
    lambda key: not key.startswith("_")
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12).filter(lambda text: text not in NAMES_OF_FLOATS)
long = st.integers(2**63 - 2, 2**64 + 2) | st.integers(10**30, 10**40)
scalars = st.none() | st.booleans() | st.integers() | long | long.map(lambda number: -number) | st.floats() | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=8,
)
rows = st.dictionaries(keys, values, min_size=1, max_size=5)
logs = st.lists(rows, min_size=1, max_size=6)


@contextmanager
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp())
    try:
        yield made
    finally:
        current.put(None)
        shutil.rmtree(made)


def write(root: Path, data: list[dict[str, Any]], **arguments: Any) -> Path:
    with runstore.init(dir=root, project="p", id="r", settings={**QUIET, "disable_stats": True}, **arguments) as run:
        for row in data:
            run.log(row)
        return Path(run.dir).parent


def read(path: Path) -> list[dict[str, Any]]:
    """The rows of a history without their axes, as they were logged: NaN is NaN again."""
    found = [row for line in path.read_bytes().split(b"\n") for row in decode_line(line)[0]]
    return [{key: revive(value) for key, value in row.items() if not key.startswith("_")} for row in found]


def expected(row: dict[str, Any]) -> dict[str, Any]:
    """A row as the store holds it: nested keys joined by dots."""
    return dict(flatten(json.loads(json.dumps(row))))


def same(one: Any, other: Any) -> bool:
    """Equality by type and value, where NaN is NaN and 1 is not 1.0."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    return type(one) is type(other) and one == other


@given(logs)
def test_any_row_is_read_back_equal_and_in_order(data: list[dict[str, Any]]) -> None:
    with folder() as root:
        found = read(write(root, data) / "history.jsonl")
        assert len(found) == len(data)
        for one, other in zip(found, data, strict=True):
            assert same(dict(flatten(one)), expected(other)), (one, other)


def without_axes(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in flatten(row) if not key.startswith("_")}


def last_of(data: list[dict[str, Any]]) -> dict[str, Any]:
    """The last value of each flat key, None aside."""
    return {key: value for row in data for key, value in expected(row).items() if value is not None}


@given(logs, st.booleans())
@settings(max_examples=60)
def test_every_reader_of_rows_reads_them_back_equal(data: list[dict[str, Any]], late: bool) -> None:
    with folder() as root:
        run = write(root, data)
        if late:  # A history whose steps do not rise is read row by row.
            with (run / "history.jsonl").open("ab") as file:
                file.write(b'{"_step": 0}\n')
        (run / "summary.json").unlink()
        api = runstore.Api(root).run("p/r")
        found = [row for row in map(without_axes, api.scan_history()) if row]
        assert all(same(*pair) for pair in zip(found, [row for row in map(expected, data) if row], strict=True))
        sampled = [row for row in map(without_axes, api.history(pandas=False)) if row]
        assert all(same(*pair) for pair in zip(sampled, found, strict=True))
        [record] = read_store(root).projects[0].runs
        assert same(dict(record.summary), last_of(data))
        lines = (run / "history.jsonl").read_bytes().splitlines()[: len(data)]
        again = [without_axes(revive(parse_line(line))) for line in lines]
        assert all(same(*pair) for pair in zip(again, map(expected, data), strict=True))


@given(logs, logs, st.integers(0, 60))
@settings(max_examples=30)
def test_a_resume_behind_a_torn_end_keeps_every_whole_row(
    first: list[dict[str, Any]], second: list[dict[str, Any]], lost: int
) -> None:
    with folder() as root:
        run = write(root, first)
        history = run / "history.jsonl"
        torn = history.read_bytes()[: -lost or None]
        whole = torn.count(b"\n")
        history.write_bytes(torn)
        write(root, second, resume="must")
        found = read(history)[:whole] + read(run / "history.2.jsonl")
        assert [
            same(dict(flatten(one)), expected(other)) for one, other in zip(found, first[:whole] + second, strict=True)
        ]
        [record] = read_store(root).projects[0].runs
        assert record.rows >= whole + len(second)


@given(st.dictionaries(keys, scalars, min_size=1, max_size=5))
@settings(max_examples=30)
def test_the_summary_is_read_back_equal_too(row: dict[str, Any]) -> None:
    with folder() as root:
        write(root, [row])
        [record] = read_store(root).projects[0].runs
        for key, value in row.items():
            if value is not None:
                assert same(record.summary[key], value), key
