"""Where to look next: the logarithm of the expected improvement, and the search for its maximum.

Points that others are trying are believed: the model imagines several outcomes for them together (worlds), and the
improvement is the mean over the worlds. Lower targets are better.
"""

import math
from collections.abc import Callable, Iterable
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import erfcx, log_ndtr, ndtr, ndtri
from scipy.stats import qmc

from sweeps.search.cube import Column, Cube, Floats
from sweeps.search.surrogate import Posterior

Places = npt.NDArray[np.intp]

WORLDS: Final = 16
_BELIEVED: Final = 0.5
"""How often there is one world only, in which all comes out as expected: it closes in faster on a minimum, several
worlds find another one more often."""
_WIDE: Final = 512
_NEAR: Final = 512
_REACHES: Final = np.array([0.2, 0.05, 0.01, 0.002])
"""How far a candidate goes from a good point, as shares of the cube."""
_GOOD: Final = 5
_CLIMBS: Final = 6
_APART: Final = 0.05
_LOOKED_AT: Final = 200
_ROUNDS: Final = 6
_STEPS: Final = 50
_GAIN: Final = 1e-9
_LEAPS: Final = np.array([-64, -32, -16, -8, -4, -2, -1, 1, 2, 4, 8, 16, 32, 64])


def log_improvement(z: Floats) -> Floats:
    """log(φ(z) + z Φ(z)): of the expected improvement of a standard normal value over `z`, exact far below 0 too."""
    near = np.maximum(z, -1.0)
    found = np.log(np.exp(-0.5 * near * near) / math.sqrt(2 * math.pi) + near * ndtr(near))
    if (z < -1.0).any():
        far = np.minimum(z, -1.0)
        share = -far * erfcx(-far / math.sqrt(2)) * math.sqrt(math.pi / 2)
        # From -1000 on the difference of 1 and the share has no digits left, and its series is exact enough.
        left = np.where(far > -1e3, np.log1p(-np.minimum(share, 1 - 1e-15)), -2 * np.log(-far))
        found = np.where(z < -1.0, -0.5 * far * far - 0.5 * math.log(2 * math.pi) + left, found)
    return np.asarray(found, dtype=float)


class LogImprovement:
    """The logarithm of the expected improvement over `bests` (a world each), averaged over the worlds."""

    def __init__(self, posterior: Posterior, bests: Floats) -> None:
        self.posterior = posterior
        self.bests = bests

    def values(self, rows: Floats) -> Floats:
        """At each row."""
        means, variances = self.posterior.predict(rows)
        deviations = np.sqrt(variances)
        logs = log_improvement((self.bests - means) / deviations[:, None])
        top = logs.max(axis=1)
        found: Floats = top + np.log(np.exp(logs - top[:, None]).mean(axis=1)) + np.log(deviations)
        return found

    def slope(self, row: Floats, columns: Places) -> tuple[float, Floats]:
        """The value at one row, and its derivatives by the coordinates of `columns`."""
        means, variance, mean_slopes, variance_slopes = self.posterior.slopes(row, columns)
        deviation = math.sqrt(variance)
        deviation_slopes = variance_slopes / (2 * deviation)
        z = (self.bests - means) / deviation
        logs = log_improvement(z)
        top = float(logs.max())
        shares = np.exp(logs - top)
        total = float(shares.sum())
        pulls = np.exp(log_ndtr(z) - logs) * (shares / total)
        change = -(mean_slopes @ pulls) / deviation - deviation_slopes / deviation * float(z @ pulls)
        value = top + math.log(total / len(logs)) + math.log(deviation)
        return value, change + deviation_slopes / deviation


def believe(posterior: Posterior, pending: Floats, best: float, rng: np.random.Generator) -> LogImprovement:
    """The improvement on `best` when the trials at `pending` rows are under way: in `WORLDS` worlds, or in one."""
    if not len(pending):
        return LogImprovement(posterior, np.array([best]))
    means, covariance = posterior.joint(pending)
    if rng.random() < _BELIEVED:
        return LogImprovement(posterior.believing(pending, means[None]), np.array([min(best, float(means.min()))]))
    covariance.flat[:: len(pending) + 1] += posterior.kernel.noise + 1e-8 * posterior.kernel.amplitude
    even = qmc.Sobol(len(pending), scramble=True, rng=rng).random(WORLDS)
    worlds = means + ndtri(np.clip(even, 1e-6, 1 - 1e-6)) @ _root(covariance).T
    bests = np.minimum(best, worlds.min(axis=1))
    return LogImprovement(posterior.believing(pending, worlds), bests)


def _root(covariance: Floats) -> Floats:
    values, vectors = np.linalg.eigh(covariance)
    found: Floats = vectors * np.sqrt(np.maximum(values, 0.0))
    return found


def maximum(
    improvement: LogImprovement, cube: Cube, good: Floats, is_new: Callable[[Floats], bool], rng: np.random.Generator
) -> Floats | None:
    """The best row that `is_new` takes; None where the search came to none. `good` are known rows, the best first."""
    rows = candidates(cube, good[:_GOOD], rng)
    order = np.argsort(-improvement.values(rows), kind="stable")
    starts = _apart(rows[order[:_LOOKED_AT]], cube, is_new)
    if len(good) and cube.allows(good[0]):
        starts.append(good[0])
    ends = [climb(improvement, cube, start) for start in starts]
    for row, _ in sorted(ends, key=lambda end: -end[1]):
        if is_new(row):
            return row
    return next((row for row in rows[order] if cube.allows(row) and is_new(row)), None)


