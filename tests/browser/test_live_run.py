"""The open page of a run that is being logged: media, log, files, alerts and state come; what one looks at stays."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.acting import arrives
from tests.browser.chromium import Open
from tests.browser.pages import READY, names
from tests.processes import start_script, wait_until
from tests.serving import Served, serving
from tests.stores import write_store

SECONDS = 3.0

SCRIPT = """
import pathlib, sys
import numpy as np
import runstore

settings = runstore.Settings(console="wrap", disable_stats=True)
run = runstore.init(project="p", id=sys.argv[1], name=sys.argv[1], settings=settings)
for line in sys.stdin:
    exec(line)
    print("done", file=sys.__stderr__, flush=True)
run.finish()
"""


@dataclass(frozen=True)
class Script:
    """A script that does the lines of Python that it is sent."""

    process: subprocess.Popen[str]

    def do(self, line: str) -> float:
        """Does it; returns when that was done."""
        assert self.process.stdin is not None
        assert self.process.stderr is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        while (said := self.process.stderr.readline()) != "done\n":
            assert said, "the script ended"
        return time.monotonic()

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(30)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_store(tmp_path_factory.mktemp("live-run") / "experiments")


@contextmanager
def started(store: Path, run_id: str) -> Iterator[Script]:
    with start_script(store.parent, SCRIPT, run_id, stderr=subprocess.PIPE) as process:
        script = Script(process)
        script.do("run.log({'loss': 1.0, 'image': runstore.Image(np.zeros((8, 8), dtype=np.uint8))})")
        script.do("run.log({'table': runstore.Table(columns=['a'], data=[[1]])})")
        script.do("[print('line', number) for number in range(400)]")
        script.do("pathlib.Path('notes.txt').write_text('one'); run.save('notes.txt')")
        yield script
        if process.poll() is None:
            script.end()


@pytest.fixture(scope="module")
def script(store: Path) -> Iterator[Script]:
    with started(store, "live") as found:
        yield found


@pytest.fixture(scope="module")
def served(store: Path, script: Script) -> Iterator[Served]:
    with serving(store) as found:
        yield found


@pytest.fixture
def page(store: Path, served: Served, open_page: Open) -> Page:
    """The run's page with all its sections; it is not loaded anew."""
    built = store.parent / "served/p/runs/live/index.html"
    wait_until(
        lambda: all(f'id="{each}"' in built.read_text() for each in ("media", "tables", "log", "files")), "all of it"
    )
    page = open_page(f"{served.address}/p/runs/live/")
    page.evaluate("window.kept = true")
    return page


def soonest(page: Page, act: Callable[[int], float], holds: Callable[[int], bool]) -> float:
    """The shortest that something took to the page, of a few: other tests may keep the machine busy meanwhile."""
    taken = []
    for turn in range(4):
        done = act(turn)
        taken.append(arrives(page, lambda turn=turn: holds(turn), done))  # type: ignore[misc]
        if taken[-1] <= SECONDS:
            break
    return min(taken)


def about(page: Page, key: str) -> str:
    return page.locator(f"[data-key={key}] .panel-about").inner_text()


def test_a_new_step_of_an_image_comes_to_who_looks_at_the_last_and_not_to_who_looks_back(
    page: Page, script: Script
) -> None:
    page.locator("[data-key=image]").scroll_into_view_if_needed()
    arrives(page, lambda: about(page, "image") != "", time.monotonic())
    log = "run.log({'image': runstore.Image(np.full((8, 8), 9, dtype=np.uint8))})"
    before = page.evaluate("runstore.media.panels[0].items.length")
    count = "runstore.media.panels[0].items.length"
    taken = soonest(page, lambda _: script.do(log), lambda turn: page.evaluate(count) > before + turn)
    assert taken <= SECONDS
    now = page.evaluate(count)
    assert f"{now} of {now}" in about(page, "image")
    page.get_by_role("button", name="Previous step: image").click()
    kept = about(page, "image").split(" of ")[0]
    done = script.do(log)
    arrives(page, lambda: page.evaluate(count) > now, done)
    assert about(page, "image").split(" of ")[0] == kept
    assert page.evaluate("window.kept")


