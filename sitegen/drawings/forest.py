"""How much each column tells about a number: importance in a random forest of regression trees, and correlation.

The forest is the pages' own (`importance.js`), draw by draw: the same bins, the same random numbers, the same splits.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sitegen.drawings.columns import Column
from sitegen.drawings.numbers import correlation, summary
from sitegen.drawings.wording import plain

LEAST: Final = 8
"""Runs that are needed: a tree has no branch below them."""

_LEAF: Final = 4
_MOST_CATEGORIES: Final = 24
_MOST_FEATURES: Final = 300
_MOST_TREES, _FEWEST_TREES, _FEWEST_RUNS = 30, 8, 500
_EFFORT: Final = 600_000
_BINS: Final = 32
_DEPTH: Final = 10
_ODD: Final = re.compile(r"NaN|-?Infinity")

Floats = npt.NDArray[np.float64]
Bins = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Found:
    """A column with its share of what the forest explains, and its correlation; of a category that of the value which
    correlates most, which `value` names."""

    key: str
    label: str
    importance: float
    correlation: float | None
    value: str | None

    @property
    def strength(self) -> float:
        return abs(self.correlation or 0.0)


@dataclass(frozen=True, slots=True)
class _Feature:
    column: int
    value: str | None
    values: Floats


def ranked(inputs: Sequence[Column], target: Column, runs: Sequence[int]) -> list[Found]:
    """Columns by what they tell about the target among the runs that have a number for it, the most important first."""
    known = [run for run in runs if target.number(run) is not None]
    numbers = summary(target.numbers(known))
    if numbers is None or len(known) < LEAST:
        return []
    ys = np.array([(value - numbers.mean) / numbers.std if numbers.std else 0.0 for value in target.numbers(known)])
    features = [feature for at, column in enumerate(inputs) for feature in _features(at, column, known)]
    kept = [(feature, _correlation(feature.values, ys)) for feature in features]
    if len(kept) > _MOST_FEATURES:
        kept = sorted(kept, key=lambda each: -abs(each[1] or 0.0))[:_MOST_FEATURES]
    shares = _forest([feature.values for feature, _ in kept], ys) if numbers.std else np.zeros(len(kept))
    found: dict[int, Found] = {}
    for (feature, own), share in zip(kept, shares.tolist(), strict=True):
        column = inputs[feature.column]
        before = found.get(feature.column, Found(column.key, column.label, 0.0, None, None))
        found[feature.column] = _added(before, feature, own, share)
    return sorted(found.values(), key=lambda each: (-each.importance, -each.strength))


def _added(found: Found, feature: _Feature, own: float | None, share: float) -> Found:
    found = replace(found, importance=found.importance + share)
    if own is None or (found.correlation is not None and abs(own) <= found.strength):
        return found
    return replace(found, correlation=own, value=feature.value)


def _features(at: int, column: Column, runs: Sequence[int]) -> list[_Feature]:
    """A column as features: numbers as they are, others one a value; none where it does not vary."""
    own = [column.values[run] for run in runs]
    if _is_numeric(own):
        numbers = np.array([math.nan if (value := column.number(run)) is None else value for run in runs])
        return [_Feature(at, None, numbers)] if len({repr(value) for value in numbers.tolist()}) > 1 else []
    return list(_categories(at, own))


def _is_numeric(values: Sequence[Any]) -> bool:
    numbers = [isinstance(value, int | float) and not isinstance(value, bool) for value in values]
    odd = (value is None or (isinstance(value, str) and _ODD.fullmatch(value)) for value in values)
    return any(numbers) and all(one or other for one, other in zip(numbers, odd, strict=True))


def _categories(at: int, own: Sequence[Any]) -> Iterator[_Feature]:
    texts = [_text(value) for value in own]
    sizes: dict[str, int] = {}
    for text in texts:
        sizes[text] = sizes.get(text, 0) + 1
    if len(sizes) < 2 or (len(sizes) > 0.9 * len(own) and len(own) > 4):
        return
    kept = sorted(sizes, key=lambda text: (-sizes[text], text))[:_MOST_CATEGORIES]
    # Of two values one tells all.
    for text in kept[:1] if len(sizes) == 2 else kept:
        yield _Feature(at, text, np.array([1.0 if each == text else 0.0 for each in texts]))


def _text(value: Any) -> str:
    if value is None:
        return "(none)"
    return ", ".join(map(plain, value)) if isinstance(value, list) else plain(value)


def _correlation(values: Floats, ys: Floats) -> float | None:
    there = ~np.isnan(values)
    return correlation(values[there].tolist(), ys[there].tolist())


def _forest(columns: Sequence[Floats], ys: Floats) -> Floats:
    """The share of each feature in what the forest explains; they sum to 1, or are all 0."""
    count, width = ys.size, max(1, len(columns))
    trees = max(_FEWEST_TREES, min(_MOST_TREES, _EFFORT // (count * width)))
    size = min(count, max(_FEWEST_RUNS, _EFFORT // (_FEWEST_TREES * width)))
    bins = [_binned(values) for values in columns]
    shares = np.zeros(len(columns))
    for tree in range(trees):
        rows = np.fromiter((int(share * count) for share in _random(tree + 1, size)), np.int64, size)
        gains = np.zeros(len(columns))
        _grow(bins, ys, rows, gains)
        if (total := _added_up(gains)) > 0:
            shares += gains / total
    total = _added_up(shares)
    return shares / total if total > 0 else shares


def _added_up(values: Floats) -> float:
    """The sum from left to right, as scripts add."""
    return float(np.cumsum(values)[-1]) if values.size else 0.0


def _random(seed: int, count: int) -> Iterator[float]:
    """Numbers from 0 to 1 that are the same each time (mulberry32)."""
    state, whole = seed, 0xFFFFFFFF
    for _ in range(count):
        state = (state + 0x6D2B79F5) & whole
        mixed = ((state ^ (state >> 15)) * (1 | state)) & whole
        mixed = ((mixed + (((mixed ^ (mixed >> 7)) * (61 | mixed)) & whole)) & whole) ^ mixed
        yield (mixed ^ (mixed >> 14)) / 4294967296


def _binned(values: Floats) -> Bins:
    """A feature in bins of about as many runs each; what is missing has the bin below all."""
    there = values[~np.isnan(values)]
    cuts = np.unique(there)
    if cuts.size > _BINS - 1:
        ordered = np.sort(there)
        cuts = np.unique(ordered[[at * ordered.size // (_BINS - 1) for at in range(_BINS - 1)]])
    places = np.maximum(np.searchsorted(cuts, values, "right"), 1)
    return np.where(np.isnan(values), 0, places).astype(np.int64)


def _grow(bins: Sequence[Bins], ys: Floats, rows: Bins, gains: Floats) -> None:
    """Adds to `gains` what each feature's splits take from the squared error, for one tree over `rows`."""
    nodes = [(0, rows.size, 0)]
    while nodes:
        start, end, depth = nodes.pop()
        if end - start < 2 * _LEAF or depth == _DEPTH:
            continue
        split = _best(bins, ys, rows[start:end])
        if split is None:
            continue
        feature, cut, gain = split
        gains[feature] += gain
        middle = start + _partition(rows[start:end], bins[feature], cut)
        nodes += [(start, middle, depth + 1), (middle, end, depth + 1)]


