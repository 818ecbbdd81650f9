"""Histories as points: from rows, a few points a run that lose no extreme.

A run with at most `MAX_POINTS` rows of a metric keeps each of them; rows of one step become one point. Of a longer run
every bucket of steps keeps the mean of its finite values and their minimum and maximum. That is decided for each run
by itself, so that no run changes how another is drawn. Nothing is sampled at random.
"""

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from runstore.reading.ndjson import AXES, PREFIX

MAX_POINTS: Final = 1500
"""A run with more rows of a metric is drawn in buckets."""
BUCKETS: Final = 1000

_TIMES: Final = ("runtime", "timestamp")

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
    were logged. `lo` and `hi` are None when every point is one row. `runtime` and `timestamp` are its last row's, and
    so is `axis`, the value of the metric that was defined as its x axis; None without one. `broken` holds the points
    that have non-finite values behind them, ascending, and `kinds` which: 0 NaN, 1 infinite, 2 negative infinite.
    """

    runs: Indices
    counts: Indices
    step: Floats
    y: Floats
    lo: Floats | None
    hi: Floats | None
    runtime: Floats
    timestamp: Floats
    broken: Indices
    kinds: npt.NDArray[np.uint8]
    axis: Floats | None = None

    def starts(self) -> Places:
        """Where the points of each run begin."""
        return np.concatenate(([0], np.cumsum(self.counts)[:-1])).astype(np.intp)

    def part(self, place: int, start: int) -> "Series":
        """The points of one run, the `place`-th, whose first is at `start`."""
        return self.cut(place, start, start + int(self.counts[place]))

    def cut(self, place: int, start: int, end: int) -> "Series":
        """The points from `start` to before `end`, all of them of the `place`-th run."""
        part = slice(start, end)
        y, lo, hi = self.y[part], None, None
        # Only then, so that what a run's part holds depends on no other run.
        if self.lo is not None and self.hi is not None and not np.array_equal(self.lo[part], self.hi[part], True):
            lo, hi = self.lo[part], self.hi[part]
        broken = slice(*np.searchsorted(self.broken, (part.start, part.stop))) if self.broken.size else slice(0)
        return Series(
            runs=self.runs[place : place + 1],
            counts=np.array([end - start], dtype=self.counts.dtype),
            step=self.step[part],
            y=y,
            lo=lo,
            hi=hi,
            runtime=self.runtime[part],
            timestamp=self.timestamp[part],
            broken=self.broken[broken] - np.uint32(start),
            kinds=self.kinds[broken],
            axis=None if self.axis is None else self.axis[part],
        )

    def of(self, runs: npt.ArrayLike) -> "Series":
        """The points of some runs alone, as they are whichever others there are. Of no run there are none."""
        chosen = np.isin(self.runs, np.asarray(runs, dtype=np.uint32))
        if chosen.all() and self.lo is None:
            return self
        points = np.repeat(chosen, self.counts)
        ends = np.flatnonzero(np.diff(points, prepend=False, append=False))
        here: Any = slice(*ends) if ends.size == 2 else points
        y, lo, hi = self.y[here], None, None
        if self.lo is not None and self.hi is not None:
            lo, hi = self.lo[here], self.hi[here]
            # Only then, so that what is said of these runs depends on no other.
            if np.array_equal(lo, hi, True):
                lo = hi = None
        broken = points[self.broken]
        return Series(
            runs=self.runs[chosen],
            counts=self.counts[chosen],
            step=self.step[here],
            y=y,
            lo=lo,
            hi=hi,
            runtime=self.runtime[here],
            timestamp=self.timestamp[here],
            broken=(np.cumsum(points) - 1)[self.broken[broken]].astype(np.uint32),
            kinds=self.kinds[broken],
            axis=None if self.axis is None else self.axis[here],
        )


def joined(parts: Sequence[Series]) -> Series:
    """Several runs' points as one series: no run is in two of the parts. At least one part."""
    if len(parts) == 1:
        return parts[0]
    sizes = np.cumsum([0, *(part.step.size for part in parts)])

    def column(name: str) -> Any:
        return np.concatenate([getattr(part, name) for part in parts])

    def maybe(name: str, other: Callable[[Series], Floats]) -> Floats | None:
        if all(getattr(part, name) is None for part in parts):
            return None
        found = [getattr(part, name) for part in parts]
        return np.concatenate([other(part) if own is None else own for own, part in zip(found, parts, strict=True)])

    return Series(
        **{name: column(name) for name in ("runs", "counts", "step", "y", "runtime", "timestamp", "kinds")},
        lo=maybe("lo", lambda part: part.y),
        hi=maybe("hi", lambda part: part.y),
        broken=np.concatenate([part.broken + np.uint32(at) for at, part in zip(sizes[:-1], parts, strict=True)]),
        axis=maybe("axis", lambda part: np.full(part.step.size, math.nan)),
    )


