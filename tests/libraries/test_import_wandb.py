"""Runs that W&B's own SDK recorded offline, imported and compared with what was logged."""

import json
import math
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from runstore.api import Api
from runstore.api.runs import Run
from runstore.cli.imports import wandb
from runstore.media.base import load
from tests.libraries.training import SCRIPTS
from tests.processes import environment


def write(python: Path, folder: Path, *arguments: str) -> None:
    """Has W&B record a run below `folder`; its caches stay there too."""
    places = {name: str(folder / "data") for name in ("WANDB_CACHE_DIR", "WANDB_DATA_DIR", "WANDB_CONFIG_DIR")}
    subprocess.run(
        [str(python), str(SCRIPTS / "write_offline_run.py"), *arguments],
        cwd=folder,
        env=environment(folder, {"WANDB_SILENT": "true", **places}),
        check="--crash" not in arguments and "--fail" not in arguments,
        capture_output=True,
        timeout=120,
    )


def bring(folder: Path, *paths: Path | str, code: int = 0) -> list[dict[str, Any]]:
    """Imports into `folder/experiments`; what became of each run."""
    given = [str(path) for path in paths or (folder / "wandb",)]
    done = CliRunner().invoke(wandb, [*given, "--dir", str(folder / "experiments"), "--json"])
    assert done.exit_code == code, done.output
    found: list[dict[str, Any]] = json.loads(done.stdout)["runs"]
    return found


def the_run(folder: Path, name: str) -> Run:
    found: Run = Api(folder / "experiments").run(f"digits/{name}")
    return found


