"""Tables: how they are made, where they are kept, and what stands for them in the history."""

import datetime
import hashlib
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import polars
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import runstore
from runstore.errors import UsageError
from runstore.format import values
from runstore.media import base, parquet
from runstore.media.joined import JoinedTable, PartitionedTable
from runstore.media.table import load_rows, load_table
from runstore.recording.media import MediaFiles
from runstore.recording.run import Run
from runstore.recording.saver import Saver
from runstore.recording.trouble import Trouble
from tests.media.conftest import Log
from tests.processes import load, rows
from tests.recording.conftest import folder_of


def stored(run: Run, table: Any, key: str = "t") -> dict[str, Any]:
    """The file of `table` after it was logged."""
    run.log({key: table})
    found = load(folder_of(run) / rows(folder_of(run))[-1][key]["path"])
    assert isinstance(found, dict)
    assert found.pop("nrows") == len(found["data"])
    return found


class Frame:
    """As much of a pandas frame as a table asks for."""

    columns = ("a", "b")

    def itertuples(self, index: bool, name: None) -> list[tuple[Any, ...]]:
        assert not index
        return [(1, "x"), (2, math.nan)]


@pytest.mark.parametrize(
    "table",
    [
        lambda: runstore.Table(columns=["a", "b"], data=[[1, "x"], [2, math.nan]]),
        lambda: runstore.Table(["a", "b"], [(1, "x"), (2, math.nan)]),
        lambda: runstore.Table(columns=["a", "b"], rows=[[1, "x"], [2, math.nan]]),
        lambda: runstore.Table(dataframe=polars.DataFrame({"a": [1, 2], "b": ["x", "NaN"]})),
        lambda: runstore.Table(dataframe=Frame()),
        lambda: runstore.Table(data=Frame()),
        lambda: polars.DataFrame({"a": [1, 2], "b": ["x", "NaN"]}),
        lambda: Frame(),
    ],
    ids=[
        "lists",
        "positions",
        "rows",
        "Polars",
        "pandas",
        "pandas as data",
        "a bare Polars frame",
        "a bare pandas frame",
    ],
)
def test_a_table_is_kept_as_columns_and_rows(run: Run, table: Callable[[], Any]) -> None:
    head = stored(run, table())
    assert head.pop("types")[0] == "number"
    assert head == {"columns": ["a", "b"], "data": [[1, "x"], [2, "NaN"]]}


def test_tables_grow_by_rows_and_columns(run: Run) -> None:
    table = runstore.Table(columns=["a"])
    table.add_data(1)
    table.add_row(2)
    table.add_column("b", ["x", "y"])
    assert table.get_column("b") == ["x", "y"]
    assert list(table.get_column("a", convert_to="numpy")) == [1, 2]
    assert list(table.iterrows()) == [(0, [1, "x"]), (1, [2, "y"])]
    assert stored(run, table) == {
        "columns": ["a", "b"],
        "types": ["number", "string"],
        "data": [[1, "x"], [2, "y"]],
    }


def test_cells_are_plain_and_what_has_no_plain_form_is_its_text(run: Run) -> None:
    class Opaque:
        def __str__(self) -> str:
            return "opaque"

    cells = [numpy.int8(1), [1, (2,)], Opaque(), None, True]
    table = runstore.Table(columns=["a"], data=[[cell] for cell in cells], allow_mixed_types=True)
    assert stored(run, table)["data"] == [[1], [[1, [2]]], ["opaque"], [None], [True]]


@pytest.mark.parametrize(
    "misuse",
    [
        lambda: runstore.Table(columns=["a", "b"], data=[[1]]),
        lambda: runstore.Table(columns=["a"], data="text"),
        lambda: runstore.Table(columns=["a"], data=[1, 2]),
        lambda: runstore.Table(columns=["a"], data={"a": [1]}),
        lambda: runstore.Table(dataframe=[[1]]),
        lambda: runstore.Table(pytest.importorskip("pandas").DataFrame({"a": [1]})),
        lambda: runstore.Table(columns=["a"]).get_column("b"),
        lambda: runstore.Table(columns=["a"], data=[[1]]).add_column("b", [1, 2]),
        lambda: runstore.Table(columns=["a"], data=[[1]]).get_column("a", convert_to="torch"),
    ],
)
def test_misuse_is_one_clear_error(misuse: Callable[[], Any]) -> None:
    with pytest.raises(UsageError) as caught:
        misuse()
    assert "\n" not in str(caught.value)


