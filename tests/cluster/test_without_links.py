"""Agents on a disk without hard links: records get their names by O_EXCL, and half a record is waited for."""

import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runstore.format.sweep_layout import SweepLayout
from runstore.format.sweep_records import Claim, Process, dump
from runstore.reading.sweeps import SweepReader, open_sweep
from sweeps.doctor.examine import examine
from tests.cluster.crowds import ONE_ROW, Crowd, crowds, make_sweep, over, verify
from tests.cluster.linkless_disk import linkless_disk
from tests.cluster.shared_disk import SharedDisk
from tests.sweeps.small_sweeps import told

TRIALS = 40
AGENTS = 4
HEARTBEAT = 0.3
PATIENCE_SECONDS = 400.0
BROKEN, SLOW = 0, 1


@pytest.fixture(scope="module")
def exfat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with linkless_disk(tmp_path_factory.mktemp("linkless")) as place:
        yield place


def test_the_doctor_says_how_records_are_made_there(exfat: Path) -> None:
    found = examine(exfat)
    assert found.works
    said = {each.what: each for each in found.findings}
    assert said["hard links"].verdict == "note"
    assert said["hard links"].text.endswith("; records are made with O_EXCL")
    assert said["open with O_EXCL"].verdict == "ok"
    assert said["open with O_EXCL"].needed
    assert "link(2)" not in said
    assert said["a renamed directory"].verdict == "ok"
    assert not list(exfat.iterdir())


@pytest.mark.slow
def test_killed_agents_lose_and_double_nothing_and_half_a_record_is_waited_for(exfat: Path, tmp_path: Path) -> None:
    store = exfat / "experiments"
    place = make_sweep(store, TRIALS, HEARTBEAT, max_retries=1000)
    reader = open_sweep(place.sweep)
    assert reader.resolved["publish"] == "exclusive"
    # Two agents were killed, or were just stopped, in the middle of a claim; the second one goes on later.
    line = dump(Claim(SLOW, "slow", "gone", {"x": 0.5}, process=Process("elsewhere", 1)))
    place.sweep.claim(BROKEN).write_bytes(line[:50])
    place.sweep.claim(SLOW).write_bytes(line[:50])
    crowd = Crowd(place.sweep.path, tmp_path, script=ONE_ROW)
    try:
        for _ in range(AGENTS):
            crowd.start()
        kills = kill_and_mend(reader, crowd, place.sweep.claim(SLOW), line)
        for each in crowd.agents:
            assert each.wait(timeout=60) == 0, crowd.said()
    finally:
        crowd.end()
    assert kills > 3
    check(place.sweep, but=BROKEN)
    fresh = open_sweep(place.sweep)
    [slow] = fresh.state.at(SLOW)
    assert slow.run == "slow"
    assert slow.attempt > 1
    assert set(fresh.problems) == {place.sweep.claim(BROKEN)}
    runs = {path.name for path in (store / "p" / "runs").iterdir()}
    assert runs == {trial.run for trial in fresh.state.trials}
    said = verify(store)
    assert f"p/sweeps/s/claims/000/{BROKEN:06d}: found a record whose checksum does not fit" in said
    assert "40 runs, 1 project, 1 problem" in said


def kill_and_mend(reader: SweepReader, crowd: Crowd, path: Path, line: bytes) -> int:
    """Kills an agent now and then until all trials are over; how many."""
    rng, deadline = random.Random(5), time.monotonic() + PATIENCE_SECONDS
    kills, next_kill, mended = 0, 1, False
    while (ended := over(reader)) < TRIALS:
        assert time.monotonic() < deadline, f"{ended} of {TRIALS} trials are over\n{crowd.said()}"
        if not mended and "waiting: a claim is being written" in crowd.said():
            path.write_bytes(line)
            mended = True
        if ended >= next_kill and reader.state.next_number < TRIALS:
            crowd.kill_one(rng)
            crowd.start()
            kills += 1
            next_kill = ended + 6
        time.sleep(0.05)
    assert mended
    return kills


@pytest.mark.slow
def test_on_two_mounts_names_that_are_given_exclusively_do_as_well(
    disk: SharedDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a file that was just made the other mount may see the name before it sees the bytes."""
    monkeypatch.setattr("sweeps.controller.detect_primitive", lambda _: "exclusive")
    store = disk.a / "exclusive" / "experiments"
    place = make_sweep(store, TRIALS, HEARTBEAT, max_retries=1000)
    reader = open_sweep(place.sweep)
    rng, deadline = random.Random(5), time.monotonic() + PATIENCE_SECONDS
    kills, asleep, next_event = 0, False, 1
    with crowds(disk, place, tmp_path, AGENTS // 2, ONE_ROW) as (here, there):
        while (ended := over(reader)) < TRIALS:
            assert time.monotonic() < deadline, f"{ended} of {TRIALS} trials are over\n{here.said()}\n{there.said()}"
            if ended >= next_event and reader.state.next_number < TRIALS:
                here.kill_one(rng)
                here.start()
                asleep = not asleep
                there.signal(signal.SIGSTOP if asleep else signal.SIGCONT)
                kills += 1
                next_event = ended + 6
            time.sleep(0.05)
        there.signal(signal.SIGCONT)
        for each in (*here.agents, *there.agents):
            assert each.wait(timeout=60) == 0, here.said() + there.said()
    assert kills > 2
    check(place.sweep)
    other = SweepLayout(disk.b / place.sweep.path.relative_to(disk.a))
    assert told(open_sweep(other).state.trials) == told(open_sweep(place.sweep).state.trials)
    assert not verify(store)


def check(sweep: SweepLayout, but: int = -1) -> None:
    """Every number is there once, but one, and each trial has the value of its point."""
    trials = open_sweep(sweep).state.trials
    numbers = [number for number in range(TRIALS + (but >= 0)) if number != but]
    assert [trial.number for trial in trials] == numbers
    assert {trial.state for trial in trials} == {"finished"}
    for trial in trials:
        assert trial.outcome is not None
        assert trial.outcome.value == trial.params["x"]
        assert [claim.attempt for claim in trial.claims] == list(range(1, len(trial.claims) + 1))
