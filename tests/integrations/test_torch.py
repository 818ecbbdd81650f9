"""`TorchHistory` as scripts written for W&B use it."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from runstore.integration.torch import wandb_torch

from runstore.errors import RunstoreError
from runstore.recording.run import Run
from tests.processes import rows
from tests.recording.conftest import folder_of


def train(model: Any) -> None:
    model(torch.ones(4, 2)).sum().backward()


def test_histograms_have_the_prefix_and_names_that_are_given(run: Run) -> None:
    model = torch.nn.Linear(2, 1)
    history = wandb_torch.TorchHistory()
    history.add_log_parameters_hook(model, prefix="a.")
    history.add_log_gradients_hook(model, name="b.", log_freq=2)
    for _ in range(2):
        train(model)
        run.log({"loss": 1})
    first, second = rows(folder_of(run))
    assert {key for key in first if "/" in key} == {"parameters/a.weight", "parameters/a.bias"}
    assert {key for key in second if key.startswith("gradients")} == {"gradients/b.weight", "gradients/b.bias"}


def test_what_is_unhooked_is_logged_no_more(run: Run) -> None:
    model = torch.nn.Linear(2, 1)
    history = wandb_torch.TorchHistory()
    history.add_log_parameters_hook(model)
    history.add_log_gradients_hook(model, name="g")
    history.unhook("g")
    history.unhook("nothing of this name")
    train(model)
    run.log({"loss": 1})
    history.unhook_all()
    train(model)
    run.log({"loss": 2})
    first, second = rows(folder_of(run))
    assert {key.split("/")[0] for key in first if "/" in key} == {"parameters"}
    assert not [key for key in second if "/" in key]


def test_without_a_run_it_says_so(begin: Callable[..., Run]) -> None:
    with pytest.raises(RunstoreError, match=r"call runstore.init\(\) before TorchHistory"):
        wandb_torch.TorchHistory().add_log_parameters_hook(torch.nn.Linear(1, 1))
