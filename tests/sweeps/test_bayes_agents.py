"""Several agents search with bayes at once: they share what one of them worked out, and none stops the others."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runstore.reading.sweeps import open_sweep
from sweeps.agent.places import Place
from sweeps.creating import Wanted, from_values
from tests.processes import environment, wait_until

AGENTS = 6
TRIALS = 36
# Decisions are counted: those that asked the engine, and those that took another agent's proposal.
AGENT = """
import os, sys
import runstore
from sweeps import deciding
deciding._TURN_SECONDS = 2.0
log = os.open("decisions", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
ask, proposed = deciding.Decider._ask, deciding.Decider.next
def counted_ask(self, count):
    os.write(log, b"asked\\n")
    return ask(self, count)
def counted_next(self, idle, room):
    os.write(log, b"decided\\n")
    return proposed(self, idle, room)
deciding.Decider._ask, deciding.Decider.next = counted_ask, counted_next
def train():
    with runstore.init() as run:
        run.log({"loss": (run.config["x"] - 1) ** 2 + (run.config["y"] + 2) ** 2})
runstore.agent(sys.argv[1], function=train)
"""


def make_sweep(folder: Path, run_cap: int) -> Place:
    config = {
        "method": "bayes",
        "metric": {"name": "loss", "goal": "minimize"},
        "parameters": {"x": {"min": -5.0, "max": 5.0}, "y": {"min": -5.0, "max": 5.0}},
        "run_cap": run_cap,
        "heartbeat": 1,
        "max_retries": 100,
        "seed": 3,
    }
    return from_values(config, Wanted(project="p", store=folder / "experiments", id="s"), lambda line: None)


@contextmanager
def agents(folder: Path, place: Place, number: int = AGENTS) -> Iterator[list["subprocess.Popen[bytes]"]]:
    """Agents at work; none outlives the block."""
    quiet = {"RUNSTORE_CONSOLE": "off", "RUNSTORE_DISABLE_STATS": "true", "OMP_NUM_THREADS": "1"}
    with (folder / "log").open("ab") as log:
        command = [sys.executable, "-c", AGENT, str(place.sweep.path)]
        env = environment(folder, quiet)
        started = [subprocess.Popen(command, cwd=folder, env=env, stdout=log, stderr=log) for _ in range(number)]
    try:
        yield started
    finally:
        for each in started:
            each.kill()
            each.wait()


def said(folder: Path) -> str:
    return (folder / "log").read_text()[-4000:]


def counter(place: Place) -> Callable[[], int]:
    """How many trials are over, each time it is asked."""
    reader = open_sweep(place.sweep)

    def over() -> int:
        reader.look()
        return sum(trial.is_over for trial in reader.state.trials)

    return over


def check(place: Place, run_cap: int) -> None:
    """Each number once, no point twice, all finished; the best is far better than that of as many random points."""
    state = open_sweep(place.sweep).state
    assert [trial.number for trial in state.trials] == list(range(run_cap))
    assert {trial.state for trial in state.trials} == {"finished"}
    points = Counter((trial.params["x"], trial.params["y"]) for trial in state.trials)
    assert max(points.values()) == 1
    assert state.best is not None
    assert state.best.value is not None
    assert state.best.value < 0.05


@pytest.mark.slow
def test_six_agents_share_proposals_and_try_no_point_twice(tmp_path: Path) -> None:
    place = make_sweep(tmp_path, TRIALS)
    with agents(tmp_path, place) as started:
        for each in started:
            assert each.wait(timeout=120) == 0, said(tmp_path)
    check(place, TRIALS)
    decisions = Counter((tmp_path / "decisions").read_text().splitlines())
    assert decisions["decided"] >= TRIALS
    assert decisions["decided"] - decisions["asked"] >= TRIALS // 6, decisions


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_who_is_killed_or_sleeps_in_its_turn_does_not_keep_the_others(tmp_path: Path, number: signal.Signals) -> None:
    place = make_sweep(tmp_path, TRIALS)
    over = counter(place)
    with agents(tmp_path, place, 3) as started:
        wait_until(lambda: over() >= TRIALS // 3, f"trials come\n{said(tmp_path)}")
        caught = strike_the_one_whose_turn_it_is(place, {each.pid for each in started}, number)
        wait_until(lambda: over() == TRIALS, f"the others go on\n{said(tmp_path)}")
        if number == signal.SIGSTOP:
            assert caught in turns(place)  # All that time.
            os.kill(caught, signal.SIGCONT)
        for each in started:
            assert each.wait(timeout=60) == (-number if (each.pid, number) == (caught, signal.SIGKILL) else 0)
    check(place, TRIALS)


def strike_the_one_whose_turn_it_is(place: Place, agents: set[int], number: signal.Signals) -> int:
    """Stops or kills an agent in its turn; which one."""
    while True:
        for process in turns(place) & agents:
            os.kill(process, signal.SIGSTOP)
            if process in turns(place):
                os.kill(process, number)
                return process
            os.kill(process, signal.SIGCONT)
        time.sleep(0.001)


def turns(place: Place) -> set[int]:
    """The processes that hold the lock of the search, as the kernel lists them."""
    lock = place.sweep.lock("search")
    inode = lock.stat().st_ino if lock.exists() else -1
    lines = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
    return {int(each[4]) for each in lines if each[1] == "FLOCK" and int(each[5].rsplit(":", 1)[1]) == inode}
