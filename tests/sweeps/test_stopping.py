"""Early termination: Hyperband is W&B's, whatever was logged; ASHA and the median rule are what they say."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeps.config.sweep import EarlyTerminate, Metric, SweepConfig
from sweeps.errors import SweepError
from sweeps.space.space import Space
from sweeps.stopping.asha import Asha
from sweeps.stopping.bands import Stop
from sweeps.stopping.hyperband import Hyperband, backward_bands, forward_bands
from sweeps.stopping.median import Median
from sweeps.stopping.rule import make_rule

NUMBERS = st.one_of(
    st.integers(-3, 3).map(float),
    st.floats(-1e6, 1e6, width=32),
    st.sampled_from([math.nan, math.inf, -math.inf]),
)
HISTORIES = st.lists(st.lists(NUMBERS, max_size=30), max_size=14)
ETAS = st.sampled_from([1.5, 2.0, 3.0, 4.0, 10.0])


@dataclass(frozen=True)
class Bands:
    """The part of a configuration that says where the bands are."""

    min_iter: int | None
    max_iter: int
    s: int
    eta: float

    @property
    def ours(self) -> tuple[int, ...]:
        if self.min_iter is not None:
            return forward_bands(self.min_iter, self.eta)
        return backward_bands(self.max_iter, self.s, self.eta)


BANDS = st.one_of(
    st.builds(Bands, st.integers(1, 9), st.just(0), st.just(0), ETAS),
    st.builds(Bands, st.none(), st.integers(10, 81), st.integers(1, 5), ETAS),
)


def stopped_by_the_book(histories: list[list[float]], bands: Bands, strict: bool) -> set[int]:
    """Hyperband in W&B's words, band by band over the whole table of values; written without a look at ours."""
    known = {run: [x for x in logged if x == x and abs(x) != math.inf] for run, logged in enumerate(histories)}
    edges = []
    if bands.min_iter is not None:
        for power in range(100):
            edges.append(math.floor(bands.min_iter * bands.eta**power + 1e-9))
    else:
        for power in range(1, bands.s + 1):
            edge = bands.max_iter / bands.eta**power
            if edge + 1e-9 >= 1:
                edges.append(math.floor(edge + 1e-9))
    doomed = set()
    for run, values in known.items():
        passed = [edge for edge in edges if edge <= len(values)]
        if not passed:
            continue
        last = max(passed)
        table = sorted(other[last - 1] for other in known.values() if len(other) >= last)
        limit = table[math.floor(len(table) / bands.eta)]
        mine = values[last - 1] if strict else sorted(values)[0]
        if mine > limit:
            doomed.add(run)
    return doomed


@given(histories=HISTORIES, bands=BANDS, strict=st.booleans())
def test_hyperband_stops_exactly_the_runs_that_the_rule_by_the_book_stops(
    histories: list[list[float]], bands: Bands, strict: bool
) -> None:
    rule = Hyperband(bands.ours, bands.eta, strict)
    rungs = [rule.reached(values) for values in histories]
    stopped = {run for run, values in enumerate(histories) if rule.judge(values, rungs) is not None}
    assert stopped == stopped_by_the_book(histories, bands, strict)


@given(histories=st.lists(st.lists(st.floats(-9, 9), max_size=30), min_size=1, max_size=14), strict=st.booleans())
def test_the_best_at_a_band_always_goes_on_and_the_first_to_arrive_too(
    histories: list[list[float]], strict: bool
) -> None:
    rule = Hyperband(forward_bands(2, 3), 3.0, strict)
    rungs = [rule.reached(values) for values in histories]
    for values, own in zip(histories, rungs, strict=True):
        assert rule.judge(values, [own]) is None
        if own and own[-1] == min(other[len(own) - 1] for other in rungs if len(other) >= len(own)):
            assert rule.judge(values, rungs) is None


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (Bands(None, 27, 2, 3), (3, 9)),
        (Bands(None, 27, 3, 3), (1, 3, 9)),
        (Bands(None, 81, 3, 3), (3, 9, 27)),
        (Bands(None, 18, 2, 3), (2, 6)),
        (Bands(None, 10, 2, 3), (1, 3)),
        (Bands(None, 5, 2, 2), (1, 2)),
        (Bands(3, 0, 0, 3), (3, 9, 27, 81)),
        (Bands(30, 0, 0, 1.5), (30, 45, 67, 101, 151, 227)),
    ],
    ids=str,
)
def test_bands_are_those_that_wandb_computes(given: Bands, expected: tuple[int, ...]) -> None:
    assert given.ours[: len(expected)] == expected
    assert given.min_iter is not None or given.ours == expected


def test_bands_that_no_run_can_reach_are_left_out_and_each_is_there_once() -> None:
    assert forward_bands(1, 1e300) == (1,)
    assert forward_bands(1, 1.1)[:6] == (1, 2, 3, 4, 5, 6)


