"""What groups of runs have in common at each x, by Polars: the definitions of the page "What a chart shows".

Figures are drawn from it, and tests hold the browser's own computation against it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from sitegen.data.bands import Aggregate, Shade
from sitegen.data.series import Floats, Places, Series

MOST_POSITIONS: Final = 4000
"""A group whose runs have more different x is drawn in bins of them."""
_MOST_RESAMPLED: Final = 4_000_000


@dataclass(frozen=True, slots=True)
class Points:
    """A run's points in any order; NaN where nothing finite was logged."""

    xs: Floats
    ys: Floats


@dataclass(frozen=True, slots=True)
class Placed:
    """A run in the order of x, each x once: the mean of the points there, and their extremes."""

    xs: Floats
    ys: Floats
    lo: Floats
    hi: Floats


@dataclass(frozen=True, slots=True)
class Curve:
    """A line over ascending x, the edges of its band (None without one) and the number of runs behind each point."""

    xs: Floats
    ys: Floats
    lo: Floats | None
    hi: Floats | None
    n: Floats


def group_curve(runs: Sequence[Points], agg: Aggregate, shade: Shade) -> Curve:
    """The curve of a group at every x that one of its runs has.

    Between two points of a run its value is interpolated; before its first, after its last and beside a NaN it counts
    for nothing. The bands: `std` is the sample standard deviation, `stderr` the mean's standard error, `ci` Student's
    95 % interval of the mean, each to either side of the mean.
    """
    placed = [ascending(run) for run in runs]
    xs = np.unique(np.concatenate([run.xs for run in placed])) if placed else np.empty(0)
    frame = pl.concat([_resampled(run, xs) for run in placed]) if placed else _resampled(Placed(xs, xs, xs, xs), xs)
    size = _size(pl.col("y"))
    share = pl.col("y") / size
    found = (
        frame.filter(pl.col("y").is_not_nan())
        .group_by("x")
        .agg(
            (share.mean() * size).alias("mean"),
            (share.median() * size).alias("median"),
            pl.col("lo").min().alias("min"),
            pl.col("hi").max().alias("max"),
            (share.std(ddof=1) * size).alias("std"),
            pl.len().cast(pl.Float64).alias("n"),
        )
    )
    found = pl.DataFrame({"x": xs}).join(found, on="x", how="left", maintain_order="left")
    found = found.with_columns(pl.col("n").fill_null(0.0), pl.exclude("x", "n").fill_null(math.nan))
    lo, hi = _band(found, shade)
    return Curve(found["x"].to_numpy(), found[agg].to_numpy(), lo, hi, found["n"].to_numpy())


def mean_curve(series: Series) -> Curve | None:
    """The means of all runs of a series with their standard deviations: what `group_curve` finds, sooner where the runs
    share their x. None where they have too many different x."""
    xs = series.step if series.axis is None else series.axis
    found = _shared(series, xs)
    if found is not None:
        return _means(*found, series.y)
    positions = np.unique(xs[np.isfinite(xs)]).size
    if positions > MOST_POSITIONS or positions * series.runs.size > _MOST_RESAMPLED:
        return None
    cuts = series.starts()[1:]
    runs = [Points(*part) for part in zip(np.split(xs, cuts), np.split(series.y, cuts), strict=True)]
    return group_curve(runs, "mean", "std")


def _shared(series: Series, xs: Floats) -> tuple[Floats, Places] | None:
    """The x of the longest run and every point's place there, when each run has a stretch of them without a gap."""
    sizes = np.abs(series.y[np.isfinite(series.y) & (series.y != 0)])
    # Sums of squares of others are no numbers.
    if sizes.size and not (sizes.min() > 1e-140 and sizes.max() < 1e140):
        return None
    longest = int(np.argmax(series.counts))
    start = int(series.starts()[longest])
    grid = xs[start : start + int(series.counts[longest])]
    if not (np.isfinite(grid).all() and (grid[1:] > grid[:-1]).all()):
        return None
    place = np.searchsorted(grid, xs)
    if not (place < grid.size).all() or not np.array_equal(grid[place], xs):
        return None
    follows = np.diff(place) == 1
    follows[series.starts()[1:] - 1] = True
    return (grid, place) if follows.all() else None


