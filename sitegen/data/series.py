"""Histories on grids: from rows, a few points a run that lose no extreme.

A metric whose runs have at most `MAX_POINTS` rows each is kept as it is; of a longer one every bucket of steps
keeps the mean of its finite values and their minimum and maximum. Nothing is sampled at random.
"""

import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from runstore.reading.ndjson import AXES, PREFIX

MAX_POINTS: Final = 1500
"""A run with more rows of a metric is drawn in buckets."""
BUCKETS: Final = 1000

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Rows:
    """Every row of one metric, sorted by run and step; `runtime` (s) and `timestamp` (epoch s) are NaN where absent."""

    run: Indices
    step: Floats
    value: Floats
    runtime: Floats
    timestamp: Floats

    def slice(self, start: int, stop: int) -> "Rows":
        part = slice(start, stop)
        return Rows(self.run[part], self.step[part], self.value[part], self.runtime[part], self.timestamp[part])


@dataclass(frozen=True, slots=True)
class Series:
    """One metric on one grid. Points lie run by run, in the order of `runs`, sorted by bucket.

    Point p of bucket b stands for the steps from `first + b * width`; `at` holds the buckets. `y` is NaN where
    only non-finite values were logged. `lo` and `hi` are None when every bucket holds one row.
    """

    first: float
    width: float
    runs: Indices
    counts: Indices
    at: Indices
    y: Floats
    lo: Floats | None
    hi: Floats | None
    runtime: Floats
    timestamp: Floats
    exact: bool
    """Whether every row is a point of its own, at its own step."""


def metric_rows(frames: Sequence[pl.DataFrame]) -> Iterator[tuple[str, Rows]]:
    """Each metric of a project with its rows, by key. Takes the frames of `Project.history()`.

    The axes are no metrics, nor is what was logged below their names.
    """
    axes = tuple(f"{PREFIX}{key}." for key in AXES)
    families = [frame.sort("run", "step", "place", "line") for frame in frames]
    columns = sorted({name for frame in families for name in frame.columns if name.startswith(PREFIX)})
    for column in columns:
        if column.startswith(axes):
            continue
        parts = [
            frame.select("run", "place", "line", "step", "runtime", "timestamp", pl.col(column).alias("value"))
            for frame in families
            if column in frame.columns
        ]
        parts = [part.filter(pl.col("value").is_not_null()) if part["value"].null_count() else part for part in parts]
        whole = pl.concat(parts).sort("run", "step", "place", "line") if len(parts) > 1 else parts[0]
        if whole.height:
            yield column.removeprefix(PREFIX), _rows(whole)


def _rows(frame: pl.DataFrame) -> Rows:
    return Rows(
        run=frame["run"].to_numpy(),
        step=frame["step"].to_numpy(),
        value=frame["value"].to_numpy(),
        runtime=frame["runtime"].fill_null(math.nan).to_numpy(),
        timestamp=frame["timestamp"].fill_null(math.nan).to_numpy(),
    )


def make_series(rows: Rows) -> Series:
    """Puts the rows of one metric, of one run or of many, onto one grid."""
    starts = _starts(rows.run)
    counts = np.diff(np.append(starts, rows.run.size))
    first, last = float(rows.step.min()), float(rows.step.max())
    whole = bool(np.all(rows.step == np.floor(rows.step)))
    repeated = bool(np.any((np.diff(rows.step) == 0) & (np.diff(rows.run) == 0)))
    short = counts.max() <= MAX_POINTS and last - first < 2**32
    if short and whole and not repeated:
        at = (rows.step - first).astype(np.uint32)
        y = np.where(np.isfinite(rows.value), rows.value, math.nan)
        return Series(
            first=first,
            width=1.0,
            runs=rows.run[starts],
            counts=counts.astype(np.uint32),
            at=at,
            y=y,
            lo=None,
            hi=None,
            runtime=rows.runtime,
            timestamp=rows.timestamp,
            exact=True,
        )
    width = 1.0 if short and whole else grid_width(first, last, whole=whole)
    return _bucket(rows, first, width)


def grid_width(first: float, last: float, *, whole: bool) -> float:
    """The width of a bucket: for whole steps a power of two, so that a growing run seldom moves the grid."""
    if last == first:
        return 1.0
    if whole:
        return float(2 ** max(0, math.ceil(math.log2((last - first + 1) / BUCKETS))))
    # Steps may lie closer than a Float64 can divide: then one bucket holds them all.
    width = (last - first) / (BUCKETS - 1)
    return width if width >= sys.float_info.min else 1.0


def _bucket(rows: Rows, first: float, width: float) -> Series:
    bucket = np.floor((rows.step - first) / width).astype(np.uint32)
    edges = np.flatnonzero((np.diff(rows.run) != 0) | (np.diff(bucket) != 0)) + 1
    begins = np.concatenate(([0], edges)).astype(np.intp)
    finite = np.isfinite(rows.value)
    number = np.add.reduceat(finite.astype(np.float64), begins)
    with np.errstate(invalid="ignore", over="ignore"):
        share = np.where(finite, rows.value, 0.0) / np.repeat(
            np.maximum(number, 1.0), np.diff(np.append(begins, rows.run.size))
        )
        y = np.where(number > 0, np.add.reduceat(share, begins), math.nan)
    lo = np.fmin.reduceat(np.where(finite, rows.value, math.nan), begins)
    hi = np.fmax.reduceat(np.where(finite, rows.value, math.nan), begins)
    # Rounding may carry a mean past its extremes.
    y = np.clip(y, lo, hi)
    single = begins.size == rows.run.size
    ends = np.append(begins[1:], rows.run.size) - 1
    run = rows.run[begins]
    starts = _starts(run)
    return Series(
        first=first,
        width=width,
        runs=run[starts],
        counts=np.diff(np.append(starts, run.size)).astype(np.uint32),
        at=bucket[begins],
        y=y,
        lo=None if single else lo,
        hi=None if single else hi,
        runtime=rows.runtime[ends],
        timestamp=rows.timestamp[ends],
        exact=False,
    )


def _starts(run: Indices) -> npt.NDArray[np.intp]:
    """Where each run's rows begin."""
    return np.concatenate(([0], np.flatnonzero(np.diff(run)) + 1)).astype(np.intp)


def run_bounds(rows: Rows) -> dict[int, tuple[int, int]]:
    """Where the rows of each run lie, by the run's index."""
    starts = _starts(rows.run)
    stops = np.append(starts[1:], rows.run.size)
    return dict(zip(rows.run[starts].tolist(), zip(starts.tolist(), stops.tolist(), strict=True), strict=True))


def run_series(rows: Rows, series: Series, start: int, stop: int) -> Series:
    """One run's part of a metric, on the run's own grid: the same whatever the other runs of the project hold.

    `series` is what `make_series` made of all `rows`; where it kept every row the part is cut out of it.
    """
    if not series.exact:
        return make_series(rows.slice(start, stop))
    part = slice(start, stop)
    return Series(
        first=float(rows.step[start]),
        width=1.0,
        runs=rows.run[start : start + 1],
        counts=np.array([stop - start], np.uint32),
        at=series.at[part] - series.at[start],
        y=series.y[part],
        lo=None,
        hi=None,
        runtime=series.runtime[part],
        timestamp=series.timestamp[part],
        exact=True,
    )
