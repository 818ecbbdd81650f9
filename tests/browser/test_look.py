"""What makes pages good to read: room that is used, where one is, and a project's facts."""

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.chromium import Open
from tests.browser.pages import violations
from tests.sites import build
from tests.stores import START, write_run, write_store

IMPACTS = ("minor", "moderate", "serious", "critical")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_store(tmp_path_factory.mktemp("look") / "experiments")
    for project, keys in (("few", ("train/loss", "val/loss")), ("many", ("loss", "acc", "lr"))):
        for at, user in enumerate(("ada", "ben", "ada")):
            rows = [dict.fromkeys(keys, step) | {"_step": step, "_timestamp": START + step} for step in range(4)]
            patch = "".join(f"diff --git a/{n}.py b/{n}.py\n@@ -1 +1 @@\n-a\n+b\n" for n in range(20 * at + 3))
            files = {"provenance.json": {"user": user, "git": {"commit": "0" * 40}}, "changes.patch": patch.encode()}
            state = {"state": "finished", "finished": "2026-09-21T14:15:20Z"}
            meta = {"group": "g", "created": "2026-09-21T14:13:20Z"}
            write_run(root, project, f"r{at}", rows, config={"lr": at}, meta=meta, state=state, files=files)
    return build(root, root.parent / "site")


def columns(page: Page) -> int:
    count: int = page.locator(".panel-grid:visible").last.evaluate(
        "grid => getComputedStyle(grid).gridTemplateColumns.split(' ').length"
    )
    return count


def test_a_card_and_the_workspace_tell_compute_and_contributors(site: Path, open_page: Open) -> None:
    page = open_page(site / "index.html")
    for text in (page.locator(".card").first.inner_text(), open_page(site / "few" / "index.html").inner_text(".about")):
        told = " ".join(text.split())
        assert "Contributors ada, ben" in told
        assert "Compute 6m 0s" in told


def test_one_or_two_panels_a_section_share_the_width(site: Path, open_page: Open) -> None:
    assert columns(open_page(site / "few" / "index.html")) == 2
    assert columns(open_page(site / "many" / "index.html")) == 3


def test_a_phone_shows_a_chart_without_scrolling_far(site: Path, open_page: Open) -> None:
    page = open_page(site / "few" / "index.html", phone=True)
    box = page.locator(".panel").first.bounding_box()
    assert box is not None
    assert box["y"] < 450


def test_the_address_of_a_part_leads_to_it_and_its_link_is_marked(site: Path, open_page: Open) -> None:
    page = open_page(site / "few" / "runs" / "r0" / "index.html", "code")
    current = page.locator(".sections a[aria-current]")
    page.wait_for_function("() => document.querySelector('.sections a[aria-current]') !== null")
    assert page.locator("#code").evaluate("part => part.getBoundingClientRect().top < innerHeight")
    page.locator(".sections").get_by_role("link", name="Config", exact=True).click()
    assert current.all_inner_texts() == ["Config"]


def test_a_patch_of_many_files_begins_folded_and_old_lines_stand_left_of_new_ones(site: Path, open_page: Open) -> None:
    page = open_page(site / "few" / "runs" / "r0" / "index.html")
    assert page.locator("#patch details[open]").count() == 3
    line = page.locator(".patch-add").first
    old, new = (
        line.evaluate("(line, which) => Number(getComputedStyle(line, which).order)", f"::{at}")
        for at in ("before", "after")
    )
    assert old < new
    page = open_page(site / "few" / "runs" / "r2" / "index.html")
    assert page.locator("#patch details").count() == 43
    assert page.locator("#patch details[open]").count() == 0


@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing(site: Path, open_page: Open, dark: bool) -> None:
    for path in ("few/groups/g/index.html", "few/runs/r0/index.html"):
        assert violations(open_page(site / path, dark=dark), IMPACTS) == [], path