def _means(grid: Floats, place: Places, ys: Floats) -> Curve:
    finite = np.isfinite(ys)
    place, ys = place[finite], ys[finite]
    n = np.bincount(place, minlength=grid.size).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(place, ys, grid.size) / n
        squares = np.bincount(place, (ys - mean[place]) ** 2, grid.size)
        deviation = np.sqrt(squares / (n - 1))
    lo, hi = _around(mean, deviation, n, "std")
    return Curve(grid, mean, lo, hi, n)


def _size(values: pl.Expr) -> pl.Expr:
    """What values are divided by before they are added: the sum of huge ones would be no number."""
    largest = values.abs().max()
    return pl.when(largest > 0).then(largest).otherwise(1.0)


def ascending(run: Points) -> Placed:
    """A run's points by x. Those without an x are left out."""
    y = pl.col("y").filter(pl.col("y").is_not_nan())
    size = _size(y)
    frame = pl.DataFrame({"x": run.xs, "y": run.ys}).filter(pl.col("x").is_not_nan())
    together = frame.group_by("x").agg(((y / size).mean() * size).alias("y"), y.min().alias("lo"), y.max().alias("hi"))
    found = together.with_columns(pl.exclude("x").fill_null(math.nan)).sort("x")
    return Placed(*(found[name].to_numpy() for name in ("x", "y", "lo", "hi")))


def _resampled(run: Placed, xs: Floats) -> pl.DataFrame:
    """A run's values at each x: its point's, else on the straight line between the two beside it."""
    if not run.xs.size:
        return pl.DataFrame({"x": xs, **dict.fromkeys(("y", "lo", "hi"), np.full(xs.size, math.nan))})
    after = np.searchsorted(run.xs, xs)
    inside = (after < run.xs.size) & ((after > 0) | (xs == run.xs[0]))
    upper = np.where(inside, after, 0)
    lower = np.maximum(upper - 1, 0)
    exact = run.xs[upper] == xs
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        # By halves: the whole way may be too long for a number.
        part = (xs / 2 - run.xs[lower] / 2) / (run.xs[upper] / 2 - run.xs[lower] / 2)

        def at(values: Floats) -> Floats:
            between = values[lower] * (1 - part) + values[upper] * part
            return np.where(inside, np.where(exact, values[upper], between), math.nan)

        return pl.DataFrame({"x": xs, "y": at(run.ys), "lo": at(run.lo), "hi": at(run.hi)})


def _band(found: pl.DataFrame, shade: Shade) -> tuple[Floats | None, Floats | None]:
    if shade == "minmax":
        return found["min"].to_numpy(), found["max"].to_numpy()
    n, mean = found["n"].to_numpy(), found["mean"].to_numpy()
    with np.errstate(over="ignore", invalid="ignore"):
        return _around(mean, found["std"].to_numpy(), n, shade)


def _around(mean: Floats, deviation: Floats, n: Floats, shade: Shade) -> tuple[Floats | None, Floats | None]:
    if shade == "none" or not (n > 1).any():
        return None, None
    wide = deviation
    if shade != "std":
        wide = wide / np.sqrt(np.maximum(n, 1))
    if shade == "ci":
        wide = wide * _quantiles(n)
    half = np.where(n > 1, wide, 0.0)
    return mean - half, mean + half


def _quantiles(n: Floats) -> Floats:
    """Of Student's t for means of so many runs: 95 % lie between its negative and itself."""
    from scipy.special import stdtrit

    freedom, places = np.unique(np.maximum(n - 1, 1), return_inverse=True)
    return np.asarray(stdtrit(freedom, 0.975), dtype=np.float64)[places]
