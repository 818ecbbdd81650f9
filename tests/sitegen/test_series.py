"""Series: a few points a run that lose no extreme and no end."""

import math
from fractions import Fraction
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sitegen.data.series import (
    BUCKETS,
    MAX_POINTS,
    Rows,
    Series,
    grid_width,
    make_series,
    metric_rows,
    run_bounds,
    run_series,
)

VALUES = st.floats() | st.integers(-3, 3).map(float) | st.sampled_from([0.1, 1e308, -1e308, 5e-324])
STEPS = st.integers(-20, 40).map(float) | st.floats(-(2**53), 2**53) | st.sampled_from([0.0, 5e-324, 2.0**53])


def _rows(runs: dict[int, list[tuple[float, float]]]) -> Rows:
    """Rows of (step, value) by run; a row's runtime is its place."""
    flat = [(run, step, value) for run in sorted(runs) for step, value in sorted(runs[run], key=lambda row: row[0])]
    count = np.arange(len(flat), dtype=np.float64)
    return Rows(
        run=np.array([run for run, _, _ in flat], np.uint32),
        step=np.array([step for _, step, _ in flat], np.float64),
        value=np.array([value for _, _, value in flat], np.float64),
        runtime=count,
        timestamp=1e9 + count,
    )


@st.composite
def _any_rows(draw: st.DrawFn) -> Rows:
    whole = draw(st.booleans())
    steps = st.integers(-20, 40).map(float) if whole else STEPS
    points = st.lists(st.tuples(steps, VALUES), min_size=1, max_size=12)
    return _rows(draw(st.dictionaries(st.integers(0, 5), points, min_size=1, max_size=4)))


@st.composite
def _long_rows(draw: st.DrawFn) -> Rows:
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    runs: dict[int, list[tuple[float, float]]] = {}
    for run in range(draw(st.integers(1, 3))):
        length = draw(st.sampled_from([1, 10, MAX_POINTS, MAX_POINTS + 1, 5000]))
        steps = np.sort(generator.integers(0, draw(st.sampled_from([50, 5000, 10**7])), length)).astype(float)
        if draw(st.booleans()):
            steps = np.unique(steps)
        values = generator.normal(size=steps.size)
        values[generator.random(steps.size) < draw(st.sampled_from([0.0, 0.1, 1.0]))] = math.nan
        runs[run] = list(zip(steps.tolist(), values.tolist(), strict=True))
    return _rows(runs)


def _points(series: Series) -> dict[int, dict[str, Any]]:
    stops = np.cumsum(series.counts)
    points = {}
    for run, start, stop in zip(series.runs.tolist(), stops - series.counts, stops, strict=True):
        part = slice(int(start), int(stop))
        lo = series.y if series.lo is None else series.lo
        hi = series.y if series.hi is None else series.hi
        points[run] = {
            "at": series.at[part],
            "y": series.y[part],
            "lo": lo[part],
            "hi": hi[part],
            "runtime": series.runtime[part],
            "timestamp": series.timestamp[part],
        }
    return points


@pytest.mark.filterwarnings("error")
@given(_any_rows() | _long_rows())
def test_no_run_loses_an_extreme_or_its_end(rows: Rows) -> None:
    series = make_series(rows)
    points = _points(series)
    assert list(points) == sorted(set(rows.run.tolist()))
    for run, (start, stop) in run_bounds(rows).items():
        found, values = points[run], rows.value[start:stop]
        finite = values[np.isfinite(values)]
        assert np.all(np.diff(found["at"].astype(np.int64)) > 0)
        assert found["runtime"][-1] == rows.runtime[stop - 1]
        assert found["timestamp"][-1] == rows.timestamp[stop - 1]
        assert np.isfinite(found["y"]).any() == bool(finite.size)
        if finite.size:
            assert np.nanmin(found["lo"]) == finite.min()
            assert np.nanmax(found["hi"]) == finite.max()


@pytest.mark.filterwarnings("error")
@given(_any_rows() | _long_rows())
def test_each_point_is_the_mean_of_the_rows_of_its_bucket(rows: Rows) -> None:
    series = make_series(rows)
    points = _points(series)
    for run, (start, stop) in run_bounds(rows).items():
        found = points[run]
        buckets = np.floor((rows.step[start:stop] - series.first) / series.width).astype(np.int64)
        assert found["at"].tolist() == sorted(set(buckets.tolist()))
        for at, y, lo, hi in zip(found["at"], found["y"], found["lo"], found["hi"], strict=True):
            inside = rows.value[start:stop][buckets == at]
            inside = inside[np.isfinite(inside)]
            if inside.size:
                assert lo <= y <= hi
                mean = float(sum(map(Fraction, inside.tolist())) / inside.size)
                assert math.isclose(y, mean, rel_tol=1e-9, abs_tol=max(1e-9 * np.abs(inside).max(), 1e-320))
            else:
                assert math.isnan(y)


@given(_long_rows())
def test_a_series_is_never_longer_than_it_may_be(rows: Rows) -> None:
    assert make_series(rows).counts.max() <= max(MAX_POINTS, BUCKETS + 1)


