"""Resuming: a run goes on where it was, whoever wrote it before and however that ended."""

import json
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

import runstore
from runstore.errors import UsageError
from runstore.format.records import load_config, load_run
from runstore.recording.run import Run
from tests.processes import load, run_script, start_script
from tests.reading.views import curve_of, record_of
from tests.recording.conftest import folder_of
from tests.stores import append, curve, write_run, write_store


def log(run: Run, *values: float) -> None:
    for value in values:
        run.log({"loss": value})


def test_a_resumed_run_goes_on_behind_its_last_step(begin: Callable[..., Run], store: Path) -> None:
    first = begin(id="a")
    log(first, 3, 2)
    first.log({"loss": 1}, step=15)
    first.finish()
    run = begin(id="a", resume="allow")
    assert (run.resumed, run.starting_step, run.step) == (True, 16, 16)
    log(run, 0.5)
    run.finish()
    assert (first.resumed, first.starting_step) == (False, 0)
    assert curve_of(store, "loss") == [(0, 3), (1, 2), (15, 1), (16, 0.5)]


def test_each_attempt_writes_files_of_its_own_and_none_of_another(begin: Callable[..., Run], store: Path) -> None:
    log(begin(id="a"), 1)
    runstore.finish()
    folder = store / "p" / "runs" / "a"
    before = (folder / "history.jsonl").read_bytes(), (folder / "provenance.json").read_bytes()
    log(begin(id="a", resume="must"), 2)
    runstore.finish()
    log(begin(id="a", resume="must"), 3)
    runstore.finish()
    assert ((folder / "history.jsonl").read_bytes(), (folder / "provenance.json").read_bytes()) == before
    assert [json.loads((folder / f"history.{n}.jsonl").read_bytes())["_step"] for n in (2, 3)] == [1, 2]
    assert load(folder / "provenance.3.json")["starting_step"] == 2


def test_a_run_that_logged_nothing_goes_on_at_zero(begin: Callable[..., Run]) -> None:
    begin(id="a").finish()
    run = begin(id="a", resume=True)
    assert (run.resumed, run.step) == (True, 0)


def test_the_time_of_a_run_is_that_of_all_its_attempts(begin: Callable[..., Run], store: Path) -> None:
    write_store(store)
    meta = {"id": "a", "created": "2026-10-01T00:00:00Z"}
    ended = {"state": "finished", "exit_code": 0, "finished": "2026-10-01T01:00:00Z"}
    files = {"provenance.json": {"started": "2026-10-01T00:00:00Z"}}
    write_run(store, run_id="a", meta=meta, state=ended, history=curve(5), files=files)
    run = begin(id="a", resume="must")
    run.log({"loss": 1})
    run.finish()
    [row] = [json.loads(line) for line in (folder_of(run) / "history.2.jsonl").read_bytes().splitlines()]
    assert 3600 <= row["_runtime"] < 3630
    record = record_of(store)
    assert record.tracked is not None
    assert 3600 <= record.tracked < 3630
    assert record.runtime is not None
    assert record.runtime > 86400  # By the clock.


def test_config_is_merged_and_what_init_is_given_holds(begin: Callable[..., Run], store: Path) -> None:
    begin(id="a", config={"lr": 0.1, "depth": 2, "model": {"kind": "cnn"}}).finish()
    run = begin(id="a", resume="allow", config={"lr": 0.2, "epochs": 5})
    assert run.config.as_dict() == {"lr": 0.2, "depth": 2, "model": {"kind": "cnn"}, "epochs": 5}
    with pytest.raises(runstore.Error, match="would become"):
        run.config.depth = 3
    run.finish()
    assert load_config(folder_of(run) / "config.yaml") == run.config.as_dict()


