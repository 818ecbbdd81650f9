"""The unit cube that the surrogate model lives on: a column a parameter, every coordinate between 0 and 1.

Numbers lie where their distribution has them (logarithms on a logarithmic scale), numbers that are rounded only on the
places of their values, texts and other values on a place each without an order. A parameter that is not active at a
point rests: at the middle of its column, or, without an order, at 0, which is the place of no value.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sweeps.errors import SweepError
from sweeps.space.parameter import Parameter
from sweeps.space.space import Params, Space
from sweeps.space.values import canonical

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

MANY: Final = 50
"""Ordered columns with more places than this are searched as if they were continuous, then rounded."""
_TAIL: Final = 1e-3
"""The probability that is left out at each end of a distribution without bounds."""
_MIDDLE: Final = 0.5


@dataclass(frozen=True)
class Column:
    """One coordinate. `places` are those that its values have, ascending; None for a continuous one. `is_ordered`
    says whether near places are alike."""

    name: str
    places: Floats | None = None
    is_ordered: bool = True

    @property
    def is_smooth(self) -> bool:
        """Whether a gradient leads somewhere: continuous, or with so many places that it nearly is."""
        return self.places is None or (self.is_ordered and len(self.places) > MANY)

    @property
    def rest(self) -> float:
        """The coordinate of a point that does not have the parameter."""
        return _MIDDLE if self.is_ordered else 0.0

    def nearest(self, coordinates: Floats) -> Floats:
        """Each coordinate moved to the nearest place."""
        return coordinates if self.places is None else self.places[self.index(coordinates)]

    def index(self, coordinates: Floats) -> npt.NDArray[np.intp]:
        """The number of the nearest place of each coordinate."""
        assert self.places is not None
        borders = (self.places[1:] + self.places[:-1]) / 2
        return np.searchsorted(borders, coordinates)


class Columns:
    """The columns of a cube together, and rows of coordinates as features between which distances are Euclidean.

    A column with an order is one feature. One without is a feature a place, so that the squared distance of two
    different values is 1, as far as two ends of an ordered column.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        self.columns = tuple(columns)
        widths = [1 if each.is_ordered or each.places is None else len(each.places) for each in columns]
        self.owner = np.repeat(np.arange(len(columns)), widths)
        """The column that each feature belongs to."""
        self.first = np.concatenate([[0], np.cumsum(widths)[:-1]]).astype(int)
        """The first feature of each column."""
        self.smooth = np.flatnonzero([each.is_smooth for each in columns])
        """The columns that a gradient is followed on."""
        self._ordered = np.flatnonzero([each.is_ordered or each.places is None for each in columns])
        self._named = np.flatnonzero(~np.isin(self.owner, self._ordered))

    def __len__(self) -> int:
        return len(self.columns)

    def features(self, rows: Floats) -> Floats:
        """Features, a row a point."""
        found = np.empty((len(rows), len(self.owner)))
        for column, each in enumerate(self.columns):
            start = self.first[column]
            if each.is_ordered or each.places is None:
                found[:, start] = rows[:, column]
            else:
                found[:, start : start + len(each.places)] = (rows[:, [column]] == each.places) * np.sqrt(0.5)
        return found

    def trends(self, rows: Floats) -> Floats:
        """The terms that a trend is a sum of, a row a point: of each column with an order its coordinate, from -1 to 1,
        and the square of that less its mean; the features of the others; and 1."""
        line = 2 * rows[:, self._ordered] - 1
        return np.hstack([line, line * line - 1 / 3, self.features(rows)[:, self._named], np.ones((len(rows), 1))])

    def trend_slopes(self, row: Floats, columns: npt.NDArray[np.intp]) -> Floats:
        """The derivatives of the terms at one point by the coordinates of `columns` (ordered ones), a row a column."""
        found = np.zeros((len(columns), 2 * len(self._ordered) + len(self._named) + 1))
        places, each = np.searchsorted(self._ordered, columns), np.arange(len(columns))
        found[each, places] = 2.0
        found[each, len(self._ordered) + places] = 4 * (2 * row[columns] - 1)
        return found

    def rounded(self, rows: Floats) -> Floats:
        """The rows with every coordinate at a place that has a value."""
        found = np.clip(rows, 0.0, 1.0)
        for column, each in enumerate(self.columns):
            if each.places is not None:
                found[:, column] = each.nearest(found[:, column])
        return found


@dataclass(frozen=True)
class _Condition:
    """A column that is there only where `parent` is there and lies at one of `places`."""

    column: int
    parent: int
    places: Floats


