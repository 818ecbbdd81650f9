"""`pytest --runstore`: a session of tests as a run. Without the option nothing happens, and nothing is imported.

A row for each test, a table of failures with their text and one of the slowest; the summary counts the outcomes. Under
pytest-xdist the process that distributes the tests records them all.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from runstore.integrations.pytest_session import SessionRecorder

PROJECT: Final = "tests"
_NAME: Final = "runstore-session"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("runstore").addoption(
        "--runstore",
        nargs="?",
        const=PROJECT,
        default=None,
        type=_project,
        metavar="PROJECT",
        help=f"Record this session as a run of PROJECT. Without a name: {PROJECT}.",
    )


def pytest_configure(config: pytest.Config) -> None:
    project = config.getoption("--runstore", None)
    if project is None or hasattr(config, "workerinput") or config.getoption("collectonly", False):
        return
    from runstore.integrations.pytest_session import SessionRecorder

    config.pluginmanager.register(SessionRecorder(config, project), _NAME)


def _project(text: str) -> str:
    # `pytest --runstore tests/unit` would else take the tests for a project's name.
    if "/" in text or "::" in text or Path(text).exists():
        raise argparse.ArgumentTypeError(
            f"{text!r} names tests, not a project; write --runstore=PROJECT, or --runstore after the tests"
        )
    return text


def recorder(config: pytest.Config) -> "SessionRecorder | None":
    """What records the session, None when nothing does: for plugins and conftest files that add to its run."""
    found: SessionRecorder | None = config.pluginmanager.get_plugin(_NAME)
    return found
