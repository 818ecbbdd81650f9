"""Hyperband as W&B's engine has it: at each band the best 1/eta of all trials go on."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from sweeps.errors import SweepError
from sweeps.stopping.bands import Stop, finite, growing_bands, reached, standing

ETA = 3.0


@dataclass(frozen=True, slots=True)
class Hyperband:
    """Stops a trial whose value at the last band it reached is above the threshold of that band.

    The threshold is the value that stands at place int(n / eta) among the n trials, best first, that ever reached the
    band, whatever became of them. `strict` compares the value that the trial had at the band; without it the best
    that the trial had up to now. A trial is judged again between bands: the threshold falls while others come by.
    """

    name: ClassVar[str] = "hyperband"
    bands: tuple[int, ...]
    eta: float = ETA
    strict: bool = True

    def reached(self, values: Sequence[float]) -> tuple[float, ...]:
        """The metric's value at each band that a trial with these values has reached."""
        own = finite(values)
        return tuple(own[band - 1] for band in self.bands[: reached(self.bands, len(own))])

    def judge(self, own: Sequence[float], others: Sequence[tuple[float, ...]], judged: int = 0) -> Stop | None:
        """Whether the trial that logged `own` is to stop, given the rungs of all trials, its own among them."""
        values = finite(own)
        place = reached(self.bands, len(values)) - 1
        if place < 0:
            return None
        threshold = self.threshold(others, place)
        value = values[self.bands[place] - 1] if self.strict else min(values)
        return Stop(self.bands[place], value, threshold) if value > threshold else None

    def threshold(self, others: Sequence[tuple[float, ...]], place: int) -> float:
        """The worst value that passes the band at `place`; infinite while nobody has come there."""
        ranked = standing(others, place)
        return ranked[int(1.0 / self.eta * len(ranked))] if ranked else math.inf


def backward_bands(max_iter: float, s: int, eta: float = ETA) -> tuple[int, ...]:
    """The bands below `max_iter`: it divided by eta once, twice, … `s` times, down to 1, in ascending order.

    Raises `SweepError` where none is left.
    """
    found: set[int] = set()
    band = float(max_iter)
    for _ in range(int(s)):
        band /= eta
        if band < 1:
            break
        found.add(int(band))
    if not found:
        raise SweepError(
            f"early_terminate: max_iter {max_iter}, s {s} and eta {eta:g} leave no band; take a larger max_iter or s, "
            "or a smaller eta"
        )
    return tuple(sorted(found))


def forward_bands(min_iter: float, eta: float = ETA) -> tuple[int, ...]:
    """The bands from `min_iter` on: it times eta, times eta again, and so on, a hundred of them."""
    return growing_bands(min_iter, eta)