class Cube(Columns):
    """A space's cube: points to rows and back, with conditions and constraints kept."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self._parameters = space.searched
        self._values = [_ordered_choices(each) for each in self._parameters]
        columns = [_column(each, values) for each, values in zip(self._parameters, self._values, strict=True)]
        super().__init__(columns)
        self._place_of = [
            None if values is None or isinstance(values, range) else {canonical(v): i for i, v in enumerate(values)}
            for values in self._values
        ]
        column_of = {each.name: column for column, each in enumerate(self.columns)}
        self.order = [column_of[name] for name in _parents_first(space) if name in column_of]
        """The columns, each behind those that its condition names."""
        self._conditions = tuple(
            condition
            for column in self.order
            for condition in self._conditions_of(self.columns[column].name, column, column_of)
        )

    def row(self, params: Mapping[str, Any]) -> Floats | None:
        """The row of a point; None where a parameter that should be there is missing, or has a value of no place.

        Numbers outside the bounds are taken to the nearest bound.
        """
        found = np.array([each.rest for each in self.columns])
        for column in self._active_columns(params):
            try:
                found[column] = self._coordinate(column, params[self.columns[column].name])
            except (KeyError, SweepError, ValueError, TypeError, OverflowError):
                return None
        return found

    def params(self, row: Floats) -> Params:
        """The point at a row, without what is not active there."""
        return self.space.only_active(
            {each.name: self._value(column, float(row[column])) for column, each in enumerate(self.columns)}
        )

    def rested(self, rows: Floats) -> Floats:
        """The rows with every column that is not active there at rest."""
        if not self._conditions:
            return rows
        found, there = rows.copy(), np.ones(rows.shape, dtype=bool)
        for each in self._conditions:
            fits = np.isin(found[:, each.parent], each.places) & there[:, each.parent]
            there[:, each.column] &= fits
            found[~fits, each.column] = self.columns[each.column].rest
        return found

    def active(self, row: Floats) -> Bools:
        """Which columns are there at a row."""
        there = np.ones(len(self), dtype=bool)
        for each in self._conditions:
            there[each.column] &= bool(there[each.parent] and row[each.parent] in each.places)
        return there

    def allows(self, row: Floats) -> bool:
        """Whether the constraints hold at a row."""
        return not self.space.constraints or self.space.allows(self.params(row))

    def all_rows(self, most: int) -> Floats | None:
        """All points of a space that has at most `most`; None where there are more."""
        lattice = self.space.lattice
        if lattice is None or lattice.size > most:
            return None
        rows = [row for row in map(self.row, islice(iter(lattice), most)) if row is not None]
        return np.array(rows).reshape(len(rows), len(self))

    def at(self, quantiles: Floats) -> Params:
        """The point at quantiles of the parameters' own distributions, which need not keep the constraints."""
        drawn = {each.name: each.ppf(float(u)) for each, u in zip(self._parameters, quantiles, strict=True)}
        return self.space.only_active(drawn)

    def _active_columns(self, params: Mapping[str, Any]) -> Iterator[int]:
        names = set(self.space.active(params))
        return (column for column, each in enumerate(self.columns) if each.name in names)

    def _coordinate(self, column: int, value: Any) -> float:
        parameter, places, values = self._parameters[column], self.columns[column].places, self._values[column]
        if places is None or values is None:
            quantile = parameter.cdf(value)
            tail = _tail(parameter)
            return min(max((quantile - tail) / (1 - 2 * tail), 0.0), 1.0)
        return float(places[self._index(column, parameter.accept(value))])

    def _index(self, column: int, value: Any) -> int:
        values, places = self._values[column], self._place_of[column]
        assert values is not None
        if places is None:
            return int(min(max(value - values[0], 0), len(values) - 1))
        index = places.get(canonical(value))
        if index is None:
            if not self._parameters[column].is_categorical:
                return int(np.abs(np.asarray(values, dtype=float) - value).argmin())
            raise SweepError(f"{self.columns[column].name}: {value!r} is none of its values")
        return index

    def _value(self, column: int, coordinate: float) -> Any:
        parameter, values = self._parameters[column], self._values[column]
        if values is not None:
            return values[int(self.columns[column].index(np.array([coordinate]))[0])]
        tail = _tail(parameter)
        return parameter.ppf(tail + min(max(coordinate, 0.0), 1.0) * (1 - 2 * tail))

    def _conditions_of(self, name: str, column: int, column_of: Mapping[str, int]) -> Iterator[_Condition]:
        when = self.space.by_name[name].when
        for parent, wanted in when.tests if when else ():
            parameter, keys = self.space.by_name[parent], set(map(canonical, wanted))
            if parent in column_of:
                places, values = self.columns[column_of[parent]].places, self._values[column_of[parent]]
                assert places is not None
                assert values is not None
                fitting = [place for place, value in zip(places, values, strict=True) if canonical(value) in keys]
                yield _Condition(column, column_of[parent], np.array(fitting))
                continue
            if canonical(parameter.value) not in keys:
                yield _Condition(column, column, np.empty(0))
            # A constant may have a condition of its own.
            yield from self._conditions_of(parent, column, column_of)


def _parents_first(space: Space) -> list[str]:
    order: dict[str, None] = {}

    def visit(name: str) -> None:
        when = space.by_name[name].when
        for parent in when.names if when else ():
            visit(parent)
        order.setdefault(name)

    for name in space.by_name:
        visit(name)
    return list(order)


def _tail(parameter: Parameter) -> float:
    return _TAIL if parameter.bounds is None else 0.0


def _ordered_choices(parameter: Parameter) -> Sequence[Any] | None:
    """All values of a parameter, ascending where they are numbers; None where there are infinitely many."""
    choices = parameter.choices
    if choices is None or not parameter.is_categorical:
        return choices
    return tuple(sorted(choices)) if _is_scale(choices) else tuple(choices)


def _is_scale(choices: Sequence[Any]) -> bool:
    """Whether listed values are a scale, such as 16, 32, 64: at least three finite numbers."""
    numbers = all(isinstance(each, int | float) and not isinstance(each, bool) for each in choices)
    return len(choices) > 2 and numbers and all(np.isfinite(float(each)) for each in choices)


def _column(parameter: Parameter, values: Sequence[Any] | None) -> Column:
    if values is None:
        return Column(parameter.name)
    count = len(values)
    even = (np.arange(count) + 0.5) / count
    if parameter.is_categorical:
        if _is_scale(values):
            return Column(parameter.name, even)
        return Column(parameter.name, (np.arange(count) + 1.0) / count, is_ordered=False)
    if parameter.kind == "int_uniform":
        return Column(parameter.name, even)
    places = np.array([parameter.law.cdf(float(value)) for value in values])
    # Values beside the bounds, to which rounding may lead, share the place of the bound.
    return Column(parameter.name, places if (np.diff(places) > 0).all() else even)
