"""Runs that several processes write together: `mode="shared"`."""

import contextlib
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runstore.errors import UsageError
from runstore.format.records import load_config
from runstore.reading.store import read_store
from runstore.recording.run import Run
from tests.processes import load, run_script, start_script, wait_until
from tests.reading.views import column, curve_of, record_of

RANK = """
    import os, signal, sys, time
    import runstore
    rank, ends = int(sys.argv[1]), sys.argv[2]
    settings = {"x_label": f"rank_{rank}", "x_primary": rank == 0}
    run = runstore.init(
        project="p", id="a", mode="shared", settings=settings, config={"lr": 1 if rank == 0 else 2, f"only{rank}": rank}
    )
    for i in range(20):
        run.log({f"loss{rank}": i, "both": rank})
    run.summary["host"] = rank
    print("ready", flush=True)
    if ends == "wait":
        sys.stdin.readline()
    if ends == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
"""


def start(folder: Path, rank: int, ends: str) -> Any:
    scripts = folder / f"rank{rank}"
    scripts.mkdir(exist_ok=True)
    env = {"RUNSTORE_DIR": str(folder / "experiments")}
    process = start_script(scripts, RANK, str(rank), ends, env=env)
    assert process.stdout is not None
    return process


def ready(process: Any) -> Any:
    assert process.stdout.readline() == "ready\n"
    return process


def release(process: Any) -> str:
    _, errors = process.communicate("\n", timeout=60)
    return str(errors)


def test_three_processes_write_one_run_each_its_own_files(tmp_path: Path) -> None:
    processes = [start(tmp_path, rank, "wait") for rank in range(3)]
    for process in processes:
        ready(process)
    store = tmp_path / "experiments"
    assert record_of(store).state == "running"
    for process in reversed(processes):
        release(process)
    folder = store / "p" / "runs" / "a"
    names = {path.name for path in folder.iterdir()}
    for stem in ("history{}.jsonl", "config{}.yaml", "summary{}.json", "provenance{}.json", "output{}.log"):
        assert {stem.format(writer) for writer in ("", ".rank_1", ".rank_2")} <= names
    assert not [name for name in names if name.startswith("heartbeat")]
    record = record_of(store)
    assert (record.state, record.rows, record.repeated) == ("finished", 60, 0)
    assert record.config == {"lr": 1, "only0": 0, "only1": 1, "only2": 2}
    expected = {"loss0": 19, "loss1": 19, "loss2": 19, "both": 0, "host": 0}
    assert record.summary == expected
    assert [(each.writer, each.is_rank, each.rows) for each in record.attempts] == [
        ("", False, 20),
        ("rank_1", True, 20),
        ("rank_2", True, 20),
    ]
    [project] = read_store(store).projects
    assert len(column(project, "both", "a")) == 60
    assert load_config(folder / "config.yaml") == {"lr": 1, "only0": 0}


def test_a_rank_that_dies_ends_nothing_and_the_last_heart_counts(tmp_path: Path) -> None:
    lead, worker, other = (start(tmp_path, rank, "wait") for rank in range(3))
    for process in (lead, worker, other):
        ready(process)
    store = tmp_path / "experiments"
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait(10)
    assert record_of(store).state == "running"
    os.kill(lead.pid, signal.SIGKILL)
    lead.wait(10)
    assert record_of(store).state == "running"
    os.kill(other.pid, signal.SIGKILL)
    other.wait(10)
    wait_until(lambda: record_of(store).state == "crashed", "the run is seen as crashed")
    for process in (lead, worker, other):
        process.communicate()


def test_whoever_comes_first_leads_where_nobody_is_told_to(begin: Callable[..., Run], store: Path) -> None:
    first = begin(mode="shared", id="a", reinit="create_new", config={"lr": 1})
    second = begin(mode="shared", id="a", reinit="create_new", settings={"x_label": "two"}, config={"lr": 2})
    third = begin(mode="shared", id="a", reinit="create_new", settings={"x_label": "two"})
    first.log({"a": 1})
    second.log({"a": 2})
    third.log({"a": 3})
    second.name = "ignored"
    for run in (third, second):
        run.finish()
    assert load(store / "p/runs/a/state.json")["state"] == "running"
    first.finish(1)
    assert load(store / "p/runs/a/state.json")["state"] == "failed"
    assert sorted(path.name for path in store.glob("p/runs/a/history*")) == [
        "history.jsonl",
        "history.two-2.jsonl",
        "history.two.jsonl",
    ]
    assert record_of(store).name == first.name != "ignored"
    assert curve_of(store, "a") == [(0, 1), (0, 2), (0, 3)]


def test_ranks_call_the_run_by_the_name_that_its_leader_gave_it(begin: Callable[..., Run]) -> None:
    early = begin(id="a", mode="shared", reinit="create_new", settings={"x_primary": False})
    lead = begin(id="a", mode="shared", reinit="create_new", settings={"x_primary": True})
    late = begin(id="a", mode="shared", reinit="create_new", settings={"x_primary": False})
    assert (early.name, late.name) == ("a", lead.name)


