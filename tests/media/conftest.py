"""Runs as in the tests of recording, and what they left of a value."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runstore.media.base import Media, load
from runstore.recording.run import Run
from tests.processes import rows
from tests.recording.conftest import begin as begin
from tests.recording.conftest import folder_of
from tests.recording.conftest import run as run
from tests.recording.conftest import store as store

Log = Callable[..., dict[str, Any]]


@pytest.fixture
def log(run: Run) -> Log:
    """Logs a value; gives its stub."""

    def log_value(value: Any, key: str = "x") -> dict[str, Any]:
        run.log({key: value})
        found = rows(folder_of(run))[-1][key]
        assert isinstance(found, dict)
        return found

    return log_value


@pytest.fixture
def folder(run: Run) -> Path:
    """The directory of the run."""
    return folder_of(run)


@pytest.fixture
def again(log: Log, folder: Path) -> Callable[[Any], Any]:
    """Logs a value, and reads it back as what it was."""

    def read_back(value: Any) -> Media:
        return load(folder, log(value))

    return read_back
