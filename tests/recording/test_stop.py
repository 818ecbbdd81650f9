"""Runs that somebody else asks to stop."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from runstore.format.run_layout import RunLayout
from runstore.manage.stopping import request_stop
from runstore.recording.run import Run
from tests.processes import load, only_run, run_folders, start_script
from tests.recording.conftest import folder_of

TRAIN = """
    import signal, sys, time
    {before}
    import runstore
    run = runstore.init(project="p", id="a", {arguments})
    run.log({{"n": 1}})
    print("ready", flush=True)
    {body}
"""


def stop(folder: Path, by: str, source: str, code: int | None = None) -> tuple[int, str, str]:
    """Runs a script until it is ready, asks it to stop, and gives how it ended: code, output, errors."""
    with start_script(folder, source) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        request_stop(RunLayout(only_run(folder)), by)
        out, err = process.communicate(timeout=40)
    return process.returncode, out, err


@pytest.mark.parametrize(
    ("before", "body"),
    [
        pytest.param("", "time.sleep(60)", id="sleeping"),
        pytest.param("", "while True: run.log({'n': 2}); time.sleep(0.001)", id="training"),
        pytest.param("signal.signal(signal.SIGINT, signal.SIG_IGN)", "time.sleep(60)", id="deaf to Ctrl-C"),
        pytest.param(
            "[signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)]",
            "while True: time.sleep(0.1)",
            id="deaf to all",
        ),
    ],
)
def test_a_run_that_is_asked_to_stop_ends_as_killed(tmp_path: Path, before: str, body: str) -> None:
    code, _, errors = stop(tmp_path, "ada on node7", TRAIN.format(before=before, body=body, arguments=""))
    run = only_run(tmp_path)
    state = load(run / "state.json")
    assert (state["state"], state["exit_code"]) == ("killed", 130)
    assert code != 0
    assert "stopped by ada on node7" in errors
    assert not (run / "stop").exists()
    assert not (run / "heartbeat").exists()


def test_a_script_that_catches_the_interrupt_still_ends_as_killed(tmp_path: Path) -> None:
    body = """
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        run.log({"last": 1})
    run.finish()
    """
    code, _, _ = stop(tmp_path, "", TRAIN.format(before="", body=body.strip("\n").lstrip(), arguments=""))
    assert code == 0
    run = only_run(tmp_path)
    assert (load(run / "state.json")["state"], load(run / "summary.json")["last"]) == ("killed", 1)


def test_the_scripts_own_function_is_called_instead(tmp_path: Path) -> None:
    body = "while not stopped: time.sleep(0.05)"
    arguments = "settings={'stop_fn': lambda: stopped.append(1)}"
    code, _, _ = stop(tmp_path, "", TRAIN.format(before="stopped = []", body=body, arguments=arguments))
    assert code == 0
    assert load(only_run(tmp_path) / "state.json")["state"] == "killed"


def test_a_request_from_before_the_run_began_is_dropped(begin: Callable[..., Run]) -> None:
    run = begin(id="a")
    run.finish()
    request_stop(RunLayout(folder_of(run)))
    again = begin(id="a", resume="allow")
    assert not (folder_of(run) / "stop").exists()
    again.finish()
    assert load(folder_of(run) / "state.json")["state"] == "finished"


def test_every_rank_of_a_shared_run_hears_of_it(tmp_path: Path) -> None:
    source = TRAIN.format(before="", body="time.sleep(60)", arguments="mode='shared'")
    processes = []
    for rank in range(2):
        folder = tmp_path / str(rank)
        folder.mkdir()
        process = start_script(folder, source, env={"RUNSTORE_DIR": str(tmp_path / "experiments")})
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        processes.append(process)
    [run] = run_folders(tmp_path)
    request_stop(RunLayout(run), "ada")
    for process in processes:
        process.communicate(timeout=40)
        assert process.returncode != 0
    assert load(run / "state.json")["state"] == "killed"
    assert not list(run.glob("heartbeat*"))


def test_a_request_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    from runstore.errors import StoreError

    with pytest.raises(StoreError, match="cannot be asked to stop"):
        request_stop(RunLayout(tmp_path / "gone"))


def test_the_request_needs_no_part_of_the_recording_side() -> None:
    import runstore.manage.stopping as stopping

    assert "recording" not in Path(stopping.__file__ or os.devnull).read_text()
