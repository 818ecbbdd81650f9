"""Every distribution draws what it says: against SciPy's own laws, and against the values that W&B's engine gives."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sweeps.config.sweep import parse_sweep
from sweeps.errors import SweepError
from sweeps.search.random import Random
from sweeps.search.view import Known
from sweeps.space.parameter import Parameter
from sweeps.space.space import Space

DRAWS = 10_000
LN = math.log

Cdf = Callable[[Any], Any]


def parameter(**given: Any) -> Parameter:
    return Space.from_json({"parameters": {"x": given}}).parameters[0]


def uniform(low: float, high: float) -> Cdf:
    return stats.uniform(low, high - low).cdf


def log_uniform(low: float, high: float) -> Cdf:
    return stats.loguniform(low, high).cdf


CONTINUOUS: list[tuple[dict[str, Any], Cdf]] = [
    ({"min": 0.5, "max": 3.0}, uniform(0.5, 3)),
    ({"distribution": "uniform", "min": -2, "max": 5}, uniform(-2, 5)),
    ({"distribution": "log_uniform", "min": -9.0, "max": -1.0}, log_uniform(math.exp(-9), math.exp(-1))),
    ({"distribution": "log_uniform_values", "min": 1e-5, "max": 0.1}, log_uniform(1e-5, 0.1)),
    ({"distribution": "inv_log_uniform", "min": -1.0, "max": 4.0}, log_uniform(math.exp(-4), math.exp(1))),
    ({"distribution": "inv_log_uniform_values", "min": 0.1, "max": 50}, log_uniform(0.1, 50)),
    ({"distribution": "normal", "mu": 3, "sigma": 0.5}, stats.norm(3, 0.5).cdf),
    ({"distribution": "normal"}, stats.norm().cdf),
    ({"distribution": "log_normal", "mu": -1, "sigma": 2}, stats.lognorm(2, scale=math.exp(-1)).cdf),
    ({"distribution": "beta", "a": 0.5, "b": 3}, stats.beta(0.5, 3).cdf),
    ({"distribution": "beta"}, uniform(0, 1)),
]

ROUNDED: list[tuple[dict[str, Any], Cdf, float]] = [
    ({"min": 1, "max": 12}, uniform(0.5, 12.5), 1),
    ({"distribution": "int_uniform", "min": -40, "max": 2}, uniform(-40.5, 2.5), 1),
    ({"distribution": "q_uniform", "min": 0, "max": 10, "q": 2}, uniform(0, 10), 2),
    ({"distribution": "q_uniform", "min": -1.0, "max": 1.0, "q": 0.3}, uniform(-1, 1), 0.3),
    ({"distribution": "q_log_uniform", "min": 0.0, "max": 5.0, "q": 3}, log_uniform(1, math.exp(5)), 3),
    ({"distribution": "q_log_uniform_values", "min": 0.01, "max": 4, "q": 0.25}, log_uniform(0.01, 4), 0.25),
    ({"distribution": "q_normal", "mu": 10, "sigma": 20, "q": 5}, stats.norm(10, 20).cdf, 5),
    ({"distribution": "q_log_normal", "mu": 1, "sigma": 1, "q": 0.5}, stats.lognorm(1, scale=math.e).cdf, 0.5),
    ({"distribution": "q_beta", "a": 2, "b": 5, "q": 0.05}, stats.beta(2, 5).cdf, 0.05),
]

WEIGHTED: list[tuple[dict[str, Any], dict[Any, float]]] = [
    ({"values": ["a", "b", "c"]}, {"a": 1 / 3, "b": 1 / 3, "c": 1 / 3}),
    ({"values": [1, 2, 2, 3]}, {1: 0.25, 2: 0.5, 3: 0.25}),
    ({"values": ["a", "b", "c"], "probabilities": [0.2, 0.0, 0.8]}, {"a": 0.2, "b": 0.0, "c": 0.8}),
    ({"value": 7}, {7: 1.0}),
]


def draws(given: dict[str, Any]) -> list[Any]:
    """Values as a sweep gets them: each trial's from the seed and its number."""
    config = parse_sweep({"method": "random", "seed": 11, "parameters": {"x": given}})
    found = Random(config, config.space).suggest(Known(0, ()), DRAWS)
    if config.space.size is None:
        assert len(found) == DRAWS
        return [suggestion.params["x"] for suggestion in found]
    generators = (np.random.default_rng(np.random.SeedSequence([11, number])) for number in range(DRAWS))
    return [config.space.nest(config.space.draw(rng))["x"] for rng in generators]


def named(case: tuple[Any, ...]) -> str:
    return "-".join(f"{key}={value}" for key, value in case[0].items())


