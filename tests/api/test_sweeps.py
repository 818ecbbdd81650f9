"""`Api().sweep(…)`: what the records of a sweep say comes before what its runs do."""

import os
from pathlib import Path
from typing import Any

import psutil
import pytest

from runstore.api import Api
from runstore.api.sweeps import Sweep
from runstore.format.host import boot_id, hostname
from runstore.format.sweep_layout import SweepLayout
from runstore.format.sweep_records import Beat, Claim, Control, ControlKind, Outcome, Process, TrialState, dump
from tests.stores import write_file, write_run
from tests.sweep_stores import write_record, write_sweep

GRID = "method: grid\nmetric: {name: loss}\nparameters: {lr: {values: [1, 2, 3]}}\n"


@pytest.fixture
def layout(root: Path) -> SweepLayout:
    """An empty sweep, a grid of three points."""
    found = SweepLayout(root / "p" / "sweeps" / "s")
    write_file(found.sweep_yaml, GRID)
    config = {"method": "grid", "metric": {"name": "loss", "goal": "minimize"}}
    write_file(found.resolved_json, {"config": config, "points": 3})
    return found


@pytest.fixture
def sweep(root: Path, layout: SweepLayout) -> Sweep:
    return Api(store=root).sweep("p/s")


def claim(layout: SweepLayout, number: int, agent: str = "a1", **more: Any) -> None:
    write_record(layout.claim(number), Claim(number, f"r{number}", agent, {"lr": number + 1}, **more))


def end(root: Path, layout: SweepLayout, number: int, value: float | None, state: TrialState = "finished") -> None:
    """The end of a trial: its record, and its run, whose summary has another value."""
    write_record(layout.done(number), Outcome(number, f"r{number}", "a1", state, value=value))
    files = {"summary.json": {"loss": 100.0 - number}}
    write_run(root, "p", f"r{number}", None, {"lr": number + 1}, {"sweep": "s"}, {"state": "finished"}, files)


def ask(layout: SweepLayout, number: int, what: ControlKind, **data: Any) -> None:
    write_record(layout.control(number), Control(number, what, data=data))


def test_the_best_run_is_that_of_the_best_value_ever_logged(root: Path, layout: SweepLayout, sweep: Sweep) -> None:
    for number, value in enumerate([0.3, 0.1, 0.2]):
        claim(layout, number)
        end(root, layout, number, value)
    best = sweep.best_run()
    assert best is not None
    assert best.id == "r1"
    by_summary = sweep.best_run(order="+summary_metrics.loss")
    assert by_summary is not None
    assert by_summary.id == "r2"


def test_the_state_follows_the_trials(root: Path, layout: SweepLayout, sweep: Sweep) -> None:
    assert (sweep.state, sweep.expected_run_count) == ("PENDING", 3)
    claim(layout, 0)
    assert sweep.state == "RUNNING"
    end(root, layout, 0, 0.3)
    assert sweep.state == "RUNNING"
    for number in (1, 2):
        claim(layout, number)
        end(root, layout, number, None, "failed")
    assert sweep.state == "FINISHED"


def test_what_somebody_asked_for_shows(root: Path, layout: SweepLayout, sweep: Sweep) -> None:
    claim(layout, 0)
    ask(layout, 1, "pause")
    assert sweep.state == "PAUSED"
    ask(layout, 2, "resume")
    assert sweep.state == "RUNNING"
    ask(layout, 3, "stop")
    assert sweep.state == "RUNNING"
    end(root, layout, 0, 0.3)
    assert sweep.state == "FINISHED"
    ask(layout, 4, "cancel")
    assert sweep.state == "CANCELED"


