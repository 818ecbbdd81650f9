"""Smoothing of a line, as the site's charts do it: the definitions of the page "What a chart shows"."""

import math
from typing import Final

import numpy as np

from sitegen.data.bands import Smoother
from sitegen.data.series import Floats, Places

_REACH: Final = 4.0
"""Values further away than so many standard deviations count for nothing."""
_LARGE: Final = 1e300


def smooth(xs: Floats, ys: Floats, weight: float, smoother: Smoother = "ema") -> Floats:
    """A line over ascending x, smoothed by a weight from 0 to below 1. NaN stays, and counts for nothing."""
    places = np.flatnonzero(np.isfinite(ys))
    if not weight > 0 or not places.size:
        return ys
    with np.errstate(over="ignore"):
        apart = float(xs[-1] - xs[0]) / max(ys.size - 1, 1)
    if smoother in ("twema", "gauss") and not 0 < apart < math.inf:
        return ys
    # The sum of huge values would be no number.
    scale = 1.0 if np.abs(ys[places]).max() <= _LARGE else 2.0 ** -math.ceil(math.log2(ys.size) + 1)
    found = np.full(ys.size, math.nan)
    at = (xs[places] - xs[0]) / (apart or 1.0)
    found[places] = _smoothed(places, at, ys[places] * scale, weight, smoother) / scale
    return found


def _smoothed(places: Places, at: Floats, values: Floats, weight: float, smoother: Smoother) -> Floats:
    """`at`: the x of each value, in mean distances of neighbours."""
    if smoother == "average":
        # A half is rounded up, as browsers do.
        return _average(places, values, math.floor(weight / (1 - weight) + 0.5))
    if smoother == "gauss":
        return _gauss(at / ((1 + weight) / (1 - weight) / (2 * math.sqrt(math.pi))), values)
    return _exponential(at if smoother == "twema" else np.arange(values.size, dtype=np.float64), values, weight)


def _exponential(at: Floats, values: Floats, weight: float) -> Floats:
    """The mean of all values so far, each counting `weight` times as much for each unit that it lies back."""
    kept = weight ** np.diff(at, prepend=at[0])
    found = np.empty(values.size)
    total = number = 0.0
    for place, (share, value) in enumerate(zip(kept.tolist(), values.tolist(), strict=True)):
        total = total * share + value
        number = number * share + 1
        found[place] = total / number
    return found


def _average(places: Places, values: Floats, radius: int) -> Floats:
    near = _slices(np.searchsorted(places, places - radius), np.searchsorted(places, places + radius, "right"))
    return np.array([values[here].mean() for here in near])


def _gauss(at: Floats, values: Floats) -> Floats:
    """`at`: the x of each value in standard deviations."""
    near = _slices(np.searchsorted(at, at - _REACH), np.searchsorted(at, at + _REACH, "right"))
    weights = (np.exp(-0.5 * (at[here] - x) ** 2) for x, here in zip(at, near, strict=True))
    return np.array([(share / share.sum() * values[here]).sum() for share, here in zip(weights, near, strict=True)])


def _slices(first: Places, end: Places) -> list[slice]:
    return [slice(*ends) for ends in zip(first.tolist(), end.tolist(), strict=True)]
