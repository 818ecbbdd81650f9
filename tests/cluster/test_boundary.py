"""Agents on two mounts of a real network disk go past a thousand trials: the shard is sealed under them, while some
are killed and others sleep."""

import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from runstore.format.sweep_layout import SHARD, SweepLayout
from runstore.format.sweep_records import Claim, Outcome, Process, dump, load
from runstore.reading.sweeps import SweepReader, open_sweep
from sweeps.agent.places import Place
from tests.cluster.crowds import ONE_ROW, OTHER_HOST, Crowd, crowds, make_sweep, over, verify
from tests.cluster.shared_disk import SharedDisk
from tests.sweeps.small_sweeps import told

FIRST = SHARD - 16
TRIALS = SHARD + 16
AGENTS_A_SIDE = 3
HEARTBEAT = 0.4
LEASE = 10 * HEARTBEAT
PATIENCE_SECONDS = 180.0
Act = Callable[[Crowd, Crowd], None]


def wake_those_there(here: Crowd, there: Crowd) -> None:
    there.signal(signal.SIGCONT)


def kill_all_here(here: Crowd, there: Crowd) -> None:
    """Whoever seals is among them."""
    here.kill_all()
    for _ in range(AGENTS_A_SIDE):
        here.start()


@pytest.mark.slow
@pytest.mark.parametrize("act", [wake_those_there, kill_all_here], ids=["sleepers wake", "the sealer is killed"])
def test_a_shard_that_is_sealed_under_killed_and_sleeping_agents_holds_each_trial_once(
    disk: SharedDisk, tmp_path: Path, act: Act
) -> None:
    store = disk.a / f"boundary-{act.__name__}" / "experiments"
    place = nearly_full(store)
    reader = open_sweep(place.sweep)
    with crowds(disk, place, tmp_path, AGENTS_A_SIDE, ONE_ROW, others_first=True) as (here, there):
        put_to_sleep(reader, there)
        for _ in range(AGENTS_A_SIDE):
            here.start()
        kills = stir(reader, place.sweep, here, there, act)
        for each in (*here.agents, *there.agents):
            assert each.wait(timeout=60) == 0, here.said() + there.said()
    assert kills > 2
    check_records(place.sweep)
    check_sealed(place.sweep)
    other = SweepLayout(disk.b / place.sweep.path.relative_to(disk.a))
    assert told(open_sweep(other).state.trials) == told(open_sweep(place.sweep).state.trials)
    begun = {trial.run for trial in open_sweep(other).state.trials if trial.number >= FIRST}
    assert {path.name for path in (store / "p" / "runs").iterdir()} == begun
    assert not verify(store)


def nearly_full(store: Path) -> Place:
    """A sweep whose first shard is over but for a few trials; those have no runs."""
    place = make_sweep(store, TRIALS, HEARTBEAT, max_retries=1000)
    for folder in (place.sweep.claim(0).parent, place.sweep.done(0).parent):
        folder.mkdir(parents=True, exist_ok=True)
    for number in range(FIRST):
        run, params = f"before{number}", {"x": number / SHARD}
        claim = Claim(number, run, "gone", params, process=Process("elsewhere", 1))
        place.sweep.claim(number).write_bytes(dump(claim))
        place.sweep.done(number).write_bytes(dump(Outcome(number, run, "gone", "finished", value=params["x"])))
    return place


def put_to_sleep(reader: SweepReader, there: Crowd) -> None:
    """Those there sleep with trials of the first shard, which is not full yet."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        assert time.monotonic() < deadline, there.said()
        there.signal(signal.SIGSTOP)
        ended = over(reader)
        assert ended < SHARD, "those there were never seen with a trial"
        if any(trial.claim.process.host == OTHER_HOST for trial in reader.state.pending.values()):
            return
        there.signal(signal.SIGCONT)
        time.sleep(0.05)


def stir(reader: SweepReader, sweep: SweepLayout, here: Crowd, there: Crowd, act: Act) -> int:
    """Kills agents here one after the other, and does `act` while the shard is being sealed; those there are awake in
    the end. How many were killed."""
    rng = random.Random(5)
    deadline = time.monotonic() + PATIENCE_SECONDS
    kills, next_kill, sealing = 0, FIRST + 1, False
    while (ended := over(reader)) < TRIALS or not sealing:
        assert time.monotonic() < deadline, f"{ended} of {TRIALS} trials are over\n{here.said()}\n{there.said()}"
        if not sealing and os.path.lexists(sweep.sealing(sweep.claims_dir, 0)):
            sealing = True
            act(here, there)
        elif ended >= next_kill and reader.state.next_number < TRIALS:  # Then somebody lives long enough to miss those.
            here.kill_one(rng)
            here.start()
            kills += 1
            next_kill = ended + 4
        time.sleep(0.05)
    there.signal(signal.SIGCONT)
    return kills


def check_records(sweep: SweepLayout) -> None:
    """Every trial is there once, with one attempt after the other and the value of its point."""
    reader = open_sweep(sweep)
    assert not reader.problems
    assert [trial.number for trial in reader.state.trials] == list(range(TRIALS))
    assert {trial.state for trial in reader.state.trials} == {"finished"}
    for trial in reader.state.trials:
        assert trial.outcome is not None
        assert trial.outcome.value == trial.params["x"]
        assert [claim.attempt for claim in trial.claims] == list(range(1, len(trial.claims) + 1))
    assert any(len(trial.claims) > 1 for trial in reader.state.trials)


def check_sealed(sweep: SweepLayout) -> None:
    """The first shard is one file with each trial once, and no record of it is left that counts."""
    lines = [json.loads(line) for line in sweep.sealed(0).read_bytes().splitlines()]
    assert [line["n"] for line in lines] == list(range(SHARD))
    assert max(Counter(line["run"] for line in lines).values()) == 1
    assert all(len(line["outcomes"]) == 1 for line in lines)
    assert not list(sweep.path.glob("claims/000*"))
    # What came after the seal may lie beside it, and counts for nothing.
    counting = {trial.run: trial.outcome for trial in open_sweep(sweep).state.trials}
    for path in sweep.path.glob("done/000*/*"):
        outcome = load(path.read_bytes(), Outcome)
        assert counting[outcome.run] != outcome
