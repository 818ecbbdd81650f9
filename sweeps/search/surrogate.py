"""The surrogate model: a Gaussian process over the unit cube, fitted to what trials brought.

Matérn 5/2 with a length scale a column, an amplitude and a noise, and below it a trend: a parabola in each column with
an order, an offset for each value of the others, their coefficients normal with one variance. Without the trend all
that is far from the trials is as promising as the mean, the corners before all; with it the model knows from few
trials which ends of which columns are bad whatever the others are. All have priors, and are found by gradient from
several starts.

Values are first brought close to a normal distribution (Yeo and Johnson's power transform), so that a few huge losses,
or a plateau with a hole, do not decide the scale. Lower values are better throughout.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve_triangular
from scipy.linalg.lapack import dpotrf, dpotri, dtrtri
from scipy.optimize import minimize, minimize_scalar

from sweeps.search.cube import Columns, Floats

_FITTED: Final = 150
"""With more points than this, hyperparameters are fitted to a part of them: the best third, the newest, others."""
_STEPS: Final = 60
_FAILED: Final = 1e25
_WIDEST: Final = 100.0
_POWERS: Final = (-2.0, 3.0)
_SMALLEST: Final = 1e-12
"""The least share of the amplitude that a variance has."""


@dataclass(frozen=True)
class Priors:
    """Normal distributions of logarithms: mean and deviation of each hyperparameter; bounds are (low, high)."""

    scale: tuple[float, float] = (math.log(0.5), 1.0)
    """At one column; the mean grows with the fourth root of the number of columns."""
    amplitude: tuple[float, float] = (0.0, 2.0)
    noise: tuple[float, float] = (math.log(1e-5), 3.0)
    trend: tuple[float, float] = (math.log(4.0), 0.5)
    scale_bounds: tuple[float, float] = (math.log(0.02), math.log(30.0))
    amplitude_bounds: tuple[float, float] = (math.log(0.02), math.log(100.0))
    noise_bounds: tuple[float, float] = (math.log(1e-9), 0.0)
    trend_bounds: tuple[float, float] = (math.log(1e-4), math.log(30.0))

    def means(self, columns: int) -> Floats:
        scale = self.scale[0] + 0.25 * math.log(columns)
        return np.array([*[scale] * columns, self.amplitude[0], self.noise[0], self.trend[0]])

    def deviations(self, columns: int) -> Floats:
        return np.array([*[self.scale[1]] * columns, self.amplitude[1], self.noise[1], self.trend[1]])

    def bounds(self, columns: int) -> Floats:
        shared = (self.amplitude_bounds, self.noise_bounds, self.trend_bounds)
        return np.array([*[self.scale_bounds] * columns, *shared])


PRIORS: Final = Priors()


@dataclass(frozen=True)
class Warp:
    """Values to the model's targets and back: `(value - center) / spread`, the power transform, then standardised."""

    center: float
    spread: float
    power: float
    mean: float
    deviation: float

    @classmethod
    def of(cls, values: Floats) -> "Warp":
        """The one that makes `values` (finite) most normal."""
        center = float(np.median(values))
        spread = _spread(values, center) or 1.0
        scaled = (values - center) / spread
        power = _best_power(scaled)
        raised = _raise(scaled, power)
        return cls(center, spread, power, float(raised.mean()), float(raised.std()) or 1.0)

    def forward(self, values: Floats) -> Floats:
        """Targets of values."""
        found: Floats = (_raise((values - self.center) / self.spread, self.power) - self.mean) / self.deviation
        return found

    def back(self, targets: Floats) -> Floats:
        """Values of targets; infinite beyond what the transform can reach."""
        found: Floats = _lower(targets * self.deviation + self.mean, self.power) * self.spread + self.center
        return found


def _spread(values: Floats, center: float) -> float:
    """The standard deviation, but no more than it takes to tell the better half apart: a loss may be 1e12."""
    lower = center - float(np.quantile(values, 0.1))
    spread = float(np.std(values))
    return min(spread, _WIDEST * lower) if lower > 0 else spread


def _best_power(scaled: Floats) -> float:
    slope = float((np.sign(scaled) * np.log1p(np.abs(scaled))).mean())

    def badness(power: float) -> float:
        spread = float(np.var(_raise(scaled, power)))
        return 0.5 * math.log(max(spread, 1e-300)) - (power - 1) * slope

    if not np.ptp(scaled):
        return 1.0
    return float(minimize_scalar(badness, bounds=_POWERS, method="bounded", options={"xatol": 1e-3}).x)


def _raise(scaled: Floats, power: float) -> Floats:
    """Yeo and Johnson's transform, monotone for every power; 1 leaves numbers as they are."""
    above, below = np.log1p(np.maximum(scaled, 0.0)), np.log1p(np.maximum(-scaled, 0.0))
    found: Floats = _growth(above, power) - _growth(below, 2 - power)
    return found


def _growth(logs: Floats, power: float) -> Floats:
    found: Floats = logs if abs(power) < 1e-8 else np.expm1(power * logs) / power
    return found


