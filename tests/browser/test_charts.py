"""Charts: smoothing, axes, scales, zoom, tooltip, legend, and no extreme lost."""

import datetime
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page

from tests.browser.chromium import Open
from tests.browser.pages import curves, panel, set_view, settle, show
from tests.browser.stores import all_runs, rows
from tests.sites import build
from tests.stores import START, write_run, write_store


def plot_box(page: Page, metric: str) -> dict[str, float]:
    show(page, metric)
    box = panel(page, metric).locator(".plot").bounding_box()
    assert box is not None
    return {"x": box["x"] + 64, "y": box["y"] + 8, "width": box["width"] - 78, "height": box["height"] - 42}


def visible(page: Page, metric: str) -> list[float]:
    """The range of x that a chart shows."""
    found: list[float] = page.evaluate(
        "key => runstore.workspace.panels.panels.find((each) => each.metric.key === key).chart.frame.x", metric
    )
    return found


def test_ungrouped_chart_has_a_line_a_run_with_every_row(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=")
    shown = curves(page, "train/loss")
    assert len(shown) == 25
    for run_id, *what in all_runs():
        expected = rows(*what)  # type: ignore[arg-type]
        curve = shown[run_id.replace("-", " ")]
        assert curve.xs.tolist() == [row["_step"] for row in expected]
        np.testing.assert_allclose(curve.ys, [row["train/loss"] for row in expected], rtol=1e-6)


@pytest.mark.parametrize("weight", [0.3, 0.9, 0.99])
def test_smoothing_is_the_debiased_moving_average_of_tensorboard(lab: Path, open_page: Open, weight: float) -> None:
    page = open_page(lab / "lab" / "index.html", f"group=&smooth={weight}")
    values = [row["train/loss"] for row in rows("sgd", 0.1, 1)]
    last, expected = 0.0, []
    for number, value in enumerate(values, start=1):
        last = last * weight + (1 - weight) * value
        expected.append(last / (1 - weight**number))
    np.testing.assert_allclose(curves(page, "train/loss")["sgd fast 1"].ys, expected, rtol=1e-6)


def test_smoothing_slider_changes_the_lines_and_the_address(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=")
    before = curves(page, "train/loss")["sgd fast 1"].ys
    page.get_by_label("Smoothing").fill("0.8")
    settle(page)
    after = curves(page, "train/loss")["sgd fast 1"].ys
    assert np.abs(after - before).max() > 0.01
    assert "smooth=0.8" in page.url


def test_x_axis_is_step_relative_or_wall_time(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=")
    name = "lion slow 2"
    page.get_by_label("X axis").select_option(label="Relative time")
    settle(page)
    np.testing.assert_allclose(curves(page, "train/loss")[name].xs, 2.0 * np.arange(50))
    page.get_by_label("X axis").select_option(label="Wall time")
    settle(page)
    xs = curves(page, "train/loss")[name].xs
    np.testing.assert_allclose(xs, 1000 * (START + 200 + 2.0 * np.arange(50)), rtol=0, atol=1)
    assert datetime.datetime.fromtimestamp(xs[0] / 1000, datetime.UTC).year == 2026


def test_metric_without_times_is_drawn_over_steps_and_says_so(tmp_path: Path, open_page: Open) -> None:
    root = write_store(tmp_path / "experiments")
    write_run(root, "p", "r", [{"m": float(step), "_step": step} for step in range(5)])
    page = open_page(build(root, tmp_path / "site") / "p" / "index.html", "x=_timestamp")
    assert curves(page, "m")["r"].xs.tolist() == [0, 1, 2, 3, 4]
    assert "No times were logged" in panel(page, "m").inner_text()


def test_log_scale_leaves_out_what_is_not_positive_and_says_so(tmp_path: Path, open_page: Open) -> None:
    root = write_store(tmp_path / "experiments")
    write_run(root, "p", "r", [{"m": 10.0**-step, "z": step - 2.0, "_step": step} for step in range(6)])
    page = open_page(build(root, tmp_path / "site") / "p" / "index.html")
    page.get_by_label("Log y").check()
    settle(page)
    show(page, "m")
    low, high = page.evaluate("runstore.workspace.panels.panels[0].chart.frame.y")
    assert 0 < low <= 1e-5
    assert high >= 1
    show(page, "z")
    assert "no place on a log scale" in panel(page, "z").inner_text()


def test_dragging_zooms_in_x_rescales_y_and_double_click_undoes_it(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=")
    box = plot_box(page, "train/loss")
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.5, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, middle, steps=4)
    page.mouse.up()
    low, high = visible(page, "train/loss")
    assert low == pytest.approx(59 * 0.5, abs=1)
    assert high == pytest.approx(59 * 0.75, abs=1)
    assert panel(page, "train/loss").get_by_role("button", name="Reset zoom").is_visible()
    page.mouse.dblclick(box["x"] + box["width"] / 2, middle)
    assert visible(page, "train/loss") == [0, 59]


def test_pointing_at_a_chart_tells_the_values_there(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=config.optimizer&shade=stderr")
    box = plot_box(page, "train/loss")
    page.mouse.move(box["x"] + box["width"] * 20 / 59, box["y"] + box["height"] / 2)
    tooltip = panel(page, "train/loss").locator(".tooltip")
    text = tooltip.inner_text()
    assert "Step 20" in text
    for name in ("adam", "sgd", "lion"):
        assert name in text
    assert "n=8" in text
    page.mouse.move(5, 5)
    assert tooltip.is_hidden()


def test_keyboard_reads_a_chart_and_zooms_it(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=config.optimizer")
    show(page, "train/loss")
    panel(page, "train/loss").locator(".plot").focus()
    page.keyboard.press("ArrowRight")
    assert "Step" in panel(page, "train/loss").locator(".tooltip").inner_text()
    page.keyboard.press("+")
    low, high = visible(page, "train/loss")
    assert high - low < 40
    page.keyboard.press("Escape")
    assert visible(page, "train/loss") == [0, 59]


def test_legend_shows_groups_and_toggles_them(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=config.optimizer&hide=showcase")
    show(page, "train/loss")
    panel(page, "train/loss").locator(".legend").get_by_role("button", name="sgd").click()
    settle(page)
    assert set(curves(page, "train/loss")) == {"adam", "lion"}
    assert set(curves(page, "val/accuracy")) == {"adam", "lion"}
    panel(page, "train/loss").locator(".legend").get_by_role("button", name="sgd").click()
    settle(page)
    assert set(curves(page, "train/loss")) == {"adam", "sgd", "lion"}


def test_one_spike_among_a_hundred_thousand_steps_is_drawn(tmp_path: Path, open_page: Open) -> None:
    root = write_store(tmp_path / "experiments")
    spike = 61_803
    lines = b"".join(b'{"m":%d,"_step":%d}\n' % (1000 if step == spike else step % 3, step) for step in range(100_000))
    write_run(root, "p", "r", lines)
    page = open_page(build(root, tmp_path / "site") / "p" / "index.html")
    [curve] = curves(page, "m").values()
    assert curve.hi is not None
    assert curve.hi.max() == 1000
    drawn = page.evaluate("runstore.workspace.panels.panels[0].chart.frame.y[1]")
    assert drawn > 1000


def test_search_shows_only_charts_that_match(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html")
    page.get_by_label("Search charts by regular expression").fill("^val")
    assert page.locator(".panel:visible h3").all_inner_texts() == ["accuracy"]
    assert page.locator(".section:visible h2").all_inner_texts() == ["val"]


def test_chart_grows_and_shrinks_again(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html")
    grow = page.get_by_role("button", name="Larger chart of train/loss")
    before = plot_box(page, "train/loss")
    grow.click()
    assert plot_box(page, "train/loss")["height"] > before["height"] * 1.5
    grow.click()
    assert plot_box(page, "train/loss")["height"] == before["height"]


def test_lines_keep_to_the_theme_when_it_changes(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=config.optimizer")
    light = curves(page, "train/loss")["sgd"].colour
    page.get_by_role("button", name="Switch between light and dark").click()
    set_view(page)
    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert curves(page, "train/loss")["sgd"].colour != light
