"""Charts over a logged metric, on the project page, in one panel, on the pages of one run and of several."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page

from tests import reference
from tests.browser.chromium import Open
from tests.browser.pages import curves, ink, panel, settle, violations
from tests.browser.stores import all_runs, rows
from tests.sites import build
from tests.stores import START, write_run, write_store

LOSS, ACCURACY = "train/loss", "val/accuracy"
ALL = ("minor", "moderate", "serious", "critical")


def over(optimizer: str, rate: float, fold: int) -> reference.Points:
    """A run's loss over its accuracy, which it logs at every fifth step."""
    logged = rows(optimizer, rate, fold)
    steps, losses = (np.array([row[key] for row in logged], dtype=float) for key in ("_step", LOSS))
    other = [(row["_step"], row[ACCURACY]) for row in logged if ACCURACY in row]
    at, values = (np.array(column, dtype=float) for column in zip(*other, strict=True))
    return reference.once(reference.Points(reference.over(steps, at, values), losses, losses, losses))


def axis_title(page: Page, metric: str) -> str:
    return str(
        page.evaluate(
            """key => (runstore.workspace?.panels ?? runstore.panels).panels
                .find((each) => each.metric.key === key).chart.axisTitle.textContent""",
            metric,
        )
    )


def mean_at_each_x(xs: Any, ys: Any) -> reference.Points:
    """A run's line has each row: of those with one x the mean."""
    return reference.once(reference.Points(xs, ys, ys, ys))


