"""The demo's own site: what a newcomer sees first."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from sitegen.demo_views import VIEWS
from tests.browser.chromium import Open
from tests.browser.pages import curves, ink, names, settle, violations
from tests.conftest import DemoRun
from tests.sites import build

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(demo_run: DemoRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(demo_run.store, tmp_path_factory.mktemp("demo-site") / "site")


def test_project_page_groups_the_folds_of_each_configuration(site: Path, open_page: Open) -> None:
    page = open_page(site / "digits" / "index.html")
    assert "mlp-lr0.03" in names(page)
    curve = curves(page, "val/accuracy")["mlp-lr0.03"]
    assert curve.n == [5] * 40
    assert curve.ys[-1] > 0.9
    assert ink(page, "val/accuracy") > 1000


@pytest.mark.parametrize(("column", "labels"), [
    ("config.model", {"linear", "mlp", "boosting"}), ("config.fold", {"0", "1", "2", "3", "4"}),
])  # fmt: skip
def test_runs_group_by_model_and_by_fold(site: Path, open_page: Open, column: str, labels: set[str]) -> None:
    page = open_page(site / "digits" / "index.html")
    page.locator("[data-view=group]").select_option(column)
    settle(page)
    assert set(curves(page, "val/accuracy")) == labels
    assert labels <= set(names(page))


def test_failed_run_shows_why_and_the_confusion_matrix_is_a_table(site: Path, open_page: Open) -> None:
    failed = open_page(site / "digits" / "runs" / "mlp-cropped" / "index.html")
    assert failed.locator("h1 .state").inner_text() == "failed"
    failed.locator("#log").scroll_into_view_if_needed()
    failed.locator("#log .line", has_text="ValueError").first.wait_for()
    evaluated = open_page(site / "digits" / "runs" / "mlp-lr0.03-eval" / "index.html")
    evaluated.locator("#tables").scroll_into_view_if_needed()
    evaluated.locator(".logged-table .grid-body .grid-row").first.wait_for()
    evaluated.get_by_text("10 rows", exact=True).wait_for()


@pytest.mark.parametrize("project", list(VIEWS))
def test_each_saved_view_is_a_tab_that_draws_what_it_promises(site: Path, open_page: Open, project: str) -> None:
    page = open_page(site / project / "index.html")
    tabs = page.get_by_role("navigation", name="Views")
    assert tabs.get_by_role("link").all_inner_texts() == ["Workspace", *(view.name for view in VIEWS[project])]
    for view in VIEWS[project]:
        tabs.get_by_role("link", name=view.name, exact=True).click()
        settle(page)
        expect(tabs.locator("[aria-current=page]")).to_have_text(view.name)
        expect(page.locator(".plot-failed:visible, .plot-empty:visible, .kind-empty:visible")).to_have_count(0)
        for added in page.locator(".panel", has=page.locator(".panel-host")).all():
            added.scroll_into_view_if_needed()
            added.locator(".panel-host > *").first.wait_for()


def test_all_but_the_seed_is_one_click_and_validation_goes_by_epochs(site: Path, open_page: Open) -> None:
    page = open_page(site / "denoise" / "index.html")
    page.locator("[data-view=group]").select_option(label="All config but seed")
    settle(page)
    trained = [curve for curve in curves(page, "val/loss").values() if curve.n]
    assert [(len(curve.xs), curve.n) for curve in trained] == [(20, [3] * 20)] * 3
    assert trained[0].xs[-1] == 20


def test_a_long_run_that_was_resumed_has_attempts_colours_files_and_system_metrics(site: Path, open_page: Open) -> None:
    page = open_page(site / "online" / "runs" / "softmax-lr0.2" / "index.html")
    expect(page.locator("#attempts li")).to_have_count(2)
    page.locator("#log").scroll_into_view_if_needed()
    expect(page.locator("#log .line").first).to_contain_text("picture")
    page.locator("#files").scroll_into_view_if_needed()
    expect(page.locator("#files")).to_contain_text("checkpoints")
    page.locator("#system summary").first.click()
    expect(page.locator("#system .panel").first).to_be_visible()


def test_a_run_with_an_uncommitted_change_shows_it(site: Path, open_page: Open) -> None:
    page = open_page(site / "digits" / "runs" / "mlp-cropped" / "index.html")
    page.locator("#patch").scroll_into_view_if_needed()
    expect(page.locator("#patch")).to_contain_text("_CROPPED_COLUMNS = 1")
    expect(page.locator("#alerts")).to_contain_text("Images changed their size")


@pytest.mark.parametrize("project", list(VIEWS))
def test_axe_finds_nothing(site: Path, open_page: Open, project: str) -> None:
    page = open_page(site / project / "index.html")
    assert violations(page, ("minor", "moderate", "serious", "critical")) == []
