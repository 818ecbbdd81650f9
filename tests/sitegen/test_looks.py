"""Looks: a build that has nothing to do is known by one, and nothing that a build would see escapes it."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sitegen import looks
from sitegen.build import build_site
from sitegen.looks import Look
from tests.stores import append, curve, write_file, write_heartbeat, write_run

ROOT = Path(__file__).resolve().parent.parent.parent
ENDED = {"state": "finished", "exit_code": 0, "finished": "2026-10-05T00:00:00Z"}


@pytest.fixture(autouse=True)
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """The files that a test writes count as written long ago."""
    monkeypatch.setattr(looks, "SETTLED_NS", 0)


@pytest.fixture
def store(root: Path) -> Path:
    write_run(
        root,
        "p",
        "r1",
        curve(5),
        config={"lr": 0.1},
        meta={"name": "one"},
        state=ENDED,
        files={"files/notes.txt": "kept\n", "media/a.png": b"png", "code/train.py": "pass\n", "output.log": "done\n"},
    )
    write_run(root, "p", "r2", b"no JSON\n", state=ENDED)
    write_file(root / "p/project.yaml", "title: Ours\n")
    write_file(root / "p/reports/first.md", "# First\n")
    write_file(root / "p/sweeps/s1/sweep.yaml", "method: grid\n")
    write_file(root / "p/artifacts/model/v0/manifest.yaml", "# made by hand\n")
    return root


def is_up_to_date(store: Path, site: Path) -> bool:
    return Look(store, site).unchanged() is not None


@pytest.fixture
def site(store: Path, tmp_path: Path) -> Path:
    """The site of the store, up to date."""
    build_site(store, tmp_path / "site")
    assert is_up_to_date(store, tmp_path / "site")
    return tmp_path / "site"


def rewrite_of_same_size(path: Path) -> None:
    """Changes a file's bytes in place, and sets its time back."""
    before = path.stat()
    with path.open("r+b") as file:
        file.write(b"x")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


