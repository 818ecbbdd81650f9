"""Much of everything: calls, keys, bytes in a row, values that are no numbers. Memory stays flat, nothing is lost."""

import json
from pathlib import Path

import pytest

from tests.processes import load, only_run, rows, run_script

MEMORY = """
    import os
    import runstore

    def resident():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
"""


def _million(calls: int) -> str:
    return (
        MEMORY
        + f"""
    run = runstore.init(project="p")
    run.define_metric("agg/*", summary="min,max,mean,last,first", step_metric="epoch")

    def train(first, last):
        for number in range(first, last):
            run.log({{"loss": 1 / (number + 1), "agg/acc": number * 0.5, "n": number}})

    train(0, {calls // 10})
    early = resident()
    train({calls // 10}, {calls})
    print("grown", resident() - early)
    run.finish()
    """
    )


@pytest.mark.parametrize("calls", [50_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_however_many_calls_of_log_take_no_memory(tmp_path: Path, calls: int) -> None:
    done = run_script(tmp_path, _million(calls))
    assert done.returncode == 0, done.stderr
    assert float(done.stdout.split("grown ")[1]) < 8
    run = only_run(tmp_path)
    with (run / "history.jsonl").open("rb") as file:
        count = 0
        for line in file:
            row = json.loads(line)
            assert row["n"] == row["_step"] == count
            count += 1
    assert count == calls
    found = load(run / "summary.json")["agg/acc"]
    assert found == {
        "min": 0.0,
        "max": (calls - 1) * 0.5,
        "mean": (calls - 1) * 0.25,
        "last": (calls - 1) * 0.5,
        "first": 0.0,
    }


def test_ten_thousand_keys_each_in_a_row_of_its_own_and_all_in_one(tmp_path: Path) -> None:
    done = run_script(
        tmp_path,
        MEMORY
        + """
    run = runstore.init(project="p")
    run.define_metric("a*", summary="max")
    for number in range(10_000):
        run.log({f"a{number}" if number % 2 else f"b{number}": number})
    for turn in range(3):
        run.log({f"a{number}" if number % 2 else f"b{number}": number + turn for number in range(10_000)})
    run.finish()
    """,
    )
    assert done.returncode == 0, done.stderr
    run = only_run(tmp_path)
    found = rows(run)
    assert [len(row) - 3 for row in found] == [1] * 10_000 + [10_000] * 3
    summary = load(run / "summary.json")
    assert summary["b9998"] == 10_000
    assert summary["a9999"] == {"max": 10_001}


def test_a_row_of_fifty_megabytes_is_kept_and_told_of(tmp_path: Path) -> None:
    done = run_script(
        tmp_path,
        """
        import runstore
        run = runstore.init(project="p")
        run.log({"n": 0})
        run.log({"n": 1, "text": "x" * 50_000_000, "deep": {"a": ["y" * 1000] * 1000}})
        run.log({"n": 2})
        run.finish()
        """,
    )
    assert done.returncode == 0, done.stderr
    found = rows(only_run(tmp_path))
    assert [row["n"] for row in found] == [0, 1, 2]
    assert len(found[1]["text"]) == 50_000_000
    assert "the row of step 1 has 51.0 MB, most of it text" in done.stderr


def test_a_storm_of_values_that_are_no_numbers_stops_nothing(tmp_path: Path) -> None:
    done = run_script(
        tmp_path,
        """
        import math
        import runstore

        class Odd:
            def __float__(self):
                raise RuntimeError("no")

            def __repr__(self):
                raise RuntimeError("no")

        run = runstore.init(project="p")
        run.define_metric("x*", summary="min,mean,best")
        odd = [math.nan, math.inf, -math.inf, None, "nan", True, [], {}, b"\\xff", Odd(), 10**5000, 1e308, "\\ud800"]
        for number in range(5_000):
            run.log({"n": number, "x": odd[number % len(odd)], "x2": odd[number // 7 % len(odd)]})
        run.finish()
        """,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    found = rows(only_run(tmp_path))
    assert [row["n"] for row in found] == list(range(5_000))
    assert [row["x"] for row in found[:3]] == ["NaN", "Infinity", "-Infinity"]
