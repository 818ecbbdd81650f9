"""What a run says on the terminal: little at the start, its history and summary at the end."""

import math
from pathlib import Path

import pytest

from runstore.recording.terminal import duration, end_lines, sample, sparkline
from tests.processes import load, only_run, run_script

SCRIPT = """
    import runstore
    run = runstore.init(project="p", name="first")
    for step in range(8):
        run.log({"loss": 1 - step / 10, "acc": step, "text": "a\\nb", "image": {"_type": "x"}})
    run.finish()
"""


def test_the_end_shows_sparklines_last_values_the_place_and_the_next_command(tmp_path: Path) -> None:
    done = run_script(tmp_path, SCRIPT)
    run = only_run(tmp_path)
    said = done.stderr.splitlines()
    assert done.stdout == ""
    assert said[0] == f"runstore: run first (p/{run.name})"
    assert said[1] == f"runstore: in experiments/p/runs/{run.name}"
    assert "runstore: Run history:" in said
    assert "runstore:   loss █▇▆▅▄▃▂▁" in said
    assert "runstore:    acc ▁▂▃▄▅▆▇█" in said
    assert "runstore: Run summary:" in said
    assert "runstore:   loss 0.3" in said
    assert "runstore:    acc 7" in said
    assert "runstore:   text a b" in said
    assert said[-3].startswith(f"runstore: run first (p/{run.name}) finished after 0.")
    assert said[-1] == "runstore: see it: runstore build experiments"


def test_ten_metrics_at_most_are_shown(tmp_path: Path) -> None:
    done = run_script(
        tmp_path,
        """
        import runstore
        run = runstore.init(project="p")
        for step in range(3):
            run.log({f"metric{number}": step for number in range(14)})
        """,
    )
    assert done.stderr.count("▁") == 10
    assert "… and 4 more" in done.stderr


def test_silent_says_nothing_and_quiet_leaves_out_the_end(tmp_path: Path) -> None:
    assert run_script(tmp_path, SCRIPT, env={"RUNSTORE_SILENT": "true"}).stderr == ""
    assert run_script(tmp_path, SCRIPT, env={"WANDB_SILENT": "1"}).stderr == ""
    quiet = run_script(tmp_path, SCRIPT.replace("finish()", "finish(quiet=True)")).stderr
    assert len(quiet.splitlines()) == 2


@pytest.mark.parametrize(
    ("rest", "said"),
    [("raise ValueError", "failed (ValueError)"), ("import sys; sys.exit(3)", "failed (exit code 3)")],
)
def test_the_end_says_what_ended_the_run(tmp_path: Path, rest: str, said: str) -> None:
    done = run_script(tmp_path, f"import runstore\nrunstore.init(project='p')\n{rest}\n")
    assert f"{said} after" in done.stderr


@pytest.mark.parametrize(
    ("points", "shown"),
    [
        ([0, 1], "▁█"),
        ([1, 0.5, 0], "█▅▁"),
        ([2, 2, 2], "▁▁▁"),
        ([0, math.nan, 1], "▁ █"),
        ([math.nan], " "),
        ([-math.inf, 0, 1, math.inf], " ▁█ "),
        ([-1e308, 1e308], "▁█"),
        ([], ""),
    ],
)
def test_a_sparkline_spans_its_finite_points(points: list[float], shown: str) -> None:
    assert sparkline(points) == shown


def test_a_long_series_keeps_its_ends() -> None:
    shown = sparkline([0.0] * 500 + [1.0])
    assert (len(shown), shown[0], shown[-1]) == (40, "▁", "█")


def test_a_long_history_is_sampled_from_start_to_end_in_order(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    with path.open("w") as file:
        for number in range(100_000):
            file.write(f'{{"n":{number},"_step":{number}}}\n')
    found = sample(path)["n"]
    assert found == sorted(found)
    assert (found[0], found[-1]) == (0, 99_999)
    assert len(found) < 20_000


def test_a_history_that_is_gone_or_broken_is_sampled_as_far_as_it_goes(tmp_path: Path) -> None:
    assert sample(tmp_path / "none") == {}
    path = tmp_path / "history.jsonl"
    path.write_bytes(b'{"n":1}\nbroken\n[1]\n\n{"n":2}\n{"n":')
    assert sample(path) == {"n": [1, 2]}


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (123_456_789, "123456789"),
        (10**20, "1e+20"),
        (10**400, "1e+400"),
        (-123_456 * 10**400, "-1.2346e+405"),
        (10**400 - 1, "1e+400"),
        (2**20_000, "3.9803e+6020"),
    ],
    ids=["short", "float", "too large", "negative", "nines", "too long to write"],
)
def test_a_whole_number_of_any_length_is_shown_short(tmp_path: Path, number: int, shown: str) -> None:
    assert end_lines(tmp_path / "none", {"big": number})[2] == f"  big {shown}"


def test_whole_numbers_that_are_no_floats_do_not_disturb_the_end(tmp_path: Path) -> None:
    done = run_script(
        tmp_path,
        """
        import runstore
        with runstore.init(project="p") as run:
            for number in range(3):
                run.log({"big": 10**400, "low": -(10**400), "loss": number})
            run.summary["long"] = 1 << 20_000
        print("after")
        """,
    )
    assert (done.returncode, done.stdout) == (0, "after\n")
    assert "big 1e+400" in done.stderr
    assert load(only_run(tmp_path) / "state.json")["state"] == "finished"


def test_trouble_with_the_last_lines_reaches_no_script(tmp_path: Path) -> None:
    done = run_script(
        tmp_path,
        """
        import os, runstore
        from runstore.recording import terminal
        def end_lines(*given, **named):
            raise OverflowError("too long")
        terminal.end_lines = end_lines
        before = len(os.listdir("/proc/self/fd"))
        with runstore.init(project="p") as run:
            run.log({"a": 1})
        assert runstore.run is None
        print(len(os.listdir("/proc/self/fd")) - before)
        """,
    )
    assert (done.returncode, done.stdout) == (0, "0\n")
    assert "the last lines are left out (OverflowError: too long)" in done.stderr
    assert load(only_run(tmp_path) / "state.json")["state"] == "finished"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.04, "0.0 s"), (59.9, "59.9 s"), (60, "1 min 0 s"), (3599.9, "1 h 0 min"), (86400, "24 h 0 min")],
)
def test_a_duration_has_two_units_at_most(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown
