"""Trials that are stopped early within the agent's own process, and those that go from one agent to another."""

import signal
import textwrap
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runstore.format.sweep_records import Outcome, dump
from sweeps.agent.identity import this_process
from sweeps.agent.places import Place
from sweeps.agent.watching import Pace
from sweeps.controller import Controller
from sweeps.records import publish
from tests.processes import run_script, wait_until
from tests.sweeps.agents import agent, make_sweep, reader, run_states, said

WAITS = """
    import sys, time, runstore
    from pathlib import Path
    with runstore.init(resume="never") as run:
        run.log({"loss": 1})
        Path(f"up-{run.id}").touch()
        while not Path("go").exists():
            time.sleep(0.02)
        run.log({"loss": 0.5})
        sys.exit(3 if Path("fail").exists() else 0)
"""
STOPPED: dict[str, Any] = {
    "early_terminate": {"type": "hyperband", "min_iter": 2},
    "parameters": {"lr": {"values": [1, 1.5]}},
    "heartbeat": 0.5,
}
# The run itself never looks whether it is asked to stop: all that ends it is the agent.
DEAF = """
    import threading, time, runstore
    from pathlib import Path
    from runstore.recording import monitor
    monitor._LOOK_SECONDS = monitor._FIRST_SECONDS = 600.0

    def log(run):
        for step in range(4):
            run.log({"loss": run.config["lr"]})
        return run.config["lr"] > 1
"""


REASON = "hyperband at band 2: 1.5 > 1"


def ends(place: Place) -> list[tuple[str, str, int | None]]:
    outcomes = [trial.outcome for trial in reader(place).state.trials]
    return [(each.state, each.reason, each.exit) for each in outcomes if each is not None]


def test_the_agent_interrupts_a_function_itself(tmp_path: Path) -> None:
    place = make_sweep(tmp_path, **STOPPED)
    script = """
    def train():
        with runstore.init() as run:
            if log(run):
                time.sleep(600)

    runstore.agent("p/s", function=train)
    print("WENT ON")
    """
    done = run_script(tmp_path, DEAF + script)
    assert "WENT ON" in done.stdout, done.stderr
    assert ends(place) == [("finished", "", 0), ("stopped", REASON, 130)]
    assert sorted(run_states(place)) == ["finished", "killed"]
    assert "Ctrl-C" not in done.stderr


def test_a_library_that_swallows_the_interrupt_is_left_at_the_next_row(tmp_path: Path) -> None:
    place = make_sweep(tmp_path, **STOPPED)
    script = """
    def fit():
        try:
            time.sleep(600)
        except KeyboardInterrupt:
            print("SWALLOWED")

    def train():
        with runstore.init() as run:
            bad = log(run)
            if bad:
                fit()
            run.log({"loss": 7})
            print("WENT ON" if bad else "ENDED")

    runstore.agent("p/s", function=train)
    """
    done = run_script(tmp_path, DEAF + script)
    assert done.stdout.split().count("SWALLOWED") == 1, done.stderr
    assert "ENDED" in done.stdout
    assert "WENT ON" not in done.stdout
    assert ends(place) == [("finished", "", 0), ("stopped", REASON, 130)]


def test_a_function_that_swallows_the_interrupt_and_returns_is_stopped_all_the_same(tmp_path: Path) -> None:
    place = make_sweep(tmp_path, **STOPPED)
    script = """
    def train():
        with runstore.init() as run:
            try:
                time.sleep(600 if log(run) else 0)
            except KeyboardInterrupt:
                print("SWALLOWED")

    runstore.agent("p/s", function=train)
    """
    done = run_script(tmp_path, DEAF + script)
    assert done.stdout.count("SWALLOWED") == 1, done.stderr
    assert ends(place) == [("finished", "", 0), ("stopped", REASON, 0)]
    assert sorted(run_states(place)) == ["finished", "killed"]


def test_a_verdict_on_a_run_that_has_finished_changes_nothing(tmp_path: Path) -> None:
    place = make_sweep(tmp_path, **STOPPED)
    script = """
    from sweeps.agent.watching import Watch
    look, may = Watch.look, threading.Event()
    Watch.look = lambda watch: look(watch) if may.is_set() else None

    def train():
        may.clear()
        with runstore.init() as run:
            worse = log(run)
        may.set()
        while worse and not list(Path("experiments/p/sweeps/s/stop").iterdir()):
            time.sleep(0.02)
        time.sleep(0.3)

    runstore.agent("p/s", function=train)
    """
    done = run_script(tmp_path, DEAF + script)
    assert done.returncode == 0, done.stderr
    assert ends(place) == [("finished", "", 0)] * 2
    assert run_states(place) == ["finished"] * 2
    trials = reader(place).state.trials
    assert [trial.state for trial in trials] == ["finished"] * 2
    assert [trial.verdict is not None for trial in trials] == [False, True]
    assert not any(place.project.run(trial.run).stop_request.exists() for trial in trials)


