"""The demo's own site: what a newcomer sees first."""

from pathlib import Path

import pytest

from tests.browser.conftest import Open
from tests.browser.pages import curves, ink, names, settle, violations
from tests.conftest import DemoRun
from tests.sites import build

pytestmark = [pytest.mark.xdist_group("demo"), pytest.mark.slow]


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
    evaluated.locator(".logged-table tbody tr").first.wait_for()
    assert evaluated.locator(".logged-table tbody tr").count() == 10


def test_axe_finds_nothing(site: Path, open_page: Open) -> None:
    page = open_page(site / "digits" / "index.html")
    assert violations(page, ("minor", "moderate", "serious", "critical")) == []
