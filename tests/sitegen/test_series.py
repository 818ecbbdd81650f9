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
    axis_values,
    make_series,
    metric_rows,
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
            "step": series.step[part],
            "y": series.y[part],
            "lo": lo[part],
            "hi": hi[part],
            "runtime": series.runtime[part],
            "timestamp": series.timestamp[part],
        }
    return points


def _of_runs(rows: Rows) -> dict[int, Rows]:
    """The rows of each run by itself."""
    found = {}
    for run in sorted(set(rows.run.tolist())):
        own = rows.run == run
        found[run] = Rows(rows.run[own], rows.step[own], rows.value[own], rows.runtime[own], rows.timestamp[own])
    return found


def _spread(steps: Any) -> list[float]:
    return sorted(set(steps.tolist()))


@pytest.mark.filterwarnings("error")
@given(_any_rows() | _long_rows())
def test_no_run_loses_an_extreme_or_its_end(rows: Rows) -> None:
    points = _points(make_series(rows))
    assert list(points) == sorted(set(rows.run.tolist()))
    for run, own in _of_runs(rows).items():
        found, finite = points[run], own.value[np.isfinite(own.value)]
        assert np.all(np.diff(found["step"]) > 0)
        assert own.step[0] <= found["step"][0]
        assert found["step"][-1] <= own.step[-1]
        assert found["runtime"][-1] == own.runtime[-1]
        assert found["timestamp"][-1] == own.timestamp[-1]
        assert np.isfinite(found["y"]).any() == bool(finite.size)
        if finite.size:
            assert np.nanmin(found["lo"]) == finite.min()
            assert np.nanmax(found["hi"]) == finite.max()


@pytest.mark.filterwarnings("error")
@given(_any_rows())
def test_each_step_of_a_short_run_is_a_point_with_the_mean_of_its_rows(rows: Rows) -> None:
    points = _points(make_series(rows))
    for run, own in _of_runs(rows).items():
        found = points[run]
        assert found["step"].tolist() == _spread(own.step)
        for step, y, lo, hi in zip(found["step"], found["y"], found["lo"], found["hi"], strict=True):
            _assert_mean(own.value[own.step == step], y, lo, hi)


@given(_long_rows())
def test_points_of_a_long_run_are_means_of_neighbouring_rows_and_all_of_them(rows: Rows) -> None:
    points = _points(make_series(rows))
    for run, own in _of_runs(rows).items():
        found = points[run]
        # Each row belongs to the point whose last row's runtime, its place, is not before its own.
        bucket = np.searchsorted(found["runtime"], own.runtime)
        for at, (y, lo, hi) in enumerate(zip(found["y"], found["lo"], found["hi"], strict=True)):
            inside = own.step[bucket == at]
            assert found["step"][at] == (inside[0] + inside[-1]) / 2
            _assert_mean(own.value[bucket == at], y, lo, hi)


def _assert_mean(values: Any, y: float, lo: float, hi: float) -> None:
    inside = values[np.isfinite(values)]
    if not inside.size:
        assert math.isnan(y)
        return
    assert lo <= y <= hi
    mean = float(sum(map(Fraction, inside.tolist())) / inside.size)
    assert math.isclose(y, mean, rel_tol=1e-9, abs_tol=max(1e-9 * np.abs(inside).max(), 1e-320))


@given(_long_rows())
def test_a_series_is_never_longer_than_it_may_be(rows: Rows) -> None:
    assert make_series(rows).counts.max() <= max(MAX_POINTS, BUCKETS + 1)


@example(_rows({0: [(0.0, 1.0), (1.5, 2.0), (999.0, 3.0)], 1: [(0.0, 1.0), (1.5, 2.0)], 2: [(1.0, 1.0)]}))
@given(_any_rows() | _long_rows())
def test_a_runs_part_is_the_same_whatever_other_runs_hold(rows: Rows) -> None:
    series = make_series(rows)
    for place, (run, own) in enumerate(_of_runs(rows).items()):
        part = series.part(place, int(series.starts()[place]))
        alone = make_series(own).part(0, 0)
        for name in Series.__slots__:
            np.testing.assert_array_equal(getattr(part, name), getattr(alone, name), err_msg=f"{run} {name}")


