"""The mean of a Gaussian process through some trials: Matérn 5/2 with a length scale for each dimension, and a trend, a
parabola for each number, an offset for each choice (`sweep-surrogate.js`)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from sitegen.drawings.numbers import summary

Floats = npt.NDArray[np.float64]
Warp = Callable[[Floats], Floats]

_ROOT5: Final = 5**0.5
_NOISE: Final = 1e-3
_FAR: Final = 1e300
_JITTERS: Final = (0.0, 1e-8, 1e-6, 1e-4, 1e-2)


@dataclass(frozen=True, slots=True)
class Dimension:
    """A parameter of the model: its length scale, infinite where it says nothing. Where it `is_named` coordinates are
    numbers of choices, -1 for none, and two choices are as far apart as both ends of a number."""

    length: float
    is_named: bool

    def squared(self, one: Floats, other: Floats) -> Floats:
        """How far each of one is from each of the other in length scales, squared."""
        a, b = one[:, None], other[None, :]
        apart = (a != b).astype(np.float64) if self.is_named else a - b
        found: Floats = np.square(apart / self.length)
        return found

    def trends(self, one: Floats, other: Floats) -> Floats:
        """The products of their terms: of numbers from -1 to 1 and their squares less the mean, of choices."""
        a, b = one[:, None], other[None, :]
        if not np.isfinite(self.length):
            return np.zeros((one.size, other.size))
        if self.is_named:
            same: Floats = 0.5 * ((a == b) & (a >= 0))
            return same
        a, b = 2 * a - 1, 2 * b - 1
        found: Floats = a * b + (a * a - 1 / 3) * (b * b - 1 / 3)
        return found


@dataclass(frozen=True, slots=True)
class Surrogate:
    """The process through its points, a row each. `amplitude` and `trend` are variances."""

    dimensions: tuple[Dimension, ...]
    points: Floats = field(repr=False)
    weights: Floats = field(repr=False)
    amplitude: float
    trend: float

    def over(self, across: tuple[int, Floats], up: tuple[int, Floats], base: Floats) -> Floats:
        """The mean where two dimensions have each pair of these coordinates and the others are those of `base`: a row
        for each coordinate of `up`."""
        (i, us), (j, vs) = across, up
        parts = [self._parts(at, vs if at == j else us if at == i else base[at : at + 1]) for at in range(base.size)]
        # The sums have an axis for up, one for across, and one for the points.
        squared, trends = (
            sum((part[k][:, None] if at == j else part[k][None] for at, part in enumerate(parts)), np.zeros((1, 1, 1)))
            for k in (0, 1)
        )
        found: Floats = _alike(squared, trends, self.amplitude, self.trend) @ self.weights
        return found

    def _parts(self, at: int, coordinates: Floats) -> tuple[Floats, Floats]:
        dimension, points = self.dimensions[at], self.points[:, at]
        return dimension.squared(coordinates, points), dimension.trends(coordinates, points)


def _alike(squared: Floats, trends: Floats, amplitude: float, trend: float) -> Floats:
    """How alike points are that lie so far apart."""
    far = _ROOT5 * np.sqrt(squared)
    found: Floats = amplitude * (1 + far + far * far / 3) * np.exp(-far) + trend * (1 + trends)
    return found


def surrogate(
    dimensions: Sequence[Dimension], points: Floats, targets: Floats, told: Mapping[str, float | None]
) -> Surrogate | None:
    """The process through some points whose targets have a mean of 0 and a deviation of 1; None where there is none.

    `told` are the variances `amplitude`, `noise` and `trend`, None where the records tell none.
    """
    amplitude, noise, trend = told["amplitude"] or 1.0, told["noise"] or _NOISE, told["trend"] or 0.0
    columns = [(dimension, points[:, at]) for at, dimension in enumerate(dimensions)]
    squared = sum((each.squared(own, own) for each, own in columns), np.zeros((len(points), len(points))))
    trends = sum((each.trends(own, own) for each, own in columns), np.zeros_like(squared))
    matrix = _alike(squared, trends, amplitude, trend)
    for jitter in _JITTERS:
        weights = _solved(matrix + np.eye(len(points)) * (noise + jitter * amplitude), targets)
        if weights is not None:
            return Surrogate(tuple(dimensions), points, weights, amplitude, trend)
    return None


def _solved(matrix: Floats, targets: Floats) -> Floats | None:
    """What the matrix makes of the targets when it is divided out; None where it is not positive."""
    from scipy.linalg import LinAlgError, cho_factor, cho_solve

    try:
        found: Floats = cho_solve(cho_factor(matrix, lower=True), targets)
    except (LinAlgError, ValueError):  # ValueError: a number that is not finite.
        return None
    return found


def warps(told: Mapping[str, float] | None, values: Sequence[float], sign: int) -> tuple[Warp, Warp]:
    """The way from a metric's values to targets, and back: the power transform of Yeo and Johnson that the engine told
    of, else as many deviations from the mean. `sign` is -1 where higher values are better."""
    if told is not None:
        return _power_warps(told, sign)
    numbers = summary(values)
    mean, deviation = (numbers.mean, numbers.std or 1.0) if numbers else (0.0, 1.0)
    return lambda given: (given - mean) / deviation, lambda targets: mean + targets * deviation


def _power_warps(told: Mapping[str, float], sign: int) -> tuple[Warp, Warp]:
    center, spread, power, mean, deviation = (told[name] for name in ("center", "spread", "power", "mean", "deviation"))

    def into(values: Floats) -> Floats:
        with np.errstate(all="ignore"):
            scaled = (sign * values - center) / spread
            grown = np.log1p(np.abs(scaled))
            raised = np.where(scaled < 0, -_growth(grown, 2 - power), _growth(grown, power))
        return (raised - mean) / deviation

    def out(targets: Floats) -> Floats:
        raised = targets * deviation + mean
        with np.errstate(all="ignore"):
            scaled = np.where(raised < 0, -_shrink(np.abs(raised), 2 - power), _shrink(np.abs(raised), power))
            found = scaled * spread + center
        # What lies beyond the reach of a power is as good as infinite, and can still be reckoned with.
        bounded: Floats = sign * np.clip(np.nan_to_num(found, nan=0.0, posinf=_FAR, neginf=-_FAR), -_FAR, _FAR)
        return bounded

    return into, out


def _growth(logarithms: Floats, power: float) -> Floats:
    return logarithms if abs(power) < 1e-8 else np.expm1(power * logarithms) / power


def _shrink(grown: Floats, power: float) -> Floats:
    if abs(power) < 1e-8:
        return np.expm1(grown)
    return np.expm1(np.log1p(np.maximum(power * grown, -1)) / power)
