"""Whether the constraints of a space leave a point at all: asked before anything is made of it."""

from typing import Final

import numpy as np

from sweeps.errors import SweepError
from sweeps.space.checks import SpaceError
from sweeps.space.expression import Expression
from sweeps.space.grid import Grid
from sweeps.space.parameter import Parameter
from sweeps.space.space import MOST_TRIES, Space

_TRIES_OF_EACH: Final = 1_000
_MOST_WALKED: Final = 100_000
_MOST_SHOWN: Final = 5


def check_feasible(space: Space, seed: int, *, is_grid: bool = False) -> None:
    """Raises `SpaceError` where none of `MOST_TRIES` random points fulfils the constraints, nor, of a grid, any of the
    first points.

    Its `constraint` is the one that holds nowhere by itself, where there is such a one.
    """
    if not space.constraints:
        return
    try:
        space.draw(np.random.default_rng(seed))
    except SweepError:
        if is_grid and _has_point_soon(space.grid()):
            return
        raise _explained(space, seed) from None


def _has_point_soon(grid: Grid) -> bool:
    """Whether there is a point before the end of a grid, and before an agent would walk for minutes."""
    return any(grid.point(position) is not None for position in range(min(grid.size, _MOST_WALKED)))


def _explained(space: Space, seed: int) -> SpaceError:
    rng = np.random.default_rng(seed)
    never = set(range(len(space.constraints)))
    for _ in range(_TRIES_OF_EACH):
        params = {parameter.name: parameter.ppf(float(rng.random())) for parameter in space.searched}
        values = space.values(space.only_active(params))
        never -= {number for number in never if space.constraints[number].holds(values)}
    if never:
        number = min(never)
        each = space.constraints[number]
        found = f"found {each.text!r}, expected a constraint that some points fulfil: {_ranges(space, each)}"
        return SpaceError(f"{found}; widen a range, or loosen the constraint", constraint=number)
    texts = ", ".join(repr(each.text) for each in space.constraints)
    return SpaceError(
        f"found {texts}, expected constraints that some points fulfil together, and none of {MOST_TRIES:,} random ones "
        "does; widen a range, or loosen one"
    )


def _ranges(space: Space, constraint: Expression) -> str:
    """The values that a constraint's parameters have: `lr is from 0 to 1`."""
    return ", ".join(f"{name} is {_range(space.by_name[name])}" for name in constraint.names)


def _range(parameter: Parameter) -> str:
    if parameter.is_constant or parameter.is_categorical:
        values = parameter.choices or ()
        more = ", …" if len(values) > _MOST_SHOWN else ""
        return " or ".join(map(repr, values[:_MOST_SHOWN])) + more
    low, high = parameter.bounds or (0.0, 0.0)
    return f"from {low:g} to {high:g}"