def test_the_row_names_the_file_its_digest_size_and_shape(run: Run) -> None:
    run.log({"val/t <1>": runstore.Table(columns=["a"], data=[[1], [2]])}, step=4, commit=True)
    [row] = rows(folder_of(run))
    stub = row["val/t <1>"]
    data = (folder_of(run) / stub["path"]).read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    assert stub == {
        "_type": "table-file",
        "path": f"media/table/val_t_1__4_{digest[:20]}.table.json",
        "sha256": digest,
        "size": len(data),
        "ncols": 1,
        "nrows": 2,
    }


def test_equal_content_is_kept_once(run: Run) -> None:
    for _ in range(3):
        run.log({"t": runstore.Table(columns=["a"], data=[[1]])})
    assert len({row["t"]["path"] for row in rows(folder_of(run))}) == 1
    assert len(list((folder_of(run) / "media" / "table").iterdir())) == 1


@pytest.mark.parametrize("key", ["../../../evil", "/etc/evil", "a\x00b", "x" * 500, "..", "é/ü"])
def test_no_key_leads_out_of_the_media_folder(run: Run, key: str) -> None:
    stored(run, runstore.Table(columns=["a"], data=[[1]]), key)
    media = folder_of(run) / "media"
    assert len([path for path in media.rglob("*") if path.is_file()]) == 1
    assert {path.name for path in folder_of(run).parent.iterdir()} == {run.id}


def test_a_table_in_the_summary_is_kept_too(run: Run) -> None:
    run.summary["t"] = runstore.Table(columns=["a"], data=[[1]])
    stub = load(folder_of(run) / "summary.json")["t"]
    assert load(folder_of(run) / stub["path"])["data"] == [[1]]


def test_a_table_imports_neither_pandas_nor_polars_nor_numpy(tmp_path: Path) -> None:
    code = (
        "import sys, runstore\n"
        "run = runstore.init(dir=sys.argv[1], settings={'disable_git': True})\n"
        "run.log({'t': runstore.Table(columns=['a'], data=[[1.5]]), 'x': 1.5})\n"
        "run.finish()\n"
        "print([name for name in ('pandas', 'polars', 'numpy') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ([1, 2.5, None, math.nan, numpy.float32(1)], "number"),
        (["a", None, ""], "string"),
        ([True, False, numpy.bool_(True)], "boolean"),
        ([datetime.datetime(2026, 1, 2, 3), datetime.date(2026, 1, 2)], "timestamp"),
        ([[1], [2, 3], [], None], "list"),
        ([{"a": 1}, {"a": 2.5}, None], "typedDict"),
        ([None, None], "none"),
    ],
)
def test_a_column_takes_its_type_from_its_first_values(cells: list[Any], kind: str, log: Log, folder: Path) -> None:
    stub = log(runstore.Table(columns=["a"], data=[[cell] for cell in cells]))
    assert load(folder / stub["path"])["types"] == [kind]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (1, "x"),
        ("x", 1),
        (True, 1),
        (1, True),
        (1, [1]),
        ([1], ["x"]),
        ({"a": 1}, {"b": 1}),
        (datetime.date.today(), 1),
    ],
)
def test_values_of_another_type_than_their_columns_are_refused(first: Any, second: Any) -> None:
    with pytest.raises(TypeError, match="Data row contained incompatible types:") as caught:
        runstore.Table(columns=["a"], data=[[first], [second]])
    assert isinstance(caught.value, UsageError)
    assert "\n" not in str(caught.value)
    table = runstore.Table(columns=["a"], data=[[first]])
    with pytest.raises(TypeError, match=r"Key 'a': .* not assignable to"):
        table.add_data(second)
    assert table.data == [[first]]
    assert len(runstore.Table(columns=["a"], data=[[first], [second]], allow_mixed_types=True).data) == 2


def test_none_stands_where_a_column_is_optional_and_nan_counts_as_none() -> None:
    runstore.Table(columns=["a"], data=[[None], [1], [math.nan]])
    for missing in (None, math.nan):
        with pytest.raises(TypeError):
            runstore.Table(columns=["a"], data=[[1], [missing]], optional=False)
    with pytest.raises(TypeError):
        runstore.Table(columns=["a"], data=[[1]]).add_column("b", [None])
    runstore.Table(columns=["a"], data=[[1]]).add_column("b", [None], optional=True)
    runstore.Table(columns=["a"], data=[[math.nan], ["text after a gap"]])


