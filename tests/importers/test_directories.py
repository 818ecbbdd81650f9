"""Directories and databases of strangers: whatever they hold is brought, told or refused, and never raises."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstore.format.layout import StoreLayout
from runstore.format.records import create_store
from runstore.importers import dvclive, sacred, trackio
from runstore.importers.dvclive_plots import parsed
from runstore.importers.jsonpickled import as_data
from runstore.importers.series import Point, joined
from runstore.importers.sources import ImportedRun, Problems
from runstore.importers.writing import Brought, bring_or_refuse

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("../../x")
KEYS = st.text(max_size=6) | st.sampled_from(
    ["py/object", "py/tuple", "steps", "values", "timestamps", "_type", "_value", "file_path", "path", "name"]
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)
OBJECTS = st.dictionaries(
    st.sampled_from(
        ["experiment", "host", "meta", "status", "start_time", "resources", "result", "fail_trace", "loss"]
    ),
    VALUES
    | st.fixed_dictionaries({"name": LEAVES, "sources": VALUES, "repositories": VALUES, "dependencies": VALUES})
    | st.fixed_dictionaries({"steps": st.lists(LEAVES), "values": st.lists(VALUES), "timestamps": st.lists(LEAVES)}),
    max_size=5,
)


def bring(run: ImportedRun, folder: Path) -> Brought:
    store = StoreLayout(folder / "experiments")
    create_store(store)
    return bring_or_refuse(run, store, "p", tick=lambda rows: None)


@given(OBJECTS, OBJECTS, OBJECTS, st.binary(max_size=40))
def test_any_directory_of_sacred_is_brought(
    tmp_path_factory: pytest.TempPathFactory, run: Any, metrics: Any, info: Any, output: bytes
) -> None:
    folder = tmp_path_factory.mktemp("sacred")
    (folder / "runs" / "1").mkdir(parents=True)
    for name, content in (("run", run), ("metrics", metrics), ("info", info), ("config", info)):
        (folder / "runs" / "1" / f"{name}.json").write_text(json.dumps(content))
    (folder / "runs" / "1" / "cout.txt").write_bytes(output)
    [found] = sacred.runs([folder / "runs"])
    assert bring(found, folder).outcome == "new"


@given(st.binary(max_size=60), VALUES, st.binary(max_size=40), VALUES)
def test_any_directory_of_dvclive_is_brought(
    tmp_path_factory: pytest.TempPathFactory, lines: bytes, metrics: Any, params: bytes, artifacts: Any
) -> None:
    folder = tmp_path_factory.mktemp("live")
    (folder / "dvclive" / "plots" / "metrics").mkdir(parents=True)
    (folder / "dvclive" / "plots" / "metrics" / "loss.tsv").write_bytes(b"step\tloss\n" + lines)
    (folder / "dvclive" / "plots" / "curve.json").write_text(json.dumps(metrics))
    (folder / "dvclive" / "metrics.json").write_text(json.dumps({"m": metrics}))
    (folder / "dvclive" / "params.yaml").write_bytes(params)
    (folder / "dvclive" / "dvc.yaml").write_text(json.dumps({"artifacts": {"a": artifacts}}))
    [found] = dvclive.runs([folder])
    assert bring(found, folder).outcome == "new"


@given(VALUES, VALUES, st.binary(max_size=20), LEAVES)
def test_any_rows_of_trackio_are_brought(
    tmp_path_factory: pytest.TempPathFactory, row: Any, config: Any, torn: bytes, step: Any
) -> None:
    folder = tmp_path_factory.mktemp("trackio")
    shown = step if not isinstance(step, int) or abs(step) < 1 << 62 else 1
    shown = shown.encode("utf-8", "replace") if isinstance(shown, str) else shown
    with sqlite3.connect(folder / "x.db") as database:
        database.execute("CREATE TABLE metrics (run_id, run_name, timestamp, step, metrics)")
        database.execute("CREATE TABLE configs (run_id, run_name, config, created_at)")
        kinds = ("table", "image", "histogram", "markdown", "other")
        rows = [row, {"a": row}, *({"v": {"_type": f"trackio.{kind}", "_value": row}} for kind in kinds)]
        for content in (*(json.dumps(each).encode() for each in rows), torn):
            database.execute("INSERT INTO metrics VALUES ('r', 'name', ?, ?, ?)", (shown, shown, content))
        database.execute("INSERT INTO configs VALUES ('r', 'name', ?, ?)", (json.dumps(config), shown))
    database.close()
    assert [bring(run, folder).outcome for run in trackio.runs(folder)] == ["new"]


def test_a_view_in_the_place_of_a_table_is_not_asked(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "x.db") as database:
        database.execute("CREATE TABLE configs (run_id, run_name, config, created_at)")
        database.execute("INSERT INTO configs VALUES ('r', 'name', '{}', '')")
        database.execute(
            "CREATE VIEW metrics AS WITH RECURSIVE endless(run_id) AS (SELECT 'r' UNION ALL SELECT run_id "
            "FROM endless) SELECT run_id, 'name' AS run_name, 1 AS step, '{}' AS metrics FROM endless"
        )
    assert [bring(run, tmp_path).rows for run in trackio.runs(tmp_path)] == [0]


def test_a_file_that_is_too_large_to_be_read_whole_is_told(tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "run.json").write_text('{"status": "COMPLETED"}')
    with (tmp_path / "1" / "metrics.json").open("wb") as file:
        file.truncate(3 << 30)
    [found] = sacred.runs([tmp_path])
    brought = bring(found, tmp_path)
    assert (brought.outcome, brought.rows) == ("new", 0)
    [line] = brought.problems.lines
    assert "found 3,221,225,472 bytes, expected at most 1,073,741,824" in line


def test_values_of_one_step_make_as_many_rows() -> None:
    found = joined({"a": [Point(1, "x", 5.0), Point(1, "y", 7.0)], "b": [Point(1, 2, 6.0), Point(0, 3)]})
    assert list(found) == [
        {"_step": 0, "b": 3},
        {"_step": 1, "a": "x", "_timestamp": 6.0, "b": 2},
        {"_step": 1, "a": "y", "_timestamp": 7.0},
    ]


@given(st.integers() | st.floats(allow_nan=False) | st.booleans())
def test_a_number_comes_back_as_it_was_written(number: float) -> None:
    found = parsed(str(number))
    assert (found, type(found)) == (number, type(number))


def test_marks_of_jsonpickle_are_text() -> None:
    problems = Problems()
    assert as_data({"py/tuple": [1, {"py/set": [2]}]}, problems) == [1, [2]]
    assert problems.left_out == {}
    evil = {"py/object": "os.system", "args": {"py/tuple": ["true"]}}
    assert as_data([evil], problems) == [{"py/object": "os.system", "args": ["true"]}]
    assert problems.left_out == {"an object of Python, kept as its data (os.system)": 1}
