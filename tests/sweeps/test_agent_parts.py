"""The small parts of an agent: giving up, dealing out, a child process, names of sweeps."""

import os
import signal
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstore.errors import BadTypeError, BadValueError, UsageError
from runstore.format.sweep_records import Claim
from sweeps.agent.child import Child
from sweeps.agent.places import find_sweep
from sweeps.agent.processes import deal, gpus_here, share
from sweeps.agent.streak import Streak, streak
from sweeps.agent.surroundings import Surroundings
from sweeps.agent.watching import missing_metric
from sweeps.errors import SweepError
from tests.processes import wait_until
from tests.sweeps.agents import make_sweep

PYTHON = sys.executable


def test_three_failures_in_the_first_minute_are_enough() -> None:
    counted = Streak()
    assert [bool(counted.count(True)) for _ in range(3)] == [False, False, True]
    assert counted.count(True)


def test_a_success_says_that_the_program_works() -> None:
    counted = Streak()
    counted.count(False)
    assert not any(counted.count(True) for _ in range(4))
    assert "5 of its 6 trials failed" in counted.count(True)


def test_many_failures_among_more_successes_are_no_reason() -> None:
    counted = Streak(began=0.0)
    for _ in range(20):
        assert not counted.count(False)
    assert not any(counted.count(True) for _ in range(19))
    assert counted.count(True)


def test_failures_in_a_row_are_counted_anew_after_a_success() -> None:
    counted = Streak(most=2, disabled=True)
    assert [bool(counted.count(failed)) for failed in (True, False, True, True)] == [False, False, False, True]


def test_disabled_means_never_and_not_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_AGENT_DISABLE_FLAPPING", "true")
    counted = streak(None)
    assert not any(counted.count(True) for _ in range(50))


def test_values_without_meaning_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadTypeError, match="max_consecutive_failed_runs is True"):
        streak(True)
    with pytest.raises(BadValueError, match="expected at least 1"):
        streak(0)
    monkeypatch.setenv("RUNSTORE_AGENT_MAX_INITIAL_FAILURES", "many")
    with pytest.raises(UsageError, match="'many'"):
        streak(None)


@given(st.integers(0, 1000), st.integers(1, 64))
def test_all_trials_are_shared_out_evenly(count: int, number: int) -> None:
    parts = share(count, number)
    assert sum(part or 0 for part in parts) == count
    assert max(part or 0 for part in parts) - min(part or 0 for part in parts) <= 1


@given(st.integers(0, 16), st.integers(1, 64))
def test_every_gpu_is_dealt_to_somebody_and_nobody_is_left_without(gpus: int, number: int) -> None:
    names = [f"GPU-{at}" for at in range(gpus)]
    dealt = deal(names, number)
    assert len(dealt) == number
    if not names:
        assert set(dealt) == {None}
    else:
        parts = [part.split(",") for part in dealt if part]
        assert len(parts) == number
        assert {each for part in parts for each in part} == set(names)
        if number <= gpus:
            assert sum(map(len, parts)) == gpus


