"""Stores that MLflow itself wrote, of both kinds, imported and compared with what was logged."""

import json
import math
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from runstore.api import Api
from runstore.api.runs import Run
from runstore.cli.imports import mlflow
from tests.libraries.environments import InstallationError, python
from tests.libraries.mlflow_stores import write

URIS = {"files": "mlruns", "database": "sqlite:///mlflow.db"}


def bring(folder: Path, *given: Path | str, code: int = 0) -> dict[str, dict[str, Any]]:
    """Imports a directory's store into `folder/experiments`; what became of each run, by name."""
    named = [str(each) for each in given or (folder,)]
    done = CliRunner().invoke(mlflow, [*named, "--dir", str(folder / "experiments"), "--json"])
    assert done.exit_code == code, done.output + str(done.exception)
    return {each["name"]: each for each in json.loads(done.stdout)["runs"]}


def the_run(folder: Path, name: str) -> Run:
    [found] = [run for run in Api(folder / "experiments").runs("digits") if run.name == name]
    return found


def lost(brought: dict[str, dict[str, Any]]) -> str:
    return "\n".join(line for each in brought.values() for line in each["lost"])


@pytest.fixture(scope="session")
def mlflow_python() -> Path:
    """The interpreter that has MLflow."""
    try:
        return python("mlflow")
    except InstallationError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="module", params=URIS)
def written(mlflow_python: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """A folder with a store, imported once; `brought.json` says what became of each run."""
    folder = tmp_path_factory.mktemp(request.param)
    write(mlflow_python, folder, URIS[request.param])
    (folder / "brought.json").write_text(json.dumps(bring(folder)))
    return folder


def test_a_run_is_filed_as_it_was(written: Path) -> None:
    run = the_run(written, "first")
    assert len(run.id) == 32
    assert (run.tags, run.notes, run.state, run.group) == (["stage=trial"], "some notes", "finished", run.id)
    config = dict(run.config)
    [dataset] = config.pop("datasets")
    assert config == {"lr": 1e-05, "layers": 3, "flag": True, "text": "007", "none": "None", "deep/er": "1.50"}
    assert (dataset["name"], dataset["context"]) == ("rows", "train")
    facts = json.loads(Path(run.dir, "provenance.json").read_text())
    assert facts["mlflow"]["tags"]["long"] == "x" * 200
    assert facts["program"].endswith("write_mlflow.py")


def test_every_value_is_there_with_its_step(written: Path) -> None:
    rows = list(the_run(written, "first").scan_history())
    assert [(row["_step"], row["loss"]) for row in rows if "loss" in row] == [(at, 1 / (at + 1)) for at in range(100)]
    assert [row["val/accuracy"] for row in rows if "val/accuracy" in row] == [at / 7 for at in range(100)]
    assert [(row["_step"], row["twice"]) for row in rows if "twice" in row] == [(5, 1.0), (5, 2.0)]
    assert rows[0]["_timestamp"] == 1_700_000_000.5
    assert math.isnan(rows[1]["bad"])
    assert (rows[1]["high"], rows[1]["low"]) == (math.inf, -math.inf)


def test_system_metrics_have_the_names_they_have_here(written: Path) -> None:
    run = the_run(written, "first")
    [sample] = [json.loads(line) for line in Path(run.dir, "system.jsonl").read_text().splitlines()]
    assert (sample["cpu"], sample["gpu.0.powerWatts"], sample["_timestamp"]) == (12.5, 80.0, 1_700_000_001.0)


def test_pictures_and_tables_are_media_and_other_files_are_files(written: Path) -> None:
    run = the_run(written, "first")
    [(step, picture)] = [(row["_step"], row["shown/one"]) for row in run.scan_history() if "shown/one" in row]
    assert (step, picture["_type"], picture["width"], picture["height"]) == (7, "image-file", 6, 4)
    assert Path(run.dir, picture["path"]).stat().st_size == picture["size"]
    said = run.summary_metrics["said"]
    assert (said["_type"], said["nrows"]) == ("table-file", 2)
    files = Path(run.dir, "files")
    names = {path.relative_to(files).as_posix() for path in files.rglob("*") if path.is_file()}
    assert names == {"notes/a.txt", "said.json"}


def test_models_are_artifacts(written: Path) -> None:
    found = {each.name.partition(":")[0]: each for each in the_run(written, "first").logged_artifacts()}
    assert {each.type for each in found.values()} == {"model"}
    assert set(found) == {"old-model", "echo"}
    assert found["old-model"].file_count == 2
    assert "MLmodel" in {file.name for file in found["echo"].files()}


def test_nested_runs_are_a_group_and_states_are_told(written: Path) -> None:
    top = the_run(written, "first")
    assert {the_run(written, name).group for name in ("child", "grandchild")} == {top.id}
    states = {name: the_run(written, name).state for name in ("failed", "killed", "open")}
    assert states == {"failed": "failed", "killed": "killed", "open": "crashed"}
    brought = json.loads((written / "brought.json").read_text())
    assert "gone" not in brought
    assert brought["distant"]["project"] == "far"
    counted = {name: count for each in brought.values() for name, count in each["left_out"].items()}
    assert counted["a run that was deleted in MLflow"] == 1
    assert counted["a directory of artifacts at s3://, which is not fetched"] == 1


def test_a_second_import_does_nothing_and_a_run_that_grew_is_brought_up_to_date(
    mlflow_python: Path, written: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(written, copy)  # Its addresses lead to where it was.
    assert {each["outcome"] for each in bring(copy).values()} == {"unchanged"}
    uri = URIS["database" if (copy / "mlflow.db").exists() else "files"]
    write(mlflow_python, copy, uri, "more")
    brought = bring(copy)
    assert {name for name, each in brought.items() if each["outcome"] != "unchanged"} == {"first"}
    assert list(the_run(copy, "first").scan_history(keys=["_step", "loss"]))[-1] == {"_step": 100, "loss": 0.001}


def test_a_database_of_the_first_version_is_read_as_far_as_it_goes(mlflow_python: Path, tmp_path: Path) -> None:
    write(mlflow_python, tmp_path, "sqlite:///mlflow.db", "old", "451aebb31d03")
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as old, old:
        old.execute("insert into experiments values (1, 'digits', '', 'active')")
        old.execute(
            "insert into runs (run_uuid, name, status, start_time, lifecycle_stage, experiment_id) "
            "values ('abc', 'early', 'FINISHED', 1500000000000, 'active', 1)"
        )
        old.execute("insert into metrics values ('loss', 0.5, 1500000000001, 'abc', 3)")
    brought = bring(tmp_path)
    assert brought["early"]["outcome"] == "new"
    assert "its schema has the version 451aebb31d03 and lacks metrics.is_nan; what is there is read" in lost(brought)
    assert [(row["_step"], row["loss"]) for row in the_run(tmp_path, "early").scan_history()] == [(3, 0.5)]
