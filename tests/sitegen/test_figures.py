"""Figures for papers: their numbers are the reference's, and they come out as pictures without a browser."""

import json
import math
import random
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstore.errors import UsageError
from runstore.reading.store import Project, read_store
from sitegen.assets import templates_dir
from sitegen.data.bands import AGGREGATES, SHADES, SMOOTHERS
from sitegen.data.groups import Curve, Points, group_curve
from sitegen.data.series import Floats
from sitegen.data.smoothing import smooth
from sitegen.figures import Figure, _colours, figure_bytes, figure_chart, figure_lines, thinned
from tests import reference
from tests.stores import write_run, write_store

_VALUES = st.one_of(
    st.floats(-1e3, 1e3),
    st.just(math.nan),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from((0.0, 1e308)),
)
_RUN = st.lists(st.tuples(st.integers(-5, 30) | st.floats(-5, 30), _VALUES), min_size=1, max_size=12)


def equal(found: Floats | None, expected: Floats | None, size: Floats) -> None:
    """Equal to a share of 1e-9 of the largest value that took part, NaN where the other is."""
    if found is None or expected is None:
        assert found is expected
        return
    with np.errstate(over="ignore", invalid="ignore"):
        assert np.array_equal(np.isnan(found), np.isnan(expected))
        finite = np.isfinite(expected)
        assert np.array_equal(found[~finite], expected[~finite], equal_nan=True)
        close = np.abs(found / 2 - expected / 2) <= 1e-9 * np.maximum(size, 1e-300)
        assert close[finite].all()


@given(st.lists(_RUN, min_size=1, max_size=5), st.sampled_from(AGGREGATES), st.sampled_from(SHADES))
def test_a_groups_curve_is_the_references(runs: list[list[tuple[float, float]]], agg: Any, shade: Any) -> None:
    columns = [tuple(np.array(column, dtype=np.float64) for column in zip(*run, strict=True)) for run in runs]
    found = group_curve([Points(xs, ys) for xs, ys in columns], agg, shade)
    expected = reference.group([reference.Points(xs, ys, ys, ys) for xs, ys in columns], agg, shade)
    assert np.array_equal(found.xs, expected.xs)
    assert found.n.tolist() == expected.n
    size = np.nan_to_num(expected.size)
    equal(found.ys, expected.line, size)
    for edge, wanted in ((found.lo, expected.lo), (found.hi, expected.hi)):
        # A band of means and medians has no extremes of its own points: those of runs between two points are theirs.
        equal(edge, wanted, size)


