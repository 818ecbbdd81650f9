"""The front page and the pages of groups; what is wrong in a store; text that wants to be more."""

from pathlib import Path

import pytest

from tests.browser.chromium import Open
from tests.browser.pages import curves, names, violations
from tests.browser.stores import write_hostile
from tests.browser.test_opening import PAGES, page_path
from tests.sites import build
from tests.stores import curve, write_run, write_store


def test_front_page_has_a_card_a_project_with_runs_by_state_and_groups(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "index.html")
    card = page.locator(".card", has_text="lab")
    text = card.inner_text()
    assert "24 finished" in text
    assert "1 failed" in text
    assert "Groups\n6" in text
    assert card.locator("time").count() == 1


def test_group_page_keeps_to_its_runs(lab: Path, open_page: Open) -> None:
    page = open_page(page_path(lab, "lab/groups/adam-0-1-%/index.html"), "group=")
    assert set(names(page)) == {f"adam fast {fold}" for fold in range(4)}
    assert set(curves(page, "train/loss")) == {f"adam fast {fold}" for fold in range(4)}
    facts = page.locator(".about").inner_text()
    assert "3 train" in facts
    assert "1 eval" in facts


def test_group_page_opens_with_a_mean_line_for_each_job_type_and_its_runs_behind(lab: Path, open_page: Open) -> None:
    page = open_page(page_path(lab, "lab/groups/adam-0-1-%/index.html"))
    lines = curves(page, "train/loss")
    assert {"train", "eval"} <= set(lines)
    assert max(lines["train"].n or ()) == 3
    assert set(names(page)) == {"train", "eval", *(f"adam fast {fold}" for fold in range(4))}
    page.locator("[data-ungroup]").click()
    assert set(names(page)) == {f"adam fast {fold}" for fold in range(4)}


def test_problems_of_a_store_are_on_its_pages_and_hide_nothing(tmp_path: Path, open_page: Open) -> None:
    root = write_store(tmp_path / "experiments")
    write_run(root, "p", "good", curve(5))
    write_run(root, "p", "bad", b'{"loss":1}\n{broken\n{"loss":2}\n', config="a: [")
    site = build(root, tmp_path / "site")
    page = open_page(site / "p" / "index.html")
    page.locator(".problems summary").click()
    text = page.locator(".problems ul").inner_text()
    assert "history.jsonl, line 2" in text
    assert "config.yaml" in text
    assert set(curves(page, "loss")) == {"good", "bad"}
    assert "2 problems" in open_page(site / "index.html").locator(".problems summary").inner_text()


@pytest.mark.parametrize(
    "name", ["index.html", "hostile/index.html", "hostile/runs/r0/index.html", "hostile/runs/r3/index.html"]
)
def test_hostile_text_is_shown_as_text(tmp_path: Path, open_page: Open, name: str) -> None:
    site = build(write_hostile(tmp_path / "experiments"), tmp_path / "site")
    page = open_page(site / name)
    assert page.title() != "owned"
    assert page.locator("img").count() == 0
    assert "</script>" in page.locator("body").inner_text()


def test_hostile_keys_make_charts_columns_and_groups(tmp_path: Path, open_page: Open) -> None:
    site = build(write_hostile(tmp_path / "experiments"), tmp_path / "site")
    page = open_page(site / "hostile" / "index.html", "group=config.__proto__")
    assert page.locator(".panel").count() == 6
    assert len(curves(page, "__proto__")) == 6
    assert len(curves(page, "constructor")) == 6
    assert page.locator(".group-row").count() == 6


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_axe_finds_nothing_serious(lab: Path, open_page: Open, name: str, dark: bool, phone: bool) -> None:
    page = open_page(page_path(lab, name), dark=dark, phone=phone)
    assert violations(page, ("minor", "moderate", "serious", "critical")) == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_serious_in_the_table_on_a_phone_and_the_open_column_list(
    lab: Path, open_page: Open, dark: bool
) -> None:
    page = open_page(lab / "lab" / "index.html", "group=", dark=dark, phone=True)
    page.get_by_role("button", name="Runs", exact=True).click()
    page.get_by_role("button", name="Columns").click()
    assert violations(page) == []


def test_theme_follows_the_system_until_somebody_chooses(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "index.html", dark=True)
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.get_by_role("button", name="Switch between light and dark").click()
    assert page.locator("html").get_attribute("data-theme") == "light"
    page.reload()
    page.wait_for_selector("html[data-ready=true]")
    assert page.locator("html").get_attribute("data-theme") == "light"
