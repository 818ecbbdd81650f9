"""What a metric's chart shows before anybody asks: lines of a few points, none of whose extremes is missing.

A line keeps its first and its last point and, of each stretch of its axis, the points with the lowest and the highest
value, each at its own x; and every point that is not finite, with those beside it. Values travel in single precision
where no pixel and none of seven digits tells the difference. What an overview cannot show so is not in it: a chart
then loads the exact data.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sitegen.data.groups import Curve
from sitegen.data.series import Floats, Places, Series
from sitegen.data.shards import encode, float_type, spaced

LINES: Final = 100
"""Lines that a chart has at most, unless a person wants more."""
FEW: Final = 200
"""Points that a line may have before some are left out."""
LEAST: Final = 50_000
"""Bytes of exact data that are loaded at once without an overview."""

_POINTS: Final = 12_000
_GROUP_POINTS: Final = 4_000
_LEAST_BUCKETS: Final = 24
_MOST_BROKEN: Final = 2_000
_SMALLEST, _LARGEST = float(np.finfo(np.float32).tiny), float(np.finfo(np.float32).max)
# Of the span of all values; half a pixel of the largest chart.
_VISIBLE = 1e-4


@dataclass(frozen=True, slots=True)
class Group:
    """The line of a group: the value that its runs share, None for none, and how many of them logged the metric."""

    value: str | None
    runs: int
    curve: Curve
    broken: Floats
    kinds: npt.NDArray[np.uint8]


def lines_payload(series: Series, ranks: Places, logged: Sequence[Sequence[int]]) -> dict[str, Any] | None:
    """The lines of some runs, as `series.js` reads a metric; None where too much of it is not finite.

    `ranks` are those of `series.runs`, `logged` the ranks of all runs that logged it, as ranges.
    """
    if series.broken.size > _MOST_BROKEN:
        return None
    xs = series.step if series.axis is None else series.axis
    kept = _kept(series, xs, max(_LEAST_BUCKETS, _POINTS // (2 * series.runs.size)))
    counts = np.add.reduceat(kept, series.starts()).tolist()
    size = float_type(series.y, series.lo, series.hi)
    dtype = short_type(size, series.y, series.lo, series.hi)
    columns = {name: values[kept] for name, values in _values(series).items()}
    return {
        "logged": logged,
        "thinned": not kept.all(),
        "exact": bool(kept.all()) and dtype == size,
        "runs": ranks.tolist(),
        "counts": counts,
        **spaced(series.step[kept], counts),
        "dtype": dtype,
        **{name: encode(values, dtype) for name, values in columns.items()},
        **({} if series.lo is not None else {"lo": None, "hi": None}),
        **({} if series.axis is None else {"axis": encode(series.axis[kept], "f8")}),
        **_broken(series, kept),
    }


def _values(series: Series) -> dict[str, Floats]:
    columns = {"y": series.y, "lo": series.lo, "hi": series.hi}
    return {name: values for name, values in columns.items() if values is not None}


def _broken(series: Series, kept: npt.NDArray[np.bool_]) -> dict[str, Any]:
    if not series.broken.size:
        return {}
    points = (np.cumsum(kept) - 1)[series.broken]
    return {"broken": {"points": encode(points, "u4"), "kinds": encode(series.kinds, "u1")}}


def _kept(series: Series, xs: Floats, buckets: int) -> npt.NDArray[np.bool_]:
    """Which points an overview keeps."""
    kept = np.ones(xs.size, dtype=bool)
    starts = series.starts()
    low, high = (series.y if values is None else values for values in (series.lo, series.hi))
    for start, count in zip(starts.tolist(), series.counts.tolist(), strict=True):
        if count <= FEW:
            continue
        part = slice(start, start + count)
        kept[part] = telling(xs[part], [low[part]], [high[part]], buckets)
    beside = series.broken[:, None].astype(np.intp) + np.array([-1, 0, 1])
    kept[beside[(beside >= 0) & (beside < xs.size)]] = True
    return kept


def telling(xs: Floats, lows: Sequence[Floats], highs: Sequence[Floats], buckets: int) -> npt.NDArray[np.bool_]:
    """Which points of a line tell what it looks like: its ends, and in each of so many stretches of x the lowest of
    each of `lows` and the highest of each of `highs`."""
    kept = np.zeros(xs.size, dtype=bool)
    placed = np.flatnonzero(np.isfinite(xs))
    if not placed.size:
        return kept
    order = placed
    if not (xs[placed][1:] >= xs[placed][:-1]).all():
        order = placed[np.argsort(xs[placed], kind="stable")]
    kept[order[[0, -1]]] = True
    at = xs[order]
    with np.errstate(invalid="ignore", over="ignore"):
        # By halves: the whole way may be too long for a number.
        share = (at / 2 - at[0] / 2) / (at[-1] / 2 - at[0] / 2) if at[-1] > at[0] else np.zeros(at.size)
    bucket = np.minimum(share * buckets, buckets - 1).astype(np.intp)
    begins = np.concatenate(([0], np.flatnonzero(np.diff(bucket)) + 1))
    sizes = np.diff(np.append(begins, at.size))
    for values, extreme in [*((each, np.fmin) for each in lows), *((each, np.fmax) for each in highs)]:
        own = values[order]
        found = np.flatnonzero(own == np.repeat(extreme.reduceat(own, begins), sizes))
        # Of equals the first.
        _, first = np.unique(np.searchsorted(begins, found, "right"), return_index=True)
        kept[order[found[first]]] = True
    return kept


def short_type(exact: str, *columns: Floats | None) -> str:
    """`f4` where single precision keeps seven digits of every number and nobody sees the difference, else `f8`."""
    if exact == "f4":
        return exact
    values = np.concatenate([column for column in columns if column is not None])
    values = np.abs(values[np.isfinite(values) & (values != 0)])
    if not values.size:
        return "f8"
    signed = np.concatenate([column for column in columns if column is not None])
    span = np.nanmax(signed) / 2 - np.nanmin(signed) / 2
    fits = values.max() <= _LARGEST and values.min() >= _SMALLEST
    return "f4" if fits and values.max() * 2.0**-24 <= span * _VISIBLE else "f8"


def group_payload(group: Group, groups: int) -> dict[str, Any] | None:
    """The line of one of so many groups; None where it has too many values that are not finite."""
    if group.broken.size > _MOST_BROKEN // groups:
        return None
    curve = group.curve
    kept = np.ones(curve.xs.size, dtype=bool)
    if curve.xs.size > min(FEW, max(LINES, 2 * _GROUP_POINTS // groups)):
        buckets = max(_LEAST_BUCKETS, _GROUP_POINTS // (4 * groups))
        lo, hi = (curve.ys if values is None else values for values in (curve.lo, curve.hi))
        kept = telling(curve.xs, [curve.ys, lo], [curve.ys, hi], buckets) | _gaps(curve.ys)
    columns = [None if values is None else values[kept] for values in (curve.ys, curve.lo, curve.hi)]
    dtype = short_type(float_type(*columns), *columns)
    count = "u2" if group.runs < 2**16 else "u4"
    return {
        "value": group.value,
        "runs": group.runs,
        "thinned": not kept.all(),
        "counts": [int(kept.sum())],
        **spaced(curve.xs[kept], [int(kept.sum())]),
        "dtype": dtype,
        **{
            name: None if values is None else encode(values, dtype)
            for name, values in zip(("y", "lo", "hi"), columns, strict=True)
        },
        "n": encode(curve.n[kept], count),
        "n_type": count,
        "broken": {"xs": encode(group.broken, "f8"), "kinds": encode(group.kinds, "u1")} if group.broken.size else None,
    }


def _gaps(ys: Floats) -> npt.NDArray[np.bool_]:
    """The points without a value, and those beside them."""
    gap = np.isnan(ys)
    near = gap.copy()
    near[1:] |= gap[:-1]
    near[:-1] |= gap[1:]
    return near