def test_a_type_can_be_asked_for_and_cast() -> None:
    table = runstore.Table(columns=["a", "b"], dtype=[int, str])
    table.add_data(1, "x")
    with pytest.raises(TypeError):
        table.add_data("x", "x")
    table = runstore.Table(columns=["a"], data=[["x"]])
    with pytest.raises(TypeError, match="Existing data x, of type String cannot be cast to Number"):
        table.cast("a", int)
    classes = runstore.Classes([{"id": 0, "name": "cat"}])
    labelled = runstore.Table(columns=["a"], data=[[0]])
    labelled.cast("a", classes)
    with pytest.raises(TypeError):
        labelled.add_data(7)
    images = runstore.Table(columns=["a"], dtype=runstore.Image)
    images.add_data(runstore.Image(numpy.zeros((2, 2))))
    with pytest.raises(TypeError):
        images.add_data(1)


def test_columns_are_computed_from_rows() -> None:
    table = runstore.Table(columns=["x", "y"], data=[[3, 1], [4, 6]])
    table.add_computed_columns(lambda number, row: {"diff": row["x"] - row["y"], "at": int(number)})
    assert table.columns == ["x", "y", "diff", "at"]
    assert table.data == [[3, 1, 2, 0], [4, 6, -2, 1]]


def test_a_table_gives_a_pandas_frame() -> None:
    pandas = pytest.importorskip("pandas")
    table = runstore.Table(dataframe=pandas.DataFrame({"a": [1, 2], "b": ["x", None]}))
    assert table.columns == ["a", "b"]
    assert table.get_dataframe()["a"].tolist() == [1, 2]


def test_rows_of_one_table_lead_to_rows_of_another(log: Log, folder: Path) -> None:
    people = runstore.Table(columns=["id", "age"], data=[["ann", 30], ["bob", 40]])
    people.set_pk("id")
    visits = runstore.Table(columns=["who", "at", "row"], data=[["bob", 1, 0]])
    visits.set_fk("who", people, "id")
    visits.cast("row", people.index_ref(0).table_type())
    visits.add_data("ann", 2, people.index_ref(1))
    assert visits.data[0][0].get_row() == {"id": "bob", "age": 40}
    assert visits.data[1][2].get_row() == {"id": "bob", "age": 40}
    with pytest.raises(UsageError, match="cannot be cast to String"):
        people.cast("id", str)
    head = load(folder / log(visits)["path"])
    assert head["data"] == [["bob", 1, 0], ["ann", 2, 1]]
    assert load(folder / head["keys"]["foreign"]["who"]["table"]["path"])["keys"] == {"primary": "id"}


def test_two_tables_that_lead_to_each_other_are_kept(log: Log, folder: Path) -> None:
    one = runstore.Table(columns=["id", "other"], data=[["a", "b"]])
    two = runstore.Table(columns=["id", "other"], data=[["b", "a"]])
    one.set_fk("other", two, "id")
    two.set_fk("other", one, "id")
    assert load(folder / log(one)["path"])["data"] == [["a", "b"]]


def test_an_immutable_table_stays_as_it_was_first_logged(begin: Callable[..., Run], capfd: Any) -> None:
    run = begin(settings={"silent": False})
    table = runstore.Table(columns=["a"], data=[[1]])
    run.log({"t": table})
    table.add_data(2)
    run.log({"t": table})
    run.log({"t": table})
    first, second, third = (row["t"] for row in rows(folder_of(run)))
    assert first == second == third
    assert first["nrows"] == 1
    assert capfd.readouterr().err.count("log_mode='IMMUTABLE'") == 1


def test_a_mutable_table_is_kept_as_it_is(run: Run) -> None:
    table = runstore.Table(columns=["a"], data=[[1]], log_mode="MUTABLE")
    for number in (2, 3):
        run.log({"t": table})
        table.add_data(number)
    assert [row["t"]["nrows"] for row in rows(folder_of(run))] == [1, 2]
    assert len({row["t"]["path"] for row in rows(folder_of(run))}) == 2


def test_an_incremental_table_keeps_new_rows_alone(run: Run) -> None:
    table = runstore.Table(columns=["a"], log_mode="INCREMENTAL")
    for number in range(3):
        table.add_data(number)
        run.log({"t": table})
    run.log({"t": table})
    folder = folder_of(run)
    stubs = [row["t"] for row in rows(folder)]
    assert [stub["increment"] for stub in stubs] == [0, 1, 2, 2]
    assert [stub["nrows"] for stub in stubs] == [1, 2, 3, 3]
    assert [load(folder / stub["path"])["data"] for stub in stubs[:3]] == [[[0]], [[1]], [[2]]]
    assert stubs[2]["previous"]["path"] == stubs[1]["path"]
    assert load_table(folder, stubs[2]).data == [[0], [1], [2]]
    assert load_rows(folder, stubs[2], 1, 2) == [[1]]
    with pytest.raises(UsageError, match="not supported for tables with log_mode='INCREMENTAL'"):
        table.add_column("b", [1, 2, 3])


