"""Event files that TensorBoard's own writers left, imported and compared with what TensorBoard reads of them."""

import json
import math
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from runstore.api import Api
from runstore.api.runs import Run
from runstore.cli.imports import tensorboard
from tests.libraries.training import Training
from tests.processes import environment, whole_rows


def bring(folder: Path, *arguments: str, code: int = 0) -> dict[str, Any]:
    """Imports a log directory into `folder/experiments`; what became of each run by its name."""
    command = [str(folder / "logs"), "-p", "p", "--dir", str(folder / "experiments"), "--json", *arguments]
    done = CliRunner().invoke(tensorboard, command)
    assert done.exit_code == code, done.output
    return {each["name"]: each for each in json.loads(done.stdout)["runs"]}


def runs(folder: Path) -> dict[str, Run]:
    return {run.name: run for run in Api(folder / "experiments").runs("p")}


@pytest.fixture(scope="module")
def written(training_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the directory `logs`, and what TensorBoard reads of it in found.json."""
    folder = tmp_path_factory.mktemp("events")
    Training(training_python, folder).run("write_events.py", str(folder / "logs"))
    bring(folder)
    return folder


def test_every_scalar_that_tensorboard_reads_is_there_with_its_step_and_time(written: Path) -> None:
    found = runs(written)
    expected = json.loads((written / "found.json").read_text())
    assert set(found) == set(expected)
    for name, tags in expected.items():
        rows = list(found[name].scan_history())
        for tag, points in tags.items():
            have = [(row["_step"], row[tag]) for row in rows if tag in row]
            assert have == [(step, pytest.approx(value, rel=0, abs=0, nan_ok=True)) for step, _, value in points], tag
    alone = list(found["restarted"].scan_history())
    times = [moment for _, moment, _ in expected["restarted"]["loss"]]
    assert [row["_timestamp"] for row in alone] == times


def test_values_of_the_new_style_are_scalars_too(written: Path) -> None:
    rows = list(runs(written)["base/train"].scan_history(keys=["_step", "accuracy"]))
    assert [(row["_step"], row["accuracy"]) for row in rows] == [(step, pytest.approx(step / 7)) for step in range(400)]


def test_media_texts_and_tables_are_there(written: Path) -> None:
    run = runs(written)["base/train"]
    summary = dict(run.summary_metrics)
    assert summary["note/text_summary"] == "*hello* ü"
    assert summary["tensor"] == [[0, 1, 2], [3, 4, 5]]
    assert (summary["image"]["width"], summary["image"]["height"]) == (6, 4)
    assert (summary["sound"]["sample_rate"], summary["sound"]["duration"]) == (8000, 0.1)
    assert sum(summary["weights"]["values"]) == 1000
    assert len(summary["weights"]["bins"]) == len(summary["weights"]["values"]) + 1
    assert summary["pr"]["_type"] == "table-file"
    for key in ("image", "sound", "pr"):
        assert (Path(run.dir) / summary[key]["path"]).stat().st_size == summary[key]["size"]
    assert Path(run.dir, "files", "graph.pb").stat().st_size > 0
    assert math.isnan(next(row["bad"] for row in run.scan_history() if row["_step"] == 1))


def test_hyperparameters_become_the_config(written: Path) -> None:
    run = runs(written)["base/train/hp"]
    assert run.config == {"lr": 0.1, "batch": 32, "opt": "adam"}
    assert run.summary["hp/accuracy"] == pytest.approx(0.9)
    assert run.state == "finished"


def test_what_has_no_counterpart_is_counted_by_name_and_a_second_import_does_nothing(written: Path) -> None:
    again = bring(written)
    assert {each["outcome"] for each in again.values()} == {"unchanged"}
    fresh = bring(written, "--dry-run", "--dir", str(written / "other"))
    assert {each["outcome"] for each in fresh.values()} == {"new"}
    assert not (written / "other").exists()


def test_the_group_is_the_directory_above(written: Path) -> None:
    bring(written, "--group-by", "parent", "-p", "grouped")
    found = {run.name: run.group for run in Api(written / "experiments").runs("grouped")}
    assert found["base/train"] == "base"
    assert found["base/train/hp"] == "base/train"


GROWING = """
import sys, time
from torch.utils.tensorboard import SummaryWriter
writer = SummaryWriter(sys.argv[1], max_queue=1, flush_secs=1)
step = 0
while True:
    writer.add_scalar("loss", float(step), step)
    step += 1
    if step == 200:
        writer.flush()
        print("going", flush=True)
    time.sleep(0 if step < 200 else 0.0005)
"""


def test_a_training_is_imported_while_it_goes_on_and_after_it_was_killed(training_python: Path, tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(GROWING)
    command = [str(training_python), str(script), str(tmp_path / "logs" / "a")]
    with subprocess.Popen(command, env=environment(tmp_path), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "going\n"
        first = bring(tmp_path)["a"]
        time.sleep(0.5)
        os.kill(process.pid, signal.SIGKILL)
    assert first["outcome"] == "new"
    second = bring(tmp_path)["a"]
    assert second["outcome"] == "grown"
    assert second["rows"] > first["rows"] >= 200
    steps = [row["_step"] for row in whole_rows(Path(runs(tmp_path)["a"].dir))]
    assert steps == list(range(second["rows"]))
    assert all(row["loss"] == row["_step"] for row in whole_rows(Path(runs(tmp_path)["a"].dir)))


def test_a_file_that_is_torn_is_imported_as_far_as_it_is_whole(written: Path, tmp_path: Path) -> None:
    [source, *_] = sorted((written / "logs" / "restarted").iterdir())
    torn = tmp_path / "logs" / source.name
    torn.parent.mkdir()
    torn.write_bytes(source.read_bytes()[:-5])
    found = bring(tmp_path)["logs"]
    assert found["rows"] == 9
    [line] = found["lost"]
    assert line.startswith(f"{torn}: at byte ")
    assert "the record that begins here is not whole" in line


def test_a_directory_without_event_files_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    done = CliRunner().invoke(tensorboard, [str(tmp_path / "logs"), "--dir", str(tmp_path / "experiments")])
    assert "found no event file" in str(done.exception)


def test_tensorboardx_is_read_too(trackers_python: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from tensorboardX import SummaryWriter\n"
        "with SummaryWriter(sys.argv[1]) as w:\n"
        "    [w.add_scalar('loss', i / 3, i) for i in range(50)]\n"
        "    w.add_hparams({'lr': 0.5}, {'m': 1.0})\n"
    )
    command = [str(trackers_python), "-c", code, str(tmp_path / "logs" / "x")]
    subprocess.run(command, check=True, env=environment(tmp_path), capture_output=True)
    bring(tmp_path)
    rows = list(runs(tmp_path)["x"].scan_history())
    assert [(row["_step"], row["loss"]) for row in rows if "loss" in row] == [
        (step, pytest.approx(step / 3)) for step in range(50)
    ]
    assert any(run.config.get("lr") == 0.5 for run in runs(tmp_path).values())


MIRRORED = """
import sys
import runstore
run = runstore.init(project="p", sync_tensorboard=True, settings={"disable_stats": True})
from torch.utils.tensorboard import SummaryWriter
from tensorboardX import SummaryWriter as Other
import numpy
with SummaryWriter("logs") as writer:
    for step in range(30):
        writer.add_scalar("train/loss", 1 / (step + 1), step)
        writer.add_scalar("train/accuracy", step / 30, step)
    writer.add_image("image", numpy.zeros((3, 4, 6)), 29)
other = Other("logs/eval")
other.add_scalar("loss", 3.5, 7)  # Nobody closes or flushes this one.
run.log({"own": 1})
run.finish()
"""


def test_what_is_written_for_tensorboard_is_mirrored_into_the_run(training: Training) -> None:
    training.run(MIRRORED)
    rows = list(training.only_run("p").scan_history())
    mirrored = [row for row in rows if "train/loss" in row]
    assert [row["global_step"] for row in mirrored] == list(range(30))
    assert [row["train/accuracy"] for row in mirrored] == [pytest.approx(step / 30) for step in range(30)]
    assert [row["image"]["_type"] for row in rows if "image" in row] == ["image-file"]
    assert [(row["eval/global_step"], row["eval/loss"]) for row in rows if "eval/loss" in row] == [(7, 3.5)]
    assert [row["own"] for row in rows if "own" in row] == [1]


PATCHED = """
import runstore
runstore.tensorboard.patch(root_logdir="logs", save=True)
from torch.utils.tensorboard import SummaryWriter
run = runstore.init(project="p", settings={"disable_stats": True})
for name in ("train", "val"):
    with SummaryWriter(f"logs/{name}") as writer:
        writer.add_scalar("loss", 0.5, 1)
run.finish()
runstore.tensorboard.unpatch()
run = runstore.init(project="q", settings={"disable_stats": True})
with SummaryWriter("logs/none") as writer:
    writer.add_scalar("loss", 0.5, 1)
run.finish()
"""


def test_names_begin_behind_the_root_that_was_given_and_unpatch_ends_it(training: Training) -> None:
    training.run(PATCHED)
    run = training.only_run("p")
    rows = [{key: value for key, value in row.items() if key[0] != "_"} for row in run.scan_history()]
    assert {"train/global_step": 1, "train/loss": 0.5} in rows
    assert {"val/global_step": 1, "val/loss": 0.5} in rows
    assert len(list(Path(run.dir, "files").rglob("*tfevents*"))) == 2
    assert list(training.only_run("q").scan_history()) == []
