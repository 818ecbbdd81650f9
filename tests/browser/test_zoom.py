"""Zoom: every row of a range, however long the run, and the ways into a range, through it and out again."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, Route

from tests import reference
from tests.browser.chart_scripts import check
from tests.browser.chromium import Open
from tests.browser.pages import curves, panel, set_view, show, violations
from tests.browser.test_spikes import HIGHEST
from tests.reference import Points
from tests.sites import build, hosted
from tests.stores import START, write_run, write_store

ROWS = 60_000
RANGE = [30_000, 30_200]
NAN, INFINITE = 30_050, 30_060
LINK = f'zooms=[["loss","_step",{RANGE[0]},{RANGE[1]}]]'
EVERY = "Every row"
BUCKETS = "Long runs are drawn in buckets"


def loss(run: int, step: int) -> float:
    if run == 0 and step in (NAN, INFINITE):
        return math.nan if step == NAN else math.inf
    return math.sin(step * (run + 1)) + run


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of three long runs of one group, one of which logged every third step, and a short one."""
    folder = tmp_path_factory.mktemp("long")
    root = write_store(folder / "experiments")
    for run in range(3):
        rows = (
            {
                "loss": loss(run, step),
                "twice": 2 * loss(run, step),
                "_step": step,
                "_runtime": step / 4,
                "_timestamp": START + step / 4,
            }
            for step in range(0, ROWS, 3 if run == 2 else 1)
        )
        write_run(root, "p", f"r{run}", rows, meta={"name": f"r{run}", "group": "g"})
    write_run(root, "p", "short", [{"loss": float(step), "_step": step * 5000} for step in range(12)])
    return build(root, folder / "site")


def drawn(page: Page, metric: str = "loss") -> None:
    """Waits until the chart of a metric shows what it says, files and all."""
    page.evaluate(
        """async key => {
            const panels = runstore.workspace?.panels ?? runstore.panels;
            const panel = panels.panels.find((each) => each.metric.key === key);
            for (let last = null; last !== panel.drawing; ) await (last = panel.drawing);
        }""",
        metric,
    )


def zoom(page: Page, low: float, high: float, metric: str = "loss") -> None:
    """Zooms as a drag does."""
    show(page, metric)
    page.evaluate(
        """([key, range]) => {
            const panels = runstore.workspace?.panels ?? runstore.panels;
            panels.panels.find((each) => each.metric.key === key).chart.zoomTo(range);
        }""",
        [metric, [low, high]],
    )
    drawn(page, metric)


def frame(page: Page, metric: str = "loss") -> Any:
    return page.evaluate(
        """key => {
            const panels = runstore.workspace?.panels ?? runstore.panels;
            return panels.panels.find((each) => each.metric.key === key).chart.frame;
        }""",
        metric,
    )


def in_range(page: Page, name: str, metric: str = "loss") -> tuple[list[float], list[float]]:
    """The points of a curve that are in sight."""
    curve = curves(page, metric)[name]
    low, high = frame(page, metric)["x"]
    here = (curve.xs >= low) & (curve.xs <= high)
    return curve.xs[here].tolist(), curve.ys[here].tolist()


def said(page: Page, metric: str = "loss") -> str:
    text: str = panel(page, metric).locator(".panel-note").inner_text()
    return text


def test_a_zoomed_chart_shows_every_row_and_the_whole_one_buckets(long: Path, open_page: Open) -> None:
    page = open_page(long / "p" / "index.html", "group=")
    assert BUCKETS in said(page)
    zoom(page, RANGE[0], RANGE[1])
    steps = list(range(RANGE[0], RANGE[1] + 1))
    assert in_range(page, "r1") == (steps, [loss(1, step) for step in steps])
    assert in_range(page, "r2")[0] == steps[::3]
    # The short run has one point here, and keeps its others.
    assert curves(page, "loss")["short"].xs.size == 12
    assert f"{EVERY}: 470 points in this range." in said(page)
    panel(page, "loss").get_by_role("button", name="Reset zoom").click()
    drawn(page)
    assert len(curves(page, "loss")["r1"].xs) < 1001
    assert BUCKETS in said(page)


