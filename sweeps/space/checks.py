"""What a space has to fulfil as a whole: names, conditions and constraints that fit together."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Final

from sweeps.errors import SweepError
from sweeps.space.expression import Expression
from sweeps.space.parameter import Parameter
from sweeps.space.values import canonical

_DEEPEST: Final = 50


class SpaceError(SweepError):
    """A space that does not fit together. `path` leads to the parameter that is meant, and `name` is what its
    condition names, "" where that is not it; `constraint` is the index of the constraint that is meant, or None."""

    def __init__(self, text: str, path: tuple[str, ...] = (), name: str = "", constraint: int | None = None) -> None:
        super().__init__(text)
        self.path = path
        self.name = name
        self.constraint = constraint


def check(parameters: Sequence[Parameter], constraints: Sequence[Expression]) -> None:
    """Raises `SpaceError` for the first thing that does not fit."""
    by_name: dict[str, Parameter] = {}
    for parameter in parameters:
        if parameter.name in by_name:
            raise SpaceError(
                f"found {parameter.name!r} twice, as a name with dots and nested; rename one of them", parameter.path
            )
        by_name[parameter.name] = parameter
    for parameter in parameters:
        _check_condition(parameter, by_name)
    fine: set[str] = set()
    for parameter in parameters:
        _check_circle(parameter, by_name, (), fine)
    for index, constraint in enumerate(constraints):
        for name in constraint.names:
            if name not in by_name:
                raise SpaceError(
                    f"found {name!r} in {constraint.text!r}, expected a parameter{suggestion(name, by_name)}",
                    constraint=index,
                )


def suggestion(name: str, known: Iterable[str]) -> str:
    """What to say of a name that is unknown: the one that was meant, or all there are."""
    names = list(known)
    close = get_close_matches(name, names, 1)
    return f"; did you mean {close[0]!r}?" if close else f": {', '.join(names)}"


def _check_condition(parameter: Parameter, by_name: dict[str, Parameter]) -> None:
    for name, values in parameter.when.tests if parameter.when else ():
        parent = by_name.get(name)
        if parent is None:
            raise SpaceError(f"found {name!r}, expected a parameter{suggestion(name, by_name)}", parameter.path, name)
        choices = parent.choices
        if choices is None:
            raise SpaceError(
                f"found {name!r}, which is a {parent.kind} parameter, expected one with a list of values; "
                "a condition asks for a value, and constraints compare numbers",
                parameter.path,
                name,
            )
        known = [*choices, *parent.values]
        for value in values:
            if canonical(value) not in set(map(canonical, known)):
                hint = suggestion(str(value), dict.fromkeys(map(str, known)))
                raise SpaceError(f"found {value!r}, expected a value of {name}{hint}", parameter.path, name)


def _check_circle(parameter: Parameter, by_name: dict[str, Parameter], way: tuple[str, ...], fine: set[str]) -> None:
    """Raises for a condition that leads back to itself; parameters that don't are added to `fine`."""
    if parameter.name in fine:
        return
    if parameter.name in way:
        circle = " → ".join((*way, parameter.name))
        raise SpaceError(f"found conditions in a circle, {circle}; take one of them out", parameter.path)
    if len(way) > _DEEPEST:
        raise SpaceError(f"found more than {_DEEPEST} conditions, each on the next; take some out", parameter.path)
    for name in parameter.when.names if parameter.when else ():
        _check_circle(by_name[name], by_name, (*way, parameter.name), fine)
    fine.add(parameter.name)
