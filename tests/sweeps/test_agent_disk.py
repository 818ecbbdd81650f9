"""An agent whose disk refuses: it says so in a line, goes on trying, and loses nothing."""

import subprocess
import time
from pathlib import Path

from tests.faults.disks import memory_disk, needs
from tests.processes import wait_until
from tests.sweeps.agents import agent, make_sweep, reader, run_agent, run_states, said

HOLDS = """
    import time, runstore
    from pathlib import Path
    with runstore.init() as run:
        run.log({"loss": 1})
        Path("up").touch()
        while not Path("go").exists():
            time.sleep(0.02)
"""


def mount(place: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(place)], check=True, capture_output=True)


@needs("memory")
def test_an_outcome_waits_for_a_disk_that_is_read_only_for_a_while(tmp_path: Path) -> None:
    with memory_disk(tmp_path / "experiments" / "p" / "sweeps", "8m"):
        place = make_sweep(tmp_path, HOLDS, run_cap=1, heartbeat=0.2)
        with agent(tmp_path) as process:
            wait_until((tmp_path / "up").exists, "the first trial")
            mount(place.project.sweeps_dir, "ro")
            time.sleep(0.5)
            (tmp_path / "go").touch()
            wait_until(lambda: run_states(place) == ["finished"], "the end of the run")
            time.sleep(1.5)
            mount(place.project.sweeps_dir, "rw")
            err = said(process)
        assert process.returncode == 0, err
        assert err.count("the heartbeat cannot be written (Read-only file system); the trial goes on") == 1
        assert err.count("trial 0 ended, but that cannot be written") == 1
        assert [(trial.state, trial.value) for trial in reader(place).state.trials] == [("finished", 1.0)]


@needs("memory")
def test_a_disk_that_is_read_only_from_the_start_is_one_line(tmp_path: Path) -> None:
    with memory_disk(tmp_path / "experiments" / "p" / "sweeps", "8m"):
        place = make_sweep(tmp_path)
        mount(place.project.sweeps_dir, "ro")
        done = run_agent(tmp_path)
        [line] = done.stderr.splitlines()
        assert done.returncode == 2
        assert line.startswith("runstore: error: ")
        assert "cannot be written (Read-only file system); an agent needs to write in the sweep's directory" in line
        assert reader(place).state.trials == []
