"""The panel frame: menu, downloads, table twin, full screen, arranging, adding; and what a line chart can be told."""

import csv
import io
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
import vl_convert
from playwright.sync_api import Page

from tests.browser.chromium import Open
from tests.browser.pages import curves, panel, set_view, settle, show, violations
from tests.sites import build
from tests.stores import write_run, write_store

EVERY = ("minor", "moderate", "serious", "critical")


def choose(page: Page, metric: str, item: str) -> None:
    """Chooses from the menu of a panel."""
    page.get_by_role("button", name=f"Panel menu of {metric}", exact=True).click()
    page.get_by_role("menuitem", name=item, exact=True).click()


def download(page: Page, metric: str, item: str) -> bytes:
    with page.expect_download() as found:
        choose(page, metric, item)
    return Path(found.value.path()).read_bytes()


def chart(page: Page, metric: str, expression: str) -> Any:
    show(page, metric)
    found = f"runstore.workspace.panels.panels.find((each) => each.metric.key === key).chart.{expression}"
    return page.evaluate(f"key => {found}", metric)


def order(page: Page, section: str) -> list[str]:
    titles = page.locator("details.section", has=page.get_by_role("heading", name=section, exact=True)).locator("h3")
    return [str(each.get_attribute("title")) for each in titles.all()]


