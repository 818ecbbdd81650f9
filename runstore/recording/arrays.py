"""Values with more than 1,000 numbers, of which a row keeps a histogram: how many of them lie in each of 64 bins."""

import math
import sys
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from runstore.format import values

BINS: Final = 64
_PLAIN: Final = frozenset({int, float})


def is_large(value: Any) -> bool:
    """Whether `value` holds more than 1,000 values: an array of any library, or a list."""
    return values.size(value) > values.MOST_NUMBERS


def histogram(value: Any) -> dict[str, Any] | None:
    """The object that stands for a large array, or a large list of nothing but numbers, in its row; else None.

    Bins are equally wide from the least to the greatest finite value, and hold their lower edge, the last one both.
    What is not finite, or masked, is not counted.
    """
    if not is_large(value):
        return None
    if isinstance(value, list | tuple | range):
        numbers = value if _PLAIN.issuperset(map(type, value)) else _numbers(value)
        return None if numbers is None else _of_numpy(numbers) or _of_numbers(numbers)
    found = _of_numpy(value)
    if found is None:
        cells = _numbers(cell for cell in _cells(value) if cell is not None)
        found = None if cells is None else _of_numbers(cells)
    return found


def _of_numpy(value: Any) -> dict[str, Any] | None:
    """By numpy where the script has loaded it: much faster. None where it has not, or cannot read `value`."""
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return None
    try:
        for step in ("detach", "cpu", "compressed"):  # Torch's tensors that are trained or elsewhere; masked arrays.
            if callable(take := getattr(value, step, None)):
                value = take()
        array = numpy.asarray(value).ravel()
        if array.dtype.kind not in "biuf":
            return None
        array = array.astype(numpy.float64)
        array = array[numpy.isfinite(array)]
        edges = _edges(float(array.min()), float(array.max())) if array.size else _edges(0.0, 1.0)
        counts, _ = numpy.histogram(array, edges)
    except Exception:  # Any library may stand behind the value: its own list is tried next.
        return None
    return _stub(counts.tolist(), edges)


def _of_numbers(numbers: Sequence[float]) -> dict[str, Any]:
    finite = [number for number in map(_as_float, numbers) if math.isfinite(number)]
    edges = _edges(min(finite), max(finite)) if finite else _edges(0.0, 1.0)
    counts = [0] * BINS
    for number in finite:
        counts[min(bisect_right(edges, number) - 1, BINS - 1)] += 1
    return _stub(counts, edges)


def _stub(counts: list[int], edges: list[float]) -> dict[str, Any]:
    return {"_type": "histogram", "values": counts, "bins": edges}


def _edges(low: float, high: float) -> list[float]:
    if low == high:
        low, high = low - 0.5, high + 0.5
    # Parts of each: the difference of two large floats may be infinite.
    inner = (low * (1 - at / BINS) + high * (at / BINS) for at in range(1, BINS))
    edges = [low, *(min(max(edge, low), high) for edge in inner), high]
    return sorted(edges)


def _numbers(given: Iterable[Any]) -> list[float] | None:
    """`given` as numbers of Python's own; None when one of them is something else."""
    found: list[float] = []
    for value in given:
        number = value if type(value) in _PLAIN else _scalar(value)
        if not isinstance(number, int | float):
            return None
        found.append(number)
    return found


def _scalar(value: Any) -> Any:
    if isinstance(value, bool) or values.size(value) > 1:
        return value
    try:
        return values.plain(value, finite=False)
    except values.Unserialisable:
        return None


def _cells(value: Any) -> Iterator[Any]:
    """What is in an array, whatever its dimensions, as its own library gives it."""
    take = getattr(value, "tolist", None) or getattr(value, "to_list", None)
    return _flat(take() if take is not None else values.plain(value, finite=False))


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for inner in value:
            yield from _flat(inner)
    else:
        yield value


def _as_float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:  # A whole number of more than 308 digits.
        return math.inf
