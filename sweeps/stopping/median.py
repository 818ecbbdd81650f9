"""The median rule: a trial stops where even its best is worse than what the others had on average at that point."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from statistics import median
from typing import ClassVar

from sweeps.stopping.bands import Stop, finite, reached, standing


@dataclass(frozen=True, slots=True)
class Median:
    """Stops a trial whose best value up to now is above the median of the others' running means at the last band.

    Nobody is judged before the first band, nor while fewer than `min_runs` other trials have come to the band.
    """

    name: ClassVar[str] = "median"
    bands: tuple[int, ...]
    min_runs: int = 5

    def reached(self, values: Sequence[float]) -> tuple[float, ...]:
        """The mean of the values up to each band that a trial with these values has reached."""
        own = finite(values)
        totals = list(accumulate(own))
        return tuple(totals[band - 1] / band for band in self.bands[: reached(self.bands, len(own))])

    def judge(self, own: Sequence[float], others: Sequence[tuple[float, ...]], judged: int = 0) -> Stop | None:
        """Whether the trial that logged `own` is to stop, given the rungs of all trials, its own among them."""
        values = finite(own)
        place = reached(self.bands, len(values)) - 1
        if place < 0:
            return None
        means = standing(others, place)
        mean = self.reached(values)[place]
        if mean in means:
            means.remove(mean)
        if len(means) < max(1, self.min_runs):
            return None
        threshold = median(means)
        best = min(values)
        return Stop(self.bands[place], best, threshold) if best > threshold else None
