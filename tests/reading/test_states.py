"""States: what a run recorded, and what its silence means."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from runstore.format.host import boot_id, hostname
from runstore.format.records import CRASHED_AFTER_SECONDS, Heartbeat, RunState
from runstore.reading.states import derive_state, process_alive
from tests.reading.views import only_run
from tests.stores import curve, write_heartbeat, write_run

NOW = 1_790_000_000.0


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """Another process that lives until the test ends it."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        yield child
        child.kill()


def _beat(pid: int, /, **changes: Any) -> dict[str, Any]:
    start = psutil.Process(pid).create_time()
    return {"pid": pid, "host": hostname(), "boot": boot_id(), "start": start, "interval": 30.0} | changes


def _state(root: Path, beat: dict[str, Any], age: float) -> str:
    folder = write_run(root, history=curve(1), state={"state": "running", "exit_code": None, "finished": ""})
    write_heartbeat(folder, beat, NOW - age)
    return only_run(root, now=NOW).state


@pytest.mark.parametrize("state", ["finished", "failed", "killed", "crashed"])
def test_what_a_run_recorded_at_its_end_holds(root: Path, state: str) -> None:
    folder = write_run(root, state={"state": state, "exit_code": 3, "finished": "2026-09-21T14:13:20Z"})
    write_heartbeat(folder, _beat(os.getpid()), NOW)
    run = only_run(root, now=NOW)
    assert (run.state, run.exit_code, run.finished) == (state, 3, 1_790_000_000.0)


def test_a_run_is_running_while_its_heart_beats(root: Path, process: subprocess.Popen[bytes]) -> None:
    assert _state(root, _beat(process.pid), age=10) == "running"


def test_a_run_whose_process_is_gone_has_crashed_at_once(root: Path, process: subprocess.Popen[bytes]) -> None:
    beat = _beat(process.pid)
    process.kill()
    process.wait()
    assert _state(root, beat, age=0) == "crashed"


def test_a_run_whose_process_id_has_a_new_owner_has_crashed(root: Path, process: subprocess.Popen[bytes]) -> None:
    beat = _beat(process.pid, start=psutil.Process(process.pid).create_time() - 1000)
    assert _state(root, beat, age=0) == "crashed"


def test_a_run_whose_heartbeat_is_old_has_crashed(root: Path) -> None:
    elsewhere = {"pid": 1, "host": "node7", "boot": "b", "start": 1.0}
    assert _state(root, elsewhere, age=CRASHED_AFTER_SECONDS - 1) == "running"
    assert _state(root, elsewhere, age=CRASHED_AFTER_SECONDS + 1) == "crashed"


def test_a_process_of_another_boot_or_host_is_judged_by_its_heartbeat_alone(root: Path) -> None:
    for change in ({"boot": "another"}, {"boot": ""}, {"host": "another"}):
        assert _state(root, _beat(os.getpid(), pid=4_000_000, **change), age=10) == "running"


def test_a_heart_that_beats_in_the_future_still_beats(root: Path) -> None:
    assert _state(root, {"pid": 1, "host": "node7", "boot": "b"}, age=-3600) == "running"


@pytest.mark.parametrize("beat", [b"", b"{", b'{"pid": 1e999, "host": "h"}', b"[]"])
def test_a_heartbeat_that_cannot_be_read_beats_all_the_same(root: Path, beat: bytes) -> None:
    folder = write_run(root, state={"state": "running"})
    write_heartbeat(folder, beat, NOW - 10)
    assert only_run(root, now=NOW).state == "running"
    assert only_run(root, now=NOW + 1000).state == "crashed"


@pytest.mark.parametrize("pid", [-1, 0, 2**40])
def test_a_process_id_that_is_none_stops_nothing(root: Path, pid: int) -> None:
    assert _state(root, _beat(os.getpid(), pid=pid), age=10) == ("crashed" if pid > 0 else "running")


def test_a_run_that_never_beat_has_crashed(root: Path) -> None:
    write_run(root, state={"state": "running"})
    assert only_run(root).state == "crashed"


def test_a_run_written_by_hand_is_finished(root: Path) -> None:
    write_run(root, history=curve(2))
    assert only_run(root).state == "finished"


def test_a_broken_state_file_leaves_it_to_the_heartbeat(root: Path) -> None:
    folder = write_run(root, state='{"state": "finish')
    assert only_run(root, now=NOW).state == "crashed"
    write_heartbeat(folder, {"pid": 1, "host": "node7", "boot": "b"}, NOW)
    assert only_run(root, now=NOW).state == "running"


def test_a_heartbeat_alone_makes_no_run_read_again(root: Path) -> None:
    folder = write_run(root, history=curve(1), state={"state": "running"})
    write_heartbeat(folder, {"pid": 1, "host": "node7", "boot": "b"}, NOW)
    digest = only_run(root, now=NOW).digest
    write_heartbeat(folder, {"pid": 1, "host": "node7", "boot": "b"}, NOW + 30)
    assert only_run(root, now=NOW + 30).digest == digest
    assert only_run(root, now=NOW + 3000).digest != digest


def test_the_verdict_on_the_process_counts_only_without_a_recorded_end() -> None:
    beat = Heartbeat(pid=1, host="h", boot="b", start=1.0)
    assert derive_state(RunState("killed"), beat, NOW, now=NOW, alive=lambda _: True) == "killed"
    assert derive_state(RunState("running"), beat, NOW, now=NOW, alive=lambda _: False) == "crashed"
    assert derive_state(RunState("running"), beat, NOW, now=NOW, alive=lambda _: None) == "running"
    assert derive_state(None, beat, None, now=NOW) == "finished"


def test_a_process_elsewhere_is_not_judged() -> None:
    assert process_alive(Heartbeat(pid=1, host="another", boot=boot_id(), start=0.0)) is None
    assert process_alive(Heartbeat(**_beat(os.getpid()))) is True
