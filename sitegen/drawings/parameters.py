"""A parameter of a sweep as an axis from 0 to 1, and the lines on which a field over two of them has one value
(`sweep-axes.js`)."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sitegen.drawings.ticks import powers, rounds
from sitegen.drawings.wording import number, plain, shown

Floats = npt.NDArray[np.float64]
Tick = tuple[float, str]

_CELLS: Final = 64
# Where a parameter stands that is not there.
_MIDDLE: Final = 0.5
_MOST_WHOLE: Final = 40
_MOST_TICKS: Final = 7
_MOST_NAMED: Final = 12
_NOTHING: Final = -1.0


@dataclass(frozen=True, slots=True)
class Cell:
    """A part of an axis that a field is drawn of: its ends, its middle, and its coordinate for the surrogate."""

    start: float
    end: float
    share: float
    place: float


@dataclass(frozen=True, slots=True)
class ParameterAxis:
    """A parameter and where its values stand.

    `share` is where a value is drawn, from 0 to 1, None for what has no place. `places` are the coordinates of values
    for the surrogate: from 0 to 1, or where it `is_named` a number for each choice, and -1 for none. It `is_smooth`
    where values lie between each two.
    """

    name: str
    column: str
    cells: tuple[Cell, ...] = field(repr=False)
    ticks: tuple[Tick, ...]
    share: Callable[[Any], float | None] = field(repr=False)
    places: Callable[[Sequence[Any]], Floats] = field(repr=False)
    is_smooth: bool = False
    is_named: bool = False


def parameter_axis(parameter: Mapping[str, Any]) -> ParameterAxis:
    """The axis of a parameter, as the sweep's page is handed it."""
    if parameter["scale"] != "choice":
        return _of_numbers(parameter)
    choices = parameter["choices"]
    # Three numbers or more are a scale, as 16, 32, 64; other values have no order.
    if len(choices) > 2 and all(map(_is_number, choices)):
        return _of_scale(parameter, sorted(choices))
    return _of_names(parameter, choices)


def _of_scale(parameter: Mapping[str, Any], choices: Sequence[float]) -> ParameterAxis:
    shares = _shares(choices)
    cells = _cells(len(choices), [shares[_name(value)] for value in choices])
    return _of_choices(parameter, choices, cells, lambda value: shares.get(_name(value), _MIDDLE), is_named=False)


def _of_names(parameter: Mapping[str, Any], choices: Sequence[Any]) -> ParameterAxis:
    codes = {_name(value): float(at) for at, value in enumerate(choices)}
    cells = _cells(len(choices), [codes[_name(value)] for value in choices])

    def code(value: Any) -> float:
        """What is no choice of the configuration is as far from each as they are from each other."""
        return _NOTHING if value is None else codes.setdefault(_name(value), float(len(codes)))

    return _of_choices(parameter, choices, cells, code, is_named=True)


def _of_choices(
    parameter: Mapping[str, Any],
    choices: Sequence[Any],
    cells: tuple[Cell, ...],
    place: Callable[[Any], float],
    *,
    is_named: bool,
) -> ParameterAxis:
    shares = _shares(choices)
    every = max(1, math.ceil(len(choices) / _MOST_NAMED))
    labels = [(_middle(at, len(choices)), _label(value)) for at, value in enumerate(choices)]
    return ParameterAxis(
        name=parameter["name"],
        column=parameter["column"],
        cells=cells,
        ticks=tuple(labels[::every]),
        share=lambda value: shares.get(_name(value)),
        places=lambda values: np.array([place(value) for value in values], dtype=np.float64),
        is_named=is_named,
    )


def _shares(choices: Sequence[Any]) -> dict[str, float]:
    return {_name(value): _middle(at, len(choices)) for at, value in enumerate(choices)}


def _cells(count: int, places: Sequence[float]) -> tuple[Cell, ...]:
    return tuple(Cell(at / count, (at + 1) / count, _middle(at, count), place) for at, place in enumerate(places))


