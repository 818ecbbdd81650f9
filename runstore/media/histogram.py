"""Histograms: how many values lie in each bin."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

from runstore.errors import BadTypeError, BadValueError
from runstore.format import values
from runstore.media.base import Media, Shelf, Stub
from runstore.media.pixels import as_array


class Histogram(Media):
    """The histogram of a sequence, array or tensor, or one computed already by `numpy.histogram`.

    Values that are not finite are not counted. There are at most 512 bins. Raises `ValueError` or `TypeError`, both
    `UsageError`s too.
    """

    kind = "histogram"
    MAX_LENGTH: ClassVar[int] = 512

    def __init__(self, sequence: Any = None, np_histogram: tuple[Any, Any] | None = None, num_bins: int = 64) -> None:
        if np_histogram is not None:
            if not isinstance(np_histogram, Sequence) or len(np_histogram) != 2:
                raise BadValueError(
                    "Expected np_histogram to be a tuple of (values, bin_edges) or sequence to be specified"
                )
            self.histogram, self.bins = (_plain(part) for part in np_histogram)
        elif sequence is None:
            raise BadValueError("a histogram needs a sequence, or np_histogram=numpy.histogram(…)")
        else:
            if isinstance(num_bins, bool) or not hasattr(num_bins, "__index__"):
                raise BadTypeError(f"num_bins is {num_bins!r}, expected a whole number from 1 to {self.MAX_LENGTH}")
            if num_bins > self.MAX_LENGTH or num_bins < 1:
                raise BadValueError(f"The maximum length of a histogram is {self.MAX_LENGTH}, found {num_bins} bins")
            self.histogram, self.bins = _count(sequence, num_bins)
        if len(self.histogram) > self.MAX_LENGTH:
            raise BadValueError(
                f"The maximum length of a histogram is {self.MAX_LENGTH}, found {len(self.histogram)} bins"
            )
        if len(self.histogram) + 1 != len(self.bins):
            raise BadValueError(
                f"len(bins) must be len(histogram) + 1, found {len(self.bins)} edges of {len(self.histogram)} bins"
            )

    def to_data_array(self) -> list[Any]:
        """The counts."""
        return self.histogram

    def to_data(self, shelf: Shelf) -> Stub:
        return {"_type": self.kind, "values": values.plain(self.histogram), "bins": values.plain(self.bins)}

    @classmethod
    def from_stub(cls, folder: Path, stub: Mapping[str, Any]) -> Self:
        return cls(np_histogram=(values.revive(stub.get("values")), values.revive(stub.get("bins"))))


def _plain(part: Any) -> list[Any]:
    found = values.plain(part.tolist() if hasattr(part, "tolist") else part, finite=False)
    if not isinstance(found, list) or not all(isinstance(number, int | float) for number in found):
        raise BadTypeError(f"a histogram is made of lists of numbers, found {part!r}")
    return found


def _count(sequence: Any, num_bins: int) -> tuple[list[Any], list[Any]]:
    import numpy

    array = as_array(sequence, "a histogram").ravel()
    array = array.astype(numpy.float64) if array.dtype.kind in "bf" else array
    finite = array[numpy.isfinite(array)]
    try:
        with numpy.errstate(over="ignore", invalid="ignore"):
            counts, edges = numpy.histogram(finite, bins=int(num_bins))
    except ValueError:  # The distance of two floats may be infinite, or too small to be cut.
        raise BadValueError(f"values from {finite.min()} to {finite.max()} cannot be put in {num_bins} bins") from None
    return counts.tolist(), edges.tolist()
