"""Every row of long runs, in pieces that a page loads when somebody zooms into a chart.

Histories draw a long run in buckets. Here it has a point at each step, as a short run has, cut into pieces of
`PIECE` points. While a run grows, all pieces but its last stay as they are.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sitegen.data.series import MAX_POINTS, Floats, Rows, Series, make_series
from sitegen.data.shards import has_times, number, run_payload, shard, times_payload

PIECE: Final = 50_000
"""Points of a piece."""


@dataclass(frozen=True, slots=True)
class FineFile:
    """A data file, named by a digest of the numbers in it."""

    name: str
    make: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class FineRun:
    """One metric of one long run: `index` says what its pieces are called, and which x they hold; see `fine.js`."""

    run: int
    index: dict[str, Any]
    files: list[FineFile]


def fine_runs(rows: Rows, axis: Floats | None = None) -> Iterator[FineRun]:
    """The long runs of a metric, one after the other; `axis` holds the x of each row where another metric gives it."""

    # Files are made run by run, if at all: the points of one run are kept, not those of all.
    @lru_cache(maxsize=1)
    def whole(start: int, end: int) -> Series:
        part = slice(start, end)
        own = Rows(rows.run[part], rows.step[part], rows.value[part], rows.runtime[part], rows.timestamp[part])
        return make_series(own, None if axis is None else axis[part], most=end - start)

    bounds = [0, *(np.flatnonzero(rows.run[1:] != rows.run[:-1]) + 1).tolist(), rows.run.size]
    for start, end in pairwise(bounds):
        if end - start > MAX_POINTS:
            yield _fine_run(partial(whole, start, end))


def _fine_run(whole: Callable[[], Series]) -> FineRun:
    series = whole()
    starts = range(0, series.step.size, PIECE)
    pieces = [_cut(series, at) for at in starts]
    names = ["z" + _digest(*_values(piece)) for piece in pieces]
    times = [f"zt{_digest(piece.runtime, piece.timestamp)}" if any(has_times(piece)) else None for piece in pieces]
    index: dict[str, Any] = {
        "pieces": names,
        "times": times,
        "counts": [piece.step.size for piece in pieces],
        "step": [_span(piece.step) for piece in pieces],
        "runtime": [_span(piece.runtime) for piece in pieces],
        "wall": [_span(piece.timestamp * 1000) for piece in pieces],
    }
    if series.axis is not None:
        index["defined"] = [_span(piece.axis) for piece in pieces if piece.axis is not None]
    files = []
    for at, name, moments in zip(starts, names, times, strict=True):
        files.append(FineFile(name, partial(_values_file, name, whole, at)))
        if moments is not None:
            files.append(FineFile(moments, partial(_times_file, moments, whole, at)))
    return FineRun(int(series.runs[0]), index, files)


def _cut(series: Series, start: int) -> Series:
    """A piece of a series of one run. Extremes are kept where one of its points stands for several rows."""
    return series.cut(0, start, min(start + PIECE, series.step.size))


def _values(piece: Series) -> list[npt.NDArray[Any]]:
    columns = [piece.step, piece.y, piece.lo, piece.hi, piece.broken, piece.kinds, piece.axis]
    return [np.empty(0) if column is None else column for column in columns]


def _values_file(name: str, whole: Callable[[], Series], start: int) -> bytes:
    piece = _cut(whole(), start)
    return shard(name, run_payload(piece, 0 if any(has_times(piece)) else None))


def _times_file(name: str, whole: Callable[[], Series], start: int) -> bytes:
    return shard(name, times_payload(_cut(whole(), start)))


def _span(xs: Floats) -> list[int | float | None] | None:
    """The lowest and the highest x, and how many there are; None where there is none."""
    finite = xs[np.isfinite(xs)]
    return [number(float(finite.min())), number(float(finite.max())), finite.size] if finite.size else None


def _digest(*columns: npt.NDArray[Any]) -> str:
    state = hashlib.blake2b(digest_size=8)
    for column in columns:
        state.update(len(column).to_bytes(8, "little"))
        state.update(np.ascontiguousarray(column).data)
    return state.hexdigest()
