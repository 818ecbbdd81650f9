"""The guide as a new user follows it: the quick start with W&B's own configuration, and a sweep out of earlier runs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from runstore.api import Api
from runstore.format import yaml12
from runstore.format.sweep_layout import SweepLayout
from runstore.reading.sweeps.reader import open_sweep
from tests.processes import ROOT, environment, run_script

PAGE = (ROOT / "site" / "docs" / "sweeps.md").read_text(encoding="utf-8")
PATIENCE_SECONDS = 120.0


def block(language: str, which: int = 0) -> str:
    """A block of code of the guide, by its place among those of its language."""
    found: list[str] = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return found[which]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A directory with the script and the configuration of the quick start."""
    (tmp_path / "train.py").write_text(block("python"))
    (tmp_path / "sweep.yaml").write_text(block("yaml"))
    return tmp_path


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "runstore", *arguments],
        cwd=folder,
        env=environment(folder, {"RUNSTORE_SILENT": "true"}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def told(process: subprocess.Popen[str]) -> str:
    """What a command says until it ends well."""
    text, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, text
    return text


def create(folder: Path, *more: str) -> str:
    """Creates the sweep; its name as the command prints it for `runstore agent`."""
    said = told(start(folder, "sweep", "create", "sweep.yaml", "--project", "digits", *more))
    found = re.search(r"runstore agent (digits/[a-z0-9]+)$", said, re.MULTILINE)
    assert found, said
    return found[1]


def test_the_quick_starts_configuration_is_wandbs_own() -> None:
    assert yaml12.load(block("yaml")) == {
        "program": "train.py",
        "method": "bayes",
        "metric": {"name": "validation_loss", "goal": "minimize"},
        "parameters": {"learning_rate": {"min": 0.0001, "max": 0.1}, "optimizer": {"values": ["adam", "sgd"]}},
    }


@pytest.mark.slow
def test_two_agents_share_the_sweep_of_the_quick_start(folder: Path) -> None:
    name = create(folder)
    assert "0" in told(start(folder, "sweep", "status", name))
    agents = [start(folder, "agent", name, "--count", "3") for _ in range(2)]
    for agent in agents:
        assert "finished, validation_loss" in told(agent)
    state = open_sweep(SweepLayout(folder / "experiments" / "digits" / "sweeps" / name.partition("/")[2])).state
    assert [trial.number for trial in state.trials] == [0, 1, 2, 3, 4, 5]
    assert state.counts == {"finished": 6}
    assert "6 finished" in told(start(folder, "sweep", "status", name))
    sweep = Api(store=folder / "experiments").sweep(name)
    best = sweep.best_run()
    assert best is not None
    assert f"run {best.id}" in told(start(folder, "sweep", "best", name))
    assert sorted(agent.total_runs for agent in sweep.agents()) == [3, 3]
    assert {agent.state for agent in sweep.agents()} == {"FINISHED"}


@pytest.mark.slow
def test_runs_that_are_there_become_a_configuration_and_prior_results(folder: Path) -> None:
    for rate in ("0.001", "0.02"):
        script = block("python").replace('"learning_rate": 0.01', f'"learning_rate": {rate}')
        assert run_script(folder, script).returncode == 0
    from_runs = ("sweep", "create", "--from-runs", "config.epochs = 5", "--project", "digits")
    shown = told(start(folder, *from_runs))
    said = told(start(folder, *from_runs, "proposed.yaml"))
    assert "proposed from 2 runs with results" in said
    assert (folder / "proposed.yaml").read_text() in shown
    again = start(folder, *from_runs, "proposed.yaml")
    assert "there is a file already" in again.communicate()[0]
    (folder / "proposed.yaml").replace(folder / "sweep.yaml")
    name = create(folder)
    state = open_sweep(SweepLayout(folder / "experiments" / "digits" / "sweeps" / name.partition("/")[2])).state
    assert [run["params"] for run in state.prior] == [{"learning_rate": 0.001}, {"learning_rate": 0.02}]
    assert all(run["value"] is not None for run in state.prior)
    assert "finished, validation_loss" in told(start(folder, "agent", name, "--count", "1"))


def test_a_call_that_proposes_nothing_is_one_clear_line(folder: Path) -> None:
    said = start(folder, "sweep", "create").communicate()[0]
    assert said.strip().endswith("name its YAML file, or pass --from-runs to have one proposed")
    said = start(folder, "sweep", "create", "sweep.yaml", "--metric", "loss").communicate()[0]
    assert "--metric and --goal go with --from-runs" in said