def _best(bins: Sequence[Bins], ys: Floats, rows: Bins) -> tuple[int, int, float] | None:
    own = ys[rows]
    total, size = _added_up(own), rows.size
    before = total * total / size
    found, most = None, 1e-9
    for feature, each in enumerate(bins):
        places = each[rows]
        sizes = np.bincount(places, minlength=_BINS)
        left = np.cumsum(sizes)[:-1]
        sums = np.cumsum(np.bincount(places, own, _BINS))[:-1]
        fits = (left >= _LEAF) & (sizes[:-1] > 0) & (size - left >= _LEAF)
        if not fits.any():
            continue
        with np.errstate(divide="ignore", invalid="ignore"):
            gain = sums * sums / left + (total - sums) * (total - sums) / (size - left) - before
        gain = np.where(fits, gain, -math.inf)
        cut = int(np.argmax(gain))
        if gain[cut] > most:
            found, most = (feature, cut, float(gain[cut])), float(gain[cut])
    return found


def _partition(rows: Bins, own: Bins, cut: int) -> int:
    """Brings the rows of the left branch to the front, in place, as swapping one after the other does."""
    order = rows.tolist()
    middle = 0
    for at, row in enumerate(order):
        if own[row] <= cut:
            order[at], order[middle] = order[middle], row
            middle += 1
    rows[:] = order
    return middle
