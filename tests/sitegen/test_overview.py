"""What charts show first: every point of it was logged, no extreme is missing, and groups are those of all runs."""

import base64
import json
import math
import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitegen.data.groups import Points, group_curve, mean_curve
from sitegen.data.overview import Group, group_payload, lines_payload, short_type, telling
from sitegen.data.series import Rows, Series, make_series

Floats = npt.NDArray[np.float64]
VALUES = st.one_of(st.floats(-1e6, 1e6), st.sampled_from([math.nan, math.inf, -math.inf, 0.0, 1e-30, 1e30]))


def _series(runs: dict[int, tuple[list[float], list[float]]]) -> Series:
    flat = [(run, *point) for run, (steps, values) in runs.items() for point in zip(steps, values, strict=True)]
    run, step, value = (np.array(column, dtype=float) for column in zip(*flat, strict=True))
    return make_series(
        Rows(run.astype(np.uint32), step, value, np.full(run.size, math.nan), np.full(run.size, math.nan))
    )


def _decode(text: str, dtype: str) -> Floats:
    return np.frombuffer(base64.b64decode(text), f"<{dtype}").astype(float)


def _steps(payload: dict[str, Any]) -> list[Floats]:
    own = _decode(payload["steps"], payload["steps_type"]) if payload["steps"] else np.empty(0)
    found, used = [], 0
    for count, start, stride in zip(payload["counts"], payload["starts"], payload["strides"], strict=True):
        if stride is None:
            found.append(own[used : used + count])
            used += count
        else:
            found.append(start + stride * np.arange(count, dtype=float))
    return found


@given(st.integers(1, 700), st.integers(0, 10_000), st.lists(st.tuples(st.integers(0, 699), VALUES), max_size=20))
def test_a_line_keeps_its_ends_its_extremes_and_what_is_not_finite_at_their_own_steps(
    size: int, seed: int, odd: list[tuple[int, float]]
) -> None:
    random = np.random.default_rng(seed)
    steps = np.cumsum(random.integers(1, 9, size)).astype(float)
    values = random.normal(0, 1, size)
    for place, value in odd:
        values[place % size] = value
    series = _series({0: (steps.tolist(), values.tolist())})
    payload = lines_payload(series, np.array([0]), [[0, 0]])
    assert payload is not None
    [xs] = _steps(payload)
    ys = _decode(payload["y"], payload["dtype"])
    at = np.searchsorted(steps, xs)
    assert np.array_equal(steps[at], xs)
    np.testing.assert_allclose(ys, np.where(np.isfinite(values[at]), values[at], math.nan), rtol=1e-6)
    assert {steps[0], steps[-1]} <= set(xs)
    finite = np.isfinite(values)
    assert set(steps[~finite]) <= set(xs)
    if finite.any():
        assert np.nanmax(ys) == pytest.approx(values[finite].max(), rel=1e-6)
        assert np.nanmin(ys) == pytest.approx(values[finite].min(), rel=1e-6)
    assert payload["thinned"] == (len(xs) < size)


@given(st.integers(2, 400), st.integers(1, 50), st.integers(0, 10_000))
def test_of_each_stretch_of_the_axis_the_extremes_remain(size: int, buckets: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    xs, ys = random.uniform(-5, 5, size), random.normal(0, 1, size)
    kept = telling(xs, [ys], [ys], buckets)
    share = (xs - xs.min()) / (xs.max() - xs.min())
    bucket = np.minimum(share * buckets, buckets - 1).astype(int)
    for number in np.unique(bucket):
        here = bucket == number
        assert ys[here].max() == ys[here & kept].max()
        assert ys[here].min() == ys[here & kept].min()


def test_a_hundred_long_lines_of_noise_are_small() -> None:
    random = np.random.default_rng(0)
    steps = np.arange(1000.0).tolist()
    series = _series({run: (steps, random.normal(0, 1, 1000).tolist()) for run in range(100)})
    payload = lines_payload(series, np.arange(100), [[0, 99]])
    assert len(json.dumps(payload)) < 110_000


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([0.1, 0.2], "f4"),
        ([1e9 + 0.001, 1e9 + 0.002], "f8"),  # single precision has no digits left for what differs
        ([1e300, 1.0], "f8"),
        ([1e-300, 1.0], "f8"),
        ([0.1, 0.1], "f8"),
        ([math.nan, math.nan], "f8"),
        ([math.nan, 0.0, 0.3], "f4"),
    ],
)
def test_numbers_travel_in_single_precision_where_nobody_sees_it(values: list[float], dtype: str) -> None:
    assert short_type("f8", np.array(values)) == dtype