@given(
    st.lists(_VALUES.filter(lambda value: not abs(value) > 1e300), max_size=20),
    st.data(),
    st.sampled_from((0.0, 0.3, 0.9, 0.999)),
    st.sampled_from(SMOOTHERS),
)
def test_smoothing_is_the_references(values: list[float], data: st.DataObject, weight: float, smoother: Any) -> None:
    ys = np.array(values, dtype=np.float64)
    gaps = data.draw(st.lists(st.sampled_from((0.0, 0.5, 1.0, 7.0)), min_size=ys.size, max_size=ys.size))
    xs = 1e6 + np.cumsum(np.array(gaps, dtype=np.float64))
    expected = reference.smooth(xs, ys, weight, smoother)
    equal(smooth(xs, ys, weight, smoother), expected, np.full(ys.size, np.nanmax(np.abs(ys), initial=0.0)))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Two learning rates with three seeds each, of different lengths, and a run without one."""
    root = write_store(tmp_path / "experiments")
    chance = random.Random(4)
    for at in range(6):
        rate, seed = (0.1, 0.01)[at % 2], at // 2
        rows = [
            {
                "loss": chance.random() + 1 / (step + 1),
                "epoch": step / 4,
                "_step": step * (1 + seed % 2),
                "_runtime": float(step),
            }
            for step in range(20 + at)
        ]
        write_run(root, run_id=f"r{at}", history=rows, config={"lr": rate}, meta={"name": f"run {at}"})
    write_run(root, run_id="bare", history=[{"loss": 3.0}], meta={"name": "bare"})
    [found] = read_store(root).projects
    return found


def logged(project: Project, rate: float) -> list[reference.Points]:
    """The points of the runs with a learning rate, read from their files."""
    found = []
    for run in project.runs:
        if run.config.get("lr") == rate:
            rows = [json.loads(line) for line in (run.layout.path / "history.jsonl").read_text().splitlines()]
            xs, ys = (np.array([row[key] for row in rows], dtype=np.float64) for key in ("_step", "loss"))
            found.append(reference.Points(xs, ys, ys, ys))
    return found


@pytest.mark.parametrize("smoother", SMOOTHERS)
def test_what_is_drawn_is_what_was_logged(project: Project, smoother: Any) -> None:
    figure = Figure(["loss"], group="config.lr", agg="median", shade="ci", smooth=0.4, smoother=smoother)
    spec = json.loads(figure_bytes(figure_chart(figure_lines(project, figure), figure), "json"))
    [rows] = spec["datasets"].values() if "datasets" in spec else [spec["data"]["values"]]
    for label, rate in (("0.1", 0.1), ("0.01", 0.01)):
        drawn = [row for row in rows if row["label"] == label]
        expected = reference.group(logged(project, rate), "median", "ci")
        assert [row["x"] for row in drawn] == expected.xs.tolist()
        assert [row["n"] for row in drawn] == expected.n
        for key, values in (("y", expected.line), ("lo", expected.lo), ("hi", expected.hi)):
            assert values is not None
            smoothed = reference.smooth(expected.xs, values, 0.4, smoother)
            assert np.allclose([row[key] for row in drawn], smoothed, rtol=1e-9, atol=1e-12)
    assert {row["label"] for row in rows} == {"0.1", "0.01", "(none)"}


def test_the_line_of_an_svg_goes_through_its_points(project: Project) -> None:
    figure = Figure(["loss"], where="name = 'run 0'", width=200, height=100)
    lines = figure_lines(project, figure)
    picture = ET.fromstring(figure_bytes(figure_chart(lines, figure), "svg"))
    assert b"data:" not in figure_bytes(figure_chart(lines, figure), "svg")
    paths = [
        path
        for path in picture.iter("{http://www.w3.org/2000/svg}path")
        if path.get("aria-roledescription") == "line mark"
    ]
    points = re.findall(r"[ML](-?[\d.]+),(-?[\d.]+)", paths[0].get("d") or "")
    [line] = lines
    assert len(points) == line.curve.xs.size
    xs, ys = (np.array([float(point[at]) for point in points]) for at in (0, 1))
    # The x axis ends where the data do; on the y axis pixels are a straight line over values.
    assert np.allclose(xs, line.curve.xs / line.curve.xs.max() * 200, atol=0.01)
    slope, start = np.polyfit(line.curve.ys, ys, 1)
    assert slope < 0
    assert np.allclose(start + slope * line.curve.ys, ys, atol=0.01)


@pytest.mark.parametrize(("kind", "magic"), [("svg", b"<svg"), ("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_every_kind_of_file_is_written(project: Project, kind: str, magic: bytes) -> None:
    figure = Figure(["loss", "epoch"], group="config.lr", x="_runtime", log=True, theme="dark")
    assert figure_bytes(figure_chart(figure_lines(project, figure), figure), kind).startswith(magic)


def test_the_x_axis_may_be_another_metric(project: Project) -> None:
    lines = figure_lines(project, Figure(["loss"], x="epoch", where="name = 'run 1'"))
    assert lines[0].curve.xs.tolist() == [step / 4 for step in range(21)]


def test_colours_are_those_of_the_pages(project: Project) -> None:
    lines = figure_lines(project, Figure(["loss"]))
    order = [run.name for run in project.runs][::-1]
    assert {line.label: line.rank for line in lines} == {name: rank for rank, name in enumerate(order)}
    some = figure_lines(project, Figure(["loss"], where="name LIKE 'run%'"))
    assert {line.label: line.rank for line in some}.items() <= {line.label: line.rank for line in lines}.items()


def test_the_palette_is_the_pages() -> None:
    light, dark = _colours("light"), _colours("dark")
    assert len(light) == len(dark) == len(set(light)) >= 24
    script = (templates_dir() / "assets" / "palette.js").read_text()
    lists = "".join(re.findall(r"const (?:LIGHT|DARK) = \[[^]]*\]", script))
    assert set(re.findall("#[0-9a-f]{6}", lists)) == {*light, *dark}


@pytest.mark.parametrize(
    ("figure", "said"),
    [
        (Figure(["los"]), "there is loss"),
        (Figure(["loss"], group="config.l"), "config.lr"),
        (Figure(["loss"], x="epok"), "epoch"),
        (Figure(["loss"], where="name = 'nobody'"), "no run"),
    ],
)
def test_what_does_not_fit_is_told_in_one_line(project: Project, figure: Figure, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        figure_lines(project, figure)


def test_thinning_keeps_every_extreme_and_gap() -> None:
    ys = np.sin(np.arange(100_000) / 50)
    ys[40_404], ys[70_707], ys[90_000:90_003] = 9.0, -9.0, math.nan
    xs = np.arange(100_000, dtype=np.float64)
    kept = thinned(Curve(xs, ys, None, None, np.ones(xs.size)), 300)
    assert len(kept) < 3000
    assert {0, 40_404, 70_707, 99_999} <= set(kept)
    assert np.isnan(ys[kept]).any()