def test_a_rank_told_not_to_lead_does_not_though_it_is_first(begin: Callable[..., Run], store: Path) -> None:
    begin(mode="shared", id="a", reinit="create_new", settings={"x_primary": False, "x_label": "w"})
    assert not (store / "p/runs/a/run.yaml").exists()
    begin(mode="shared", id="a", reinit="create_new", settings={"x_primary": True}, name="led")
    assert record_of(store).name == "led"
    assert (store / "p/runs/a/history.jsonl").exists()


def test_ranks_that_nobody_leads_run_until_the_last_of_them_has_ended(tmp_path: Path) -> None:
    processes = [start(tmp_path, rank, "wait") for rank in (1, 2)]
    for process in processes:
        ready(process)
    store = tmp_path / "experiments"
    assert not (store / "p/runs/a/state.json").exists()
    assert record_of(store).state == "running"
    release(processes[0])
    assert record_of(store).state == "running"
    release(processes[1])
    assert (record_of(store).state, record_of(store).rows) == ("finished", 40)


def test_ranks_that_nobody_leads_have_failed_when_one_of_them_has(begin: Callable[..., Run], store: Path) -> None:
    one, two, three = (
        begin(mode="shared", id="a", reinit="create_new", settings={"x_primary": False, "x_label": label})
        for label in ("one", "two", "three")
    )
    one.finish()
    two.finish(3)
    assert (record_of(store).state, record_of(store).exit_code, record_of(store).finished) == ("running", None, None)
    three.finish()
    record = record_of(store)
    assert (record.state, record.exit_code) == ("failed", 3)
    assert record.finished is not None


def test_ranks_that_nobody_leads_have_crashed_when_one_of_them_was_killed(tmp_path: Path) -> None:
    one, two = (start(tmp_path, rank, "wait") for rank in (1, 2))
    for process in (one, two):
        ready(process)
    store = tmp_path / "experiments"
    os.kill(two.pid, signal.SIGKILL)
    two.communicate()
    assert record_of(store).state == "running"
    release(one)
    wait_until(lambda: record_of(store).state == "crashed", "the run is seen as crashed")


def test_which_rank_ends_the_run_can_be_said(begin: Callable[..., Run], store: Path) -> None:
    settings = {"x_update_finish_state": False}
    lead = begin(mode="shared", id="a", reinit="create_new", settings=settings)
    rank = begin(mode="shared", id="a", reinit="create_new", settings={"x_update_finish_state": True})
    lead.finish()
    assert record_of(store).state == "running"
    rank.finish(7)
    assert (record_of(store).state, record_of(store).exit_code) == ("failed", 7)


@pytest.mark.parametrize("label", ["../evil", "a/b", ""])
def test_an_odd_label_leads_nowhere(begin: Callable[..., Run], store: Path, label: str) -> None:
    begin(mode="shared", id="a", reinit="create_new")
    with contextlib.suppress(UsageError):
        begin(mode="shared", id="a", reinit="create_new", settings={"x_label": label})
    assert {path.parent for path in store.rglob("history*")} == {store / "p/runs/a"}


def test_a_label_of_digits_is_no_attempt(begin: Callable[..., Run], store: Path) -> None:
    begin(mode="shared", id="a", reinit="create_new")
    begin(mode="shared", id="a", reinit="create_new", settings={"x_label": "7"})
    assert (store / "p/runs/a/history.rank7.jsonl").exists()


def test_a_shared_run_is_gone_on_with_behind_every_ranks_last_step(begin: Callable[..., Run], store: Path) -> None:
    lead = begin(mode="shared", id="a", reinit="create_new")
    rank = begin(mode="shared", id="a", reinit="create_new", settings={"x_label": "w"})
    lead.log({"a": 1})
    for _ in range(5):
        rank.log({"b": 2})
    rank.finish()
    lead.finish()
    run = begin(id="a", resume="must", reinit="create_new")
    assert (run.step, run.summary["a"], "b" in run.summary) == (5, 1, False)
    run.finish()
    assert record_of(store).summary == {"a": 1, "b": 2}


def test_a_spawned_child_that_joins_the_run_writes_beside_its_parent(tmp_path: Path) -> None:
    done = run_script(
        tmp_path,
        """
        import multiprocessing, sys
        import runstore

        def work(rank, run_id):
            settings = {"x_primary": False, "x_label": f"w{rank}"}
            with runstore.init(project="p", id=run_id, mode="shared", settings=settings):
                runstore.log({"child": rank})

        if __name__ == "__main__":
            run = runstore.init(project="p", id="a", mode="shared", settings={"x_primary": True})
            run.log({"parent": 1})
            for how in ("spawn", "fork"):
                context = multiprocessing.get_context(how)
                children = [context.Process(target=work, args=(f"{how}{i}", run.id)) for i in range(2)]
                [child.start() for child in children]
                [child.join() for child in children]
                assert [child.exitcode for child in children] == [0, 0]
            run.log({"parent": 2})
        """,
    )
    assert done.returncode == 0, done.stderr
    record = record_of(tmp_path / "experiments")
    assert (record.state, record.rows) == ("finished", 6)
    assert len(record.attempts) == 5