def test_a_shared_link_opens_zoomed_and_keeps_the_range_while_groups_and_smoothing_change(
    long: Path, open_page: Open
) -> None:
    page = open_page(long / "p" / "index.html", f"group=&{LINK}")
    show(page, "loss")
    assert frame(page)["x"] == RANGE
    assert EVERY in said(page)
    set_view(page, group="group")
    assert frame(page)["x"] == RANGE
    set_view(page, smooth=0.5, ylog=True, outliers=True)
    assert frame(page)["x"] == RANGE
    assert "smoothed row by row" in said(page)
    set_view(page, smooth=0, ylog=False, outliers=False, x="_runtime")
    low, high = frame(page)["x"]
    assert high - low > 10_000
    set_view(page, x="_step")
    assert frame(page)["x"] == RANGE
    assert EVERY in said(page)


def test_a_groups_mean_and_band_are_those_of_all_rows(long: Path, open_page: Open) -> None:
    page = open_page(long / "p" / "index.html", f"group=group&shade=std&{LINK}")
    curve = curves(page, "loss")["g"]
    runs = []
    for run in range(3):
        xs = np.arange(RANGE[0] - 600, RANGE[1] + 600, dtype=float)[:: 3 if run == 2 else 1]
        ys = np.array([loss(run, int(x)) for x in xs])
        ys[~np.isfinite(ys)] = math.nan
        runs.append(Points(xs, ys, ys, ys))
    for smooth in (0, 0.8):
        set_view(page, smooth=smooth)
        curve = curves(page, "loss")["g"]
        expected = reference.group(runs, "mean", "std")
        here = (expected.xs >= RANGE[0]) & (expected.xs <= RANGE[1])
        there = (curve.xs >= RANGE[0]) & (curve.xs <= RANGE[1])
        assert curve.xs[there].tolist() == expected.xs[here].tolist()
        for found, values in ((curve.ys, expected.line), (curve.lo, expected.lo), (curve.hi, expected.hi)):
            assert found is not None
            assert values is not None
            check(found[there], reference.smooth(expected.xs, values, smooth, "ema")[here], expected.size[here], smooth)


def test_rows_over_time_are_all_there_too(long: Path, open_page: Open) -> None:
    page = open_page(long / "p" / "index.html", "group=&x=_runtime")
    zoom(page, 7500, 7550)
    xs, ys = in_range(page, "r1")
    assert xs == [step / 4 for step in range(30_000, 30_201)]
    assert ys == [loss(1, step) for step in range(30_000, 30_201)]
    set_view(page, x="_timestamp")
    zoom(page, (START + 7500) * 1000 - 5, (START + 7550) * 1000 + 5)
    xs, ys = in_range(page, "r1")
    np.testing.assert_allclose(xs, [(START + step / 4) * 1000 for step in range(30_000, 30_201)], rtol=0, atol=1)
    assert ys == [loss(1, step) for step in range(30_000, 30_201)]


def test_values_that_are_no_numbers_are_marked_at_their_steps(long: Path, open_page: Open) -> None:
    page = open_page(long / "p" / "index.html", f"group=&{LINK}")
    show(page, "loss")
    marks = page.evaluate("runstore.workspace.panels.panels[0].chart.marks.map(({ x, kind }) => [x, kind])")
    assert marks == [[NAN, "NaN"], [INFINITE, "∞"]]


@pytest.mark.parametrize("place", ["p/runs/r1/index.html", "p/compare/index.html"])
def test_pages_of_runs_zoom_to_every_row(long: Path, open_page: Open, place: str) -> None:
    page = open_page(long / place, LINK + ("&runs=r1,short" if "compare" in place else ""))
    show(page, "loss")
    steps = list(range(RANGE[0], RANGE[1] + 1))
    [name] = [each for each in curves(page, "loss") if each != "short"]
    assert in_range(page, name) == (steps, [loss(1, step) for step in steps])
    assert EVERY in said(page)


def test_panels_of_several_metrics_and_formulas_zoom_to_every_row(long: Path, open_page: Open) -> None:
    page = open_page(long / "p" / "index.html", "group=")
    page.evaluate("runstore.workspace.panels.layout.add('line', { metrics: ['loss'], formula: 'twice - loss' })")
    zoom(page, RANGE[0], RANGE[1], "panel 1")
    steps = list(range(RANGE[0], RANGE[1] + 1))
    found = in_range(page, "r1 · twice - loss", "panel 1")
    assert found[0] == steps
    np.testing.assert_allclose(found[1], [loss(1, step) for step in steps], rtol=1e-12)
    assert in_range(page, "r1 · loss", "panel 1")[0] == steps
    assert "means of their buckets" not in said(page, "panel 1")


