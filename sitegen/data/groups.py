"""What groups of runs have in common at each x, by Polars: the definitions of the page "What a chart shows".

Figures are drawn from it, and tests hold the browser's own computation against it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import polars as pl

from sitegen.data.series import Floats

Aggregate = Literal["mean", "median", "min", "max"]
Shade = Literal["none", "minmax", "std", "stderr", "ci"]
AGGREGATES: Final[tuple[Aggregate, ...]] = ("mean", "median", "min", "max")
SHADES: Final[tuple[Shade, ...]] = ("none", "minmax", "std", "stderr", "ci")


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


def smooth(ys: Floats, weight: float) -> Floats:
    """The exponential moving average with its bias towards zero taken out. NaN stays, and counts for nothing."""
    if not weight > 0:
        return ys
    found = np.full(ys.size, math.nan)
    last, bias = 0.0, 1.0
    for place in np.flatnonzero(np.isfinite(ys)).tolist():
        last = last * weight + (1 - weight) * float(ys[place])
        bias *= weight
        found[place] = last / (1 - bias)
    return found