def metric_rows(frames: Sequence[pl.DataFrame]) -> Iterator[tuple[str, Rows]]:
    """Each metric of a project with its rows, by key. Takes the frames of `Project.history()`.

    The axes are no metrics, nor is what was logged below their names.
    """
    axes = tuple(f"{PREFIX}{key}." for key in AXES)
    families = [_Family(frame) for frame in frames]
    for column in sorted({name for family in families for name in family.metrics}):
        if column.startswith(axes):
            continue
        parts = [part for family in families if (part := family.rows(column)) is not None]
        if parts:
            yield column.removeprefix(PREFIX), parts[0][0] if len(parts) == 1 else _merged(parts)


class _Family:
    """A frame of a project's history in arrays: asking a frame of thousands of columns for one takes its time."""

    def __init__(self, frame: pl.DataFrame) -> None:
        columns = {column.name: column for column in frame.sort("run", "step", "place", "line").get_columns()}
        self.metrics = {name: column for name, column in columns.items() if name.startswith(PREFIX)}
        self._place, self._line = (columns[name].to_numpy() for name in ("place", "line"))
        self._run, self._step = (columns[name].to_numpy() for name in ("run", "step"))
        self._runtime, self._timestamp = (columns[name].fill_null(math.nan).to_numpy() for name in _TIMES)

    def rows(self, name: str) -> tuple[Rows, Indices, Indices] | None:
        """The rows that hold a metric, with their histories' places and their lines; None when there is none."""
        column = self.metrics.get(name)
        if column is None or column.null_count() == len(column):
            return None
        here: Any = column.is_not_null().to_numpy() if column.null_count() else slice(None)
        value = column.drop_nulls().to_numpy()
        rows = Rows(self._run[here], self._step[here], value, self._runtime[here], self._timestamp[here])
        return rows, self._place[here], self._line[here]


def _merged(parts: Sequence[tuple[Rows, Indices, Indices]]) -> Rows:
    """The rows of several families as one, by run and step; of one step in the order they were written."""
    columns = [
        np.concatenate([getattr(rows, name) for rows, _, _ in parts])
        for name in ("run", "step", "value", "runtime", "timestamp")
    ]
    place = np.concatenate([place for _, place, _ in parts])
    line = np.concatenate([line for _, _, line in parts])
    order = np.lexsort((line, place, columns[1], columns[0]))
    return Rows(*(column[order] for column in columns))


def axis_values(rows: Rows, axis: Rows) -> Floats:
    """The value of another metric, `axis`, at each row: at its step, else the last before in its run; NaN without."""
    found = np.full(rows.run.size, math.nan)
    starts = _changes(rows.run)
    for start, end in zip(starts, [*starts[1:], rows.run.size], strict=True):
        first, last = (
            np.searchsorted(axis.run, rows.run[start], "left"),
            np.searchsorted(axis.run, rows.run[start], "right"),
        )
        at = np.searchsorted(axis.step[first:last], rows.step[start:end], "right")
        known = at > 0
        found[start:end][known] = axis.value[first:last][at[known] - 1]
    return found


def make_series(rows: Rows, axis: Floats | None = None, most: float = MAX_POINTS) -> Series:
    """The points of one metric, of one run or of many; `axis` holds the x of each row where another metric gives it.

    A run with more rows than `most` is put into buckets.
    """
    bucket = _buckets(rows, most)
    begins = _changes(rows.run, bucket)
    single = begins.size == rows.run.size
    ends = np.append(begins[1:], rows.run.size) - 1
    run = rows.run[begins]
    firsts = _changes(run)
    finite = np.isfinite(rows.value)
    y, lo, hi = np.where(finite, rows.value, math.nan), None, None
    if not single:
        y, lo, hi = _summarise(y, finite, begins)
    broken, kinds = _broken(rows.value, finite, begins)
    return Series(
        runs=run[firsts],
        counts=np.diff(np.append(firsts, run.size)).astype(np.uint32),
        step=rows.step if single else (rows.step[begins] + rows.step[ends]) / 2,
        y=y,
        lo=lo,
        hi=hi,
        runtime=rows.runtime if single else rows.runtime[ends],
        timestamp=rows.timestamp if single else rows.timestamp[ends],
        broken=broken,
        kinds=kinds,
        axis=None if axis is None else axis[ends],
    )


def _broken(value: Floats, finite: npt.NDArray[np.bool_], begins: Places) -> tuple[Indices, npt.NDArray[np.uint8]]:
    """The points that have non-finite values behind them, and which: each kind once a point."""
    bad = np.flatnonzero(~finite)
    point = np.searchsorted(begins, bad, "right") - 1
    kind = np.where(np.isnan(value[bad]), 0, np.where(value[bad] > 0, 1, 2))
    found = np.unique(point * 3 + kind)
    return (found // 3).astype(np.uint32), (found % 3).astype(np.uint8)


def _buckets(rows: Rows, most: float) -> Floats:
    """A number for each row, the same for those of a run that become one point: the step, or its bucket's number."""
    starts = _changes(rows.run)
    counts = np.diff(np.append(starts, rows.run.size))
    if counts.max() <= most:
        return rows.step
    bucket = rows.step.copy()
    for start, count in zip(starts[counts > most], counts[counts > most], strict=True):
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