@pytest.mark.parametrize("case", CONTINUOUS, ids=named)
def test_continuous_values_follow_their_law(case: tuple[dict[str, Any], Cdf]) -> None:
    given, cdf = case
    values = draws(given)
    assert all(isinstance(value, float) for value in values)
    assert stats.kstest(values, cdf).pvalue > 0.005


@pytest.mark.parametrize("case", ROUNDED, ids=named)
def test_rounded_values_follow_their_law(case: tuple[dict[str, Any], Cdf, float]) -> None:
    given, cdf, q = case
    values = draws(given)
    assert all(isinstance(value, int if isinstance(q, int) else float) for value in values)
    steps = np.array([round(value / q) for value in values])
    assert np.allclose(steps * q, values)
    # At each step the law up to half a step above it; Kolmogorov's bound holds for discrete laws too.
    reached = np.unique(steps)
    share = np.searchsorted(np.sort(steps), reached, side="right") / DRAWS
    assert np.abs(share - cdf((reached + 0.5) * q)).max() < 1.73 / math.sqrt(DRAWS)


@pytest.mark.parametrize("case", WEIGHTED, ids=named)
def test_choices_come_as_often_as_they_should(case: tuple[dict[str, Any], dict[Any, float]]) -> None:
    given, shares = case
    values = draws(given)
    assert set(values) == {value for value, share in shares.items() if share > 0}
    for value, share in shares.items():
        assert values.count(value) / DRAWS == pytest.approx(share, abs=0.02)


QUANTILES = (0.001, 0.1, 0.25, 0.5, 0.777, 0.9, 0.999)
OF_WANDB: list[tuple[dict[str, Any], list[Any]]] = [
    ({"distribution": "uniform", "min": -1, "max": 2.5}, [-0.9965, -0.65, -0.125, 0.75, 1.7195, 2.15, 2.4965]),
    ({"min": -3, "max": 17}, [-3, -1, 2, 7, 13, 15, 17]),
    ({"distribution": "q_uniform", "min": 0, "max": 10, "q": 2}, [0, 0, 2, 4, 8, 8, 10]),
    ({"distribution": "q_uniform", "min": -1, "max": 1, "q": 0.3}, [-0.9, -0.9, -0.6, 0.0, 0.6, 0.9, 0.9]),
    ({"distribution": "q_uniform", "min": 0, "max": 10}, [0.0, 1.0, 2.0, 5.0, 8.0, 9.0, 10.0]),
    (
        {"distribution": "log_uniform", "min": -9.2, "max": -2.3},
        [0.000101738984, 0.000201443825, 0.000567085768, 0.0031827808, 0.0215215612, 0.0502874367, 0.099569438883],
    ),
    (
        {"distribution": "log_uniform_values", "min": 0.0001, "max": 0.1},
        [0.000100693167, 0.000199526231, 0.000562341325, 0.00316227766, 0.0214289060, 0.0501187234, 0.0993116048],
    ),
    ({"distribution": "q_log_uniform", "min": 0, "max": 7, "q": 5}, [0, 0, 5, 35, 230, 545, 1090]),
    ({"distribution": "q_log_uniform_values", "min": 1, "max": 1000, "q": 10}, [0, 0, 10, 30, 210, 500, 990]),
    (
        {"distribution": "q_log_uniform_values", "min": 0.01, "max": 1, "q": 0.05},
        [0.0, 0.0, 0.05, 0.1, 0.35, 0.65, 1.0],
    ),
    (
        {"distribution": "inv_log_uniform", "min": -2.0, "max": 5},
        [0.00678527809, 0.013568559, 0.0387742078, 0.22313016, 1.55115529, 3.66929667, 7.33751332],
    ),
    (
        {"distribution": "inv_log_uniform_values", "min": 0.5, "max": 64},
        [0.502431910, 0.812252396, 1.68179283, 5.65685425, 21.6906292, 39.3966212, 63.6902222],
    ),
    (
        {"distribution": "normal", "mu": 1, "sigma": 2},
        [-5.18046461, -1.56310313, -0.3489795, 1.0, 2.52420108, 3.56310313, 7.18046461],
    ),
    ({"distribution": "q_normal", "mu": 10, "sigma": 20, "q": 5}, [-50, -15, -5, 10, 25, 35, 70]),
    (
        {"distribution": "log_normal", "mu": 0.5, "sigma": 1.5},
        [0.0159970898, 0.241152118, 0.599454847, 1.64872127, 5.1714381, 11.2720628, 169.923521],
    ),
    ({"distribution": "q_log_normal", "mu": 3, "sigma": 1, "q": 2}, [0, 6, 10, 20, 44, 72, 442]),
    (
        {"distribution": "beta", "a": 2, "b": 5},
        [0.00825549279, 0.0925952589, 0.161162917, 0.264449983, 0.406703695, 0.510316307, 0.818613867],
    ),
    ({"distribution": "q_beta", "a": 2, "b": 5, "q": 0.1}, [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.8]),
    ({"values": ["a", "b", "c"]}, ["a", "a", "a", "b", "c", "c", "c"]),
    ({"values": ["a", "b", "c"], "probabilities": [0.2, 0.5, 0.3]}, ["a", "a", "b", "b", "c", "c", "c"]),
]


