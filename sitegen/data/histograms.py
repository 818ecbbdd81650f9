"""Histograms logged over steps, as a map of where the values lay when, and each one as it was."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from runstore.reading.rows import number
from runstore.reading.typed import TypedValue
from sitegen.data.stubs import Item

ROWS: Final = 64
"""Bins of the map, from the lowest edge of all histograms to the highest."""
COLUMNS: Final = 200
"""More steps than this share columns."""

Floats = npt.NDArray[np.float64]


def histogram_item(value: TypedValue) -> Item:
    """A histogram with its counts and edges; one that is broken says so."""
    return {"step": value.step, **_item(value.stub)}


def _item(stub: Mapping[str, Any]) -> Item:
    counts, edges = _numbers(stub.get("values")), _numbers(stub.get("bins"))
    if counts is None or edges is None or len(edges) != len(counts) + 1 or any(np.diff(edges) < 0):
        return {"kind": "missing", "what": "histogram"}
    return {"kind": "histogram", "values": counts.tolist(), "bins": edges.tolist()}


def _numbers(values: Any) -> Floats | None:
    if not isinstance(values, list) or not values or len(values) > 100_000:
        return None
    found = [number(value) for value in values]
    if any(value is None or not math.isfinite(value) for value in found):
        return None
    return np.array(found, dtype=np.float64)


def heat_map(items: Sequence[Item]) -> dict[str, Any] | None:
    """The share of its values that each column of steps has in each of `ROWS` equal bins, in percent; None when there
    is nothing to see. `steps` are the columns' edges, `shares` one list a column."""
    sound = [each for each in items if each["kind"] == "histogram" and sum(each["values"]) > 0]
    if len(sound) < 2:
        return None
    low, high = min(each["bins"][0] for each in sound), max(each["bins"][-1] for each in sound)
    if not (math.isfinite(high - low) and high > low):
        return None
    grid = np.linspace(low, high, ROWS + 1)
    groups = [part for part in np.array_split(np.arange(len(sound)), min(COLUMNS, len(sound))) if part.size]
    shares = [np.mean([_share(sound[at], grid) for at in part], axis=0) for part in groups]
    starts = [float(sound[part[0]]["step"]) for part in groups]
    last = float(sound[-1]["step"])
    width = (starts[-1] - starts[0]) / (len(starts) - 1) if len(starts) > 1 and starts[-1] > starts[0] else 1.0
    return {
        "steps": [*starts, max(last, starts[-1] + width)],
        "low": low,
        "high": high,
        "shares": [[round(float(share), 4) for share in column] for column in shares],
    }


def _share(item: Item, grid: Floats) -> Floats:
    """A histogram's values on another grid, as if they lay evenly within each of its bins, in percent."""
    edges, counts = np.array(item["bins"]), np.array(item["values"])
    total = np.concatenate(([0.0], np.cumsum(counts)))
    # Values of a bin without width all lie at its edge: a hair wide, it can be interpolated.
    edges = np.maximum.accumulate(edges + np.arange(edges.size) * np.spacing(np.abs(edges).max() or 1.0))
    shares: Floats = np.diff(np.interp(grid, edges, total, left=0.0, right=total[-1])) / total[-1] * 100
    return shares
