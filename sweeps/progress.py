"""How far a sweep is: how many trials there will be at most, and whether all that was to be done is done."""

import math
from typing import Final

from runstore.reading.sweeps import SweepState
from sweeps.config.sweep import SweepConfig
from sweeps.errors import SweepError

_MOST_COUNTED: Final = 20_000
"""Points of a grid that are tried one by one whether they count."""


def most_trials(config: SweepConfig, state: SweepState) -> int | None:
    """How many trials there will be at most, by `run_cap` and the points of a grid; None: no limit."""
    known = [each for each in (state.run_cap, _points(config)) if each is not None]
    return min(known) if known else None


def is_over(config: SweepConfig, state: SweepState) -> bool:
    """Whether no trial runs and none will be started, unless somebody changes the sweep."""
    if state.pending or state.retries or (state.queued and not state.stopped):
        return False
    most = most_trials(config, state)
    return state.stopped or (most is not None and len(state.trials) >= most) or has_reached_target(config, state)


def has_reached_target(config: SweepConfig, state: SweepState) -> bool:
    """Whether the best trial is as good as the metric's target."""
    metric, best = config.metric, state.best
    if metric is None or metric.target is None or best is None or best.value is None or not math.isfinite(best.value):
        return False
    return metric.sign * (best.value - metric.target) <= 0


def _points(config: SweepConfig) -> int | None:
    """The points of a grid, as the configuration has it; None for another method."""
    if config.method != "grid":
        return None
    try:
        grid = config.space.grid()
    except SweepError:
        return None
    if len(grid) > _MOST_COUNTED or not (config.space.is_conditional or config.space.constraints):
        return len(grid)
    return sum(1 for _ in grid)
