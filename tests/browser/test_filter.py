"""The filter of a workspace: an expression, rows of conditions and chips are three faces of one state."""

import math
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, expect

from runstore.reading.query import matching
from runstore.reading.store import read_store
from tests.browser.chromium import Open
from tests.browser.pages import READY, curves, settle, violations
from tests.browser.stores import write_hostile
from tests.sites import build
from tests.stores import write_run, write_store

HARD = (
    "2.5 IN config.layers",
    "config.layers = 'a'",
    "config.layers ~ '^1$'",
    "config.seed > 1e18",
    "config.seed > 1152921504606848000",
    "config.mixed > 2",
    "config.mixed = 'auto'",
    "config.mixed = 'Infinity'",
    "summary.loss = 'NaN'",
    "summary.loss != 1",
)
NAMED = """names => names.map((name) => {
    const text = `${runstore.expression.columnText(name)} IS NOT NULL`;
    return runstore.expression.parse(text, runstore.workspace.filter.frame).columns;
})"""
EVERY_IMPACT = ("minor", "moderate", "serious", "critical")


def at(lab: Path, open_page: Open, text: str = "", **options: bool) -> Page:
    return open_page(lab / "lab" / "index.html", f"group=&filter={quote(text)}", **options)


def status(page: Page) -> str:
    return page.locator("[data-status]").inner_text()


def open_filter(page: Page) -> None:
    page.locator("[data-filter-open]").click()


def fill_row(page: Page, number: int, column: str, operator: str, value: str | None = None) -> None:
    row = page.get_by_role("group", name=f"Condition {number}", exact=True)
    row.get_by_label("Column").fill(column)
    row.get_by_label("Operator").select_option(operator)
    if value is not None:
        row.get_by_label("Value").fill(value)


def column_box(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Column", exact=True)


def value_box(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Value", exact=True)


def expect_count(page: Page, found: str) -> None:
    expect(page.locator("[data-status]")).to_contain_text(found)


def chips(page: Page) -> list[str]:
    return page.locator("[data-filter-chips] .chip > .text").all_inner_texts()


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("config.optimizer = 'adam'", 8),
        ("config.lr < 0.05 AND job_type = 'eval'", 3),
        ("'baseline' IN tags OR state = 'failed'", 9),
        ("config.lr IS NULL", 1),
        ("NOT config.optimizer IN ('adam', 'sgd')", 9),
        ("summary.train/loss BETWEEN 0.05 AND 0.3", None),
        ("name ~ '^(adam|lion) fast' AND config.fold >= 2", 4),
        ("created >= '2026-10-02'", 1),
        ("host = 'node7' AND user = 'ada' AND exit_code = 3", 1),
        ("rows > 0 AND last_step < 50 AND project = 'lab'", None),
    ],
)
def test_an_expression_in_a_link_finds_the_runs_that_the_command_line_finds(
    lab: Path, open_page: Open, text: str, count: int | None
) -> None:
    page = at(lab, open_page, text)
    ids = page.evaluate("runstore.workspace.matching.map((run) => runstore.workspace.runs.id[run])")
    project = next(each for each in read_store(lab.parent / "experiments").projects if each.name == "lab")
    assert sorted(ids) == sorted(run.id for run in matching(project.runs, text))
    assert count in (None, len(ids))


def test_values_that_a_page_holds_as_text_count_as_what_they_are(tmp_path: Path, open_page: Open) -> None:
    root = write_store(tmp_path / "experiments")
    for number, (layers, mixed) in enumerate((("[1, a]", ".inf"), ("[2.5]", "auto"), ("[]", "3"))):
        config = f"layers: {layers}\nseed: {2**60 + number * 2**12}\nmixed: {mixed}\n"
        write_run(root, "p", f"r{number}", [{"loss": [math.nan, 1.0, 2.0][number], "_step": 0}], config=config)
    page = open_page(build(root, tmp_path / "site") / "p" / "index.html")
    project = read_store(root).projects[0]
    for text in HARD:
        page.evaluate("filter => runstore.workspace.state.set({ filter })", text)
        settle(page)
        ids = page.evaluate("runstore.workspace.matching.map((run) => runstore.workspace.runs.id[run])")
        assert sorted(ids) == sorted(run.id for run in matching(project.runs, text)), text


def test_filter_and_search_both_hold(lab: Path, open_page: Open) -> None:
    page = at(lab, open_page, "config.optimizer = 'adam'")
    page.get_by_label("Search runs by regular expression").fill("fold|3$")
    settle(page)
    assert status(page).startswith("2 of 25 runs")
    assert set(curves(page, "train/loss")) == {"adam fast 3", "adam slow 3"}
    assert "search=" in page.url
    assert "filter=" in page.url


def test_the_search_box_takes_an_expression_too(lab: Path, open_page: Open) -> None:
    page = at(lab, open_page)
    page.get_by_label("Search runs by regular expression").fill("config.fold >= 2 AND tags = 'baseline'")
    settle(page)
    assert status(page).startswith("4 of 25 runs")


