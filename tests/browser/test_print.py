"""Pages on paper: light, without controls, every chart drawn, the table of runs in full up to a sane length."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.chromium import Open
from tests.browser.pages import READY
from tests.sites import build
from tests.stores import curve, write_run, write_store

PAGES = {
    "index": ("index.html", ""),
    "project": ("lab/index.html", "group=config.optimizer"),
    "run": ("lab/runs/adam-fast-0/index.html", ""),
    "compare": ("lab/compare/index.html", "runs=adam-fast-0%2Csgd-slow-1"),
}


def prepared(page: Page) -> Page:
    """A page as it goes to the printer."""
    page.emulate_media(media="print")
    page.evaluate("() => runstore.printing.prepare()")
    return page


def sheets(page: Page) -> int:
    """Prints a page; the number of its sheets."""
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", page.pdf(format="A4", print_background=True)))


@pytest.mark.parametrize("name", PAGES)
def test_page_is_printed_light_and_without_controls_and_comes_back(lab: Path, open_page: Open, name: str) -> None:
    path, fragment = PAGES[name]
    page = prepared(open_page(lab / path, fragment, dark=True))
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    assert page.evaluate("document.documentElement.scrollWidth") <= 1440
    tools = "button:not(.legend button, [role=columnheader] button, .parallel-name, .zoom-button), input, select"
    assert page.locator(tools).filter(visible=True).count() == 0
    for body in page.locator(".panel:visible .panel-body .plot").all():
        assert body.evaluate("node => node.querySelector('canvas').width > 0")
        assert body.evaluate("node => node.scrollWidth <= node.clientWidth + 1")
    assert 1 <= sheets(page) <= 5
    page.emulate_media(media="screen")
    page.wait_for_function("() => document.documentElement.dataset.theme === 'dark'")
    assert page.locator(".printing").count() == 0


def test_every_chart_of_a_long_page_is_drawn_at_the_size_it_has_on_paper(tmp_path: Path, open_page: Open) -> None:
    store = write_store(tmp_path / "experiments")
    for number in range(80):
        rows = [{**row, **{f"m{at:02}": step * at for at in range(24)}} for step, row in enumerate(curve(4))]
        write_run(store, run_id=f"r{number:02}", history=rows, meta={"name": f"run {number}"})
    page = prepared(open_page(build(store, tmp_path / "site") / "p" / "index.html"))
    charts = page.evaluate("runstore.workspace.panels.panels.map(({ chart }) => chart?.frame?.width ?? 0)")
    assert len(charts) == 25
    assert all(200 < width < 320 for width in charts)
    assert page.locator(".print-runs tbody tr").count() == 60
    assert "the first 60 of 80 runs" in page.locator(".print-runs").inner_text()
    assert 4 <= sheets(page) <= 12


def test_the_key_to_print_waits_until_the_charts_are_drawn(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html")
    page.evaluate("""() => {
        window.print = () => {
            window.printed = document.querySelectorAll(".print-runs tr").length;
            dispatchEvent(new Event("afterprint"));
        };
    }""")
    page.keyboard.press("Control+p")
    page.wait_for_function("() => window.printed > 1")
    assert page.locator(".printing").count() == 0
    page.reload()
    page.wait_for_selector(READY)