def test_the_summary_goes_on_with_what_was_logged_and_what_was_set(begin: Callable[..., Run], store: Path) -> None:
    run = begin(id="a")
    run.log({"loss": 1, "val": {"acc": 0.5}})
    run.summary["best"] = 0.9
    run.finish()
    run = begin(id="a", resume="allow")
    assert (run.summary["loss"], run.summary["val"]["acc"], run.summary["best"]) == (1, 0.5, 0.9)
    run.log({"loss": 2, "val": {"acc": 0.7}})
    run.finish()
    assert record_of(store).summary == {"loss": 2, "val.acc": 0.7, "best": 0.9}


def test_who_a_run_is_stays_unless_init_says_otherwise(begin: Callable[..., Run]) -> None:
    begin(id="a", name="first", group="g", job_type="train", tags=["x"], notes="why").finish()
    begin(id="a", resume="allow").finish()
    run = begin(id="a", resume="allow")
    meta = load_run(folder_of(run) / "run.yaml")
    assert (meta.name, meta.group, meta.job_type, meta.tags, meta.notes) == ("first", "g", "train", ("x",), "why")
    run.finish()
    run = begin(id="a", resume="allow", name="second", group="h", tags=["y"], notes="because")
    meta = load_run(folder_of(run) / "run.yaml")
    assert (meta.name, meta.group, meta.job_type, meta.tags, meta.notes) == ("second", "h", "train", ("y",), "because")


def test_what_a_person_edited_meanwhile_stays(begin: Callable[..., Run]) -> None:
    run = begin(id="a", name="first")
    run.finish()
    path = folder_of(run) / "run.yaml"
    path.write_text(path.read_text().replace("first", "edited by hand"))
    assert begin(id="a", resume="allow").name == "edited by hand"


def test_a_resumed_run_is_running_again_and_then_ends_anew(begin: Callable[..., Run]) -> None:
    run = begin(id="a")
    run.finish(3)
    assert load(folder_of(run) / "state.json")["state"] == "failed"
    run = begin(id="a", resume="allow")
    assert load(folder_of(run) / "state.json") == {"state": "running", "exit_code": None, "finished": ""}
    run.finish()
    assert load(folder_of(run) / "state.json")["state"] == "finished"


def test_must_needs_a_run_and_never_needs_none(begin: Callable[..., Run], store: Path) -> None:
    with pytest.raises(UsageError, match=r"resume='must', but there is no run 'a' in project 'p'"):
        begin(id="a", resume="must")
    assert not list(store.glob("p/runs/*"))
    with pytest.raises(UsageError, match="needs to know which run"):
        begin(resume="must")
    begin(id="a", resume="never").finish()
    for never in ("never", None, False):
        with pytest.raises(UsageError, match=r"'a' exists.*resume='allow'"):
            begin(id="a", resume=never)


def test_a_deleted_run_is_never_gone_on_with(begin: Callable[..., Run], store: Path) -> None:
    tombstone = store / "p" / "deleted" / "a.yaml"
    tombstone.parent.mkdir(parents=True)
    tombstone.write_text("deleted: 2026-10-01T00:00:00Z\n")
    for how in ({"resume": "allow"}, {"resume": "must"}, {"mode": "shared"}, {"resume": True}):
        with pytest.raises(UsageError, match="'a' was deleted"):
            begin(id="a", **how)
    for argument in ("resume_from", "fork_from"):
        with pytest.raises(UsageError, match="'a' was deleted"):
            begin(**{argument: "a?_step=1"})


