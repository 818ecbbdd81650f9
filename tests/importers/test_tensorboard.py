"""Which run a directory of event files is, from one import to the next."""

import shutil
from pathlib import Path

from runstore.importers import tensorboard
from tests.events.event_files import scalar, version, write


def logs(folder: Path) -> Path:
    for name in ("a", "b"):
        write(folder / name / f"events.out.tfevents.1.host.{name}", version(), scalar(1, "loss", 1))
    return folder


def sources(folder: Path) -> dict[str, str]:
    return {run.name: run.source for run in tensorboard.runs(folder)}


def test_a_run_is_the_same_wherever_its_directory_is_moved(tmp_path: Path) -> None:
    before = sources(logs(tmp_path / "logs"))
    (tmp_path / "other").mkdir()
    shutil.move(tmp_path / "logs", tmp_path / "other" / "place")
    assert sources(tmp_path / "other" / "place") == before
    assert set(sources(tmp_path / "other").values()) == set(before.values())
    assert list(sources(tmp_path / "other" / "place" / "a").values()) == [before["a"]]


def test_a_copy_that_was_gone_on_with_is_a_run_of_its_own(tmp_path: Path) -> None:
    folder = logs(tmp_path / "logs")
    shutil.copytree(folder / "a", folder / "c")
    shutil.copytree(folder / "a", folder / "backup" / "a")
    found = sources(folder)
    assert len(found) == len(set(found.values())) == 4


def test_links_are_not_followed(tmp_path: Path) -> None:
    outside = logs(tmp_path / "outside")
    folder = logs(tmp_path / "logs")
    (folder / "linked").symlink_to(outside)
    (folder / "a" / "tfevents.linked").symlink_to(next((outside / "b").iterdir()))
    [a, b] = tensorboard.runs(folder)
    assert len(list(a.rows())) == 1
    assert (a.name, b.name) == ("a", "b")
