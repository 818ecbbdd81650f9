"""Agents of a search in which no trial depends on another: they know others' trials by name, and read those that
run."""

from pathlib import Path

import pytest

from runstore.format.sweep_records import Claim
from runstore.reading.sweeps import open_sweep
from sweeps.controller import Over, Wait
from tests.sweeps.small_sweeps import Agent, OnlyToldDead, create, layout, small_shards, work

MANY = 12
"""More than are asked about each time."""


def crowd(folder: Path, size: int) -> tuple[list[Agent], OnlyToldDead]:
    liveness = OnlyToldDead()
    return [Agent(layout(folder), f"a{number:02d}", liveness) for number in range(size)], liveness


def taken(agent: Agent) -> Claim:
    found = agent.take()
    assert isinstance(found, Claim), found
    return found


def test_trials_that_came_and_went_are_counted_and_not_read(tmp_path: Path) -> None:
    create(tmp_path, run_cap=25)
    (a, b), _ = crowd(tmp_path, 2)
    work(b, 20)
    assert taken(a).n == 20
    assert a.controller.reader.unread == list(range(20))
    assert [trial.number for trial in a.controller.state.trials] == [20]
    a.finish()
    assert isinstance(work(a), Over)
    assert len(open_sweep(layout(tmp_path)).state.trials) == 25


def test_a_look_reads_what_was_known_by_name(tmp_path: Path) -> None:
    create(tmp_path)
    (a, b), _ = crowd(tmp_path, 2)
    work(b, 5)
    taken(a)
    a.controller.look()
    assert a.controller.reader.unread == []
    assert [trial.state for trial in a.controller.state.trials] == [*["finished"] * 5, "running"]


def test_of_many_unread_trials_the_one_of_a_dead_agent_is_taken_before_all_is_over(tmp_path: Path) -> None:
    create(tmp_path, run_cap=MANY)
    agents, liveness = crowd(tmp_path, MANY)
    claims = [taken(each) for each in agents]
    liveness.dead.add(agents[3].name)
    agents[0].finish()
    again = taken(agents[0])
    assert (again.n, again.run, again.attempt) == (claims[3].n, claims[3].run, 2)


def test_an_added_point_that_another_took_unread_is_not_taken_twice(tmp_path: Path) -> None:
    controller = create(tmp_path)
    (a, b), _ = crowd(tmp_path, 2)
    work(b, 3)
    controller.ask("add", {"params": {"lr": 0.25}})
    assert taken(b).added == 1
    assert taken(a).added == 0


def test_a_point_asked_for_again_is_found_though_its_trial_was_unread(tmp_path: Path) -> None:
    controller = create(tmp_path)
    (a, b), _ = crowd(tmp_path, 2)
    work(b, 3)
    taken(a)
    a.finish()
    controller.ask("retry", {"trials": [1]})
    again = taken(a)
    assert (again.n, again.attempt) == (1, 2)


def test_unread_trials_are_found_in_the_shard_that_was_sealed_meanwhile(tmp_path: Path) -> None:
    with small_shards(4):
        create(tmp_path, run_cap=14)
        (a, b), _ = crowd(tmp_path, 2)
        work(b, 3)
        taken(a)
        assert a.controller.reader.unread == [0, 1, 2]
        a.finish()
        work(b, 6)
        assert open_sweep(layout(tmp_path)).state.sealed
        work(a)
        a.controller.look()
        assert [trial.number for trial in a.controller.state.trials] == list(range(14))
        assert a.controller.reader.unread == []


def test_a_claim_that_is_still_being_written_is_read_again_and_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sweeps.controller.detect_primitive", lambda _: "exclusive")
    create(tmp_path, run_cap=2)
    (a, b), _ = crowd(tmp_path, 2)
    claim = taken(b)
    path = layout(tmp_path).claim(claim.n)
    whole = path.read_bytes()
    path.write_bytes(whole[:40])
    assert isinstance(a.take(), Wait)
    assert a.controller.reader.unreadable
    path.write_bytes(whole)
    assert taken(a).n == 1
    a.finish()
    b.finish()
    assert isinstance(work(a), Over)
    assert [trial.number for trial in open_sweep(layout(tmp_path)).state.trials] == [0, 1]