def test_the_environment_can_ask_for_it(begin: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_RUN_ID", "a")
    monkeypatch.setenv("WANDB_RESUME", "allow")
    log(begin(), 1)
    runstore.finish()
    assert begin().step == 1


def test_a_config_that_is_broken_is_told_of_and_left_alone(begin: Callable[..., Run]) -> None:
    run = begin(id="a", config={"lr": 1})
    run.finish()
    path = folder_of(run) / "config.yaml"
    path.write_text("lr: [1\n")
    with pytest.raises(runstore.Error, match=r"config\.yaml"):
        begin(id="a", resume="allow")
    assert path.read_text() == "lr: [1\n"


def test_steps_that_came_late_and_a_torn_end_do_not_mislead(begin: Callable[..., Run], store: Path) -> None:
    write_store(store)
    rows = [*curve(3), {"loss": 7.0, "_step": 9, "_runtime": 2.0}, {"loss": 8.0, "_step": 4, "_runtime": 3.0}]
    folder = write_run(store, run_id="a", history=rows, state={"state": "running"})
    append(folder, b'{"loss": 1.0, "_step": 99, "_runt')
    run = begin(id="a", resume="allow")
    assert (run.step, run.summary["loss"]) == (10, 7.0)
    run.finish()
    assert record_of(store).summary["loss"] == 7.0


def test_definitions_and_their_aggregates_go_on(begin: Callable[..., Run]) -> None:
    run = begin(id="a")
    run.define_metric("loss", summary="min,max")
    log(run, 3, 1)
    run.finish()
    run = begin(id="a", resume="allow")
    log(run, 2, 5)
    assert run.summary["loss"] == {"min": 1, "max": 5}


RESUMED = """
    import os, signal, sys, time
    import runstore
    run = runstore.init(project="p", id="a", resume="allow", config={"lr": 0.1})
    for i in range(int(sys.argv[1])):
        run.log({"n": run.step})
    print(run.starting_step, flush=True)
    if sys.argv[2] == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if sys.argv[2] == "wait":
        time.sleep(60)
"""


def test_a_killed_run_is_gone_on_with_and_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    for start, end in ((0, "kill"), (200, "kill"), (400, "end")):
        done = run_script(tmp_path, RESUMED, "200", end)
        assert done.stdout.splitlines()[0] == str(start), done.stderr
    store = tmp_path / "experiments"
    assert curve_of(store, "n") == [(step, step) for step in range(600)]
    record = record_of(store)
    assert (record.state, record.rows, record.repeated) == ("finished", 600, 0)
    assert [(attempt.writer, attempt.rows, attempt.starting_step) for attempt in record.attempts] == [
        ("", 200, None),
        ("2", 200, 200),
        ("3", 200, 400),
    ]


def test_a_terminated_run_goes_on_and_one_that_still_lives_is_said(tmp_path: Path) -> None:
    with start_script(tmp_path, RESUMED, "5", "wait") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "0\n"
        done = run_script(tmp_path, RESUMED, "5", "end")
        assert done.stderr.count("run a is still written by a process") == 1
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    done = run_script(tmp_path, RESUMED, "5", "end")
    assert done.stdout.splitlines()[0] == "10"
    assert "still written" not in done.stderr


AUTO = """
    import os, signal, sys
    import runstore
    run = runstore.init(project="p", resume=True, id=sys.argv[2] or None)
    run.log({"n": 1})
    print(run.id, run.resumed, run.step)
    sys.stdout.flush()
    if sys.argv[1] == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if sys.argv[1] == "fail":
        raise ValueError
"""


def auto(folder: Path, how: str, run_id: str = "") -> list[str]:
    return run_script(folder, AUTO, how, run_id).stdout.splitlines()[0].split()


def test_auto_goes_on_with_what_did_not_finish_and_an_id_overrides_it(tmp_path: Path) -> None:
    first = auto(tmp_path, "kill")
    assert first[1:] == ["False", "1"]
    assert auto(tmp_path, "fail") == [first[0], "True", "2"]
    assert auto(tmp_path, "end", "other") == ["other", "False", "1"]
    again = auto(tmp_path, "end")
    assert again[1:] == ["False", "1"]
    assert again[0] not in (first[0], "other")
    ignored = (tmp_path / "experiments" / ".gitignore").read_text().split()
    assert ".cache/" in ignored


def test_auto_leaves_a_run_alone_that_still_lives(tmp_path: Path) -> None:
    waiting = AUTO + '\n    if sys.argv[1] == "wait":\n        import time; time.sleep(60)\n'
    with start_script(tmp_path, waiting, "wait", "") as process:
        assert process.stdout is not None
        first = process.stdout.readline().split()
        second = run_script(tmp_path, waiting, "end", "").stdout.splitlines()[0].split()
        assert second[0] != first[0]
        process.kill()


def test_an_attempt_that_was_claimed_by_another_process_is_not_taken(begin: Callable[..., Run]) -> None:
    run = begin(id="a")
    run.finish()
    (folder_of(run) / "history.2.jsonl").touch()
    again = begin(id="a", resume="allow")
    log(again, 1)
    again.finish()
    assert (folder_of(run) / "history.2.jsonl").read_bytes() == b""
    assert (folder_of(run) / "history.3.jsonl").stat().st_size


def test_a_large_history_is_resumed_quickly(begin: Callable[..., Run], store: Path) -> None:
    import time

    write_store(store)
    row = b'{"loss":0.123456789,"acc":0.987654321,"lr":0.001,"_step":%d,"_runtime":%d.5,"_timestamp":1790000000.5}\n'
    data = b"".join(row % (step, step) for step in range(100_000))
    files = {"summary.json": {"loss": 0.1, "best": 3, "_step": 99_900, "_runtime": 99_900.5}}
    write_run(store, run_id="a", history=data, state={"state": "running"}, files=files)
    began = time.perf_counter()
    run = begin(id="a", resume="allow")
    took = time.perf_counter() - began
    assert (run.step, run.summary["loss"], run.summary["best"]) == (100_000, 0.123456789, 3)
    assert took < 1.0


def test_a_mark_of_preemption_is_shown_when_the_run_dies_of_it(tmp_path: Path) -> None:
    done = run_script(
        tmp_path,
        """
        import os, signal, runstore
        run = runstore.init(project="p", id="a")
        run.mark_preempting()
        os.kill(os.getpid(), signal.SIGKILL)
        """,
    )
    assert done.returncode == -signal.SIGKILL
    record = record_of(tmp_path / "experiments")
    assert (record.state, record.preempted) == ("crashed", True)
    done = run_script(tmp_path, RESUMED, "5", "end")
    record = record_of(tmp_path / "experiments")
    assert (record.state, record.preempted) == ("finished", False)


def test_no_heartbeat_of_the_dead_is_left(tmp_path: Path) -> None:
    run_script(tmp_path, RESUMED, "5", "kill")
    folder = tmp_path / "experiments" / "p" / "runs" / "a"
    assert (folder / "heartbeat").exists()
    run_script(tmp_path, RESUMED, "5", "end")
    assert not list(folder.glob("heartbeat*"))


def test_two_that_resume_at_once_write_beside_each_other(tmp_path: Path) -> None:
    run_script(tmp_path, RESUMED, "3", "end")
    processes = [start_script(tmp_path, RESUMED, "50", "end") for _ in range(3)]
    for process in processes:
        process.communicate(timeout=60)
    folder = tmp_path / "experiments" / "p" / "runs" / "a"
    names = sorted(path.name for path in folder.glob("history*"))
    assert names == ["history.2.jsonl", "history.3.jsonl", "history.4.jsonl", "history.jsonl"]
    assert all(path.read_bytes().count(b"\n") in (3, 50) for path in folder.glob("history*"))


def test_a_run_that_must_be_resumed_is_not_replaced_by_the_current_one(begin: Callable[..., Run]) -> None:
    begin(id="a").finish()
    current = begin(id="b")
    with pytest.raises(UsageError, match="while run b is going on"):
        begin(id="a", resume="must")
    assert begin(id="b", resume="must") is current
    assert begin(id="a", resume="must", reinit="create_new").id == "a"


@pytest.mark.parametrize("argument", ["resume_from", "fork_from"])
def test_a_step_that_the_run_never_came_to_is_told_of(
    begin: Callable[..., Run], capsys: pytest.CaptureFixture[str], argument: str
) -> None:
    run = begin(id="a")
    for step in (0, 10, 20):
        run.log({"loss": 1}, step=step)
    run.finish()
    capsys.readouterr()
    for step, told in ((20, False), (25, True)):
        begin({"silent": False}, **{argument: f"a?_step={step}"}, reinit="create_new").finish()
        assert (f"run a never came to step {step}: its last step is" in capsys.readouterr().err) == told
