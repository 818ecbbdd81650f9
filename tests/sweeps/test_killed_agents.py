"""Agents as real processes, killed with -9 while they claim, finish and seal: no trial twice, none lost."""

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from runstore.reading.sweeps import open_sweep
from sweeps.controller import Over
from tests.processes import ROOT, environment
from tests.sweeps.small_sweeps import SHARDED, Agent, create, layout, work

AGENT = """
import os, sys
from pathlib import Path
import psutil
from runstore.format import sweep_layout
from runstore.format.host import boot_id, hostname
from runstore.format.sweep_records import Claim, Outcome, Process
from sweeps import controller
from tests.sweeps.small_sweeps import SHARDED
for module in SHARDED:
    module.SHARD = 10  # So that shards are sealed all the time.
name = f"agent{os.getpid()}"
process = Process(hostname(), os.getpid(), boot_id(), psutil.Process().create_time())
mine = controller.Controller.open(sweep_layout.SweepLayout(Path(sys.argv[1])))
while isinstance(claim := mine.next(name, 1, process), Claim):
    outcome = Outcome(claim.n, claim.run, name, "finished", claim.attempt, value=float(claim.n))
    os.write(1, f"[{claim.n}, {claim.attempt}]\\n".encode())
    mine.finish(outcome)
"""
CAP = 400


@pytest.mark.slow
def test_killed_at_random_and_replaced_the_sweep_comes_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in SHARDED:
        monkeypatch.setattr(module, "SHARD", 10)
    create(tmp_path, run_cap=CAP, max_retries=1_000)
    dice, log = random.Random(5), tmp_path / "log"
    agents = [start(tmp_path, log) for _ in range(4)]
    deadline = time.monotonic() + 25
    while time.monotonic() < deadline and any(each.poll() is None for each in agents):
        time.sleep(0.15)
        place = dice.randrange(len(agents))
        if agents[place].poll() is None:
            agents[place].send_signal(signal.SIGKILL)
            agents[place].wait()
            agents[place] = start(tmp_path, log)
    for each in agents:
        each.kill()
        each.wait()

    assert isinstance(work(Agent(layout(tmp_path), "last")), Over)
    reader = open_sweep(layout(tmp_path))
    assert reader.problems == {}
    assert [trial.number for trial in reader.state.trials] == list(range(CAP))
    assert {trial.state for trial in reader.state.trials} == {"finished"}
    begun = [tuple(json.loads(line)) for line in log.read_bytes().splitlines()]
    assert len(begun) == len(set(begun)), "an attempt was handed out twice"
    assert len(reader.state.sealed) == CAP // 10
    assert not list(layout(tmp_path).path.glob("*/*.sealing"))


def start(folder: Path, log: Path) -> "subprocess.Popen[bytes]":
    with open(log, "ab") as out:
        return subprocess.Popen(
            [sys.executable, "-c", AGENT, str(layout(folder).path)], cwd=ROOT, env=environment(folder), stdout=out
        )