CHANGES: dict[str, Callable[[Path], object]] = {
    "a history grew": lambda store: append(store / "p/runs/r1", curve(1, start=5)),
    "a config was rewritten": lambda store: write_file(store / "p/runs/r1/config.yaml", "lr: 0.2\n"),
    "bytes changed, size and time did not": lambda store: rewrite_of_same_size(store / "p/runs/r1/files/notes.txt"),
    "a run was added": lambda store: write_run(store, "p", "r3", curve(1), state=ENDED),
    "a run was removed": lambda store: shutil.rmtree(store / "p/runs/r2"),
    "a run was renamed": lambda store: (store / "p/runs/r2").rename(store / "p/runs/r4"),
    "a file of a run was added": lambda store: write_file(store / "p/runs/r1/files/deep/more.txt", "more"),
    "a file of a run was removed": lambda store: (store / "p/runs/r1/files/notes.txt").unlink(),
    "a logged medium changed": lambda store: write_file(store / "p/runs/r1/media/a.png", b"other"),
    "an empty directory appeared": lambda store: (store / "p/runs/r5").mkdir(),
    "a file became a link": lambda store: (
        (store / "p/runs/r1/config.yaml").rename(store.parent / "config.yaml"),
        (store / "p/runs/r1/config.yaml").symlink_to(store.parent / "config.yaml"),
    ),
    "an artifact got a version": lambda store: write_file(store / "p/artifacts/model/v1/manifest.yaml", "# new\n"),
    "a sweep changed": lambda store: write_file(store / "p/sweeps/s1/sweep.yaml", "method: random\n"),
    "a report changed": lambda store: write_file(store / "p/reports/first.md", "# Second\n"),
    "a report was added": lambda store: write_file(store / "p/reports/second.md", "# Second\n"),
    "the project's file changed": lambda store: write_file(store / "p/project.yaml", "title: Other\n"),
    "the store's file changed": lambda store: write_file(store / "store.yaml", "format: 1\nentity: lab\n"),
    "a project was added": lambda store: write_run(store, "q", "r1", curve(1)),
    "a file can be read no more": lambda store: (store / "p/runs/r1/config.yaml").chmod(0),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_store_is_seen(store: Path, site: Path, change: str) -> None:
    CHANGES[change](store)
    assert not is_up_to_date(store, site)
    build_site(store, site)
    assert is_up_to_date(store, site)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "a page is gone": lambda site: (site / "p/runs/r1/index.html").unlink(),
    "a script is gone": lambda site: next((site / "_static").glob("*.js")).unlink(),
    "its manifest is gone": lambda site: (site / ".runstore-site.json").unlink(),
    "its manifest is another": lambda site: write_file(site / ".runstore-site.json", {"files": {}}),
    "a build was cut short": lambda site: write_file(site / ".runstore-site.journal", "p/index.html\n"),
    "it is gone": shutil.rmtree,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_site_is_seen(store: Path, site: Path, damage: str) -> None:
    DAMAGES[damage](site)
    assert not is_up_to_date(store, site)


def test_what_the_build_said_is_said_again(store: Path, tmp_path: Path) -> None:
    first = build_site(store, tmp_path / "site")
    second = build_site(store, tmp_path / "site")
    assert first.problems
    assert second.problems == first.problems
    assert (second.runs, second.projects, second.index) == (2, 1, tmp_path / "site/index.html")
    assert (second.bytes_read, second.written, second.removed) == (0, (), ())
    assert second.unchanged == len(first.written)


def test_a_cache_of_another_release_says_nothing(store: Path, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looks, "_HERE", Path(shutil.copytree(ROOT / "sitegen", site.parent / "newer/sitegen")))
    assert not is_up_to_date(store, site)


def test_code_and_templates_that_changed_are_another_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("sitegen", "runstore", "templates"):
        shutil.copytree(ROOT / name, tmp_path / name)
    monkeypatch.setattr(looks, "_HERE", tmp_path / "sitegen")
    seen = {looks._release()}
    for name in ("sitegen/pages/run.py", "runstore/reading/rows.py", "templates/run.html.jinja"):
        with (tmp_path / name).open("a") as file:
            file.write("\n")
        seen.add(looks._release())
    write_file(tmp_path / "sitegen/__pycache__/build.cpython-311.pyc", b"compiled")
    assert len(seen) == 4
    assert looks._release() in seen


def test_a_run_that_lives_is_looked_at_again(store: Path, tmp_path: Path) -> None:
    """No file changes when its process ends: by time alone it turns crashed."""
    running = write_run(store, "p", "live", curve(2), state={"state": "running", "exit_code": None, "finished": ""})
    elsewhere = {"pid": 1, "host": "another", "boot": "b", "start": 0.0, "interval": 30.0}
    write_heartbeat(running, elsewhere, time.time())
    build_site(store, tmp_path / "site")
    assert not is_up_to_date(store, tmp_path / "site")
    write_heartbeat(running, elsewhere, time.time() - 301)
    build_site(store, tmp_path / "site")
    assert is_up_to_date(store, tmp_path / "site")


def test_a_clock_that_went_back_counts_for_nothing(store: Path, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that had crashed by its silence would live again."""
    monkeypatch.setattr(looks.time, "time", lambda: 1.0)
    assert not is_up_to_date(store, site)


def test_a_file_that_changed_just_now_may_change_once_more(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within one tick of the file system's clock a change of the same size leaves no trace."""
    monkeypatch.setattr(looks, "SETTLED_NS", 3600 * 10**9)
    build_site(store, tmp_path / "site")
    assert not is_up_to_date(store, tmp_path / "site")


def test_sites_in_two_places_are_known_apart(store: Path, site: Path) -> None:
    assert not is_up_to_date(store, site.parent / "other")
    build_site(store, site.parent / "other")
    assert is_up_to_date(store, site)
    assert is_up_to_date(store, site.parent / "other")


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"began": 0}', b'{"began": "x"}', b"\xff"])
def test_a_damaged_note_is_no_note(store: Path, site: Path, damage: bytes) -> None:
    [note] = store.glob(".cache/.sites/*.look.json")
    note.write_bytes(damage)
    assert not is_up_to_date(store, site)
    build_site(store, site)
    assert is_up_to_date(store, site)


def test_a_build_with_nothing_to_do_loads_no_library(store: Path, site: Path) -> None:
    assert json.loads(next(store.glob(".cache/.sites/*.look.json")).read_bytes())["runs"] == 2
    heavy = ("jinja2", "numpy", "polars", "rich", "yaml")
    code = (
        "import sys\nfrom sitegen.cli.site import build\n"
        f"build.main([{str(store)!r}, '-o', {str(site)!r}], standalone_mode=False)\n"
        f"print(*sorted(set(sys.modules) & set({heavy!r})))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    said = done.stdout.splitlines()
    assert "no files written" in said[0]
    assert said[-1] == ""


def test_a_commit_is_a_change_to_a_site_with_a_report_which_says_it(store: Path, tmp_path: Path) -> None:
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    git = ["git", "-C", str(store.parent), *who]
    subprocess.run([*git, "init", "--quiet"], check=True)
    build_site(store, tmp_path / "site")
    assert is_up_to_date(store, tmp_path / "site")

    subprocess.run([*git, "add", store.name], check=True)
    subprocess.run([*git, "commit", "--quiet", "-m", "Runs"], check=True)

    assert not is_up_to_date(store, tmp_path / "site")
    build_site(store, tmp_path / "site")
    sha = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout
    assert sha[:10] in (tmp_path / "site/p/reports/first/index.html").read_text()
    assert is_up_to_date(store, tmp_path / "site")


def test_a_commit_is_no_change_to_a_site_without_reports(store: Path, tmp_path: Path) -> None:
    shutil.rmtree(store / "p/reports")
    build_site(store, tmp_path / "site")
    subprocess.run(["git", "-C", str(store.parent), "init", "--quiet"], check=True)
    assert is_up_to_date(store, tmp_path / "site")
