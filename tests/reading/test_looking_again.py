"""A second look at a store, which takes what did not change from the first, sees what a fresh one sees."""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from runstore.reading.store import Store, read_store
from tests.stores import append, curve, write_file, write_heartbeat, write_run

_BEAT = {"pid": 1, "host": "elsewhere", "start": 0, "boot": ""}


def _seen(store: Store) -> object:
    return [(project.name, project.meta, project.runs, project.problems) for project in store.projects], store.problems


def _shapes(store: Store) -> list[list[tuple[int, int]]]:
    return [sorted(frame.shape for frame in project.history()) for project in store.projects]


CHANGES: dict[str, Callable[[Path], object]] = {
    "nothing": lambda root: None,
    "a row more": lambda root: append(root / "p/runs/a", curve(1, start=50)),
    "a rewritten history": lambda root: write_file(root / "p/runs/a/history.jsonl", curve(2, key="other")),
    "an edit in place": lambda root: write_file(root / "p/runs/a/run.yaml", "name: edited\n"),
    "a new run": lambda root: write_run(root, "p", "new", curve(2)),
    "a run gone": lambda root: shutil.rmtree(root / "p/runs/b"),
    "a new project": lambda root: write_run(root, "q2", "x", curve(1)),
    "a project gone": lambda root: shutil.rmtree(root / "q"),
    "a broken file": lambda root: write_file(root / "p/runs/b/config.yaml", "a: [1\n"),
    "a link": lambda root: (root / "p/runs/b/config.yaml").symlink_to("/etc/hosts"),
    "an attempt more": lambda root: write_file(root / "p/runs/a/history.2.jsonl", curve(2, start=2)),
    "a heartbeat heard again": lambda root: os.utime(root / "p/runs/silent/heartbeat"),
    "an end": lambda root: write_file(root / "p/runs/silent/state.json", {"state": "failed", "exit_code": 1}),
    "a cache gone": lambda root: shutil.rmtree(root / ".cache"),
    "a project's own file": lambda root: write_file(root / "p/project.yaml", "title: T\n"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_it_sees_what_a_fresh_look_sees(root: Path, change: str) -> None:
    write_run(root, "p", "a", curve(3), config={"lr": 1})
    write_run(root, "p", "b", curve(3))
    write_run(root, "q", "c", curve(3))
    silent = write_run(root, "p", "silent", curve(1), state={"state": "running"})
    write_heartbeat(silent, _BEAT, at=time.time() - 10_000)
    known = read_store(root)
    CHANGES[change](root)
    again = read_store(root, known=known)
    third = read_store(root, known=again)
    shutil.rmtree(root / ".cache", ignore_errors=True)
    fresh = read_store(root)
    assert _seen(again) == _seen(fresh)
    assert _seen(third) == _seen(fresh)
    assert _shapes(third) == _shapes(fresh)
