"""Two branches that both ran a sweep merge with plain git: all trials are there, and the sweep goes on."""

from collections.abc import Callable
from pathlib import Path

import pytest

from runstore.format.layout import StoreLayout
from runstore.format.records import create_store
from runstore.reading.sweeps import open_sweep
from sweeps.controller import Controller, Over
from tests.merge.test_merge import Repository
from tests.sweeps.small_sweeps import SHARDED, Agent, OnlyToldDead, create, layout, told, work


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "work")
    create_store(StoreLayout(made.store))
    create(made.folder)
    work(Agent(layout(made.folder), "before"), 2)
    made.commit("a sweep")
    return made


def runs(folder: Path, name: str, trials: int, *, leave_one: bool = False) -> Callable[[Repository, str], None]:
    def act(_: Repository, branch: str) -> None:
        agent = Agent(layout(folder), f"{name}-{branch}")
        work(agent, trials)
        if leave_one:
            agent.take()

    return act


def test_trials_of_one_number_are_told_apart_by_their_runs(repository: Repository) -> None:
    folder = repository.folder
    merged = repository.diverge(runs(folder, "a", 3), runs(folder, "b", 2))
    assert merged.returncode == 0, merged.stdout
    reader = open_sweep(layout(folder))
    assert reader.problems == {}
    assert [trial.number for trial in reader.state.trials] == [0, 1, 2, 2, 3, 3, 4]
    assert {trial.state for trial in reader.state.trials} == {"finished"}
    agent = Agent(layout(folder), "after")
    work(agent, 1)
    assert agent.claims[0].n == 5


def test_a_trial_that_ran_on_the_other_branch_is_tried_again_beside_its_twin(repository: Repository) -> None:
    folder = repository.folder
    merged = repository.diverge(runs(folder, "a", 1), runs(folder, "b", 0, leave_one=True))
    assert merged.returncode == 0, merged.stdout
    liveness = OnlyToldDead()
    liveness.dead.add("b-right")
    agent = Agent(layout(folder), "after", liveness)
    work(agent, 1)
    twins = open_sweep(layout(folder)).state.at(2)
    assert [trial.state for trial in twins] == ["finished", "finished"]
    assert sorted(trial.attempt for trial in twins) == [1, 2]
    assert told(open_sweep(layout(folder)).state.trials) == told(Controller.open(layout(folder)).state.trials)


def test_what_people_asked_for_on_both_branches_counts(repository: Repository) -> None:
    folder = repository.folder

    def asks(cap: int) -> Callable[[Repository, str], None]:
        return lambda _, branch: (Controller.open(layout(folder)).ask("extend", {"run_cap": cap}, branch), None)[1]

    assert repository.diverge(asks(4), asks(6)).returncode == 0
    state = open_sweep(layout(folder)).state
    assert {control.data["run_cap"] for control in state.controls} == {4, 6}
    assert isinstance(work(Agent(layout(folder), "after")), Over)


def test_a_shard_that_one_branch_sealed_or_both_did(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in SHARDED:
        monkeypatch.setattr(module, "SHARD", 3)
    folder = repository.folder
    merged = repository.diverge(runs(folder, "a", 5), runs(folder, "b", 2))
    assert merged.returncode == 0, merged.stdout
    found = open_sweep(layout(folder))
    assert found.problems == {}
    assert [trial.number for trial in found.state.trials] == [0, 1, 2, 2, 3, 3, 4, 5, 6]
    assert {trial.state for trial in found.state.trials} == {"finished"}
    agent = Agent(layout(folder), "after")
    work(agent, 1)
    assert agent.claims[0].n == 7
