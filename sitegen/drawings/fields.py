"""The mean of a sweep's surrogate over two of its parameters, fitted again to the trials that are shown
(`sweep-model.js`)."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from sitegen.drawings.parameters import Floats, ParameterAxis
from sitegen.drawings.surrogate import Dimension, Surrogate, Warp, surrogate, warps
from sitegen.drawings.trials import Trial, Trials

LEAST: Final = 4
"""Trials with a value that a surrogate needs."""

_MOST_POINTS: Final = 300
_MOST_AVERAGED: Final = 24


def field_of(trials: Trials, axes: Sequence[ParameterAxis], pair: tuple[int, int], *, averages: bool) -> Floats | None:
    """The mean in every cell of two axes, in the metric's unit: a row for each cell of the second, from below.

    The other parameters are those of the best trial, or where it `averages` those of all. None where the records tell
    of no model, or there are too few trials for one.
    """
    model = trials.payload["model"]
    through = _chosen(trials)
    if model is None or sum(trial.counts for trial in through) < LEAST:
        return None
    points = np.column_stack([axis.places([trial.params[at] for trial in through]) for at, axis in enumerate(axes)])
    fitted, out = _fitted(trials, axes, through, points)
    if fitted is None:
        return None
    (i, us), (j, vs) = ((at, np.array([cell.place for cell in axes[at].cells])) for at in pair)
    means = [fitted.over((i, us), (j, vs), points[at]) for at in _bases(trials, through, pair, averages=averages)]
    return out(np.mean(means, axis=0))


def _chosen(trials: Trials) -> list[Trial]:
    """The trials that the surrogate goes through: the best, where there are too many."""
    there = [trial for trial in trials.shown if trial.counts]
    if len(there) > _MOST_POINTS:
        sign = -1 if trials.maximize else 1
        best = sorted(there, key=lambda trial: sign * (trial.value or 0.0))[:_MOST_POINTS]
        return sorted(best, key=lambda trial: trial.at)
    failed = [trial for trial in trials.shown if trial.row.over and not trial.counts]
    return there + (failed if trials.payload["imputes"] else [])[: _MOST_POINTS - len(there)]


def _fitted(
    trials: Trials, axes: Sequence[ParameterAxis], through: Sequence[Trial], points: Floats
) -> tuple[Surrogate | None, Warp]:
    """The surrogate, and the way back from its targets."""
    model: Mapping[str, Any] = trials.payload["model"]
    values = _values(trials, through)
    into, out = warps(model["warp"], values, -1 if trials.maximize else 1)
    # A parameter that the engine told no length of says nothing.
    lengths = [math.inf if length is None else length for length in model["lengths"]]
    dimensions = [Dimension(length, axis.is_named) for length, axis in zip(lengths, axes, strict=True)]
    return surrogate(dimensions, points, into(np.array(values)), model), out


def _values(trials: Trials, some: Sequence[Trial]) -> list[float]:
    """What trials count with: those that failed with the worst that was, as the engine has it."""
    own = [trial.value if trial.counts else None for trial in some]
    known = [value for value in own if value is not None]
    worst = min(known) if trials.maximize else max(known)
    return [worst if value is None else value for value in own]


def _bases(trials: Trials, through: Sequence[Trial], pair: tuple[int, int], *, averages: bool) -> list[int]:
    """The places of the trials whose other parameters the field has."""
    # Where one of the two exists under a condition alone, the others are as it needs them.
    able = [at for at, trial in enumerate(through) if all(trial.params[k] is not None for k in pair)]
    best = trials.best([through[at] for at in able])
    if best is not None and not averages:
        return [at for at in able if through[at] is best]
    every = math.ceil(len(through) / _MOST_AVERAGED)
    return (able or list(range(len(through))))[::every]
