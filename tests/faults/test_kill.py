"""A process that is killed outright: no row whose `log` had returned is lost, whatever the moment."""

import random
import signal
import time
from pathlib import Path

import pytest

from runstore.reading.store import read_store
from tests.processes import load, only_run, rows, start_script, whole_rows

# After each call of log the script says so through a pipe: what the reader heard of has to be there.
BURST = """
    import os, sys
    import runstore
    run = runstore.init(project="p")
    os.write(1, b"ready\\n")
    number = 0
    while True:
        {log}
        os.write(1, b"%d\\n" % number)
        number += 1
"""


WAYS = {
    "plain": 'run.log({"n": number})',
    "texts": 'run.log({"n": number, "text": "x" * (number * 37 % 3000)})',
    "steps": 'run.log({"n": number}, step=number * 2, commit=True)',
    "late steps": 'run.log({"n": number}, step=number - number % 7, commit=True)',
    "pieces": 'run.log({"m": number}, commit=False); run.log({"n": number})',
    "defined": 'number or run.define_metric("*", summary="min,mean", step_metric="e"); run.log({"n": number})',
    "summary": 'run.log({"n": number}); run.summary["best"] = number; run.config.update({f"k{number % 9}": 1})',
    "tables": 'run.log({"n": number, "t": runstore.Table(columns=["a"], data=[[number]])})',
}


@pytest.mark.slow
@pytest.mark.parametrize("turn", range(40))
def test_kill_9_at_random_points_two_hundred_times(tmp_path: Path, turn: int) -> None:
    """Forty turns, which may run beside each other, of five kills each."""
    for kill in range(5):
        folder = tmp_path / str(kill)
        folder.mkdir()
        seed = turn * 5 + kill
        log = list(WAYS.values())[seed % len(WAYS)]
        heard = _kill_in_a_burst(folder, log, 1000 + seed)
        found = whole_rows(only_run(folder))
        numbers = [row["n"] for row in found if "n" in row]
        assert numbers == list(range(len(numbers)))
        assert len(numbers) >= heard + 1
        [project] = read_store(folder / "experiments").projects
        assert project.runs[0].state == "crashed"


@pytest.mark.parametrize("seed", range(4))
def test_kill_9_in_a_burst_loses_no_row_whose_log_had_returned(tmp_path: Path, seed: int) -> None:
    heard = _kill_in_a_burst(tmp_path, 'run.log({"n": number, "text": "x" * (number % 3000)})', seed)
    found = whole_rows(only_run(tmp_path))
    assert len(found) >= heard + 1
    assert [row["n"] for row in found] == list(range(len(found)))


def test_kill_9_keeps_the_values_of_a_row_that_is_still_gathering(tmp_path: Path) -> None:
    heard = _kill_in_a_burst(tmp_path, 'run.log({f"k{number}": number}, step=7)', 1)
    [row] = rows(only_run(tmp_path))
    assert row["_step"] == 7
    assert all(row[f"k{number}"] == number for number in range(heard + 1))


def test_after_kill_9_the_run_is_crashed_and_its_summary_is_what_was_logged(tmp_path: Path) -> None:
    heard = _kill_in_a_burst(tmp_path, 'run.log({"n": number})', 2)
    [project] = read_store(tmp_path / "experiments").projects
    [run] = project.runs
    assert (run.state, run.exit_code, run.problems) == ("crashed", None, ())
    assert run.summary["n"] >= heard
    assert load(run.layout.state_json)["state"] == "running"


def _kill_in_a_burst(folder: Path, log: str, seed: int) -> int:
    """Kills the script at a random moment; the last number that it acknowledged."""
    process = start_script(folder, BURST.format(log=log))
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(random.Random(seed).uniform(0.02, 0.15))
        process.send_signal(signal.SIGKILL)
        out, _ = process.communicate()
    return max([int(line) for line in out.splitlines() if line], default=-1)