def test_a_range_in_a_panels_settings_shows_every_row(long: Path, open_page: Open) -> None:
    page = open_page(long / "p" / "index.html", "group=")
    page.evaluate("range => runstore.workspace.panels.layout.set('loss', { x0: range[0], x1: range[1] })", RANGE)
    drawn(page)
    assert in_range(page, "r1")[0] == list(range(RANGE[0], RANGE[1] + 1))


def test_keys_zoom_move_and_go_back(long: Path, open_page: Open) -> None:
    page = open_page(long / "p" / "index.html", f"group=&{LINK}")
    show(page, "loss")
    panel(page, "loss").locator(".plot").focus()
    page.keyboard.press("PageDown")
    drawn(page)
    assert frame(page)["x"] == [30_160, 30_360]
    assert EVERY in said(page)
    page.keyboard.press("PageUp")
    page.keyboard.press("+")
    drawn(page)
    assert frame(page)["x"] == [30_050, 30_150]
    page.keyboard.press("-")
    drawn(page)
    assert frame(page)["x"] == RANGE
    page.keyboard.press("Escape")
    drawn(page)
    assert BUCKETS in said(page)
    assert "zooms" not in page.url


def test_the_wheel_zooms_with_ctrl_and_shift_drags_the_range_along(long: Path, open_page: Open) -> None:
    page = open_page(long / "p" / "index.html", f"group=&{LINK}")
    show(page, "loss")
    box = panel(page, "loss").locator(".plot").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -300)
    page.keyboard.up("Control")
    page.wait_for_function("() => !location.hash.includes('30000') && location.hash.includes('zooms')")
    low, high = frame(page)["x"]
    assert 45 < high - low < 55
    page.keyboard.down("Shift")
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 - 100, box["y"] + box["height"] / 2, steps=3)
    page.mouse.up()
    page.keyboard.up("Shift")
    page.wait_for_function("low => runstore.workspace.state.view.zooms[0][2] > low + 5", arg=low)
    drawn(page)
    assert frame(page)["x"][1] - frame(page)["x"][0] == pytest.approx(high - low, rel=1e-3)
    assert EVERY in said(page)


def test_a_finger_and_a_keyboard_zoom_by_numbers_from_the_menu(long: Path, open_page: Open) -> None:
    page = open_page(long / "p" / "runs" / "r1" / "index.html", phone=True)
    show(page, "loss")
    panel(page, "loss").get_by_role("button", name="Panel menu of loss").click()
    page.get_by_role("menuitem", name="Zoom to…").click()
    page.get_by_role("textbox", name="From").fill("40000")
    page.get_by_role("textbox", name="To").fill("40010")
    page.get_by_role("button", name="Zoom", exact=True).click()
    page.wait_for_function("() => location.hash.includes('zooms')")
    drawn(page)
    assert in_range(page, "loss")[0] == list(range(40_000, 40_011))


def test_while_rows_are_loaded_the_picture_stays_and_the_panel_says_so(long: Path, open_page: Open) -> None:
    waiting: list[Route] = []
    done: list[Route] | None = None
    with hosted(long.parent) as address:
        page = open_page(f"{address}/{long.name}/p/index.html", "group=")
        page.route("**/fine/*.js", lambda route: route.continue_() if waiting is done else waiting.append(route))
        show(page, "loss")
        page.evaluate("range => { runstore.workspace.panels.panels[0].chart.zoomTo(range); }", RANGE)
        page.wait_for_function("() => document.querySelector('.panel-note').textContent.startsWith('Loading')")
        assert frame(page)["x"] == RANGE
        assert panel(page, "loss").get_by_role("button", name="Reset zoom").is_visible()
        done = waiting
        for route in [*waiting]:
            route.continue_()
        page.wait_for_function("() => document.querySelector('.panel-note').textContent.startsWith('Every row')")


