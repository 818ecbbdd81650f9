"""Agents on two machines that share a real network disk, while some are killed and others sleep past their lease."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runstore.format.sweep_layout import SweepLayout, parse_late, parse_record
from runstore.reading.sweeps import SweepReader, open_sweep
from sweeps.agent.places import Place
from sweeps.creating import Wanted, from_values
from tests.cluster.shared_disk import SharedDisk
from tests.processes import environment

TRIALS = 200
AGENTS_A_SIDE = 8
HEARTBEAT = 1.0
LEASE = 10 * HEARTBEAT
PATIENCE_SECONDS = 400.0
OTHER_HOST = "node-b"
AGENT = """
import sys, time
import runstore
def train():
    with runstore.init() as run:
        for step in range(4):
            run.log({"loss": run.config["x"] + step})
            time.sleep(0.05)
runstore.agent(sys.argv[1], function=train)
"""


class Crowd:
    """The agents of one side."""

    def __init__(self, sweep: Path, scratch: Path, host: str = "") -> None:
        """`host`: the name of the machine that they believe to be on; a process there cannot be looked up from here."""
        self.agents: list[subprocess.Popen[bytes]] = []
        self.all: list[subprocess.Popen[bytes]] = []
        self._scratch = scratch
        self._log = scratch / f"agents-{host or 'here'}.log"
        elsewhere = ["unshare", "--uts", "sh", "-c", f'hostname {host} && exec "$0" "$@"'] if host else []
        self._command = [*elsewhere, sys.executable, "-c", AGENT, str(sweep)]

    def start(self) -> None:
        quiet = {"RUNSTORE_CONSOLE": "off", "RUNSTORE_DISABLE_STATS": "true", "OMP_NUM_THREADS": "1"}
        with self._log.open("ab") as log:
            started = subprocess.Popen(
                self._command, cwd=self._scratch, env=environment(self._scratch, quiet), stdout=log, stderr=log
            )
        self.agents.append(started)
        self.all.append(started)

    def kill_one(self, rng: random.Random) -> None:
        """One that runs, without a word to it."""
        running = [each for each in self.agents if each.poll() is None]
        if running:
            victim = rng.choice(running)
            victim.kill()
            victim.wait()
            self.agents.remove(victim)

    def signal(self, number: int) -> None:
        for each in self.agents:
            if each.poll() is None:
                os.kill(each.pid, number)

    def said(self) -> str:
        return self._log.read_text(errors="replace")[-4000:]


@contextmanager
def crowds(disk: SharedDisk, place: Place, scratch: Path) -> Iterator[tuple[Crowd, Crowd]]:
    """Agents on both mounts; none outlives the block."""
    sweep = place.sweep.path.relative_to(disk.a)
    sides = (Crowd(disk.a / sweep, scratch), Crowd(disk.b / sweep, scratch, OTHER_HOST))
    try:
        for _ in range(AGENTS_A_SIDE):
            for side in sides:
                side.start()
        yield sides
    finally:
        for side in sides:
            for each in side.all:
                each.kill()
                each.wait()


def over(reader: SweepReader) -> int:
    reader.look()
    return sum(trial.is_over for trial in reader.state.trials)


@pytest.mark.slow
def test_killed_and_sleeping_agents_on_two_mounts_lose_and_double_nothing(disk: SharedDisk, tmp_path: Path) -> None:
    store = disk.a / "chaos" / "experiments"
    config = {
        "method": "random",
        "metric": {"name": "loss", "goal": "minimize"},
        "parameters": {"x": {"min": 0.0, "max": 1.0}},
        "run_cap": TRIALS,
        "heartbeat": HEARTBEAT,
        "max_retries": 1000,
        "seed": 7,
    }
    place = from_values(config, Wanted(project="p", store=store, id="chaos"), lambda line: None)
    reader = open_sweep(place.sweep)
    with crowds(disk, place, tmp_path) as (here, there):
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
    verified = subprocess.run(
        [sys.executable, "-m", "runstore", "verify", str(store)],
        env=environment(store.parent),
        capture_output=True,
        text=True,
    )
    assert verified.returncode == 0, verified.stdout
