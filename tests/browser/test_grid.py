"""The table as a grid: keys, levels of groups, columns, selection, files. Each is used as a person uses it."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.chromium import Open
from tests.browser.pages import READY, curves, headers, names, row, set_view, settle, violations

LAB = "lab/index.html"
LEVELS = "group=config.optimizer,config.lr"


def status(page: Page) -> str:
    return page.locator("[data-status]").inner_text()


def focused(page: Page) -> list[str | None]:
    """The row, the column and the tag of the cell that has the focus."""
    found: list[str | None] = page.evaluate(
        """() => {
            const cell = document.activeElement.closest("[data-column]");
            return [cell?.parentNode.dataset.key ?? null, cell?.dataset.column ?? null, document.activeElement.tagName];
        }"""
    )
    return found


def table_menu(page: Page, item: str) -> None:
    page.get_by_role("button", name="Menu of the table").click()
    page.get_by_role("menu").get_by_text(item, exact=True).click()
    settle(page)


def column_menu(page: Page, label: str, item: str) -> None:
    page.locator("[role=columnheader]", has=page.get_by_role("button", name=label, exact=True)).click(button="right")
    page.get_by_role("menu").get_by_text(item, exact=True).click()
    settle(page)


def test_grid_says_its_size_and_has_one_tab_stop(lab: Path, open_page: Open) -> None:
    page = open_page(lab / LAB, "group=&cols=state,config.lr")
    grid = page.get_by_role("grid", name="Runs")
    assert grid.get_attribute("aria-rowcount") == "26"
    assert grid.get_attribute("aria-colcount") == "5"
    assert grid.locator("[tabindex='0']").count() == 1
    assert grid.get_by_role("row").last.get_attribute("aria-rowindex") == "26"


def test_arrow_keys_lead_through_all_rows_and_columns(lab: Path, open_page: Open) -> None:
    page = open_page(lab / LAB, "group=&cols=state,config.lr")
    page.get_by_role("button", name="Name", exact=True).focus()
    page.keyboard.press("ArrowDown")
    assert focused(page) == ["showcase", "name", "A"]
    page.keyboard.press("ArrowRight")
    assert focused(page) == ["showcase", "state", "DIV"]
    page.keyboard.press("End")
    page.keyboard.press("PageDown")
    page.keyboard.press("Control+End")
    assert focused(page) == ["adam-fast-0", "config.lr", "DIV"]
    assert page.locator(".runs-host .grid [tabindex='0']").count() == 1
    page.keyboard.press("Control+Home")
    assert focused(page)[1] == ":select"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.grid')") is None
    page.keyboard.press("Shift+Tab")
    assert focused(page)[1] == ":select"


def test_row_with_the_focus_stays_in_the_page_however_far_one_scrolls(lab: Path, open_page: Open) -> None:
    page = open_page(lab / LAB, "group=")
    page.set_viewport_size({"width": 1440, "height": 420})
    row(page, "showcase").get_by_role("link").focus()
    page.locator(".runs-host .grid").evaluate("grid => grid.scrollTop = grid.scrollHeight")
    page.wait_for_selector("text=adam fast 0")
    assert focused(page)[0] == "showcase"
    page.keyboard.press("ArrowDown")
    assert focused(page)[0] == "lion-slow-3"


def test_shift_click_sorts_by_several_columns(lab: Path, open_page: Open) -> None:
    page = open_page(lab / LAB, "group=&filter=adam&cols=config.lr,config.fold")
    page.get_by_role("button", name="lr", exact=True).click()
    page.get_by_role("button", name="fold", exact=True).click(modifiers=["Shift"])
    assert names(page)[:5] == ["adam slow 0", "adam slow 1", "adam slow 2", "adam slow 3", "adam fast 0"]
    page.get_by_role("button", name="fold", exact=True).click(modifiers=["Shift"])
    assert "sort=config.lr%2C-config.fold" in page.url
    assert names(page)[:5] == ["adam slow 3", "adam slow 2", "adam slow 1", "adam slow 0", "adam fast 3"]
    sorted_by = page.locator("[role=columnheader][aria-sort]")
    assert [each.get_attribute("aria-sort") for each in sorted_by.all()] == ["ascending", "descending"]


def test_groups_of_two_columns_stand_in_levels_and_the_charts_show_the_deepest(lab: Path, open_page: Open) -> None:
    page = open_page(lab / LAB, LEVELS + "&filter=fast|slow")
    assert names(page) == ["adam", "0.01", "0.1", "lion", "0.01", "0.1", "sgd", "0.01", "0.1"]
    shown = curves(page, "train/loss")
    assert set(shown) == {f"{each} · {rate}" for each in ("adam", "lion", "sgd") for rate in ("0.01", "0.1")}
    assert len({curve.colour for curve in shown.values()}) == 6
    page.get_by_role("button", name="Groups of adam").click()
    assert names(page)[:2] == ["adam", "lion"]
    page.get_by_role("button", name="Show lion in charts").click()
    settle(page)
    assert set(curves(page, "train/loss")) == {
        f"{each} · {rate}" for each in ("adam", "sgd") for rate in ("0.01", "0.1")
    }
    page.get_by_role("button", name="Show lion · 0.1 in charts").click()
    settle(page)
    assert {"lion · 0.1"} == {label for label in curves(page, "train/loss") if label.startswith("lion")}


def test_levels_are_chosen_one_after_the_other_and_kept_in_the_address(lab: Path, open_page: Open) -> None:
    page = open_page(lab / LAB)
    page.locator("[data-view=group]").select_option("config.optimizer")
    page.get_by_label("Group by, level 2").select_option("config.lr")
    settle(page)
    assert "group=config.optimizer%2Cconfig.lr" in page.url
    assert len(curves(page, "train/loss")) == 7
    page.reload()
    page.wait_for_selector(READY)
    assert page.get_by_label("Group by, level 2").input_value() == "config.lr"
    page.get_by_label("Group by, level 2").select_option("")
    settle(page)
    assert names(page) == ["adam", "lion", "none", "sgd"]


def test_grouping_by_all_but_the_fold_is_one_choice(lab: Path, open_page: Open) -> None:
    page = open_page(lab / LAB)
    page.locator("[data-view=group]").select_option(label="All config but fold")
    settle(page)
    assert len(curves(page, "train/loss")) == 7
    assert all(curve.n is not None and curve.n[0] in (1, 4) for curve in curves(page, "train/loss").values())


def test_group_keeps_its_colour_and_key_in_levels_when_others_are_filtered_away(lab: Path, open_page: Open) -> None:
    page = open_page(lab / LAB, LEVELS)
    before = curves(page, "train/loss")["lion · 0.1"]
    set_view(page, filter="lion")
    after = curves(page, "train/loss")["lion · 0.1"]
    assert (after.colour, after.key) == (before.colour, before.key)


def test_group_row_has_count_mean_extremes_and_a_histogram_of_numbers_and_lists_other_values(
    lab: Path, open_page: Open
) -> None:
    page = open_page(lab / LAB, "group=config.optimizer&cols=config.fold,job_type,state")
    adam = row(page, "adam")
    assert adam.locator(".count").inner_text() == "8"
    number = adam.locator("[data-column='config.fold'] .group-number")
    assert number.locator(".mean").inner_text() == "1.5"
    assert number.get_attribute("title") == "mean of 8: 1.5, from 0 to 3"
    assert number.locator("svg path").get_attribute("d").count("M") == 4  # type: ignore[union-attr]
    assert adam.locator("[data-column=job_type]").inner_text() == "train, eval"
    assert adam.locator("[data-column=job_type] span").get_attribute("title") == "train × 6\neval × 2"
    assert adam.locator("[data-column=state]").inner_text() == "finished"


def test_extremes_of_a_group_are_read_in_a_wide_column(lab: Path, open_page: Open) -> None:
    page = open_page(lab / LAB, "group=config.optimizer&cols=config.fold")
    page.get_by_role("button", name="fold", exact=True).focus()
    for _ in range(8):
        page.keyboard.press("Shift+ArrowRight")
    assert "(0 – 3)" in row(page, "adam").inner_text()
    page.reload()
    page.wait_for_selector(READY)
    assert "(0 – 3)" in row(page, "adam").inner_text()


@pytest.mark.parametrize(("mode", "query", "first"), [
    ("substring", "MODEL.", "model.depth"), ("regex", "^l.$", "lr"), ("fuzzy", "mdl dpt", "model.depth"),
])  # fmt: skip
def test_columns_are_found_by_text_by_regular_expression_and_by_letters(
    lab: Path, open_page: Open, mode: str, query: str, first: str
) -> None:
    page = open_page(lab / LAB, "group=")
    page.get_by_role("button", name="Columns", exact=True).click()
    page.get_by_label("How columns are searched").select_option(mode)
    page.get_by_label("Search columns").fill(query)
    assert page.locator("#columns label").first.inner_text() == first


def drag(page: Page, source: str, held: tuple[int, int], target: str, dropped: tuple[int, int]) -> None:
    """Drags a button, held so many px from its corner, to so many px from the corner of another."""
    ends = []
    for name, (right, down) in ((source, held), (target, dropped)):
        box = page.get_by_role("button", name=name, exact=True).bounding_box()
        assert box is not None
        ends.append((box["x"] + right, box["y"] + down))
    page.mouse.move(*ends[0])
    page.mouse.down()
    page.mouse.move(*ends[1], steps=6)
    page.mouse.up()


def test_columns_are_put_in_order_by_dragging_and_by_keys(lab: Path, open_page: Open) -> None:
    page = open_page(lab / LAB, "group=&cols=state,config.lr,config.fold")
    page.get_by_role("button", name="Columns", exact=True).click()
    drag(page, "Move fold", (5, 10), "Move State", (20, 4))
    assert headers(page) == ["Name", "fold", "State", "lr"]
    page.get_by_role("button", name="Move State").focus()
    page.keyboard.press("ArrowDown")
    assert headers(page) == ["Name", "fold", "lr", "State"]
    assert "place 3 of 3" in page.locator("[data-columns-status]").inner_text()
    page.keyboard.press("ArrowUp")
    assert headers(page) == ["Name", "fold", "State", "lr"]


def test_column_is_dragged_by_its_header_without_sorting(lab: Path, open_page: Open) -> None:
    page = open_page(lab / LAB, "group=&cols=state,config.lr,config.fold")
    page.get_by_role("button", name="Wide table").click()
    page.get_by_role("button", name="fold", exact=True).wait_for()
    drag(page, "fold", (20, 10), "State", (8, 10))
    assert headers(page) == ["Name", "fold", "State", "lr"]
    assert "sort=" not in page.url


def test_the_edge_of_the_table_is_dragged_and_moved_by_keys_and_stays(lab: Path, open_page: Open) -> None:
    page = open_page(lab / LAB, "group=")
    edge = page.get_by_role("separator")
    before = int(edge.get_attribute("aria-valuenow") or 0)
    box = edge.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 4, 400)
    page.mouse.down()
    page.mouse.move(box["x"] + 64, 500, steps=4)
    page.mouse.up()
    page.mouse.move(box["x"] + 300, 500)
    assert int(edge.get_attribute("aria-valuenow") or 0) == before + 60
    edge.focus()
    page.keyboard.press("ArrowLeft")
    assert int(edge.get_attribute("aria-valuenow") or 0) == before + 36
    page.reload()
    page.wait_for_selector(READY)
    assert int(edge.get_attribute("aria-valuenow") or 0) == before + 36


def test_pinned_column_stays_on_the_left_while_others_scroll(lab: Path, open_page: Open) -> None:
    page = open_page(lab / LAB, "group=")
    page.get_by_role("button", name="Columns", exact=True).click()
    page.get_by_role("button", name="Pin lr on the left").click()
    page.keyboard.press("Escape")
    assert headers(page)[:2] == ["Name", "lr"]
    assert "pin=config.lr" in page.url
    page.get_by_role("button", name="Wide table").click()
    page.set_viewport_size({"width": 900, "height": 700})
    page.wait_for_function("() => Math.abs(runstore.workspace.table.grid.size.width - 900) < 20")
    before = page.locator(".grid-head [data-column='config.lr']").bounding_box()
    page.mouse.move(5, 5)
    page.locator(".runs-host .grid").evaluate(
        """grid => new Promise((done) => {
            grid.scrollLeft = 400;
            requestAnimationFrame(() => setTimeout(done));
        })"""
    )
    assert page.locator(".grid-head [data-column='config.lr']").bounding_box() == before


def test_menu_of_a_column_sorts_groups_pins_moves_and_hides(lab: Path, open_page: Open) -> None:
    page = open_page(lab / LAB, "group=&cols=state,config.lr,config.optimizer")
    page.get_by_role("button", name="Wide table").click()
    column_menu(page, "lr", "Sort descending")
    assert "sort=-config.lr" in page.url
    column_menu(page, "lr", "Move right")
    assert headers(page) == ["Name", "State", "optimizer", "lr"]
    column_menu(page, "lr", "Pin on the left")
    assert headers(page) == ["Name", "lr", "State", "optimizer"]
    column_menu(page, "State", "Hide")
    assert headers(page) == ["Name", "lr", "optimizer"]
    column_menu(page, "optimizer", "Group by this")
    column_menu(page, "lr", "Then group by this")
    assert page.evaluate("runstore.workspace.state.view.group") == "config.optimizer,config.lr"


@pytest.mark.parametrize(("item", "shown"), [
    ("Cut long names in the middle", r"^a-run-.*….*-end$"), ("Cut long names at the start", r"^….*-the-end$"),
])  # fmt: skip
def test_long_names_are_cut_where_one_wants(lab: Path, open_page: Open, item: str, shown: str) -> None:
    page = open_page(lab / LAB, "group=")
    name = "a-run-with-a-name-that-is-much-too-long-for-its-place-in-the-table-from-start-to-the-end"
    page.evaluate("name => { runstore.workspace.runs.name[0] = name; runstore.workspace.table.renew(); }", name)
    table_menu(page, item)
    link = page.get_by_role("link", name=name)
    assert link.evaluate(f"link => /{shown}/.test(link.textContent)")
    assert link.evaluate("link => link.scrollWidth <= link.clientWidth")


def test_numbers_are_shaded_and_summed_up_below_on_request(lab: Path, open_page: Open) -> None:
    page = open_page(lab / LAB, "group=&filter=adam&cols=config.fold")
    assert page.locator(".heat").count() == 0
    table_menu(page, "Shade numbers by value")
    table_menu(page, "Minimum, mean, maximum below")
    shades = {cell.inner_text(): cell.get_attribute("style") for cell in page.locator(".grid-body .heat").all()}
    assert set(shades) == {"0", "1", "2", "3"}
    assert len(set(shades.values())) == 4
    assert page.locator(".grid-foot [data-column='config.fold']").all_inner_texts() == ["0", "1.5", "3"]
    page.reload()
    page.wait_for_selector(READY)
    assert page.locator(".grid-foot [data-column='config.fold']").all_inner_texts() == ["0", "1.5", "3"]
    assert violations(page, ("minor", "moderate", "serious", "critical")) == []


def test_runs_are_selected_by_box_by_space_and_by_range_and_shown_alone(lab: Path, open_page: Open) -> None:
    page = open_page(lab / LAB, "group=&cols=state")
    page.get_by_role("checkbox", name="Select lion slow 3").click()
    page.get_by_role("checkbox", name="Select lion slow 1").click(modifiers=["Shift"])
    assert "3 selected" in status(page)
    assert row(page, "lion slow 2").get_attribute("aria-selected") == "true"
    page.locator(".grid-row", has_text="showcase").locator("[data-column=state]").click()
    row(page, "showcase").locator("[data-column=state]").focus()
    page.keyboard.press("Space")
    assert "4 selected" in status(page)
    link = page.get_by_role("link", name="Compare")
    assert link.get_attribute("href").startswith("compare/index.html#runs=")  # type: ignore[union-attr]
    page.get_by_role("button", name="Show only selected").click()
    settle(page)
    assert names(page) == ["showcase", "lion slow 3", "lion slow 2", "lion slow 1"]
    assert set(curves(page, "train/loss")) == set(names(page))
    page.reload()
    page.wait_for_selector(READY)
    assert status(page).startswith("4 of 25 runs")
    page.get_by_role("button", name="Clear selection").click()
    assert status(page) == "25 runs"


def test_selected_runs_are_compared_by_a_link(lab: Path, open_page: Open) -> None:
    page = open_page(lab / LAB, "group=&select=lion-slow-1%2Cshowcase")
    page.get_by_role("link", name="Compare").click()
    page.wait_for_selector(READY)
    assert page.url.endswith("compare/index.html#runs=lion-slow-1%2Cshowcase")


def test_group_is_selected_with_all_its_runs(lab: Path, open_page: Open) -> None:
    page = open_page(lab / LAB, "group=config.optimizer")
    page.get_by_role("checkbox", name="Select the runs of sgd").click()
    assert "8 selected" in status(page)
    page.get_by_role("button", name="Runs of sgd").click()
    page.get_by_role("checkbox", name="Select sgd fast 0").click()
    assert page.get_by_role("checkbox", name="Select the runs of sgd").evaluate("box => box.indeterminate")
    page.get_by_role("checkbox", name="Select all runs").click()
    assert "25 selected" in status(page)


def downloaded(page: Page, item: str) -> str:
    with page.expect_download() as found:
        table_menu(page, item)
    return found.value.path().read_text(encoding="utf-8-sig")


def test_what_the_table_shows_is_downloaded_as_csv_and_json(lab: Path, open_page: Open) -> None:
    page = open_page(lab / LAB, "group=&filter=adam fast&sort=-config.fold&cols=config.fold,config.lr,tags")
    lines = list(csv.DictReader(io.StringIO(downloaded(page, "Download runs as CSV"))))
    assert [line["id"] for line in lines] == [f"adam-fast-{fold}" for fold in (3, 2, 1, 0)]
    assert list(lines[0]) == ["id", "name", "config.fold", "config.lr", "tags"]
    rows: list[dict[str, Any]] = json.loads(downloaded(page, "Download runs as JSON"))
    assert rows[0] == {"id": "adam-fast-3", "name": "adam fast 3", "config.fold": 3, "config.lr": 0.1, "tags": None}


def test_groups_are_downloaded_with_their_statistics(lab: Path, open_page: Open) -> None:
    page = open_page(lab / LAB, LEVELS + "&filter=adam&cols=config.fold,job_type")
    rows = json.loads(downloaded(page, "Download groups as JSON"))
    expected = {
        "runs": 4,
        "config.fold (n)": 4,
        "config.fold (mean)": 1.5,
        "config.fold (min)": 0,
        "config.fold (max)": 3,
    }
    kinds = {"job_type": ["eval", "train"]}
    assert rows == [{"config.optimizer": "adam", "config.lr": rate, **expected, **kinds} for rate in (0.01, 0.1)]


def test_all_groups_are_unfolded_and_folded_at_once(lab: Path, open_page: Open) -> None:
    page = open_page(lab / LAB, LEVELS + "&filter=adam")
    table_menu(page, "Unfold all groups")
    assert len(names(page)) == 1 + 2 + 8
    table_menu(page, "Fold all groups")
    assert names(page) == ["adam"]


def test_edge_between_table_and_charts_is_moved_by_keys_and_stays_on_the_next_page(lab: Path, open_page: Open) -> None:
    page = open_page(lab / LAB)
    edge = page.get_by_role("separator", name="Width of the table")
    before = int(edge.get_attribute("aria-valuenow") or 0)
    edge.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert int(edge.get_attribute("aria-valuenow") or 0) == before + 72
    page.reload()
    page.wait_for_selector(READY)
    assert page.locator(".runs-pane").evaluate("pane => pane.offsetWidth") == before + 72


def test_keys_that_another_version_of_the_page_knows_stay_in_the_address(lab: Path, open_page: Open) -> None:
    page = open_page(lab / LAB, "group=&later=a%2Cb")
    set_view(page, smooth=0.5)
    assert page.url.endswith("group=&smooth=0.5&later=a%2Cb")


def test_ten_thousand_rows_of_sixty_columns_keep_only_what_is_in_sight_in_the_page(lab: Path, open_page: Open) -> None:
    page = open_page(lab / LAB, "group=")
    found = page.evaluate(
        """async () => {
            const host = document.createElement("div");
            host.style.cssText = "position: fixed; inset: 0; z-index: 99";
            document.body.append(host);
            const text = (column, row) => `${row?.key} ${column.key}`;
            const grid = new runstore.Grid(host, { label: "Large", empty: "", cell: text, head: text, foot: text });
            const column = (at) => ({ key: `c${at}`, width: 120, className: "", pinned: at < 2, sorted: null });
            const columns = Array.from({ length: 60 }, (_, at) => column(at));
            const row = (at) => ({ key: `r${at}`, version: "", className: "", selected: null });
            const rows = Array.from({ length: 10000 }, (_, at) => row(at));
            grid.show({ rows, columns, feet: ["mean"], version: "1", headVersion: "1" });
            const most = [];
            for (let step = 0; step < 40; step++) {
                await new Promise(requestAnimationFrame);
                grid.root.scrollTop += 8000;
                grid.root.scrollLeft += 200;
                await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
                most.push(grid.root.querySelectorAll(".grid-cell").length);
            }
            const last = [...grid.body.children].at(-1).dataset.key;
            const seen = document.elementFromPoint(700, 400).closest("[data-column]")?.textContent;
            host.remove();
            return [Math.max(...most), last, seen];
        }"""
    )
    assert found[0] < 1500
    assert found[1] == "r9999"
    assert found[2]
