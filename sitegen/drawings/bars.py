"""Bars: a number a run, or a group's mean with error bars (`kind-bar.js`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sitegen.data.series import Series
from sitegen.drawings.columns import Column
from sitegen.drawings.drawing import Chart, Drawing, Table, filled
from sitegen.drawings.groups import Entity, Scene
from sitegen.drawings.numbers import Summary, summary
from sitegen.drawings.subject import Panel, column_of, nothing
from sitegen.drawings.wording import number, shown

_MOST: Final = 100
_PER_BAR: Final = 22
_ROOM: Final = 46
_LETTER, _NAMES, _LEAST_PLOT = 6, 145, 100
_LINES: Final = {"mean": "mean", "median": "median", "min": "minimum", "max": "maximum"}
_EXTREMES: Final = {"min": "smallest logged", "max": "largest logged"}
_BARS: Final = ("std", "error", "interval")


@dataclass(frozen=True, slots=True)
class _Bar:
    entity: Entity
    n: int
    value: float
    low: float | None
    high: float | None


def bars(scene: Scene, panel: Panel) -> Drawing:
    """The panel. Raises `UndrawableError` where no run has such a number."""
    column = column_of(scene, panel.set, "column")
    found = _bars(scene, column, panel)
    if not found:
        raise nothing(column)
    rows = _labelled(found[:_MOST], column, panel.width)
    grouped = scene.groups is not None
    spreads = [row for row, bar in zip(rows, found, strict=False) if grouped and bar.low is not None and bar.n > 1]
    signals = {"labels": [bar.entity.label for bar in found[:_MOST]], "xtitle": _title(column, panel.set, grouped)}
    data = {"bars": rows, "spreads": spreads}
    height = max(panel.height, len(rows) * _PER_BAR + _ROOM)
    return Drawing(
        panel.title, filled(Chart("bar", signals, data, panel.width, height)), _table(found, column, grouped)
    )


def _bars(scene: Scene, column: Column, panel: Panel) -> list[_Bar]:
    values = _values(column, panel)
    found = []
    for each in scene.entities:
        numbers = summary([value for run in each.runs if (value := values.get(run)) is not None])
        if numbers is not None:
            found.append(_Bar(each, numbers.n, *_spread(numbers, panel.set)))
    if panel.set.get("order") in ("up", "down"):
        found.sort(key=lambda bar: bar.value if panel.set["order"] == "up" else -bar.value)
    return found


def _values(column: Column, panel: Panel) -> Mapping[int, float]:
    """The number of each run: of the summary, or the extreme of all that it logged."""
    extreme = panel.set.get("value")
    series = panel.series(column.key.removeprefix("summary.")) if extreme in _EXTREMES else None
    if series is None or column.section != "summary":
        known = ((run, column.number(run)) for run in range(len(column.values)))
        return {run: value for run, value in known if value is not None}
    return dict(_extremes(series, lowest=extreme == "min"))


def _extremes(series: Series, *, lowest: bool) -> Sequence[tuple[int, float]]:
    import numpy as np

    extremes = series.lo if lowest else series.hi
    values = series.y if extremes is None else extremes
    ends = np.cumsum(series.counts)
    found = []
    for run, start, end in zip(series.runs.tolist(), (ends - series.counts).tolist(), ends.tolist(), strict=True):
        own = values[start:end][np.isfinite(values[start:end])]
        if own.size:
            found.append((run, float(own.min() if lowest else own.max())))
    return found


def _spread(numbers: Summary, settings: Mapping[str, Any]) -> tuple[float, float | None, float | None]:
    line, errors = settings.get("line", "mean"), settings.get("errors", "std")
    value = numbers.of(line) if line in _LINES else numbers.mean
    if errors == "minmax":
        return value, numbers.min, numbers.max
    if errors not in _BARS:
        return value, None, None
    half = numbers.of(errors)
    return value, numbers.mean - half, numbers.mean + half


def _labelled(found: Sequence[_Bar], column: Column, width: int) -> list[dict[str, Any]]:
    """The rows of bars with their numbers as texts, where these stand, and how far the axis goes for them."""
    ends = [_end(bar) for bar in found]
    span = max(0.0, *ends) - min(0.0, *ends)
    texts = [number(bar.value, 4) if column.kind == "number" else shown(bar.value, column.kind) for bar in found]
    room = 8 + _LETTER * max(map(len, texts))
    names = min(_NAMES, 15 + _LETTER * max(len(bar.entity.label) for bar in found))
    plot = width - names - room
    share = 0.0 if plot < _LEAST_PLOT else room / plot
    return [
        {
            "at": at,
            "value": bar.value,
            "low": bar.low,
            "high": bar.high,
            "end": ends[at],
            "reach": ends[at] + (-1 if bar.value < 0 else 1) * share * span,
            "text": texts[at],
            "colour": bar.entity.colour,
        }
        for at, bar in enumerate(found)
    ]


def _end(bar: _Bar) -> float:
    if bar.n < 2 or bar.low is None or bar.high is None:
        return bar.value
    return min(bar.value, bar.low) if bar.value < 0 else max(bar.value, bar.high)


def _title(column: Column, settings: Mapping[str, Any], grouped: bool) -> str:
    extreme = _EXTREMES.get(settings.get("value", ""))
    value = f"{extreme} {column.axis}" if extreme else column.axis
    return f"{value}, {_LINES.get(settings.get('line', ''), 'mean')}" if grouped else value


def _table(found: Sequence[_Bar], column: Column, grouped: bool) -> Table:
    if not grouped:
        return Table(("Run", column.label), tuple((bar.entity.label, bar.value) for bar in found))
    rows = (
        (bar.entity.label, bar.value, *((bar.low, bar.high) if bar.n > 1 else (None, None)), bar.n) for bar in found
    )
    return Table(("Group", column.label, "low", "high", "n"), tuple(rows))
