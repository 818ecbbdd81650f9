"""Sweeps and agents as real processes, for tests."""

import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from runstore.format.layout import ProjectLayout, StoreLayout
from runstore.format.records import load_state
from runstore.format.sweep_records import Outcome
from runstore.reading.sweeps import SweepReader, open_sweep
from sweeps.agent.places import Place
from sweeps.creating import Wanted, from_values
from tests.processes import PATIENCE_SECONDS, environment

TRAIN = """
    import sys
    import runstore
    with runstore.init() as run:
        for step in range(3):
            run.log({"loss": run.config["lr"] + 1 / (step + 1)})
"""
GRID = {
    "program": "train.py",
    "method": "grid",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"values": [1, 2]}, "depth": {"values": [3, 4]}},
}


def make_sweep(folder: Path, train: str = TRAIN, **config: Any) -> Place:
    """A sweep of project `p` in `folder/experiments`, and the program that it names."""
    (folder / "train.py").write_text(textwrap.dedent(train))
    wanted = Wanted(project="p", store=folder / "experiments", id="s")
    given = {key: value for key, value in {**GRID, **config}.items() if value is not None}
    return from_values(given, wanted, lambda line: None)


def start_agent(folder: Path, *arguments: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """`runstore agent p/s …` in `folder`."""
    return subprocess.Popen(
        [sys.executable, "-m", "runstore", "agent", "p/s", *arguments],
        cwd=folder,
        env=environment(folder, {"RUNSTORE_CONSOLE": "off", "RUNSTORE_DISABLE_STATS": "true", **(env or {})}),
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def run_agent(folder: Path, *arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """The same to its end."""
    with agent(folder, *arguments, env=env) as process:
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


@contextmanager
def agent(folder: Path, *arguments: str, env: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """An agent that does not outlive the block."""
    with start_agent(folder, *arguments, env=env) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def said(process: subprocess.Popen[str]) -> str:
    """What it says on stderr until it ends."""
    return process.communicate(timeout=PATIENCE_SECONDS)[1]


def reader(place: Place) -> SweepReader:
    """The sweep as it is now."""
    return open_sweep(place.sweep)


def outcomes(place: Place) -> list[Outcome]:
    """How the trials ended that did, in order."""
    return [trial.outcome for trial in reader(place).state.trials if trial.outcome is not None]


def run_states(place: Place) -> list[str]:
    """The states of the project's runs, by id."""
    project: ProjectLayout = StoreLayout(place.store.root).project(place.project.name)
    found = [load_state(run.state_json) for run in project.runs()]
    return [state.state if state is not None else "" for state in found]
