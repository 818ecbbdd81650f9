"""The table of runs: what it shows, hides, sorts and finds is what the charts show."""

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.chromium import Open
from tests.browser.pages import curves, headers, names, row, set_view, settle
from tests.browser.stores import all_runs, rows
from tests.sites import build
from tests.stores import write_run, write_store


def status(page: Page) -> str:
    return page.locator("[data-status]").inner_text()


def test_runs_are_listed_newest_first(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=")
    assert names(page)[:3] == ["showcase", "lion slow 3", "lion slow 2"]
    assert status(page) == "25 runs"


def test_clicking_a_header_sorts_up_then_down_then_not(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=&hide=showcase")
    last = {run[0].replace("-", " "): rows(*run[1:])[-1]["train/loss"] for run in all_runs()} | {"showcase": 0.125}
    ascending = sorted(last, key=last.__getitem__)
    header = page.get_by_role("button", name="train/loss", exact=True)
    header.click()
    assert names(page)[:10] == ascending[:10]
    assert page.locator("[role=columnheader][aria-sort=ascending]").get_attribute("data-column") == "summary.train/loss"
    header.click()
    assert names(page)[:3] == ascending[::-1][:3]
    header.click()
    assert names(page)[:2] == ["showcase", "lion slow 3"]


def test_runs_without_a_value_come_last_whichever_way_is_sorted(lab: Path, open_page: Open) -> None:
    for sort in ("config.fold", "-config.fold"):
        page = open_page(lab / "lab" / "index.html", f"group=&filter=showcase|adam&sort={sort}")
        assert names(page)[-1] == "showcase"


@pytest.mark.parametrize(("pattern", "count"), [
    ("adam", 8), ("^adam fast", 4), ("fold|0$", 6), ("EVAL", 6), ("baseline", 8), ("failed", 1), ("nothing at all", 0),
])  # fmt: skip
def test_search_finds_runs_by_regular_expression_in_table_and_charts(
    lab: Path, open_page: Open, pattern: str, count: int
) -> None:
    page = open_page(lab / "lab" / "index.html", "group=")
    page.get_by_label("Search runs by regular expression").fill(pattern)
    settle(page)
    assert status(page).startswith(f"{count} of 25 runs")
    assert len(curves(page, "train/loss")) == count


def test_pattern_that_is_no_regular_expression_is_searched_as_text(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=")
    page.get_by_label("Search runs by regular expression").fill("adam (")
    settle(page)
    assert "0 of 25 runs" in status(page)
    assert "not a regular expression" in status(page)


def test_eye_takes_a_run_out_of_the_charts_and_back(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=")
    eye = page.get_by_role("button", name="Show lion slow 3 in charts")
    eye.click()
    settle(page)
    assert "lion slow 3" not in curves(page, "train/loss")
    assert status(page) == "25 runs · 1 hidden"
    assert "hide=lion-slow-3" in page.url
    page.get_by_role("button", name="Show all").click()
    settle(page)
    assert "lion slow 3" in curves(page, "train/loss")


def test_all_runs_can_be_hidden_and_one_shown(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=")
    page.get_by_role("button", name="Hide all").click()
    settle(page)
    assert curves(page, "train/loss") == {}
    page.get_by_role("button", name="Show lion slow 3 in charts").click()
    settle(page)
    assert set(curves(page, "train/loss")) == {"lion slow 3"}


def test_columns_are_hidden_and_shown_by_choice(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=")
    assert "lr" in headers(page)
    page.get_by_role("button", name="Columns").click()
    page.get_by_label("How columns are searched").select_option("regex")
    page.get_by_label("Search columns").fill("^lr$")
    assert page.locator("#columns label:visible").count() == 1
    page.locator("#columns label:visible").click()
    assert "lr" not in headers(page)
    assert "cols=" in page.url
    page.get_by_role("button", name="Usual").click()
    assert "lr" in headers(page)
    page.get_by_label("Search columns").fill("")
    page.get_by_role("button", name="All", exact=True).click()
    assert "model.depth" in headers(page)


def test_wide_table_takes_the_whole_page(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=")
    page.get_by_role("button", name="Wide table").click()
    box = page.locator(".runs-pane").bounding_box()
    assert box is not None
    assert box["width"] > 1400
    page.get_by_role("button", name="Wide table").click()
    assert page.locator(".charts-pane").is_visible()


def test_thousands_of_runs_scroll_without_all_being_in_the_page(tmp_path: Path, open_page: Open) -> None:
    root = write_store(tmp_path / "experiments")
    for number in range(1500):
        write_run(root, "many", f"r{number:04}", [{"m": float(number), "_step": 0}], meta={"name": f"run {number:04}"})
    page = open_page(build(root, tmp_path / "site") / "many" / "index.html", "sort=name")
    assert page.locator(".grid-body .grid-row").count() < 100
    page.locator(".grid").evaluate("grid => grid.scrollTop = grid.scrollHeight")
    page.wait_for_selector("text=run 1499")


def test_phone_shows_charts_or_runs(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=", phone=True)
    assert page.locator(".charts-pane").is_visible()
    assert page.locator(".runs-pane").is_hidden()
    page.get_by_role("button", name="Runs", exact=True).click()
    assert page.locator(".runs-pane").is_visible()
    assert "showcase" in names(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_hovering_a_row_marks_its_line(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=")
    curves(page, "train/loss")
    row(page, "lion slow 3").hover()
    page.wait_for_function("() => document.querySelector('.plot-highlight').getAttribute('d')")
    set_view(page)