def layout(value: object) -> str:
    return "layout=" + quote(json.dumps(value))


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four metrics of one section and 15 runs; one run has values that are not finite."""
    folder = tmp_path_factory.mktemp("wide")
    root = write_store(folder / "experiments")
    for number in range(15):
        rows: list[dict[str, Any]] = [
            {
                "_step": step,
                "m/a": number + step,
                "m/b": 1.0,
                "m/c": 2.0 * step,
                "m/d": 1000.0 if step == 7 else 1.0 * (step % 5),
            }
            for step in range(20)
        ]
        if number == 3:
            rows[5]["m/a"], rows[6]["m/a"], rows[7]["m/a"] = "NaN", "Infinity", "-Infinity"
        meta = {"name": f"run {number:02d}", "created": f"2026-10-01T10:{number:02d}:00Z"}
        write_run(root, "p", f"r{number:02d}", rows, config={"half": number % 2, "lr": number / 10}, meta=meta)
    return build(root, folder / "site") / "p" / "index.html"


def test_chart_has_the_first_lines_of_the_tables_order_and_says_so(wide: Path, open_page: Open) -> None:
    page = open_page(wide, "group=&most=10&sort=name")
    assert list(curves(page, "m/a")) == [f"run {number:02d}" for number in range(10)]
    assert "10 of 15 runs, by the table's order." in panel(page, "m/a").inner_text()
    set_view(page, sort="-name")
    assert sorted(curves(page, "m/a"))[0] == "run 05"
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_label("Lines in a chart at most").select_option("All")
    settle(page)
    assert len(curves(page, "m/a")) == 15
    assert "by the table's order" not in panel(page, "m/a").inner_text()


def test_legend_says_how_many_runs_a_group_has(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=config.optimizer")
    show(page, "train/loss")
    assert "adamn=8" in panel(page, "train/loss").locator(".legend").inner_text().replace("\n", "").replace(" ", "")


def test_crosshair_is_shown_in_every_chart_over_the_same_axis(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=config.optimizer")
    show(page, "val/accuracy")
    box = panel(page, "train/loss").locator(".plot").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 150, box["y"] + 80)
    other = panel(page, "val/accuracy")
    assert other.locator(".plot-overlay.following").count() == 1
    value = float(other.locator(".plot-value").text_content() or "nan")
    assert 0 < value < 1
    page.mouse.move(2, 2)
    assert other.locator(".plot-overlay.following").count() == 0


def test_logarithmic_x_axis_leaves_out_zero_and_says_so(wide: Path, open_page: Open) -> None:
    page = open_page(wide, "group=")
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_label("Log x").check()
    settle(page)
    assert chart(page, "m/a", "frame.x") == [1, 19]
    middle = chart(page, "m/a", "scale.x(Math.sqrt(19)) / runstore.workspace.panels.panels[0].chart.frame.width")
    assert middle == pytest.approx(0.5)
    assert "no place on a log axis" in panel(page, "m/a").inner_text()
    assert "xlog=1" in page.url


def test_outliers_do_not_widen_the_y_axis_when_they_are_ignored(wide: Path, open_page: Open) -> None:
    page = open_page(wide, "group=")
    assert chart(page, "m/d", "frame.y[1]") > 1000
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_label("Ignore outliers").check()
    settle(page)
    low, high = chart(page, "m/d", "frame.y")
    values = np.array([1000.0 if step == 7 else 1.0 * (step % 5) for step in range(20)] * 15)
    lower, upper = np.quantile(values, 0.05, method="lower"), np.quantile(values, 0.95, method="higher")
    room = 0.04 * (upper - lower)
    assert (low, high) == pytest.approx((lower - room, upper + room))


def test_ranges_scale_and_legend_of_a_panel_are_set_in_its_form(wide: Path, open_page: Open) -> None:
    page = open_page(wide, "group=")
    choose(page, "m/a", "Edit…")
    form = page.get_by_role("dialog")
    for label, value in (("X from", "5"), ("X to", "15"), ("Y from", "-1"), ("Y to", "40"), ("Title", "Sum")):
        form.get_by_label(label, exact=True).fill(value)
    form.get_by_label("Legend").fill("${run.name} lr ${config.lr} ${nothing}")
    form.get_by_role("button", name="Apply").click()
    assert chart(page, "m/a", "frame.x") == [5, 15]
    assert chart(page, "m/a", "frame.y") == [-1, 40]
    assert panel(page, "m/a").get_by_role("heading").inner_text() == "Sum"
    assert "run 04 lr 0.4 " in curves(page, "m/a")
    assert chart(page, "m/b", "frame.x") == [0, 19]
    again = open_page(wide, page.url.partition("#")[2])
    assert chart(again, "m/a", "frame.x") == [5, 15]


def test_original_stands_faintly_behind_a_smoothed_line(wide: Path, open_page: Open) -> None:
    page = open_page(wide, "group=&smooth=0.9")
    assert chart(page, "m/d", "what.behind.length") == 0
    set_view(page, raw=True)
    behind = chart(page, "m/d", "what.behind.map(({ key, ys }) => [key, ys[7]])")
    assert len(behind) == 15
    assert {value for _, value in behind} == {1000}
    assert max(curves(page, "m/d")["run 00"].ys) < 1000


def test_runs_stand_faintly_behind_their_groups_line(wide: Path, open_page: Open) -> None:
    page = open_page(wide, "group=config.half&members=1")
    assert len(curves(page, "m/a")) == 2
    behind = chart(page, "m/a", "what.behind.map(({ colour }) => colour)")
    assert (len(behind), len(set(behind))) == (15, 2)


def test_values_that_are_not_finite_are_marked_at_the_edges(wide: Path, open_page: Open) -> None:
    page = open_page(wide, "group=")
    marks = chart(page, "m/a", "marks.map(({ x, kind, curve }) => [x, kind, curve.label])")
    assert marks == [[5, "NaN", "run 03"], [6, "∞", "run 03"], [7, "−∞", "run 03"]]
    place = chart(page, "m/a", "marks[1].px")
    box = panel(page, "m/a").locator(".plot").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 64 + place, box["y"] + 8 + 2)
    tip = panel(page, "m/a").locator(".tooltip").inner_text()
    assert tip.split() == ["Step", "6", "run", "03", "∞"]


def test_table_twin_has_the_charts_numbers(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=config.optimizer")
    choose(page, "val/accuracy", "Show as table")
    table = panel(page, "val/accuracy").get_by_role("table")
    head = table.locator("th").all_inner_texts()
    assert head == ["Line", "Step", "accuracy", "Low", "High", "Runs"]
    first = table.locator("tbody tr").first.locator("td").all_inner_texts()
    shown = curves(page, "val/accuracy")[first[0]]
    assert float(first[2]) == pytest.approx(shown.ys[0], rel=1e-6)
    assert first[5] == "8"
    assert violations(page, EVERY) == []
    choose(page, "val/accuracy", "Show as chart")
    assert table.count() == 0


def test_csv_has_every_point_that_is_shown(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=")
    text = download(page, "val/accuracy", "Download CSV").decode("utf-8-sig")
    found = list(csv.DictReader(io.StringIO(text)))
    shown = curves(page, "val/accuracy")
    assert len(found) == sum(curve.xs.size for curve in shown.values())
    own = [float(row["accuracy"]) for row in found if row["Line"] == "sgd fast 1"]
    assert own == shown["sgd fast 1"].ys.tolist()


def test_pictures_have_axes_lines_title_and_legend(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=config.optimizer&raw=1&smooth=0.5")
    svg = download(page, "train/loss", "Download SVG").decode()
    assert svg.count("<path") > 6
    assert all(f">{text}</text>" in svg for text in ("loss", "adam", "sgd", "lion"))
    assert vl_convert.svg_to_png(svg)[:4] == b"\x89PNG"
    png = download(page, "train/loss", "Download PNG")
    assert png[:4] == b"\x89PNG"
    assert len(png) > 10_000


def test_vega_lite_spec_draws_the_same_lines_by_itself(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=config.optimizer")
    spec = json.loads(download(page, "train/loss", "Download Vega-Lite spec"))
    assert {row["line"] for row in spec["data"]["values"]} == {"adam", "sgd", "lion", "none"}
    assert vl_convert.vegalite_to_svg(spec).count("<path") > 6


def test_panel_fills_the_page_until_it_is_closed(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=")
    before = chart(page, "train/loss", "frame.width")
    choose(page, "train/loss", "Full screen")
    page.wait_for_function(
        "width => runstore.workspace.panels.made.get('train/loss').chart.frame.width > 2 * width", arg=before
    )
    assert violations(page, EVERY) == []
    page.keyboard.press("Escape")
    page.wait_for_function(
        "width => runstore.workspace.panels.made.get('train/loss').chart.frame.width === width", arg=before
    )


def test_menu_is_used_from_the_keyboard(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=")
    button = page.get_by_role("button", name="Panel menu of train/loss", exact=True)
    button.focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.textContent") == "Edit…"
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.textContent") == "Zoom to…"
    assert violations(page, EVERY) == []
    page.keyboard.press("Escape")
    assert button.evaluate("node => node === document.activeElement")


def test_panels_are_moved_and_resized_from_the_keyboard(wide: Path, open_page: Open) -> None:
    page = open_page(wide, "group=")
    grip = page.get_by_role("button", name="Move m/a", exact=True)
    grip.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert order(page, "m") == ["m/b", "m/c", "m/a", "m/d"]
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    page.wait_for_function("() => runstore.workspace.panels.made.get('m/a').chart.frame.width > 400")
    assert panel(page, "m/a").locator(".panel-body").evaluate("node => node.clientHeight") == 260
    again = open_page(wide, page.url.partition("#")[2])
    assert order(again, "m") == ["m/b", "m/c", "m/a", "m/d"]
    assert chart(again, "m/a", "frame.width") == chart(page, "m/a", "frame.width")
    choose(again, "m/a", "Usual size")
    choose(again, "m/a", "Move earlier")
    choose(again, "m/a", "Move earlier")
    assert "layout" not in again.url


def test_panel_is_dragged_beside_another(wide: Path, open_page: Open) -> None:
    page = open_page(wide, "group=")
    target = panel(page, "m/b").bounding_box()
    assert target is not None
    page.get_by_role("button", name="Move m/a", exact=True).hover()
    page.mouse.down()
    page.mouse.move(target["x"] + target["width"] - 20, target["y"] + 60, steps=4)
    page.mouse.up()
    assert order(page, "m") == ["m/b", "m/a", "m/c", "m/d"]


def test_panel_is_stretched_by_its_corner(wide: Path, open_page: Open) -> None:
    page = open_page(wide, "group=")
    corner = panel(page, "m/a").locator(".panel-corner").bounding_box()
    assert corner is not None
    page.mouse.move(corner["x"] + 8, corner["y"] + 8)
    page.mouse.down()
    page.mouse.move(corner["x"] + 250, corner["y"] + 68, steps=4)
    page.mouse.up()
    assert page.evaluate("runstore.workspace.state.view.layout.size['m/a']") == [2, 280]


def test_sections_fold_and_move_and_the_address_knows(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=")
    heads = page.locator("details.section:visible > summary h2")
    before = heads.all_inner_texts()
    heads.last.click()
    page.wait_for_function("() => location.hash.includes('fold')")
    page.locator("details.section:visible > summary").last.focus()
    page.keyboard.press("Alt+ArrowUp")
    assert heads.all_inner_texts() == [*before[:-2], before[-1], before[-2]]
    again = open_page(lab / "lab" / "index.html", page.url.partition("#")[2])
    sections = again.locator("details.section:visible")
    assert sections.locator("summary h2").all_inner_texts() == [*before[:-2], before[-1], before[-2]]
    assert not sections.nth(len(before) - 2).evaluate("node => node.open")


def test_line_chart_of_several_metrics_is_added_edited_and_removed(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=config.optimizer")
    page.get_by_role("button", name="Add panel").click()
    page.get_by_role("menuitem", name="Line chart").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Search: Metrics").fill("^val")
    form.get_by_role("checkbox", name="val/accuracy").check()
    form.get_by_label("and all whose name matches").fill("train/l.ss")
    assert violations(page, EVERY) == []
    form.get_by_role("button", name="Add", exact=True).click()
    shown = curves(page, "panel 1")
    assert {"adam · train/loss", "adam · val/accuracy"} <= set(shown)
    assert shown["adam · train/loss"].colour == shown["adam · val/accuracy"].colour
    again = open_page(lab / "lab" / "index.html", page.url.partition("#")[2])
    assert set(curves(again, "panel 1")) == set(shown)
    choose(again, "val/accuracy, train/l.ss", "Edit…")
    again.get_by_role("dialog").get_by_label("Title", exact=True).fill("Both")
    again.get_by_role("dialog").get_by_role("button", name="Apply").click()
    choose(again, "Both", "Remove panel")
    assert again.get_by_role("heading", name="Both").count() == 0
    assert "layout" not in again.url


@pytest.mark.parametrize(
    "value",
    [
        5, [], {"add": 3, "fold": {"a": 1}, "order": [], "size": "x", "set": None, "later": {"kept": True}},
        {"add": [{"id": "panel 1", "kind": "hologram", "set": 7}, {"kind": "line"}, None], "size": {"m/a": [1e9, -5]}},
        {"add": [{"id": "panel 1", "kind": "line", "set": {"pattern": "(", "metrics": [3], "smooth": "much"}}]},
        {"set": {"m/a": {"x0": 9, "x1": 2, "y0": "NaN", "ylog": "maybe", "legend": "${", "title": 5}}},
    ],
)  # fmt: skip
def test_arrangement_of_the_wrong_kind_does_no_harm(wide: Path, open_page: Open, value: object) -> None:
    page = open_page(wide, "group=&" + layout(value))
    assert chart(page, "m/a", "drawn.length") == 15
    page.get_by_role("button", name="Move m/b", exact=True).focus()
    page.keyboard.press("ArrowRight")
    assert order(page, "m")[:3] == ["m/a", "m/c", "m/b"]
    if isinstance(value, dict) and "later" in value:
        assert page.evaluate("runstore.workspace.state.view.layout.later") == {"kept": True}


def test_settings_of_charts_are_accessible_in_both_themes(lab: Path, open_page: Open) -> None:
    for dark in (False, True):
        page = open_page(lab / "lab" / "index.html", "group=", dark=dark)
        page.get_by_role("button", name="More", exact=True).click()
        assert violations(page, EVERY) == []
