"""One slider for the media and tables of a section, or of the page: the others go to the nearest step they have."""

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page

from tests.browser.chromium import Open
from tests.browser.pages import READY, settle, violations
from tests.media_files import png, stored, table
from tests.sites import build
from tests.stores import write_run, write_store

EVERY = ("minor", "moderate", "serious", "critical")
PICTURE = png(4, 4, lambda x, y: (x * 60, y * 60, 9))
STEPS = {"often": range(13), "seldom": range(0, 13, 5)}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs that logged images at every step and at every fifth, and tables at every fourth."""
    folder = tmp_path_factory.mktemp("steps")
    root = write_store(folder / "experiments")
    for number in range(2):
        name = f"r{number}"
        run = write_run(root, "p", name, history=None)
        rows = []
        for step in range(13):
            row: dict[str, object] = {"_step": step, "loss": 1.0}
            for key, steps in STEPS.items():
                if step in steps:
                    path = f"images/{key}-{step}.png"
                    row[key] = stored(
                        run, "image", path, png(4, 4, lambda x, y: (x * 60, y * 60, 9)), width=4, height=4
                    )
            if step % 4 == 0:
                row["rows"] = table(run, f"t{step}", ["at"], [[step]])
            rows.append(row)
        write_run(root, "p", name, rows, meta={"name": name})
    return build(root, folder / "site")


@pytest.fixture
def page(site: Path, open_page: Open) -> Page:
    page = open_page(site / "p" / "index.html", "group=")
    for key in STEPS:
        at(page, key).locator(".run-media img").first.wait_for()
    return page


def at(page: Page, title: str) -> Locator:
    found = page.locator(".panel", has=page.get_by_role("heading", name=title, exact=True))
    found.scroll_into_view_if_needed()
    return found


def go(page: Page, title: str, step: int) -> None:
    number = at(page, title).get_by_role("spinbutton")
    number.fill(str(step))
    number.press("Enter")
    settle(page)


def step(page: Page, title: str) -> str:
    found = at(page, title)
    found.locator(".run-media img").first.wait_for()
    return found.locator(".run-media .soft").first.inner_text()


def choose(page: Page, button: str, item: str) -> None:
    page.get_by_role("button", name=button, exact=True).click()
    page.get_by_role("menuitemcheckbox", name=item, exact=True).click()
    settle(page)


def test_each_panel_has_its_own_step_until_its_section_shares_one(page: Page) -> None:
    go(page, "often", 3)
    assert (step(page, "often"), step(page, "seldom")) == ("step 3", "step 10")
    choose(page, "Menu of section Media", "One step for all its panels")
    assert (step(page, "often"), step(page, "seldom")) == ("step 12", "step 10")
    go(page, "often", 8)
    assert (step(page, "often"), step(page, "seldom")) == ("step 8", "step 10")
    go(page, "seldom", 5)
    assert (step(page, "often"), step(page, "seldom")) == ("step 5", "step 5")
    assert violations(page, EVERY) == []
    page.reload()
    page.wait_for_selector(READY)
    assert (step(page, "often"), step(page, "seldom")) == ("step 5", "step 5")
    page.keyboard.press("Control+z")
    choose(page, "Panel menu of media: seldom", "One step for its whole section")
    assert (step(page, "often"), step(page, "seldom")) == ("step 3", "step 10")


def test_others_follow_while_the_slider_is_dragged(page: Page) -> None:
    choose(page, "Menu of section Media", "One step for all its panels")
    slider = at(page, "often").get_by_role("slider")
    slider.evaluate("node => { node.value = '4'; node.dispatchEvent(new Event('input', { bubbles: true })); }")
    page.wait_for_function(
        """() => {
            const said = [...document.querySelectorAll('.run-media .soft')].map(({ textContent }) => textContent);
            return said.join() === 'step 4,step 4,step 5,step 5';
        }"""
    )


def test_one_step_leads_the_tables_of_the_page_too(page: Page) -> None:
    choose(page, "Layout", "One step for all media and tables")
    go(page, "often", 7)
    assert step(page, "seldom") == "step 5"
    rows = at(page, "rows")
    rows.locator(".grid-body .grid-row").first.wait_for()
    assert rows.get_by_role("spinbutton").input_value() == "8"
    go(page, "rows", 4)
    assert (step(page, "often"), step(page, "seldom")) == ("step 4", "step 5")
    # In a field the key is the field's own.
    at(page, "rows").get_by_role("heading").click()
    page.keyboard.press("Control+z")
    settle(page)
    assert step(page, "often") == "step 7"
    choose(page, "Layout", "One step for all media and tables")
    assert (step(page, "often"), step(page, "seldom")) == ("step 12", "step 10")
