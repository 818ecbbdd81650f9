"""What a controller hands out: trials by number, added points, retries, and what pause, stop, target and caps do."""

from pathlib import Path

import pytest

from runstore.format.records import RunState, dump_state
from runstore.format.sweep_records import Beat, Claim, Outcome, Process, Verdict, dump
from runstore.reading.sweeps import open_sweep
from sweeps import records
from sweeps.controller import Controller, Over, Wait
from sweeps.errors import SweepError
from tests.sweeps.small_sweeps import Agent, OnlyToldDead, create, layout, told, work


def agents(folder: Path, *names: str) -> tuple[list[Agent], OnlyToldDead]:
    liveness = OnlyToldDead()
    return [Agent(layout(folder), name, liveness) for name in names], liveness


def claimed(agent: Agent) -> Claim:
    found = agent.take()
    assert isinstance(found, Claim), found
    return found


def test_numbers_go_up_whoever_asks_and_the_cap_is_exact(tmp_path: Path) -> None:
    create(tmp_path, run_cap=5, max_retries=9)
    (a, b), _ = agents(tmp_path, "a", "b")
    # Who asks again gives back what it did not finish.
    assert [claimed(each).n for each in (a, b, a, b)] == [0, 1, 0, 1]
    assert [claimed(each).attempt for each in (a, b)] == [3, 3]
    a.finish()
    b.finish()
    assert isinstance(work(a), Over)
    assert isinstance(work(b), Over)
    assert [trial.number for trial in open_sweep(layout(tmp_path)).state.trials] == list(range(5))


def test_the_same_seed_gives_the_same_points_to_any_agents(tmp_path: Path) -> None:
    points = []
    for sweep, names in (("s1", ("a",)), ("s2", ("a", "b"))):
        create(tmp_path, sweep=sweep, run_cap=6)
        for name in names:
            work(Agent(layout(tmp_path, sweep), name), 3 if len(names) == 2 else 6)
        points.append([trial.params for trial in open_sweep(layout(tmp_path, sweep)).state.trials])
    assert points[0] == points[1]


def test_pause_resume_stop_and_cancel(tmp_path: Path) -> None:
    controller = create(tmp_path)
    (a,), _ = agents(tmp_path, "a")
    for asked, kind in (("pause", Wait), ("resume", Claim), ("stop", Over), ("resume", Claim), ("cancel", Over)):
        controller.ask(asked)  # type: ignore[arg-type]
        assert isinstance(a.take(), kind), asked
    assert a.controller.state.cancelled


def test_the_target_ends_the_sweep(tmp_path: Path) -> None:
    create(tmp_path, metric={"name": "acc", "goal": "maximize", "target": 0.9})
    (a,), _ = agents(tmp_path, "a")
    claimed(a)
    a.finish(value=0.5)
    claimed(a)
    a.finish(value=0.95)
    found = a.take()
    assert isinstance(found, Over)
    assert "trial 1 reached the metric's target" in found.reason
    assert a.controller.state.best is a.controller.state.trials[1]


def test_a_wider_range_and_a_higher_cap_count_at_once(tmp_path: Path) -> None:
    controller = create(tmp_path, run_cap=1)
    (a,), _ = agents(tmp_path, "a")
    assert isinstance(work(a), Over)
    controller.ask("extend", {"run_cap": 30, "ranges": {"lr": {"max": 100.0}}})
    assert isinstance(work(a), Over)
    assert len(a.controller.state.trials) == 30
    assert max(trial.params["lr"] for trial in a.controller.state.trials) > 1.0


