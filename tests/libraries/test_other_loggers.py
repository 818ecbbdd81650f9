"""Ultralytics and DeepSpeed, through the loggers of W&B that they bring."""

import pytest

from tests.libraries.training import Training

pytestmark = pytest.mark.slow


def test_ultralytics(training: Training) -> None:
    training.run("train_ultralytics.py", as_wandb=True, variables={"YOLO_CONFIG_DIR": str(training.folder)})
    run = training.only_run("tiny")
    assert (run.display_name, run.state) == ("squares", "finished")
    assert {"train/box_loss", "val/cls_loss", "metrics/mAP50(B)", "lr/pg0"} <= set(run.history_keys["keys"])
    assert run.summary["model/parameters"] > 1_000_000
    assert run.config["imgsz"] == 32
    images = {file.name.split("/")[2].rsplit("_", 2)[0] for file in run.files() if "media/images" in file.name}
    assert {"labels", "train_batch0", "val_batch0_pred"} <= images
    [model] = run.logged_artifacts()
    assert "best" in model.aliases
    training.record("ultralytics", "import wandb")


def test_the_monitor_of_deepspeed(training: Training) -> None:
    training.run("monitor_deepspeed.py", as_wandb=True)
    run = training.only_run("tiny")
    assert (run.group, run.entity) == ("one", "us")
    rows = list(run.scan_history(keys=["_step", "Train/Samples/train_loss", "Train/Samples/lr"]))
    assert [row["_step"] for row in rows] == [4, 8, 12]
    training.record("deepspeed", "import wandb")
