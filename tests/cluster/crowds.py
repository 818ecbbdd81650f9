"""Agents on both mounts of a shared disk: those of the second believe to be on another machine."""

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from runstore.reading.sweeps import SweepReader
from sweeps.agent.places import Place
from sweeps.creating import Wanted, from_values
from tests.cluster.shared_disk import SharedDisk
from tests.processes import environment

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
ONE_ROW = """
import sys, time
import runstore
def train():
    with runstore.init() as run:
        run.log({"loss": run.config["x"]})
        time.sleep(0.1)
runstore.agent(sys.argv[1], function=train)
"""
"""An agent whose trials take a tenth of a second."""


class Crowd:
    """The agents of one side."""

    def __init__(self, sweep: Path, scratch: Path, host: str = "", script: str = AGENT) -> None:
        """`host`: the name of the machine that they believe to be on; a process there cannot be looked up from here.
        `script` is what an agent runs, with the sweep's directory as its argument."""
        self.agents: list[subprocess.Popen[bytes]] = []
        self.all: list[subprocess.Popen[bytes]] = []
        self._scratch = scratch
        self._log = scratch / f"agents-{host or 'here'}.log"
        elsewhere = ["unshare", "--uts", "sh", "-c", f'hostname {host} && exec "$0" "$@"'] if host else []
        self._command = [*elsewhere, sys.executable, "-c", script, str(sweep)]

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

    def kill_all(self) -> None:
        while any(each.poll() is None for each in self.agents):
            self.kill_one(random.Random(0))

    def signal(self, number: int) -> None:
        for each in self.agents:
            if each.poll() is None:
                os.kill(each.pid, number)

    def end(self) -> None:
        """None of them runs any more."""
        for each in self.all:
            each.kill()
            each.wait()

    def said(self) -> str:
        return self._log.read_text(errors="replace")[-4000:]


@contextmanager
def crowds(
    disk: SharedDisk, place: Place, scratch: Path, a_side: int, script: str = AGENT, *, others_first: bool = False
) -> Iterator[tuple[Crowd, Crowd]]:
    """`a_side` agents on each mount, or on the second alone (`others_first`); none outlives the block."""
    sweep = place.sweep.path.relative_to(disk.a)
    sides = (Crowd(disk.a / sweep, scratch, script=script), Crowd(disk.b / sweep, scratch, OTHER_HOST, script))
    try:
        for _ in range(a_side):
            for side in sides[others_first:]:
                side.start()
        yield sides
    finally:
        for side in sides:
            side.end()


def make_sweep(store: Path, trials: int, heartbeat: float, **more: Any) -> Place:
    """A random sweep `p/s` of so many trials; `more` are keys of its configuration."""
    config = {
        "method": "random",
        "metric": {"name": "loss", "goal": "minimize"},
        "parameters": {"x": {"min": 0.0, "max": 1.0}},
        "run_cap": trials,
        "heartbeat": heartbeat,
        "seed": 7,
        **more,
    }
    return from_values(config, Wanted(project="p", store=store, id="s"), lambda line: None)


def over(reader: SweepReader) -> int:
    """How many trials are over by now."""
    reader.look()
    return sum(trial.is_over for trial in reader.state.trials)


def verify(store: Path) -> str:
    """What `runstore verify` has to say of a store; "" where all is well."""
    done = subprocess.run(
        [sys.executable, "-m", "runstore", "verify", str(store)],
        env=environment(store.parent),
        capture_output=True,
        text=True,
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr
