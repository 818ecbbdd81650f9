"""Real disks that fill up, break or hang under a run: training goes on, and what was logged is written or told of."""

import re
from pathlib import Path

from tests.faults.disks import block_disk, break_disk, frozen, memory_disk, needs
from tests.processes import only_run, rows, run_folders, run_script, start_script, wait_until

# `slowest` is the longest that a call of log took, in seconds.
SCRIPT = """
    import os, sys, time
    import runstore

    slowest = 0.0

    def log(data, **named):
        global slowest
        begun = time.perf_counter()
        run.log(data, **named)
        slowest = max(slowest, time.perf_counter() - begun)

    def fill(path):
        with open(path, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass

    run = runstore.init(project="p", config={"lr": 0.1})
    for number in range(50):
        log({"n": number})
"""


@needs("memory")
def test_rows_wait_while_a_disk_is_full_and_are_written_when_there_is_room_again(tmp_path: Path) -> None:
    with memory_disk(tmp_path / "experiments", "2m"):
        done = run_script(
            tmp_path,
            SCRIPT
            + """
    time.sleep(0.5)
    fill("experiments/filler")
    for number in range(50, 2000):
        log({"n": number, "text": "x" * 500})
    run.summary["best"] = 0.5
    run.config["late"] = 1
    run.log({"n": 2000, "table": runstore.Table(columns=["a"], data=[[1]])})
    os.unlink("experiments/filler")
    time.sleep(0.6)
    for number in range(2001, 2050):
        log({"n": number})
    run.finish()
    print("slowest", slowest)
    """,
        )
        assert done.returncode == 0, done.stderr
        run = only_run(tmp_path)
        assert [row["n"] for row in rows(run)] == list(range(2050))
        [table] = (run / "media" / "table").iterdir()
        assert table.stat().st_size
        assert '"best":0.5' in (run / "summary.json").read_text()
        assert "late: 1" in (run / "config.yaml").read_text()
    assert "Traceback" not in done.stderr
    assert done.stderr.count("history.jsonl: cannot be written (No space left on device)") == 1
    assert done.stderr.count("history.jsonl: can be written again; nothing was lost") == 1
    assert slowest_of(done.stdout) < 0.5


@needs("memory")
def test_a_disk_that_stays_full_is_told_of_with_the_number_of_rows(tmp_path: Path) -> None:
    with memory_disk(tmp_path / "experiments", "1m"):
        done = run_script(
            tmp_path,
            SCRIPT
            + """
    time.sleep(0.5)
    fill("experiments/filler")
    for number in range(50, 1000):
        log({"n": number, "text": "x" * 500})
    run.finish()
    print("trained on, slowest", slowest)
    """,
        )
        kept = rows(only_run(tmp_path))
    assert done.returncode == 0, done.stderr
    assert [row["n"] for row in kept] == list(range(len(kept)))
    assert len(kept) < 1000
    assert f"{1000 - len(kept)} rows could not be written and are lost" in done.stderr
    assert "Traceback" not in done.stderr
    assert slowest_of(done.stdout) < 0.5


@needs("block")
def test_a_disk_that_becomes_read_only_stops_no_training(tmp_path: Path) -> None:
    store = tmp_path / "experiments"
    with block_disk(store, tmp_path / "image"):
        process = start_script(
            tmp_path,
            SCRIPT
            + """
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(50, 300):
        log({"n": number})
    run.summary["best"] = 1
    run.config["late"] = 1
    run.finish()
    print("trained on, slowest", slowest)
    """,
        )
        with process:
            assert process.stdout is not None
            while process.stdout.readline() not in ("ready\n", ""):
                pass
            break_disk(store)
            out, err = process.communicate("go\n", timeout=60)
        kept = rows(only_run(tmp_path))
    assert process.returncode == 0, err
    assert [row["n"] for row in kept] == list(range(50))
    assert "250 rows could not be written and are lost" in err
    assert "Read-only file system" in err
    assert "Traceback" not in err
    assert slowest_of(out) < 0.5


@needs("block")
def test_a_hanging_disk_delays_no_row_but_those_it_has_to_hold(tmp_path: Path) -> None:
    """Media lie on a disk that hangs: a thread that logs some waits for it, the others' rows do not."""
    process = start_script(
        tmp_path,
        SCRIPT
        + """
    import threading

    print("ready", flush=True)
    sys.stdin.readline()
    stuck = threading.Thread(target=run.log, args=({"table": runstore.Table(columns=["a"], data=[[1]])},))
    stuck.start()
    also = threading.Thread(target=run.summary.update, args=({"t": runstore.Table(columns=["a"], data=[[2]])},))
    also.start()
    time.sleep(0.3)
    for number in range(50, 5000):
        log({"n": number})
        if number % 1000 == 0:
            log({"n": number, f"new {number}": None})
            run.summary["best"] = number
            run.config[f"k{number}"] = 1
    print("stuck" if stuck.is_alive() and also.is_alive() else "not stuck", "slowest", slowest, flush=True)
    sys.stdin.readline()
    stuck.join()
    also.join()
    run.finish()
    """,
    )
    with process:
        assert process.stdout is not None
        assert process.stdin is not None
        while process.stdout.readline() not in ("ready\n", ""):
            pass
        run = only_run(tmp_path)
        with block_disk(run / "media", tmp_path / "image"):
            with frozen(run / "media"):
                print("go", file=process.stdin, flush=True)
                said = process.stdout.readline()
            print("on", file=process.stdin, flush=True)
            _, err = process.communicate(timeout=60)
            assert len(list((run / "media" / "table").iterdir())) == 2
    assert process.returncode == 0, err
    assert said.startswith("stuck")
    assert slowest_of(said) < 0.2
    found = rows(run)
    assert sorted({row["n"] for row in found if "n" in row}) == list(range(5000))
    assert sum("table" in row for row in found) == 1


@needs("block")
def test_a_disk_that_hangs_for_a_while_loses_nothing(tmp_path: Path) -> None:
    store = tmp_path / "experiments"
    with block_disk(store, tmp_path / "image"):
        process = start_script(
            tmp_path,
            SCRIPT
            + """
    print("ready", flush=True)
    for number in range(50, 20000):
        log({"n": number})
    run.finish()
    """,
        )
        with process:
            assert process.stdout is not None
            while process.stdout.readline() not in ("ready\n", ""):
                pass
            with frozen(store):
                size = (run_folders(tmp_path)[0] / "history.jsonl").stat().st_size
            wait_until(lambda: (only_run(tmp_path) / "history.jsonl").stat().st_size > size, "the disk goes on")
            _, err = process.communicate(timeout=60)
        kept = rows(only_run(tmp_path))
    assert process.returncode == 0, err
    assert [row["n"] for row in kept] == list(range(20000))


def slowest_of(out: str) -> float:
    found = re.search(r"slowest ([\d.e-]+)", out)
    assert found is not None
    return float(found[1])
