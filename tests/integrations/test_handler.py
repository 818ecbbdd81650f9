"""What `logging` is told, in the run's log."""

import datetime
import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runstore.integrations import handler
from runstore.integrations.handler import RunHandler
from runstore.recording.run import Run
from tests.recording.conftest import folder_of

LOGGER = logging.Logger("lab")  # pytest's own handlers do not listen to it.


@pytest.fixture
def kept(begin: Callable[..., Run]) -> Run:
    return begin({"console": "wrap"})


@pytest.fixture(autouse=True)
def detached() -> Iterator[None]:
    """After each test nobody listens any more."""
    yield
    assert LOGGER.handlers == []


def log_of(run: Run) -> str:
    run.finish()
    return Path(folder_of(run), "output.log").read_text()


def test_records_from_a_level_on_are_lines_with_time_level_and_logger(kept: Run) -> None:
    with RunHandler("INFO").attach(LOGGER):
        LOGGER.debug("too fine")
        LOGGER.info("begun with %d", 3)
        LOGGER.warning("odd")
    LOGGER.error("after")
    lines = [line for line in log_of(kept).splitlines() if " lab: " in line]
    assert [line[24:] for line in lines] == [
        "INFO     lab: begun with 3",
        "WARNING  lab: odd",
    ]
    datetime.datetime.fromisoformat(lines[0][:23].replace(",", "."))


def test_a_traceback_comes_with_its_record(kept: Run) -> None:
    attached = handler.attach(LOGGER)
    try:
        1 / 0  # noqa: B018
    except ZeroDivisionError:
        LOGGER.exception("it broke")
    attached.detach()
    assert "Traceback (most recent call last)" in (text := log_of(kept))
    assert "ZeroDivisionError: division by zero" in text


def test_loggers_are_known_by_name_and_attaching_twice_writes_once(kept: Run) -> None:
    named = logging.getLogger("tests.integrations.lab")
    attached = handler.attach(named.name, "WARNING")
    attached.attach(named)
    named.warning("x")
    attached.detach()
    named.warning("y")
    text = log_of(kept)
    assert text.count(": x") == 1
    assert ": y" not in text
    assert attached not in named.handlers


def test_nothing_is_raised_whatever_is_logged_and_when(kept: Run, begin: Callable[..., Run]) -> None:
    class Odd:
        def __str__(self) -> str:
            raise RuntimeError("no text")

    with RunHandler(run=kept).attach(LOGGER):
        LOGGER.info("%d", "no number")
        LOGGER.info(Odd())
        LOGGER.info("bad \ud800 text")
        LOGGER.info("good")
        text = log_of(kept)
        LOGGER.info("after its end")
        begin().finish()
        LOGGER.info("another run's")
    with RunHandler().attach(LOGGER):
        LOGGER.info("no run at all")
    assert "good" in text
    assert "bad \\ud800 text" in text


def test_what_is_logged_while_a_record_is_written_does_not_come_round(kept: Run) -> None:
    class Talkative:
        def __str__(self) -> str:
            LOGGER.info("from within")
            return "outer"

    with RunHandler().attach(LOGGER):
        LOGGER.info(Talkative())
    text = log_of(kept)
    assert "outer" in text
    assert "from within" not in text


def test_threads_may_log_at_once(kept: Run) -> None:
    with RunHandler().attach(LOGGER):
        threads = [threading.Thread(target=lambda: [LOGGER.info("line") for _ in range(50)]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert log_of(kept).count("lab: line\n") == 200


def test_a_level_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="LOUD"):
        handler.attach(LOGGER, level="LOUD")
