"""Agents on two machines that share a real network disk, while some are killed and others sleep past their lease."""

import random
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from runstore.format.sweep_layout import SweepLayout, parse_late, parse_record
from runstore.reading.sweeps import SweepReader, open_sweep
from tests.cluster.crowds import OTHER_HOST, Crowd, crowds, make_sweep, over, verify
from tests.cluster.shared_disk import SharedDisk

TRIALS = 200
AGENTS_A_SIDE = 8
HEARTBEAT = 1.0
LEASE = 10 * HEARTBEAT
PATIENCE_SECONDS = 400.0


@pytest.mark.slow
def test_killed_and_sleeping_agents_on_two_mounts_lose_and_double_nothing(disk: SharedDisk, tmp_path: Path) -> None:
    store = disk.a / "chaos" / "experiments"
    place = make_sweep(store, TRIALS, HEARTBEAT, max_retries=1000)
    reader = open_sweep(place.sweep)
    with crowds(disk, place, tmp_path, AGENTS_A_SIDE) as (here, there):
        kills = stir(reader, here, there)
        for each in (*here.agents, *there.agents):
            assert each.wait(timeout=60) == 0, here.said() + there.said()
    assert kills > 5
    check_records(reader, place.sweep)
    check_runs(store, reader)
    other = open_sweep(SweepLayout(disk.b / place.sweep.path.relative_to(disk.a)))
    assert [trial.outcome for trial in other.state.trials] == [trial.outcome for trial in reader.state.trials]


def stir(reader: SweepReader, here: Crowd, there: Crowd) -> int:
    """Kills agents here, puts those there to sleep and wakes them, until all trials are over; how many were killed."""
    rng = random.Random(5)
    deadline = time.monotonic() + PATIENCE_SECONDS
    kills, asleep = 0, 0.0
    next_kill = time.monotonic() + 5
    while (ended := over(reader)) < TRIALS or asleep >= 0:
        now = time.monotonic()
        assert now < deadline, f"{ended} of {TRIALS} trials are over\n{here.said()}\n{there.said()}"
        if now > next_kill and ended < TRIALS:
            here.kill_one(rng)
            here.start()
            kills += 1
            next_kill = now + 1.5
        if not asleep and ended >= 20 and busy_there(reader) >= 3:
            there.signal(signal.SIGSTOP)
            asleep = now
        elif asleep > 0 and now - asleep > 1.5 * LEASE:
            there.signal(signal.SIGCONT)
            asleep = -1.0
        time.sleep(0.2)
    return kills


def busy_there(reader: SweepReader) -> int:
    """How many trials run on the other machine."""
    return sum(trial.claim.process.host == OTHER_HOST for trial in reader.state.pending.values())


def check_records(reader: SweepReader, sweep: SweepLayout) -> None:
    trials = reader.state.trials
    assert [trial.number for trial in trials] == list(range(TRIALS))
    assert {trial.state for trial in trials} == {"finished"}
    assert not reader.problems
    for trial in trials:
        assert trial.outcome is not None
        assert trial.outcome.value == trial.params["x"]
        assert [claim.attempt for claim in trial.claims] == list(range(1, len(trial.claims) + 1))
    names = [path.name for path in sweep.done_dir.glob("*/*") if not parse_late(path.name)]
    assert max(Counter(parse_record(name) for name in names).values()) == 1
    assert len(names) == TRIALS
    # Those that slept were given up, and others ran their trials again.
    slept = [trial for trial in trials if trial.claims[0].process.host == OTHER_HOST and len(trial.claims) > 1]
    assert slept


def check_runs(store: Path, reader: SweepReader) -> None:
    runs = {path.name for path in (store / "p" / "runs").iterdir()}
    assert runs == {trial.run for trial in reader.state.trials}
    assert not verify(store)