def test_an_incremental_table_goes_on_when_its_run_is_resumed(begin: Callable[..., Run]) -> None:
    first = begin(id="r")
    first.log({"t": runstore.Table(columns=["a"], data=[[0]], log_mode="INCREMENTAL")})
    first.finish()
    second = begin(id="r", resume="must")
    second.log({"t": runstore.Table(columns=["a"], data=[[1]], log_mode="INCREMENTAL")})
    second.finish()
    stub = load(folder_of(second) / "summary.json")["t"]
    assert (stub["increment"], stub["nrows"]) == (1, 2)
    assert load_table(folder_of(second), stub).data == [[0], [1]]


def test_media_in_cells_are_kept_and_replaced_by_what_stands_for_them(log: Log, folder: Path) -> None:
    image = runstore.Image(numpy.full((2, 3), 7, numpy.uint8), caption="c")
    table = runstore.Table(columns=["image", "both"], data=[[image, [image, image]]])
    stub = log(table)
    [[cell, several]] = load(folder / stub["path"])["data"]
    assert (cell["_type"], cell["width"], cell["caption"]) == ("image-file", 3, "c")
    assert (several["_type"], several["count"]) == ("gallery", 2)
    back = load_table(folder, stub).data[0][0]
    assert back.read() == image.read()
    assert back.caption == "c"


def test_a_table_in_a_table_a_frame_and_a_figure_in_cells_are_media(log: Log, folder: Path) -> None:
    inner = runstore.Table(columns=["a"], data=[[1]])
    table = runstore.Table(columns=["t"], data=[[inner], [polars.DataFrame({"a": [1]})]], allow_mixed_types=True)
    cells = [row[0] for row in load(folder / log(table)["path"])["data"]]
    assert [cell["_type"] for cell in cells] == ["table-file", "table-file"]


ODD = [1, 2**70, -1.5, math.inf, math.nan, "x", "NaN", "\ud800", True, None, [1, [math.nan]], {"a": {"b": 2**70}}]


@pytest.mark.parametrize("rows_given", [12, 12_000])
def test_a_table_of_everything_reads_back(rows_given: int, log: Log, folder: Path) -> None:
    """Large ones lie as Parquet, mixed columns as JSON text in it."""
    columns = ["mixed", "n", "n", "s", "b", "f", "empty", "big"]
    data = [
        [ODD[at % 12], at, at * 2, f"é{at}", at % 2 == 0, at / 3 if at % 5 else math.nan, None, 2**60 + at]
        for at in range(rows_given)
    ]
    stub = log(runstore.Table(columns=columns, data=data, allow_mixed_types=True))
    head = load(folder / stub["path"])
    assert ("parquet" in stub) == ("parquet" in head) == (rows_given > 10_000)
    assert head["nrows"] == stub["nrows"] == rows_given
    assert len(head["data"]) == (rows_given if rows_given <= 10_000 else 1_000)
    assert head["types"][1:] == ["number", "number", "string", "boolean", "number", "none", "number"]
    found = load_rows(folder, stub)
    assert [shown(row[1:]) for row in found] == [shown(row[1:]) for row in data]
    assert [cell for row in found[:6] for cell in row[:1]][:4] == ODD[:4]
    assert math.isnan(found[4][0])
    assert found[7][0] == "\\ud800"
    assert found[10][0][0] == 1
    assert math.isnan(found[10][0][1][0])
    assert shown(load_rows(folder, stub, 5, 7)[1]) == shown(found[6])
    assert load_rows(folder, stub, rows_given, None) == []


def shown(row: list[Any]) -> list[Any]:
    return ["nan" if isinstance(cell, float) and math.isnan(cell) else cell for cell in row]


@pytest.mark.parametrize(
    "break_it",
    [
        lambda head: head.write_bytes(b"{"),
        lambda head: head.write_bytes(b"[]"),
        lambda head: head.write_bytes(b'{"columns":["a"],"data":[[1,2]]}'),
        lambda head: head.unlink(),
    ],
)
def test_a_broken_head_is_one_clear_error(break_it: Callable[[Path], Any], log: Log, folder: Path) -> None:
    stub = log(runstore.Table(columns=["a"], data=[[1]]))
    break_it(folder / stub["path"])
    with pytest.raises(UsageError):
        load_rows(folder, stub)


