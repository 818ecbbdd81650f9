"""What `runstore sweep status` and `best` say of trials whose agent is gone, and of a metric that nobody logged."""

import math
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstore.format.records import RunState, dump_state
from runstore.format.sweep_records import Beat, Claim, Outcome, Process, dump
from runstore.reading.sweeps import open_sweep
from runstore.reading.sweeps.unlogged import why_no_best
from sweeps.agent.heart import Heart
from sweeps.agent.identity import this_process
from sweeps.agent.places import Place
from sweeps.cli.overview import overview
from sweeps.controller import Controller
from tests.cli.terminal import Terminal
from tests.stores import write_file
from tests.sweeps.agents import make_sweep

GONE = replace(this_process(), pid=2**22 + 1)
"""A process of this host that never was."""


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(capsys)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(("RUNSTORE_", "WANDB_")):
            monkeypatch.delenv(name)
    return tmp_path


def take(place: Place, process: Process | None = None) -> Claim:
    claim = Controller.open(place.sweep).next("me", 1, process or this_process())
    assert isinstance(claim, Claim)
    return claim


def ended(place: Place, state: Any = "finished", value: float | None = None, **logged: float) -> None:
    """A trial that ended, with a run that logged something."""
    claim = take(place)
    write_file(place.project.run(claim.run).summary_json, logged)
    Controller.open(place.sweep).finish(Outcome(claim.n, claim.run, "me", state, value=value))


def counts(place: Place) -> dict[str, int]:
    return dict(overview(place, open_sweep(place.sweep)).counts)


# Trials whose agent is gone


def test_a_trial_that_its_agent_gave_back_is_queued_and_no_longer_running(folder: Path, terminal: Terminal) -> None:
    place = make_sweep(folder)
    heart = Heart(place.sweep, "me", this_process(), 30.0, print)
    heart.start()
    take(place)
    assert counts(place) == {"running": 1}
    heart.bye()
    assert counts(place) == {"queued": 1}
    out = terminal("sweep", "status", "s").out
    assert "sweep    p/s, grid, idle: no agent\n" in out
    assert "trials   1 of 4, 1 queued\n         1 queued: the agent is gone, and another one tries again\n" in out
    assert "1 running" not in out


@pytest.mark.parametrize(
    ("config", "state", "expected"),
    [
        ({}, None, "queued"),
        ({}, RunState("running"), "queued"),
        ({}, RunState("finished", 0), "uncounted"),
        ({}, RunState("failed", 1), "uncounted"),
        ({"on_crash": "skip"}, RunState("running"), "uncounted"),
        ({"max_retries": 0}, RunState("running"), "uncounted"),
        ({"on_crash": "skip"}, RunState("killed", 143, preempting=True), "queued"),
    ],
)
def test_what_status_says_of_a_killed_agents_trial_is_what_the_next_agent_does(
    folder: Path, config: dict[str, Any], state: RunState | None, expected: str
) -> None:
    place = make_sweep(folder, **config)
    claim = take(place, GONE)
    if state is not None:
        write_file(place.project.run(claim.run).state_json, dump_state(state))
    assert counts(place) == {expected: 1}
    again = Controller.open(place.sweep).next("you", 1, this_process())
    assert isinstance(again, Claim)
    assert ((again.n, again.attempt) == (0, 2)) == (expected == "queued")


def test_in_a_stopped_sweep_a_killed_agents_trial_is_not_tried_again(folder: Path, terminal: Terminal) -> None:
    place = make_sweep(folder)
    take(place, GONE)
    Controller.open(place.sweep).ask("stop")
    seen = overview(place, open_sweep(place.sweep))
    assert (seen.counts, seen.state, seen.over) == ({"uncounted": 1}, "stopped", 0)


def test_a_trial_of_an_agent_that_nothing_is_known_of_runs(folder: Path) -> None:
    place = make_sweep(folder)
    take(place, Process(host="elsewhere", pid=7))
    assert counts(place) == {"running": 1}


# The best


def test_a_running_trial_that_is_better_stands_beside_the_best_of_the_ended(folder: Path, terminal: Terminal) -> None:
    place = make_sweep(folder)
    ended(place, value=0.5)
    claim = take(place)
    told = Beat("me", 2, "training", this_process(), claim.n, claim.attempt, claim.run, count=3)
    for best, is_shown in ((0.75, False), (math.nan, False), (0.25, True)):
        write_file(place.sweep.agent("me"), dump(replace(told, best=best)))
        out = " ".join(terminal("sweep", "status", "s").out.split())
        assert ("best loss 0.5 in trial 0" in out, "of those that ended" in out) == (True, is_shown)
        assert (f"at best loss 0.25 in trial 1 (run {claim.run}), which still runs" in out) == is_shown


def test_a_metric_that_no_trial_logged_is_told_with_what_they_logged(folder: Path, terminal: Terminal) -> None:
    place = make_sweep(folder)
    assert "no best" not in terminal("sweep", "status", "s").out
    ended(place, **{"epoch": 3.0, "val/loss": 0.5, "_step": 4.0})
    ended(place, **{"epoch": 3.0, "val/loss": 0.25})
    line = "2 of 2 ended trials never logged loss; they logged val/loss, epoch"
    assert f"no best  {line}\n" in terminal("sweep", "status", "s").out
    assert terminal("sweep", "best", "s").out == f"sweep p/s: no best trial: {line}\n"
    ended(place, value=0.125)
    assert "no best" not in terminal("sweep", "status", "s").out


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ([], ""),
        ([("finished", 0.5), ("finished", None)], ""),
        ([("stopped", 0.5)], ""),
        ([("finished", math.nan)] * 3, "3 of 3 ended trials logged no finite number as loss"),
        ([("finished", None)], "1 of 1 ended trial never logged loss; they logged a, b, c"),
        (
            [("finished", None), ("finished", math.inf)],
            "1 of 2 ended trials never logged loss; they logged a, b, c; 1 logged no finite number as loss",
        ),
        ([("failed", None)], "the only trial failed"),
        ([("failed", 0.5), ("crashed", None)], "2 of 2 ended trials failed, crashed or were killed"),
    ],
)
def test_why_there_is_no_best_is_one_line(ends: list[tuple[str, float | None]], said: str) -> None:
    assert why_no_best("loss", ends, ["loss", "_step", "a", "b", "a", "c", "d"]) == said


def test_a_metric_that_was_logged_as_text_is_not_called_missing() -> None:
    assert why_no_best("loss", [("finished", None)], [], as_text=True) == (
        "1 of 1 ended trial never logged loss as a number"
    )


STATES = st.sampled_from(["finished", "stopped", "failed", "crashed", "killed"])


@given(st.lists(st.tuples(STATES, st.none() | st.floats())))
def test_there_is_a_reason_exactly_where_trials_ended_and_none_can_be_the_best(
    ends: list[tuple[str, float | None]],
) -> None:
    can = any(state in ("finished", "stopped") and value is not None and math.isfinite(value) for state, value in ends)
    assert bool(why_no_best("loss", ends, [])) == (bool(ends) and not can)