def _lower(raised: Floats, power: float) -> Floats:
    found: Floats = _shrink(np.maximum(raised, 0.0), power) - _shrink(np.maximum(-raised, 0.0), 2 - power)
    return found


def _shrink(grown: Floats, power: float) -> Floats:
    if abs(power) < 1e-8:
        found: Floats = np.expm1(grown)
        return found
    with np.errstate(divide="ignore", over="ignore"):
        found = np.expm1(np.log1p(np.maximum(power * grown, -1.0)) / power)
    return found


@dataclass(frozen=True)
class Kernel:
    """Hyperparameters: a length scale a column (in cube units), and variances of targets: of the signal, the noise, and
    the trend's coefficients."""

    scales: Floats
    amplitude: float
    noise: float
    trend: float

    @classmethod
    def of(cls, logs: Floats) -> "Kernel":
        values = np.exp(logs)
        return cls(values[:-3], *map(float, values[-3:]))


class Posterior:
    """What a kernel says after observations. `targets` may have several columns: as many worlds, with the same points
    and other values at some. `weights` is how often each point was observed."""

    def __init__(self, columns: Columns, kernel: Kernel, rows: Floats, targets: Floats, weights: Floats) -> None:
        self.columns = columns
        self.kernel = kernel
        self.rows = rows
        self.targets = targets
        self.weights = weights
        self.scaled, self.terms = self.scale(rows), columns.trends(rows)
        self._inverse = _inverse_root(self._observed())
        self.dual: Floats = self._inverse.T @ (self._inverse @ targets)

    def _observed(self) -> Floats:
        found = self._alike(self.scaled, self.terms)
        found.flat[:: len(found) + 1] += self.kernel.noise / self.weights
        return found

    def _alike(self, scaled: Floats, terms: Floats) -> Floats:
        """The covariance of values at some points with those at the observed ones, without noise."""
        return self._covariance(scaled, terms, self.scaled, self.terms)

    def _covariance(self, scaled: Floats, terms: Floats, other: Floats, other_terms: Floats) -> Floats:
        kernel = self.kernel
        found: Floats = kernel.amplitude * _matern(_squares(scaled, other)) + kernel.trend * (terms @ other_terms.T)
        return found

    def scale(self, rows: Floats) -> Floats:
        """Features, each divided by the length scale of its column."""
        found: Floats = self.columns.features(rows) / self.kernel.scales[self.columns.owner]
        return found

    def predict(self, rows: Floats) -> tuple[Floats, Floats]:
        """Means (a row a point, a column a world) and variances without noise."""
        terms = self.columns.trends(rows)
        near = self._alike(self.scale(rows), terms)
        roots = near @ self._inverse.T
        prior = self.kernel.amplitude + self.kernel.trend * np.einsum("ij,ij->i", terms, terms)
        variances = prior - np.einsum("ij,ij->i", roots, roots)
        return near @ self.dual, np.maximum(variances, _SMALLEST * self.kernel.amplitude)

    def slopes(self, row: Floats, columns: npt.NDArray[np.intp]) -> tuple[Floats, float, Floats, Floats]:
        """At one point: means, variance, and their derivatives by the coordinates of `columns` (ordered ones)."""
        kernel = self.kernel
        away = self.scale(row[None])[0] - self.scaled
        reach = np.sqrt(5.0 * np.einsum("ij,ij->i", away, away))
        fall = kernel.amplitude * np.exp(-reach)
        terms = self.columns.trends(row[None])[0]
        near = fall * (1 + reach + reach * reach / 3) + kernel.trend * (self.terms @ terms)
        own = away[:, self.columns.first[columns]] / kernel.scales[columns]
        tilt = kernel.trend * self.columns.trend_slopes(row, columns)
        change = (-5.0 / 3.0) * (fall * (1 + reach))[:, None] * own + self.terms @ tilt.T
        root = self._inverse @ near
        variance = kernel.amplitude + kernel.trend * float(terms @ terms) - float(root @ root)
        least = _SMALLEST * kernel.amplitude
        if variance <= least:
            return near @ self.dual, least, change.T @ self.dual, np.zeros(len(own[0]))
        slopes = 2 * (tilt @ terms - change.T @ (self._inverse.T @ root))
        return near @ self.dual, variance, change.T @ self.dual, slopes

    def joint(self, rows: Floats) -> tuple[Floats, Floats]:
        """Means (of the first world) and the covariance of values at `rows` together, without noise."""
        scaled, terms = self.scale(rows), self.columns.trends(rows)
        near = self._alike(scaled, terms)
        roots = near @ self._inverse.T
        return near @ self.dual[:, 0], self._covariance(scaled, terms, scaled, terms) - roots @ roots.T

    def believing(self, rows: Floats, worlds: Floats) -> "Posterior":
        """With more observations at `rows`: `worlds` has a row a world, a column a point."""
        targets = np.concatenate([np.repeat(self.targets[:, :1], len(worlds), axis=1), worlds.T])
        weights = np.concatenate([self.weights, np.ones(len(rows))])
        return Posterior(self.columns, self.kernel, np.concatenate([self.rows, rows]), targets, weights)