def test_a_broken_parquet_file_is_one_clear_error(log: Log, folder: Path) -> None:
    stub = log(runstore.Table(columns=["a"], data=[[at] for at in range(10_001)]))
    (folder / stub["parquet"]["path"]).write_bytes(b"PAR1")
    with pytest.raises(UsageError, match="is no Parquet file of a table"):
        load_rows(folder, stub)


CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text().filter(lambda text: text not in ("NaN", "Infinity", "-Infinity")),
    st.lists(st.integers(), max_size=3),
)


COLUMNS = st.one_of(
    st.lists(CELLS, min_size=3, max_size=3),
    *(
        st.lists(st.none() | cells, min_size=3, max_size=3)
        for cells in (st.booleans(), st.integers(), st.floats(), st.integers(-9, 9) | st.floats(), st.text())
    ),
)


def expected(column: list[Any]) -> list[Any]:
    return shown([values.well_formed(cell) if isinstance(cell, str) else cell for cell in column])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.lists(st.tuples(CELLS, CELLS), max_size=8))
def test_any_table_reads_back_equal(data: list[tuple[Any, Any]], tmp_path: Path) -> None:
    trouble = Trouble(lambda message: None)
    files = MediaFiles(tmp_path / "media", Saver(trouble), trouble)
    stub = files.store("t", 0, runstore.Table(["a", "b"], data, allow_mixed_types=True))
    assert stub is not None
    assert [shown(row) for row in load_rows(tmp_path, stub)] == [expected(list(row)) for row in data]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(columns=st.lists(COLUMNS, min_size=1, max_size=4), names=st.lists(st.text(), min_size=4, max_size=4))
def test_any_columns_read_back_from_parquet(columns: list[list[Any]], names: list[str], tmp_path: Path) -> None:
    content, texts = parquet.write(names[: len(columns)], columns)
    (tmp_path / "t.parquet").write_bytes(content)
    rows_found = parquet.read(tmp_path / "t.parquet", texts, 0, 3)
    found = [values.revive(list(column)) for column in zip(*rows_found, strict=True)]
    assert [shown(column) for column in found] == [expected(values.revive(column)) for column in columns]


def test_a_large_table_imports_polars_only_then(tmp_path: Path) -> None:
    code = (
        "import sys, runstore\n"
        "run = runstore.init(dir=sys.argv[1], settings={'disable_git': True})\n"
        "run.log({'t': runstore.Table(columns=['a'], data=[[1.5]] * 10_000)})\n"
        "print('polars' in sys.modules)\n"
        "run.log({'t': runstore.Table(columns=['a'], data=[[1.5]] * 10_001)})\n"
        "print('polars' in sys.modules)\n"
        "run.finish()\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def test_a_joined_table_keeps_both(log: Log, folder: Path) -> None:
    one = runstore.Table(columns=["id", "a"], data=[["x", 1], ["y", 2]])
    two = runstore.Table(columns=["key", "b"], data=[["y", 3], ["y", 4]])
    back = base.load(folder, log(JoinedTable(one, two, ["id", "key"])))
    assert isinstance(back, JoinedTable)
    assert [row["1.b"] for row in back.rows()] == [3, 4]
    with pytest.raises(ValueError, match="join_key should be"):
        JoinedTable(one, two, ["a", "b", "c"])


def test_a_partitioned_table_goes_through_its_parts(tmp_path: Path) -> None:
    for name, start in (("a", 0), ("b", 2)):
        path = tmp_path / "parts" / f"{name}.table.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f'{{"columns":["n"],"data":[[{start}],[{start + 1}]]}}')
    table = base.load(tmp_path, {"_type": "partitioned-table", "parts_path": "parts"})
    assert isinstance(table, PartitionedTable)
    assert list(table.iterrows()) == [(0, [0]), (1, [1]), (2, [2]), (3, [3])]


def test_a_table_is_shown_as_a_frame_of_polars() -> None:
    image = runstore.Image(numpy.zeros((2, 2)))
    table = runstore.Table(["n", "x", "what", "picture", "n"], allow_mixed_types=True)
    table.add_data(1, 0.5, "<b>", image, {"a": [1]})
    table.add_data(None, math.nan, 3, None, None)
    frame = table.frame()
    assert frame.columns == ["n", "x", "what", "picture", "n_2"]
    assert frame.row(0) == (1, 0.5, '"<b>"', "(Image)", '{"a":[1]}')
    assert frame.row(1)[0] is None
    assert math.isnan(frame.row(1)[1])
    assert "&lt;b&gt;" in table._repr_html_()
    assert runstore.Table(columns=["a"])._repr_html_()