def _apart(rows: Floats, cube: Cube, is_new: Callable[[Floats], bool]) -> list[Floats]:
    """The first rows that are allowed, new, and not close to one another."""
    found: list[Floats] = []
    for row in rows:
        if len(found) == _CLIMBS:
            break
        is_apart = all(np.abs(row - other).max() > _APART for other in found)
        if is_apart and cube.allows(row) and is_new(row):
            found.append(row)
    return found


def candidates(cube: Cube, good: Floats, rng: np.random.Generator) -> Floats:
    """Rows to start from: all over the cube, and near `good` ones with some coordinates changed."""
    rows = qmc.Sobol(len(cube), scramble=True, rng=rng).random(_WIDE)
    for column, each in enumerate(cube.columns):
        if each.places is not None and not each.is_ordered:
            rows[:, column] = each.places[
                np.minimum((rows[:, column] * len(each.places)).astype(int), len(each.places) - 1)
            ]
    if len(good):
        rows = np.concatenate([rows, _neighbours(cube, good, rng)])
    return cube.rested(cube.rounded(rows))


def _neighbours(cube: Cube, good: Floats, rng: np.random.Generator) -> Floats:
    found = good[rng.integers(len(good), size=_NEAR)].copy()
    reach = rng.choice(_REACHES, size=_NEAR)
    share = np.maximum(rng.random(_NEAR), 1.0 / len(cube))
    changed = rng.random((_NEAR, len(cube))) < share[:, None]
    changed[np.arange(_NEAR), rng.integers(len(cube), size=_NEAR)] = True
    for column, each in enumerate(cube.columns):
        rows = np.flatnonzero(changed[:, column])
        found[rows, column] = _moved(each, found[rows, column], reach[rows], rng)
    return found


def _moved(column: Column, coordinates: Floats, reach: Floats, rng: np.random.Generator) -> Floats:
    """Coordinates moved about as far as `reach`, at least to another place."""
    if column.places is not None and not column.is_ordered:
        return rng.choice(column.places, size=len(coordinates))
    moved = np.abs(coordinates + rng.normal(size=len(coordinates)) * reach)
    moved = np.asarray(np.clip(np.where(moved > 1, 2 - moved, moved), 0.0, 1.0))
    if column.places is None:
        return moved
    before, after = column.index(coordinates), column.index(moved)
    step = rng.choice([-1, 1], size=len(coordinates))
    index = np.clip(np.where(before == after, before + step, after), 0, len(column.places) - 1)
    found: Floats = column.places[index]
    return found


def climb(improvement: LogImprovement, cube: Cube, row: Floats) -> tuple[Floats, float]:
    """Uphill from a row: along the gradient, then by steps where there are places, until nothing is gained."""
    value = float(improvement.values(row[None])[0])
    has_places = any(each.places is not None for each in cube.columns)
    for _ in range(_ROUNDS):
        row, value = _follow(improvement, cube, row, value)
        if not has_places:
            break
        after, higher = _step(improvement, cube, row, value)
        if higher <= value:
            break
        row, value = after, higher
    return row, value


def _follow(improvement: LogImprovement, cube: Cube, row: Floats, value: float) -> tuple[Floats, float]:
    """Along the gradient of the smooth columns that are active, in units of their length scales."""
    columns = cube.smooth[cube.active(row)[cube.smooth]]
    if not len(columns):
        return row, value
    units = np.minimum(improvement.posterior.kernel.scales[columns], 1.0)

    def downhill(scaled: Floats) -> tuple[float, Floats]:
        there = row.copy()
        there[columns] = scaled * units
        height, slope = improvement.slope(there, columns)
        return -height, -slope * units

    end = minimize(
        downhill,
        row[columns] / units,
        jac=True,
        method="L-BFGS-B",
        bounds=[(0.0, 1.0 / unit) for unit in units],
        options={"maxiter": _STEPS},
    )
    # Constraints may lie between: halfway, a quarter of the way.
    for way in (1.0, 0.5, 0.25) if cube.space.constraints else (1.0,):
        there = row.copy()
        there[columns] = row[columns] + way * (end.x * units - row[columns])
        there = cube.rested(cube.rounded(there[None]))[0]
        height = float(improvement.values(there[None])[0])
        if height > value + _GAIN and cube.allows(there):
            return there, height
    return row, value


def _step(improvement: LogImprovement, cube: Cube, row: Floats, value: float) -> tuple[Floats, float]:
    """The best row that differs in one coordinate that has places; the row itself where none is better."""
    steps: list[Floats] = []
    for column in np.flatnonzero(cube.active(row)):
        for place in _others(cube.columns[column], float(row[column])):
            there = row.copy()
            there[column] = place
            steps.append(there)
    if not steps:
        return row, value
    rows = cube.rested(cube.rounded(np.array(steps)))
    heights = improvement.values(rows)
    for index in np.argsort(-heights, kind="stable"):
        if heights[index] <= value + _GAIN:
            break
        if cube.allows(rows[index]):
            return rows[index], float(heights[index])
    return row, value


def _others(column: Column, coordinate: float) -> Iterable[float]:
    """Other places of a column: all where they are few, else some in both directions, nearer and further."""
    if column.places is None:
        return ()
    own = int(column.index(np.array([coordinate]))[0])
    if len(column.places) <= 32 or not column.is_ordered:
        indices = np.delete(np.arange(len(column.places)), own)
    else:
        indices = np.unique(np.clip(own + _LEAPS, 0, len(column.places) - 1))
        indices = indices[indices != own]
    return list(column.places[indices].tolist())
