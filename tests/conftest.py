"""What every test shares: an environment without Runstore's variables, and Hypothesis without deadlines."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.browser.chromium import chromium, open_page, playwright
from tests.stores import write_store

__all__ = ["chromium", "open_page", "playwright"]

_PATIENT = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], print_blob=True
)
settings.register_profile("runstore", _PATIENT, max_examples=50, derandomize=True)
# A longer search for a night: pytest --hypothesis-profile=thorough
settings.register_profile("thorough", _PATIENT, max_examples=2000)
settings.load_profile("runstore")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Tests that share what takes long to make run in one worker."""
    from tests.sharing import Sharing

    return Sharing(config, log)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the settings of whoever runs it."""
    for name in [name for name in os.environ if name.startswith(("RUNSTORE_", "WANDB_"))]:
        monkeypatch.delenv(name)


@dataclass
class DemoRun:
    """The demo as it ran once: its store, and what it told of its progress."""

    store: Path
    progress: list[tuple[str, int, int]] = field(default_factory=list)


@pytest.fixture(scope="session")
def demo_run(tmp_path_factory: pytest.TempPathFactory) -> DemoRun:
    """The demo, trained for real; files of tests that ask for it are named in `sharing.TOGETHER`."""
    from sitegen.demo import run_demo

    done = DemoRun(tmp_path_factory.mktemp("demo"))
    done.store = run_demo(done.store, progress=lambda *call: done.progress.append(call))
    return done


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The root of an empty store."""
    return write_store(tmp_path / "experiments")
