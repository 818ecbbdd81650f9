"""Event files mirrored into a run: what is new is logged, what is broken is said, and the training goes on."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from runstore.recording import patching
from runstore.recording.mirror import Mirror
from runstore.recording.run import Run
from tests.events.event_files import record, scalar, version, write
from tests.processes import wait_until

FAKE = """
class EventFileWriter:
    def __init__(self, logdir, max_queue_size=10):
        self.logdir = logdir
        self.flushed = 0

    def flush(self):
        self.flushed += 1
"""


def rows(run: Run) -> list[dict[str, Any]]:
    lines = (Path(run.dir).parent / "history.jsonl").read_bytes().splitlines()
    return [{key: value for key, value in json.loads(line).items() if key[0] != "_"} for line in lines]


@pytest.fixture
def writers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Something called tensorboardX that can be imported, and nothing patched before and after."""
    (tmp_path / "libraries" / "tensorboardX").mkdir(parents=True)
    (tmp_path / "libraries" / "tensorboardX" / "__init__.py").touch()
    (tmp_path / "libraries" / "tensorboardX" / "event_file_writer.py").write_text(FAKE)
    monkeypatch.syspath_prepend(tmp_path / "libraries")
    yield
    patching.unpatch()
    for name in [name for name in sys.modules if name.startswith("tensorboardX")]:
        del sys.modules[name]


def made(logdir: Path) -> Any:
    from tensorboardX.event_file_writer import EventFileWriter

    return EventFileWriter(str(logdir))


def test_what_is_written_is_logged_while_it_grows_and_at_the_end(
    begin: Callable[..., Run], tmp_path: Path, writers: None
) -> None:
    run = begin(sync_tensorboard=True)
    writer = made(tmp_path / "logs")
    path = write(tmp_path / "logs" / "tfevents.1", version(), *(scalar(step, "loss", step) for step in range(3)))
    wait_until(lambda: len(rows(run)) >= 2, "the first steps are mirrored")
    with path.open("ab") as file:
        file.write(record(scalar(3, "loss", 3)) + record(scalar(3, "accuracy", 0.5)))
    run.finish()
    assert writer.flushed == 1
    assert rows(run)[-1] == {"global_step": 3, "loss": 3, "accuracy": 0.5}
    assert [row["global_step"] for row in rows(run)] == [0, 1, 2, 3]


def test_files_that_were_there_before_are_not_mirrored(
    begin: Callable[..., Run], tmp_path: Path, writers: None
) -> None:
    write(tmp_path / "logs" / "tfevents.old", version(), scalar(1, "loss", 1))
    run = begin(sync_tensorboard=True)
    made(tmp_path / "logs")
    write(tmp_path / "logs" / "tfevents.new", version(), scalar(2, "loss", 2))
    run.finish()
    assert rows(run) == [{"global_step": 2, "loss": 2}]


def test_broken_files_end_no_run(
    begin: Callable[..., Run], tmp_path: Path, writers: None, capsys: pytest.CaptureFixture[str]
) -> None:
    run = begin(sync_tensorboard=True, settings={"silent": False})
    made(tmp_path / "logs")
    path = write(tmp_path / "logs" / "tfevents.1", version(), b"\xff\xff", scalar(1, "loss", 1))
    path.with_name("tfevents.2").write_bytes(b"\x00" * 5 + b"junk" * 30)
    run.log({"own": 1})
    run.finish()
    assert {"global_step": 1, "loss": 1} in rows(run)
    assert {"own": 1} in rows(run)
    warnings = [line for line in capsys.readouterr().err.splitlines() if "cannot be read" in line]
    assert len(warnings) == 1


def test_the_writer_is_made_whatever_goes_wrong_with_mirroring(
    begin: Callable[..., Run], tmp_path: Path, writers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("no")

    begin(sync_tensorboard=True)
    monkeypatch.setattr(Mirror, "follow", fail)
    assert made(tmp_path / "logs").logdir == str(tmp_path / "logs")


def test_patching_twice_is_refused_and_unpatch_takes_it_back(tmp_path: Path, writers: None) -> None:
    patching.patch()
    writer = made(tmp_path)
    patched = type(writer).__init__
    with pytest.raises(ValueError, match="already patched"):
        patching.patch()
    patching.unpatch()
    assert type(writer).__init__ is not patched
    assert not [finder for finder in sys.meta_path if type(finder).__module__ == patching.__name__]
    patching.patch()


def test_a_summary_is_logged_by_hand(begin: Callable[..., Run]) -> None:
    import runstore

    run = begin()
    event = scalar(1, "loss", 0.5)
    summary = event[event.index(b"\x2a") + 2 :]
    runstore.tensorboard.log(summary, step=4, namespace="train")
    with pytest.raises(TypeError, match="takes a Summary"):
        runstore.tensorboard.log(object())
    run.finish()
    assert rows(run) == [{"train/global_step": 4, "train/loss": 0.5}]