@pytest.mark.parametrize(
    ("what", "data", "said"),
    [
        ("extend", {}, "nothing to extend"),
        ("extend", {"run_cap": 0}, "expected a whole number from 1 up"),
        ("extend", {"ranges": {"lr": {"max": 0.5}}}, "a range can only grow"),
        ("add", {"params": {"rl": 1.0}}, "expected one of"),
        ("retry", {"trials": [7]}, "found no trial 7"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(tmp_path: Path, what: str, data: dict[str, object], said: str) -> None:
    controller = create(tmp_path)
    with pytest.raises(SweepError, match=said):
        controller.ask(what, data)  # type: ignore[arg-type]
    assert controller.state.controls == []


def test_added_points_come_first_each_once_and_what_they_lack_is_drawn(tmp_path: Path) -> None:
    controller = create(tmp_path)
    controller.ask("add", {"params": {"lr": 0.25, "net": {"depth": 3}}}, by="ada")
    controller.ask("add", {"params": {"net.depth": 2}})
    (a, b), _ = agents(tmp_path, "a", "b")
    first, second = claimed(a), claimed(b)
    assert (first.params, first.added) == ({"lr": 0.25, "net": {"depth": 3}}, 1)
    assert second.added == 2
    assert second.params["net"] == {"depth": 2}
    a.finish()
    assert claimed(a).added == 0
    assert open_sweep(layout(tmp_path)).state.queued == []


def test_a_dead_agents_trial_is_tried_again_with_the_same_run_then_has_crashed(tmp_path: Path) -> None:
    create(tmp_path, max_retries=1)
    (a, b, c), liveness = agents(tmp_path, "a", "b", "c")
    first = claimed(a)
    liveness.dead.add("a")
    second = claimed(b)
    assert (second.n, second.run, second.params, second.attempt, second.retries) == (
        first.n,
        first.run,
        first.params,
        2,
        1,
    )
    assert c.controller.superseded(first)
    liveness.dead.add("b")
    assert claimed(c).n == 1
    trial = c.controller.state.trials[0]
    assert (trial.state, trial.attempt, trial.outcome and trial.outcome.by) == ("crashed", 2, "c")


def test_skip_leaves_a_dead_agents_trial_but_for_one_whose_machine_was_taken_away(tmp_path: Path) -> None:
    create(tmp_path, on_crash="skip")
    (a, b), liveness = agents(tmp_path, "a", "b")
    claim = claimed(a)
    run = tmp_path / "experiments" / "p" / "runs" / claim.run
    run.mkdir(parents=True)
    (run / "state.json").write_bytes(dump_state(RunState("killed", None, "", preempting=True)))
    liveness.dead.add("a")
    again = claimed(b)
    assert (again.n, again.attempt, again.retries) == (0, 2, 0)
    (run / "state.json").write_bytes(dump_state(RunState("running")))
    liveness.dead.add("b")
    (c,), _ = agents(tmp_path, "c")
    c.controller.liveness = liveness  # type: ignore[assignment]
    assert claimed(c).n == 1
    assert c.controller.state.trials[0].state == "crashed"


def test_a_run_that_ended_by_itself_counts_although_its_agent_died(tmp_path: Path) -> None:
    create(tmp_path)
    (a, b), liveness = agents(tmp_path, "a", "b")
    claim = claimed(a)
    run = tmp_path / "experiments" / "p" / "runs" / claim.run
    run.mkdir(parents=True)
    (run / "history.jsonl").write_text('{"loss": 0.5}\n{"loss": 0.25}\n{"loss": "NaN"}\n{"loss"')
    (run / "summary.json").write_text('{"loss": 0.375}')
    (run / "state.json").write_bytes(dump_state(RunState("finished", 0, "2026-10-01T10:00:00Z")))
    liveness.dead.add("a")
    assert claimed(b).n == 1
    outcome = b.controller.state.trials[0].outcome
    assert outcome is not None
    assert (outcome.state, outcome.value, outcome.count, outcome.by) == ("finished", 0.25, 3, "b")


def test_what_ended_without_its_agent_counts_during_a_pause_too(tmp_path: Path) -> None:
    controller = create(tmp_path)
    (a, b), liveness = agents(tmp_path, "a", "b")
    run = tmp_path / "experiments" / "p" / "runs" / claimed(a).run
    controller.ask("pause")
    assert isinstance(b.take(), Wait)
    assert b.controller.state.trials[0].state == "running"
    run.mkdir(parents=True)
    (run / "history.jsonl").write_text('{"loss": 0.5}\n')
    (run / "state.json").write_bytes(dump_state(RunState("finished", 0, "2026-10-01T10:00:00Z")))
    liveness.dead.add("a")
    assert isinstance(b.take(), Wait)
    assert (b.controller.state.trials[0].state, b.controller.state.trials[0].value) == ("finished", 0.5)


def test_a_dead_agents_trial_that_did_not_end_waits_for_the_end_of_a_pause(tmp_path: Path) -> None:
    controller = create(tmp_path)
    (a, b), liveness = agents(tmp_path, "a", "b")
    first = claimed(a)
    liveness.dead.add("a")
    controller.ask("pause")
    assert isinstance(b.take(), Wait)
    assert not b.controller.state.trials[0].is_over
    controller.ask("resume")
    again = claimed(b)
    assert (again.n, again.run, again.attempt) == (first.n, first.run, 2)


def test_the_first_outcome_counts_and_a_late_one_stands_beside_it(tmp_path: Path) -> None:
    create(tmp_path)
    (a, b), liveness = agents(tmp_path, "a", "b")
    claimed(a)
    liveness.dead.add("a")
    claimed(b)
    assert b.finish(value=1.0)
    assert not a.finish(value=2.0)
    trial = open_sweep(layout(tmp_path)).state.trials[0]
    assert trial.value == 1.0
    assert [each.value for each in trial.earlier] == [2.0]


def test_publishing_an_outcome_again_is_no_second_one(tmp_path: Path) -> None:
    create(tmp_path)
    (a,), _ = agents(tmp_path, "a")
    claim = claimed(a)
    outcome = Outcome(claim.n, claim.run, "a", "finished", value=float("nan"))
    assert a.controller.finish(outcome)
    assert a.controller.finish(outcome)
    assert open_sweep(layout(tmp_path)).state.trials[0].earlier == []


def test_a_retry_runs_the_trial_again_and_its_new_outcome_counts(tmp_path: Path) -> None:
    controller = create(tmp_path, run_cap=2)
    (a, b), _ = agents(tmp_path, "a", "b")
    work(a)
    controller.ask("retry", {"trials": [1]})
    again = claimed(b)
    assert (again.n, again.attempt, again.retries) == (1, 2, 0)
    assert b.controller.state.trials[1].state == "running"
    assert b.finish(value=-5.0)
    fresh = open_sweep(layout(tmp_path)).state
    assert (fresh.trials[1].value, [each.value for each in fresh.trials[1].earlier]) == (-5.0, [1])
    assert fresh.best is fresh.trials[1]
    assert fresh.retries == []
    assert isinstance(b.take(), Over)


def test_a_verdict_is_published_once_and_read_with_its_trial(tmp_path: Path) -> None:
    create(tmp_path)
    (a,), _ = agents(tmp_path, "a")
    claim = claimed(a)
    verdict = Verdict(claim.n, claim.run, "hyperband", 3, 0.5, 0.25, agent="a")
    assert a.controller.stop_trial(verdict)
    assert not a.controller.stop_trial(verdict)
    a.finish("stopped", 0.5)
    assert open_sweep(layout(tmp_path)).state.verdicts == [verdict]


def test_rungs_are_those_of_ended_and_of_running_trials(tmp_path: Path) -> None:
    controller = create(tmp_path)
    (a, b), _ = agents(tmp_path, "a", "b")
    ended, running = claimed(a), claimed(b)
    a.controller.finish(Outcome(ended.n, ended.run, "a", "finished", rungs=(0.5, 0.25)))
    beat = Beat("b", 2, "training", trial=running.n, run=running.run, attempt=1, rungs=(0.75,))
    layout(tmp_path).agent("b").write_bytes(dump(beat))
    controller.look()
    assert controller.rungs() == [(0.5, 0.25), (0.75,)]
    assert controller.rungs(but=running.n) == [(0.5, 0.25)]


def test_for_each_of_the_last_trials_one_agent_waits_in_case_it_comes_back(tmp_path: Path) -> None:
    create(tmp_path, run_cap=1)
    (a,), _ = agents(tmp_path, "a")
    claimed(a)
    controllers = {name: Controller.open(layout(tmp_path)) for name in ("b", "c")}
    for name in controllers:
        layout(tmp_path).agent(name).write_bytes(dump(Beat(name, 1, "waiting")))
    found = controllers["b"].next("b", 1, Process())
    assert isinstance(found, Wait)
    assert found.reason == "run_cap 1 is reached; waiting in case one that still runs comes back"
    assert isinstance(controllers["c"].next("c", 1, Process()), Over)
    a.finish()
    assert isinstance(controllers["b"].next("b", 1, Process()), Over)


def test_without_hard_links_names_are_given_exclusively(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(records.os, "link", refuse)
    create(tmp_path, run_cap=4)
    (a, b), _ = agents(tmp_path, "a", "b")
    claimed(a)
    assert isinstance(work(b), Wait)
    a.finish()
    assert isinstance(work(b), Over)
    assert told(open_sweep(layout(tmp_path)).state.trials) == told(Controller.open(layout(tmp_path)).state.trials)
    assert [trial.state for trial in open_sweep(layout(tmp_path)).state.trials] == ["finished"] * 4


def test_half_a_claim_is_waited_for_and_given_up_after_a_lease(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sweeps.controller.detect_primitive", lambda _: "exclusive")
    create(tmp_path, run_cap=2, heartbeat=0.02)
    layout(tmp_path).claim(0).write_bytes(b'{"sum":"00')
    (a,), _ = agents(tmp_path, "a")
    assert isinstance(a.take(), Wait)
    monkeypatch.setattr("time.monotonic", lambda later=a.controller.reader: 1e12)
    assert claimed(a).n == 1


def test_two_sweeps_of_one_id_are_refused(tmp_path: Path) -> None:
    create(tmp_path)
    with pytest.raises(SweepError, match="found a sweep of this id"):
        create(tmp_path)


def test_a_sweep_that_was_deleted_under_an_agent_says_so(tmp_path: Path) -> None:
    create(tmp_path)
    (a,), _ = agents(tmp_path, "a")
    layout(tmp_path).path.rename(tmp_path / "gone")
    with pytest.raises(SweepError, match="was its directory deleted"):
        a.take()
