"""`runstore gc` takes what nothing needs, and nothing else; `runstore size` says what weighs what."""

import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from runstore.cli.main import main
from runstore.format.layout import StoreLayout
from runstore.manage.sizes import MOST_FILE, MOST_IN_GIT, ProjectSize, StoreSize, Weight, advice
from runstore.reading.store import read_store
from tests.stores import curve, write_file, write_run

DAY = 86_400.0
ENDED = {"state": "finished", "exit_code": 0, "finished": "2026-10-01T10:01:30Z"}

Command = Callable[..., tuple[int, Any]]


@pytest.fixture
def command(root: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    def run(*arguments: str) -> tuple[int, Any]:
        with pytest.raises(SystemExit) as stop:
            main([*arguments, "--store", str(root)])
        out = capsys.readouterr().out
        return int(stop.value.code or 0), json.loads(out) if "--json" in arguments else out

    return run


def old(path: Path, content: str = "x" * 100) -> Path:
    write_file(path, content)
    os.utime(path, (time.time() - 2 * DAY,) * 2)
    return path


@pytest.fixture
def littered(root: Path) -> dict[str, Path]:
    """What killed processes leave behind, and what only looks like it."""
    ended = write_run(root, run_id="ended", history=curve(5), state=ENDED)
    open_ = write_run(root, run_id="open", history=curve(5), state={"state": "running"})
    blob = StoreLayout(root).blob("ab" * 32)
    return {
        "temporary": old(ended / ".history.parquet.0123abcd.tmp"),
        "heartbeat": old(ended / "heartbeat", "{}"),
        "lock": old(root / "p/sweeps/s/locks/search.lock"),
        "blob": old(blob),
        "young": write_file(ended / ".summary.json.0123abcd.tmp", "x"),
        "beating": old(open_ / "heartbeat", "{}"),
        "saved": old(ended / "files/uv.lock"),
        "unfinished": old(StoreLayout(root).unfinished("k")),
    }


GOES = ("temporary", "heartbeat", "lock", "blob")
STAYS = ("young", "beating", "saved", "unfinished")


def test_by_default_nothing_changes(littered: dict[str, Path], command: Command) -> None:
    code, out = command("gc")
    assert code == 0
    assert "would remove 4 files" in out
    assert all(path.exists() for path in littered.values())


def test_with_yes_what_nothing_needs_goes_and_all_else_stays(
    littered: dict[str, Path], root: Path, command: Command
) -> None:
    before = read_store(root)
    code, found = command("gc", "--yes", "--json")
    assert code == 0
    assert all(each["removed"] for each in found)
    assert [name for name in GOES if littered[name].exists()] == []
    assert [name for name in STAYS if not littered[name].exists()] == []
    assert {run.id: run.rows for run in read_store(root).projects[0].runs} == {
        run.id: run.rows for run in before.projects[0].runs
    }
    assert command("gc", "--json", "--keep-caches") == (0, [])


def test_caches_go_and_are_made_again(root: Path, command: Command) -> None:
    write_run(root, history=curve(50))
    read_store(root)
    assert (root / ".cache/p").is_dir()
    assert command("gc", "--keep-caches", "--yes", "--json") == (0, [])
    _, found = command("gc", "--yes", "--json")
    assert [each["kind"] for each in found] == ["cache"]
    assert not (root / ".cache/p").exists()
    assert read_store(root).projects[0].runs[0].rows == 50


def test_a_lock_that_is_held_stays(littered: dict[str, Path], command: Command) -> None:
    lock = littered["lock"]
    times = lock.stat()
    with FileLock(lock):
        os.utime(lock, (times.st_atime, times.st_mtime))
        code, found = command("gc", "--yes", "--json")
        assert code == 2
        assert [each["why_not"] for each in found if each["kind"] == "lock"] == ["is held by a process"]
        assert lock.exists()


def test_no_link_leads_out_of_the_store(root: Path, tmp_path: Path, command: Command) -> None:
    outside = tmp_path / "outside"
    kept = [old(outside / ".x.0123abcd.tmp"), old(outside / "s/locks/search.lock")]
    (root / "p/sweeps").mkdir(parents=True)
    (root / "p/runs").symlink_to(outside)
    (root / "p/sweeps/s").symlink_to(outside / "s")
    (root / ".cache").symlink_to(outside)
    command("gc", "--yes")
    assert all(path.exists() for path in kept)


def test_size_by_project_run_and_kind(root: Path, command: Command) -> None:
    write_run(root, "a", "r1", curve(100), files={"media/x.png": "x" * 5_000, "output.log": "y" * 70})
    write_run(root, "a", "r2", curve(10), files={"system.jsonl": curve(4)})
    write_run(root, "b", "r3", curve(1))
    _, found = command("size", "--json")
    projects = {project["name"]: project for project in found["projects"]}
    runs = {run["id"]: run for run in projects["a"]["runs"]}
    assert runs["r1"]["kinds"]["media"] == 5_000
    assert runs["r1"]["kinds"]["logs"] == 70
    assert runs["r2"]["kinds"]["system"] == (root / "a/runs/r2/system.jsonl").stat().st_size
    assert found["size"] == sum(project["size"] for project in projects.values())
    assert found["largest"] == {"path": "a/runs/r1/history.jsonl", "size": runs["r1"]["kinds"]["history"]}
    assert found["in_git"] is None
    code, out = command("size", "--project", "a")
    assert code == 0
    assert out.splitlines()[1].startswith("r1")
    assert command("size", "--project", "nowhere")[0] == 2


def test_size_tells_what_git_keeps(root: Path, command: Command) -> None:
    write_run(root, history=curve(100))
    for words in (["init", "-q"], ["add", "-A"], ["-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "x"]):
        subprocess.run(["git", *words], cwd=root.parent, check=True, capture_output=True)
    assert command("size", "--json")[1]["in_git"] > 0
    assert "git keeps" in command("size")[1]


def test_a_store_that_outgrows_git_is_told_what_to_do() -> None:
    small = _sized({"history": 1_000}, in_git=5_000)
    assert advice(small, str) == []
    told = advice(_sized({"history": 2 * MOST_FILE}, in_git=2 * MOST_IN_GIT, largest=2 * MOST_FILE), str)
    words = " ".join(f"{each.found} {each.do}" for each in told)
    assert "git-lfs" in words
    assert "shared disk" in words
    assert advice(_sized({"history": 10**12}, in_git=None), str) == []
    assert "runstore archive" in advice(_sized({"history": 10**9}, in_git=0), str)[0].do


def _sized(kinds: dict[str, int], in_git: int | None, largest: int = 0) -> StoreSize:
    weight = Weight(dict(kinds), 1)
    return StoreSize((ProjectSize("p", weight, {}),), Weight(), 0, 0, in_git, ("p/f", largest))
