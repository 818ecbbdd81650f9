"""What a run's page loads is cut out of many runs' points as if it had been made alone."""

import math
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sitegen.data.cuts import Cuts, Moments
from sitegen.data.series import Rows, Series, make_series
from sitegen.data.shards import has_times, run_payload, steps_payload, times_payload

_VALUES = st.one_of(st.floats(), st.sampled_from([0.5, 1.0, -0.0, 1e300, math.nan, math.inf]))
_TIMES = st.sampled_from([0.0, 0.25, 1.0, 1.001, 1.5, 1e308, math.nan, math.inf])
_RUNS = st.lists(st.lists(_VALUES, min_size=1, max_size=6), min_size=1, max_size=4)


def _series(runs: list[list[float]], runtime: float = 0.5, most: float = 4) -> Series:
    """Runs of values at steps 0, 1, 2, …; those with more of them than `most` are in buckets."""
    run = np.repeat(np.arange(len(runs), dtype=np.uint32), [len(values) for values in runs])
    step = np.concatenate([np.arange(len(values), dtype=np.float64) for values in runs])
    value = np.array([each for values in runs for each in values], dtype=np.float64)
    return make_series(Rows(run, step, value, step * runtime, 1.79e9 + step * runtime), most=most)


@given(_RUNS)
def test_a_cut_is_what_the_run_alone_would_have(runs: list[list[float]]) -> None:
    series = _series(runs)
    for whole in (series, replace(series, axis=series.step * 2)):
        cuts = Cuts(whole, Moments(whole))
        for run, (place, start) in cuts.places.items():
            own = whole.part(place, start)
            assert cuts.payload(run, 3) == run_payload(own, 3)
            moment = cuts.moments.of(place, start)
            assert moment.steps == steps_payload(own.step)
            assert moment.times == (times_payload(own) if any(has_times(own)) else None)


@given(st.lists(st.lists(st.tuples(_TIMES, _TIMES), min_size=1, max_size=5), min_size=1, max_size=4))
def test_times_are_those_that_the_run_alone_would_have(runs: list[list[tuple[float, float]]]) -> None:
    whole = _series([[1.0] * len(times) for times in runs])
    runtime, late = np.array([each for times in runs for each in times]).T
    whole = replace(whole, runtime=runtime, timestamp=1.79e9 + np.where(late == 1.0, runtime, late))
    moments = Moments(whole)
    for place, start in enumerate(whole.starts().tolist()):
        own = whole.part(place, start)
        assert moments.of(place, start).times == (times_payload(own) if any(has_times(own)) else None)


def test_metrics_logged_together_share_their_moments() -> None:
    moments = Moments(_series([[1.0, 2.0]]))
    assert moments.are_of(_series([[7.0, math.nan]]))
    assert not moments.are_of(_series([[1.0, 2.0]], runtime=0.75))
    assert not moments.are_of(_series([[1.0, 2.0, 3.0]]))
    assert not moments.are_of(_series([[1.0], [2.0]]))
