"""Sections and panels put elsewhere, by pointer and by keys, on every page that has charts; a zoom that all share."""

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page

from tests.browser.chromium import Open
from tests.browser.pages import READY, panel, show, violations

EVERY = ("minor", "moderate", "serious", "critical")
PAGES = {
    "group": ("lab/groups/adam-0-1-*/index.html", ""),
    "run": ("lab/runs/adam-fast-0/index.html", ""),
    "compare": ("lab/compare/index.html", "runs=adam-fast-0%2Csgd-slow-1"),
}


def titles(page: Page) -> list[str]:
    """The sections that are shown, from the top."""
    return page.locator(".section-frame:visible > details > summary h2").all_inner_texts()


def keys(page: Page, section: str) -> list[str]:
    """The panels of a section, in their order."""
    found: list[str] = frame(page, section).locator(".panel h3").evaluate_all("all => all.map(({ title }) => title)")
    return found


def frame(page: Page, section: str) -> Locator:
    return page.locator(".section-frame", has=page.locator("summary h2", has_text=section))


def of_section(page: Page, section: str, item: str) -> None:
    page.get_by_role("button", name=f"Menu of section {section}", exact=True).click()
    page.get_by_role("menu").get_by_text(item, exact=True).click()


def of_panel(page: Page, key: str, item: str) -> None:
    page.get_by_role("button", name=f"Panel menu of {key}", exact=True).click()
    page.get_by_role("menu").get_by_text(item, exact=True).click()


def drag(page: Page, grip: Locator, target: Locator, *, low: bool = False) -> None:
    """Drags a grip onto the beginning of something, or onto its end."""
    grip.hover()
    page.mouse.down()
    at = grip.bounding_box()
    assert at is not None
    page.mouse.move(at["x"] + 8, at["y"] + 30, steps=3)
    box = None
    # Near the edge of the window the page scrolls meanwhile.
    while box != (box := target.bounding_box()):
        assert box is not None
        x, y = (box["width"] - 12, box["height"] - 3) if low else (12, 3)
        page.mouse.move(box["x"] + x, box["y"] + y, steps=6)
    page.mouse.up()


def zooms(page: Page) -> list[object]:
    found: list[object] = page.evaluate(
        """() => {
            const { panels } = runstore.workspace?.panels ?? runstore.panels;
            return panels.filter(({ chart }) => chart).map(({ chart }) => chart.zoom);
        }"""
    )
    return found


@pytest.fixture(params=PAGES)
def page(request: pytest.FixtureRequest, lab: Path, open_page: Open) -> Page:
    path, fragment = PAGES[request.param]
    return open_page(next(lab.glob(path)), fragment)


def again(page: Page) -> None:
    """Loads the same address in the same tab."""
    page.reload()
    page.wait_for_selector(READY)


def test_section_is_dragged_before_another_and_reset_puts_it_back(page: Page) -> None:
    assert titles(page) == ["train", "val"]
    drag(page, page.get_by_role("button", name="Move section val"), frame(page, "train"))
    assert titles(page) == ["val", "train"]
    again(page)
    assert titles(page) == ["val", "train"]
    page.get_by_role("button", name="Reset layout").click()
    assert titles(page) == ["train", "val"]
    assert "layout" not in page.url
    assert not page.get_by_role("button", name="Reset layout").is_visible()


def test_section_is_moved_by_the_arrows_on_its_grip(page: Page) -> None:
    page.get_by_role("button", name="Move section train").focus()
    page.keyboard.press("ArrowDown")
    assert titles(page) == ["val", "train"]
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Move section train"
    assert page.get_by_role("status").filter(has_text="train: section 2 of 2").count() == 1
    page.keyboard.press("ArrowUp")
    assert titles(page) == ["train", "val"]


def test_panel_is_dragged_into_another_section(page: Page) -> None:
    drag(page, page.get_by_role("button", name="Move train/loss"), panel(page, "val/accuracy"))
    assert keys(page, "val") == ["train/loss", "val/accuracy"]
    again(page)
    assert keys(page, "val") == ["train/loss", "val/accuracy"]
    assert titles(page) == ["val"]
    page.keyboard.press("Control+z")
    page.get_by_role("button", name="Reset layout").click()
    assert titles(page) == ["train", "val"]


def test_panel_goes_to_the_next_section_and_back_by_keys(page: Page) -> None:
    page.get_by_role("button", name="Move train/loss").focus()
    page.keyboard.press("Alt+ArrowDown")
    assert keys(page, "val") == ["train/loss", "val/accuracy"]
    page.keyboard.press("Control+z")
    assert keys(page, "train") == ["train/loss"]
    assert "layout" not in page.url


