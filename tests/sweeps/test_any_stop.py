"""Agents that are killed, or sleep, at any operation of claim, finish and seal: the sweep goes on and loses nothing."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runstore.reading.sweeps import open_sweep
from sweeps.controller import Over
from tests.sweeps.small_sweeps import Agent, OnlyToldDead, create, layout, small_shards, told, work
from tests.sweeps.stopping_disk import StoppingDisk

SHARD = 3
CAP = 7
FAST = "/dev/shm" if Path("/dev/shm").is_dir() else None
FULL = settings(max_examples=60, deadline=None)


@pytest.fixture(scope="module", autouse=True)
def shards_of_three() -> Iterator[None]:
    with small_shards(SHARD):
        yield


class Sweep:
    """A sweep with agents that come and go."""

    def __init__(self, folder: Path) -> None:
        create(folder, run_cap=CAP, max_retries=9)
        self.layout = layout(folder)
        self.liveness = OnlyToldDead()
        self.agents: list[Agent] = []

    def agent(self) -> Agent:
        self.agents.append(Agent(self.layout, f"a{len(self.agents)}", self.liveness))
        return self.agents[-1]

    def die(self, agent: Agent) -> None:
        self.liveness.dead.add(agent.name)

    def check(self) -> None:
        """After whatever happened: one more agent ends the sweep, and everything is there once."""
        last = self.agent()
        assert isinstance(work(last), Over)
        fresh = open_sweep(self.layout)
        assert fresh.problems == {}
        assert [trial.number for trial in fresh.state.trials] == list(range(CAP))
        assert all(trial.state == "finished" for trial in fresh.state.trials)
        assert told(fresh.state.trials) == told(last.controller.state.trials)
        handed = [(claim.run, claim.attempt) for agent in self.agents for claim in agent.claims]
        assert len(handed) == len(set(handed)), "two agents were given the same attempt"
        counting = {trial.run: trial.outcome for trial in fresh.state.trials}
        for agent in self.agents:
            for outcome in agent.counted:
                found = counting[outcome.run]
                assert found is not None
                assert (found.attempt, found.agent) == (outcome.attempt, agent.name)
        assert not list(self.layout.path.glob("*/*.sealing"))
        assert fresh.state.sealed == set(range(CAP // SHARD))


def act(agent: Agent, trials: int) -> None:
    """Runs some trials, and leaves the last one undone."""
    work(agent, trials)
    agent.take()


@FULL
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 60)), max_size=4))
def test_killed_anywhere_again_and_again(deaths: list[tuple[int, int]]) -> None:
    with tempfile.TemporaryDirectory(dir=FAST) as folder, pytest.MonkeyPatch.context() as patch:
        sweep = Sweep(Path(folder))
        disk = StoppingDisk(patch)
        for trials, operation in deaths:
            agent = sweep.agent()
            disk.killed_before(operation, lambda agent=agent, trials=trials: act(agent, trials))
            sweep.die(agent)
        sweep.check()


@FULL
@given(
    st.integers(0, 5),
    st.integers(0, 60),
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 60)), max_size=2),
    st.booleans(),
)
def test_asleep_anywhere_while_others_go_on(
    trials: int, operation: int, others: list[tuple[int, int]], dead: bool
) -> None:
    with tempfile.TemporaryDirectory(dir=FAST) as folder, pytest.MonkeyPatch.context() as patch:
        sweep = Sweep(Path(folder))
        disk = StoppingDisk(patch)
        sleeper = sweep.agent()
        with disk.asleep_before(operation, lambda: act(sleeper, trials)):
            if dead:
                sweep.die(sleeper)
            for done, stop in others:
                agent = sweep.agent()
                disk.killed_before(stop, lambda agent=agent, done=done: act(agent, done))
                sweep.die(agent)
        if sleeper.claim is not None:
            sleeper.finish()
        sweep.die(sleeper)
        sweep.check()


@pytest.mark.parametrize("operation", range(75))
def test_killed_at_each_operation_of_a_claim_a_finish_and_a_seal(operation: int) -> None:
    with tempfile.TemporaryDirectory(dir=FAST) as folder, pytest.MonkeyPatch.context() as patch:
        sweep = Sweep(Path(folder))
        disk = StoppingDisk(patch)
        agent = sweep.agent()
        disk.killed_before(operation, lambda: work(agent, SHARD + 1))
        sweep.die(agent)
        sweep.check()
