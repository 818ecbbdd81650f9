"""Shards: the files the browser loads, and what they hold once decoded as it does."""

import base64
import json
import math
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitegen.data.series import Rows, Series, make_series
from sitegen.data.shards import (
    named_shard,
    number,
    run_payload,
    series_payload,
    shard,
    spaced,
    times_payload,
)


def _series(points: dict[int, list[tuple[float, float]]], runtime: float = 0.5, origin: float = 1.79e9) -> Series:
    """A series of (step, value) points; `runtime` s a step, NaN for none."""
    flat = [(run, float(step), value) for run, rows in points.items() for step, value in rows]
    step = np.array([step for _, step, _ in flat])
    return make_series(
        Rows(
            run=np.array([run for run, _, _ in flat], np.uint32),
            step=step,
            value=np.array([value for _, _, value in flat]),
            runtime=step * runtime,
            timestamp=origin + step * (0.5 if math.isnan(runtime) else runtime),
        )
    )


def _decode(text: str, dtype: str) -> list[float]:
    return np.frombuffer(base64.b64decode(text), f"<{dtype}").tolist()


def _parse(data: bytes) -> tuple[str, Any]:
    """Name and payload of a data file, as the browser's own reader of JSON takes them."""
    found = re.fullmatch(rb"runstore\.put\((.*)\);\n", data, re.DOTALL)
    assert found
    name, payload = json.loads(b"[" + found[1] + b"]")
    return name, payload


def test_a_shard_hands_one_payload_to_one_name() -> None:
    assert _parse(shard("m0", {"a": [1, None, "x"]})) == ("m0", {"a": [1, None, "x"]})


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_text_in_a_shard_comes_back_and_ends_nothing(text: str) -> None:
    assert _parse(shard("runs", {"values": [text]}))[1] == {"values": [text]}


def test_a_shard_is_named_by_what_is_in_it() -> None:
    name, data = named_shard("m", {"y": [1]})
    assert _parse(data) == (name, {"y": [1]})
    assert named_shard("m", {"y": [1]})[0] == name != named_shard("m", {"y": [2]})[0]


def test_a_series_comes_back_point_by_point() -> None:
    payload = series_payload(_series({0: [(0, 1.0), (1, 2.0), (4, 0.1)], 3: [(2, -5.0)]}))
    assert (payload["runs"], payload["counts"], payload["strides"]) == ([0, 3], [3, 1], [None, 1])
    assert (payload["starts"], _decode(payload["steps"], payload["steps_type"])) == ([0, 2], [0, 1, 4])
    np.testing.assert_allclose(_decode(payload["y"], payload["dtype"]), [1.0, 2.0, 0.1, -5.0], rtol=1e-7)
    assert (payload["lo"], payload["hi"]) == (None, None)


def test_runs_with_even_steps_name_only_where_they_start_and_how_far_apart_they_are() -> None:
    payload = series_payload(_series({0: [(0, 1.0), (1, 2.0)], 1: [(5, 1.0), (15, 2.0), (25, 3.0)], 2: [(-7, 1.0)]}))
    assert (payload["starts"], payload["strides"], payload["steps"]) == ([0, 5, -7], [1, 10, 1], None)


STEPS = st.integers(-50, 50).map(float) | st.floats(-(2**53), 2**53)


@given(st.dictionaries(st.integers(0, 3), st.sets(STEPS, min_size=1, max_size=6), min_size=1))
def test_any_steps_come_back_exactly(steps: dict[int, set[float]]) -> None:
    points = {run: [(step, 1.0) for step in sorted(steps[run])] for run in sorted(steps)}
    payload = series_payload(_series(points))
    others = iter(_decode(payload["steps"], "f8") if payload["steps"] else [])
    for run, count, start, stride in zip(
        *(payload[key] for key in ("runs", "counts", "starts", "strides")), strict=True
    ):
        found = [next(others) if stride is None else start + place * stride for place in range(count)]
        assert found == [step for step, _ in points[run]]


def test_extremes_travel_beside_the_means() -> None:
    payload = series_payload(_series({0: [(0, 1.0), (0, 3.0), (1, 5.0)]}))
    assert _decode(payload["y"], "f4") == [2.0, 5.0]
    assert (_decode(payload["lo"], "f4"), _decode(payload["hi"], "f4")) == ([1.0, 5.0], [3.0, 5.0])


def test_what_is_not_finite_travels_as_nan() -> None:
    payload = series_payload(_series({0: [(0, math.inf), (1, 1.0)]}))
    assert [math.isnan(value) for value in _decode(payload["y"], "f4")] == [True, False]


