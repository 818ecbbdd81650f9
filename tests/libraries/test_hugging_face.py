"""Transformers, what is built on it, and accelerate: through their own integrations of W&B, and through ours."""

from typing import Any

import pytest

from runstore.api.runs import Run
from tests.libraries.training import Training

pytestmark = pytest.mark.slow


def history(run: Run, key: str) -> list[Any]:
    return [row[key] for row in run.scan_history() if row.get(key) is not None]


def check(training: Training, report_to: str) -> None:
    """Trains with all of them in one process."""
    scripts = ("train_transformers", "train_sentences", "train_trl", "train_accelerate")
    training.run("together.py", report_to, *scripts, as_wandb=report_to == "wandb")
    check_transformers(training.only_run("train_transformers"))
    check_sentences(training.only_run("train_sentences"))
    check_trl(training.only_run("train_trl"))
    check_accelerate(training.only_run("tiny"))


def check_transformers(run: Run) -> None:
    assert (run.display_name, run.state) == ("tiny bert", "finished")
    assert len(history(run, "train/loss")) == 4
    assert history(run, "train/global_step") == [2, 4, 4, 6, 8, 8, 8, 8]
    assert len(history(run, "eval/loss")) == len(history(run, "eval/accuracy")) == 2
    assert len(history(run, "test/accuracy")) == 1
    assert run.summary["train_loss"] > 0
    assert run.summary["total_flos"] > 0
    assert run.config["model/num_parameters"] > 100
    assert (run.config["hidden_size"], run.config["num_train_epochs"], run.config["model_type"]) == (8, 2, "bert")
    assert run.config["id2label"] == {"0": "LABEL_0", "1": "LABEL_1"}


def check_sentences(run: Run) -> None:
    assert (run.display_name, run.config["num_train_epochs"]) == ("tiny sentences", 2)
    assert len(history(run, "train/loss")) == 4
    assert len(history(run, "eval/loss")) == 2


def check_trl(run: Run) -> None:
    assert len(history(run, "train/loss")) == len(history(run, "train/mean_token_accuracy")) == 4
    assert len(history(run, "eval/loss")) == 2
    assert run.config["max_length"] == 8


def check_accelerate(run: Run) -> None:
    assert (run.display_name, run.state, run.config) == ("line", "finished", {"lr": 0.1})
    assert [row["_step"] for row in run.scan_history() if row.get("train_loss") is not None] == [0, 1, 2, 3]
    kept = {file.name.split("/")[1] for file in run.files() if file.name.startswith("media/")}
    assert kept == {"images", "table"}


def test_their_own_integrations_of_wandb(training: Training) -> None:
    check(training, "wandb")
    training.record("transformers", "import wandb", "train_transformers")
    training.record("sentence-transformers", "import wandb", "train_sentences")
    training.record("trl", "import wandb", "train_trl")
    training.record("accelerate", "import wandb", "tiny")


def test_our_callback_and_tracker(training: Training) -> None:
    check(training, "runstore")
    assert training.only_run("train_sentences").config["model/num_parameters"] > 100
    training.record("transformers", "native", "train_transformers")
    training.record("sentence-transformers", "native", "train_sentences")
    training.record("trl", "native", "train_trl")
    training.record("accelerate", "native", "tiny")


def test_our_callback_keeps_models_watches_and_begins_a_run_for_each_trial(training: Training) -> None:
    done = training.run("keep_transformers.py", variables={"RUNSTORE_PROJECT": "of the environment"})
    assert "log_model is 'always', expected 'end', 'checkpoint' or None" in done.stdout
    [end] = training.runs("end")
    [last] = end.logged_artifacts()
    assert (last.type, last.name, last.aliases) == ("model", f"model-{end.id}:v0", ["latest"])
    assert last.metadata["global_step"] == 8
    assert last.metadata["model/num_parameters"] == end.config["model/num_parameters"]
    assert "model.safetensors" in {file.name for file in last.files()}
    [checkpoints] = training.runs("of the environment")
    assert [each.metadata["global_step"] for each in checkpoints.logged_artifacts()] == [64, 128]
    assert {"gradients/classifier.weight"} <= set(checkpoints.history_keys["keys"])
    trials = training.runs("search")
    assert [run.group for run in trials] == ["tried"] * 2
    assert {run.display_name for run in trials} == {"trial 0", "trial 1"}
    assert all(run.state == "finished" and history(run, "train/loss") for run in trials)
    assert len({run.config["learning_rate"] for run in trials}) == 2