def test_a_long_run_leaves_short_ones_as_they_are() -> None:
    long, short = [(float(step), 1.0) for step in range(100_000)], [(float(step), step / 7) for step in range(500)]
    points = _points(make_series(_rows({0: long, 1: short, 2: [(0.5, 3.0)]})))
    assert points[1]["step"].tolist() == [step for step, _ in short]
    assert points[1]["y"].tolist() == [value for _, value in short]
    assert (points[2]["step"].tolist(), points[2]["y"].tolist()) == ([0.5], [3.0])
    assert points[0]["step"].size <= BUCKETS + 1


def test_short_whole_runs_are_kept_row_by_row() -> None:
    series = make_series(_rows({0: [(0, 1.0), (1, 2.0), (3, math.inf)], 2: [(1, 5.0)]}))
    assert (series.lo, series.hi) == (None, None)
    assert (series.runs.tolist(), series.counts.tolist(), series.step.tolist()) == ([0, 2], [3, 1], [0, 1, 3, 1])
    np.testing.assert_array_equal(series.y, [1.0, 2.0, math.nan, 5.0])


def test_rows_of_one_step_become_one_point_with_its_extremes() -> None:
    series = make_series(_rows({0: [(0, 1.0), (1, 2.0), (1, 4.0), (2, 9.0)]}))
    assert series.lo is not None
    assert series.hi is not None
    assert (series.step.tolist(), series.y.tolist()) == ([0, 1, 2], [1.0, 3.0, 9.0])
    assert (series.lo.tolist(), series.hi.tolist()) == ([1.0, 2.0, 9.0], [1.0, 4.0, 9.0])


def test_a_spike_among_a_million_rows_is_kept_where_it_was() -> None:
    count = 1_000_000
    values = np.zeros(count)
    values[345_678] = 7.0
    axis = np.arange(count, dtype=np.float64)
    series = make_series(Rows(np.zeros(count, np.uint32), axis, values, axis, axis))
    assert series.hi is not None
    assert series.y.size <= BUCKETS
    [at] = np.flatnonzero(series.hi == 7.0)
    assert abs(series.step[at] - 345_678) <= 512


def test_values_too_large_to_add_up_still_have_a_mean() -> None:
    series = make_series(_rows({0: [(0, 1.7e308), (0, 1.7e308)]}))
    assert series.y.tolist() == [1.7e308]


def test_a_growing_run_seldom_moves_its_points() -> None:
    def first_steps(length: int) -> tuple[float, ...]:
        axis = np.arange(length, dtype=np.float64)
        return tuple(make_series(Rows(np.zeros(length, np.uint32), axis, axis, axis, axis)).step[:100].tolist())

    assert len({first_steps(length) for length in range(2000, 100_000, 1000)}) == 7


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


def test_an_axis_gives_each_row_its_runs_last_value_and_a_bucket_that_of_its_last_row() -> None:
    def rows(run: list[int], step: list[float], value: list[float]) -> Rows:
        times = np.full(len(run), np.nan)
        return Rows(np.array(run, np.uint32), np.array(step, float), np.array(value, float), times, times)

    metric = rows([0, 0, 0, 1, 3], [0, 5, 9, 2, 4], [1, 2, 3, 4, 5])
    axis = rows([0, 0, 0, 2, 3], [1, 5, 5, 0, 9], [10, 20, 30, 40, 50])
    found = axis_values(metric, axis)
    np.testing.assert_array_equal(found, [np.nan, 30, 30, np.nan, np.nan])
    series = make_series(metric, found)
    assert series.axis is not None
    assert series.part(0, 0).axis.tolist()[1:] == [30, 30]  # type: ignore[union-attr]
    long = rows([0] * 4000, list(range(4000)), [1.0] * 4000)
    bucketed = make_series(long, np.arange(4000) * 2.0)
    assert bucketed.axis is not None
    assert bucketed.axis[-1] == 7998
    assert len(bucketed.axis) == len(bucketed.y) < 4000
