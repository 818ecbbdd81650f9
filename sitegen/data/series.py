"""Histories as points: from rows, a few points a run that lose no extreme.

A run with at most `MAX_POINTS` rows of a metric keeps each of them; rows of one step become one point. Of a longer run
every bucket of steps keeps the mean of its finite values and their minimum and maximum. That is decided for each run
by itself, so that no run changes how another is drawn. Nothing is sampled at random.
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
Places = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Rows:
    """Every row of one metric, sorted by run and step; `runtime` (s) and `timestamp` (epoch s) are NaN where absent."""

    run: Indices
    step: Floats
    value: Floats
    runtime: Floats
    timestamp: Floats


@dataclass(frozen=True, slots=True)
class Series:
    """One metric of one run or of many. Points lie run by run, in the order of `runs`, sorted by step.

    A point's `step` is its row's, or the middle of the steps in its bucket. `y` is NaN where only non-finite values
    were logged. `lo` and `hi` are None when every point is one row. `runtime` and `timestamp` are its last row's.
    """

    runs: Indices
    counts: Indices
    step: Floats
    y: Floats
    lo: Floats | None
    hi: Floats | None
    runtime: Floats
    timestamp: Floats

    def starts(self) -> Places:
        """Where the points of each run begin."""
        return np.concatenate(([0], np.cumsum(self.counts)[:-1])).astype(np.intp)

    def part(self, place: int, start: int) -> "Series":
        """The points of one run, the `place`-th, whose first is at `start`."""
        part = slice(start, start + int(self.counts[place]))
        y, lo, hi = self.y[part], None, None
        # Only then, so that what a run's part holds depends on no other run.
        if self.lo is not None and self.hi is not None and not np.array_equal(self.lo[part], self.hi[part], True):
            lo, hi = self.lo[part], self.hi[part]
        return Series(
            runs=self.runs[place : place + 1],
            counts=self.counts[place : place + 1],
            step=self.step[part],
            y=y,
            lo=lo,
            hi=hi,
            runtime=self.runtime[part],
            timestamp=self.timestamp[part],
        )


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
    """The points of one metric, of one run or of many."""
    bucket = _buckets(rows)
    begins = _changes(rows.run, bucket)
    single = begins.size == rows.run.size
    ends = np.append(begins[1:], rows.run.size) - 1
    run = rows.run[begins]
    firsts = _changes(run)
    finite = np.isfinite(rows.value)
    y, lo, hi = np.where(finite, rows.value, math.nan), None, None
    if not single:
        y, lo, hi = _summarise(y, finite, begins)
    return Series(
        runs=run[firsts],
        counts=np.diff(np.append(firsts, run.size)).astype(np.uint32),
        step=rows.step if single else (rows.step[begins] + rows.step[ends]) / 2,
        y=y,
        lo=lo,
        hi=hi,
        runtime=rows.runtime[ends],
        timestamp=rows.timestamp[ends],
    )


def _buckets(rows: Rows) -> Floats:
    """A number for each row, the same for those of a run that become one point: the step, or its bucket's number."""
    starts = _changes(rows.run)
    counts = np.diff(np.append(starts, rows.run.size))
    if counts.max() <= MAX_POINTS:
        return rows.step
    bucket = rows.step.copy()
    for start, count in zip(starts[counts > MAX_POINTS], counts[counts > MAX_POINTS], strict=True):
        part = slice(start, start + count)
        bucket[part] = _run_buckets(rows.step[part])
    return bucket


def _run_buckets(step: Floats) -> Floats:
    """The bucket of each step of one long run.

    Whole steps share a grid from zero, its width a power of two: buckets of several runs lie side by side, and a
    growing run seldom moves them.
    """
    first, span = step[0], step[-1] - step[0]
    if np.array_equal(step, np.floor(step)):
        width = float(2 ** max(0, math.ceil(math.log2((span + 1) / BUCKETS))))
        return np.floor(step / width)
    width = span / (BUCKETS - 1)
    # Steps may lie closer than a Float64 can divide: then one bucket holds them all.
    return np.floor((step - first) / width) if width >= sys.float_info.min else np.zeros_like(step)


def _summarise(y: Floats, finite: npt.NDArray[np.bool_], begins: Places) -> tuple[Floats, Floats, Floats]:
    """Mean, minimum and maximum of the finite values of each bucket; NaN where there is none."""
    sizes = np.diff(np.append(begins, y.size))
    number = np.add.reduceat(finite.astype(np.float64), begins)
    with np.errstate(invalid="ignore", over="ignore"):
        # Each is divided first: the sum of a bucket may be too large.
        share = np.where(finite, y, 0.0) / np.repeat(np.maximum(number, 1.0), sizes)
        mean = np.where(number > 0, np.add.reduceat(share, begins), math.nan)
    lo, hi = np.fmin.reduceat(y, begins), np.fmax.reduceat(y, begins)
    # Rounding may carry a mean past its extremes.
    return np.clip(mean, lo, hi), lo, hi


def _changes(*columns: npt.NDArray[np.generic]) -> Places:
    """Where a new combination of values begins."""
    changed = np.zeros(columns[0].size - 1, dtype=bool)
    for column in columns:
        changed |= column[1:] != column[:-1]
    return np.concatenate(([0], np.flatnonzero(changed) + 1)).astype(np.intp)
