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
    float_type,
    is_dense,
    number,
    run_payload,
    series_payload,
    shard,
    times_digest,
    times_payload,
)


def _series(points: dict[int, list[tuple[int, float]]], runtime: float = 0.5, origin: float = 1.79e9) -> Series:
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


def test_a_series_comes_back_point_by_point() -> None:
    payload = series_payload(_series({0: [(0, 1.0), (1, 2.0), (4, 0.1)], 3: [(2, -5.0)]}))
    assert (payload["first"], payload["width"], payload["runs"], payload["counts"]) == (0, 1, [0, 3], [3, 1])
    assert payload["starts"] is None
    assert _decode(payload["at"], "u4") == [0, 1, 4, 2]
    np.testing.assert_allclose(_decode(payload["y"], payload["dtype"]), [1.0, 2.0, 0.1, -5.0], rtol=1e-7)
    assert (payload["lo"], payload["hi"]) == (None, None)


def test_a_series_without_gaps_names_only_where_runs_start() -> None:
    series = _series({0: [(0, 1.0), (1, 2.0)], 1: [(5, 1.0), (6, 2.0), (7, 3.0)]})
    payload = series_payload(series)
    assert is_dense(series)
    assert (payload["starts"], payload["at"]) == ([0, 5], None)


@given(st.dictionaries(st.integers(0, 3), st.sets(st.integers(0, 6), min_size=1), min_size=1))
def test_a_series_is_dense_when_no_run_leaves_a_step_out(steps: dict[int, set[int]]) -> None:
    series = _series({run: [(step, 1.0) for step in sorted(steps[run])] for run in sorted(steps)})
    assert is_dense(series) == all(max(known) - min(known) == len(known) - 1 for known in steps.values())


def test_extremes_travel_beside_the_means() -> None:
    payload = series_payload(_series({0: [(0, 1.0), (0, 3.0), (1, 5.0)]}))
    assert _decode(payload["y"], "f4") == [2.0, 5.0]
    assert (_decode(payload["lo"], "f4"), _decode(payload["hi"], "f4")) == ([1.0, 5.0], [3.0, 5.0])


def test_what_is_not_finite_travels_as_nan() -> None:
    payload = series_payload(_series({0: [(0, math.inf), (1, 1.0)]}))
    assert [math.isnan(value) for value in _decode(payload["y"], "f4")] == [True, False]


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (0.0, "f4"),
        (1.0, "f4"),
        (math.nan, "f4"),
        (1e-30, "f4"),
        (1e30, "f4"),
        (1e-40, "f8"),
        (1e39, "f8"),
        (-1e99, "f8"),
    ],
)
def test_numbers_that_single_precision_would_lose_travel_in_double(value: float, dtype: str) -> None:
    series = _series({0: [(0, 1.0), (1, value)]})
    assert float_type(series) == dtype
    assert np.isfinite(_decode(series_payload(series)["y"], dtype)[1]) == np.isfinite(value)


def test_a_run_comes_back_point_by_point() -> None:
    payload = run_payload(_series({2: [(3, 1.0), (4, 2.0)]}), times=0)
    assert (payload["first"], payload["start"], payload["count"], payload["at"], payload["times"]) == (3, 0, 2, None, 0)
    gap = run_payload(_series({2: [(3, 1.0), (7, 2.0)]}), times=None)
    assert _decode(gap["at"], "u4") == [0, 4]


def test_times_are_runtimes_and_wall_times_that_follow_them() -> None:
    payload = times_payload(_series({0: [(0, 1.0), (2, 1.0)], 1: [(4, 1.0)]}))
    assert _decode(payload["runtime"], "f4") == [0.0, 1.0, 2.0]
    assert payload["wall"] == {"start": [1_790_000_000, 1_790_000_000], "delta": None}


def test_wall_times_without_runtimes_travel_themselves() -> None:
    payload = times_payload(_series({0: [(0, 1.0), (2, 1.0)]}, runtime=math.nan))
    assert payload["runtime"] is None
    assert payload["wall"]["start"] == [1_790_000_000]
    assert _decode(payload["wall"]["delta"], "f4") == [0.0, 1.0]


def test_runtimes_without_wall_times_travel_alone() -> None:
    payload = times_payload(_series({0: [(0, 1.0)]}, origin=math.nan))
    assert payload["wall"] is None


def test_metrics_logged_at_the_same_moments_share_their_times() -> None:
    one, other = _series({0: [(0, 1.0), (1, 2.0)]}), _series({0: [(0, 7.0), (1, math.nan)]})
    later = _series({0: [(0, 1.0), (1, 2.0)]}, runtime=0.75)
    assert times_digest(one) == times_digest(other) != times_digest(later)


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
