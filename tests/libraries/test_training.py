"""Loops of training: Lightning, Ignite, fastai and skorch, through their own loggers of W&B and through ours."""

import pytest

from runstore.api.runs import Run
from tests.libraries.training import Training

pytestmark = pytest.mark.slow


def check(training: Training, logger: str, *scripts: str) -> None:
    """Trains with all of them in one process."""
    training.run("together.py", logger, *scripts, as_wandb=logger == "wandb")
    check_lightning(training.only_run("lightning"))
    check_ignite(training.only_run("ignite"))
    check_fastai(training.only_run("fastai"))
    assert not list(training.folder.glob("*/runs"))


def check_lightning(run: Run) -> None:
    assert (run.display_name, run.state, run.config) == ("line", "finished", {"lr": 0.1})
    rows = list(run.scan_history(keys=["train/loss", "trainer/global_step"]))
    assert [row["trainer/global_step"] for row in rows] == [1, 3, 5, 7, 9, 11, 13, 15]
    assert len(list(run.scan_history(keys=["val/loss"]))) == 2
    assert {"gradients/layer.weight", "graph_0", "words", "seen"} <= set(run.history_keys["keys"])
    [model] = run.logged_artifacts()
    assert (model.type, sorted(model.aliases)) == ("model", ["best", "latest"])
    assert [file.name for file in model.files()] == ["model.ckpt"]
    assert model.metadata["ModelCheckpoint"]["save_top_k"] == 1


def check_ignite(run: Run) -> None:
    assert (run.display_name, run.state, run.config) == ("line", "finished", {"lr": 0.1})
    assert [row["_step"] for row in run.scan_history(keys=["train/loss", "_step"])] == list(range(1, 9))
    assert [row["_step"] for row in run.scan_history(keys=["validation/loss", "_step"])] == [4, 8]
    assert {"lr/group_0", "gradients/weight", "parameters/bias"} <= set(run.history_keys["keys"])


def check_fastai(run: Run) -> None:
    assert run.state == "finished"
    assert len(list(run.scan_history(keys=["train_loss", "lr_0"]))) == 6
    assert len(list(run.scan_history(keys=["valid_loss", "accuracy"]))) == 2
    assert run.config["batch size"] == 8
    assert run.config["model parameters"] > 10
    [model] = run.logged_artifacts()
    assert [file.name for file in model.files()] in (["line.pth"], ["model.pth"])


def test_their_own_loggers_of_wandb(training: Training) -> None:
    check(training, "wandb", "train_lightning", "train_ignite", "train_fastai", "train_skorch")
    assert "Prediction_Samples" in training.only_run("fastai").history_keys["keys"]
    skorch = training.only_run("skorch")
    assert len(list(skorch.scan_history(keys=["train_loss", "valid_loss", "valid_acc"]))) == 3
    assert "best_model.pth" in {file.name for file in skorch.files()}
    training.record("lightning", "import wandb", "lightning")
    training.record("pytorch-ignite", "import wandb", "ignite")
    training.record("fastai", "import wandb", "fastai")
    training.record("skorch", "import wandb", "skorch")


def test_our_loggers(training: Training) -> None:
    check(training, "runstore", "train_lightning", "train_ignite", "train_fastai")
    assert {"grads_norm/weight", "net/weights_norm/bias"} <= set(training.only_run("ignite").history_keys["keys"])
    training.record("lightning", "native", "lightning")
    training.record("pytorch-ignite", "native", "ignite")
    training.record("fastai", "native", "fastai")


def test_our_logger_for_lightning_goes_to_processes_keeps_all_checkpoints_and_takes_odd_hyperparameters(
    training: Training,
) -> None:
    done = training.run("keep_lightning.py", variables={"RUNSTORE_PROJECT": "of the environment"})
    assert "seen: found 2 of caption, expected one for each of 1" in done.stdout
    [run] = training.runs("of the environment")
    assert (run.id, run.state) == ("given", "finished")
    assert [sorted(each.aliases) for each in run.logged_artifacts()] == [["best"], ["latest"]]
    assert {each.name.split(":")[0] for each in run.logged_artifacts()} == {"lines"}
    assert run.config == {"of": {"a": 1}, "act": "relu"}
    assert run.summary["in-child"] == 1
    assert {"in-train/loss", "in-heard"} <= set(run.history_keys["keys"])
    assert (training.folder / "kept" / "of the environment" / "given" / "checkpoints").is_dir()


def test_processes_that_lightning_starts_write_the_run_that_was_begun(training: Training) -> None:
    training.run("spread_lightning.py", as_wandb=True)
    run = training.only_run("tiny")
    assert (run.state, run.config) == ("finished", {"begun": True})
    assert [row["trainer/global_step"] for row in run.scan_history(keys=["train/loss", "trainer/global_step"])] == [
        *range(8)
    ]
