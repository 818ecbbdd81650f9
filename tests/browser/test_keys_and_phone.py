"""Shortcuts and their sheet; a phone: no scrolling sideways, and what is touched is large enough; empty states."""

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.chromium import Open
from tests.browser.pages import violations

EVERY = ("minor", "moderate", "serious", "critical")
PAGES = {
    "index": ("index.html", ""),
    "project": ("lab/index.html", ""),
    "run": ("lab/runs/showcase/index.html", ""),
    "group": ("lab/groups/adam-0-1-*/index.html", ""),
    "compare": ("lab/compare/index.html", "runs=adam-fast-0%2Csgd-slow-1"),
}
SMALL = """() => {
    const inline = (node) => node.matches("a") && getComputedStyle(node).display === "inline";
    const all = [...document.querySelectorAll("button, a[href], select, input, summary, [role=separator]")];
    const isApart = (node) => !inline(node) && !node.closest(".skip, label, .sprite, .grid");
    const shown = all.filter((node) => node.checkVisibility() && isApart(node));
    const small = shown.filter((node) => {
        const { width, height } = node.getBoundingClientRect();
        return width > 0 && (width < 24 || height < 24);
    });
    return small.map((node) => `${node.outerHTML.slice(0, 120)} ${Math.round(node.offsetWidth)}x${node.offsetHeight}`);
}"""


def focused(page: Page) -> str | None:
    found: str | None = page.evaluate("document.activeElement.getAttribute('aria-label')")
    return found


@pytest.mark.parametrize("name", PAGES)
def test_question_mark_lists_the_keys_of_the_page_and_escape_leads_back(lab: Path, open_page: Open, name: str) -> None:
    path, fragment = PAGES[name]
    page = open_page(next(lab.glob(path)), fragment)
    page.get_by_role("button", name="Switch between light and dark").focus()
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
    assert sheet.get_by_text("Show these shortcuts").is_visible()
    assert sheet.get_by_role("heading", name="Runs").count() == (1 if name in ("project", "group") else 0)
    assert sheet.get_by_role("heading", name="Charts").count() == (0 if name == "index" else 1)
    assert violations(page, EVERY) == []
    page.keyboard.press("Escape")
    assert sheet.count() == 0
    assert focused(page) == "Switch between light and dark"
    page.get_by_role("button", name="Keyboard shortcuts").click()
    sheet.get_by_role("button", name="Close").click()
    assert focused(page) == "Keyboard shortcuts"


def test_keys_act_and_are_text_where_somebody_writes(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html")
    page.keyboard.press("/")
    assert focused(page) == "Search runs by regular expression"
    page.keyboard.type("fct?gw")
    assert page.get_by_label("Search runs by").input_value() == "fct?gw"
    assert page.get_by_role("dialog").count() == 0
    page.get_by_label("Search runs by").fill("")
    page.get_by_label("Search runs by").evaluate("node => node.blur()")
    for key, popover in (("f", "#filter"), ("c", "#columns")):
        page.keyboard.press(key)
        page.locator(f"{popover}:popover-open").wait_for()
        page.keyboard.press("Escape")
        page.locator(f"{popover}:popover-open").wait_for(state="detached")
    before = page.evaluate("document.documentElement.dataset.theme")
    page.keyboard.press("t")
    assert page.evaluate("document.documentElement.dataset.theme") != before
    page.keyboard.press("g")
    assert "group=" in page.url
    page.keyboard.press("w")
    assert page.locator(".wide-table").count() == 1
    page.keyboard.press("w")
    page.keyboard.press("a")
    assert page.get_by_role("menu", name="Add panel").is_visible()
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.textContent") == "Add panel"
    page.keyboard.press("p")
    assert focused(page) == "Search charts by regular expression"


def test_brackets_lead_to_the_runs_beside(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "runs" / "adam-fast-1" / "index.html")
    with page.expect_navigation():
        page.keyboard.press("]")
    assert "adam-fast-1" not in page.url
    with page.expect_navigation():
        page.keyboard.press("[")
    assert "adam-fast-1" in page.url


@pytest.mark.parametrize("name", PAGES)
def test_phone_shows_everything_in_its_width_and_large_enough_to_touch(lab: Path, open_page: Open, name: str) -> None:
    path, fragment = PAGES[name]
    page = open_page(next(lab.glob(path)), fragment, phone=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate(SMALL) == []
    if name in ("project", "group"):
        page.get_by_role("button", name="Runs", exact=True).click()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert page.evaluate(SMALL) == []


def test_what_a_run_lacks_is_told_with_how_it_is_logged(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "runs" / "adam-fast-0" / "index.html")
    page.get_by_text("Not logged by this run: media, tables, artifacts").click()
    page.get_by_text('run.log({"sample": runstore.Image(pixels)})').wait_for()


def test_a_filter_that_hides_every_run_says_what_to_do(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "filter=config.lr > 5")
    assert page.get_by_text("No run matches. Empty the search, or take conditions out of the filter.").is_visible()
    assert page.get_by_text("No run that is shown logged this.").first.is_visible()
