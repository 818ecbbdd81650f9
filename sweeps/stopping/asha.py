"""ASHA, asynchronous successive halving: a trial is judged once, when it comes to a rung."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from sweeps.stopping.bands import Stop, finite, reached, standing


@dataclass(frozen=True, slots=True)
class Asha:
    """Stops a trial that arrives at a rung and is not among the best 1/eta of those that arrived there before.

    Of n trials at the rung, itself counted, the best max(1, floor(n / eta)) go on. Unlike Hyperband it never judges
    again before the next rung, so who has passed one may run on to the next.
    """

    name: ClassVar[str] = "asha"
    bands: tuple[int, ...]
    eta: float

    def reached(self, values: Sequence[float]) -> tuple[float, ...]:
        """The metric's value at each rung that a trial with these values has reached."""
        own = finite(values)
        return tuple(own[band - 1] for band in self.bands[: reached(self.bands, len(own))])

    def judge(self, own: Sequence[float], others: Sequence[tuple[float, ...]], judged: int = 0) -> Stop | None:
        """Whether the trial is to stop. `judged` of its values were seen by the judgement before: None without a new
        rung since then."""
        values = finite(own)
        place = reached(self.bands, len(values)) - 1
        if place < 0 or place == reached(self.bands, len(finite(own[:judged]))) - 1:
            return None
        ranked = standing(others, place)
        if not ranked:
            return None
        threshold = ranked[max(1, int(len(ranked) / self.eta)) - 1]
        value = values[self.bands[place] - 1]
        return Stop(self.bands[place], value, threshold) if value > threshold else None
