"""Optuna and Hydra: many runs, through integrations of W&B and through ours."""

import pytest

from tests.libraries.training import Training

pytestmark = pytest.mark.slow


def check_optuna(training: Training, callback: str) -> None:
    training.run("search_optuna.py", callback, as_wandb=callback == "wandb")
    [one] = training.runs("one")
    assert one.config == {"direction": ["MINIMIZE"]}
    rows = list(one.scan_history(keys=["x", "loss", "_step"]))
    assert [row["_step"] for row in rows] == [0, 1, 2]
    assert all(row["loss"] == pytest.approx(row["x"] ** 2) for row in rows)
    each = training.runs("each")
    assert [run.summary["trial_number"] for run in each] == [0, 1, 2]
    assert all(run.config["x"] == run.summary["x"] == 2 * run.summary["half"] for run in each)
    assert all(run.tags == ["search", "line"] for run in each)
    assert all(run.display_name.startswith(f"trial/{number}") for number, run in enumerate(each))


def test_optunas_callback_of_wandb(training: Training) -> None:
    check_optuna(training, "wandb")
    training.record("optuna", "import wandb")


def test_our_callback_for_optuna(training: Training) -> None:
    check_optuna(training, "runstore")
    training.record("optuna", "native")


SEVERAL = """
import optuna
from runstore.errors import UsageError
from runstore.integrations.optuna import RunstoreCallback

def two(trial):
    x = trial.suggest_float("x", -1, 1)
    if trial.number == 1:
        raise ValueError("on purpose")
    return x, -x

optuna.logging.disable_default_handler()
sampler = optuna.samplers.RandomSampler(0)
study = optuna.create_study(directions=["minimize", "maximize"], sampler=sampler)
callback = RunstoreCallback(["low", "high"], as_multirun=True, project="named")
study.optimize(callback.track(two), n_trials=2, callbacks=[callback], catch=ValueError)
callback = RunstoreCallback("both", project="numbered")
study.optimize(two, n_trials=1, callbacks=[callback])
try:
    study.optimize(two, n_trials=1, callbacks=[RunstoreCallback(["low"])])
except UsageError as error:
    print(error)
"""


def test_several_values_have_a_name_each_and_a_trial_that_failed_is_a_run_that_failed(training: Training) -> None:
    done = training.run(SEVERAL, check=False)  # Optuna prints the traceback of what a trial raised.
    assert done.returncode == 0, done.stderr
    assert "metric_name has 1 names, the study 2 values; name each, or give one name" in done.stdout
    first, second = training.runs("named")
    assert first.summary["low"] == -first.summary["high"] == first.config["x"]
    assert (first.state, second.state) == ("finished", "failed")
    assert "low" not in second.summary
    assert "x" in second.config
    [run] = training.runs("numbered")
    assert run.summary["both_0"] == -run.summary["both_1"]


def test_jobs_of_a_multirun_of_hydra_are_runs(training: Training) -> None:
    training.run("sweep_hydra.py", "-m", "lr=0.1,0.2", "model.width=2,3", as_wandb=True)
    runs = training.runs("tiny")
    found = [(run.config["lr"], run.config["model"]["width"]) for run in runs]
    assert sorted(found) == [(0.1, 2), (0.1, 3), (0.2, 2), (0.2, 3)]
    assert all(run.state == "finished" and len(list(run.scan_history())) == 3 for run in runs)
    training.record("hydra-core", "import wandb")