def test_a_search_that_looks_like_an_expression_says_why_it_is_none(lab: Path, open_page: Open) -> None:
    page = at(lab, open_page)
    page.get_by_label("Search runs by regular expression").fill("lr < 0.01")
    settle(page)
    assert "found no column lr; did you mean config.lr?" in status(page)


def test_a_filter_that_is_no_expression_is_a_search(lab: Path, open_page: Open) -> None:
    page = at(lab, open_page, "adam|sgd")
    assert status(page).startswith("16 of 25 runs")
    assert chips(page) == ["Search: adam|sgd"]


def test_rows_of_conditions_make_the_expression(lab: Path, open_page: Open) -> None:
    page = at(lab, open_page)
    open_filter(page)
    fill_row(page, 1, "config.optimizer", "in", "adam, sgd")
    expect_count(page, "16 of 25 runs")
    page.get_by_role("button", name="Add condition", exact=True).click()
    fill_row(page, 2, "config.lr", "<", "0.05")
    expect_count(page, "8 of 25 runs")
    assert (
        page.get_by_label("As an expression").input_value()
        == "config.optimizer IN ('adam', 'sgd') AND config.lr < 0.05"
    )
    page.get_by_label("How conditions join").select_option("or")
    expect_count(page, "20 of 25 runs")
    assert len(chips(page)) == 1
    assert "filter=" in page.url


@pytest.mark.parametrize(
    ("column", "operator", "value", "text"),
    [
        ("config.lr", "=", "0.1", "config.lr = 0.1"),
        ("config.lr", "!=", "0.1", "config.lr != 0.1"),
        ("config.lr", "<=", "1e-2", "config.lr <= 0.01"),
        ("config.lr", ">", "0.01", "config.lr > 0.01"),
        ("config.lr", ">=", "0.01", "config.lr >= 0.01"),
        ("config.optimizer", "not in", "adam,  'a,b'", "config.optimizer NOT IN ('adam', 'a,b')"),
        ("name", "contains", "50%_x", "name ILIKE '%50\\%\\_x%'"),
        ("tags", "contains", "baseline", "'baseline' IN tags"),
        ("name", "matches", "^adam|'", "name ~ '^adam|'''"),
        ("config.fold", "null", None, "config.fold IS NULL"),
        ("config.fold", "present", None, "config.fold IS NOT NULL"),
        ("optimizer", "=", "it's", "config.optimizer = 'it''s'"),
        ("summary.train/loss", "<", "1", 'summary."train/loss" < 1'),
    ],
)
def test_each_operator_is_an_expression_and_back(
    lab: Path, open_page: Open, column: str, operator: str, value: str | None, text: str
) -> None:
    page = at(lab, open_page)
    open_filter(page)
    fill_row(page, 1, column, operator, value)
    box = page.get_by_label("As an expression")
    expect(box).to_have_value(text)
    page.reload()
    page.wait_for_selector(READY)
    open_filter(page)
    row = page.get_by_role("group", name="Condition 1", exact=True)
    assert row.get_by_label("Operator").input_value() == operator
    if value is not None:
        assert row.get_by_label("Value").input_value().replace(" ", "") == value.replace("1e-2", "0.01").replace(
            " ", ""
        )


def test_groups_nest(lab: Path, open_page: Open) -> None:
    page = at(lab, open_page)
    open_filter(page)
    fill_row(page, 1, "job_type", "=", "train")
    page.get_by_role("button", name="Add group", exact=True).click()
    fill_row(page, 2, "config.optimizer", "=", "adam")
    inner = page.get_by_role("group", name="Group of conditions")
    inner.get_by_role("button", name="Add condition", exact=True).click()
    fill_row(page, 3, "config.lr", "=", "0.1")
    expected = "job_type = 'train' AND (config.optimizer = 'adam' OR config.lr = 0.1)"
    expect(page.get_by_label("As an expression")).to_have_value(expected)
    expect_count(page, "12 of 25 runs")
    inner.get_by_role("button", name="Remove group").click()
    expect(page.get_by_label("As an expression")).to_have_value("job_type = 'train'")


