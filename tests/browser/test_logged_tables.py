"""Logged tables on a run's page: what is sorted, filtered, grouped and counted there is what the rows say."""

import csv
import io
import math
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from playwright.sync_api import Locator, Page

from tests.browser.chromium import Open
from tests.browser.logged_store import write_logged
from tests.browser.pages import violations
from tests.media_files import table
from tests.sites import build
from tests.stores import write_run

MIXED: list[list[Any]] = [
    [1, "b", 0.5, True, None],
    [2, "a", "NaN", False, "x"],
    [3, None, "Infinity", True, 7],
    [4, "a", -2.0, True, "=1+1"],
    [5, "c, d", 1e308, None, 'say "so"'],
    [6, "a", -1e308, False, "10"],
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("logged")
    root = write_logged(folder / "experiments")
    run = write_run(root, "mixed", "one", history=None)
    values = {
        "odd": table(run, "odd", ["id", "word", "value", "flag", "any"], MIXED),
        "none": table(run, "n", ["a"], []),
    }
    write_run(root, "mixed", "one", [{"_step": 0, **values}])
    return build(root, folder / "site")


@pytest.fixture
def odd(site: Path, open_page: Open) -> Locator:
    return opened(open_page(site / "mixed" / "runs" / "one" / "index.html"), "odd")


@pytest.fixture
def long(site: Path, open_page: Open) -> Locator:
    return opened(open_page(site / "long" / "runs" / "one" / "index.html"), "all")


def opened(page: Page, key: str) -> Locator:
    found = page.locator(f'.panel[data-key="{key}"]')
    found.scroll_into_view_if_needed()
    found.locator(".grid-body .grid-row").first.wait_for()
    return found


def column(found: Locator, at: int) -> list[str]:
    """What stands in a column, from the top."""
    rows = found.locator(".grid-body .grid-row")
    placed = [(row.bounding_box() or {"y": 0})["y"] for row in rows.all()]
    texts = [row.locator(f"[data-column=c{at}]").inner_text() for row in rows.all()]
    return [text for _, text in sorted(zip(placed, texts, strict=True))]


def sort_by(found: Locator, name: str) -> None:
    found.locator(".grid-head .sort", has_text=name).first.click()


def status(found: Locator) -> str:
    return found.locator(".table-tools [role=status]").inner_text()


def test_columns_sort_both_ways_and_back_with_nothing_last(odd: Locator) -> None:
    assert column(odd, 0) == ["1", "2", "3", "4", "5", "6"]
    sort_by(odd, "value")
    assert column(odd, 0) == ["6", "4", "1", "5", "3", "2"]
    sort_by(odd, "value")
    assert column(odd, 0) == ["2", "3", "5", "1", "4", "6"]
    sort_by(odd, "value")
    assert column(odd, 0) == ["1", "2", "3", "4", "5", "6"]
    sort_by(odd, "word")
    assert column(odd, 1) == ["a", "a", "a", "b", "c, d", ""]


def test_second_column_decides_among_equals(odd: Locator) -> None:
    sort_by(odd, "word")
    odd.locator(".grid-head .sort", has_text="id").click(modifiers=["Shift"])
    odd.locator(".grid-head .sort", has_text="id").click(modifiers=["Shift"])
    assert column(odd, 0) == ["6", "4", "2", "1", "5", "3"]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("value > 0", ["1", "3", "5"]),
        ("value <= 0.5 and flag = true", ["1", "4"]),
        ("word = a and id != 4", ["2", "6"]),
        ('word = "c, d"', ["5"]),
        ("value = NaN", ["2"]),
        ("value != NaN and value < 0", ["4", "6"]),
        ("word ~ ^[ab]$", ["1", "2", "4", "6"]),
        ("^a$", ["2", "4", "6"]),
        ("say", ["5"]),
        ("nothing = like it", []),
    ],
)
def test_filter_reads_conditions_and_regular_expressions(odd: Locator, text: str, ids: list[str]) -> None:
    odd.get_by_label("Filter the rows").fill(text)
    said = f"{len(ids)} of 6 rows"
    odd.locator("[role=status]", has_text=said).wait_for()
    assert column(odd, 0) == ids


