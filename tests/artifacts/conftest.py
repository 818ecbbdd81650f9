"""Runs in this very process in a store of the test's own, with files to fill artifacts from."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import runstore
from runstore.format.layout import StoreLayout
from runstore.recording import current
from runstore.recording.run import Run

QUIET = {"silent": True, "console": "off", "disable_git": True}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory of the test: the store is its `experiments/`."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def store(folder: Path) -> StoreLayout:
    return StoreLayout(folder / "experiments")


@pytest.fixture
def begin(folder: Path) -> Iterator[Callable[..., Run]]:
    """`init` with the test's store; what is begun ends with the test."""
    begun: list[Run] = []

    def begin_run(settings: dict[str, Any] | None = None, **arguments: Any) -> Run:
        run = runstore.init(
            settings={**QUIET, **(settings or {})},
            **{"dir": folder / "experiments", "project": "p", "reinit": "create_new", **arguments},
        )
        begun.append(run)
        current.put(run)
        return run

    yield begin_run
    for run in begun:
        run.finish()
    current.put(None)


@pytest.fixture
def run(begin: Callable[..., Run]) -> Run:
    return begin()


@pytest.fixture
def data(folder: Path) -> Path:
    """A directory with three files, two of them the same."""
    for name, text in (("a.txt", "aaa"), ("sub/b.txt", "bb"), ("sub/deep/c.txt", "aaa")):
        path = folder / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder / "data"
