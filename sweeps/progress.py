"""How far a sweep is: how many trials there will be at most, and whether all that was to be done is done."""

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from runstore.reading.sweeps import SweepState
from sweeps.config.sweep import SweepConfig
from sweeps.errors import SweepError
from sweeps.space.grid import Grid
from sweeps.space.space import Params, Space
from sweeps.space.values import canonical

_MOST_COUNTED: Final = 20_000
"""In a space of more points nobody counts which ones are left."""
_LATEST: Final = 100


def most_trials(config: SweepConfig, state: SweepState) -> int | None:
    """How many trials there will be at most, by `run_cap` and the points of a finite space; None: no limit."""
    space = _space(config, state)
    points = _count(config, space)
    if points is not None:
        added = (trial.params for trial in state.trials if trial.added)
        points += sum(point is None for point in _points(config, space, added))
    known = [each for each in (state.run_cap, points) if each is not None]
    return max(min(known), len(state.trials)) if known else None


def is_over(config: SweepConfig, state: SweepState) -> bool:
    """Whether no trial runs and none will be started, unless somebody changes the sweep."""
    if state.pending:
        return False
    if state.stopped or has_reached_target(config, state):
        return True
    if state.retries:
        return False
    return is_full(state) or (not state.queued and _is_exhausted(config, state))


def is_full(state: SweepState) -> bool:
    """Whether `run_cap` is reached: then added points are not taken either."""
    return state.run_cap is not None and len(state.trials) >= state.run_cap


def has_reached_target(config: SweepConfig, state: SweepState) -> bool:
    """Whether the best trial is as good as the metric's target."""
    metric, best = config.metric, state.best
    if metric is None or metric.target is None or best is None or best.value is None or not math.isfinite(best.value):
        return False
    return metric.sign * (best.value - metric.target) <= 0


def _is_exhausted(config: SweepConfig, state: SweepState) -> bool:
    """Whether every point of a finite space was tried, by a trial or before the sweep."""
    space = _space(config, state)
    count = _count(config, space)
    if count is None:
        return False
    prior = [each["params"] for each in state.prior if isinstance(each.get("params"), Mapping)]
    if len(state.trials) + len(prior) >= count:
        known = [*(trial.params for trial in state.trials), *prior]
        tried = {space.key(point) for point in _points(config, space, known) if point is not None}
        if len(tried) >= count:
            return True
    # Behind a claim that cannot be read, a grid goes on with the next point.
    places = [trial.position for trial in state.trials[-_LATEST:] if trial.position is not None]
    is_grid = config.method == "grid" and space == config.space
    return is_grid and bool(places) and space.grid().next(max(places) + 1) is None


def _space(config: SweepConfig, state: SweepState) -> Space:
    """The space as it was extended; a range that cannot be read any more changes nothing."""
    space = config.space
    for name, ends in state.ranges.items():
        try:
            space = space.widened(name, ends.get("min"), ends.get("max"))
        except SweepError:
            continue
    return space


def _count(config: SweepConfig, space: Space) -> int | None:
    """The points that the search has; None where there are infinitely many, or too many to be counted."""
    grid = _grid(config, space)
    if grid is None or (config.method != "grid" and grid.size > _MOST_COUNTED):
        return None
    plain = not space.is_conditional and not space.constraints
    return grid.size if plain else grid.count(_MOST_COUNTED)


def _grid(config: SweepConfig, space: Space) -> Grid | None:
    if config.method != "grid":  # The one point of a space of constants is drawn again and again.
        return space.lattice if space.searched else None
    try:
        return space.grid()
    except SweepError:
        return None


def _points(
    config: SweepConfig, space: Space, given: Iterator[Mapping[str, Any]] | list[Any]
) -> Iterator[Params | None]:
    """Those of the given parameters, nested, that are points of the search; None for the others."""
    finite = {each.name: (each.grid if config.method == "grid" else each.choices) or () for each in space.searched}
    known = {name: frozenset(map(canonical, values)) for name, values in finite.items()}
    for params in given:
        point = space.flatten(params)
        is_one = len(point) == len(space.active(point)) and space.allows(point)
        yield point if is_one and all(canonical(value) in known[name] for name, value in point.items()) else None
