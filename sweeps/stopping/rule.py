"""The rule of early termination that a configuration asks for."""

from collections.abc import Sequence
from typing import Final, Protocol

from sweeps.config.sweep import EarlyTerminate, SweepConfig
from sweeps.stopping.asha import Asha
from sweeps.stopping.bands import Stop, growing_bands
from sweeps.stopping.hyperband import Hyperband, backward_bands, forward_bands
from sweeps.stopping.median import Median

MEDIAN_GROWTH: Final = 1.25
"""How much further each band of the median rule is than the one before: records hold a mean for each."""


class Rule(Protocol):
    """A way to decide which running trials stop. Lower is better; a metric to be maximised comes in negated.

    `name` is the rule's in a `Verdict`, `bands` are the counts of logged values at which trials are compared.
    """

    @property
    def name(self) -> str: ...

    @property
    def bands(self) -> tuple[int, ...]: ...

    def reached(self, values: Sequence[float]) -> tuple[float, ...]:
        """The statistic at each band that a trial with these logged values, in order, has reached: its rungs."""

    def judge(self, own: Sequence[float], others: Sequence[tuple[float, ...]], judged: int = 0) -> Stop | None:
        """Whether the trial that logged `own` is to stop.

        `others` are the rungs of all trials, whatever became of them, its own among them. `judged` says how many of
        `own` there were at the judgement before; a rule that judges once at each band needs it.
        """


def make_rule(config: SweepConfig) -> Rule | None:
    """The rule of `config`; None without early termination. Raises `SweepError` where it leaves no band."""
    wanted = config.early_terminate
    if wanted is None:
        return None
    if wanted.type == "hyperband":
        return Hyperband(_hyperband_bands(wanted), wanted.eta, wanted.strict)
    if wanted.type == "asha":
        bands = forward_bands(wanted.min_iter or 1, wanted.eta)
        return Asha(tuple(band for band in bands if wanted.max_iter is None or band <= wanted.max_iter), wanted.eta)
    return Median(growing_bands(wanted.min_iter or 1, MEDIAN_GROWTH), wanted.min_runs)


def _hyperband_bands(wanted: EarlyTerminate) -> tuple[int, ...]:
    if wanted.max_iter is not None:
        return backward_bands(wanted.max_iter, wanted.s or 0, wanted.eta)
    return forward_bands(wanted.min_iter or 1, wanted.eta)


__all__ = ["Rule", "Stop", "make_rule"]
