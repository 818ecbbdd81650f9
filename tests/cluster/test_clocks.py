"""Agents on two machines whose clocks are two hours apart: nothing depends on them."""

import datetime
import signal
import time
from pathlib import Path

import pytest

from runstore.reading.sweeps import SweepReader, open_sweep
from tests.cluster.crowds import OTHER_HOST, Crowd, make_sweep, over, verify

TRIALS = 30
HEARTBEAT = 1.0
PATIENCE_SECONDS = 180.0
# This machine's clock in Python, so many seconds wrong. Clocks that only run forward are as they were.
AGENT = """
import datetime, sys, time
OFFSET = {offset}
true_time, true_datetime = time.time, datetime.datetime
class Wrong(true_datetime):
    @classmethod
    def now(cls, tz=None):
        return true_datetime.fromtimestamp(time.time(), tz)
time.time, datetime.datetime = lambda: true_time() + OFFSET, Wrong
import runstore
def train():
    with runstore.init() as run:
        run.log({{"loss": run.config["x"]}})
        time.sleep(0.2)
runstore.agent(sys.argv[1], function=train)
"""


@pytest.mark.slow
def test_with_clocks_two_hours_apart_only_who_was_killed_is_given_up(tmp_path: Path) -> None:
    place = make_sweep(tmp_path / "experiments", TRIALS, HEARTBEAT)
    reader = open_sweep(place.sweep)
    early = Crowd(place.sweep.path, tmp_path, script=AGENT.format(offset=-3600))
    late = Crowd(place.sweep.path, tmp_path, OTHER_HOST, AGENT.format(offset=3600))
    try:
        for side in (early, late, early):  # Nobody on the machine of the one that is killed sees that it is gone.
            side.start()
        killed = kill_one_at_work(reader, late)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while over(reader) < TRIALS:
            assert time.monotonic() < deadline, early.said() + late.said()
            time.sleep(0.05)
        for each in early.agents:
            assert each.wait(timeout=60) == 0, early.said()
    finally:
        for side in (early, late):
            side.end()
    trials = open_sweep(place.sweep).state.trials
    assert [trial.number for trial in trials] == list(range(TRIALS))
    assert {trial.state for trial in trials} == {"finished"}
    # No other trial was tried again; that one may just have come to its end.
    assert {trial.run for trial in trials if trial.attempt > 1} <= {killed}
    assert hours_apart(reader) == 2
    assert not verify(place.store.root)


def kill_one_at_work(reader: SweepReader, crowd: Crowd) -> str:
    """Kills the first agent of a crowd while it has a trial; the trial's run."""
    victim = crowd.agents[0]
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        assert time.monotonic() < deadline, crowd.said()
        if mine(reader, victim.pid):
            victim.send_signal(signal.SIGSTOP)  # What it has now it has when it is killed.
            if found := mine(reader, victim.pid):
                victim.kill()
                victim.wait()
                return found[0]
            victim.send_signal(signal.SIGCONT)
        time.sleep(0.02)


def mine(reader: SweepReader, process: int) -> list[str]:
    reader.look()
    return [trial.run for trial in reader.state.pending.values() if trial.claim.process.pid == process]


def hours_apart(reader: SweepReader) -> int:
    """Between what the two machines wrote down, for people."""
    times: dict[bool, list[float]] = {True: [], False: []}
    for trial in reader.state.trials:
        claim = trial.claims[0]
        times[claim.process.host == OTHER_HOST].append(datetime.datetime.fromisoformat(claim.time).timestamp())
    return round((min(times[True]) - min(times[False])) / 3600)
