"""The recipe for cross-validation in the guide: one trial, several fold runs in its group, the metric their mean."""

from pathlib import Path

import pytest

from runstore.api import Api
from tests.processes import ROOT, run_script

PAGE = (ROOT / "site" / "docs" / "sweeps.md").read_text(encoding="utf-8")
RECIPE = PAGE.split("## Cross-validate")[1].split("```python\n")[1].split("```")[0]
DIES_ONCE = """
import os, pathlib

_train = train

def train(fold, config):
    if fold == 1 and not pathlib.Path("died").exists():
        pathlib.Path("died").touch()
        os._exit(9)
    return _train(fold, config)

"""


def test_folds_are_runs_of_their_own_beside_the_trials(tmp_path: Path) -> None:
    done = run_script(tmp_path, RECIPE)
    assert done.returncode == 0, done.stderr
    api = Api(store=tmp_path / "experiments")
    [sweep] = api.sweeps("digits")
    assert sweep.state == "FINISHED"
    assert sorted(run.config["lr"] for run in sweep.runs) == [0.1, 0.3, 0.5]
    for trial in sweep.runs:
        folds = list(api.runs("digits", {"group": trial.id}))
        assert {run.job_type for run in folds} == {"fold"}
        assert {run.sweep_name for run in folds} == {None}
        assert {run.config["lr"] for run in folds} == {trial.config["lr"]}
        losses = [run.summary["loss"] for run in folds]
        assert trial.summary["mean_loss"] == pytest.approx(sum(losses) / 3)


def test_a_trial_that_died_between_its_folds_is_done_again(tmp_path: Path) -> None:
    head, tail = RECIPE.split("def trial():")
    body, _ = tail.split("configuration = {")
    first = f"{head}{DIES_ONCE}def trial():{body}"
    run = 'runstore.agent("kfold", function=trial, project="digits", count=1)\n'
    configuration = '{"method": "grid", "metric": {"name": "mean_loss"}, "parameters": {"lr": {"values": [0.1, 0.3]}}}'
    create = f'made = runstore.controller({configuration}, project="digits")\n'
    died = run_script(tmp_path, first + create + run.replace('"kfold"', "made.sweep_id"))
    assert died.returncode == 9, died.stderr
    [sweep] = Api(store=tmp_path / "experiments").sweeps("digits")
    done = run_script(tmp_path, first + run.replace("kfold", sweep.id))
    assert done.returncode == 0, done.stderr
    [trial] = sweep.runs
    assert (trial.state, trial.config["lr"]) == ("finished", 0.1)
    folds = Api(store=tmp_path / "experiments").runs("digits", {"group": trial.id})
    assert sorted((fold.config["fold"], fold.state) for fold in folds) == [(n, "finished") for n in range(3)]
