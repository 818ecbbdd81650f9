"""A shard that is sealed while another machine still knows its directories by their old names."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from runstore.format.sweep_layout import SweepLayout
from runstore.format.sweep_records import Claim, Outcome, Verdict, dump
from runstore.reading.sweeps import Trial, open_sweep
from sweeps import controller, sealing, shards
from sweeps.sealing import is_shared, seal
from tests.sweeps.small_sweeps import SHARDED, Agent, create, layout, work

SHARD = 3


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shard of a thousand is sealed as one of three is."""
    for module in SHARDED:
        monkeypatch.setattr(module, "SHARD", SHARD)


def _over(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[SweepLayout, list[Trial]]:
    """A sweep whose first shard is over and not sealed."""
    create(folder, run_cap=SHARD)
    with monkeypatch.context() as patch:
        patch.setattr(shards.Shards, "seal_if_complete", lambda *_: None)
        work(Agent(layout(folder), "a"))
    return layout(folder), open_sweep(layout(folder)).state.trials


def _while_it_waits(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """The sweep lies on a shared file system; `act` is what another machine does after the directories were moved."""
    monkeypatch.setattr(sealing, "is_shared", lambda _: True)
    monkeypatch.setattr("sweeps.sealing.time.sleep", lambda _: act())


def test_an_outcome_that_comes_too_late_after_the_move_is_sealed_with_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where, trials = _over(tmp_path, monkeypatch)
    late = Outcome(1, trials[1].run, "zombie", "finished", 2, value=9.0)
    moved = where.sealing(where.done_dir, 0) / where.late(1, 2, late.run).name
    _while_it_waits(monkeypatch, lambda: moved.write_bytes(dump(late)))
    assert seal(where, 0, trials)
    found = open_sweep(where)
    assert found.problems == {}
    assert not list(where.path.glob("*/*.sealing"))
    assert found.state.trials[1].earlier == [late]


def test_the_verdict_of_an_attempt_before_a_retry_is_kept_and_counts_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where, trials = _over(tmp_path, monkeypatch)
    verdict = Verdict(1, trials[1].run, "hyperband", 3, 2.0, 1.0)
    with monkeypatch.context() as patch:
        patch.setattr(shards.Shards, "seal_if_complete", lambda *_: None)
        agent = Agent(where, "b")
        agent.controller.stop_trial(verdict)
        agent.controller.ask("retry", {"trials": [1]})
    work(agent)
    found = open_sweep(where).state
    assert found.sealed == {0}
    assert (found.trials[1].verdict, found.trials[1].verdicts) == (None, [verdict])


def test_a_claim_that_comes_after_the_move_opens_the_shard_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where, trials = _over(tmp_path, monkeypatch)
    again: Claim = replace(trials[2].claim, agent="b", attempt=2, retry=1)
    moved = where.sealing(where.claims_dir, 0) / where.claim(2, 2).name
    _while_it_waits(monkeypatch, lambda: moved.write_bytes(dump(again)))
    assert not seal(where, 0, trials)
    found = open_sweep(where).state
    assert found.sealed == set()
    assert where.claim(2, 2).is_file()
    assert [trial.number for trial in found.pending.values()] == [2]


def test_a_retry_that_was_asked_for_during_the_wait_opens_the_shard_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where, _ = _over(tmp_path, monkeypatch)
    with monkeypatch.context() as patch:
        patch.setattr(controller.Controller, "_tidy", lambda _: None)
        person = Agent(where, "person")
    asked: list[int] = []

    def ask() -> None:
        if not asked:
            asked.append(person.controller.ask("retry", {"trials": [0]}).n)

    _while_it_waits(monkeypatch, ask)
    Agent(where, "sealer")  # Whoever opens a sweep seals what is over.
    assert asked
    assert where.claim(0).is_file()
    assert not where.sealed(0).exists()


def test_what_comes_even_later_stays_beside_the_seal_and_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where, trials = _over(tmp_path, monkeypatch)
    assert seal(where, 0, trials)
    late = Outcome(0, trials[0].run, "zombie", "finished", 2, value=9.0)
    moved = where.sealing(where.done_dir, 0)
    moved.mkdir()
    (moved / where.late(0, 2, late.run).name).write_bytes(dump(late))
    assert sealing.clear_sealed(where, 0)
    assert open_sweep(where).state.trials[0].earlier == [late]


def test_a_directory_that_a_killed_agent_made_anew_does_not_end_the_sealer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where, trials = _over(tmp_path, monkeypatch)
    claims = where.claim(0).parent
    claims.rename(where.sealing(where.claims_dir, 0))
    claims.mkdir()
    again = replace(trials[0].claim, attempt=2, agent="killed")
    where.claim(0, 2).write_bytes(dump(again))
    assert seal(where, 0, trials)
    read = open_sweep(where)
    assert [trial.state for trial in read.state.trials] == ["finished"] * SHARD
    assert read.state.next_number == SHARD
    assert read.problems == {}


def test_a_disk_of_this_machine_is_not_waited_for() -> None:
    assert is_shared(Path("/proc"))
    if Path("/dev/shm").is_dir():
        assert not is_shared(Path("/dev/shm"))
