"""A metric in the space of a word: the best run's curve, and the range of all runs behind it, as paths of an SVG."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from sitegen.data.series import Floats, Series

WIDTH: Final = 160
HEIGHT: Final = 36
_PLACES: Final = 80
_MARGIN: Final = 2.0


@dataclass(frozen=True, slots=True)
class Sparkline:
    """The attributes `d` of two paths in a box of `WIDTH` by `HEIGHT`; `band` is "" where one run is all there is."""

    line: str
    band: str


def sparkline(series: Series, best: int) -> Sparkline | None:
    """The sparkline of a metric with the run of index `best` as its line; None when that has no two finite points."""
    owner = np.repeat(series.runs, series.counts)
    low, high = (series.y if part is None else part for part in (series.lo, series.hi))
    seen = np.isfinite(series.y) & np.isfinite(series.step)
    own = seen & (owner == best)
    if own.sum() < 2:
        return None
    place = _places(series.step, seen)
    lows, highs = _extremes(place[seen], low[seen], high[seen])
    bottom, top = float(np.nanmin(lows)), float(np.nanmax(highs))

    def height(values: Floats) -> Floats:
        # Each is divided first: the span of all may be too large.
        share = (values / 2 - bottom / 2) / (top / 2 - bottom / 2) if top > bottom else np.full_like(values, 0.5)
        return HEIGHT - _MARGIN - share * (HEIGHT - 2 * _MARGIN)

    line = _path(*_means(place[own], height(series.y[own])))
    several = np.unique(owner[seen]).size > 1
    at = np.flatnonzero(np.isfinite(lows))
    band = _path(np.concatenate((at, at[::-1])), np.concatenate((height(lows[at]), height(highs[at])[::-1])))
    return Sparkline(line, f"{band}Z" if several else "")


def _places(step: Floats, seen: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """The place of each step from left to right, from 0 to `_PLACES`; 0 for what is not seen."""
    first, last = float(step[seen].min()), float(step[seen].max())
    share = (step / 2 - first / 2) / (last / 2 - first / 2) if last > first else np.zeros_like(step)
    return np.where(seen, np.round(share * _PLACES), 0).astype(np.intp)


def _extremes(place: npt.NDArray[np.intp], low: Floats, high: Floats) -> tuple[Floats, Floats]:
    lows, highs = np.full(_PLACES + 1, np.nan), np.full(_PLACES + 1, np.nan)
    np.fmin.at(lows, place, low)
    np.fmax.at(highs, place, high)
    return lows, highs


def _means(place: npt.NDArray[np.intp], heights: Floats) -> tuple[npt.NDArray[np.intp], Floats]:
    counts = np.bincount(place, minlength=_PLACES + 1)
    at = np.flatnonzero(counts)
    return at, np.bincount(place, heights, minlength=_PLACES + 1)[at] / counts[at]


def _path(places: npt.NDArray[np.intp], heights: Floats) -> str:
    points = (f"{x * WIDTH / _PLACES:g},{y:.1f}" for x, y in zip(places.tolist(), heights.tolist(), strict=True))
    return "M" + "L".join(points)
