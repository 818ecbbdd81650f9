"""Runs in this very process: quiet, in a store of the test's own, ended with the test."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import runstore
from runstore.recording import current
from runstore.recording.run import Run

QUIET = {"silent": True, "console": "off", "disable_git": True}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Where the store of the test's runs is, or will be."""
    return tmp_path / "experiments"


@pytest.fixture
def begin(store: Path) -> Iterator[Callable[..., Run]]:
    """`init` with the test's store; what is begun ends with the test."""
    begun: list[Run] = []

    def begin_run(settings: dict[str, Any] | None = None, **arguments: Any) -> Run:
        run = runstore.init(settings={**QUIET, **(settings or {})}, **{"dir": store, "project": "p", **arguments})
        begun.append(run)
        return run

    yield begin_run
    for run in begun:
        run.finish()
    current.put(None)


@pytest.fixture
def run(begin: Callable[..., Run]) -> Run:
    """A run that was begun with nothing special."""
    return begin()


def folder_of(run: Run) -> Path:
    """The run's directory."""
    return Path(run.dir).parent
