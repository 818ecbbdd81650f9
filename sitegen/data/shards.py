"""The files that pages load their numbers from: JavaScript that hands one payload to `runstore.put`.

Arrays travel as base64 of little-endian typed arrays. No key of a user's is ever a property's name.
"""

import base64
import hashlib
import math
from binascii import b2a_base64
from collections.abc import Sequence
from ctypes import c_float
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from sitegen.data.series import Floats, Places, Series


def shard(name: str, payload: Any) -> bytes:
    """The text of a data file. U+2028 and U+2029 are legal in the strings of a script since ES2019."""
    return _script(name, orjson.dumps(payload))


def _script(name: str, content: bytes) -> bytes:
    return b"runstore.put(" + orjson.dumps(name) + b"," + content + b");\n"


def named_shard(kind: str, payload: Any) -> tuple[str, bytes]:
    """A data file named by what is in it, so that a page never takes another build's numbers for its own."""
    content = orjson.dumps(payload)
    name = kind + hashlib.sha256(content).hexdigest()[:16]
    return name, _script(name, content)


def bytes_shard(name: str, content: bytes) -> bytes:
    """A data file that carries the bytes of another file, as base64."""
    return _script(name, b'"' + base64.b64encode(content) + b'"')


def series_payload(series: Series) -> dict[str, Any]:
    """One metric of many runs, as `series.js` reads it.

    A run whose steps are whole and evenly spaced names its first step and the stride; the steps of other runs, whose
    stride is None, follow each other in `steps`.
    """
    return {
        "runs": series.runs.tolist(),
        "counts": series.counts.tolist(),
        **spaced(series.step, series.counts.tolist()),
        **_values(series),
    }


def run_payload(series: Series, times: int | None) -> dict[str, Any]:
    """One metric of one run; `times` is the place of its times in the run's list of them."""
    return {"count": series.step.size, **steps_payload(series.step), **_values(series), "times": times}


def steps_payload(step: Floats) -> dict[str, Any]:
    """The steps of one run: the first and the stride, or all of them."""
    start, stride = _sequence(step)
    return {"start": start, "stride": stride, "steps": encode(step, "f8") if stride is None else None}


def spaced(step: Floats, counts: Sequence[int]) -> dict[str, Any]:
    """The first step and the stride of each run, and the steps of those that have no stride in the smallest type."""
    parts = np.split(step, np.cumsum(counts)[:-1])
    found = [_sequence(part) for part in parts]
    others = [part for part, (_, stride) in zip(parts, found, strict=True) if stride is None]
    starts, strides = zip(*found, strict=True)
    steps = np.concatenate(others) if others else np.empty(0)
    dtype = "f8"
    if steps.size and np.array_equal(steps, np.floor(steps)) and not np.signbit(steps).any():
        dtype = next((name for name, most in (("u2", 2**16), ("u4", 2**32)) if steps.max() < most), "f8")
    return {
        "starts": list(starts),
        "strides": list(strides),
        "steps": encode(steps, dtype) if steps.size else None,
        "steps_type": dtype,
    }


def _sequence(step: Floats) -> tuple[int | float | None, int | None]:
    """The first of some rising steps and their stride, None where they are not whole or not evenly spaced."""
    return _sequence_in(step.tobytes())


@lru_cache(64)
def _sequence_in(data: bytes) -> tuple[int | float | None, int | None]:
    """The same of steps as bytes: many runs, and all metrics of most, have the same ones."""
    step = np.frombuffer(data)
    first = float(step[0])
    stride = float(step[1]) - first if step.size > 1 else 1.0
    even = first.is_integer() and stride.is_integer()
    if even and step.size > 1:
        even = np.array_equal(step, np.arange(step.size) * stride + first)
    return number(first), int(stride) if even else None


def times_payload(series: Series) -> dict[str, Any]:
    """The time axes of a metric's points: `runtime` in s, `wall` as a start (epoch s) a run and s since then.

    `wall.delta` is None where it equals `runtime` to a hundredth of a second.
    """
    has_runtime, has_wall = has_times(series)
    dtype = float_type(series.runtime)
    return {
        "runtime": encode(series.runtime, dtype) if has_runtime else None,
        "dtype": dtype,
        "wall": _wall_payload(series, has_runtime=has_runtime) if has_wall else None,
    }


def _wall_payload(series: Series, *, has_runtime: bool) -> dict[str, Any]:
    starts = series.starts()
    # Whatever somebody logged as a time may be infinite, or too far from another one.
    with np.errstate(over="ignore", invalid="ignore"):
        origin = series.timestamp[starts] - (np.nan_to_num(series.runtime[starts]) if has_runtime else 0.0)
        delta = series.timestamp - np.repeat(origin, series.counts)
        same = has_runtime and bool(np.all(np.abs(delta - series.runtime) <= 0.01))
    begins = {"start": [number(value) for value in origin.tolist()]}
    if same:
        return {**begins, "delta": None}
    dtype = float_type(delta)
    return {**begins, "delta": encode(delta, dtype), "dtype": dtype}


def has_times(series: Series) -> tuple[bool, bool]:
    """Whether any point has a runtime, and whether any has a wall time."""
    return _any_finite(series.runtime), _any_finite(series.timestamp)


def _any_finite(values: Floats) -> bool:
    # Mostly the first one is: that needs no look at the others.
    return bool(values.size) and (math.isfinite(values[0]) or bool(np.isfinite(values).any()))


def float_type(*arrays: Floats | None) -> str:
    """`f4` where single precision holds every number as it is, else `f8`."""
    return "f4" if all(values is None or _is_single(values) for values in arrays) else "f8"


def _is_single(values: Floats) -> bool:
    # Most numbers are not: the first one tells soon.
    first = float(values[0]) if values.size else 0.0
    if first == first and c_float(first).value != first:
        return False
    with np.errstate(over="ignore"):
        return np.array_equal(values, values.astype(np.float32), equal_nan=True)


def singles(values: Floats, starts: Places) -> npt.NDArray[np.bool_]:
    """Of each run whose values begin at one of `starts`, whether single precision holds every one as it is."""
    with np.errstate(over="ignore"):
        single = (values == values.astype(np.float32)) | np.isnan(values)
    return np.logical_and.reduceat(single, starts)


def _values(series: Series) -> dict[str, Any]:
    dtype = float_type(series.y, series.lo, series.hi)
    return {
        "dtype": dtype,
        "y": encode(series.y, dtype),
        "lo": None if series.lo is None else encode(series.lo, dtype),
        "hi": None if series.hi is None else encode(series.hi, dtype),
        **({} if series.axis is None else {"axis": encode(series.axis, "f8")}),
        **({} if not series.broken.size else {"broken": _broken(series)}),
    }


def _broken(series: Series) -> dict[str, str]:
    """The points with non-finite values behind them, and which."""
    return {"points": encode(series.broken, "u4"), "kinds": encode(series.kinds, "u1")}


def encode(values: Floats | Any, dtype: str) -> str:
    return b2a_base64(np.ascontiguousarray(values, dtype=f"<{dtype}").data, newline=False).decode("ascii")


def number(value: float) -> int | float | None:
    """A number as JSON writes it shortest; None for one that JSON has not."""
    if not math.isfinite(value):
        return None
    return int(value) if value.is_integer() and abs(value) < 2**53 else value
