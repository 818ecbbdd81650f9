"""A cache of each test's own, and an empty memory of fsspec's."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from tests.cli.terminal import Terminal
from tests.remote.trees import write_example


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RUNSTORE_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A store on this machine."""
    return write_example(tmp_path / "here")


@pytest.fixture
def elsewhere() -> Iterator[MemoryFileSystem]:
    """An object store in memory, empty."""
    found = MemoryFileSystem()
    found.store.clear()
    found.pseudo_dirs[:] = [""]
    yield found
    found.store.clear()


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(capsys)
