"""Who is alive: by the bytes of heartbeats on the observer's own clock, by processes of this host, by their word."""

import subprocess
from pathlib import Path

import psutil
import pytest

from runstore.format.host import boot_id, hostname
from runstore.format.sweep_records import AgentState, Beat, Claim, Process, dump
from sweeps.liveness import Liveness
from tests.sweeps.small_sweeps import create, layout

LEASE = 300.0


class Clock:
    """The observer's clock."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    create(tmp_path)
    return Clock()


def beat(folder: Path, number: int, run: str | None = "r", state: AgentState = "training") -> None:
    known = Beat("a", number, state, trial=0 if run else None, attempt=1 if run else 0, run=run or "", every=30.0)
    layout(folder).agent("a").write_bytes(dump(known))


def claim(process: Process | None = None, agent: str = "a") -> Claim:
    return Claim(0, "r", agent, {}, beat=1, process=process or Process("elsewhere", 1, "b", 1.0))


def watch(folder: Path, clock: Clock) -> Liveness:
    return Liveness(layout(folder), LEASE, clock, slurm=False)


def test_an_agent_elsewhere_is_dead_after_a_lease_without_a_new_heartbeat(tmp_path: Path, clock: Clock) -> None:
    watching = watch(tmp_path, clock)
    beat(tmp_path, 2)
    assert watching.judge(claim()) == "unknown"
    clock.now += LEASE - 1
    beat(tmp_path, 3)
    assert watching.judge(claim()) == "alive"
    clock.now += LEASE - 1
    assert watching.judge(claim()) == "alive"
    clock.now += 2
    assert watching.judge(claim()) == "dead"


@pytest.mark.parametrize("agent", ["nobody", "../../x"])
def test_an_agent_without_a_heartbeat_is_dead_after_a_lease(tmp_path: Path, clock: Clock, agent: str) -> None:
    watching = watch(tmp_path, clock)
    assert watching.judge(claim(agent=agent)) == "unknown"
    clock.now += LEASE + 1
    assert watching.judge(claim(agent=agent)) == "dead"


def test_a_process_of_this_host_that_is_gone_is_dead_at_once(tmp_path: Path, clock: Clock) -> None:
    child = subprocess.Popen(["sleep", "60"])
    try:
        lives = Process(hostname(), child.pid, boot_id(), psutil.Process(child.pid).create_time())
        beat(tmp_path, 2)
        assert watch(tmp_path, clock).judge(claim(lives)) == "alive"
        later = Process(lives.host, lives.pid, lives.boot, lives.start - 100)
        assert watch(tmp_path, clock).judge(claim(later)) == "dead"
    finally:
        child.kill()
        child.wait()
    assert watch(tmp_path, clock).judge(claim(lives)) == "dead"


def test_a_process_that_sleeps_past_its_lease_is_dead_too(tmp_path: Path, clock: Clock) -> None:
    own = psutil.Process()
    here = Process(hostname(), own.pid, boot_id(), own.create_time())
    watching = watch(tmp_path, clock)
    assert watching.judge(claim(here)) == "alive"
    clock.now += LEASE + 1
    assert watching.judge(claim(here)) == "dead"


def test_a_later_heartbeat_without_the_trial_gives_it_up(tmp_path: Path, clock: Clock) -> None:
    watching = watch(tmp_path, clock)
    beat(tmp_path, 1, None, "waiting")
    assert watching.judge(claim()) == "unknown"
    beat(tmp_path, 2, None, "waiting")
    clock.now += 0.5
    assert watching.judge(claim()) == "alive"
    clock.now += 1.5
    assert watching.judge(claim()) == "dead"


def test_a_farewell_gives_it_up_at_once(tmp_path: Path, clock: Clock) -> None:
    beat(tmp_path, 2, None, "bye")
    assert watch(tmp_path, clock).judge(claim()) == "dead"
