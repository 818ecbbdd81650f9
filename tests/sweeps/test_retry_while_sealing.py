"""A trial is asked for again in the very moment in which its shard is sealed: it is tried again, either way."""

import tempfile
from collections.abc import Callable, Iterator
from itertools import permutations
from pathlib import Path

import pytest

from runstore.format.sweep_records import Claim, Control, Outcome
from runstore.reading.sweeps import Trial, open_sweep
from runstore.reading.sweeps.reader import read_sealed
from runstore.reading.sweeps.state import SweepState
from sweeps.controller import Over
from tests.sweeps.small_sweeps import Agent, OnlyToldDead, create, layout, small_shards, told, work
from tests.sweeps.stopping_disk import StoppingDisk

SHARD = 3
FAST = "/dev/shm" if Path("/dev/shm").is_dir() else None


@pytest.fixture(scope="module", autouse=True)
def shards_of_three() -> Iterator[None]:
    with small_shards(SHARD):
        yield


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=FAST) as made:
        yield Path(made)


class Scene:
    """A sweep whose first shard lacks the last outcome, the agent that will publish it, and a person."""

    def __init__(self, folder: Path) -> None:
        create(folder, run_cap=SHARD + 2, max_retries=9)
        self.layout = layout(folder)
        self.liveness = OnlyToldDead()
        self.sealer = self.agent("sealer")
        work(self.sealer, SHARD - 1)
        self.sealer.take()
        self.person = self.agent("person")

    def agent(self, name: str) -> Agent:
        return Agent(self.layout, name, self.liveness)

    def ask(self) -> int:
        """Asks for trial 1 again."""
        return self.person.controller.ask("retry", {"trials": [1]}).n

    def check(self) -> None:
        """Whoever comes next ends the sweep; trial 1 was tried again, and every trial counts once."""
        self.liveness.dead |= {"sealer", "person"}
        last = self.agent("last")
        assert isinstance(work(last), Over)
        fresh = open_sweep(self.layout)
        assert fresh.problems == {}
        trials = fresh.state.trials
        assert told(trials) == told(last.controller.state.trials)
        assert [trial.number for trial in trials] == list(range(SHARD + 2))
        assert all(trial.state == "finished" for trial in trials)
        first = trials[1]
        again = [trial for trial in trials if trial.run != first.run and trial.params == first.params]
        assert (first.attempt, len(again)) in ((2, 0), (1, 1)), "the retry was lost, or done twice"
        if first.attempt == 2:
            assert first.outcome is not None
            assert (first.outcome.attempt, len(first.earlier)) == (2, 1)
        assert fresh.state.sealed == {0}
        assert not list(self.layout.path.glob("*/*.sealing"))


@pytest.mark.parametrize("operation", range(40))
def test_asked_for_while_the_sealer_sleeps(folder: Path, monkeypatch: pytest.MonkeyPatch, operation: int) -> None:
    scene, disk = Scene(folder), StoppingDisk(monkeypatch)
    with disk.asleep_before(operation, scene.sealer.finish):
        scene.ask()
    scene.check()


@pytest.mark.parametrize("operation", range(14))
def test_sealed_while_the_one_who_asks_sleeps(folder: Path, monkeypatch: pytest.MonkeyPatch, operation: int) -> None:
    scene, disk = Scene(folder), StoppingDisk(monkeypatch)
    with disk.asleep_before(operation, scene.ask):
        scene.sealer.finish()
    scene.check()


@pytest.mark.parametrize("operation", range(40))
def test_asked_for_after_the_sealer_was_killed(folder: Path, monkeypatch: pytest.MonkeyPatch, operation: int) -> None:
    scene, disk = Scene(folder), StoppingDisk(monkeypatch)
    disk.killed_before(operation, scene.sealer.finish)
    scene.liveness.dead.add("sealer")
    scene.ask()
    scene.check()


@pytest.mark.parametrize("order", list(permutations(["sealed", "retry", "again"])))
def test_in_whatever_order_the_records_come_the_same_point_is_tried_once_more(order: tuple[str, ...]) -> None:
    old = Trial(0, "old")
    old.add_claim(Claim(0, "old", "a", {"lr": 0.5}))
    old.add_outcome(Outcome(0, "old", "a", "failed"))
    found = SweepState()
    acts: dict[str, Callable[[], None]] = {
        "sealed": lambda: found.add_sealed(0, read_sealed(old.sealed_line())[0]),
        "retry": lambda: found.apply(Control(1, "retry", data={"trials": [0]})),
        "again": lambda: found.apply(Claim(SHARD, "new", "b", {"lr": 0.5}, added=1)),
    }
    for name in order:
        if name == "again" and {"sealed", "retry"} <= set(order[: order.index("again")]):
            assert [(each.n, each.data) for each in found.queued] == [(1, {"params": {"lr": 0.5}})]
        acts[name]()
    assert (found.queued, found.retries) == ([], [])
    assert [trial.run for trial in found.trials] == ["old", "new"]
