"""Mistakes in calls and commands that nothing has to run for: one clear line, as early as can be."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import runstore
from runstore.errors import UsageError
from sweeps.cli.sweep import sweep as command
from sweeps.errors import SweepError
from tests.sweeps.agents import make_sweep, run_agent

BOWL: dict[str, Any] = {"method": "random", "parameters": {"lr": {"min": 0.0, "max": 1.0}}}


@pytest.mark.parametrize("name", [None, 5, BOWL])
def test_a_sweep_is_named_by_text(name: Any) -> None:
    with pytest.raises((UsageError, TypeError), match="expected its id as text"):
        runstore.agent(name, function=print)


def test_a_configuration_is_a_dict() -> None:
    with pytest.raises(UsageError, match="found the configuration 5, expected a dict"):
        runstore.controller().configure(5)  # type: ignore[arg-type]


def test_prior_runs_are_a_list() -> None:
    with pytest.raises(UsageError, match=r"prior_runs is 'abc', expected a list of run ids; write \['abc'\]"):
        runstore.sweep(BOWL, prior_runs="abc")  # type: ignore[arg-type]


def test_an_engine_that_nobody_offers_is_found_when_the_sweep_is_created(tmp_path: Path) -> None:
    wrong = {**BOWL, "method": "bayes", "metric": {"name": "loss"}, "engine": "optuna-gpp"}
    with pytest.raises(SweepError, match=r"engine: found 'optuna-gpp', .* did you mean 'optuna-gp'"):
        make_sweep(tmp_path, **wrong)


def test_a_retry_says_when_nothing_comes_of_it_before_resume(tmp_path: Path) -> None:
    place = make_sweep(tmp_path, train="raise SystemExit(1)", **BOWL, run_cap=2)
    run_agent(tmp_path, "--count", "1")
    path = str(place.sweep.path)
    assert CliRunner().invoke(command, ["cancel", path]).exit_code == 0
    done = CliRunner().invoke(command, ["retry", path, "0", "0"])
    assert "1 trial to be run again: 0\n" in done.output
    assert "once it goes on: runstore sweep resume" in done.output
