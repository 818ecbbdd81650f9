"""Statistics of small samples: they agree with numpy and scipy, and are written with the digits that they warrant."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
import scipy.stats
from hypothesis import assume, given
from hypothesis import strategies as st

from sitegen.reports.mistakes import ReportError
from sitegen.reports.values import statistics

_NUMBERS = st.floats(-1e6, 1e6, allow_subnormal=False)
_SAMPLES = st.lists(_NUMBERS, min_size=2, max_size=40)


def _spreads(values: Sequence[float]) -> bool:
    return float(np.std(values)) > 1e-6 * max(1.0, float(np.max(np.abs(values))))


@given(_SAMPLES)
def test_moments_are_those_of_numpy(values: list[float]) -> None:
    near = {"rel": 1e-9, "abs": 1e-7}
    assert statistics.mean(values) == pytest.approx(np.mean(values), **near)
    assert statistics.median(values) == pytest.approx(np.median(values), **near)
    assert statistics.total(values) == pytest.approx(np.sum(values), **near)
    assert statistics.std(values) == pytest.approx(np.std(values, ddof=1), **near)
    assert statistics.sem(values) == pytest.approx(scipy.stats.sem(values), **near)


@given(_SAMPLES, st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_the_interval_is_students(values: list[float], level: float) -> None:
    assume(_spreads(values))
    found = statistics.interval(values, level)
    low, high = scipy.stats.t.interval(level, len(values) - 1, np.mean(values), scipy.stats.sem(values))
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-9, abs=1e-7)
    assert found.level == level


@given(_SAMPLES, _SAMPLES)
def test_a_difference_is_welchs(one: list[float], other: list[float]) -> None:
    assume(_spreads(one) and _spreads(other))
    found = statistics.difference(one, other)
    expected = scipy.stats.ttest_ind(one, other, equal_var=False)
    interval = expected.confidence_interval(0.95)
    assert found.p == pytest.approx(expected.pvalue, rel=1e-6, abs=1e-12)
    assert (found.interval.low, found.interval.high) == pytest.approx((interval.low, interval.high), rel=1e-6, abs=1e-6)


@given(st.lists(st.tuples(_NUMBERS, _NUMBERS), min_size=2, max_size=30))
def test_a_paired_difference_is_students(pairs: list[tuple[float, float]]) -> None:
    assume(_spreads([one - other for one, other in pairs]))
    found = statistics.paired_difference(pairs)
    expected = scipy.stats.ttest_rel(*zip(*pairs, strict=True))
    assert found.p == pytest.approx(expected.pvalue, rel=1e-6, abs=1e-12)


@given(_SAMPLES, _SAMPLES)
def test_the_rank_test_is_scipys(one: list[float], other: list[float]) -> None:
    assert statistics.rank_test(one, other) == scipy.stats.mannwhitneyu(one, other).pvalue


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(2, 12))
def test_equal_numbers_do_not_spread(value: float, count: int) -> None:
    assert statistics.mean([value] * count) == value
    assert statistics.std([value] * count) == 0.0
    assert math.isnan(statistics.difference([value] * count, [value] * count).p)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=20))
def test_numbers_of_any_size_raise_nothing_and_the_mean_lies_between_them(values: list[float]) -> None:
    assert min(values) <= statistics.mean(values) <= max(values)
    assert statistics.std(values) >= 0
    assert min(values) <= statistics.median(values) <= max(values)
    statistics.interval(values)
    statistics.difference(values, values[::-1])
    assert statistics.mean_std(values)


def test_too_few_numbers_are_said_to_be() -> None:
    with pytest.raises(ReportError, match="found 1 of the 2 numbers that a standard deviation needs"):
        statistics.std([1.0])
    with pytest.raises(ReportError, match="found 0 of the 1 numbers"):
        statistics.mean([])
    with pytest.raises(ReportError, match="1 of the 2 pairs"):
        statistics.paired_difference([(1.0, 2.0)])
    with pytest.raises(ReportError, match="too large for a number"):
        statistics.total([1e308, 1e308])
    with pytest.raises(ReportError, match="between 0 and 1"):
        statistics.interval([1.0, 2.0], 95)


@pytest.mark.parametrize(
    ("middle", "spread", "text"),
    [
        (0.95312, 0.00412, "0.953 ± 0.004"),
        (0.95312, 0.0143, "0.953 ± 0.014"),
        (0.95, 0.0096, "0.950 ± 0.010"),
        (56789, 1234.5, "56800 ± 1200"),
        (5.678e9, 1.2e8, "(5.68 ± 0.12)e9"),
        (1e-9, 3e-11, "(1.00 ± 0.03)e-9"),
        (0.5, 0.0, "0.5 ± 0"),
        (-0.0001, 0.02, "0.00 ± 0.02"),
        (12, 34, "10 ± 30"),
        (0.1, 1e-40, "0.1 ± 1e-40"),
        (1e300, 1e299, "(1.00 ± 0.10)e300"),
    ],
)
def test_a_mean_has_the_digits_that_its_deviation_warrants(middle: float, spread: float, text: str) -> None:
    assert statistics.format_mean_std(middle, spread) == text


def test_digits_can_be_asked_for() -> None:
    assert statistics.format_mean_std(0.95312, 0.00412, 4) == "0.9531 ± 0.0041"
    assert statistics.mean_std([0.5]) == "0.5 (n = 1)"
    assert statistics.mean_std([1.0, 2.0, 3.0], 1) == "2.0 ± 1.0"


def test_latex_has_powers_of_ten() -> None:
    assert statistics.rounded(0.95312, 0.00412).latex == r"$0.953 \pm 0.004$"
    assert statistics.rounded(5.678e9, 1.2e8).latex == r"$(5.68 \pm 0.12) \times 10^{9}$"
    assert statistics.Spread("1e-05", "").latex == r"$1 \times 10^{-5}$"
    assert statistics.Spread("2.5", "", -7).latex == r"$2.5 \times 10^{-7}$"


@pytest.mark.parametrize(("p", "text"), [(0.034, "0.034"), (0.0021, "0.0021"), (1e-9, "< 0.001"), (0.5, "0.5")])
def test_p_values_are_written_as_papers_write_them(p: float, text: str) -> None:
    assert statistics.format_p(p) == text


@given(st.floats(-1e12, 1e12), st.floats(1e-12, 1e12))
def test_what_is_written_is_off_by_less_than_the_deviation(middle: float, spread: float) -> None:
    found = statistics.rounded(middle, spread)
    power = 10.0**found.exponent
    assert abs(float(found.mean) * power - middle) <= 0.51 * spread
    assert float(found.std) * power == pytest.approx(spread, rel=0.34)
