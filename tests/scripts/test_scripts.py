"""Scripts as people wrote them for W&B run with one word changed, and leave in the store what they logged."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from runstore.artifacts.checks import problems
from runstore.format import yaml12
from runstore.reading.store import read_store
from runstore.reading.verify import verify
from tests.processes import PATIENCE_SECONDS, ROOT, load, rows

SCRIPTS = Path(__file__).parent / "written_for_wandb"


def execute(folder: Path, name: str, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Runs a script in `folder` with `import wandb` become `import runstore as wandb`, and nothing else."""
    source = (SCRIPTS / f"{name}.py").read_text(encoding="utf-8")
    source, count = re.subn(r"^import wandb$", "import runstore as wandb", source, flags=re.MULTILINE)
    assert count == 1
    source = re.sub(r"^from wandb\b", "from runstore", source, flags=re.MULTILINE)
    (folder / "train.py").write_text(source, encoding="utf-8")
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("RUNSTORE_", "WANDB_"))}
    done = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:__main__", "train.py", *arguments],
        cwd=folder,
        env={**inherited, "PYTHONPATH": str(ROOT), "RUNSTORE_STATS_INTERVAL": "1"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == code, done.stderr
    return done


def runs(folder: Path, project: str) -> list[Path]:
    return sorted((folder / "experiments" / project / "runs").iterdir())


def only(folder: Path, project: str) -> Path:
    [found] = runs(folder, project)
    return found


def meta(run: Path) -> dict[str, Any]:
    return dict(yaml12.load((run / "run.yaml").read_bytes()))


def config(run: Path) -> dict[str, Any]:
    return dict(yaml12.load((run / "config.yaml").read_bytes()))


@pytest.fixture(autouse=True)
def _the_store_verifies(tmp_path: Path) -> Any:
    """Whatever a script did, its store is sound."""
    yield
    store = read_store(tmp_path)
    assert [str(problem) for problem in (*verify(store, strict=True), *problems(store.layout))] == []


def test_k_fold_cross_validation_with_groups(tmp_path: Path) -> None:
    done = execute(tmp_path, "kfold")
    found = runs(tmp_path, "kfold")
    assert len(found) == 4
    [group] = {meta(run)["group"] for run in found}
    assert f"group {group}" in done.stdout
    assert sorted(meta(run)["job_type"] for run in found) == ["fold", "fold", "fold", "summary"]
    folds = [run for run in found if meta(run)["job_type"] == "fold"]
    assert {meta(run)["name"] for run in folds} == {f"{group}-{fold}" for fold in range(3)}
    for run in folds:
        assert [row["epoch"] for row in rows(run)] == [0, 1, 2, 3]
        assert config(run) == {"epochs": 4, "learning_rate": 0.1, "folds": 3}
        assert load(run / "summary.json")["best_val_accuracy"] == rows(run)[-1]["val_accuracy"]
        assert load(run / "state.json")["state"] == "finished"
    [mean] = [run for run in found if run not in folds]
    assert set(load(mean / "summary.json")["folds"]) == {run.name for run in folds}


def test_resume_after_a_crash(tmp_path: Path) -> None:
    execute(tmp_path, "resume_after_crash", "--die-at", "3", code=1)
    run = only(tmp_path, "resume")
    assert [row["epoch"] for row in rows(run)] == [0, 1, 2, 3]
    execute(tmp_path, "resume_after_crash")
    assert only(tmp_path, "resume") == run
    later = [json.loads(line) for line in (run / "history.2.jsonl").read_bytes().splitlines()]
    assert [(row["epoch"], row["_step"]) for row in later] == [(epoch, epoch) for epoch in range(4, 10)]
    assert load(run / "provenance.2.json")["starting_step"] == 4
    assert load(run / "summary.json")["best"] == 0.1
    assert load(run / "state.json")["state"] == "finished"
    [record] = read_store(tmp_path).projects[0].runs
    assert record.rows == 10


def test_tables_with_images_boxes_masks_and_plots(tmp_path: Path) -> None:
    execute(tmp_path, "tables_with_images")
    run = only(tmp_path, "tables")
    logged = rows(run)
    table = logged[0]["predictions"]
    head = load(run / table["path"])
    assert (table["_type"], table["nrows"], head["columns"][:2]) == ("table-file", 4, ["id", "image"])
    for row in head["data"]:
        assert row[1]["_type"] == "image-file"
        assert (run / row[1]["path"]).read_bytes().startswith(b"\x89PNG")
    gallery = logged[1]["examples"]
    assert (gallery["_type"], gallery["count"]) == ("gallery", 2)
    street, dark = gallery["items"]
    assert street["boxes"]["predictions"]["box_data"][0]["class_id"] == 1
    assert (run / street["masks"]["truth"]["path"]).is_file()
    assert dark["caption"] == "dark"
    assert (logged[2]["matrix"]["_type"], logged[2]["weights"]["_type"]) == ("plot", "histogram")
    assert len(logged[2]["weights"]["bins"]) == len(logged[2]["weights"]["values"]) + 1
    assert (logged[3]["bars"]["preset"], logged[3]["page"]["_type"]) == ("bar", "html-file")
    assert meta(run)["tags"] == ["images"]


def test_artifacts_in_and_out_of_two_runs(tmp_path: Path) -> None:
    execute(tmp_path, "artifacts_in_and_out")
    project = tmp_path / "experiments" / "artifacts"
    first, second = sorted(runs(tmp_path, "artifacts"), key=lambda run: meta(run)["created"])
    made = [json.loads(line) for line in (first / "lineage.jsonl").read_bytes().splitlines()]
    assert [(line["direction"], line["artifact"], line["version"]) for line in made] == [
        ("output", "my_data_set", "v0")
    ]
    used = [json.loads(line) for line in (second / "lineage.jsonl").read_bytes().splitlines()]
    assert [(line["direction"], line["artifact"]) for line in used] == [
        ("input", "my_data_set"),
        ("output", "model"),
        ("output", "second"),
    ]
    assert used[0]["id"] == made[0]["id"]
    manifest = yaml12.load((project / "artifacts" / "model" / "v0" / "manifest.yaml").read_bytes())
    assert manifest[0]["name"] == "model"
    assert "best" in manifest[0]["aliases"]
    [entry] = [line for line in manifest if line.get("path") == "weights.pt"]
    blob = tmp_path / "experiments" / "objects" / "sha256" / entry["sha256"][:2] / entry["sha256"]
    assert blob.read_bytes() == bytes(range(10))


def test_metrics_on_axes_of_their_own(tmp_path: Path) -> None:
    execute(tmp_path, "custom_axes")
    run = only(tmp_path, "axes")
    defined = {metric["name"]: metric for metric in yaml12.load((run / "metrics.yaml").read_bytes())}
    assert defined["train/*"]["step_metric"] == "train/step"
    assert (defined["val/loss"]["step_metric"], defined["val/loss"]["summary"]) == ("epoch", ["min"])
    assert defined["epoch"]["hidden"] is True
    summary = load(run / "summary.json")
    assert summary["val/loss"] == {"min": 0.2}
    assert summary["val/accuracy"] == {"max": 0.9}
    assert summary["train/loss"] == 1 / 12
    assert len(rows(run)) == 15


def test_options_from_the_command_line_as_config(tmp_path: Path) -> None:
    execute(tmp_path, "argparse_config", "--lr", "0.5", "--no_cuda")
    run = only(tmp_path, "options")
    assert config(run) == {
        "batch_size": 8,
        "lr": 0.5,
        "optimizer": "adam",
        "no_cuda": True,
        "epochs": 3,
        "layers": [64, 32],
    }
    assert [(row["loss"], row["accuracy"]) for row in rows(run)] == [(4.0, 0.5)] * 3


def test_a_torch_loop_that_is_watched(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    execute(tmp_path, "torch_watch")
    run = only(tmp_path, "pytorch")
    logged = rows(run)
    assert [row["_step"] for row in logged] == [8 * number for number in range(1, 9)]
    assert all(type(row["loss"]) is float for row in logged)
    keys = {
        key for row in logged for key, value in row.items() if isinstance(value, dict) and value["_type"] == "histogram"
    }
    assert keys == {
        f"{what}/{layer}.{part}"
        for what in ("gradients", "parameters")
        for layer in "02"
        for part in ("weight", "bias")
    }
    assert (run / "files" / "model.pt").is_file()


def test_the_calls_that_examples_make_most(tmp_path: Path) -> None:
    done = execute(tmp_path, "common_calls")
    run = only(tmp_path, "common")
    assert meta(run)["name"] == "renamed"
    assert meta(run)["tags"] == ["a", "b", "c"]
    assert config(run) == {"epochs": 2, "batch_size": 4, "dropout": 0.1, "lr": 0.1}
    summary = load(run / "summary.json")
    assert (summary["score"], summary["other"]) == (1, {"deep": 2})
    assert [row["_step"] for row in rows(run)] == [0, 1, 2, 10, 11, 12]
    assert (run / "files" / "notes.txt").read_text() == "kept"
    [alert] = (run / "alerts.jsonl").read_text().splitlines()
    assert json.loads(alert)["level"] == "WARN"
    assert "wandb" not in done.stderr
