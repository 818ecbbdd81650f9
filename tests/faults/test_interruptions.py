"""Logging where Python is cut in on: signals, finalisers, exceptions of a handler, and from many places at once."""

import json
from pathlib import Path

import pytest

from tests.processes import only_run, rows, run_script, start_script


def test_a_storm_of_signals_disturbs_no_row(tmp_path: Path) -> None:
    done = run_script(
        tmp_path,
        """
        import signal, time
        import runstore

        heard = 0

        def hear(number, frame):
            global heard
            heard += 1

        run = runstore.init(project="p")
        signal.signal(signal.SIGALRM, hear)
        signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
        for number in range(20_000):
            run.log({"n": number, "text": "x" * (number % 5000)})
            if number % 2000 == 0:
                run.summary["at"] = number
                run.log({"table": runstore.Table(columns=["a"], data=[[number]])}, commit=False)
        run.finish()
        signal.setitimer(signal.ITIMER_REAL, 0)
        print("heard", heard)
        """,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert int(done.stdout.split("heard ")[1]) > 50
    found = rows(only_run(tmp_path))
    assert [row["n"] for row in found] == list(range(20_000))
    assert [row["_step"] for row in found] == list(range(20_000))


@pytest.mark.parametrize("named", ["", ", step=number // 3", ", commit=number % 3 == 0"])
def test_a_signal_handler_may_log_whatever_it_cuts_in_on(tmp_path: Path, named: str) -> None:
    done = run_script(
        tmp_path,
        f"""
        import signal
        import runstore

        logged = 0

        def hear(number, frame):
            global logged
            mine, logged = logged, logged + 1  # One more may cut in on this one.
            run.log({{"handler": mine}})

        run = runstore.init(project="p")
        run.define_metric("m", summary="max")
        signal.signal(signal.SIGALRM, hear)
        signal.setitimer(signal.ITIMER_REAL, 0.0003, 0.0003)
        for number in range(15_000):
            run.log({{"n": number, "n%d" % (number % 3): number, "m": number, f"k{{number % 300}}": 1}}{named})
        signal.setitimer(signal.ITIMER_REAL, 0)
        run.finish()
        print("logged", logged)
        """,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    found = rows(only_run(tmp_path))
    logged = int(done.stdout.split("logged ")[1])
    assert logged > 50
    assert sorted(row["handler"] for row in found if "handler" in row) == list(range(logged))
    each = {row[f"n{third}"] for row in found for third in range(3) if f"n{third}" in row}
    assert each == set(range(15_000))
    steps = [row["_step"] for row in found]
    assert named or len(set(steps)) == len(steps)


def test_what_a_handler_raises_in_the_middle_of_a_log_spoils_no_row(tmp_path: Path) -> None:
    done = run_script(
        tmp_path,
        """
        import json, signal
        import runstore

        class Late(Exception):
            pass

        def hear(number, frame):
            if watching:
                raise Late

        watching = False
        run = runstore.init(project="p")
        signal.signal(signal.SIGALRM, hear)
        signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
        acknowledged, raised = [], 0
        for number in range(20_000):
            try:
                watching = True
                run.log({"n": number, "text": "x" * (number * 37 % 300)})
                watching = False
                acknowledged.append(number)
            except Late:
                watching = False
                raised += 1
        signal.setitimer(signal.ITIMER_REAL, 0)
        run.finish()
        print("raised", raised)
        json.dump(acknowledged, open("acknowledged.json", "w"))
        """,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split("raised ")[1]) > 20
    lines = (only_run(tmp_path) / "history.jsonl").read_bytes().splitlines()
    found = [json.loads(line) for line in lines if line.strip()]
    numbers = [row["n"] for row in found]
    assert set(json.loads((tmp_path / "acknowledged.json").read_text())) <= set(numbers)
    assert len(set(numbers)) == len(numbers)


def test_a_finaliser_may_log_whatever_it_cuts_in_on(tmp_path: Path) -> None:
    done = run_script(
        tmp_path,
        """
        import gc
        import runstore

        class Node:
            def __init__(self, number):
                self.me, self.number = self, number

            def __del__(self):
                run.log({"node": self.number})

        run = runstore.init(project="p")
        gc.set_threshold(7, 2, 2)
        for number in range(3_000):
            Node(number)
            run.log({"n": number, "list": [[number], {"a": [number]}], f"k{number % 300}": {"b": number}})
        gc.collect()
        run.finish()
        """,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    found = rows(only_run(tmp_path))
    assert [row["n"] for row in found if "n" in row] == list(range(3_000))
    assert sorted(row["node"] for row in found if "node" in row) == list(range(3_000))
    assert len({row["_step"] for row in found}) == 6_000


def test_two_processes_may_write_one_run_and_no_row_is_lost(tmp_path: Path) -> None:
    source = """
        import sys
        import runstore
        run = runstore.init(project="p", id="r", resume="allow")
        print("ready", flush=True)
        sys.stdin.readline()
        for number in range(3_000):
            run.log({sys.argv[1]: number})
        run.finish()
        """
    writers = []
    for name in ("a", "b"):
        writer = start_script(tmp_path, source, name)
        assert writer.stdout is not None
        assert writer.stdin is not None
        while writer.stdout.readline() not in ("ready\n", ""):
            pass
        writers.append(writer)
    for writer in writers:
        assert writer.stdin is not None
        print("go", file=writer.stdin, flush=True)
    for writer in writers:
        with writer:
            _, err = writer.communicate(timeout=60)
            assert writer.returncode == 0, err
            assert "Traceback" not in err
    histories = sorted((tmp_path / "experiments" / "p" / "runs" / "r").glob("history*.jsonl"))
    assert len(histories) == 2
    found = [json.loads(line) for path in histories for line in path.read_bytes().splitlines()]
    for name in ("a", "b"):
        assert [row[name] for row in found if name in row] == list(range(3_000))
