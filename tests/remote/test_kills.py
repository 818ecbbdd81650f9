"""A sync that is killed, again and again, and then runs to its end leaves what an unbroken one leaves."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from runstore.reading.store import read_store
from runstore.remote.syncing import sync
from tests.processes import environment, start_script
from tests.remote.trees import carried_contents, contents, ended
from tests.stores import write_file

SYNC = """
import sys
from runstore.remote.syncing import sync
print("syncing", flush=True)
sync(sys.argv[1], sys.argv[2])
"""
LOGGING = """
import time
import runstore
with runstore.init(project="live", id="alive") as run:
    print("logging", flush=True)
    for step in range(600):
        run.log({"loss": 1 / (step + 1), "text": "x" * 200})
        time.sleep(0.002)
"""


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_killed_sync_that_is_repeated_ends_in_the_same_tree(
    here: Path, tmp_path: Path, cache: Path, seed: int
) -> None:
    there, chance = tmp_path / "there", random.Random(seed)
    for number in range(60):
        ended(here, f"many{number}", steps=300)
        write_file(here / f"p/runs/many{number}/files/large.bin", b"x" * 200_000)
    for _ in range(6):
        command = [sys.executable, "-c", SYNC, str(here), str(there)]
        with subprocess.Popen(
            command, env=environment(tmp_path, {"RUNSTORE_CACHE_DIR": str(cache)}), stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(chance.uniform(0.0, 0.25))
            process.kill()
        if (there / "store.yaml").exists():
            assert_nothing_wrong(here, there)
    sync(str(here), str(there))
    assert contents(there) == carried_contents(here)


def assert_nothing_wrong(here: Path, there: Path) -> None:
    """Every run that reads as finished has its whole history."""
    for project in read_store(there).projects:
        for run in project.runs:
            if run.state == "finished":
                name = f"{run.project}/runs/{run.id}/history.jsonl"
                assert (there / name).read_bytes() == (here / name).read_bytes()


def test_a_run_that_logs_while_it_is_synced_arrives_line_by_line(tmp_path: Path) -> None:
    here, there = tmp_path / "experiments", tmp_path / "there"
    with start_script(tmp_path, LOGGING) as process:
        assert process.stdout is not None
        process.stdout.readline()
        rows = []
        while process.poll() is None:
            done = sync(str(here), str(there))
            assert not done.conflicts
            run = read_store(there).find_run("alive")
            assert not run.problems
            assert run.state in ("running", "finished")
            rows.append(run.rows)
    sync(str(here), str(there))
    assert contents(there) == carried_contents(here)
    assert rows == sorted(rows)
    assert len(set(rows)) > 2
    assert read_store(there).find_run("alive").state == "finished"
