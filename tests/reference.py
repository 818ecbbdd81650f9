"""What charts have to show, computed plainly by Polars and numpy: the definitions of `site/docs/the-site.md`, section
"What a chart shows", one function each. Slow, and with no thought of a browser.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import stats

Floats = npt.NDArray[np.float64]

MOST_POSITIONS = 4000
BINS = 1000


@dataclass(frozen=True)
class Points:
    """A run's points, in the order they were logged; `lo` and `hi` are the extremes behind each."""

    xs: Floats
    ys: Floats
    lo: Floats
    hi: Floats


@dataclass(frozen=True)
class Group:
    """A group at each x: its line, its band's edges, how many runs there are, and their largest value's size."""

    xs: Floats
    line: Floats
    lo: Floats | None
    hi: Floats | None
    n: list[int]
    size: Floats


def group(runs: Sequence[Points], agg: str, shade: str) -> Group:
    """The curve of a group of runs."""
    placed = [once(run) for run in runs]
    everything = np.unique(np.concatenate([run.xs for run in placed]))
    if everything.size > MOST_POSITIONS:
        everything, placed = binned(everything, placed)
    frame = pl.concat([at(run, everything) for run in placed]).filter(pl.col("y").is_not_nan())
    totals = pl.DataFrame({"x": everything}).join(statistics(frame), on="x", how="left").sort("x")
    n = totals["n"].fill_null(0).to_numpy()
    here = n > 0

    def column(name: str) -> Floats:
        return np.where(here, totals[name].cast(pl.Float64).fill_null(math.nan).to_numpy(), math.nan)

    lo, hi = None, None
    if shade == "minmax":
        lo, hi = column("min"), column("max")
    elif shade != "none" and bool((n > 1).any()):
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            half = np.where(n > 1, column("std") * width(shade, n), 0.0)
            lo, hi = column("mean") - half, column("mean") + half
    return Group(everything, column(agg), lo, hi, n.tolist(), column("size"))


def width(shade: str, n: npt.NDArray[Any]) -> Floats:
    """Half a band's width in standard deviations."""
    if shade == "std":
        return np.ones(n.size)
    student = stats.t.ppf(0.975, np.maximum(n - 1, 1)) if shade == "ci" else 1.0
    return np.asarray(student / np.sqrt(np.maximum(n, 1)), dtype=np.float64)


def statistics(frame: pl.DataFrame) -> pl.DataFrame:
    """Mean, median, extremes, deviation and number of the values at each x; sums of shares, for they may be huge."""
    size = pl.max_horizontal(pl.col("y").abs().max(), pl.lit(1e-300))
    share = pl.col("y") / size
    return frame.group_by("x").agg(
        (share.mean() * size).alias("mean"),
        (share.median() * size).alias("median"),
        pl.col("lo").min().alias("min"),
        pl.col("hi").max().alias("max"),
        (share.std(ddof=1) * size).alias("std"),
        pl.len().alias("n"),
        size.alias("size"),
    )


def once(run: Points) -> Points:
    """A run in the order of x, each x once: the mean of the points there, and their extremes."""
    frame = pl.DataFrame({"x": run.xs, "y": run.ys, "lo": run.lo, "hi": run.hi}).filter(pl.col("x").is_not_nan())
    return _together(frame)


def _together(frame: pl.DataFrame) -> Points:
    finite = pl.col("y").is_not_nan()
    y = pl.col("y").filter(finite)
    size = pl.max_horizontal(y.abs().max(), pl.lit(1e-300))
    found = (
        frame.group_by("x")
        .agg(
            ((y / size).mean() * size).alias("y"),
            pl.col("lo").filter(finite).min(),
            pl.col("hi").filter(finite).max(),
        )
        .fill_null(math.nan)
        .sort("x")
    )
    return Points(*(found[name].cast(pl.Float64).to_numpy() for name in ("x", "y", "lo", "hi")))