def test_a_max_iter_that_leaves_no_band_is_one_clear_line() -> None:
    with pytest.raises(SweepError, match="max_iter 2, s 3 and eta 3 leave no band; take a larger max_iter"):
        backward_bands(2, 3, 3)


def test_hyperband_stops_the_running_run_of_the_engines_own_example() -> None:
    rule = Hyperband(backward_bands(5, 2, 2), 2)
    ended, running = [[10, 9], [10, 6, 6]], [[10, 10], [10, 8, 8], [10, 7, 7]]
    rungs = [rule.reached(values) for values in ended + running]
    assert [rule.judge(values, rungs) for values in running] == [Stop(2, 10, 8), None, None]


def test_a_band_counts_logged_values_and_nan_is_none() -> None:
    rule = Hyperband((2,), 3)
    assert rule.reached([0.5, math.nan, 0.4, math.inf]) == (0.4,)
    assert rule.reached([0.5, math.nan, math.inf]) == ()


def test_without_strict_a_good_start_saves_a_trial() -> None:
    values, others = [0.1, 0.9], [(0.9,), (0.2,), (0.3,), (0.4,)]
    assert Hyperband((2,), 3, strict=True).judge(values, others) == Stop(2, 0.9, 0.3)
    assert Hyperband((2,), 3, strict=False).judge(values, others) is None


@given(histories=HISTORIES, eta=ETAS)
def test_asha_lets_the_best_of_a_rung_go_on_and_stops_the_rest(histories: list[list[float]], eta: float) -> None:
    rule = Asha((1, 3, 9, 27), eta)
    rungs = [rule.reached(values) for values in histories]
    for place, band in enumerate(rule.bands):
        here = sorted(own[place] for own in rungs if len(own) > place)
        room = max(1, math.floor(len(here) / eta))
        for values, own in zip(histories, rungs, strict=True):
            if len(own) == place + 1:
                stop = rule.judge(values, rungs)
                assert (stop is None) == (own[place] in here[:room])
                assert stop is None or (stop.band, stop.value) == (band, own[place])


def test_asha_judges_a_trial_once_at_each_rung() -> None:
    rule, others = Asha((1, 3), 3), [(5.0,), (1.0,), (2.0,)]
    assert rule.judge([5.0], others) == Stop(1, 5.0, 1.0)
    assert rule.judge([5.0, 0.5], others, judged=1) is None
    assert rule.judge([5.0, 0.5, 6.0], [(5.0, 6.0), (1.0, 4.0)], judged=2) == Stop(3, 6.0, 4.0)
    assert rule.judge([5.0, 0.5, 6.0, 7.0], [(5.0, 6.0), (1.0, 4.0)], judged=1) == Stop(3, 6.0, 4.0)


@given(histories=HISTORIES, min_runs=st.integers(1, 6))
def test_median_compares_a_trials_best_with_the_others_means(histories: list[list[float]], min_runs: int) -> None:
    rule = Median((2, 4, 8), min_runs)
    rungs = [rule.reached(values) for values in histories]
    for number, values in enumerate(histories):
        own = [x for x in values if math.isfinite(x)]
        stop = rule.judge(values, rungs)
        assert (stop is not None) == _below_par(rule, [*histories[:number], *histories[number + 1 :]], own)


def _below_par(rule: Median, others: Sequence[list[float]], own: list[float]) -> bool:
    band = max((band for band in rule.bands if band <= len(own)), default=0)
    known = [[x for x in values if math.isfinite(x)] for values in others]
    means = [sum(values[:band]) / band for values in known if band and len(values) >= band]
    return bool(band) and len(means) >= rule.min_runs and min(own) > median(means)


def configured(**settings: object) -> SweepConfig:
    early = EarlyTerminate(**settings)  # type: ignore[arg-type]
    return SweepConfig("random", Space(()), seed=0, metric=Metric("loss"), early_terminate=early)


def test_the_configuration_names_the_rule_and_where_it_compares() -> None:
    assert make_rule(configured(type="hyperband", min_iter=3)) == Hyperband(forward_bands(3, 3), 3.0, strict=True)
    assert make_rule(configured(type="hyperband", max_iter=27, s=2, strict=False)) == Hyperband((3, 9), 3.0, False)
    assert make_rule(configured(type="hyperband", min_iter=3, max_iter=27, s=2)) == Hyperband((3, 9), 3.0)
    assert make_rule(configured(type="asha", min_iter=2, max_iter=40, eta=4)) == Asha((2, 8, 32), 4)
    rule = make_rule(configured(type="median", min_iter=8, min_runs=3))
    assert isinstance(rule, Median)
    assert (rule.bands[:5], rule.min_runs) == ((8, 10, 12, 15, 19), 3)
    assert make_rule(SweepConfig("random", Space(()), seed=0)) is None
