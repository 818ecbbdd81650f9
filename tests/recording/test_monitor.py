"""What goes on beside a run without any call of the script: heartbeats, what waits, files that were deleted."""

import threading
import time
from pathlib import Path

from runstore.recording.monitor import Monitor
from tests.processes import load, only_run, rows, run_script, wait_until


def test_a_monitor_beats_at_intervals_until_it_is_stopped() -> None:
    beats: list[float] = []
    monitor = Monitor(lambda: beats.append(time.monotonic()), interval=0.02)
    monitor.start()
    wait_until(lambda: len(beats) >= 3, "three beats")
    monitor.stop()
    count = len(beats)
    time.sleep(0.06)
    assert len(beats) == count


def test_stop_waits_for_a_beat_that_is_under_way_and_may_be_called_by_it() -> None:
    begun = threading.Event()
    done: list[bool] = []

    def beat() -> None:
        begun.set()
        time.sleep(0.05)
        monitor.stop()
        done.append(True)

    monitor = Monitor(beat, interval=0.01)
    monitor.start()
    assert begun.wait(10)
    monitor.stop()
    assert done == [True]


def test_the_first_beat_comes_soon_and_does_all_that_is_due(tmp_path: Path) -> None:
    """Rows that wait are written, the summary is saved, a deleted file comes back, the heartbeat is renewed."""
    done = run_script(
        tmp_path,
        """
        import os, resource, sys, time
        import runstore
        run = runstore.init(project="p", config={"lr": 0.1})
        folder = os.path.dirname(run.dir)
        time.sleep(0.5)
        beat = os.stat(folder + "/heartbeat").st_mtime_ns
        run.log({"n": 0})
        resource.setrlimit(resource.RLIMIT_FSIZE, (50, resource.RLIM_INFINITY))
        run.log({"n": 1})
        sys.stdout.write("no newline yet")
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        os.remove(folder + "/run.yaml")
        while os.stat(folder + "/heartbeat").st_mtime_ns == beat or not os.path.exists(folder + "/summary.json"):
            time.sleep(0.01)
        time.sleep(0.1)
        os._exit(0)
        """,
    )
    assert done.returncode == 0, done.stderr
    run = only_run(tmp_path)
    assert [row["n"] for row in rows(run)] == [0, 1]
    assert load(run / "summary.json")["n"] == 1
    assert (run / "output.log").read_text().endswith("nothing was lost\nno newline yet")
    assert (run / "run.yaml").is_file()
    assert load(run / "state.json")["state"] == "running"
