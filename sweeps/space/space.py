"""The space that a sweep searches: its parameters together, which of them are there, and which points are allowed."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from runstore.format.sections import Section, Source
from sweeps.errors import SweepError
from sweeps.space.checks import check
from sweeps.space.expression import Expression
from sweeps.space.grid import Grid
from sweeps.space.parameter import MOST_CHOICES, Parameter
from sweeps.space.reading import read, written
from sweeps.space.values import canonical

if TYPE_CHECKING:
    import numpy as np

Params = dict[str, Any]
"""A point: values by the names of parameters, flat (`{"optimizer.lr": 0.1}`). Constants, and parameters that are not
active there, are missing."""

MOST_TRIES: Final = 10_000


@dataclass(frozen=True)
class Space:
    """Parameters in the order of the configuration, and constraints.

    Raises `SpaceError` for two parameters of one name, for conditions and constraints that name what is not there,
    and for conditions in a circle.
    """

    parameters: tuple[Parameter, ...]
    constraints: tuple[Expression, ...] = ()

    def __post_init__(self) -> None:
        check(self.parameters, self.constraints)

    @cached_property
    def by_name(self) -> Mapping[str, Parameter]:
        """All parameters, constants too."""
        return {parameter.name: parameter for parameter in self.parameters}

    @cached_property
    def searched(self) -> tuple[Parameter, ...]:
        """The parameters that are no constants, in the order of the configuration."""
        return tuple(parameter for parameter in self.parameters if not parameter.is_constant)

    @cached_property
    def _parents_first(self) -> tuple[Parameter, ...]:
        """All parameters, each behind those that its condition names."""
        ordered: dict[str, Parameter] = {}

        def visit(parameter: Parameter) -> None:
            if parameter.name in ordered:
                return
            for name in parameter.when.names if parameter.when else ():
                visit(self.by_name[name])
            ordered[parameter.name] = parameter

        for parameter in self.parameters:
            visit(parameter)
        return tuple(ordered.values())

    @cached_property
    def is_conditional(self) -> bool:
        """Whether some parameter is not always there."""
        return any(parameter.when for parameter in self.parameters)

    def values(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """What is active at a point, with the constants, by name."""
        found: dict[str, Any] = {}
        for parameter in self._parents_first:
            if parameter.when and not parameter.when.holds(found):
                continue
            if parameter.is_constant:
                found[parameter.name] = parameter.value
            elif parameter.name in params:
                found[parameter.name] = params[parameter.name]
        return found

    def active(self, params: Mapping[str, Any]) -> tuple[str, ...]:
        """The names of the searched parameters that are there at a point, in the order of the configuration.

        `params` has to hold the parameters that conditions name; what else it holds does not matter.
        """
        if not self.is_conditional:
            return tuple(parameter.name for parameter in self.searched)
        names, there = set(), self.values(params)
        for parameter in self._parents_first:
            # A parameter that is missing here may be there: its value only decides about others.
            if not parameter.when or parameter.when.holds(there):
                names.add(parameter.name)
        return tuple(parameter.name for parameter in self.searched if parameter.name in names)

    def allows(self, params: Mapping[str, Any]) -> bool:
        """Whether the constraints hold at a point. Whether its values are in bounds is not looked at."""
        if not self.constraints:
            return True
        values = self.values(params)
        return all(constraint.holds(values) for constraint in self.constraints)

    def draw(self, rng: "np.random.Generator") -> Params:
        """A random point that is allowed. Raises `SweepError` where `MOST_TRIES` points were not.

        Each try takes one number of `rng` for each searched parameter, active or not.
        """
        for _ in range(MOST_TRIES):
            quantiles = rng.random(len(self.searched)).tolist()
            params = self.only_active(
                {parameter.name: parameter.ppf(u) for parameter, u in zip(self.searched, quantiles, strict=True)}
            )
            if self.allows(params):
                return params
        raise SweepError(
            f"none of {MOST_TRIES:,} random points fulfils the constraints "
            f"{', '.join(repr(each.text) for each in self.constraints)}; widen the ranges or loosen a constraint"
        )

    def only_active(self, params: Mapping[str, Any]) -> Params:
        """A point without what is not active there, in the order of the configuration."""
        return {name: params[name] for name in self.active(params) if name in params}

    def complete(self, params: Mapping[str, Any], rng: "np.random.Generator | None" = None) -> Params:
        """A point that somebody wrote, with values of the right types, and without parameters that are not active.

        What is missing is drawn with `rng`. Raises `SweepError` for a name that is no parameter, a value that cannot
        be one, a point that breaks a constraint, and, without `rng`, for a missing parameter. Values out of bounds
        are taken: who adds a point may know better.
        """
        for name in params:
            if name not in self.by_name:
                raise SweepError(f"found the parameter {name!r}, expected one of {', '.join(self.by_name)}")
        given: Params = {}
        for parameter in self._parents_first:
            if parameter.is_constant or not self._is_active(parameter, given):
                continue
            if parameter.name in params:
                given[parameter.name] = parameter.accept(params[parameter.name])
            elif rng is not None:
                given[parameter.name] = parameter.ppf(float(rng.random()))
            else:
                raise SweepError(f"the point has no {parameter.name}; give each active parameter a value")
        found = self.only_active(given)
        broken = [each.text for each in self.constraints if not each.holds(self.values(found))]
        if broken:
            raise SweepError(f"the point breaks the constraint {broken[0]!r}; change a value that it names")
        return found

    def _is_active(self, parameter: Parameter, params: Params) -> bool:
        return parameter.when is None or parameter.when.holds(self.values(params))

    def key(self, params: Mapping[str, Any]) -> str:
        """A text that equal points share: the order and inactive parameters do not matter, 1 is 1.0, `true` is not."""
        return canonical(self.only_active(params))

    def nest(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """A point as a run's config has it: nested, with the constants, in the order of the configuration."""
        values = self.values(params)
        nested: dict[str, Any] = {}
        for parameter in self.parameters:
            if parameter.name in values:
                inner = nested
                for key in parameter.path[:-1]:
                    inner = inner.setdefault(key, {})
                inner[parameter.path[-1]] = deepcopy(values[parameter.name])
        return nested

    def flatten(self, config: Mapping[str, Any]) -> Params:
        """The searched parameters in a run's config, nested or with dots in its keys.

        What is missing there, is not active, or cannot be the parameter's value is left out.
        """
        found: Params = {}
        for parameter in self.searched:
            value = _find(config, parameter)
            if value is not _MISSING:
                try:
                    found[parameter.name] = parameter.accept(value)
                except SweepError:
                    continue
        return self.only_active(found)

    @cached_property
    def size(self) -> int | None:
        """The number of points; None where it is infinite.

        Exact where there are at most 20,000 points; else conditions and constraints are not taken off.
        """
        if self.lattice is None:
            return None
        points = self.lattice.count()
        return self.lattice.size if points is None else points

    @cached_property
    def lattice(self) -> Grid | None:
        """All points that can be drawn, in an order; None where there are infinitely many."""
        choices = [parameter.choices for parameter in self.searched]
        if any(each is None for each in choices):
            return None
        return Grid(self, {p.name: each for p, each in zip(self.searched, choices, strict=True) if each is not None})

    def grid(self) -> Grid:
        """The points of a grid. Raises `SweepError` where a parameter has no list of values."""
        values = {}
        for parameter in self.searched:
            if parameter.grid is None:
                raise SweepError(
                    f"{parameter.name}: found {parameter.kind} in a grid, expected values, whole numbers between min "
                    f"and max, or q_uniform, at most {MOST_CHOICES:,}; write its values as a list"
                )
            values[parameter.name] = parameter.grid
        return Grid(self, values)

    def widened(self, name: str, low: float | None = None, high: float | None = None) -> "Space":
        """The space with a wider range of one parameter; None leaves an end.

        Raises `SweepError` for a parameter without a range, a range that is narrower somewhere, or a wrong number.
        """
        parameter = self.by_name.get(name)
        if parameter is None or parameter.low is None or parameter.high is None:
            ranged = [each.name for each in self.parameters if each.low is not None]
            raise SweepError(
                f"found {name!r}, expected a parameter with min and max: {', '.join(ranged) or 'there is none'}"
            )
        new_low = parameter.low if low is None else self._end(parameter, low)
        new_high = parameter.high if high is None else self._end(parameter, high)
        if new_low > parameter.low or new_high < parameter.high:
            raise SweepError(
                f"{name}: found the range {new_low} to {new_high}, expected one that holds the present one, "
                f"{parameter.low} to {parameter.high}; a range can only grow"
            )
        if parameter.kind.endswith("_values") and new_low <= 0:
            raise SweepError(f"{name}: found min {new_low}, expected more than 0 on a logarithmic scale")
        wider = replace(parameter, low=new_low, high=new_high)
        return replace(self, parameters=tuple(wider if each is parameter else each for each in self.parameters))

    def to_json(self) -> dict[str, Any]:
        """The space as plain values, in the words of a configuration; `from_json` reads it."""
        return {"parameters": written(self.parameters), "constraints": [each.text for each in self.constraints]}

    @classmethod
    def from_json(cls, values: Mapping[str, Any], place: str = "the space") -> "Space":
        """The space that `to_json` wrote. Raises `SweepError` for what is none."""
        source = Source(place, kind=SweepError)
        found = read(Section({key: value for key, value in values.items() if value != []}, source), True)
        return cls(found.parameters, found.constraints)

    def _end(self, parameter: Parameter, value: float) -> float | int:
        whole = parameter.kind == "int_uniform"
        kinds: tuple[type, ...] = (int,) if whole else (int, float)
        if isinstance(value, bool) or not isinstance(value, kinds) or value != value or abs(value) > 1e300:
            expected = "a whole number" if whole else "a number"
            raise SweepError(f"{parameter.name}: found {value!r} as an end of the range, expected {expected}")
        return value


class _Missing:
    pass


_MISSING: Final = _Missing()


def _find(config: Mapping[str, Any], parameter: Parameter) -> Any:
    inner: Any = config
    for key in parameter.path:
        if not isinstance(inner, Mapping) or key not in inner:
            return config.get(parameter.name, _MISSING)
        inner = inner[key]
    return inner