def test_a_function_in_a_thread_of_its_own_is_stopped(tmp_path: Path) -> None:
    place = make_sweep(tmp_path, **STOPPED)
    script = """
    def train():
        with runstore.init() as run:
            worse = log(run)
            while worse:
                time.sleep(0.01)

    beside = threading.Thread(target=lambda: runstore.agent("p/s", function=train))
    beside.start()
    beside.join()
    print("WENT ON")
    """
    done = run_script(tmp_path, DEAF + script)
    assert "WENT ON" in done.stdout, done.stderr
    assert [end[:2] for end in ends(place)] == [("finished", ""), ("stopped", REASON)]


def test_an_idle_agent_waits_for_the_last_trial_and_takes_it_over(tmp_path: Path) -> None:
    place = make_sweep(tmp_path, WAITS, run_cap=1)
    with agent(tmp_path) as first, agent(tmp_path) as second:
        wait_until(lambda: any(tmp_path.glob("up-*")), "the trial")
        wait_until(lambda: "waiting" in {beat.state for beat in reader(place).heartbeats()}, "an agent without one")
        [trial] = reader(place).state.trials
        working, waiting = (first, second) if trial.claim.process.pid == first.pid else (second, first)
        working.send_signal(signal.SIGTERM)
        said(working)
        (tmp_path / "go").touch()
        err = said(waiting)
    assert "waiting in case one that still runs comes back" in err
    [trial] = reader(place).state.trials
    assert (trial.state, trial.attempt, trial.value) == ("finished", 2, 0.5)


def test_what_goes_wrong_with_a_trial_that_others_took_is_no_failure(tmp_path: Path) -> None:
    place = make_sweep(tmp_path, WAITS, run_cap=1)
    with agent(tmp_path) as process:
        wait_until(lambda: any(tmp_path.glob("up-*")), "the trial")
        [trial] = reader(place).state.trials
        claim = replace(trial.claim, attempt=2, agent="other", process=this_process())
        assert publish(place.sweep, place.sweep.claim(0, 2), dump(claim)) == "won"
        (tmp_path / "fail").touch()
        (tmp_path / "go").touch()
        wait_until(lambda: "waiting" in {beat.state for beat in reader(place).heartbeats()}, "the end of attempt 1")
        assert reader(place).state.trials[0].outcome is None
        assert Controller.open(place.sweep).finish(Outcome(0, claim.run, "other", "finished", attempt=2, value=3.0))
        err = said(process)
    assert "trial 0 was not finished: another agent took the trial" in err
    assert [(trial.state, trial.value) for trial in reader(place).state.trials] == [("finished", 3.0)]


@pytest.mark.parametrize("left", [None, (), ("history.jsonl",), ("history.jsonl", "run.yaml", "state.json")])
def test_another_attempt_writes_its_run_whatever_the_one_before_left(
    tmp_path: Path, left: Sequence[str] | None
) -> None:
    if left is not None:
        run = tmp_path / "experiments" / "p" / "runs" / "r"
        run.mkdir(parents=True)
        for name in left:
            (run / name).touch()
    variables = {"PROJECT": "p", "RUN_ID": "r", "SWEEP_ID": "s", "RESUME": "allow"}
    script = """
        import runstore
        with runstore.init(id="mine", resume=sys.argv[1]) as run:
            run.log({"loss": 1})
        assert run.id == "r"
    """
    for said_by_the_script in ("never", "must", "allow"):
        done = run_script(
            tmp_path,
            "import sys\n" + textwrap.dedent(script),
            said_by_the_script,
            env={f"RUNSTORE_{name}": value for name, value in variables.items()},
        )
        assert done.returncode == 0, done.stderr
        assert "resume" not in done.stderr


def test_looks_come_about_as_often_as_the_metric_grows() -> None:
    now = [0.0]
    pace = Pace(1.0, lambda: now[0])
    assert pace.seconds == 0.05
    for _ in range(20):
        pace.looked(grown=False, took=0.0)
    assert pace.seconds == 1.0
    now[0] = 30.0
    pace.looked(grown=True, took=0.0)
    assert pace.seconds == 1.0
    now[0] = 30.4
    pace.looked(grown=True, took=0.0)
    assert abs(pace.seconds - 0.1) < 1e-9
    pace.looked(grown=True, took=0.2)
    assert pace.seconds == 4.0  # Looks that are dear are rare.
