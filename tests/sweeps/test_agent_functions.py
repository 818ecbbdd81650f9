"""Agents within a process: functions that are called for each trial, and calls that make no sense."""

import json
from pathlib import Path

from tests.processes import run_script
from tests.sweeps.agents import make_sweep, outcomes, reader, run_states

FUNCTION = """
    import json, os, runstore

    def train():
        with runstore.init() as run:
            run.log({"loss": run.config["lr"]})
        assert run.sweep_id == "s"
"""


def test_a_function_is_called_for_each_trial(tmp_path: Path) -> None:
    place = make_sweep(tmp_path)
    done = run_script(
        tmp_path,
        FUNCTION
        + """
    runstore.agent("s", function=train, project="p")
    print("LEFT", sorted(name for name in os.environ if "SWEEP" in name or "RUN_ID" in name))
    with runstore.init(project="free", id="mine") as run:
        assert (run.project, run.id, run.sweep_id) == ("free", "mine", None)
    """,
    )
    assert done.returncode == 0, done.stderr
    assert [(trial.state, trial.value) for trial in reader(place).state.trials] == [
        *(("finished", 1.0), ("finished", 2.0), ("finished", 1.0), ("finished", 2.0))
    ]
    assert "LEFT []" in done.stdout


def test_a_function_that_raises_fails_its_trial_alone(tmp_path: Path) -> None:
    place = make_sweep(tmp_path)
    done = run_script(
        tmp_path,
        """
        import sys, runstore

        def train():
            run = runstore.init()
            run.log({"loss": 1})
            if run.config["lr"] == 2:
                raise ValueError("too large") if run.config["depth"] == 3 else SystemExit(4)

        runstore.agent("p/s", function=train)
        """,
    )
    assert done.returncode == 0, done.stderr
    assert "ValueError: too large" in done.stderr
    assert [(each.state, each.exit, each.reason) for each in outcomes(place)] == [
        ("finished", 0, ""),
        ("failed", 1, "ValueError: too large"),
        ("finished", 0, ""),
        ("failed", 4, "SystemExit: 4"),
    ]
    assert sorted(run_states(place)) == ["failed", "failed", "finished", "finished"]


def test_a_function_is_stopped_early_by_its_runs_stop_request(tmp_path: Path) -> None:
    rule = {"type": "hyperband", "min_iter": 2}
    place = make_sweep(tmp_path, early_terminate=rule, parameters={"lr": {"values": [1, 1.5]}}, heartbeat=0.5)
    done = run_script(
        tmp_path,
        """
        import time, runstore

        def train():
            with runstore.init() as run:
                for step in range(4):
                    run.log({"loss": run.config["lr"]})
                time.sleep(60 if run.config["lr"] > 1 else 0)

        runstore.agent("p/s", function=train)
        print("WENT ON")
        """,
    )
    assert "WENT ON" in done.stdout, done.stderr
    assert [(each.state, each.reason) for each in outcomes(place)] == [
        ("finished", ""),
        ("stopped", "hyperband at band 2: 1.5 > 1"),
    ]
    assert sorted(run_states(place)) == ["finished", "killed"]


def test_the_first_ctrl_c_lets_a_function_finish_and_the_second_does_not(tmp_path: Path) -> None:
    script = """
        import os, signal, time, runstore

        def train():
            with runstore.init() as run:
                run.log({"loss": 1})
                for _ in range(1 + (run.config["lr"] == 2)):
                    os.kill(os.getpid(), signal.SIGINT)
                    time.sleep(0.2)
                run.log({"loss": 0})

        runstore.agent("p/s", function=train)
        print("WENT ON")
    """
    place = make_sweep(tmp_path)
    assert "WENT ON" in run_script(tmp_path, script).stdout
    assert [(each.state, each.value) for each in outcomes(place)] == [("finished", 0.0)]
    assert "WENT ON" in run_script(tmp_path, script).stdout
    assert [(each.state, each.reason) for each in outcomes(place)][1:] == [("killed", "Ctrl-C")]


def test_a_run_that_goes_on_is_no_place_for_an_agent(tmp_path: Path) -> None:
    make_sweep(tmp_path)
    done = run_script(tmp_path, "import runstore\nrunstore.init(id='a')\nrunstore.agent('p/s', function=print)\n")
    assert "run a is still going on; call runstore.finish() before runstore.agent()" in done.stderr


def test_calls_that_make_no_sense_are_told(tmp_path: Path) -> None:
    make_sweep(tmp_path)
    for call, line in {
        "runstore.agent('p/s', function=3)": "function is 3, expected something that can be called",
        "runstore.agent('p/s', count='x')": "count is 'x', expected a whole number",
        "runstore.agent('p/nope')": "found no sweep 'nope' in project 'p'",
        "runstore.sweep(3)": "sweep is 3, expected a dict",
        "runstore.sweep({'method': 'grad'})": "method",
    }.items():
        done = run_script(tmp_path, f"import runstore\n{call}\n")
        assert line in done.stderr.splitlines()[-1], done.stderr


def test_wandbs_quick_start_runs_unchanged(tmp_path: Path) -> None:
    done = run_script(
        tmp_path,
        """
        import runstore as wandb

        def objective(config):
            return config.x ** 3 + config.y

        def main():
            with wandb.init(project="my-first-sweep") as run:
                score = objective(run.config)
                run.log({"score": score})

        sweep_configuration = {
            "method": "random",
            "metric": {"goal": "minimize", "name": "score"},
            "parameters": {"x": {"max": 0.1, "min": 0.01}, "y": {"values": [1, 3, 7]}},
        }
        sweep_id = wandb.sweep(sweep=sweep_configuration, project="my-first-sweep")
        wandb.agent(sweep_id, function=main, count=3)
        """,
    )
    assert done.returncode == 0, done.stderr
    assert "Create sweep with ID: " in done.stdout
    runs = list((tmp_path / "experiments" / "my-first-sweep" / "runs").iterdir())
    assert len(runs) == 3
    assert all("score" in json.loads((run / "summary.json").read_text()) for run in runs)