def binned(everything: Floats, runs: Sequence[Points]) -> tuple[Floats, list[Points]]:
    """A thousand bins with about as many different x each: where they lie, and each run's means in them."""
    firsts = np.arange(BINS + 1) * everything.size // BINS
    edges = everything[firsts[:-1]]
    places = everything[(firsts[:-1] + firsts[1:] - 1) // 2]
    made = []
    for run in runs:
        bins = places[np.searchsorted(edges, run.xs, "right") - 1]
        made.append(_together(pl.DataFrame({"x": bins, "y": run.ys, "lo": run.lo, "hi": run.hi})))
    return places, made


def at(run: Points, xs: Floats) -> pl.DataFrame:
    """A run's values at each x: its point's, else on the straight line between two; NaN outside its points."""
    columns = {name: np.full(xs.size, math.nan) for name in ("y", "lo", "hi")}
    for place, x in enumerate(xs):
        after = int(np.searchsorted(run.xs, x))
        if after == run.xs.size:
            continue
        for name, values in (("y", run.ys), ("lo", run.lo), ("hi", run.hi)):
            if run.xs[after] == x:
                columns[name][place] = values[after]
            elif after > 0:
                # By halves: the whole way may be too long for a number.
                way = run.xs[after] / 2 - run.xs[after - 1] / 2
                share = (x / 2 - run.xs[after - 1] / 2) / way
                columns[name][place] = values[after - 1] * (1 - share) + values[after] * share
    return pl.DataFrame({"x": xs, **columns})


def over(steps: Floats, other_steps: Floats, other: Floats) -> Floats:
    """The x of a run's rows over another metric: its value at the row's step, else the last before; NaN without one."""
    rows = pl.DataFrame({"step": steps})
    found = rows.join_asof(pl.DataFrame({"step": other_steps, "x": other}), on="step", strategy="backward")
    return found["x"].cast(pl.Float64).fill_null(math.nan).to_numpy()


def smooth(xs: Floats, ys: Floats, weight: float, smoother: str) -> Floats:
    """A curve smoothed; what is not finite stays NaN and counts for nothing."""
    if weight == 0 or not ys.size:
        return ys
    finite = np.isfinite(ys)
    if smoother == "ema":
        found = _exponential(ys, finite, weight)
    elif smoother == "twema":
        with np.errstate(over="ignore"):
            apart = (xs[-1] - xs[0]) / (xs.size - 1) if xs.size > 1 else 0.0
        found = _time_weighted(xs, ys, finite, weight, apart) if 0 < apart < math.inf else ys
    elif smoother == "average":
        found = _average(ys, finite, math.floor(weight / (1 - weight) + 0.5))
    else:
        points = (1 + weight) / (1 - weight) / (2 * math.sqrt(math.pi))
        with np.errstate(over="ignore"):
            unit = points * (xs[-1] - xs[0]) / (xs.size - 1) if xs.size > 1 else 0.0
        found = _gauss(xs, ys, finite, unit) if 0 < unit < math.inf else ys
    return np.where(finite, found, math.nan)


def _exponential(ys: Floats, finite: npt.NDArray[np.bool_], weight: float) -> Floats:
    found = np.full(ys.size, math.nan)
    for place in np.flatnonzero(finite):
        before = ys[: place + 1][finite[: place + 1]]
        weights = weight ** np.arange(before.size)[::-1]
        found[place] = _mean(before, weights)
    return found


def _time_weighted(xs: Floats, ys: Floats, finite: npt.NDArray[np.bool_], weight: float, apart: float) -> Floats:
    found = np.full(ys.size, math.nan)
    for place in np.flatnonzero(finite):
        here = finite[: place + 1]
        found[place] = _mean(ys[: place + 1][here], weight ** ((xs[place] - xs[: place + 1][here]) / apart))
    return found


def _average(ys: Floats, finite: npt.NDArray[np.bool_], radius: int) -> Floats:
    found = np.full(ys.size, math.nan)
    for place in np.flatnonzero(finite):
        window = slice(max(0, place - radius), place + radius + 1)
        near = ys[window][finite[window]]
        found[place] = _mean(near, np.ones(near.size))
    return found


def _gauss(xs: Floats, ys: Floats, finite: npt.NDArray[np.bool_], unit: float) -> Floats:
    found = np.full(ys.size, math.nan)
    for place in np.flatnonzero(finite):
        distance = (xs - xs[place]) / unit
        near = finite & (np.abs(distance) <= 4)
        found[place] = _mean(ys[near], np.exp(-0.5 * distance[near] ** 2))
    return found


def _mean(values: Floats, weights: Floats) -> float:
    """The weighted mean, each value's share by itself: their sum may be huge."""
    return math.fsum((weights / math.fsum(weights) * values).tolist())
