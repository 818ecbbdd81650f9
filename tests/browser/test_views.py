"""Named views: tabs over the workspace, one that it opens with, and what to write to save another."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from runstore.format import yaml12
from tests.browser.chromium import Open
from tests.browser.pages import settle, violations
from tests.browser.stores import write_lab
from tests.sites import build
from tests.stores import write_file

EVERY_IMPACT = ("minor", "moderate", "serious", "critical")
VIEWS = [
    {"name": "Adam", "fragment": "group=&filter=config.optimizer%20%3D%20'adam'", "default": True},
    {"name": "<b>Slow</b> & co", "fragment": "group=config.lr&filter=config.lr%20%3C%200.05&sort=name"},
]


@pytest.fixture(scope="module")
def viewed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of the lab with two views, the first the default."""
    folder = tmp_path_factory.mktemp("viewed")
    root = write_lab(folder / "experiments")
    write_file(root / "lab" / "project.yaml", yaml12.dump({"views": VIEWS}))
    return build(root, folder / "site")


def current(page: Page) -> str:
    return page.locator(".views [aria-current]").inner_text()


def test_the_page_opens_with_the_default_view(viewed: Path, open_page: Open) -> None:
    page = open_page(viewed / "lab" / "index.html")
    assert page.locator("[data-status]").inner_text().startswith("8 of 25 runs")
    assert current(page) == "Adam"
    assert page.url.endswith("view=Adam")


def test_an_address_with_a_view_of_its_own_is_not_overruled(viewed: Path, open_page: Open) -> None:
    page = open_page(viewed / "lab" / "index.html", "group=&search=lion")
    assert page.locator("[data-status]").inner_text().startswith("8 of 25 runs")
    assert current(page) == "Workspace"


def test_tabs_lead_from_view_to_view(viewed: Path, open_page: Open) -> None:
    page = open_page(viewed / "lab" / "index.html")
    assert page.locator(".views a").all_inner_texts() == ["Workspace", "Adam", "<b>Slow</b> & co"]
    page.get_by_role("link", name="<b>Slow</b> & co").click()
    expect(page.locator("[data-status]")).to_contain_text("12 of 25 runs")
    settle(page)
    assert current(page) == "<b>Slow</b> & co"
    assert page.locator("[data-view=group]").input_value() == "config.lr"
    page.get_by_role("link", name="Workspace").click()
    expect(page.locator("[data-status]")).to_contain_text("25 runs")
    settle(page)
    page.reload()
    page.wait_for_selector("html[data-ready=true]")
    assert current(page) == "Workspace"
    assert page.locator("[data-status]").inner_text().startswith("25 runs")


def test_saving_offers_a_command_and_yaml(viewed: Path, open_page: Open) -> None:
    page = open_page(viewed / "lab" / "index.html", "group=config.lr&search=it's")
    page.get_by_role("button", name="Save view").click()
    page.get_by_role("textbox", name="Name").fill('My "best" it\'s')
    page.get_by_label("Open the page with it").check()
    values = yaml12.load(page.get_by_label("or add this to project.yaml").input_value())
    (view,) = values["views"]
    assert view == {"name": 'My "best" it\'s', "fragment": view["fragment"], "default": True}
    assert view["fragment"].startswith("group=config.lr&search=it")
    assert view["fragment"].endswith("x=_step")
    command = page.get_by_label("Run this where the store is").input_value()
    assert command.startswith("runstore view save 'My \"best\" it'\\''s' '#group=config.lr&search=it")
    assert command.endswith("--project 'lab' --default")
    assert violations(page, EVERY_IMPACT) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Save this view")).to_have_count(0)


def test_a_view_that_is_saved_again_keeps_its_name(viewed: Path, open_page: Open) -> None:
    page = open_page(viewed / "lab" / "index.html")
    page.get_by_label("Search runs by regular expression").fill("fast")
    settle(page)
    page.get_by_role("button", name="Save view").click()
    assert page.get_by_role("textbox", name="Name").input_value() == "Adam"
    assert page.get_by_label("Open the page with it").is_checked()
    command = page.get_by_label("Run this where the store is").input_value()
    assert "search=fast" in command
    assert "view=" not in command


def test_a_project_without_views_has_no_tabs(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html")
    assert page.locator(".views").is_hidden()
    page.get_by_role("button", name="Save view").click()
    assert "plain workspace" in page.get_by_role("dialog").inner_text()


@pytest.mark.parametrize("options", [{}, {"dark": True}, {"phone": True}])
def test_tabs_are_accessible_and_fit(viewed: Path, open_page: Open, options: dict[str, bool]) -> None:
    page = open_page(viewed / "lab" / "index.html", **options)
    assert violations(page, EVERY_IMPACT) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def offered(page: Page) -> str:
    """The fragment of the view that the page offers to save."""
    page.get_by_role("button", name="Save view").click()
    values = yaml12.load(page.get_by_label("or add this to project.yaml").input_value())
    page.keyboard.press("Escape")
    fragment: str = values["views"][0]["fragment"]
    return fragment


def test_a_view_holds_the_group_that_it_was_saved_with_whatever_the_page_begins_with(
    viewed: Path, open_page: Open
) -> None:
    page = open_page(viewed / "lab" / "index.html", "sort=name")
    assert page.locator("[data-view=group]").input_value() == "group"
    assert offered(page) == "group=group&sort=name&x=_step"
    page.locator("[data-ungroup]").click()
    settle(page)
    assert offered(page) == "group=&sort=name&x=_step"
    ungrouped = open_page(viewed / "lab" / "index.html", "group=&sort=name&x=_step")
    assert ungrouped.locator("[data-view=group]").input_value() == ""


def test_what_is_plain_cannot_be_saved(viewed: Path, open_page: Open) -> None:
    page = open_page(viewed / "lab" / "index.html", "view=-")
    page.get_by_role("button", name="Save view").click()
    expect(page.get_by_role("dialog", name="Save this view")).to_contain_text("This is the plain workspace")
