"""The front page: cards, and a search through the whole store, by pointer and by keyboard."""

from pathlib import Path

import pytest

from tests.browser.chromium import Open
from tests.browser.pages import violations
from tests.sites import build
from tests.stores import START, curve, write_file, write_run, write_store

IMPACTS = ("minor", "moderate", "serious", "critical")


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_store(tmp_path_factory.mktemp("front") / "experiments", "entity: Vision lab\n")
    for at in range(40):
        rows = [{"val/accuracy": step / 10 + at / 1000, "_step": step, "_timestamp": START + step} for step in range(6)]
        meta = {"name": f"vit-{at}", "group": f"fold {at % 5}", "tags": ["baseline"] if at % 2 else ["ablation"]}
        summary = {"summary.json": {"val/accuracy": 0.5 + at / 1000}}
        write_run(root, "vision", f"r{at:02}", rows, meta=meta, state={"state": "finished"}, files=summary)
    write_run(root, "speech", "wav", curve(3), meta={"name": "<img src=x onerror=alert(1)> vit", "tags": ["</script>"]})
    write_file(root / "vision" / "project.yaml", "title: Seeing\ndescription: What machines see\n")
    return build(root, root.parent / "site") / "index.html"


def test_a_card_shows_the_best_run_over_the_range_of_all(front: Path, open_page: Open) -> None:
    page = open_page(front)
    card = page.locator(".card", has_text="Seeing")
    assert "highest val/accuracy 0.539" in " ".join(card.inner_text().split())
    for path in ("line", "band"):
        box = card.locator(f".spark-{path}").bounding_box()
        assert box is not None
        assert box["width"] > 100
    assert "Groups" in card.inner_text()


def test_the_search_finds_projects_runs_groups_and_tags(front: Path, open_page: Open) -> None:
    page = open_page(front)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    assert not [url for url in asked if "finder" in url]
    page.get_by_role("searchbox").fill("^vit-1$|fold 3|base")
    page.locator(".found section").first.wait_for()
    assert [url for url in asked if "finder" in url]
    titles = page.locator(".found h2").all_inner_texts()
    assert [title.split("\n")[0].rstrip("0123456789") for title in titles] == ["Runs", "Groups", "Tags"]
    assert page.locator(".found a", has_text="fold 3").first.is_visible()
    assert page.locator(".card:visible").count() == 0
    assert "search=" in page.evaluate("location.hash")
    page.get_by_role("searchbox").fill("seeing")
    assert page.locator(".card:visible").count() == 1


def test_every_kind_of_result_leads_to_its_page(front: Path, open_page: Open) -> None:
    for wanted, label, heading in (
        ("vit-7$", "vit-7", "vit-7"),
        ("fold 2", "fold 2", "fold 2"),
        ("ablation", "ablation", "vision"),
    ):
        page = open_page(front, f"search={wanted}")
        page.locator(".found a", has_text=label).last.click()
        page.wait_for_selector("html[data-ready=true] h1")
        assert heading in page.locator("h1").first.inner_text()
        page.close()


def test_the_keyboard_reaches_everything(front: Path, open_page: Open) -> None:
    page = open_page(front)
    page.keyboard.press("/")
    page.keyboard.type("vit-3")
    page.locator(".found a").first.wait_for()
    page.keyboard.press("ArrowDown")
    first = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.textContent") == first
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.matches('[data-search]')")
    page.keyboard.press("Escape")
    assert page.get_by_role("searchbox").input_value() == ""
    assert page.locator(".card:visible").count() == 2
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-page=workspace]")


def test_untrusted_names_are_text(front: Path, open_page: Open) -> None:
    page = open_page(front, "search=onerror")
    assert page.locator(".found a").first.inner_text() == "<img src=x onerror=alert(1)> vit"
    assert page.locator(".found img").count() == 0


def test_what_is_no_regular_expression_is_looked_for_as_it_stands(front: Path, open_page: Open) -> None:
    page = open_page(front, "search=(vit")
    page.get_by_text("not a regular expression").wait_for()
    assert page.get_by_text("Nothing matches.").is_visible()


def test_cards_stand_in_the_order_that_is_chosen_and_linked(front: Path, open_page: Open) -> None:
    page = open_page(front)
    page.get_by_label("Sort by").select_option("name")
    assert page.locator(".card h2").all_inner_texts() == ["Seeing", "speech"]
    assert page.evaluate("location.hash") == "#sort=name"
    again = open_page(front, "sort=runs")
    assert again.locator(".card h2").all_inner_texts() == ["Seeing", "speech"]


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("fragment", ["", "search=vit"])
def test_it_is_accessible(front: Path, open_page: Open, dark: bool, fragment: str) -> None:
    page = open_page(front, fragment, dark=dark)
    assert violations(page, IMPACTS) == []


def test_it_fits_a_phone(front: Path, open_page: Open) -> None:
    page = open_page(front, "search=vit", phone=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