@pytest.mark.parametrize(("values", "dtype"), [
    ([1.0, 0.0], "f4"), ([1.0, 2.5], "f4"), ([1.0, math.nan], "f4"), ([math.nan], "f4"), ([2.0**-149, 1.0], "f4"),
    ([16_777_216.0], "f4"), ([float(np.float32(0.1))], "f4"),
    ([0.1, 0.7, 0.3], "f8"), ([1e-40, 1.0], "f8"), ([1e39, 1.0], "f8"), ([-1e308, 1.0], "f8"), ([5e-324], "f8"),
    ([16_777_217.0], "f8"), ([*[1.0] * 100, 0.1], "f8"),
])  # fmt: skip
def test_every_number_comes_back_as_it_was_logged(values: list[float], dtype: str) -> None:
    series = _series({0: list(enumerate(values))})
    payload = series_payload(series)
    assert payload["dtype"] == dtype
    np.testing.assert_array_equal(_decode(payload["y"], dtype), values)


@given(st.lists(st.floats() | st.floats(width=32), min_size=1, max_size=100))
def test_any_number_travels_without_loss(values: list[float]) -> None:
    payload = series_payload(_series({0: list(enumerate(values))}))
    expected = [value if math.isfinite(value) else math.nan for value in values]
    np.testing.assert_array_equal(_decode(payload["y"], payload["dtype"]), expected)


def _broken(payload: dict[str, Any]) -> list[tuple[int, int]]:
    found = payload["broken"]
    points, kinds = (base64.b64decode(found[key]) for key in ("points", "kinds"))
    return list(zip(np.frombuffer(points, "<u4").tolist(), list(kinds), strict=True))


def test_points_that_are_not_finite_are_named_with_what_they_were() -> None:
    series = _series({0: [(0, 1.0), (1, math.nan)], 2: [(0, math.inf), (1, 2.0), (2, -math.inf)]})
    assert _broken(series_payload(series)) == [(1, 0), (2, 1), (4, 2)]
    assert _broken(run_payload(series.part(1, 2), None)) == [(0, 1), (2, 2)]
    assert "broken" not in series_payload(_series({0: [(0, 1.0)]}))


def test_a_value_that_is_not_finite_is_named_beside_finite_ones_of_its_point() -> None:
    payload = series_payload(_series({0: [(0, 1.0), (0, math.nan), (0, math.inf), (0, math.nan), (1, 5.0)]}))
    assert _decode(payload["y"], payload["dtype"]) == [1.0, 5.0]
    assert _broken(payload) == [(0, 0), (0, 1)]


def test_a_run_comes_back_point_by_point() -> None:
    payload = run_payload(_series({2: [(3, 1.0), (4, 2.0)]}), times=0)
    assert [payload[key] for key in ("start", "stride", "count", "steps", "times")] == [3, 1, 2, None, 0]
    uneven = run_payload(_series({2: [(3, 1.0), (7, 2.0), (8, 2.0)]}), times=None)
    assert (uneven["stride"], _decode(uneven["steps"], "f8")) == (None, [3, 7, 8])


def test_times_are_runtimes_and_wall_times_that_follow_them() -> None:
    payload = times_payload(_series({0: [(0, 1.0), (2, 1.0)], 1: [(4, 1.0)]}))
    assert _decode(payload["runtime"], "f4") == [0.0, 1.0, 2.0]
    assert payload["wall"] == {"start": [1_790_000_000, 1_790_000_000], "delta": None}


def test_runtimes_travel_without_loss() -> None:
    payload = times_payload(_series({0: [(0, 1.0), (1, 1.0), (3, 1.0)]}, runtime=0.1))
    assert _decode(payload["runtime"], payload["dtype"]) == [0.0, 0.1, 3 * 0.1]


def test_wall_times_without_runtimes_travel_themselves() -> None:
    payload = times_payload(_series({0: [(0, 1.0), (2, 1.0)]}, runtime=math.nan))
    assert payload["runtime"] is None
    assert payload["wall"]["start"] == [1_790_000_000]
    assert _decode(payload["wall"]["delta"], payload["wall"]["dtype"]) == [0.0, 1.0]


def test_runtimes_without_wall_times_travel_alone() -> None:
    payload = times_payload(_series({0: [(0, 1.0)]}, origin=math.nan))
    assert payload["wall"] is None


@pytest.mark.filterwarnings("error")
@given(st.lists(st.tuples(st.floats(), st.floats()), min_size=1, max_size=5))
def test_times_of_any_size_travel_without_a_warning(times: list[tuple[float, float]]) -> None:
    axis = np.arange(len(times), dtype=np.float64)
    runtime, timestamp = np.array(times).T.copy()
    series = make_series(Rows(np.zeros(len(times), np.uint32), axis, axis, runtime, timestamp))
    assert _parse(shard("t0", times_payload(series)))[0] == "t0"


@pytest.mark.parametrize(
    ("value", "written"),
    [(1.0, "1"), (0.5, "0.5"), (math.nan, "null"), (math.inf, "null"), (1e300, "1e+300"), (-0.0, "0")],
)
def test_a_number_is_written_as_short_as_json_can(value: float, written: str) -> None:
    assert json.dumps(number(value)) == written


def test_two_steps_whose_distance_is_rounded_to_a_whole_number_stay_as_they_are() -> None:
    found = spaced(np.array([-39.0, -1e-42]), [2])
    assert found["strides"] == [None]
    assert found["steps_type"] == "f8"