def test_menu_of_a_section_renames_sorts_and_gives_columns(page: Page) -> None:
    of_section(page, "val", "Rename…")
    page.get_by_role("dialog").get_by_label("Name").fill("Held out")
    page.get_by_role("dialog").get_by_role("button", name="Rename").click()
    assert titles(page) == ["train", "Held out"]
    of_panel(page, "train/loss", "Move to section…")
    page.get_by_role("menu").get_by_text("Held out", exact=True).click()
    assert set(keys(page, "Held out")) == {"val/accuracy", "train/loss"}
    of_section(page, "Held out", "Sort panels A–Z")
    assert keys(page, "Held out") == ["val/accuracy", "train/loss"]
    of_section(page, "Held out", "Columns…")
    page.get_by_role("menu").get_by_text("1 column", exact=True).click()
    again(page)
    assert keys(page, "Held out") == ["val/accuracy", "train/loss"]
    grid = frame(page, "Held out").locator(".panel-grid")
    assert grid.evaluate("node => getComputedStyle(node).gridTemplateColumns.split(' ').length") == 1


def test_section_and_panel_are_removed_and_brought_back(page: Page) -> None:
    of_section(page, "train", "Remove section")
    assert titles(page) == ["val"]
    of_panel(page, "val/accuracy", "Remove panel")
    assert titles(page) == []
    assert page.get_by_text("Every panel was removed").is_visible()
    page.get_by_role("button", name="Layout", exact=True).click()
    page.get_by_role("menuitem", name="Bring back what was removed (1 section, 1 panel)").click()
    assert titles(page) == ["train", "val"]


def test_new_section_takes_panels_and_gives_them_back_when_removed(page: Page) -> None:
    page.get_by_role("button", name="Layout", exact=True).click()
    page.get_by_role("menuitem", name="New section…").click()
    page.get_by_role("dialog").get_by_label("Name").fill("Best of all")
    page.get_by_role("dialog").get_by_role("button", name="Make").click()
    assert titles(page) == ["Best of all", "train", "val"]
    assert page.get_by_text("No panel is here yet").filter(visible=True).count() == 1
    drag(page, page.get_by_role("button", name="Move val/accuracy"), frame(page, "Best of all"), low=True)
    assert keys(page, "Best of all") == ["val/accuracy"]
    assert violations(page, EVERY) == []
    of_section(page, "Best of all", "Remove section")
    assert titles(page) == ["train", "val"]
    assert "layout" not in page.url


def test_dragging_ends_with_escape_and_changes_nothing(page: Page) -> None:
    page.get_by_role("button", name="Move section val").hover()
    page.mouse.down()
    page.mouse.move(300, 60, steps=3)
    page.keyboard.press("Escape")
    page.mouse.up()
    assert titles(page) == ["train", "val"]
    assert page.locator(".ordering, .dragged, .drop-before, .drop-after").count() == 0


def test_search_without_a_hit_says_so(page: Page) -> None:
    page.get_by_role("searchbox", name="Search charts").fill("nothing-like-it")
    assert page.get_by_text("No chart's name matches “nothing-like-it”").is_visible()
    page.get_by_role("searchbox", name="Search charts").fill("")
    assert titles(page) == ["train", "val"]


def test_a_zoom_by_drag_is_one_in_all_charts_where_that_is_chosen(page: Page) -> None:
    show(page, "val/accuracy")
    show(page, "train/loss")
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_label("Zoom in one chart").check()
    page.keyboard.press("Escape")
    box = panel(page, "train/loss").locator(".plot").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + 62, steps=4)
    page.mouse.up()
    page.wait_for_function("() => location.hash.includes('zoom=')")
    first, second = zooms(page)
    assert first == second
    assert first is not None
    again(page)
    show(page, "val/accuracy")
    show(page, "train/loss")
    assert zooms(page) == [first, first]
    panel(page, "val/accuracy").get_by_role("button", name="Reset zoom").click()
    assert zooms(page) == [None, None]
    assert "zoom" not in page.url


def test_panel_is_added_into_a_section_by_its_menu(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=")
    of_section(page, "val", "Add panel here…")
    page.get_by_role("menuitem", name="Scalar").click()
    page.get_by_role("dialog").get_by_role("button", name="Add", exact=True).click()
    assert len(keys(page, "val")) == 2
    again(page)
    assert len(keys(page, "val")) == 2
    page.get_by_role("button", name="Reset layout").click()
    assert keys(page, "val") == ["val/accuracy"]