def test_lines_with_thousands_of_values_that_are_not_finite_have_no_overview() -> None:
    steps = np.arange(3000.0).tolist()
    assert lines_payload(_series({0: (steps[:1400], [math.nan] * 1400)}), np.array([0]), [[0, 0]]) is not None
    runs = {run: (steps[:1400], [math.nan] * 1400) for run in range(2)}
    assert lines_payload(_series(runs), np.arange(2), [[0, 1]]) is None


RUN = st.tuples(
    st.integers(0, 30), st.integers(1, 30), st.sampled_from([1, 1, 1, 2, 3]), st.lists(VALUES, min_size=60, max_size=60)
)


@given(st.lists(RUN, min_size=1, max_size=6))
def test_a_groups_means_equal_the_definition(drawn: list[tuple[int, int, int, list[float]]]) -> None:
    runs = {}
    for number, (start, count, stride, values) in enumerate(drawn):
        runs[number] = ([float(start + stride * at) for at in range(count)], values[:count])
    series = _series(runs)
    found = mean_curve(series)
    cuts = series.starts()[1:]
    points = [Points(*each) for each in zip(np.split(series.step, cuts), np.split(series.y, cuts), strict=True)]
    wanted = group_curve(points, "mean", "std")
    assert found is not None
    np.testing.assert_array_equal(found.xs, wanted.xs)
    np.testing.assert_array_equal(found.n, wanted.n)
    size = max(1e-300, np.abs(series.y[np.isfinite(series.y)]).max(initial=0))
    np.testing.assert_allclose(found.ys, wanted.ys, rtol=1e-9, atol=size * 1e-9)
    for own, defined in ((found.lo, wanted.lo), (found.hi, wanted.hi)):
        assert (own is None) == (defined is None)
        if own is not None and defined is not None:
            np.testing.assert_allclose(own, defined, rtol=1e-9, atol=size * 1e-9)


def test_a_groups_line_keeps_the_extremes_of_its_mean_and_of_its_band_and_how_many_runs_there_are() -> None:
    random = np.random.default_rng(1)
    steps = np.arange(1000.0)
    values = random.normal(0, 1, (8, 1000))
    values[:, 613] += 50
    curve = mean_curve(_series({run: (steps.tolist(), own.tolist()) for run, own in enumerate(values)}))
    assert curve is not None
    assert curve.lo is not None
    assert curve.hi is not None
    payload = group_payload(Group("a", 8, curve, np.empty(0), np.empty(0, np.uint8)), 10)
    assert payload is not None
    [xs] = _steps(payload)
    at = xs.astype(int)
    assert 613 in at
    assert payload["thinned"]
    assert payload["counts"][0] <= 410
    for name, whole in (("y", curve.ys), ("lo", curve.lo), ("hi", curve.hi)):
        np.testing.assert_allclose(_decode(payload[name], payload["dtype"]), whole[at], rtol=1e-6)
    assert _decode(payload["lo"], payload["dtype"]).min() == pytest.approx(curve.lo.min(), rel=1e-6)
    assert _decode(payload["hi"], payload["dtype"]).max() == pytest.approx(curve.hi.max(), rel=1e-6)
    assert set(_decode(payload["n"], payload["n_type"])) == {8.0}
    assert re.fullmatch("u2|u4", payload["n_type"])
