"""A folder with a store, and programs that train in it with real libraries."""

from pathlib import Path

import pytest

from tests.libraries.environments import InstallationError, python
from tests.libraries.training import Training


@pytest.fixture(scope="session")
def training_python() -> Path:
    """The interpreter that has the libraries of training.txt."""
    try:
        return python("training")
    except InstallationError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture
def training(training_python: Path, tmp_path: Path) -> Training:
    """Runs scripts with the libraries of training.txt; what they log is looked at after."""
    return Training(training_python, tmp_path)


@pytest.fixture(scope="session")
def trackers_python() -> Path:
    """The interpreter that has the other trackers of trackers.txt."""
    try:
        return python("trackers")
    except InstallationError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="session")
def more_trackers_python() -> Path:
    """The interpreter that has the trackers of more_trackers.txt."""
    try:
        return python("more_trackers")
    except InstallationError as error:
        pytest.fail(str(error), pytrace=False)
