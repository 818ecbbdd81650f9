"""What a run's page loads of each metric, cut out of the points of many runs.

There are as many cuts as runs times metrics: whatever can be known of all runs at once is.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sitegen.data.series import Floats, Series
from sitegen.data.shards import encode, has_times, number, run_payload, singles, steps_payload, times_payload


class Moment(NamedTuple):
    """When the points of one run were logged: its steps and times as `data.js` has them, `times` None where it has
    none. `key` is equal for equal times."""

    steps: dict[str, Any]
    times: dict[str, Any] | None
    key: tuple[bytes, bytes]


class Moments:
    """When the points of many runs were logged: metrics that were always logged together share it."""

    def __init__(self, series: Series) -> None:
        self._series = series
        self._last: tuple[int, Moment] | None = None
        self._plain: list[bool] = []
        self._single: list[bool] = []
        self._origins: list[float] = []

    def are_of(self, series: Series) -> bool:
        """Whether these are the moments of another metric as well."""
        names = ("runs", "counts", "step", "runtime", "timestamp")
        return all(_same(getattr(self._series, name), getattr(series, name)) for name in names)

    def of(self, place: int, start: int) -> Moment:
        """Those of the `place`-th run, whose points begin at `start`; kept until another run is asked for."""
        if self._last is None or self._last[0] != place:
            part = slice(start, start + int(self._series.counts[place]))
            runtime, timestamp = self._series.runtime[part], self._series.timestamp[part]
            steps = steps_payload(self._series.step[part])
            self._last = place, Moment(steps, self._times(place, start), (runtime.tobytes(), timestamp.tobytes()))
        return self._last[1]

    def _times(self, place: int, start: int) -> dict[str, Any] | None:
        series = self._series
        if not self._plain:
            plain, origins = _timed_plainly(series)
            self._plain, self._origins = plain.tolist(), origins.tolist()
            self._single = singles(series.runtime, series.starts()).tolist()
        if not self._plain[place]:
            own = series.part(place, start)
            return times_payload(own) if any(has_times(own)) else None
        dtype = "f4" if self._single[place] else "f8"
        return {
            "runtime": encode(series.runtime[start : start + int(series.counts[place])], dtype),
            "dtype": dtype,
            "wall": {"start": [number(self._origins[place])], "delta": None},
        }


class Cuts:
    """One metric of many runs, to be had run by run."""

    def __init__(self, series: Series, moments: Moments) -> None:
        self.moments = moments
        self._series = series
        self.places = {
            run: (place, start)
            for place, (run, start) in enumerate(zip(series.runs.tolist(), series.starts().tolist(), strict=True))
        }
        self._plain: list[bool] = []
        self._single: list[bool] = []

    def payload(self, run: int, times: int | None) -> dict[str, Any]:
        """One metric of a run that logged it; `times` is the place of its times in the run's list of them."""
        series, (place, start) = self._series, self.places[run]
        if not self._plain:
            self._plain = _plain(series).tolist()
            self._single = singles(series.y, series.starts()).tolist()
        if not self._plain[place]:
            return run_payload(series.part(place, start), times)
        dtype = "f4" if self._single[place] else "f8"
        count = int(series.counts[place])
        return {
            "count": count,
            **self.moments.of(place, start).steps,
            "dtype": dtype,
            "y": encode(series.y[start : start + count], dtype),
            "lo": None,
            "hi": None,
            "times": times,
        }


def _plain(series: Series) -> npt.NDArray[np.bool_]:
    """Of each run, whether every point is one row with a finite value, and its step is its x."""
    if series.axis is not None:
        return np.zeros(series.runs.size, dtype=bool)
    plain = np.ones(series.step.size, dtype=bool)
    if series.lo is not None and series.hi is not None:
        plain = series.lo == series.hi
    plain[series.broken] = False
    return np.logical_and.reduceat(plain, series.starts())


def _timed_plainly(series: Series) -> tuple[npt.NDArray[np.bool_], Floats]:
    """Of each run, whether both times of every point are finite and tell the same, as `times_payload` sees it, and when
    it began (epoch s)."""
    starts = series.starts()
    with np.errstate(over="ignore", invalid="ignore"):
        origins = series.timestamp[starts] - series.runtime[starts]
        same = np.abs(series.timestamp - np.repeat(origins, series.counts) - series.runtime) <= 0.01
    plain = same & np.isfinite(series.runtime) & np.isfinite(series.timestamp)
    return np.logical_and.reduceat(plain, starts), origins


def _same(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> bool:
    """Whether two arrays hold the same bytes."""
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    if one.ctypes.data == other.ctypes.data and one.strides == other.strides:
        return True
    kind = f"u{one.itemsize}"
    return np.array_equal(one.view(kind), other.view(kind))