@pytest.mark.parametrize("case", OF_WANDB, ids=named)
def test_quantiles_are_those_of_wandbs_engine(case: tuple[dict[str, Any], list[Any]]) -> None:
    given, expected = case
    found = [parameter(**given).ppf(u) for u in QUANTILES]
    assert found == (expected if isinstance(expected[0], str) else pytest.approx(expected, rel=1e-8))
    assert {type(value) for value in found} == {type(value) for value in expected}


EVERY = [given for given, *_ in (*CONTINUOUS, *ROUNDED, *WEIGHTED)]


@pytest.mark.parametrize("given_", EVERY, ids=str)
@given(u=st.floats(0, 1))
def test_the_quantile_of_a_value_leads_back_to_it(given_: dict[str, Any], u: float) -> None:
    there = parameter(**given_)
    value = there.ppf(u)
    assert there.contains(value)
    quantile = there.cdf(value)
    assert 0 <= quantile <= 1
    if isinstance(value, float) and "q" not in given_:
        # Far out in a tail the quantile is 1, and many values share it.
        assert quantile in (0.0, 1.0) or there.ppf(quantile) == pytest.approx(value, rel=1e-4, abs=1e-9)
    else:
        assert there.ppf(quantile) == value


@pytest.mark.parametrize("given_", EVERY, ids=str)
def test_ends_are_values_too_and_finite(given_: dict[str, Any]) -> None:
    for u in (0.0, 1.0, 5e-324, 1 - 2**-53):
        value = parameter(**given_).ppf(u)
        assert not isinstance(value, float) or math.isfinite(value)


def test_a_quantile_beyond_the_ends_is_refused() -> None:
    for u in (-0.1, 1.1, math.nan):
        with pytest.raises(SweepError, match="expected one between 0 and 1"):
            parameter(min=0.0, max=1.0).ppf(u)


def test_whole_ends_make_whole_values_as_with_wandb() -> None:
    assert parameter(min=1, max=3).kind == "int_uniform"
    assert parameter(min=1, max=3.0).kind == "uniform"
    assert parameter(min=1.0, max=3).kind == "uniform"
    assert parameter(distribution="uniform", min=1, max=3).kind == "uniform"


def test_steps_of_a_tenth_stay_as_short_as_they_were_written() -> None:
    there = parameter(distribution="q_uniform", min=0, max=1, q=0.1)
    assert list(there.choices or ()) == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]


def test_choices_are_all_values_that_are_drawn() -> None:
    assert list(parameter(min=3, max=6).choices or ()) == [3, 4, 5, 6]
    assert parameter(values=[1, 1.0, True, "1"]).choices == (1, True, "1")
    assert parameter(values=["a", "b"], probabilities=[0.0, 1.0]).choices == ("b",)
    assert parameter(distribution="q_log_uniform_values", min=1, max=30, q=10).choices == (0, 10, 20, 30)
    assert parameter(min=0.0, max=1.0).choices is None
    assert parameter(distribution="q_normal", q=1).choices is None
    assert parameter(min=0, max=10**12).choices is None


def test_a_value_that_a_parameter_cannot_have_is_named() -> None:
    for given_, value in (
        ({"values": ["sgd", "adam"]}, "rmsprop"),
        ({"min": 1, "max": 5}, 2.5),
        ({"min": 1, "max": 5}, True),
        ({"min": 0.0, "max": 1.0}, "0.5"),
        ({"min": 0.0, "max": 1.0}, math.nan),
    ):
        with pytest.raises(SweepError, match=r"^x: found .*, expected"):
            parameter(**given_).accept(value)


def test_values_are_taken_as_the_parameter_has_them() -> None:
    assert repr(parameter(min=1, max=5).accept(2.0)) == "2"
    assert repr(parameter(min=0.0, max=5.0).accept(2)) == "2.0"
    assert repr(parameter(values=[1.0, 2]).accept(1)) == "1.0"
    assert parameter(values=[1, math.inf]).accept("Infinity") == math.inf
    assert parameter(values=[{"a": 1}, {"a": 2}]).accept({"a": 2, "added": "by the script"}) == {"a": 2}
