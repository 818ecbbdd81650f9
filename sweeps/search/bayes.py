"""Bayesian search, on the bayesian-optimization package.

The package sees a unit cube of floats and finished trials only; the surrogate, its fit, and the acquisition are our
own, through the package's `AcquisitionFunction`. It is made anew from what was tried for every decision: nothing is
kept that two agents could have differently.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from bayes_opt import BayesianOptimization
from bayes_opt.acquisition import AcquisitionFunction
from scipy.stats import qmc

from sweeps.config.sweep import SweepConfig
from sweeps.search.acquisition import LogImprovement, believe, log_improvement, maximum
from sweeps.search.cube import Cube, Floats
from sweeps.search.imputing import counted, finite_values
from sweeps.search.random import unseen
from sweeps.search.surrogate import Kernel, Posterior, Warp, fit
from sweeps.search.view import PRIOR, Suggestion, Told, View
from sweeps.space.space import Params, Space

MOST_POINTS: Final = 300
"""The surrogate takes at most this many points: the best third, the newest third, and others."""
_WALKED: Final = 2_000
"""In a finite space with at most this many points, the model judges every one."""
_FEWEST: Final = 2
_TRIES: Final = 20


@dataclass(frozen=True)
class Observed:
    """What the model learns from: a row a point, its value (lower is better), and how often it was tried there."""

    rows: Floats
    values: Floats
    weights: Floats
    pending: Floats
    """Rows of trials without a value yet."""

    def part(self, rng: np.random.Generator) -> "Observed":
        """At most `MOST_POINTS` of them."""
        count, share = len(self.values), MOST_POINTS // 3
        if count <= MOST_POINTS:
            return self
        best = np.argsort(self.values, kind="stable")[:share]
        left = np.setdiff1d(np.arange(count), best)
        others = rng.choice(left[:-share], size=MOST_POINTS - 2 * share, replace=False)
        kept = np.sort(np.concatenate([best, left[-share:], others]))
        return Observed(self.rows[kept], self.values[kept], self.weights[kept], self.pending)


class Bayes:
    """Suggests points from a Gaussian process; the first ones, spread evenly, from a Sobol sequence.

    Trials under way are believed to come out as the model expects. One that failed, or whose value is no number,
    counts as the configuration's `impute` says: with the worst value so far, unless it says otherwise.
    """

    def __init__(self, config: SweepConfig, space: Space) -> None:
        self._config = config
        self._space = space
        self._cube = Cube(space)
        self._all = self._cube.all_rows(_WALKED)
        self._fitted: tuple[bytes, Kernel] | None = None

    def suggest(self, view: View, count: int) -> list[Suggestion]:
        """The next points; each is decided as if those before it were under way. Fewer: no other is left."""
        told, found = list(view.trials), list[Suggestion]()
        taken = {self._space.key(each.params) for each in told}
        for number in range(view.number, view.number + count):
            suggestion = self._next(number, told, taken)
            if suggestion is None:
                break
            found.append(suggestion)
            taken.add(self._space.key(suggestion.params))
            told.append(Told(number, dict(suggestion.params), "pending"))
        return found

    def _next(self, number: int, told: Sequence[Told], taken: set[str]) -> Suggestion | None:
        rng = np.random.default_rng(np.random.SeedSequence([self._config.seed, number]))
        if not self._space.searched:
            return Suggestion({}, info={"by": "start"})
        known = sum(each.number == PRIOR and each.state == "done" for each in told)
        observed = observe(self._cube, told, self._config)
        if number + known < self._start_size() or len(observed.values) < _FEWEST:
            params = self._start(number, rng, taken)
            return None if params is None else Suggestion(params, info={"by": "start"})
        # The part is the same for all suggestions of one view and those that follow it.
        thinned = observed.part(
            np.random.default_rng(np.random.SeedSequence([self._config.seed, len(observed.values)]))
        )
        return self._by_model(thinned, rng, taken)

    def _start_size(self) -> int:
        size = max(4, min(2 * len(self._cube), 10))
        return size if self._config.run_cap is None else min(size, max(2, self._config.run_cap // 3))

    def _start(self, number: int, rng: np.random.Generator, taken: set[str]) -> Params | None:
        """A point of the Sobol sequence, or one drawn where that is not allowed or was tried."""
        sequence = qmc.Sobol(len(self._cube), scramble=True, rng=np.random.default_rng(self._config.seed))
        if number:
            sequence.fast_forward(number)
        params = self._cube.at(sequence.random(1)[0])
        if self._space.allows(params) and self._space.key(params) not in taken:
            return params
        return self._drawn(rng, taken)

    def _drawn(self, rng: np.random.Generator, taken: set[str]) -> Params | None:
        """A random point; one that was not tried, where points can be told apart at all."""
        return self._space.draw(rng) if self._space.lattice is None else unseen(self._space, rng, taken)

    def _by_model(self, observed: Observed, rng: np.random.Generator, taken: set[str]) -> Suggestion | None:
        def is_new(row: Floats) -> bool:
            return self._space.key(self._cube.params(row)) not in taken

        choice = Choice(Task(self._cube, observed, self._all, rng, is_new, self._hyperparameters))
        row = choice.row()
        if row is None:
            params = self._drawn(rng, taken)
            return None if params is None else Suggestion(params, info={"by": "chance"})
        return Suggestion(self._cube.params(row), info=choice.info(row, self._config.sign))

    def _hyperparameters(self, rows: Floats, targets: Floats, weights: Floats) -> Kernel:
        """Those of the last fit, where it was to the same points: several suggestions in a row share one."""
        key = rows.tobytes() + targets.tobytes() + weights.tobytes()
        if self._fitted is None or self._fitted[0] != key:
            self._fitted = key, fit(self._cube, rows, targets, weights)[0]
        return self._fitted[1]


def observe(cube: Cube, told: Iterable[Told], config: SweepConfig) -> Observed:
    """What trials say: values of those that have one, imputed ones for those that failed, the rest pending.

    Points that were tried several times are one, with the mean of their values.
    """
    told = [each for each in told if each.state != "failed" or each.number != PRIOR]
    finite = finite_values(told)
    rows: dict[bytes, Floats] = {}
    values: dict[bytes, list[float]] = {}
    pending: list[Floats] = []
    for each in told:
        row = cube.row(each.params)
        if row is None:
            continue
        value = counted(each, finite, config)
        if value is not None:
            rows[row.tobytes()] = row
            values.setdefault(row.tobytes(), []).append(value)
        elif each.state == "pending":
            pending.append(row)
    return Observed(
        np.array(list(rows.values())).reshape(len(rows), len(cube)),
        np.array([math.fsum(each) / len(each) for each in values.values()]),
        np.array([float(len(each)) for each in values.values()]),
        np.array(pending).reshape(len(pending), len(cube)),
    )


@dataclass(frozen=True)
class Task:
    """What a decision is taken from. `all_rows` are the points of a small finite space, None for another; `is_new`
    says whether the point of a row was never tried."""

    cube: Cube
    observed: Observed
    all_rows: Floats | None
    rng: np.random.Generator
    is_new: Callable[[Floats], bool]
    hyperparameters: Callable[[Floats, Floats, Floats], Kernel]


class Choice:
    """One decision of the model."""

    def __init__(self, task: Task) -> None:
        self._cube = task.cube
        self._observed = task.observed
        self._acquisition = _Acquisition(task)
        self._names = [f"{column:05d}" for column in range(len(task.cube))]

    def row(self) -> Floats | None:
        """The row to try next; None where there is none that is new."""
        optimizer = BayesianOptimization(
            None, dict.fromkeys(self._names, (0.0, 1.0)), self._acquisition, random_state=0, verbose=0
        )
        # Straight into its space: the optimizer's own `register` formats all results for its log each time.
        for row, value in zip(self._observed.rows, self._observed.values, strict=True):
            optimizer.space.register(row, -value)
        suggested = optimizer.suggest()
        row = np.array([suggested[name] for name in self._names], dtype=float)
        return None if np.isnan(row).any() else row

    def info(self, row: Floats, sign: float) -> dict[str, Any]:
        """What the model expects at a row, in the metric's own sign and unit, and the model itself.

        Length scales are shares of the cube. `warp` leads from values (lower is better) to what the model is
        fitted to: `(value - center) / spread`, the power transform of Yeo and Johnson, `(… - mean) / deviation`.
        """
        warp, improvement = self._acquisition.warp, self._acquisition.improvement
        mean, variance = improvement.posterior.predict(row[None])
        middle, deviation = float(mean[0].mean()), math.sqrt(float(variance[0]))
        expected, low, high = (float(v) for v in warp.back(np.array([middle, middle - deviation, middle + deviation])))
        best = float(self._observed.values.min())
        kernel = improvement.posterior.kernel
        found = {
            "by": "model",
            "mean": _short(sign * expected),
            "std": _short((high - low) / 2),
            "improvement": _short(_gain(warp, middle, deviation, best)),
            "model": {
                "points": len(self._observed.values),
                "scales": {c.name: _short(s) for c, s in zip(self._cube.columns, kernel.scales, strict=True)},
                "amplitude": _short(kernel.amplitude),
                "noise": _short(kernel.noise),
                "trend": _short(kernel.trend),
                "warp": {
                    name: _short(getattr(warp, name)) for name in ("center", "spread", "power", "mean", "deviation")
                },
            },
        }
        return {name: value for name, value in found.items() if value is not None}


def _gain(warp: Warp, middle: float, deviation: float, best: float) -> float:
    """The expected improvement in the metric's unit: over quantiles of the prediction, each as a value."""
    quantiles = np.linspace(-3.0, 3.0, 61)
    values = warp.back(middle + deviation * quantiles)
    weights = np.exp(-0.5 * quantiles * quantiles)
    return float(np.maximum(best - values, 0.0) @ weights / weights.sum())


