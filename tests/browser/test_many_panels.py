"""What a page of many panels makes and keeps: what is in sight first, the rest soon after, nothing for ever."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, CDPSession, Page

from tests.browser.chromium import Open
from tests.browser.pages import READY, panel, set_view, show
from tests.sites import build
from tests.stores import write_run, write_store

SECTIONS = {"first": 70, "second": 40, "third": 20}
NOTES = """() => {
    const { panels } = runstore.workspace.panels;
    window.atReady = panels.map(({ metric, chart }) => [metric.key, chart !== null]);
    const isInSight = ({ root }) => root.getBoundingClientRect().top < innerHeight;
    window.inSight = panels.filter(isInSight).map(({ metric }) => metric.key);
}"""
IN_PAGE = "document.querySelectorAll('.panel').length"
PLACES = """() => Array.from(
    document.querySelectorAll(".panel"),
    (each) => [each.getBoundingClientRect().top, each.offsetHeight],
)"""
CHANGES = (
    {"group": "config.optimizer"},
    {"filter": "5$"},
    {"group": "config.lr", "filter": ""},
    {"smooth": 0.5, "sort": "config.lr"},
    {"group": "", "smooth": 0, "sort": ""},
)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("many")
    store = write_store(folder / "experiments")
    keys = [f"{section}/m{at:02}" for section, count in SECTIONS.items() for at in range(count)]
    for run in range(20):
        rows = [{"_step": step, **{key: run + step / (at + 1) for at, key in enumerate(keys)}} for step in range(4)]
        write_run(store, "p", f"r{run:02}", rows, config={"optimizer": "ab"[run % 2], "lr": run % 5})
    return build(store, folder / "site") / "p" / "index.html"


def test_page_is_ready_before_panels_out_of_sight_are_made(many: Path, chromium: Browser) -> None:
    page = chromium.new_page(viewport={"width": 1440, "height": 900})
    page.add_init_script(f"document.addEventListener('runstore:ready', {NOTES})")
    page.goto(many.as_uri())
    page.wait_for_selector(READY)
    made = page.evaluate("atReady")
    assert 3 <= len(made) <= 30
    drawn = {key for key, is_drawn in made if is_drawn}
    assert set(page.evaluate("inSight")) <= drawn
    # The first section shows sixty and says so; the others whole.
    page.wait_for_function(f"() => {IN_PAGE} === 60 + 40 + 20")
    assert page.get_by_role("button", name="Show 10 more of 70").count() == 1
    page.context.close()


def test_section_that_was_folded_opens_with_its_panels(many: Path, open_page: Open) -> None:
    page = open_page(many, "panels=%5E(second%7Cthird)")
    page.wait_for_function(f"() => {IN_PAGE} === 60")
    page.locator(".section > summary", has_text="second").click()
    page.reload()
    page.wait_for_selector(READY)
    page.wait_for_function(f"() => {IN_PAGE} === 60")
    show(page, "third/m03")
    page.locator(".section > summary", has_text="second").click()
    show(page, "second/m39")


def test_panels_out_of_sight_are_laid_out_where_they_will_be_drawn(many: Path, open_page: Open) -> None:
    page = open_page(many, "panels=third")
    page.wait_for_function(f"() => {IN_PAGE} === 20")
    before = page.evaluate(PLACES)
    page.locator(".panel").last.evaluate("each => each.classList.remove('away')")
    page.evaluate("document.querySelectorAll('.panel').forEach((each) => each.classList.remove('away'))")
    assert page.evaluate(PLACES) == before
    assert panel(page, "third/m19").get_by_role("button", name="Panel menu").count() == 1


def test_nothing_is_left_behind_by_grouping_and_filtering_again_and_again(many: Path, open_page: Open) -> None:
    page = open_page(many, "panels=%5Efirst%2Fm0")
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    turn(page)
    turn(page)
    before = kept(session)
    for _ in range(10):
        turn(page)
    assert kept(session) == before


def turn(page: Page) -> None:
    for part in CHANGES:
        set_view(page, **part)
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")


def kept(session: CDPSession) -> dict[str, float]:
    """The nodes and listeners of a page that nothing could free."""
    session.send("HeapProfiler.enable")
    session.send("HeapProfiler.collectGarbage")
    session.send("HeapProfiler.collectGarbage")
    found = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
    return {name: found[name] for name in ("Nodes", "JSEventListeners")}