@example(_rows({0: [(0.0, 1.0), (1.5, 2.0), (999.0, 3.0)], 1: [(0.0, 1.0), (1.5, 2.0)], 2: [(1.0, 1.0)]}))
@given(_any_rows())
def test_a_runs_own_series_is_the_same_whatever_other_runs_hold(rows: Rows) -> None:
    series = make_series(rows)
    for start, stop in run_bounds(rows).values():
        own = run_series(rows, series, start, stop)
        alone = make_series(rows.slice(start, stop))
        for name in Series.__slots__:
            np.testing.assert_array_equal(getattr(own, name), getattr(alone, name), err_msg=name)


def test_short_whole_runs_are_kept_row_by_row() -> None:
    series = make_series(_rows({0: [(0, 1.0), (1, 2.0), (3, math.inf)], 2: [(1, 5.0)]}))
    assert (series.first, series.width, series.lo, series.hi) == (0.0, 1.0, None, None)
    assert (series.runs.tolist(), series.counts.tolist(), series.at.tolist()) == ([0, 2], [3, 1], [0, 1, 3, 1])
    np.testing.assert_array_equal(series.y, [1.0, 2.0, math.nan, 5.0])


def test_rows_of_one_step_become_one_point_with_its_extremes() -> None:
    series = make_series(_rows({0: [(0, 1.0), (1, 2.0), (1, 4.0), (2, 9.0)]}))
    assert series.lo is not None
    assert series.hi is not None
    assert (series.at.tolist(), series.y.tolist()) == ([0, 1, 2], [1.0, 3.0, 9.0])
    assert (series.lo.tolist(), series.hi.tolist()) == ([1.0, 2.0, 9.0], [1.0, 4.0, 9.0])


def test_a_spike_among_a_million_rows_is_kept() -> None:
    count = 1_000_000
    values = np.zeros(count)
    values[345_678] = 7.0
    axis = np.arange(count, dtype=np.float64)
    series = make_series(Rows(np.zeros(count, np.uint32), axis, values, axis, axis))
    assert series.hi is not None
    assert series.y.size <= BUCKETS
    assert np.flatnonzero(series.hi == 7.0).tolist() == [345_678 // int(series.width)]


def test_values_too_large_to_add_up_still_have_a_mean() -> None:
    series = make_series(_rows({0: [(0, 1.7e308), (0, 1.7e308)]}))
    assert series.y.tolist() == [1.7e308]


def test_a_growing_run_seldom_moves_the_grid() -> None:
    assert len({grid_width(0, last, whole=True) for last in range(2000, 100_000, 100)}) == 6
    assert grid_width(5, 5, whole=True) == 1.0
    assert grid_width(0.0, 5e-324, whole=False) == 1.0


def _frame(metrics: dict[str, list[Any]], **places: list[Any]) -> pl.DataFrame:
    """A frame of `Project.history()`; by default rows of run 0, a step each, without times."""
    height = len(next(iter(metrics.values())))
    columns = {"run": [0] * height, "place": [0] * height, "line": list(range(height))}
    columns |= {"step": [float(at) for at in range(height)], "runtime": [None] * height, "timestamp": [None] * height}
    columns |= places | {f"={key}": values for key, values in metrics.items()}
    types = dict.fromkeys(("run", "place", "line"), pl.UInt32) | dict.fromkeys(("runtime", "timestamp"), pl.Float64)
    return pl.DataFrame(columns, schema_overrides=types)


def test_each_metric_has_its_rows_by_run_and_step() -> None:
    one = _frame({"a": [1.0, 2.0, None], "b": [None, None, 3.0]}, run=[1, 0, 0], step=[0.0, 5.0, 1.0])
    two = _frame({"a": [9.0]}, runtime=[1.5])
    found = {key: (rows.run.tolist(), rows.step.tolist(), rows.value.tolist()) for key, rows in metric_rows([one, two])}
    assert found == {"a": ([0, 0, 1], [0.0, 5.0, 0.0], [9.0, 2.0, 1.0]), "b": ([0], [1.0], [3.0])}


def test_rows_of_one_step_stand_in_the_order_of_attempts_and_lines() -> None:
    frame = _frame({"a": [3.0, 2.0, 1.0]}, place=[1, 0, 0], line=[0, 8, 7], step=[1.0, 1.0, 1.0])
    ((_, rows),) = metric_rows([frame])
    assert rows.value.tolist() == [1.0, 2.0, 3.0]


def test_a_logged_nan_is_a_row_and_a_missing_value_is_none() -> None:
    ((_, rows),) = metric_rows([_frame({"a": [1.0, math.nan, None]})])
    np.testing.assert_array_equal(rows.value, [1.0, math.nan])


def test_what_stands_below_an_axis_is_no_metric_and_any_other_key_is_one() -> None:
    frame = _frame({"_step.x": [1.0], "_private": [1.0], "__proto__": [1.0], "=a": [2.0], "": [3.0]})
    assert [key for key, _ in metric_rows([frame])] == ["", "=a", "__proto__", "_private"]


def test_no_frames_hold_no_metrics() -> None:
    assert list(metric_rows([])) == []
