"""Tables as runs: what each column is, bad rows by name, the shapes that W&B exports."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from runstore.errors import UsageError
from runstore.importers import frames, mapping
from runstore.importers.sources import ImportedRun


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def only(path: Path, *asked: str) -> ImportedRun:
    [found] = frames.runs(path, path.suffix[1:], mapping.parse(asked))  # type: ignore[arg-type]
    return found


def rows(run: ImportedRun) -> list[dict[str, Any]]:
    return list(run.rows())


def test_a_file_without_a_column_for_runs_is_one(tmp_path: Path) -> None:
    path = write(tmp_path / "lr01" / "metrics.csv", "epoch,loss,lr,opt\n1,0.5,0.1,adam\n2,0.25,0.1,adam\n")
    run = only(path)
    assert (run.name, run.config) == ("lr01", {"lr": 0.1, "opt": "adam"})
    assert rows(run) == [{"loss": 0.5, "_step": 1, "epoch": 1}, {"loss": 0.25, "_step": 2, "epoch": 2}]


def test_rows_are_told_apart_by_a_column(tmp_path: Path) -> None:
    path = write(tmp_path / "all.csv", "run,step,loss,seed\na,0,1.0,1\nb,0,2.0,2\na,1,0.5,1\n")
    a, b = frames.runs(path, "csv")
    assert (a.id, a.config, [row["loss"] for row in rows(a)]) == ("a", {"seed": 1}, [1.0, 0.5])
    assert (b.id, b.config, [row["loss"] for row in rows(b)]) == ("b", {"seed": 2}, [2.0])


def test_a_row_a_run_gives_config_and_summary(tmp_path: Path) -> None:
    path = write(tmp_path / "runs.csv", "id,lr,val_loss\nx,0.1,0.5\ny,0.2,0.4\n")
    x, y = frames.runs(path, "csv")
    assert (x.config, x.summary, rows(x)) == ({"lr": 0.1}, {"val_loss": 0.5}, [])
    assert (y.config, y.summary) == ({"lr": 0.2}, {"val_loss": 0.4})


def test_what_is_asked_for_comes_before_what_is_guessed(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "it,loss,lr,note,x1,x2\n1,2,0.1,hi,5,6\n2,1,0.1,hi,7,8\n")
    run = only(path, "step=it", "metric=lr", "skip=note", "config=x*")
    assert run.config == {"x1": 7, "x2": 8}
    assert rows(run)[0] == {"loss": 2, "lr": 0.1, "_step": 1, "it": 1}


def test_a_column_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "it,loss\n1,2\n")
    with pytest.raises(UsageError, match="--map step=epoch: found no such column; there are it, loss"):
        only(path, "step=epoch")
    with pytest.raises(UsageError, match="expected ROLE=COLUMN"):
        mapping.parse(["stepit"])


def test_rows_with_too_many_cells_are_named_and_left_out(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "step,loss\n1,2\n2,3,4,5\n3,1\n")
    run = only(path)
    assert [row["_step"] for row in rows(run)] == [1, 3]
    assert run.problems.lines == [f"{path}, line 3: found 4 cells, expected 2, one a column; the row is left out"]


def test_bad_lines_of_json_are_named_and_left_out(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", '{"step": 1, "m": {"a": 1}}\nnope\n[1]\n{"step": 2, "m": {"a": NaN}, "b": 3}\n')
    run = only(path)
    first, second = rows(run)
    assert first == {"m.a": 1, "_step": 1}
    assert (second["m.a"] != second["m.a"], second["b"]) == (True, 3)
    assert [line.partition(", ")[2].partition(":")[0] for line in run.problems.lines] == ["line 2", "line 3"]


def test_times_are_epoch_seconds_whatever_they_were(tmp_path: Path) -> None:
    times = [datetime(2024, 1, 1, 0, 0, second, tzinfo=UTC) for second in (0, 2)]
    pl.DataFrame({"time": times, "loss": [1, 2]}).write_parquet(tmp_path / "a.parquet")
    run = only(tmp_path / "a.parquet")
    assert run.created == 1704067200
    assert [row["_timestamp"] for row in rows(run)] == [1704067200, 1704067202]


def test_types_survive(tmp_path: Path) -> None:
    frame = pl.DataFrame({"run": ["a"], "i": [2**60], "b": [True], "t": ["x"], "l": [[1, 2]], "n": [None]})
    frame.write_parquet(tmp_path / "a.parquet")
    assert only(tmp_path / "a.parquet").config == {"i": 2**60, "b": True, "t": "x", "l": [1, 2]}


def test_a_file_that_grows_stays_the_same_run(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "step,loss\n1,2\n")
    before = only(path)
    path.write_text("step,loss\n1,2\n2,1\n")
    after = only(path)
    assert before.source == after.source
    assert before.digest != after.digest


def test_runs_of_the_same_key_in_two_files_are_not_one(tmp_path: Path) -> None:
    one = write(tmp_path / "one.csv", "run,loss\n1,2\n")
    two = write(tmp_path / "two.csv", "run,loss\n1,3\n")
    assert only(one).source != only(two).source


def test_a_chart_that_wandb_exports_is_a_run_a_curve(tmp_path: Path) -> None:
    head = '"Step","run-a - loss","run-a - loss__MIN","run-a - loss__MAX","run-b - loss"'
    path = write(tmp_path / "wandb_export.csv", f"{head}\n0,1.0,1.0,1.0,\n1,0.5,0.5,0.5,3.0\n")
    a, b = frames.runs(path, "csv")
    assert (a.name, [(row["_step"], row["loss"]) for row in rows(a)]) == ("run-a", [(0, 1.0), (1, 0.5)])
    assert (b.name, [(row["_step"], row["loss"]) for row in rows(b)]) == ("run-b", [(1, 3.0)])
    assert a.problems.left_out == {"the least and greatest value between two points": 2}


def test_a_table_that_wandb_exports_is_a_run_a_row(tmp_path: Path) -> None:
    head = '"Name","State","Notes","User","Tags","Created","Runtime","Sweep","lr","val_loss"'
    line = '"fast-fox-1","failed","n","me","a, b","2024-01-01T00:00:00.000Z","12","","0.1","0.5"'
    run = only(write(tmp_path / "wandb_export.csv", f"{head}\n{line}\n"))
    assert (run.name, run.state.state, run.notes, run.tags) == ("fast-fox-1", "failed", "n", ("a", "b"))
    assert (run.created, run.config, run.summary) == (1704067200, {"lr": 0.1}, {"val_loss": 0.5})


def test_the_table_of_wandbs_own_recipe_holds_mappings(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "summary": [str({"loss": 0.5, "_step": 3, "_wandb": {"runtime": 1}}), "{"],
            "config": [json.dumps({"lr": 0.1}), str({"lr": 0.2, "__import__('os')": 1})],
            "name": ["one", "two"],
        }
    )
    frame.write_csv(tmp_path / "project.csv")
    one, two = frames.runs(tmp_path / "project.csv", "csv")
    assert (one.name, one.config, one.summary) == ("one", {"lr": 0.1}, {"loss": 0.5, "_step": 3})
    assert two.config["lr"] == 0.2
    assert any("row 2: found '{', expected a mapping" in line for line in one.problems.lines)


def test_a_file_that_is_none_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"not parquet")
    for path in (tmp_path / "a.parquet", tmp_path / "gone.csv", write(tmp_path / "empty.csv", "")):
        with pytest.raises(UsageError, match=path.name):
            only(path)
