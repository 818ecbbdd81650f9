"""The order of a grid: an odometer over the values of the parameters, in W&B's order."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from math import prod
from typing import Any, Protocol

from sweeps.space.expression import Expression
from sweeps.space.parameter import Condition, Parameter

_Domains = Mapping[str, frozenset[int]]
"""Which digits parameters may have, by name."""


class Points(Protocol):
    """What a grid asks of its space."""

    @property
    def searched(self) -> tuple[Parameter, ...]: ...
    @property
    def by_name(self) -> Mapping[str, Parameter]: ...
    @property
    def is_conditional(self) -> bool: ...
    @property
    def constraints(self) -> tuple[Expression, ...]: ...
    def active(self, params: Mapping[str, Any]) -> tuple[str, ...]: ...
    def allows(self, params: Mapping[str, Any]) -> bool: ...
    def values(self, params: Mapping[str, Any]) -> dict[str, Any]: ...
    def only_active(self, params: Mapping[str, Any]) -> dict[str, Any]: ...


class Grid:
    """All combinations of `values` (each parameter's, without repetitions), parameters by path, the last fastest.

    `len` counts the positions. At some there is no point: where a parameter that is not active is not at its first
    value (the point stands at another position already), or where a constraint is broken.
    """

    def __init__(self, space: Points, values: Mapping[str, Sequence[Any]]) -> None:
        self._space = space
        self._names = [each.name for each in sorted(space.searched, key=lambda each: each.path)]
        self._places = {name: place for place, name in enumerate(self._names)}
        self._values = [values[name] for name in self._names]
        sizes = [len(each) for each in self._values]
        self._strides = [prod(sizes[place + 1 :]) for place in range(len(sizes))]
        self._size = prod(sizes)
        self._finest: dict[str, int] = {}
        self._needs: dict[str, _Domains | None] = {}
        for name in space.by_name:
            self._finest_stride(name)
            self._needs_of(name)

    def _finest_stride(self, name: str) -> int:
        """How many positions in a row share the values of a parameter and of all that decide whether it is there."""
        if name not in self._finest:
            parameter = self._space.by_name[name]
            own = self._size if parameter.is_constant else self._strides[self._names.index(name)]
            above = (self._finest_stride(parent) for parent in (parameter.when.names if parameter.when else ()))
            self._finest[name] = min(own, *above, self._size)
        return self._finest[name]

    def __len__(self) -> int:
        """The number of positions, or the greatest that `len` may give; `size` has it in full."""
        return min(self._size, sys.maxsize)

    @property
    def size(self) -> int:
        """The number of positions, however large."""
        return self._size

    def count(self, most: int = 20_000) -> int | None:
        """The number of points; None where there are more than `most`, or more positions with constraints."""
        if not self._space.constraints and not any(each.when for each in self._space.searched):
            return self._size
        if self._space.constraints and self._size > most:
            return None
        points = sum(1 for _ in islice(iter(self), most + 1))
        return points if points <= most else None

    def point(self, position: int) -> dict[str, Any] | None:
        """The point at a position from 0; None where there is none."""
        if not 0 <= position < self._size or self._canonical(position) != position:
            return None
        params = self._all(position)
        return self._space.only_active(params) if self._space.allows(params) else None

    def next(self, position: int) -> int | None:
        """The first position from `position` on with a point; None where no other comes."""
        while position < self._size:
            found = self._canonical(position)
            if found is None:
                return None
            params = self._all(found)
            if self._space.allows(params):
                return found
            position = self._behind(found, params)
        return None

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """The points, in order."""
        position = self.next(0)
        while position is not None:
            yield self._space.only_active(self._all(position))
            position = self.next(position + 1)

    def _digits(self, position: int) -> list[int]:
        pairs = zip(self._strides, self._values, strict=True)
        return [position // stride % len(values) for stride, values in pairs]

    def _all(self, position: int) -> dict[str, Any]:
        pairs = zip(self._values, self._digits(position), strict=True)
        return dict(zip(self._names, (values[digit] for values, digit in pairs), strict=True))

    def _behind(self, position: int, params: Mapping[str, Any]) -> int:
        """The position behind those where the same constraint is broken in the same way."""
        there = self._space.values(params)
        broken = [each for each in self._space.constraints if not each.holds(there)]
        step = max(min((self._finest[name] for name in each.names), default=self._size) for each in broken)
        return (position // step + 1) * step

    def _canonical(self, position: int) -> int | None:
        """The first position from `position` on where only active parameters are not at their first value."""
        if not self._space.is_conditional:
            return position
        digits = self._digits(position)
        active = set(self._space.active(self._all(position)))
        if all(name in active or not digit for name, digit in zip(self._names, digits, strict=True)):
            return position
        found = self._least([], digits, True, {})
        if found is None:
            return None
        return sum(digit * stride for digit, stride in zip(found, self._strides, strict=True))

    def _least(self, chosen: list[int], least: list[int], is_tight: bool, domains: _Domains) -> list[int] | None:
        """The first digits that begin with `chosen` and fit `domains`; with `is_tight` not less than `least`.

        A digit that is not 0 asks for an active parameter, and so for some digits of those that decide about it: each
        choice only narrows the domains of others, and where none is empty, the rest can be filled.
        """
        place = len(chosen)
        if place == len(self._names):
            return chosen
        name, begin = self._names[place], least[place] if is_tight else 0
        domain = domains.get(name)
        choices = range(begin, len(self._values[place])) if domain is None else sorted(domain)
        for digit in choices:
            narrowed = self._narrowed(chosen, domains, self._needs[name]) if digit else domains
            if digit >= begin and narrowed is not None:
                found = self._least([*chosen, digit], least, is_tight and digit == begin, narrowed)
                if found is not None:
                    return found
        return None

    def _narrowed(self, chosen: list[int], domains: _Domains, needs: _Domains | None) -> _Domains | None:
        """`domains` with what is needed; None where that does not fit them, or the digits that are chosen."""
        places = ((self._places[name], domain) for name, domain in (needs or {}).items())
        if any(place < len(chosen) and chosen[place] not in domain for place, domain in places):
            return None
        return _together(domains, needs)

    def _needs_of(self, name: str) -> _Domains | None:
        """Which digits of others make a parameter active, those that decide about these included; None: it never is."""
        if name in self._needs:
            return self._needs[name]
        found: _Domains | None = {}
        condition = self._space.by_name[name].when
        for parent in condition.names if condition else ():
            above, own = self._needs_of(parent), self._fitting(name, parent)
            found = None if found is None or above is None or own is None else _together(found, above, own)
        self._needs[name] = found
        return found

    def _fitting(self, name: str, parent: str) -> _Domains | None:
        condition = self._space.by_name[name].when
        tests = [Condition((test,)) for test in condition.tests if test[0] == parent] if condition else []
        if self._space.by_name[parent].is_constant:
            value = self._space.by_name[parent].value
            return {} if all(test.holds({parent: value}) for test in tests) else None
        values = self._values[self._names.index(parent)]
        fit = (digit for digit, value in enumerate(values) if all(test.holds({parent: value}) for test in tests))
        return {parent: frozenset(fit)}


def _together(*several: _Domains | None) -> _Domains | None:
    """All domains together; None where one is empty, or there is none at all."""
    found: dict[str, frozenset[int]] = {}
    for domains in several:
        if domains is None:
            return None
        for name, domain in domains.items():
            found[name] = found[name] & domain if name in found else domain
            if not found[name]:
                return None
    return found