def fit(
    columns: Columns, rows: Floats, targets: Floats, weights: Floats, priors: Priors = PRIORS
) -> tuple[Kernel, float]:
    """The most probable hyperparameters, and minus the logarithm of how probable they are (up to a constant)."""
    if len(rows) > _FITTED:
        chosen = _part(targets)
        rows, targets, weights = rows[chosen], targets[chosen], weights[chosen]
    evidence = _Evidence(columns, rows, targets, weights, priors)
    means, bounds = priors.means(len(columns)), priors.bounds(len(columns))
    rough = np.array([*[math.log(0.3)] * len(columns), 0.0, math.log(1e-2), math.log(0.3)])
    found = [
        minimize(
            evidence,
            np.clip(start, *bounds.T),
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"maxiter": _STEPS},
        )
        for start in (means, rough)
    ]
    best = min(found, key=lambda each: float(each.fun))
    return Kernel.of(best.x), float(best.fun)


def _part(targets: Floats) -> list[int]:
    """A third each: the best, the newest of the others, and of the rest every so manieth."""
    share = _FITTED // 3
    best = np.argsort(targets, kind="stable")[:share].tolist()
    left = [index for index in range(len(targets)) if index not in set(best)]
    rest = left[:-share]
    spread = np.linspace(0, len(rest) - 1, share).astype(int)
    return sorted({*best, *left[-share:], *(rest[index] for index in spread)})


class _Evidence:
    """Minus the logarithm of the posterior of hyperparameters (as logarithms), with its gradient."""

    def __init__(self, columns: Columns, rows: Floats, targets: Floats, weights: Floats, priors: Priors) -> None:
        features = columns.features(rows)
        self._count, self._columns = len(rows), len(columns)
        squares = np.zeros((self._columns, self._count, self._count))
        for feature, column in enumerate(columns.owner):
            away = features[:, feature, None] - features[None, :, feature]
            squares[column] += away * away
        self._squares = squares.reshape(self._columns, -1)
        terms = columns.trends(rows)
        self._trends = terms @ terms.T
        self._targets = targets
        self._shares = 1 / weights
        self._means = priors.means(self._columns)
        self._deviations = priors.deviations(self._columns)

    def __call__(self, logs: Floats) -> tuple[float, Floats]:
        count, columns = self._count, self._columns
        amplitude, noise, trend = np.exp(logs[-3:])
        inverse_squares = np.exp(-2 * logs[:columns])
        reach = np.sqrt(5.0 * (inverse_squares @ self._squares)).reshape(count, count)
        fall = amplitude * np.exp(-reach)
        near = fall * (1 + reach + reach * reach / 3)
        bent = trend * self._trends
        observed = near + bent
        observed.flat[:: count + 1] += noise * self._shares
        root, failed = dpotrf(observed, lower=1)
        if failed:
            return _FAILED, np.zeros(len(logs))
        half = solve_triangular(root, self._targets, lower=True, check_finite=False)
        value = 0.5 * float(half @ half) + float(np.log(np.diag(root)).sum())
        dual = solve_triangular(root, half, lower=True, trans=1, check_finite=False)
        inverse = np.tril(dpotri(root, lower=1)[0])
        inverse += np.tril(inverse, -1).T
        pull = np.outer(dual, dual) - inverse
        slope = np.empty(len(logs))
        slope[:columns] = -0.5 * (self._squares @ (pull * fall * (1 + reach)).ravel()) * inverse_squares * (5.0 / 3.0)
        slope[-3] = -0.5 * float(np.vdot(pull, near))
        slope[-2] = -0.5 * noise * float(np.diag(pull) @ self._shares)
        slope[-1] = -0.5 * float(np.vdot(pull, bent))
        off = (logs - self._means) / self._deviations
        return value + 0.5 * float(off @ off), slope + off / self._deviations


def _matern(squares: Floats) -> Floats:
    reach = np.sqrt(5.0 * squares)
    found: Floats = (1 + reach + reach * reach / 3) * np.exp(-reach)
    return found


def _squares(ones: Floats, others: Floats) -> Floats:
    """Squared distances, a row for each of `ones`."""
    found = np.einsum("ij,ij->i", ones, ones)[:, None] + np.einsum("ij,ij->i", others, others) - 2 * (ones @ others.T)
    np.maximum(found, 0.0, out=found)
    return np.asarray(found)


def _inverse_root(matrix: Floats) -> Floats:
    """The inverse of the lower Cholesky factor, with as little on the diagonal as it takes."""
    mean = float(np.trace(matrix)) / len(matrix)
    for extra in (0.0, 1e-10, 1e-8, 1e-6, 1e-4):
        root, failed = dpotrf(matrix + extra * mean * np.eye(len(matrix)), lower=1, clean=1)
        if not failed:
            inverse: Floats = dtrtri(root, lower=1)[0]
            return inverse
    raise AssertionError("a kernel's matrix with a part of its diagonal added has a root")
