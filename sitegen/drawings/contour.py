"""Two parameters of a sweep against each other: the mean of its surrogate as a field, and the trials as points on it
(`sweep-contour.js`)."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sitegen.drawings import theme
from sitegen.drawings.columns import Column
from sitegen.drawings.drawing import Chart, Drawing, Legend, Table, UndrawableError, filled
from sitegen.drawings.fields import field_of
from sitegen.drawings.forest import ranked
from sitegen.drawings.groups import Scene
from sitegen.drawings.parameters import Cell, Floats, ParameterAxis, isolines, parameter_axis
from sitegen.drawings.subject import Panel
from sitegen.drawings.trials import Trial, Trials
from sitegen.drawings.wording import number

_LEVELS: Final = 9
_MOST_RANKED: Final = 300
_OVERLAP: Final = 0.003
_TURN: Final = 2.399963
_STOPS: Final = (0, 0.25, 0.5, 0.75, 1)
_STAR: Final = "M0,-1L.2245,-.309L.951,-.309L.363,.118L.588,.809L0,.382L-.588,.809L-.363,.118L-.951,-.309L-.2245,-.309Z"


@dataclass(frozen=True, slots=True)
class _Scale:
    """Values between the lowest and the highest, as shares from 0 to 1."""

    low: float
    high: float
    is_log: bool

    def share(self, value: float) -> float:
        if self.is_log and value <= 0:
            return 0.0
        # Ends may lie so far apart that their difference is no number.
        low, high = self._into(self.low) / 2, self._into(self.high) / 2
        return min(1.0, max(0.0, (self._into(value) / 2 - low) / (high - low))) if high > low else 0.5

    def at(self, share: float) -> float:
        low, high = self._into(self.low), self._into(self.high)
        found = low * (1 - share) + high * share
        return math.exp(found) if self.is_log else found

    def colour(self, value: float) -> str:
        return theme.ramp(self.share(value))

    def _into(self, value: float) -> float:
        return math.log(value) if self.is_log else value


@dataclass(frozen=True, slots=True)
class _Pair:
    """The two axes, with the places of their parameters among all."""

    x: ParameterAxis
    y: ParameterAxis
    at: tuple[int, int]


def contour(scene: Scene, panel: Panel) -> Drawing:
    """The panel; without a surrogate the trials alone. Raises `UndrawableError` where the sweep has fewer than two
    parameters that vary, or no trial has a value."""
    trials = scene.trials
    axes = tuple(map(parameter_axis, trials.payload["parameters"]))
    if len(axes) < 2:
        raise UndrawableError("needs a sweep with at least two parameters that vary")
    values = [trial.value for trial in trials.shown if trial.counts and trial.value is not None]
    if not values:
        raise UndrawableError(f"none of the trials that are shown has a value for {trials.label}")
    pair = _pair(trials, axes, panel)
    field = field_of(trials, axes, pair.at, averages=panel.set.get("others") == "mean")
    scale = _Scale(min(values), max(values), trials.wants_log(values))
    points = _points(trials, pair, scale, has_field=field is not None)
    data = {"cells": [], "lines": [], "points": points}
    if field is not None:
        data |= {"cells": list(_cells(pair, field, scale)), "lines": list(_lines(pair, field, scale))}
    legend = _legend(
        trials, scale, has_field=field is not None, has_star=any(each["shape"] == _STAR for each in points)
    )
    chart = Chart("contour", _signals(pair), data, panel.width, panel.height, legend)
    return Drawing(panel.title, filled(chart), _table(trials, pair))


def _pair(trials: Trials, axes: Sequence[ParameterAxis], panel: Panel) -> _Pair:
    """The two that the panel names, else those that matter most."""
    places = {axis.column: at for at, axis in enumerate(axes)}
    given = [places.get(str(panel.set.get(name))) for name in ("x", "y")]
    usual = _usual(trials, axes) if None in given else (0, 1)
    i, j = (own if own is not None else other for own, other in zip(given, usual, strict=True))
    i, j = (i, j) if i != j else usual
    return _Pair(axes[i], axes[j], (i, j))


def _usual(trials: Trials, axes: Sequence[ParameterAxis]) -> tuple[int, int]:
    """The two parameters that matter most, first of those that every trial has."""
    columns = [
        Column(axis.column, axis.name, "config", "", [trial.params[at] for trial in trials.all])
        for at, axis in enumerate(axes)
    ]
    target = Column("value", trials.label, "summary", "number", [trial.value for trial in trials.all])
    valued = [trial.at for trial in trials.all if trial.value is not None][-_MOST_RANKED:]
    shares = {each.key: each.importance for each in ranked(columns, target, valued)}
    first, second, *_ = sorted(
        range(len(columns)), key=lambda at: (None in columns[at].values, -shares.get(columns[at].key, 0.0), at)
    )
    return first, second


def _cells(pair: _Pair, field: Floats, scale: _Scale) -> Iterator[dict[str, Any]]:
    for row, means in zip(pair.y.cells, field.tolist(), strict=True):
        y0, y1 = _ends(row)
        for cell, mean in zip(pair.x.cells, means, strict=True):
            x0, x1 = _ends(cell)
            yield {"x0": x0, "x1": x1, "y0": y0, "y1": y1, "colour": scale.colour(mean), "value": mean}


def _ends(cell: Cell) -> tuple[float, float]:
    """Where a cell is drawn: to beneath the next, so that no seam is seen, and of the first and the last to the
    frame."""
    low = cell.start if cell.start > 1e-9 else -1.0
    high = cell.end + min((cell.end - cell.start) / 2, _OVERLAP) if cell.end < 1 - 1e-9 else 2.0
    return low, high


def _lines(pair: _Pair, field: Floats, scale: _Scale) -> Iterator[dict[str, float]]:
    if not (pair.x.is_smooth and pair.y.is_smooth):
        return
    xs, ys = ([cell.share for cell in axis.cells] for axis in (pair.x, pair.y))
    for at in range(_LEVELS):
        yield from isolines(field, xs, ys, scale.at((at + 1) / (_LEVELS + 1)))


def _points(trials: Trials, pair: _Pair, scale: _Scale, *, has_field: bool) -> list[dict[str, Any]]:
    """The trials that have both parameters, the best in front of the others."""
    best = trials.best(trials.shown)
    placed = [
        (trial, x, y)
        for trial in sorted(trials.shown, key=lambda trial: trial is best)
        if (x := pair.x.share(trial.params[pair.at[0]])) is not None
        and (y := pair.y.share(trial.params[pair.at[1]])) is not None
    ]
    size = 46 if has_field or len(placed) > 200 else 90
    return [
        {
            "at": trial.at,
            "x": x + _aside(pair.x, trial, math.cos(trial.at * _TURN)),
            "y": y + _aside(pair.y, trial, math.sin(trial.at * _TURN)),
            "colour": scale.colour(trial.value) if trial.counts and trial.value is not None else theme.none(),
            "size": 260 if trial is best else size,
            "shape": _STAR if trial is best else "circle",
        }
        for trial, x, y in placed
    ]


def _aside(axis: ParameterAxis, trial: Trial, way: float) -> float:
    """Points of whole numbers or choices would hide each other: they stand around the middle of their cell."""
    return 0.0 if axis.is_smooth else 0.3 / len(axis.cells) * way * math.sqrt((trial.at * 7 % 16) / 16)


def _signals(pair: _Pair) -> dict[str, Any]:
    signals: dict[str, Any] = {"xtitle": pair.x.name, "ytitle": pair.y.name}
    for way, axis in (("x", pair.x), ("y", pair.y)):
        signals[f"{way}ticks"] = [share for share, _ in axis.ticks]
        signals[f"{way}labels"] = [label for _, label in axis.ticks]
    return signals


def _legend(trials: Trials, scale: _Scale, *, has_field: bool, has_star: bool) -> Legend:
    stops = _STOPS if scale.high > scale.low else _STOPS[:1]
    items = tuple((number(scale.at(share), 3), theme.ramp(share)) for share in stops)
    what = f"{trials.label} (log)" if scale.is_log else trials.label
    field = "mean of the surrogate" if has_field else "the trials alone"
    return Legend(
        ((*items, ("best trial", theme.style("ink"))) if has_star else items),
        f"{what}, {field}",
        (*("square" for _ in items), *([_STAR] * has_star)),
    )


def _table(trials: Trials, pair: _Pair) -> Table:
    i, j = pair.at
    rows = (
        (trial.row.number, trial.row.state, trial.params[i], trial.params[j], trial.value) for trial in trials.shown
    )
    return Table(("Trial", "State", pair.x.name, pair.y.name, trials.label), tuple(rows))