def test_new_lines_come_to_the_log_and_what_was_found_in_it_stays(page: Page, script: Script) -> None:
    page.locator("#log").scroll_into_view_if_needed()
    page.get_by_label("Search the log").fill("line 2")
    arrives(page, lambda: "matching" in page.locator("[data-log-found]").inner_text(), time.monotonic())
    page.get_by_role("button", name="Previous", exact=True).click()
    top = page.locator("[data-log]").evaluate("node => node.scrollTop")
    place = page.locator("[data-log-found]").inner_text().split(" of ")[0]
    before = page.locator("[data-log-about]").inner_text()
    scroll = page.evaluate("scrollY")
    done = script.do("print('line 2 again')")
    arrives(page, lambda: page.locator("[data-log-about]").inner_text() != before, done)
    arrives(page, lambda: "112 matching" in page.locator("[data-log-found]").inner_text(), time.monotonic())
    assert page.locator("[data-log-found]").inner_text().split(" of ")[0] == place
    assert abs(page.locator("[data-log]").evaluate("node => node.scrollTop") - top) < 2
    assert page.evaluate("scrollY") == scroll
    assert page.get_by_label("Search the log").input_value() == "line 2"
    page.get_by_label("Search the log").fill("")
    page.get_by_role("button", name="Jump to end").click()

    def last(turn: int) -> bool:
        return f"newest {turn}" in page.locator("[data-log]").inner_text()

    assert soonest(page, lambda turn: script.do(f"print('newest {turn}')"), last) <= SECONDS
    assert page.evaluate("window.kept")


def test_a_saved_file_comes_with_its_new_content(page: Page, script: Script) -> None:
    page.locator("#files").scroll_into_view_if_needed()
    page.get_by_role("button", name="notes.txt").click()
    preview = page.locator("[data-file-preview]")
    arrives(page, lambda: "one" in preview.inner_text(), time.monotonic())

    def act(turn: int) -> float:
        return script.do(f"pathlib.Path('notes.txt').write_text('content {turn}'); run.save('notes.txt', policy='now')")

    assert soonest(page, act, lambda turn: f"content {turn}" in preview.inner_text()) <= SECONDS
    script.do("pathlib.Path('more.txt').write_text('x'); run.save('more.txt')")
    arrives(page, lambda: page.get_by_role("button", name="more.txt").count() == 1, time.monotonic())
    assert page.evaluate("window.kept")


def test_an_alert_comes_with_its_place_in_the_sections(page: Page, script: Script) -> None:
    assert page.locator("#alerts").count() == 0
    assert page.title().startswith("live · p (running)")
    done = script.do("run.alert('Too hot', 'the loss grows')")
    arrives(page, lambda: page.locator("#alerts").count() == 1, done)
    assert page.get_by_role("navigation", name="Sections of this page").get_by_text("Alerts").is_visible()
    assert page.evaluate("window.kept")


def test_a_first_video_or_table_makes_its_section_and_the_reader_stays_where_they_were(
    store: Path, served: Served, open_page: Open
) -> None:
    with start_script(store.parent, SCRIPT, "young", stderr=subprocess.PIPE) as process:
        script = Script(process)
        script.do("[print('line', number) for number in range(400)]")
        script.do("run.log({'loss': 1.0})")
        wait_until(lambda: (store.parent / "served/p/runs/young/index.html").is_file(), "the run's page")
        page = open_page(f"{served.address}/p/runs/young/")
        arrives(page, lambda: page.locator("#charts").count() == 1, time.monotonic())
        page.locator("#related").scroll_into_view_if_needed()
        page.evaluate("scrollTo(0, 120)")
        script.do("run.log({'table': runstore.Table(columns=['a'], data=[[1]])})")
        arrives(page, lambda: page.locator("#tables").count() == 1, time.monotonic())
        page.wait_for_selector(READY)
        arrives(page, lambda: page.evaluate("scrollY") == 120, time.monotonic())
        script.end()
    arrives(page, lambda: page.locator("h1 .state").inner_text() == "finished", time.monotonic())
    arrives(page, lambda: "running" not in page.title(), time.monotonic())


def test_a_new_run_and_a_new_view_come_and_selection_and_scroll_of_the_table_stay(
    store: Path, served: Served, open_page: Open
) -> None:
    page = open_page(f"{served.address}/p/index.html", "group=&select=live")
    page.set_viewport_size({"width": 1200, "height": 420})
    with started(store, "second") as script:
        arrives(page, lambda: "second" in names(page), time.monotonic())
        assert "1 selected" in page.locator("[data-status]").inner_text()
        assert page.locator(".views").is_hidden()
        (store / "p" / "project.yaml").write_text("views:\n  - name: Mine\n    fragment: smooth=0.5\n")
        arrives(page, lambda: page.get_by_role("link", name="Mine").is_visible(), time.monotonic())
        row = page.locator(".grid-body .grid-row", has_text="second")
        assert row.locator(".state").inner_text() == "running"
        script.end()
    arrives(page, lambda: row.locator(".state").inner_text() == "finished", time.monotonic())
    assert "1 selected" in page.locator("[data-status]").inner_text()
