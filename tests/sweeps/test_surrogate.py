"""The Gaussian process and the transform of its values."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import check_grad
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel
from sklearn.linear_model import Ridge

from sweeps.search.cube import Column, Columns
from sweeps.search.surrogate import PRIORS, Kernel, Posterior, Warp, _Evidence, fit

COLUMNS = Columns([Column("a"), Column("b"), Column("c", np.array([1 / 3, 2 / 3, 1.0]), is_ordered=False)])


def _data(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    rows = COLUMNS.rounded(rng.random((count, 3)))
    values = np.sin(5 * rows[:, 0]) + rows[:, 1] ** 2 + rows[:, 2]
    return rows, (values - values.mean()) / values.std()


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30))
def test_the_transform_keeps_the_order_and_leads_back(values: list[float]) -> None:
    given_values = np.array(values)
    warp = Warp.of(given_values)
    targets = warp.forward(given_values)
    assert np.isfinite(targets).all()
    assert (np.diff(targets[np.argsort(given_values)]) >= -1e-9).all()
    spread = float(np.ptp(given_values)) or 1.0
    assert np.allclose(warp.back(targets), given_values, rtol=1e-5, atol=1e-5 * max(spread, abs(given_values).max()))


def test_one_huge_value_does_not_hide_the_others() -> None:
    values = np.array([1.0, 1.1, 1.3, 1.2, 1.5, 1e9])
    targets = Warp.of(values).forward(values)
    assert np.isfinite(targets).all()
    assert targets.argmin() == 0


def test_predictions_are_those_of_scikit_learn() -> None:
    rows, targets = _data(20)
    kernel = Kernel(np.array([0.5, 0.8, 1.2]), 1.7, 1e-3, 0.0)
    ours = Posterior(COLUMNS, kernel, rows, targets[:, None], np.ones(20))
    scales = kernel.scales[COLUMNS.owner]
    theirs = GaussianProcessRegressor(ConstantKernel(1.7) * Matern(scales, nu=2.5), alpha=1e-3, optimizer=None)
    theirs.fit(COLUMNS.features(rows), targets)
    asked = _data(50, seed=1)[0]
    means, deviations = theirs.predict(COLUMNS.features(asked), return_std=True)
    found_means, found_variances = ours.predict(asked)
    assert np.allclose(found_means[:, 0], means, atol=1e-8)
    assert np.allclose(np.sqrt(found_variances), deviations, atol=1e-6)


def test_a_trend_alone_is_a_ridge_regression_on_its_terms() -> None:
    rows, targets = _data(20)
    ours = Posterior(COLUMNS, Kernel(np.ones(3), 1e-12, 0.02, 0.5), rows, targets[:, None], np.ones(20))
    theirs = Ridge(alpha=0.02 / 0.5, fit_intercept=False).fit(COLUMNS.trends(rows), targets)
    asked = _data(50, seed=1)[0]
    assert np.allclose(ours.predict(asked)[0][:, 0], theirs.predict(COLUMNS.trends(asked)), atol=1e-6)


def test_far_from_all_trials_a_trend_is_known() -> None:
    rows = np.random.default_rng(3).random((30, 2)) * 0.6 + 0.2
    columns = Columns([Column("a"), Column("b")])
    targets = ((rows - 0.5) ** 2).sum(axis=1)
    targets = (targets - targets.mean()) / targets.std()
    kernel = fit(columns, rows, targets, np.ones(30))[0]
    means, variances = Posterior(columns, kernel, rows, targets[:, None], np.ones(30)).predict(np.array([[0.0, 1.0]]))
    assert means[0, 0] - 3 * np.sqrt(variances[0]) > targets.max()


def test_the_evidence_is_that_of_scikit_learn_and_the_priors() -> None:
    rows, targets = _data(15)
    logs = np.log([0.5, 0.8, 1.2, 1.7, 1e-2, 1e-30])
    kernel = ConstantKernel(1.7) * Matern(np.exp(logs[:3])[COLUMNS.owner], nu=2.5) + WhiteKernel(1e-2)
    theirs = GaussianProcessRegressor(kernel, alpha=0.0, optimizer=None).fit(COLUMNS.features(rows), targets)
    off = (logs - PRIORS.means(3)) / PRIORS.deviations(3)
    expected = -theirs.log_marginal_likelihood_value_ - 15 / 2 * math.log(2 * math.pi) + off @ off / 2
    assert _Evidence(COLUMNS, rows, targets, np.ones(15), PRIORS)(logs)[0] == pytest.approx(expected)


def test_the_slope_of_the_evidence_is_its_derivative() -> None:
    rows, targets = _data(25)
    evidence = _Evidence(COLUMNS, rows, targets, np.arange(1.0, 26.0), PRIORS)
    logs = np.log([0.4, 0.9, 1.5, 2.0, 1e-3, 0.3])
    assert check_grad(lambda x: evidence(x)[0], lambda x: evidence(x)[1], logs, epsilon=1e-6) < 1e-3


def test_the_slopes_of_predictions_are_their_derivatives() -> None:
    rows, targets = _data(25)
    posterior = Posterior(COLUMNS, fit(COLUMNS, rows, targets, np.ones(25))[0], rows, targets[:, None], np.ones(25))
    row, columns = np.array([0.31, 0.72, 2 / 3]), np.array([0, 1])
    means, variance, mean_slopes, variance_slopes = posterior.slopes(row, columns)
    assert posterior.predict(row[None])[0][0] == pytest.approx(means)
    assert posterior.predict(row[None])[1][0] == pytest.approx(variance)
    for column in columns:
        step = np.zeros(3)
        step[column] = 1e-5
        up, down = posterior.predict((row + step)[None]), posterior.predict((row - step)[None])
        assert mean_slopes[column] == pytest.approx((up[0][0] - down[0][0]) / 2e-5, rel=1e-3, abs=1e-6)
        assert variance_slopes[column] == pytest.approx((up[1][0] - down[1][0]) / 2e-5, rel=1e-3, abs=1e-6)


def test_a_column_without_influence_gets_a_longer_scale() -> None:
    rng = np.random.default_rng(3)
    columns = Columns([Column("matters"), Column("does not")])
    rows = rng.random((40, 2))
    targets = np.sin(8 * rows[:, 0])
    kernel, _ = fit(columns, rows, targets / targets.std(), np.ones(40))
    assert kernel.scales[1] > 3 * kernel.scales[0]


def test_noise_is_told_from_signal() -> None:
    rng = np.random.default_rng(4)
    columns = Columns([Column("x")])
    rows = rng.random((80, 1))
    clean = np.sin(6 * rows[:, 0])
    for noise in (0.0, 0.5):
        values = clean + noise * rng.normal(size=80)
        found = fit(columns, rows, (values - values.mean()) / values.std(), np.ones(80))[0].noise * values.var()
        assert found < 1e-4 if noise == 0 else 0.1 < found < 0.5


def test_a_point_seen_more_often_is_more_certain() -> None:
    kernel = Kernel(np.array([0.3, 0.3, 1.0]), 1.0, 0.1, 0.3)
    rows, targets = _data(2)
    once = Posterior(COLUMNS, kernel, rows, targets[:, None], np.array([1.0, 1.0])).predict(rows)[1]
    often = Posterior(COLUMNS, kernel, rows, targets[:, None], np.array([9.0, 1.0])).predict(rows)[1]
    assert often[0] < once[0] / 3


def test_points_that_coincide_do_not_break_the_model() -> None:
    rows = np.repeat(_data(5)[0], 4, axis=0)
    posterior = Posterior(COLUMNS, Kernel(np.full(3, 20.0), 50.0, 1e-9, 1e-4), rows, np.zeros((20, 1)), np.ones(20))
    assert np.isfinite(posterior.predict(rows)[0]).all()