def _middle(at: int, count: int) -> float:
    return (at + 0.5) / count


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _name(value: Any) -> str:
    """What no other value is called: a text that reads like a number is another one."""
    return f"{'text' if isinstance(value, str) else 'value'} {plain(value)}"


def _label(value: Any) -> str:
    return "null" if value is None else shown(value)


def _of_numbers(parameter: Mapping[str, Any]) -> ParameterAxis:
    low, high, is_log = parameter["low"], parameter["high"], parameter["scale"] == "log"
    is_whole = parameter["integer"] and not is_log and high - low <= _MOST_WHOLE
    count = int(high - low + 1) if is_whole else _CELLS
    share = _whole_share(low, high) if is_whole else _share(low, high, is_log=is_log)

    def place(value: Any) -> float:
        found = share(value)
        return _MIDDLE if found is None else found

    return ParameterAxis(
        name=parameter["name"],
        column=parameter["column"],
        cells=_cells(count, [_middle(at, count) for at in range(count)]),
        ticks=tuple((place(value), number(value, 4)) for value in _ticks(low, high, is_log=is_log, is_whole=is_whole)),
        share=share,
        places=lambda values: np.array([place(value) for value in values], dtype=np.float64),
        is_smooth=not is_whole,
    )


def _share(low: float, high: float, *, is_log: bool) -> Callable[[Any], float | None]:
    into: Callable[[float], float] = math.log if is_log else float
    # Ends may lie so far apart that their difference is no number.
    start, size = into(low) / 2, into(high) / 2 - into(low) / 2

    def share(value: Any) -> float | None:
        if not _is_number(value) or not math.isfinite(value) or (is_log and value <= 0):
            return None
        return (into(value) / 2 - start) / size if size else _MIDDLE

    return share


def _whole_share(low: float, high: float) -> Callable[[Any], float | None]:
    """Whole numbers stand in the middle of their cells."""
    step = 1 / (high - low + 1)

    def share(value: Any) -> float | None:
        return (value - low + 0.5) * step if _is_number(value) and math.isfinite(value) else None

    return share


def _ticks(low: float, high: float, *, is_log: bool, is_whole: bool) -> list[float]:
    if low == high:
        return [low]
    made = powers(low, high) if is_log else list(rounds(low, high, 5))
    found = [value for value in made if low <= value <= high and (not is_whole or float(value).is_integer())]
    if len(found) <= _MOST_TICKS:
        return found
    decades = [value for value in found if value > 0 and abs(math.fmod(math.log10(value), 1)) < 1e-9]
    return decades if len(decades) > 1 else found[:: math.ceil(len(found) / _MOST_TICKS)]


def isolines(rows: Floats, xs: Sequence[float], ys: Sequence[float], level: float) -> Iterator[dict[str, float]]:
    """The pieces of the lines on which a field has a level, by marching squares; its rows stand from below."""
    lower = rows < level
    corners = [lower[:-1, :-1], lower[:-1, 1:], lower[1:, 1:], lower[1:, :-1]]
    crossed = ~np.logical_and.reduce(corners) & np.logical_or.reduce(corners)
    for row, column in np.argwhere(crossed).tolist():
        places = ((column, row), (column + 1, row), (column + 1, row + 1), (column, row + 1))
        around = [(xs[i], ys[j], float(rows[j, i])) for i, j in places]
        cuts = list(_cuts(around, level))
        for one, other in zip(cuts[::2], cuts[1::2], strict=True):
            yield {"x": one[0], "y": one[1], "x2": other[0], "y2": other[1]}


def _cuts(around: Sequence[tuple[float, float, float]], level: float) -> Iterator[tuple[float, float]]:
    """Where the level lies on the edges of a square."""
    for one, other in zip(around, (*around[1:], around[0]), strict=True):
        if (one[2] < level) != (other[2] < level):
            part = (level - one[2]) / (other[2] - one[2])
            yield one[0] + part * (other[0] - one[0]), one[1] + part * (other[1] - one[1])
