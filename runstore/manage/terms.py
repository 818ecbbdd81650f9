"""What a regression gate is asked: which runs and metrics to compare, and what counts as a difference."""

import math
import re
from dataclasses import dataclass
from typing import Final

from runstore.errors import UsageError
from runstore.format.metrics import Goal
from runstore.manage.samples import Test

_EFFECT: Final = re.compile(r"\s*(\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)\s*(%?)\s*")


@dataclass(frozen=True, slots=True)
class Effect:
    """The least change that matters: an amount, or a share of the baseline's mean."""

    amount: float = 0.0
    is_share: bool = False

    def is_reached(self, difference: float, mean: float) -> bool:
        return abs(difference) >= (self.amount * abs(mean) if self.is_share else self.amount)


@dataclass(frozen=True, slots=True)
class Terms:
    """How a gate compares.

    `metrics` are columns of the runs frame, () for those that each project is judged by; `goal` says which way those
    are better that say so neither by `define_metric` nor by name. Runs repeat one another where their configuration
    is the same but for `seeds` (None: keys whose names say so), or else their value of the column `group`. Only runs
    for which the filter `where` holds, of `project` alone where it is given, are compared.
    """

    metrics: tuple[str, ...] = ()
    goal: Goal | None = None
    group: str | None = None
    seeds: tuple[str, ...] | None = None
    where: str | None = None
    project: str | None = None
    alpha: float = 0.05
    effect: Effect = Effect()
    test: Test = "welch"


def parse_effect(text: str) -> Effect:
    """The least change that `1%` or `0.005` names. Raises `UsageError`."""
    match = _EFFECT.fullmatch(text)
    if match is None or not math.isfinite(float(match[1])):
        raise UsageError(f"found {text!r:.40} as the least change, expected a number; write 0.005, or 1% for a share")
    return Effect(float(match[1]) / 100, True) if match[2] else Effect(float(match[1]))