def test_the_expression_makes_the_rows(lab: Path, open_page: Open) -> None:
    page = at(lab, open_page)
    open_filter(page)
    page.get_by_label("As an expression").fill(
        "config.lr < 0.05 AND (state = 'failed' OR NOT config.fold BETWEEN 1 AND 2)"
    )
    expect_count(page, "6 of 25 runs")
    assert column_box(page).first.input_value() == "config.lr"
    assert page.get_by_label("Expression", exact=True).input_value() == "NOT config.fold BETWEEN 1 AND 2"
    assert page.get_by_label("As an expression").evaluate("box => box === document.activeElement")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("config.lr <", "the filter ends too early: expected a column or a value"),
        ("config.lr < 'a' OR", "At character 19: the filter ends too early"),
        ("lr < 1", "At character 1: found no column lr; did you mean config.lr?"),
        ("name = 'x", "At character 8: found a text that does not end; close it with '"),
        ("(state = 'failed'", "At character 1: found (, which is never closed; add )"),
        ("config.lr = NULL", "At character 11: found =, which never holds for NULL; write IS NULL or IS NOT NULL"),
        ("name ~ '('", "At character 1: the pattern '(' is no regular expression"),
        ("config.lr + 1 > 2", "At character 11: found +, which the command line alone can compute with"),
        ("lower(name) = 'a'", "At character 1: found lower, but functions work on the command line only"),
        ("tags < 'a'", "a list is neither above nor below 'a'; write 'a' IN the list"),
        ("created > 'soon'", "found 'soon', expected a time as in '2026-10-01'"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_the_last_filter_holds(
    lab: Path, open_page: Open, text: str, said: str
) -> None:
    page = at(lab, open_page, "config.optimizer = 'adam'")
    open_filter(page)
    box = page.get_by_label("As an expression")
    box.fill(text)
    expect(page.locator("[data-filter-error]")).to_contain_text(said)
    assert box.get_attribute("aria-invalid") == "true"
    assert status(page).startswith("8 of 25 runs")


def test_a_row_that_cannot_hold_says_so(lab: Path, open_page: Open) -> None:
    page = at(lab, open_page)
    open_filter(page)
    fill_row(page, 1, "nonsense", "=", "1")
    assert column_box(page).get_attribute("aria-invalid") == "true"
    fill_row(page, 1, "name", "matches", "(")
    expect(page.locator("[data-filter-error]")).to_contain_text("no regular expression")
    assert status(page) == "25 runs"


def test_chips_show_conditions_and_take_them_away(lab: Path, open_page: Open) -> None:
    page = at(lab, open_page, "config.lr < 0.05 AND state = 'finished' AND (config.fold = 1 OR config.fold = 2)")
    assert chips(page) == ["config.lr < 0.05", "state = 'finished'", "config.fold = 1 OR config.fold = 2"]
    assert page.locator("[data-filter-open]").get_attribute("aria-label") == "Filter: 3 conditions"
    page.get_by_role("button", name="Remove filter config.lr < 0.05").click()
    expect_count(page, "12 of 25 runs")
    assert len(chips(page)) == 2
    page.get_by_role("button", name="Remove filter state = 'finished'").press("Enter")
    page.get_by_role("button", name="Remove filter config.fold = 1 OR config.fold = 2").press("Enter")
    expect_count(page, "25 runs")
    assert page.locator("[data-filter-chips]").is_hidden()
    assert page.locator("[data-filter-open]").evaluate("button => button === document.activeElement")
    assert "filter" not in page.url


def test_values_of_the_column_are_suggested(lab: Path, open_page: Open) -> None:
    page = at(lab, open_page)
    open_filter(page)
    fill_row(page, 1, "config.optimizer", "=")
    value_box(page).focus()
    offered = value_box(page).evaluate("box => [...box.list.options].map(({ value }) => value)")
    assert sorted(offered) == ["adam", "lion", "none", "sgd"]
    columns = column_box(page).evaluate("box => [...box.list.options].map(({ value }) => value)")
    assert {"config.lr", "summary.train/loss", "tags", "user"} <= set(columns)


def test_the_keyboard_is_enough(lab: Path, open_page: Open) -> None:
    page = at(lab, open_page)
    page.locator("[data-filter-open]").focus()
    page.keyboard.press("Enter")
    expect(column_box(page)).to_be_focused()
    page.keyboard.type("config.optimizer")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("lion")
    expect_count(page, "8 of 25 runs")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.locator("[data-filter-panel]")).to_be_hidden()
    expect(page.locator("[data-filter-open]")).to_be_focused()


def test_clear_takes_everything_away(lab: Path, open_page: Open) -> None:
    page = at(lab, open_page, "config.optimizer = 'adam'")
    open_filter(page)
    page.get_by_role("button", name="Clear", exact=True).click()
    expect_count(page, "25 runs")
    assert page.get_by_label("As an expression").input_value() == ""
    assert page.locator(".filter-row").count() == 0


@pytest.mark.parametrize("options", [{}, {"dark": True}, {"phone": True}])
def test_the_builder_is_accessible(lab: Path, open_page: Open, options: dict[str, bool]) -> None:
    page = at(lab, open_page, "config.lr < 0.05 AND (state = 'failed' OR name LIKE 'a_')", **options)
    if options.get("phone"):
        page.get_by_role("button", name="Runs", exact=True).click()
    open_filter(page)
    page.get_by_label("As an expression").fill("config.lr <")
    assert violations(page, EVERY_IMPACT) == []
    box = page.locator("[data-filter-panel]").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= (390 if options.get("phone") else 1440)


def test_hostile_names_are_text_in_the_filter(tmp_path: Path, open_page: Open) -> None:
    site = build(write_hostile(tmp_path / "experiments"), tmp_path / "site")
    page = open_page(site / "hostile" / "index.html", "group=")
    names = page.evaluate("runstore.workspace.filter.frame.names()")
    evil = next(name for name in names if name.startswith("config.</script>"))
    open_filter(page)
    fill_row(page, 1, evil, "present")
    expect(page.locator("[data-filter-chips] .chip")).to_have_count(1)
    assert status(page).startswith("6 runs")
    assert page.title() != "owned"
    free = [name for name in names if name.startswith(("config.", "summary."))]
    assert page.evaluate(NAMED, free) == [[name] for name in free]
