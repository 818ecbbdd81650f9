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
    return int([line for line in out.splitlines() if line][-1])
