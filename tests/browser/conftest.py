"""The sites that tests in real Chromium open."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.stores import write_lab
from tests.browser.wicked_store import write_wicked
from tests.sites import build, hosted


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of a small project with groups, job types, every state, tables, a log and a patch."""
    folder = tmp_path_factory.mktemp("lab")
    return build(write_lab(folder / "experiments"), folder / "site")


@pytest.fixture(scope="session")
def wicked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of a store of all that goes wrong; the store, `experiments`, lies beside it."""
    folder = tmp_path_factory.mktemp("wicked")
    return build(write_wicked(folder / "experiments"), folder / "site")


@pytest.fixture
def served(lab: Path) -> Iterator[str]:
    """The address of the lab's site on a plain static host, below a path of its own."""
    with hosted(lab.parent) as address:
        yield f"{address}/{lab.name}/"
