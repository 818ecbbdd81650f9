"""A project of very many columns: the page loads the values of those that somebody looks at."""

from pathlib import Path

import pytest
from playwright.sync_api import Page

from sitegen.build import build_site
from tests.browser.chromium import Open
from tests.browser.pages import names, settle, violations
from tests.stores import curve, write_run, write_store

RUNS = 30
KEYS = 3000


def config(run: int) -> dict[str, object]:
    """Half of the keys differ from run to run, the others are the same for all; those that are longest come late."""
    own = {f"k{key:04}": f"{key:04}-{run * (key % 2):04}" for key in range(KEYS)}
    late = {"late_number": (run * 7) % RUNS + 1 / 7, "late_text": f"{'z' * 20} needle {run}"}
    return {**own, **late, "late_group": f"team {run % 3} {'of many ' * 50}"}


def write(root: Path, run: int) -> None:
    meta = {"name": f"run {run:02}", "created": f"2026-10-{1 + run % 28:02}T00:00:00Z"}
    write_run(root, run_id=f"r{run:02}", config=config(run), meta=meta, history=curve(3))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_store(tmp_path_factory.mktemp("wide") / "experiments")
    for run in range(RUNS):
        write(root, run)
    return root


@pytest.fixture(scope="module")
def site(store: Path) -> Path:
    build_site(store, store.parent / "site")
    return store.parent / "site"


@pytest.fixture
def page(site: Path, open_page: Open) -> Page:
    return open_page(site / "p/index.html")


def is_loaded(page: Page, key: str) -> bool:
    return bool(page.evaluate("(key) => runstore.workspace.runs.columns.get(key).isLoaded", key))


def choose(page: Page, **view: object) -> None:
    """Changes the view, and waits until it is shown."""
    page.evaluate(
        """async (view) => {
            const drawn = document.querySelector("[data-page]").dataset.drawn;
            runstore.workspace.state.set(view);
            const isOld = () => document.querySelector("[data-page]").dataset.drawn === drawn;
            while (isOld()) await new Promise((next) => setTimeout(next, 10));
        }""",
        view,
    )


def test_the_first_view_loads_no_other_columns(page: Page, site: Path) -> None:
    loaded = page.evaluate("[...document.scripts].map(({ src }) => src).filter((src) => src.includes('/data/c'))")
    assert loaded == []
    assert not [key for key in ("late_number", "late_group", "late_text", "k2999") if is_loaded(page, f"config.{key}")]
    assert (site / "p/data/runs.js").stat().st_size < 700_000


def test_a_column_that_is_sorted_by_is_loaded_first(page: Page) -> None:
    choose(page, sort="config.late_number")
    assert is_loaded(page, "config.late_number")
    assert names(page)[:3] == ["run 00", "run 13", "run 26"]


def test_a_column_that_is_grouped_by_is_loaded_first(page: Page) -> None:
    choose(page, group="config.late_group")
    assert [name[:6] for name in names(page)] == ["team 0", "team 1", "team 2"]


@pytest.mark.parametrize(
    "expression", ["config.late_number < 3", "config.late_text LIKE '%needle 2'", "config.k0001 = 'no'"]
)
def test_columns_of_a_filter_are_loaded_first(page: Page, expression: str) -> None:
    choose(page, filter=expression)
    expected = {"config.late_number < 3": 3, "config.late_text LIKE '%needle 2'": 1}.get(expression, 0)
    assert len(names(page)) == expected


def test_a_view_of_other_columns_opens_from_its_address(site: Path, open_page: Open) -> None:
    page = open_page(site / "p/index.html", "cols=config.late_text&sort=-config.late_number&search=run")
    assert page.locator(".runs-host .grid-row").first.inner_text().count("late_text") == 1
    assert "needle 17" in page.locator(".runs-host .grid-body .grid-row").first.inner_text()


def test_what_a_panel_looks_at_is_loaded_before_it_is_drawn(page: Page) -> None:
    found = page.evaluate(
        """async () => {
            const context = runstore.workspace.lines.context();
            const kind = runstore.kinds.scatter;
            const axes = { x: "config.late_number", y: "summary.loss", z: "config.late_group" };
            const settings = { ...kind.defaults(context), ...axes };
            return (await kind.table(settings, context)).rows.length;
        }"""
    )
    assert found == RUNS
    assert is_loaded(page, "config.late_group")


def test_a_legend_with_such_a_column_has_its_values(page: Page) -> None:
    labels = page.evaluate(
        """async () => {
            const settings = { metrics: ["loss"], legend: "${config.late_text}" };
            const { curves } = await runstore.workspace.lines.drawingOf(settings);
            return curves.map(({ label }) => label).sort().slice(0, 2);
        }"""
    )
    assert [label.split()[1:] for label in labels] == [["needle", "0"], ["needle", "1"]]


def test_the_columns_of_thousands_are_found_by_search(page: Page) -> None:
    page.get_by_role("button", name="Columns", exact=True).click()
    panel = page.locator("#columns")
    assert "search for others" in panel.locator("[data-columns-status]").inner_text()
    panel.get_by_label("Search columns").fill("late_te")
    panel.get_by_label("late_text", exact=True).check()
    page.wait_for_function("() => runstore.workspace.table.grid.columns.some(({ key }) => key === 'config.late_text')")
    page.keyboard.press("Escape")
    assert is_loaded(page, "config.late_text")


def test_a_column_to_group_by_is_found_by_search(page: Page) -> None:
    menu = page.locator("[data-view=group]")
    assert menu.locator("option").count() < 200
    menu.select_option(":find")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("searchbox").fill("late_gr")
    dialog.get_by_label("late_group").check()
    assert violations(page) == []
    dialog.get_by_role("button", name="Group").click()
    page.wait_for_function("() => document.querySelectorAll('.runs-host .grid-body .grid-row').length === 3")
    assert menu.input_value() == "config.late_group"
    settle(page)


def test_values_to_filter_by_are_offered_once_their_column_is_loaded(page: Page) -> None:
    page.get_by_role("button", name="Filter", exact=True).click()
    page.locator(".filter-column").fill("config.late_group")
    page.locator(".filter-value").focus()
    page.wait_for_function("() => document.querySelectorAll('.filter-row datalist option').length === 3")


def test_a_later_build_brings_the_newer_values_of_columns_that_are_shown(
    store: Path, tmp_path: Path, open_page: Open
) -> None:
    build_site(store, tmp_path / "site")
    page = open_page(tmp_path / "site/p/index.html", "sort=-config.late_number&cols=config.late_text")
    assert names(page)[0] == "run 17"
    write_run(store, run_id="new", config={"late_number": 1000.5, "late_text": "newest"}, meta={"name": "new one"})
    try:
        build_site(store, tmp_path / "site")
        page.evaluate("async () => runstore.workspace.renew(await runstore.reload('runs', 'data/runs.js?v=2'))")
        assert names(page)[0] == "new one"
        assert "newest" in page.locator(".runs-host .grid-body .grid-row").first.inner_text()
    finally:
        for path in sorted((store / "p/runs/new").rglob("*"), reverse=True):
            path.unlink() if path.is_file() else path.rmdir()
        (store / "p/runs/new").rmdir()
