"""Pages of MkDocs in real Chromium: panels are drawn and look as they should, and the theme's own things stay whole."""

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.chromium import Open
from tests.sites import hosted

SHOWN = ".runstore .panel canvas, .runstore .panel svg.marks, .runstore .panel .comparer"


def page_of(site: Path, name: str) -> Path:
    """A page of a site with addresses of either kind."""
    flat = site / f"{name}.html"
    return flat if flat.is_file() else site / name / "index.html"


def panels(page: Page) -> int:
    page.wait_for_selector(SHOWN)
    return page.locator(".runstore .panel").count()


def luminance(page: Page, selector: str) -> float:
    colour = "each => getComputedStyle(each).backgroundColor.match(/[\\d.]+/g).slice(0, 3).map(Number)"
    parts: list[float] = page.locator(selector).first.evaluate(colour)
    return sum(parts) / 765


def test_panels_tables_values_and_claims_stand_on_the_page(home: Page) -> None:
    assert panels(home) == 2
    assert home.locator("h1").filter(has_text="Best: 0.95").count() == 1
    assert home.get_by_text("onerror=alert(1)").count() >= 2
    assert home.locator("img[src='x']").count() == 0
    assert home.locator(".claim-holds em").inner_text() == "nearly"
    assert home.locator(".runstore .report-table").count() == 2
    assert "0.92" in home.locator("#tab-all .report-table td").first.inner_text()
    assert home.locator("pre", has_text="type: line").count() == 1
    assert home.locator(".runstore figcaption").first.inner_text().startswith("Figure 1. Curves for 6 runs")
    assert luminance(home, ".runstore .panel") > 0.9


def test_a_page_in_a_folder_below_a_sub_path_is_drawn(site: Path, open_page: Open, tmp_path: Path) -> None:
    shutil.copytree(site, tmp_path / "sub" / "path")
    with hosted(tmp_path) as address:
        relative = page_of(site, "a b/deep").relative_to(site).as_posix().removesuffix("index.html")
        page = open_page(f"{address}/sub/path/{relative.replace(' ', '%20')}")
        assert panels(page) == 1
        link = page.locator(".comparer thead a").first.get_attribute("href") or ""
        assert page.request.get(page.evaluate("address => new URL(address, location.href).href", link)).ok


def test_the_theme_looks_as_it_does_without_us(home: Page) -> None:
    """What is not ours has no style of ours, and what is ours none of the theme's."""
    panels(home)
    looks = """() => [...document.querySelectorAll('h1, body > *, nav, p, a, table, code')]
        .filter((each) => !each.closest('.runstore')).slice(0, 200)
        .map((each) => {
            const { color, font, margin, border, display } = getComputedStyle(each);
            return [color, font, margin, border, display].join('|');
        })"""
    ours = home.evaluate(looks)
    home.evaluate("document.querySelectorAll('link[href*=\"embed.css\"]').forEach((each) => each.remove())")
    assert home.evaluate(looks) == ours


@pytest.mark.parametrize("site", ["material"], indirect=True)
def test_the_switch_of_material_turns_panels_too(site: Path, open_page: Open) -> None:
    page = open_page(site / "index.html")
    panels(page)
    page.locator("label[title=dark]").click()
    page.wait_for_selector("html[data-theme=dark]")
    assert luminance(page, ".runstore .panel") < 0.3
    page.locator("label[title=light]").click()
    page.wait_for_selector("html[data-theme=light]")


@pytest.mark.parametrize("site", ["material"], indirect=True)
def test_pages_that_material_swaps_without_loading_them_are_drawn(site: Path, open_page: Open, tmp_path: Path) -> None:
    shutil.copytree(site, tmp_path / "sub" / "path")
    sitemap = tmp_path / "sub" / "path" / "sitemap.xml"
    with hosted(tmp_path) as address:
        # The pages that Material swaps are those of the sitemap.
        sitemap.write_text(sitemap.read_text().replace("https://example.org", address))
        page = open_page(f"{address}/sub/path/")
        panels(page)
        page.evaluate("window.stayed = true")
        page.get_by_role("link", name="another page").click()
        page.wait_for_selector(".runstore .comparer")
        assert page.evaluate("window.stayed") is True
        assert page.evaluate("runstore.report.grids().length") == 1
        page.go_back()
        page.wait_for_selector("#fig-curves canvas")
        assert panels(page) == 2


def test_a_menu_and_a_dialog_look_like_ours(home: Page) -> None:
    panels(home)
    home.locator(".runstore .panel .icon-button").last.click()
    menu = home.locator(".runstore .menu")
    assert menu.is_visible()
    assert luminance(home, ".runstore .menu") > 0.9
    home.keyboard.press("Escape")
    home.locator(".runstore .panel .icon-button").last.click()
    home.get_by_role("menuitem", name="Full screen").click()
    assert home.locator(".runstore dialog[open]").count() == 1