def test_the_run_cap_ends_a_sweep_and_can_be_raised(root: Path, layout: SweepLayout) -> None:
    write_file(layout.sweep_yaml, "method: random\nrun_cap: 1\nparameters: {lr: {min: 0.0, max: 1.0}}\n")
    write_file(layout.resolved_json, {"config": {"method": "random", "run_cap": 1}})
    sweep = Api(store=root).sweep("p/s")
    claim(layout, 0)
    end(root, layout, 0, 0.3)
    assert (sweep.state, sweep.expected_run_count) == ("FINISHED", 1)
    ask(layout, 1, "extend", run_cap=5)
    assert (sweep.state, sweep.expected_run_count) == ("RUNNING", 5)


def test_a_grid_whose_range_was_widened_has_no_known_number_of_runs(layout: SweepLayout, sweep: Sweep) -> None:
    ask(layout, 1, "extend", ranges={"lr": {"min": 0, "max": 9}})
    assert sweep.expected_run_count is None


def test_a_target_that_was_reached_ends_a_sweep(root: Path, layout: SweepLayout) -> None:
    text = "method: random\nmetric: {name: loss, target: 0.2}\nparameters: {lr: {min: 0.0, max: 1.0}}\n"
    write_file(layout.sweep_yaml, text)
    sweep = Api(store=root).sweep("p/s")
    for number, (value, state) in enumerate([(0.3, "RUNNING"), (0.2, "FINISHED")]):
        claim(layout, number)
        end(root, layout, number, value)
        assert sweep.state == state
    assert sweep.expected_run_count is None


def test_agents_are_known_by_their_claims_and_heartbeats(root: Path, layout: SweepLayout, sweep: Sweep) -> None:
    start = psutil.Process().create_time()
    here = Process(hostname(), os.getpid(), boot_id(), start)
    claim(layout, 0, "alive", process=here, time="2026-11-01T00:00:00Z")
    claim(layout, 1, "ended", process=Process("node7", 17))
    claim(layout, 2, "alive", process=here)
    end(root, layout, 0, 0.3)
    beats = {
        "alive": Beat("alive", 3, "training", here, trial=2, time="2026-11-01T00:01:00Z"),
        "ended": Beat("ended", 9, "bye", Process("node7", 17)),
        "gone": Beat("gone", 1, "waiting", Process(hostname(), os.getpid(), boot_id(), start - 3600)),
        "silent": Beat("silent", 1, "waiting", Process("node8", 18)),
    }
    for name, beat in beats.items():
        write_file(layout.agent(name), dump(beat))
    os.utime(layout.agent("silent"), (0, 0))
    agents = sweep.agents()
    assert {each.name: each.state for each in agents} == {
        "alive": "RUNNING",
        "ended": "FINISHED",
        "gone": "CRASHED",
        "silent": "CRASHED",
    }
    alive = sweep.agent("alive")
    assert (alive.host, alive.pid, alive.total_runs) == (hostname(), os.getpid(), 2)
    assert (alive.created_at, alive.heartbeat_at) == ("2026-11-01T00:00:00Z", "2026-11-01T00:01:00Z")
    assert [run.id for run in alive.runs()] == ["r0"]
    with pytest.raises(ValueError, match="found no agent 'b'; there is alive, ended"):
        sweep.agent("b")


def test_a_clone_without_heartbeats_still_knows_the_agents(layout: SweepLayout, sweep: Sweep) -> None:
    claim(layout, 0, "a1", process=Process("node7", 17))
    [agent] = sweep.agents()
    assert (agent.name, agent.host, agent.state, agent.heartbeat_at) == ("a1", "node7", "FINISHED", None)


def test_a_whole_sweep_is_seen_through_the_api(root: Path) -> None:
    points = write_sweep(root)
    sweep = Api(store=root).sweep("tune/k3v9x2ab")
    assert (sweep.name, sweep.state, sweep.expected_run_count) == ("small net", "RUNNING", 80)
    finished = [point for point in points if point.state in ("finished", "stopped")]
    best = sweep.best_run()
    assert best is not None
    assert best.id == min(finished, key=lambda point: min(point.losses)).run
    assert len(sweep.runs) == len(points)
    assert sum(agent.total_runs for agent in sweep.agents()) >= len(points)
    assert sweep.load(force=True)["state"] == "RUNNING"
