"""Runs side by side, a group's facts, and what differs between versions of an artifact."""

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.chromium import Open
from tests.browser.detail_store import EVIL, write_details
from tests.browser.pages import READY, curves, violations
from tests.sites import build

PAGE = "p/compare/index.html"
ALL = ("minor", "moderate", "serious", "critical")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compare")
    return build(write_details(folder / "experiments"), folder / "site")


def keys(page: Page) -> list[str]:
    return page.locator(".compare-table tbody th[scope=row]").all_inner_texts()


def test_what_differs_is_listed_and_all_of_it_on_request(site: Path, open_page: Open) -> None:
    page = open_page(site / PAGE, "runs=r0,r1,long")
    assert page.locator(".compare-table thead a").all_inner_texts() == ["run 0", "run 1", "long run"]
    found = keys(page)
    assert found[:2] == ["lr", "only"]
    assert {"loss", "Name"} < set(found)
    assert "shared" not in found
    row = page.locator(".compare-table tr", has=page.locator("th", has_text="only"))
    assert row.locator("td").all_inner_texts() == ["1", "", EVIL]
    assert "+1" in page.locator(".compare-table tr", has=page.locator("th:text-is('loss')")).inner_text()
    page.get_by_label("Only what differs").uncheck()
    assert "shared" in keys(page)
    assert "diff=0" in page.url
    page.get_by_label("Search keys and values by regular expression").fill("^lr$")
    assert keys(page)[0] == "lr"


def test_curves_of_all_runs_lie_over_each_other(site: Path, open_page: Open) -> None:
    page = open_page(site / PAGE, "runs=r0,r1,r2")
    page.locator("#charts").scroll_into_view_if_needed()
    found = curves(page, "train/loss")
    assert set(found) == {"run 0", "run 1", "run 2"}
    np.testing.assert_allclose(found["run 1"].ys, [2 / (step + 1) for step in range(20)], rtol=1e-6)
    assert len({curve.colour for curve in found.values()}) == 3
    assert set(curves(page, "extra")) == {"run 1"}
    page.get_by_role("button", name="run 1", exact=True).first.click()
    page.wait_for_function("() => runstore.panels.panels[0].chart.drawn.length < 3")
    assert "hide=r1" in page.url


def test_every_setting_of_the_charts_reaches_them(site: Path, open_page: Open) -> None:
    page = open_page(site / PAGE, "runs=r0,r1&smooth=0.5&raw=1&xlog=1&outliers=1&ylog=1")
    curves(page, "train/loss")
    drawn = page.evaluate(
        """() => {
            const { what } = runstore.panels.panels.find(({ metric }) => metric.key === "train/loss").chart;
            return [what.curves.length, what.behind.length, what.log, what.xlog, what.outliers];
        }"""
    )
    assert drawn == [2, 2, True, True, True]


def test_runs_are_taken_out_and_added(site: Path, open_page: Open) -> None:
    page = open_page(site / PAGE, "runs=r0,r1,r2")
    page.get_by_role("button", name="Take out run 1").click()
    expect(page.locator(".run-chip")).to_have_count(2)
    expect(page.locator(".compare-table thead a")).to_have_count(2)
    assert "runs=r0%2Cr2" in page.url
    page.get_by_role("button", name="Add runs…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("run 5").check()
    dialog.get_by_role("button", name="Add").click()
    expect(page.locator(".compare-table thead a")).to_have_count(3)
    assert set(curves(page, "extra")) == {"run 5"}


def test_a_page_without_runs_says_what_to_do_and_unknown_ones_are_named(site: Path, open_page: Open) -> None:
    page = open_page(site / PAGE)
    assert "Choose two or more runs" in page.locator("[data-compare-note]").inner_text()
    assert not page.locator("#differences").is_visible()
    assert not violations(page, ALL)
    page = open_page(site / PAGE, "runs=r0,nobody,..%2F..")
    assert page.locator("[data-compare-note]").inner_text() == (
        "2 runs of this address are not in this project any more. Add another run to see what differs."
    )


def test_the_values_are_downloaded_as_csv(site: Path, open_page: Open) -> None:
    page = open_page(site / PAGE, "runs=r0,r1")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    lines = download.value.path().read_text("utf-8-sig").splitlines()
    assert lines[0] == "section,key,run 0,run 1"
    assert "config,only,1," in lines


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("phone", [False, True])
def test_the_compare_page_is_accessible_and_fits(site: Path, open_page: Open, dark: bool, phone: bool) -> None:
    page = open_page(site / PAGE, "runs=r0,r1,r2,r3,r4,r5,long", dark=dark, phone=phone)
    assert not violations(page, ALL)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_group_says_how_its_runs_spread_and_leads_to_their_comparison(site: Path, open_page: Open) -> None:
    page = open_page(site / "p" / "groups" / "g0" / "index.html")
    page.get_by_text("Runs by job type").click()
    assert page.locator(".group-jobs h2").all_inner_texts() == ["eval 1", "train 3"]
    page.get_by_text("Spread of final values").click()
    cells = page.locator(".final-values tr", has=page.locator("th:text-is('loss')")).locator("td").all_inner_texts()
    assert cells == ["4", "1.625", "1.8", "0", "1.25", "4"]
    page.get_by_text("Configuration: 1 shared, 2 differing").click()
    assert "0.1 ×2" in page.locator(".about").inner_text()
    assert not violations(page, ALL)
    page.get_by_role("link", name="Compare its 4 runs").click()
    page.wait_for_selector("[data-page=compare]")
    page.wait_for_selector(READY)
    assert page.locator(".run-chip").count() == 4


def test_two_versions_of_an_artifact_are_compared(site: Path, open_page: Open) -> None:
    page = open_page(site / "p" / "artifacts" / "model" / "index.html")
    section = page.locator("#compare")
    expect(section.locator("[data-difference]")).to_have_text(
        "1 file added, 1 file removed, 1 file changed, 1 metadata key changed"
    )
    rows = [row.split("\t")[:3] for row in section.locator("tbody tr").all_inner_texts()]
    assert rows == [
        ["file", "changed", "new.npz"],
        ["file", "added", "more.npz"],
        ["file", "removed", "gone.npz"],
        ["metadata", "changed", "epoch"],
    ]
    assert not violations(page, ALL)
    section.get_by_label("To").select_option("v0")
    expect(section.locator("[data-difference]")).to_have_text("No difference")
    assert "from=v0&to=v0" in page.url