@pytest.fixture(scope="module")
def imported(trackers_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one finished run, `done`, in the store."""
    folder = tmp_path_factory.mktemp("wandb")
    write(trackers_python, folder, "done")
    [brought] = bring(folder)
    assert (brought["outcome"], brought["run"], brought["lost"]) == ("new", "done", [])
    return folder


def test_what_files_a_run_is_there(imported: Path) -> None:
    run = the_run(imported, "done")
    assert (run.id, run.name, run.group, run.job_type) == ("done", "first", "folds", "train")
    assert (run.tags, run.notes, run.state) == (["a", "b"], "some notes", "finished")
    assert run.config == {
        "lr": 1e-4,
        "layers": [32, 16],
        "nested": {"x": {"y": "text"}},
        "none": None,
        "flag": True,
        "big": 2**60,
        "late": 3,
    }


def test_every_row_is_there(imported: Path) -> None:
    rows = list(the_run(imported, "done").scan_history())
    assert [row["_step"] for row in rows] == [*range(200), 300, 400]
    for epoch, row in enumerate(rows[:200]):
        assert row["loss"] == 1 / (epoch + 1)
        assert (row["val/accuracy"], row["val/loss"], row["epoch"]) == (epoch / 7, 200 - epoch, epoch)
        assert row["deep.er"] == epoch
    assert rows[0]["_timestamp"] <= rows[199]["_timestamp"]
    odd = rows[200]
    assert math.isnan(odd["nan"])
    assert (odd["inf"], odd["text"], odd["flag"], odd["list"]) == (-math.inf, "ü", True, [1, 2])


def test_the_summary_is_wandbs_own(imported: Path) -> None:
    summary = dict(the_run(imported, "done").summary_metrics)
    assert (summary["best"], summary["loss"], summary["tree"]["a"]["b"]) == (0.5, 1 / 200, 1)
    assert summary["val/loss"]["min"] == 1


def test_media_are_there_byte_for_byte(imported: Path) -> None:
    run = the_run(imported, "done")
    folder = Path(run.dir)
    row = next(row for row in run.scan_history() if row["_step"] == 400)
    [source] = (imported / "wandb").glob("offline-run-*-done")
    for key in ("image", "html", "audio"):
        kept = folder / row[key]["path"]
        assert kept.read_bytes() == (source / "files" / row[key]["path"]).read_bytes()
        assert kept.stat().st_size == row[key]["size"]
    assert (row["image"]["caption"], row["image"]["width"], row["image"]["height"]) == ("black", 6, 4)
    assert [item["caption"] for item in row["images"]["items"]] == ["9", "200"]
    assert all((folder / item["path"]).is_file() for item in row["images"]["items"])
    assert sum(row["histogram"]["values"]) == 100
    table: Any = load(folder, row["table"])
    assert table.columns == ["a", "b", "picture"]
    assert table.data[0][:2] == [1, "x"]
    assert table.data[0][2].read()[:4] == b"\x89PNG"


def test_files_logs_and_alerts_are_there(imported: Path) -> None:
    folder = Path(the_run(imported, "done").dir)
    assert (folder / "files" / "weights.bin").read_bytes() == b"weights 1"
    assert {"hello from the run", "an error"} <= set((folder / "output.log").read_text().splitlines())
    alerts = [json.loads(line) for line in (folder / "alerts.jsonl").read_text().splitlines()]
    assert [(each["title"], each["text"], each["level"]) for each in alerts] == [("a title", "a text", "WARN")]
    assert "wandb==" in (folder / "requirements.txt").read_text()
    assert list((folder / "system.jsonl").read_bytes().splitlines())
    assert json.loads((folder / "provenance.json").read_text())["program"].endswith("write_offline_run.py")


def test_artifacts_are_there_with_their_versions(imported: Path) -> None:
    versions = sorted(the_run(imported, "done").logged_artifacts(), key=lambda each: each.version)
    assert [(each.version, each.metadata["number"]) for each in versions] == [("v0", 0), ("v1", 1)]
    assert [each.aliases for each in versions] == [[], ["latest", "best"]]
    for number, version in enumerate(versions):
        assert set(version.manifest.entries) == {"weights.bin", "inner/more.txt", "elsewhere"}
        path = version.get_entry("weights.bin").download(root=str(imported / f"out{number}"))
        assert Path(path).read_bytes() == b"weights %d" % number
        assert version.manifest.entries["elsewhere"].ref == "https://example.org/x"
        assert version.description == "what it is"


def test_a_second_import_changes_nothing(imported: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in (imported / "experiments" / "digits").rglob("*")}
    assert [each["outcome"] for each in bring(imported)] == ["unchanged"]
    assert {path: path.stat().st_mtime_ns for path in (imported / "experiments" / "digits").rglob("*")} == before


def test_a_run_that_failed_says_so(trackers_python: Path, tmp_path: Path) -> None:
    write(trackers_python, tmp_path, "bad", "--fail")
    bring(tmp_path)
    run = the_run(tmp_path, "bad")
    assert run.state == "failed"
    assert json.loads(Path(run.dir, "state.json").read_text())["exit_code"] == 3


def test_a_run_that_was_killed_is_imported_as_crashed(trackers_python: Path, tmp_path: Path) -> None:
    write(trackers_python, tmp_path, "dead", "--crash")
    [log] = (tmp_path / "wandb").rglob("run-dead.wandb")
    whole = log.read_bytes()
    log.write_bytes(whole[: len(whole) - 11])  # And its last block is torn.
    [brought] = bring(tmp_path)
    assert brought["outcome"] == "new"
    assert any("no record of the run's end: it is imported as crashed" in line for line in brought["lost"])
    run = the_run(tmp_path, "dead")
    assert run.state == "crashed"
    assert any("the record that begins here is not whole" in line for line in brought["lost"])
    # The very last row waited in the killed process for values of its step: W&B never wrote it. What it had handed to
    # its other process before is there, but for the record that is torn.
    steps = [row["_step"] for row in run.scan_history()]
    assert steps == [*range(200), 300][: len(steps)]
    assert len(steps) > 100


def test_a_run_that_was_resumed_is_one_run(trackers_python: Path, tmp_path: Path) -> None:
    write(trackers_python, tmp_path, "twice")
    [first] = (tmp_path / "wandb").glob("offline-run-*")
    [one] = bring(tmp_path, first)
    write(trackers_python, tmp_path, "twice")
    [both] = bring(tmp_path, first)
    assert (one["outcome"], both["outcome"]) == ("new", "grown")
    assert (one["rows"], both["rows"]) == (202, 404)
    assert [each["outcome"] for each in bring(tmp_path)] == ["unchanged"]


def test_a_later_directory_alone_does_not_take_the_place_of_the_whole_run(
    trackers_python: Path, tmp_path: Path
) -> None:
    write(trackers_python, tmp_path, "twice")
    [first] = (tmp_path / "wandb").glob("offline-run-*")
    bring(tmp_path)
    shutil.move(first, tmp_path / "aside")
    write(trackers_python, tmp_path, "twice")
    [brought] = bring(tmp_path, code=1)
    assert brought["outcome"] == "refused"
    assert "comes from wandb digits/twice@" in brought["why"]


def test_a_file_that_changed_since_it_was_logged_is_missing_by_name(imported: Path, tmp_path: Path) -> None:
    shutil.copytree(imported / "wandb", tmp_path / "wandb", symlinks=True)
    aside = imported / "data" / "aside"
    os.rename(imported / "data" / "artifacts", aside)
    try:
        [brought] = bring(tmp_path)
    finally:
        os.rename(aside, imported / "data" / "artifacts")
    lost = [line for line in brought["lost"] if "model lacks its file weights.bin" in line]
    assert len(lost) == 2
    assert "cannot be read" in lost[0]


def test_links_that_lead_out_of_the_working_directory_are_not_followed(imported: Path, tmp_path: Path) -> None:
    shutil.copytree(imported / "wandb", tmp_path / "work" / "wandb", symlinks=True)
    secret = tmp_path / "secret"
    secret.write_text("secret")
    [run] = (tmp_path / "work" / "wandb").glob("offline-run-*-done")
    (run / "files" / "stolen.txt").symlink_to(secret)
    (run / "files" / "media" / "images" / "stolen.png").symlink_to(secret)
    (run / "files" / "folder").symlink_to(tmp_path)
    [brought] = bring(tmp_path, tmp_path / "work" / "wandb")
    assert any("stolen.txt: is a link to a file outside" in line for line in brought["lost"])
    kept = [path for path in (tmp_path / "experiments").rglob("*") if path.is_file()]
    assert not [path for path in kept if path.read_bytes() == b"secret" or path.is_symlink()]


def test_a_path_without_runs_is_told_in_one_line(tmp_path: Path) -> None:
    done = CliRunner().invoke(wandb, [str(tmp_path), "--dir", str(tmp_path / "experiments")])
    assert "found no run of W&B" in str(done.exception)
