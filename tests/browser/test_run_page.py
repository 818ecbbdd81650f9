"""The page of a run says everything that the run's files say."""

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page

from tests.browser.chromium import Open
from tests.browser.pages import curves, ink


@pytest.fixture
def showcase(lab: Path, open_page: Open) -> Page:
    return open_page(lab / "lab" / "runs" / "showcase" / "index.html")


def field(page: Page, label: str) -> str:
    return page.locator(".overview > div", has=page.locator(f"dt:text-is('{label}')")).locator("dd").inner_text()


@pytest.mark.parametrize(("label", "value"), [
    ("State", "failed"), ("Author", "ada"), ("Description", "Line one\nline *two*"), ("Tags", "first second"),
    ("Runtime", "3m 20s"), ("Run path", "lab/showcase"), ("Exit code", "3"), ("Command", "train.py --name 'two words'"),
    ("Git repository", "https://example.org/team/code.git"), ("Host name", "node7"), ("OS", "Linux-6.1"),
    ("Git state", "0123456789abcdef0123456789abcdef01234567 on main, with uncommitted changes"),
    ("Python version", "3.11.7"), ("Python executable", "/usr/bin/python3"), ("Runstore version", "0.1.0"),
    ("System hardware", "Fast CPU, 8 cores (16 threads), 32 GB memory, NVIDIA H100"), ("Steps", "8 (9 rows)"),
])  # fmt: skip
def test_overview_has_the_field(showcase: Page, label: str, value: str) -> None:
    assert field(showcase, label) == value


def test_password_in_a_git_remote_is_nowhere_on_the_page(lab: Path) -> None:
    for path in lab.rglob("*"):
        assert not path.is_file() or b"secret" not in path.read_bytes(), path


def test_config_and_summary_are_listed_with_dotted_keys_and_searched(showcase: Page) -> None:
    assert showcase.locator("#config-list").inner_text().split("\n") == ["optimizer", "none", "nested.deep.er", "[1,2]"]
    assert "best.accuracy" in showcase.locator("#summary-list").inner_text()
    showcase.get_by_label("Search the config by regular expression").fill("^nested")
    assert showcase.locator("#config-list > div:visible").count() == 1


def test_charts_show_each_metric_over_every_axis(showcase: Page) -> None:
    np.testing.assert_allclose(
        curves(showcase, "train/loss")["loss"].ys, [1 / (step + 1) for step in range(8)], rtol=1e-6
    )
    showcase.get_by_label("X axis").select_option(label="Relative time")
    showcase.get_by_label("Smoothing").fill("0.5")
    assert ink(showcase, "train/loss") > 500
    assert "x=_runtime" in showcase.url


def test_logged_table_is_shown_as_text(showcase: Page) -> None:
    showcase.locator("#tables").scroll_into_view_if_needed()
    showcase.wait_for_selector(".logged-table .grid-body .grid-row")
    assert showcase.locator(".logged-table .sort").all_inner_texts() == ["actual", "predicted", "count"]
    assert showcase.locator(".logged-table .grid-row[data-key=r1] .grid-cell").all_inner_texts() == [
        "2",
        "cat",
        "<i>dog</i>",
        "1",
    ]


def test_log_has_numbers_and_no_escapes(showcase: Page) -> None:
    showcase.locator("#log").scroll_into_view_if_needed()
    showcase.locator(".log-line .ink-2").wait_for()
    lines = showcase.locator(".log-view .line").all_inner_texts()
    assert lines == ["epoch 1", "epoch 2 done", "progress 100%", "<b>not bold</b>"]
    numbers = showcase.locator(".log-view .line-number").all()
    assert [cell.get_attribute("data-line") for cell in numbers] == ["1", "2", "3", "4"]


def test_log_and_patch_can_be_downloaded_as_they_are(lab: Path, served: str, open_page: Open) -> None:
    showcase = open_page(f"{served}lab/runs/showcase/index.html")
    for section, name in (("#log", "output.log.txt"), ("#patch", "changes.patch.txt")):
        with showcase.expect_download() as download:
            showcase.locator(section).get_by_role("link", name="Download").click()
        assert download.value.path().read_bytes() == (lab / "lab" / "runs" / "showcase" / name).read_bytes()


def test_patch_shows_what_was_added_and_removed(showcase: Page) -> None:
    assert showcase.locator(".patch-add").all_inner_texts() == ["+lr = 2 # <i>faster</i>"]
    assert showcase.locator(".patch-del").all_inner_texts() == ["-lr = 1"]


def test_neighbours_lead_through_the_project(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "runs" / "adam-fast-1" / "index.html")
    page.get_by_role("link", name="Newer").click()
    page.wait_for_selector("html[data-ready=true]")
    assert "adam fast 2" in page.locator("h1").inner_text()


def test_run_links_to_its_group(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "runs" / "adam-fast-1" / "index.html")
    page.get_by_role("link", name="adam 0.1").click()
    page.wait_for_selector("html[data-ready=true]")
    assert page.locator("[data-status]").inner_text() == "4 runs · 2 groups"