def test_gpus_are_those_that_the_variable_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,1, GPU-ab")
    assert gpus_here() == ["3", "1", "GPU-ab"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert gpus_here() == []


def test_a_program_that_is_missing_is_one_line() -> None:
    with pytest.raises(SweepError, match=r"no-such-program: cannot be started \(No such file"):
        Child(["no-such-program"], os.environ)


def test_a_child_has_a_group_of_its_own_and_no_input() -> None:
    code = "import os, sys; sys.exit(7 if os.getpgid(0) == os.getpid() and not sys.stdin.read() else 1)"
    child = Child([PYTHON, "-c", code], os.environ)
    assert child.wait(60) == 7
    assert not child.group_lives()


def test_waiting_has_an_end() -> None:
    child = Child(["sleep", "60"], os.environ)
    assert child.wait(0.01) is None
    assert child.end(10) == -signal.SIGTERM


def test_who_does_not_hear_sigterm_is_killed_with_all_that_he_started(tmp_path: Path) -> None:
    script = f"trap '' TERM; sleep 60 & echo > {tmp_path}/up; while :; do sleep 1; done"
    child = Child(["sh", "-c", script], os.environ)
    wait_until((tmp_path / "up").exists, "the script")
    assert child.end(0.2) == -signal.SIGKILL
    wait_until(lambda: not child.group_lives(), "the end of the group")


def test_what_a_program_left_behind_is_seen_and_ended() -> None:
    child = Child(["sh", "-c", "sleep 60 & exit 0"], os.environ)
    assert child.wait(60) == 0
    assert child.group_lives()
    child.end(5)
    wait_until(lambda: not child.group_lives(), "the end of the group")


def sweep_in(root: Path, name: str) -> Path:
    project, _, sweep_id = name.partition("/")
    path = root / project / "sweeps" / sweep_id
    path.mkdir(parents=True)
    return path


def test_a_sweep_is_found_by_whatever_people_call_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = sweep_in(tmp_path, "digits/abc")
    (path / "sweep.yaml").touch()
    monkeypatch.chdir(path.parent)
    for name in ("abc", "digits/abc", "me/digits/abc", str(path), "./abc", str(path / "sweep.yaml")):
        assert find_sweep(name, tmp_path).sweep.path.samefile(path), name
    monkeypatch.chdir(path)
    assert find_sweep(".").name == "digits/abc"


def test_a_sweep_that_is_not_there_is_one_line_that_says_what_is(tmp_path: Path) -> None:
    sweep_in(tmp_path, "digits/abcd")
    with pytest.raises(SweepError, match=r"found no sweep 'abce'; did you mean abcd\? there is digits/abcd"):
        find_sweep("abce", tmp_path)
    with pytest.raises(SweepError, match="found no sweep 'x' in project 'other'; create one"):
        find_sweep("other/x", tmp_path)
    with pytest.raises(SweepError, match=r"found no sweep 'abcd' in project 'other'; did you mean digits/abcd\?"):
        find_sweep("other/abcd", tmp_path)
    sweep_in(tmp_path, "other/abcd")
    with pytest.raises(SweepError, match=r"name one: digits/abcd, other/abcd"):
        find_sweep("abcd", tmp_path)


@pytest.mark.parametrize("name", ["", "../x", "a/b/c/d", "a\nb", "/", ".."])
def test_no_name_leads_out_of_the_store(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises((UsageError, SweepError)):
        find_sweep(name, tmp_path)


def test_a_sweep_behind_a_link_is_refused(tmp_path: Path) -> None:
    outside = sweep_in(tmp_path / "outside", "p/s")
    (tmp_path / "store" / "p").mkdir(parents=True)
    (tmp_path / "store" / "p" / "sweeps").symlink_to(outside.parent)
    with pytest.raises(SweepError):
        find_sweep("s", tmp_path / "store")
    with pytest.raises(SweepError, match="found a link"):
        find_sweep(str(tmp_path / "store" / "p" / "sweeps" / "s"))


def test_a_metric_that_was_never_logged_gets_a_suggestion() -> None:
    assert missing_metric(3, "val_loss", ["loss", "val.loss", "acc"]) == (
        "trial 3 logged no val_loss; it logged loss, val.loss, acc. Did you mean val.loss? Log val_loss, or create the "
        "sweep anew with another metric.name: this one keeps the configuration that it began with"
    )
    assert "nor any other number" in missing_metric(0, "loss", [])


def test_an_attempt_that_was_given_up_clears_its_own_parameters_only(tmp_path: Path) -> None:
    place = make_sweep(tmp_path)
    first, second = (Surroundings(place, Claim(0, "r", "a", {"lr": 1}, attempt=attempt)) for attempt in (1, 2))
    first.write()
    second.write()
    first.clear()
    assert second.yaml_file.is_file()
    assert second.variables["RUNSTORE_SWEEP_PARAM_PATH"] == str(second.yaml_file)
