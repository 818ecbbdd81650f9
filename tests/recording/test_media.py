"""Tables: how they are made, where they are kept, and what stands for them in the history."""

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

import runstore
from runstore.errors import UsageError
from runstore.recording.run import Run
from tests.processes import load, rows
from tests.recording.conftest import folder_of


def stored(run: Run, table: Any, key: str = "t") -> dict[str, Any]:
    """The file of `table` after it was logged."""
    run.log({key: table})
    found = load(folder_of(run) / rows(folder_of(run))[-1][key]["path"])
    assert isinstance(found, dict)
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
    assert stored(run, table()) == {"columns": ["a", "b"], "data": [[1, "x"], [2, "NaN"]]}


def test_tables_grow_by_rows_and_columns(run: Run) -> None:
    table = runstore.Table(columns=["a"])
    table.add_data(1)
    table.add_row(2)
    table.add_column("b", ["x", "y"])
    assert table.get_column("b") == ["x", "y"]
    assert list(table.get_column("a", convert_to="numpy")) == [1, 2]
    assert list(table.iterrows()) == [(0, [1, "x"]), (1, [2, "y"])]
    assert stored(run, table) == {"columns": ["a", "b"], "data": [[1, "x"], [2, "y"]]}


def test_cells_are_plain_and_what_has_no_plain_form_is_its_text(run: Run) -> None:
    class Opaque:
        def __str__(self) -> str:
            return "opaque"

    table = runstore.Table(columns=["a"], data=[[numpy.int8(1)], [[1, (2,)]], [Opaque()], [None], [True]])
    assert stored(run, table)["data"] == [[1], [[1, [2]]], ["opaque"], [None], [True]]


@pytest.mark.parametrize(
    "misuse",
    [
        lambda: runstore.Table(columns=["a", "b"], data=[[1]]),
        lambda: runstore.Table(columns=["a"], data="text"),
        lambda: runstore.Table(columns=["a"], data=[1, 2]),
        lambda: runstore.Table(columns=["a"], data={"a": [1]}),
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
    assert load(folder_of(run) / stub["path"]) == {"columns": ["a"], "data": [[1]]}


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
