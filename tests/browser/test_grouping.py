"""What a grouped chart shows is what Polars computes from the rows."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.browser.chromium import Open
from tests.browser.pages import Curve, curves, names, row, set_view, settle
from tests.browser.stores import all_runs, rows
from tests.reference import width
from tests.sites import build
from tests.stores import write_run, write_store

EXACT = {"rtol": 1e-9, "atol": 1e-12}
"""Sums are taken in another order."""

COLUMNS = {"config.optimizer": 1, "config.lr": 2, "config.fold": 3}


def reference(metric: str, column: str) -> dict[str, pl.DataFrame]:
    """Mean, extremes, deviation and error of each group at each step, by Polars, from the rows as they were logged."""
    found = pl.DataFrame(
        [
            {"group": str(run[COLUMNS[column]]), "step": row["_step"], "value": row[metric]}
            for run in all_runs()
            for row in rows(*run[1:])
            if metric in row
        ]
    )
    value = pl.col("value")
    totals = found.group_by("group", "step").agg(
        value.mean().alias("mean"),
        value.median().alias("median"),
        value.min().alias("min"),
        value.max().alias("max"),
        value.std(ddof=1).fill_null(0.0).alias("std"),
        value.len().alias("n"),
    )
    return {str(key[0]): frame.sort("step") for key, frame in totals.partition_by("group", as_dict=True).items()}


def check(curve: Curve, expected: pl.DataFrame, line: Any, half: tuple[Any, Any] | None) -> None:
    np.testing.assert_array_equal(curve.xs, expected["step"].to_numpy())
    np.testing.assert_allclose(curve.ys, line, **EXACT)
    assert curve.n == expected["n"].to_list()
    if half is None:
        assert curve.lo is None
        return
    assert curve.lo is not None
    assert curve.hi is not None
    np.testing.assert_allclose(curve.lo, half[0], **EXACT)
    np.testing.assert_allclose(curve.hi, half[1], **EXACT)


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("metric", ["train/loss", "val/accuracy"])
def test_line_and_band_of_each_group_equal_polars(lab: Path, open_page: Open, column: str, metric: str) -> None:
    page = open_page(lab / "lab" / "index.html", f"group={column}&hide=showcase")
    expected = reference(metric, column)
    for agg, shade in itertools.product(("mean", "median", "min", "max"), ("std", "stderr", "ci", "minmax", "none")):
        set_view(page, agg=agg, shade=shade)
        shown = curves(page, metric)
        assert set(shown) == set(expected)
        for label, frame in expected.items():
            check(shown[label], frame, frame[agg].to_numpy(), band(frame, shade))


def band(frame: pl.DataFrame, shade: str) -> tuple[Any, Any] | None:
    mean, std, n = (frame[name].to_numpy() for name in ("mean", "std", "n"))
    if shade == "none":
        return None
    if shade == "minmax":
        return frame["min"].to_numpy(), frame["max"].to_numpy()
    half = std * width(shade, n)
    return mean - half, mean + half


def test_project_with_groups_opens_grouped_by_them(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html")
    assert page.locator("[data-view=group]").input_value() == "group"
    assert names(page)[:2] == ["adam 0.01", "adam 0.1"]


@pytest.mark.parametrize(("column", "labels"), [
    ("group", 7), ("job_type", 3), ("tags", 3), ("config.model.depth", 2), ("state", 2),
])  # fmt: skip
def test_any_column_groups_the_table_and_the_charts(lab: Path, open_page: Open, column: str, labels: int) -> None:
    page = open_page(lab / "lab" / "index.html")
    page.locator("[data-view=group]").select_option(column)
    settle(page)
    assert len(names(page)) == labels
    assert len(curves(page, "train/loss")) == labels


def test_one_click_ungroups_table_and_charts_and_one_more_groups_again(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=config.optimizer")
    page.get_by_role("button", name="Ungroup").click()
    settle(page)
    assert len(curves(page, "train/loss")) == 25
    assert "showcase" in names(page)
    page.locator("[data-ungroup]").click()
    settle(page)
    assert set(curves(page, "train/loss")) == {"adam", "sgd", "lion", "none"}


def test_group_row_opens_to_its_runs_and_shows_their_mean(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=config.optimizer&cols=summary.train%252Floss")
    found = row(page, "sgd")
    last = [rows(*run[1:])[-1]["train/loss"] for run in all_runs() if run[1] == "sgd"]
    shown = found.locator(".mean").inner_text()
    assert float(shown) == pytest.approx(np.mean(last), rel=1e-4)
    found.get_by_role("button", name="Runs of sgd").click()
    assert next(name for name in names(page) if name.startswith("sgd ")) == "sgd slow 3"
    assert len(names(page)) == 4 + 8


def test_hidden_runs_do_not_count_in_their_group(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=config.lr&hide=adam-fast-0")
    fast = curves(page, "train/loss")["0.1"]
    assert fast.n is not None
    assert fast.n[0] == 11


def test_filtered_runs_are_the_runs_in_the_groups(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=config.optimizer&filter=fast")
    shown = curves(page, "train/loss")
    assert set(shown) == {"adam", "sgd", "lion"}
    assert all(curve.n is not None and curve.n[0] == 4 for curve in shown.values())


def test_runs_on_different_steps_are_interpolated_within_their_range_and_never_beside_a_nan(
    tmp_path: Path, open_page: Open
) -> None:
    root = write_store(tmp_path / "experiments")
    nan = float("nan")
    histories = {
        "a": [(0, 0.0), (10, 10.0), (20, 20.0)],
        "b": [(5, 100.0), (10, nan), (15, 300.0), (20, 400.0)],
    }
    for run_id, points in histories.items():
        write_run(root, "p", run_id, [{"m": value, "_step": step} for step, value in points], config={"k": 1})
    page = open_page(build(root, tmp_path / "site") / "p" / "index.html", "group=config.k&shade=none")
    [curve] = curves(page, "m").values()
    assert curve.xs.tolist() == [0, 5, 10, 15, 20]
    assert curve.ys.tolist() == [0, (5 + 100) / 2, 10, (15 + 300) / 2, (20 + 400) / 2]
    assert curve.n == [1, 2, 1, 2, 2]


@pytest.mark.parametrize("axis", ["_runtime", "_timestamp"])
def test_groups_over_time_lie_between_their_runs(lab: Path, open_page: Open, axis: str) -> None:
    page = open_page(lab / "lab" / "index.html", f"group=config.optimizer&shade=minmax&x={axis}&hide=showcase")
    for curve in curves(page, "train/loss").values():
        assert curve.lo is not None
        assert curve.hi is not None
        assert np.all(np.diff(curve.xs) > 0)
        there = np.isfinite(curve.ys)
        assert np.all(curve.lo[there] <= curve.ys[there] + 1e-9)
        assert np.all(curve.ys[there] <= curve.hi[there] + 1e-9)


def test_group_keeps_its_colour_when_others_are_filtered_away(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=config.optimizer")
    before = curves(page, "train/loss")["lion"].colour
    set_view(page, filter="lion")
    assert curves(page, "train/loss")["lion"].colour == before


def test_show_all_shows_what_is_on_view_and_leaves_what_the_filter_leaves_out(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=&hide=showcase")
    page.evaluate("runstore.workspace.state.set({ filter: \"config.optimizer = 'adam'\" })")
    settle(page)
    page.get_by_role("button", name="Hide all").click()
    settle(page)
    page.get_by_role("button", name="Show all").click()
    settle(page)
    assert page.evaluate("runstore.workspace.charted.size") == 8
    assert page.evaluate("runstore.workspace.state.view.hide") == ["showcase"]


@pytest.mark.parametrize("sort", ["-config.lr", "config.fold,-config.lr", ""])
def test_groups_of_several_levels_stand_in_charts_as_in_the_table(lab: Path, open_page: Open, sort: str) -> None:
    page = open_page(lab / "lab" / "index.html", f"group=config.optimizer,config.lr&sort={sort}")
    table = page.evaluate(
        """runstore.workspace.table.grid.rows
            .filter(({ group }) => group && !group.children).map(({ group }) => group.label)"""
    )
    shown = list(curves(page, "train/loss"))
    assert len(shown) > 4
    assert shown == [label for label in table if label in shown]