@pytest.mark.slow
def test_one_row_of_a_million_is_seen_at_every_zoom(tmp_path: Path, open_page: Open) -> None:
    spike, count = 612_345, 1_000_000
    lines = b"".join(b'{"m":%d,"_step":%d}\n' % (50 if step == spike else step % 3, step) for step in range(count))
    root = write_store(tmp_path / "experiments")
    write_run(root, "p", "r", lines)
    page = open_page(build(root, tmp_path / "site") / "p" / "index.html")
    show(page, "m")
    for reach in (None, 50_000, 300, 4):
        if reach is not None:
            zoom(page, spike - reach, spike + reach, "m")
            assert EVERY in said(page, "m")
        shown = frame(page, "m")
        low, high = shown["y"]
        top = (high - 50) / (high - low) * shown["height"]
        # A bucket of 1,024 steps, or a column of the screen: so far from its step a spike may stand.
        near = 3 + (1024 if reach is None else 0) / (shown["x"][1] - shown["x"][0]) * shown["width"]
        highest = page.evaluate(HIGHEST, ["m", spike, near])
        assert highest is not None
        assert abs(highest - top) < 4, (reach, highest, top)


def test_steps_that_go_back_and_later_attempts_are_in_place(tmp_path: Path, open_page: Open) -> None:
    root = write_store(tmp_path / "experiments")
    back = [{"m": float(step), "_step": step} for step in (*range(0, 3000, 2), *range(1, 3000, 2))]
    write_run(root, "p", "back", back)
    first = [{"m": 0.0, "_step": step} for step in range(2000)]
    again = [{"m": 1.0, "_step": step} for step in range(1000, 3000)]
    files = {"history.2.jsonl": again, "provenance.2.json": {"starting_step": 1000, "rewound_to": 999}}
    write_run(root, "p", "twice", first, files=files)
    page = open_page(build(root, tmp_path / "site") / "p" / "index.html", "group=")
    zoom(page, 990, 1010, "m")
    steps = list(range(990, 1011))
    assert in_range(page, "back", "m") == (steps, [float(step) for step in steps])
    assert in_range(page, "twice", "m") == (steps, [float(step > 999) for step in steps])


@pytest.mark.parametrize("fragment", ["ylog=1", "xlog=1", "outliers=1"])
def test_huge_values_on_any_scale_zoom(tmp_path: Path, open_page: Open, fragment: str) -> None:
    root = write_store(tmp_path / "experiments")
    rows = [{"m": 1e308 if step % 100 == 0 else 1.5 + step % 3, "_step": step} for step in range(5000)]
    write_run(root, "p", "r", rows)
    page = open_page(build(root, tmp_path / "site") / "p" / "index.html", f"group=&{fragment}")
    zoom(page, 95.5, 130.5, "m")
    assert in_range(page, "r", "m")[1] == [row["m"] for row in rows[96:131]]
    low, high = frame(page, "m")["y"]
    assert high < 10 if fragment == "outliers=1" else high >= 1e308
    assert math.isfinite(high - low)


def test_a_broken_range_in_an_address_shows_everything(long: Path, open_page: Open) -> None:
    page = open_page(long / "p" / "index.html", 'group=&zooms=[["loss","_step",5,1],["loss"],7,["loss","_step","a",2]]')
    show(page, "loss")
    assert BUCKETS in said(page)


@pytest.mark.parametrize(("details", "text"), [
    ("null", BUCKETS),
    ("[{ long: 0, whole: true, rows: 3 }]", ""),
    ("[{ long: 1, whole: true, rows: 3 }, { long: 1, whole: true, rows: 4 }]", "Every row: 7 points in this range."),
    ("[{ long: 1, whole: false, rows: 1e6 }]", "about 1,000,000 rows lie here. Zoom further in to see every row."),
    ("[{ long: 1, whole: false, rows: 9, crowded: true }]", "Show fewer lines, or smooth less"),
    ("[{ long: 1, whole: false, rows: 9, failed: new Error('gone') }]", "the rows that lie here are missing (gone)"),
])  # fmt: skip
def test_a_panel_says_how_much_it_shows(long: Path, open_page: Open, details: str, text: str) -> None:
    page = open_page(long / "p" / "index.html")
    found = page.evaluate(f"() => runstore.fine.told({details}, true)")
    assert text in found
    assert bool(text) == bool(found)


def test_zoomed_charts_and_the_form_of_a_range_are_accessible(long: Path, open_page: Open) -> None:
    page = open_page(long / "p" / "index.html", f"group=group&{LINK}", dark=True)
    show(page, "loss")
    every = ("minor", "moderate", "serious", "critical")
    assert violations(page, every) == []
    panel(page, "loss").get_by_role("button", name="Panel menu of loss").click()
    page.get_by_role("menuitem", name="Zoom to…").click()
    assert violations(page, every) == []