def _short(value: float) -> float | None:
    """Six digits; None for what is no number, which JSON has not."""
    return float(f"{value:.6g}") if math.isfinite(value) else None


class _Acquisition(AcquisitionFunction):
    """Ours, as the package asks for it. Afterwards `warp` and `improvement` hold the model that was used."""

    def __init__(self, task: Task) -> None:
        super().__init__()
        self._task = task
        self.warp: Warp
        self.improvement: LogImprovement

    def base_acq(self, mean: Floats, std: Floats) -> Floats:
        """The logarithm of the expected improvement at predictions of targets."""
        found: Floats = log_improvement((self.improvement.bests.mean() - mean) / std) + np.log(std)
        return found

    def suggest(self, gp: Any, target_space: Any, *_: Any, **__: Any) -> Floats:
        """The row with the highest expected improvement among those that are new; NaN where there is none.

        `gp`, the package's own model, is left alone: ours is fitted instead.
        """
        task = self._task
        rows, values, weights = target_space.params, -target_space.target, task.observed.weights
        self.warp = Warp.of(values)
        targets = self.warp.forward(values)
        posterior = Posterior(task.cube, task.hyperparameters(rows, targets, weights), rows, targets[:, None], weights)
        # What the model thinks of the points, not what noise made of one of them.
        best = float(posterior.predict(rows)[0].min())
        self.improvement = believe(posterior, task.observed.pending, best, task.rng)
        row = self._walk() if task.all_rows is not None else self._search(rows[np.argsort(values, kind="stable")])
        return np.full(len(task.cube), np.nan) if row is None else row

    def _walk(self) -> Floats | None:
        """The best of all points of the space."""
        rows = self._task.all_rows
        assert rows is not None
        order = np.argsort(-self.improvement.values(rows), kind="stable")
        return next((rows[index] for index in order if self._task.is_new(rows[index])), None)

    def _search(self, good: Floats) -> Floats | None:
        return maximum(self.improvement, self._task.cube, good, self._task.is_new, self._task.rng)