def test_heads_say_how_values_are_spread(odd: Locator) -> None:
    heads = odd.locator(".column-spread")
    assert heads.nth(1).get_attribute("title") == "a: 3\nb: 1\nc, d: 1\n1 empty"
    value = heads.nth(2).get_attribute("title") or ""
    assert value.split("\n")[1:] == ["-1e308 to 1e308", "n=4", "2 not finite"]
    assert heads.nth(0).locator("rect").count() == 6
    assert "6" in (heads.nth(0).get_attribute("title") or "")


def test_download_holds_the_rows_that_match_in_their_order(odd: Locator) -> None:
    odd.get_by_label("Filter the rows").fill("id >= 4")
    odd.locator("[role=status]", has_text="3 of 6 rows").wait_for()
    sort_by(odd, "value")
    with odd.page.expect_download() as download:
        odd.get_by_role("button", name="Download CSV").click()
    found = list(csv.reader(io.StringIO(download.value.path().read_text(encoding="utf-8-sig"))))
    assert found == [
        ["id", "word", "value", "flag", "any"],
        ["6", "a", "-1e+308", "false", "10"],
        ["4", "a", "-2", "true", "'=1+1"],
        ["5", "c, d", "1e+308", "", 'say "so"'],
    ]


def test_whole_row_opens_with_its_neighbours(odd: Locator) -> None:
    odd.get_by_role("button", name="Row 5, whole").click()
    dialog = odd.page.get_by_role("dialog", name="Row 5 of odd")
    assert 'say "so"' in dialog.inner_text()
    dialog.get_by_role("button", name="Next").click()
    odd.page.get_by_role("dialog", name="Row 6 of odd").wait_for()
    odd.page.keyboard.press("Escape")
    assert odd.page.get_by_role("dialog").count() == 0


def frame() -> pl.DataFrame:
    return pl.DataFrame(
        [{"id": row, "word": f"word {row % 50}", "x0": math.sin(row), "x5": math.sin(row * 6)} for row in range(10_000)]
    )


def test_groups_have_the_counts_and_means_of_their_rows(long: Locator) -> None:
    long.get_by_label("Group the rows").select_option("word")
    long.locator("[role=status]", has_text="50 groups").wait_for()
    sort_by(long, "x0")
    first = long.locator(".grid-body .grid-row").first
    means = frame().group_by("word").agg(pl.col("x0").mean(), pl.len()).sort("x0")
    word, mean, count = means.row(0)
    assert first.locator("[data-column=c1]").inner_text().split() == [*word.split(), str(count)]
    title = first.locator("[data-column=c2]").get_attribute("title") or ""
    assert float(title.split()[1].replace("−", "-")) == pytest.approx(mean, rel=1e-4)
    first.get_by_role("button").click()
    assert column(long, 1)[1:3] == [word, word]


def test_ten_thousand_rows_scroll_with_few_of_them_in_the_page(long: Locator) -> None:
    assert status(long) == "10,000 rows"
    for to, last in ((5_000, False), (10_000, True)):
        long.locator(".grid").evaluate("(grid, rows) => grid.scrollTo(0, rows * 32)", to)
        if last:
            long.locator(".grid-row[data-key=r9999]").wait_for()
    long.locator(".grid").evaluate("grid => grid.scrollTo(10000, 0)")
    long.locator(".grid-row[data-key=r0] [data-column=c19]").wait_for()
    assert long.locator(".grid-body .grid-row").count() < 60
    assert long.locator(".grid-row[data-key=r0] .grid-cell").count() < 20


def test_table_is_read_by_keyboard(long: Locator) -> None:
    long.locator(".grid-head .sort").first.focus()
    for key in ("ArrowDown", "Control+End"):
        long.page.keyboard.press(key)
    assert long.page.evaluate("document.activeElement.dataset.column") == "c19"
    assert long.page.evaluate("document.activeElement.parentElement.dataset.key") == "r9999"


def test_table_without_rows_says_so(site: Path, open_page: Open) -> None:
    found = open_page(site / "mixed" / "runs" / "one" / "index.html").locator('.panel[data-key="none"]')
    found.scroll_into_view_if_needed()
    found.get_by_text("0 rows", exact=True).wait_for()
    found.get_by_text("It was logged without a row.").wait_for()


@pytest.mark.parametrize("phone", [False, True])
def test_tables_are_accessible(site: Path, open_page: Open, phone: bool) -> None:
    page = open_page(site / "mixed" / "runs" / "one" / "index.html", phone=phone, dark=phone)
    opened(page, "odd").get_by_label("Group the rows").select_option("word")
    assert violations(page, ("minor", "moderate", "serious", "critical")) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
