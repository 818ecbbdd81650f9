"""How media are kept: once, as they were, whatever happens to files and disks; and how a store checks them."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest

import runstore
from runstore.errors import UsageError
from runstore.format.copying import copy_file, open_plain
from runstore.media import pixels
from runstore.reading.media import verify_store
from runstore.reading.store import read_store
from runstore.recording.media import MediaFiles
from runstore.recording.run import Run
from runstore.recording.saver import Saver
from runstore.recording.trouble import Trouble
from tests.media.conftest import Log
from tests.processes import rows
from tests.recording.conftest import folder_of


class Kept:
    """Media files of no run, with what was said of them."""

    def __init__(self, folder: Path) -> None:
        self.said: list[str] = []
        trouble = Trouble(self.said.append)
        self.folder = folder
        self.saver = Saver(trouble)
        self.files = MediaFiles(folder / "media", self.saver, trouble)

    def log(self, value: Any) -> dict[str, Any]:
        stub = self.files.store("k", 0, value)
        assert stub is not None
        return stub


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path / "run")


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.mp4"
    path.write_bytes(os.urandom(3 << 20))
    return path


def test_a_file_is_copied_by_parts_and_hashed(film: Path, kept: Kept) -> None:
    stub = kept.log(runstore.Video(film))
    copy = kept.folder / stub["path"]
    assert copy.read_bytes() == film.read_bytes()
    assert stub["sha256"] == hashlib.sha256(film.read_bytes()).hexdigest()
    assert stub["size"] == 3 << 20
    assert copy.stat().st_ino != film.stat().st_ino
    assert kept.log(runstore.Video(film))["path"] == stub["path"]
    assert len(list(copy.parent.iterdir())) == 1


def test_a_file_that_waits_for_the_disk_is_copied_once_that_is_better(film: Path, kept: Kept) -> None:
    kept.folder.mkdir()
    (kept.folder / "media").write_text("a file where the folder belongs")
    stub = kept.log(runstore.Video(film))
    assert "cannot be written" in kept.said[0]
    (kept.folder / "media").unlink()
    kept.saver.retry()
    assert (kept.folder / stub["path"]).read_bytes() == film.read_bytes()


def test_a_file_that_changed_while_it_waited_is_not_passed_off_as_the_old_one(film: Path, kept: Kept) -> None:
    kept.folder.mkdir()
    (kept.folder / "media").write_text("a file where the folder belongs")
    stub = kept.log(runstore.Video(film))
    film.write_bytes(b"other")
    (kept.folder / "media").unlink()
    kept.saver.retry()
    assert not (kept.folder / stub["path"]).exists()
    assert any("changed" in line for line in kept.said)


def test_a_file_that_is_gone_when_it_is_logged_leaves_the_row_whole(
    begin: Callable[..., Run], film: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run = begin(settings={"silent": False})
    video = runstore.Video(film)
    film.unlink()
    run.log({"film": video, "loss": 1.0})
    [row] = rows(folder_of(run))
    assert row["loss"] == 1.0
    assert "film" not in row
    assert "film at step 0 is left out of its row" in capfd.readouterr().err


@pytest.mark.parametrize("break_it", [lambda path: os.mkfifo(path), lambda path: path.mkdir()])
def test_nobody_waits_for_what_is_no_plain_file(break_it: Callable[[Path], Any], film: Path, kept: Kept) -> None:
    video = runstore.Video(film)
    film.unlink()
    break_it(film)
    with pytest.raises(UsageError, match="cannot be read"):
        kept.log(video)
    with pytest.raises(UsageError):
        runstore.Video(film)
    with pytest.raises(OSError, match=r"no plain file|Is a directory"):
        open_plain(film)


def test_a_copy_that_fails_leaves_nothing_behind(film: Path, tmp_path: Path) -> None:
    target = tmp_path / "folder" / "copy"
    with pytest.raises(OSError, match="No such file"):
        copy_file(film, target)
    target.parent.mkdir()
    target.mkdir()
    with pytest.raises(OSError, match="directory"):
        copy_file(film, target)
    assert list(target.parent.iterdir()) == [target]


def test_a_disabled_run_writes_no_media(begin: Callable[..., Run], tmp_path: Path, film: Path) -> None:
    run = begin(mode="disabled")
    run.log({"a": runstore.Image(numpy.zeros((2, 2))), "b": runstore.Video(film)})
    run.log({"t": runstore.Table(columns=["a"], data=[[1]], log_mode="INCREMENTAL")})
    assert not list(tmp_path.rglob("media"))
    assert not Path("media").exists()


def test_broken_media_in_the_midst_of_a_row_leave_the_rest(log: Log, run: Run) -> None:
    class Broken(runstore.Html):
        def to_data(self, shelf: Any) -> Any:
            raise RuntimeError("of the script's own making")

    run.log({"broken": Broken("x"), "a": 1})
    row = rows(folder_of(run))[-1]
    assert row["a"] == 1
    assert "broken" not in row


def problems(run: Run) -> list[str]:
    run.finish()
    store = folder_of(run).parents[2]
    return [str(problem) for problem in verify_store(read_store(store))]


def everything(run: Run) -> None:
    image = runstore.Image(
        numpy.zeros((2, 2)), masks={"m": {"mask_data": numpy.ones((2, 2), numpy.uint8)}}, caption="c"
    )
    other = runstore.Image(numpy.ones((2, 2)))
    third = runstore.Image(numpy.full((3, 3), 9, numpy.uint8))
    run.log({"gallery": [image, other]})
    run.log({"table": runstore.Table(columns=["a"], data=[[third]])})
    large = runstore.Table(columns=["n", "page"], data=[[at, None] for at in range(10_001)])
    large.data[7][1] = runstore.Html("<p>in Parquet</p>")
    run.log({"large": large})
    run.log({"plot": runstore.plot.line(runstore.Table(["x", "y"], [[1, 2]]), "x", "y")})
    growing = runstore.Table(columns=["a"], log_mode="INCREMENTAL")
    for at in range(2):
        growing.add_data(at)
        run.log({"growing": growing})


def test_every_file_of_a_run_is_checked(run: Run) -> None:
    everything(run)
    assert problems(run) == []
    media = folder_of(run) / "media"
    files = [path for path in media.rglob("*") if path.is_file()]
    assert len(files) == 11
    for path in files:
        data = path.read_bytes()
        path.unlink()
        assert any("found no such file" in problem for problem in problems(run)), path
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        assert any("found other bytes" in problem for problem in problems(run)), path
        path.write_bytes(data)
    assert problems(run) == []


def test_a_head_that_names_what_lies_outside_is_a_problem(run: Run, log: Log) -> None:
    stub = log(runstore.Table(columns=["a"], data=[[{"_type": "image-file", "path": "../../secret", "size": 1}]]))
    assert stub["nrows"] == 1
    assert any("leads out of the run's directory" in problem for problem in problems(run))


def test_equal_arrays_are_one_file(log: Log, folder: Path) -> None:
    for _ in range(3):
        log(runstore.Image(numpy.zeros((2, 2))))
    assert len(list((folder / "media" / "images").iterdir())) == 1
    assert pixels.size_of(next((folder / "media" / "images").iterdir())) == ("png", 2, 2)