def test_lines_are_drawn_over_a_metric_that_is_chosen_by_its_name(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=")
    page.get_by_label("X axis").select_option(label=ACCURACY)
    settle(page)
    found = curves(page, LOSS)["adam fast 0"]
    expected = over("adam", 0.1, 0)
    assert np.all(np.diff(found.xs) >= 0)
    assert found.xs.size == len(rows("adam", 0.1, 0))
    shown = mean_at_each_x(found.xs, found.ys)
    np.testing.assert_allclose(shown.xs, expected.xs, rtol=1e-12)
    np.testing.assert_allclose(shown.ys, expected.ys, rtol=1e-9)
    assert axis_title(page, LOSS) == ACCURACY
    assert "x=val%2Faccuracy" in page.url
    assert violations(page, ALL) == []
    page.reload()
    page.locator("html[data-ready=true]").wait_for()
    assert page.get_by_label("X axis").input_value() == ACCURACY
    assert axis_title(page, LOSS) == ACCURACY


def test_a_groups_mean_band_and_table_go_over_the_metric(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=config.optimizer&hide=showcase")
    page.get_by_label("X axis").select_option(label=ACCURACY)
    settle(page)
    shown = curves(page, LOSS)["adam"]
    expected = reference.group([over(*run[1:]) for run in all_runs() if run[1] == "adam"], "mean", "std")
    np.testing.assert_allclose(shown.xs, expected.xs, rtol=1e-12)
    np.testing.assert_allclose(shown.ys, expected.line, rtol=1e-9)
    for found, values in ((shown.lo, expected.lo), (shown.hi, expected.hi)):
        assert found is not None
        assert values is not None
        np.testing.assert_allclose(found, values, rtol=1e-9)
    assert shown.n == expected.n
    chart = panel(page, LOSS)
    chart.get_by_role("button", name="Menu").click()
    page.get_by_role("menuitem", name="Show as table").click()
    assert ACCURACY in chart.get_by_role("columnheader").all_inner_texts()


def test_a_range_over_the_metric_is_zoomed_and_left_again(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=&x=val/accuracy")
    chart = panel(page, LOSS)
    box = chart.locator("canvas.plot-curves").bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.4, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, middle, steps=4)
    page.mouse.up()
    page.wait_for_function("() => runstore.workspace.state.view.zooms.length === 1")
    assert page.evaluate("() => runstore.workspace.state.view.zooms[0].slice(0, 2)") == [LOSS, ACCURACY]
    low, high = page.evaluate("() => runstore.workspace.state.view.zooms[0].slice(2)")
    assert 0 < low < high < 1
    assert curves(page, LOSS)["adam fast 0"].xs.size == len(rows("adam", 0.1, 0))


def test_one_panel_has_an_axis_a_line_a_band_and_a_smoother_of_its_own(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=config.optimizer&hide=showcase")
    panel(page, LOSS).get_by_role("button", name="Menu").click()
    page.get_by_role("menuitem", name="Edit…").click()
    form = page.get_by_role("dialog")
    form.get_by_label("X axis").select_option(label=ACCURACY)
    form.get_by_label("Line of a group").select_option(label="Median")
    form.get_by_label("Band of a group").select_option(label="Min–max")
    form.get_by_label("Smoothing").fill("0.7")
    form.get_by_label("Smoother").select_option(label="Time-weighted exponential")
    assert violations(page, ALL) == []
    form.get_by_role("button", name="Apply").click()
    settle(page)
    page.wait_for_function("() => runstore.workspace.panels.made.get('train/loss').settings.agg === 'median'")
    shown = curves(page, LOSS)["adam"]
    raw = reference.group([over(*run[1:]) for run in all_runs() if run[1] == "adam"], "median", "minmax")
    assert raw.lo is not None
    assert shown.lo is not None
    for found, values in ((shown.ys, raw.line), (shown.lo, raw.lo)):
        np.testing.assert_allclose(found, reference.smooth(raw.xs, values, 0.7, "twema"), rtol=1e-9)
    assert axis_title(page, LOSS) == ACCURACY
    # The others are as the page.
    assert curves(page, ACCURACY)["adam"].xs.tolist() == list(range(0, 60, 5))


@pytest.mark.parametrize("place", ["runs/adam-fast-0/index.html", "compare/index.html"])
def test_the_pages_of_one_run_and_of_several_offer_it_too(lab: Path, open_page: Open, place: str) -> None:
    fragment = "" if place.startswith("runs") else "runs=adam-fast-0,sgd-fast-1"
    page = open_page(lab / "lab" / place, fragment)
    page.get_by_label("X axis").select_option(label=ACCURACY)
    page.wait_for_function(
        """() => {
            const { chart } = runstore.panels.panels.find((each) => each.metric.key === "train/loss");
            return chart?.axisTitle.textContent === "val/accuracy";
        }"""
    )
    label = {True: "loss", False: "adam fast 0"}[place.startswith("runs")]
    found = curves(page, LOSS)
    first = found.get(label) or next(iter(found.values()))
    expected = over("adam", 0.1, 0)
    shown = mean_at_each_x(first.xs, first.ys)
    np.testing.assert_allclose(shown.xs, expected.xs, rtol=1e-12)
    np.testing.assert_allclose(shown.ys, expected.ys, rtol=1e-9)


@pytest.mark.parametrize("key", ["no/such", "constructor", "__proto__", "Step"])
def test_a_metric_that_nobody_logged_leaves_the_steps_and_says_so(lab: Path, open_page: Open, key: str) -> None:
    page = open_page(lab / "lab" / "index.html", f"group=&x={key}")
    assert curves(page, LOSS)["adam fast 0"].xs.tolist() == list(range(60))
    assert axis_title(page, LOSS) == "Step"
    assert f"No metric “{key}” was logged here: drawn over steps." in panel(page, LOSS).inner_text()
    assert page.get_by_label("X axis").input_value() == key


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of `many`, a run of 160 metrics; and of `long`, a run of 4,000 rows and one of few, of one metric."""
    folder = tmp_path_factory.mktemp("wide")
    store = write_store(folder / "experiments")
    moments = [{"_step": step, "_runtime": step / 2, "_timestamp": START + step} for step in range(4000)]
    write_run(
        store, "many", "one", [{**row, **{f"m{at:03d}": at + row["_step"] for at in range(160)}} for row in moments[:9]]
    )
    long = [{**row, "loss": 1 / (row["_step"] + 1), "tokens": 3.0 * row["_step"]} for row in moments]
    write_run(store, "long", "all", long, meta={"name": "all"})
    write_run(store, "long", "some", [{**row, "loss": 1.0} for row in moments[:9]], meta={"name": "some"})
    return build(store, folder / "site")


def test_one_of_very_many_metrics_is_found_by_search(wide: Path, open_page: Open) -> None:
    page = open_page(wide / "many" / "index.html", "group=")
    axis = page.get_by_label("X axis")
    axis.select_option(label="Find one of 160 metrics…")
    page.get_by_role("dialog").get_by_label("Metric").fill("m007")
    page.get_by_role("button", name="Choose").click()
    settle(page)
    assert axis.input_value() == "m007"
    (found,) = curves(page, "m000").values()
    assert found.xs.tolist() == [7.0 + step for step in range(9)]
    axis.select_option(label="Find one of 160 metrics…")
    page.get_by_role("button", name="Cancel").click()
    assert axis.input_value() == "m007"
    panel(page, "m000").get_by_role("button", name="Menu").click()
    page.get_by_role("menuitem", name="Edit…").click()
    page.get_by_role("dialog").get_by_label("X axis").fill("m009")
    page.get_by_role("button", name="Apply").click()
    settle(page)
    (found,) = curves(page, "m000").values()
    assert found.xs.tolist() == [9.0 + step for step in range(9)]


def test_of_long_runs_the_panel_says_that_both_axes_are_of_buckets(wide: Path, open_page: Open) -> None:
    page = open_page(wide / "long" / "index.html", "group=&x=tokens")
    found = curves(page, "loss")
    assert list(found) == ["all"]
    steps = found["all"].xs / 3
    assert 500 <= steps.size <= 1000
    np.testing.assert_allclose(steps[:3], [1.5, 5.5, 9.5])
    assert "Long runs are drawn in buckets of steps: x and y are their means." in panel(page, "loss").inner_text()


def test_where_no_run_logged_both_the_panel_says_so(tmp_path: Path, open_page: Open) -> None:
    store = write_store(tmp_path / "experiments")
    for key in ("a", "b"):
        write_run(store, "p", key, [{"_step": step, key: step} for step in range(3)])
    page = open_page(build(store, tmp_path / "site") / "p" / "index.html", "group=&x=b")
    said = panel(page, "a").inner_text()
    assert "No run logged “b” together with this metric." in said
    assert "0 runs" in said
    (found,) = curves(page, "b").values()
    assert found.xs.tolist() == found.ys.tolist() == [0, 1, 2]


def test_a_single_value_is_a_dot_on_the_project_page(tmp_path: Path, open_page: Open) -> None:
    store = write_store(tmp_path / "experiments")
    write_run(store, "p", "one", [{"_step": 3, "score": 0.5}])
    write_run(store, "p", "line", [{"_step": step, "score": 0.1 * step} for step in range(3)])
    page = open_page(build(store, tmp_path / "site") / "p" / "index.html", "group=&hide=line")
    assert {label: each.xs.tolist() for label, each in curves(page, "score").items()} == {"one": [3.0]}
    few = ink(page, "score")
    assert few > 5
    panel(page, "score").get_by_role("button", name="Menu").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="Download SVG").click()
    assert download.value.path().read_text().count("<circle") == 1
