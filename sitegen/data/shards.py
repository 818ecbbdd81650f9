"""The files that pages load their numbers from: JavaScript that hands one payload to `runstore.put`.

Arrays travel as base64 of little-endian typed arrays. No key of a user's is ever a property's name.
"""

import base64
import hashlib
import math
from typing import Any, Final

import numpy as np
import orjson

from sitegen.data.series import Floats, Series

# What a Float32 holds without losing a value to zero or infinity.
_SMALLEST: Final = 1e-37
_LARGEST: Final = 3e38


def shard(name: str, payload: Any) -> bytes:
    """The text of a data file. U+2028 and U+2029 are legal in the strings of a script since ES2019."""
    return b"runstore.put(" + orjson.dumps(name) + b"," + orjson.dumps(payload) + b");\n"


def series_payload(series: Series) -> dict[str, Any]:
    """One metric of many runs, as `series.js` reads it."""
    dtype = float_type(series)
    starts = np.concatenate(([0], np.cumsum(series.counts)[:-1])).astype(np.intp)
    dense = is_dense(series)
    return {
        "first": number(series.first),
        "width": number(series.width),
        "dtype": dtype,
        "runs": series.runs.tolist(),
        "counts": series.counts.tolist(),
        "starts": series.at[starts].tolist() if dense else None,
        "at": None if dense else encode(series.at, "u4"),
        **_values(series, dtype),
    }


def run_payload(series: Series, times: int | None, dtype: str | None = None) -> dict[str, Any]:
    """One metric of one run; `times` is the place of its times in the run's list of them.

    `dtype` is its `float_type`, when that is known.
    """
    dtype = dtype or float_type(series)
    count, start = series.at.size, int(series.at[0])
    return {
        "first": number(series.first),
        "width": number(series.width),
        "dtype": dtype,
        "count": count,
        "start": start,
        "at": None if int(series.at[-1]) - start == count - 1 else encode(series.at, "u4"),
        **_values(series, dtype),
        "times": times,
    }


def times_payload(series: Series) -> dict[str, Any]:
    """The time axes of a metric's points: `runtime` in s, `wall` as a start (epoch s) a run and s since then.

    `wall.delta` is None where it equals `runtime` to a hundredth of a second.
    """
    has_runtime, has_wall = has_times(series)
    return {
        "runtime": encode(series.runtime, "f4") if has_runtime else None,
        "wall": _wall_payload(series, has_runtime=has_runtime) if has_wall else None,
    }


def _wall_payload(series: Series, *, has_runtime: bool) -> dict[str, Any]:
    starts = np.concatenate(([0], np.cumsum(series.counts)[:-1])).astype(np.intp)
    # Whatever somebody logged as a time may be infinite, or too far from another one.
    with np.errstate(over="ignore", invalid="ignore"):
        origin = series.timestamp[starts] - (np.nan_to_num(series.runtime[starts]) if has_runtime else 0.0)
        delta = series.timestamp - np.repeat(origin, series.counts)
        same = has_runtime and bool(np.all(np.abs(delta - series.runtime) <= 0.01))
    return {
        "start": [number(value) for value in origin.tolist()],
        "delta": None if same else encode(delta, "f4"),
    }


def has_times(series: Series) -> tuple[bool, bool]:
    """Whether any point has a runtime, and whether any has a wall time."""
    return bool(np.isfinite(series.runtime).any()), bool(np.isfinite(series.timestamp).any())


def times_digest(series: Series) -> str:
    """Equal for metrics that were logged at the same moments, so that they share one file of times."""
    state = hashlib.blake2b(digest_size=16)
    for array in (series.runs, series.counts, series.runtime, series.timestamp):
        state.update(np.ascontiguousarray(array).data)
    return state.hexdigest()


def is_dense(series: Series) -> bool:
    """Whether no run leaves out a bucket between its first and its last."""
    gaps = np.diff(series.at.astype(np.int64)) != 1
    gaps[np.cumsum(series.counts)[:-1].astype(np.intp) - 1] = False
    return not gaps.any()


def float_type(series: Series) -> str:
    """`f4` where single precision keeps every value apart from zero and infinity, else `f8`."""
    for values in (series.y, series.lo, series.hi):
        if values is not None:
            size = np.abs(values)
            if np.fmax.reduce(size) > _LARGEST or bool(np.any((size < _SMALLEST) & (size > 0))):
                return "f8"
    return "f4"


def _values(series: Series, dtype: str) -> dict[str, str | None]:
    return {
        "y": encode(series.y, dtype),
        "lo": None if series.lo is None else encode(series.lo, dtype),
        "hi": None if series.hi is None else encode(series.hi, dtype),
    }


def encode(values: Floats | Any, dtype: str) -> str:
    # A time that single precision cannot hold becomes infinite: it belongs to no axis.
    with np.errstate(over="ignore"):
        return base64.b64encode(np.ascontiguousarray(values, dtype=f"<{dtype}").tobytes()).decode("ascii")


def number(value: float) -> int | float | None:
    """A number as JSON writes it shortest; None for one that JSON has not."""
    if not math.isfinite(value):
        return None
    return int(value) if value.is_integer() and abs(value) < 2**53 else value
