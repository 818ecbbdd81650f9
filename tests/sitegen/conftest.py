"""What tests of sites share."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def _scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def kept_scripts(_scripts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the scripts of pages are bundled in is kept for the session, in a place of its own: that takes a second."""
    monkeypatch.setenv("RUNSTORE_CACHE_DIR", str(_scripts))
