"""Trials that are asked for again run anew, once; what is asked of a sweep that is over is refused."""

import os
import signal
import sys
from pathlib import Path

import pytest

import runstore
from runstore.errors import UsageError
from runstore.format.run_layout import RunLayout
from runstore.format.sweep_records import Claim, Outcome, Verdict
from runstore.reading.sweeps import open_sweep
from sweeps.agent.identity import this_process
from sweeps.agent.metric import MetricTail, histories
from sweeps.agent.places import Place
from sweeps.config.sweep import parse_sweep
from sweeps.controller import Controller
from sweeps.creating import Wanted, from_values
from sweeps.errors import SweepError
from tests.cli.terminal import Terminal
from tests.processes import wait_until
from tests.sweeps.agents import agent, make_sweep, outcomes, reader, run_agent, said

LINE = {"method": "random", "metric": {"name": "loss"}, "parameters": {"lr": {"min": 0.0, "max": 1.0}}}


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(("RUNSTORE_", "WANDB_")):
            monkeypatch.delenv(name)
    return Terminal(capsys)


def made(**config: object) -> Place:
    wanted = Wanted(project="p", store=Path("experiments").absolute(), id="s")
    return from_values({**LINE, **config}, wanted, lambda line: None)


def trial(place: Place, state: str = "failed") -> Claim:
    controller = Controller.open(place.sweep)
    claim = controller.next("me", 1, this_process())
    assert isinstance(claim, Claim)
    controller.finish(Outcome(claim.n, claim.run, "me", state, claim.attempt, value=1.0))  # type: ignore[arg-type]
    return claim


def test_a_trial_that_was_stopped_early_is_run_anew_and_judged_by_what_it_logs_now(tmp_path: Path) -> None:
    script = """
        import time, runstore
        from pathlib import Path
        with runstore.init() as run:
            bad = run.config["lr"] > 1 and not Path("mended").exists()
            for step in range(8):
                run.log({"loss": 9 if bad else 2})
            if bad:
                time.sleep(60)
    """
    rule = {"type": "hyperband", "min_iter": 2}
    place = make_sweep(tmp_path, script, early_terminate=rule, parameters={"lr": {"values": [1, 1.5]}}, heartbeat=0.5)
    run_agent(tmp_path)
    assert [each.state for each in reader(place).state.trials] == ["finished", "stopped"]
    (tmp_path / "mended").touch()
    Controller.open(place.sweep).ask("retry", {"trials": [1]})
    done = run_agent(tmp_path)
    again = reader(place).state.trials[1]
    assert (again.state, again.attempt, again.value, again.verdict) == ("finished", 2, 2.0, None), done.stderr
    assert again.outcome is not None
    assert again.outcome.count == 8
    assert not place.project.run(again.run).stop_request.exists()


def test_after_a_retry_what_was_logged_before_is_not_the_trials_value(tmp_path: Path) -> None:
    script = """
        import runstore
        from pathlib import Path
        with runstore.init() as run:
            run.log({"loss": 5} if Path("again").exists() else {"loss": 1})
    """
    place = make_sweep(tmp_path, script, run_cap=1)
    run_agent(tmp_path)
    (tmp_path / "again").touch()
    Controller.open(place.sweep).ask("retry", {"trials": [0]})
    run_agent(tmp_path)
    assert [(each.value, each.count) for each in outcomes(place)] == [(5.0, 1)]


def test_a_retry_whose_program_records_nothing_did_not_end_as_the_run_did_before(tmp_path: Path) -> None:
    script = """
        import runstore
        from pathlib import Path
        if Path("again").exists():
            raise SystemExit(3)
        with runstore.init() as run:
            run.log({"loss": 1})
    """
    place = make_sweep(tmp_path, script, run_cap=1)
    run_agent(tmp_path)
    (tmp_path / "again").touch()
    Controller.open(place.sweep).ask("retry", {"trials": [0]})
    run_agent(tmp_path)
    assert [(each.state, each.exit, each.value) for each in outcomes(place)] == [("failed", 3, None)]


def test_a_summary_goes_on_from_what_does_not_count_any_more(tmp_path: Path) -> None:
    run = RunLayout(tmp_path)
    run.history().write_text('{"_step":0,"loss":0.1}\n')
    run.summary_json.write_text('{"loss":0.1}')
    earlier = histories(run)
    assert earlier == {"history.jsonl"}
    assert histories(run, 0) == frozenset()
    assert MetricTail(run, "loss", earlier=earlier).final() is None
    run.history("2").write_text('{"_step":1,"loss":0.4}\n')
    tail = MetricTail(run, "loss", earlier=earlier)
    assert (tail.final(), tail.count) == (0.4, 1)
    run.summary_json.write_text('{"loss":0.3}')
    assert tail.final() == 0.3


