"""What W&B ships for libraries is reachable by W&B's names, whether or not the library is there."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import runstore
from runstore.recording.missing import OF_INTEGRATION
from tests.processes import environment

ROOMS = {
    "catboost": {"WandbCallback", "log_summary"},
    "keras": {"WandbCallback", "WandbEvalCallback", "WandbMetricsLogger", "WandbModelCheckpoint"},
    "lightgbm": {"log_summary", "wandb_callback"},
    "xgboost": {"WandbCallback", "wandb_callback"},
    "wandb_torch": {"TorchHistory"},
}


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_a_room_can_be_looked_into_without_its_library(room: str) -> None:
    assert getattr(runstore, room) is importlib.import_module(f"runstore.{room}")
    assert set(dir(getattr(runstore, room))) == ROOMS[room]
    assert not hasattr(getattr(runstore, room), "no_such_name")


@pytest.mark.parametrize("room", ["catboost", "keras", "lightgbm", "xgboost"])
def test_a_callback_without_its_library_says_which_is_missing(room: str) -> None:
    if importlib.util.find_spec(room) is not None:
        pytest.skip(f"{room} is installed here")
    name = min(ROOMS[room])
    for line in (f"runstore.{room}.{name}", f"from runstore.integration.{room} import {name}"):
        with pytest.raises(ModuleNotFoundError, match=f"No module named '{room}'"):
            exec(f"import runstore; {line}")


def test_longer_names_lead_to_the_same_things() -> None:
    from runstore.integration.sklearn import plot_roc
    from runstore.integration.torch.wandb_torch import TorchHistory

    assert plot_roc is runstore.sklearn.plot_roc
    assert TorchHistory is runstore.wandb_torch.TorchHistory
    assert set(dir(importlib.import_module("runstore.integration.keras.callbacks"))) == ROOMS["keras"]


@pytest.mark.parametrize("name", sorted(OF_INTEGRATION))
def test_an_integration_that_is_not_there_says_what_is(name: str) -> None:
    with pytest.raises(ModuleNotFoundError, match=f"there is no runstore.integration.{name}: ."):
        importlib.import_module(f"runstore.integration.{name}")


def test_as_wandb_they_are_the_same_and_what_is_missing_is_told_by_its_name(tmp_path: Path) -> None:
    code = (
        "import runstore.sklearn, wandb, wandb.sklearn, wandb.integration.sklearn, wandb.keras\n"
        "assert wandb.sklearn.plot_roc is runstore.sklearn.plot_roc is wandb.integration.sklearn.plot_roc\n"
        "try:\n    from wandb.integration.openai import autolog\nexcept ImportError: print('refused')\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "runstore", "exec", "--", sys.executable, "-c", code],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
    )
    assert done.stdout == "refused\n", done.stderr
    assert "asked for wandb.integration.openai, which Runstore has not" in done.stderr