def test_an_old_verdict_is_none_of_the_trial_that_was_asked_for_again(terminal: Terminal) -> None:
    place = made()
    claim = trial(place, "stopped")
    controller = Controller.open(place.sweep)
    controller.stop_trial(Verdict(0, claim.run, "hyperband", 3, 2.0, 1.0))
    assert open_sweep(place.sweep).state.verdicts
    controller.ask("retry", {"trials": [0]})
    assert trial(place, "finished").attempt == 2
    assert open_sweep(place.sweep).state.verdicts == []


def test_a_trial_that_waits_to_be_run_again_is_not_queued_twice(terminal: Terminal) -> None:
    place = made(run_cap=2)
    trial(place)
    trial(place)
    assert terminal("sweep", "retry", "s", "1").code == 0
    assert terminal("sweep", "retry", "s", "1").out == "sweep p/s: trial 1 waits to be run again already\n"
    assert terminal("sweep", "retry", "s", "--failed").out.splitlines() == [
        "sweep p/s: trial 1 waits to be run again already",
        "sweep p/s: 1 trial to be run again: 0",
    ]
    controller = Controller.open(place.sweep)
    with pytest.raises(SweepError, match="trial 1 waits to be run again already"):
        controller.ask("retry", {"trials": [1]})
    assert [each.data["trials"] for each in controller.state.controls] == [[1], [0]]
    assert "queued   2 to be run again" in terminal("sweep", "status", "s").out
    assert [(each.n, each.attempt) for each in (trial(place), trial(place))] == [(1, 2), (0, 2)]
    assert "queued" not in terminal("sweep", "status", "s").out


@pytest.mark.parametrize("asked", ["pause", "stop", "cancel"])
def test_a_finished_sweep_stays_finished_whatever_is_asked_of_it(terminal: Terminal, asked: str) -> None:
    place = made(run_cap=1)
    trial(place)
    line = terminal.fails("sweep", asked, "s")
    assert line.startswith(f"{asked}: p/s is finished, there is nothing to {asked}; to have it go on: ")
    assert "runstore sweep extend p/s --run-cap N" in line
    assert not open_sweep(place.sweep).state.controls


@pytest.mark.parametrize(
    ("before", "asked", "word"),
    [("cancel", "stop", "cancelled"), ("cancel", "pause", "cancelled"), ("stop", "pause", "stopped")],
)
def test_a_sweep_that_was_ended_goes_on_by_resume_alone(terminal: Terminal, before: str, asked: str, word: str) -> None:
    place = made()
    assert terminal("sweep", before, "s").code == 0
    line = terminal.fails("sweep", asked, "s")
    assert line == f"{asked}: p/s is {word} already; to have it go on: runstore sweep resume p/s"
    assert [each.what for each in open_sweep(place.sweep).state.controls] == [before]


def test_what_runs_can_be_cancelled_after_a_stop(terminal: Terminal) -> None:
    place = made()
    assert terminal("sweep", "stop", "s").code == 0
    assert terminal("sweep", "cancel", "s").code == 0
    assert open_sweep(place.sweep).state.cancelled


def test_a_mistake_says_what_was_expected_in_one_clear_line(terminal: Terminal) -> None:
    made()
    assert terminal.fails("sweep", "status", "s", "--wacth").endswith(
        "Did you mean '--watch'? See `runstore sweep status --help`"
    )
    assert "'ten' is not a whole number from 1 up" in terminal.fails("agent", "s", "--count", "ten")
    assert "'x' is not a number from 0.2 up" in terminal.fails("sweep", "status", "s", "--interval", "x")
    assert "nowhere: found no store there, so no sweep 's'; name the store's directory with --store DIR" in (
        terminal.fails("sweep", "status", "s", "--store", "nowhere")
    )
    with pytest.raises(UsageError, match="count is -1, expected at least 1"):
        runstore.agent("p/s", function=print, count=-1)


def test_a_key_of_a_rule_is_guessed_among_its_own() -> None:
    with pytest.raises(SweepError, match="'minn'; did you mean 'min_iter'"):
        parse_sweep({**LINE, "early_terminate": {"type": "hyperband", "minn": 3}})


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal")
def test_an_agent_without_a_trial_says_only_that_it_ends(tmp_path: Path) -> None:
    place = make_sweep(tmp_path)
    Controller.open(place.sweep).ask("pause")
    with agent(tmp_path) as process:
        wait_until(lambda: any(beat.state == "waiting" for beat in reader(place).heartbeats()), "a waiting agent")
        process.send_signal(signal.SIGTERM)
        err = said(process)
    assert "SIGTERM: the agent ends" in err
    assert "given back" not in err
