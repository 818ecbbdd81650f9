"""Parallel coordinates: a line a run over one axis a column (`kind-parallel.js`, `parallel-axes.js`)."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sitegen.drawings import theme
from sitegen.drawings.columns import Column
from sitegen.drawings.drawing import Chart, Drawing, Table, UndrawableError, filled
from sitegen.drawings.groups import Scene, natural
from sitegen.drawings.subject import Panel
from sitegen.drawings.ticks import rounds
from sitegen.drawings.wording import clipped, shown

_MOST_AXES: Final = 16
_MOST_VALUES: Final = 6
_MOST_CATEGORIES: Final = 40
_PER_AXIS: Final = 110
_HEIGHT: Final = 320
# Where a run without a value stands, below its axis.
_MISSING: Final = -0.08
_NOBODY: Final = "#888"
# Two labels of one axis, as shares of a picture's height.
_APART: Final = 0.045


@dataclass(frozen=True, slots=True)
class _Axis:
    """Where values stand between 0 and 1; None where a run has none."""

    column: Column
    share: Callable[[int], float | None]
    ticks: tuple[tuple[float, str], ...]
    is_category: bool


def coordinates(scene: Scene, panel: Panel) -> Drawing:
    """The panel. Raises `UndrawableError` where fewer than two of its columns are there."""
    columns = [scene.columns[key] for key in panel.set.get("columns", ()) if key in scene.columns][:_MOST_AXES]
    if len(columns) < 2:
        raise UndrawableError("needs at least two columns that its runs have")
    logs, flips = set(panel.set.get("log", ())), set(panel.set.get("flips", ()))
    runs = sorted(scene.charted)
    axes = [_axis(column, runs, is_log=column.key in logs, is_flipped=column.key in flips) for column in columns]
    colour = _colours(scene, panel, axes[-1], flipped=columns[-1].key in flips)
    lines = [
        {"run": scene.project.runs[run].id, "axis": at, "share": _placed(axis.share(run)), "colour": colour(run)}
        for run in runs
        for at, axis in enumerate(axes)
    ]
    missing = [at for at, axis in enumerate(axes) if any(axis.share(run) is None for run in runs)]
    ticks = [
        *({"axis": at, "share": share, "label": label} for at, axis in enumerate(axes) for share, label in axis.ticks),
        *({"axis": at, "share": _MISSING, "label": "none"} for at in missing),
    ]
    width = max(panel.width, _PER_AXIS * len(axes))
    room = max(_PER_AXIS, width / len(axes) - 10)
    labels = [clipped(column.label, room) for column in columns]
    data = {"lines": lines, "ticks": ticks}
    spec = filled(Chart("parallel", {"labels": labels}, data, width, max(_HEIGHT, panel.height)))
    heads = ("Run", *(column.label for column in columns))
    rows = ((scene.names[run], *(column.values[run] for column in columns)) for run in scene.charted)
    return Drawing(panel.title, spec, Table(heads, tuple(rows)))


def _placed(share: float | None) -> float:
    return _MISSING if share is None else share


def _colours(scene: Scene, panel: Panel, last: _Axis, *, flipped: bool) -> Callable[[int], str]:
    """A run's own colour, or that of its value on the last axis."""
    if panel.set.get("colour") == "run":
        return lambda run: scene.run_colours.get(run, _NOBODY)
    places = {label: at for at, (_, label) in enumerate(last.ticks)}

    def of(run: int) -> str:
        share = last.share(run)
        if share is None:
            return _NOBODY
        if last.is_category:
            return theme.colour(places.get(shown(last.column.values[run], last.column.kind), 0))
        return theme.ramp(1 - share if flipped else share)

    return of


def _axis(column: Column, runs: Sequence[int], *, is_log: bool, is_flipped: bool) -> _Axis:
    axis = _numeric(column, runs, is_log=is_log) if column.is_numeric else _categories(column, runs)
    if not is_flipped:
        return axis

    def turned(run: int) -> float | None:
        share = axis.share(run)
        return None if share is None else 1 - share

    return _Axis(column, turned, tuple((1 - share, label) for share, label in axis.ticks), axis.is_category)


def _numeric(column: Column, runs: Sequence[int], *, is_log: bool) -> _Axis:
    numbers = [value for value in column.numbers(runs) if not is_log or value > 0]
    low, high = (min(numbers), max(numbers)) if numbers else (1.0, 10.0) if is_log else (0.0, 1.0)
    into: Callable[[float], float] = math.log if is_log else float
    size = into(high) - into(low)

    def share_of(value: float | None) -> float | None:
        if value is None or (is_log and value <= 0):
            return None
        return (into(value) - into(low)) / size if size else 0.5

    values = _ticks(low, high, column, sorted(set(numbers)), is_log=is_log)
    placed = [(_placed(share_of(value)), shown(value, column.kind)) for value in values]
    return _Axis(column, lambda run: share_of(column.number(run)), tuple(_spread(placed)), is_category=False)


def _ticks(low: float, high: float, column: Column, values: Sequence[float], *, is_log: bool) -> list[float]:
    """Few values themselves; else both ends, and round numbers between them that are not too near to an end."""
    if low == high:
        return [low]
    if len(values) <= _MOST_VALUES and column.kind == "number":
        return list(values)
    if column.kind == "time":
        return [low, (low + high) / 2, high]
    into: Callable[[float], float] = math.log if is_log else float
    span = into(high) - into(low)
    between = _decades(low, high) if is_log else rounds(low, high)
    far = [each for each in between if min(into(each) - into(low), into(high) - into(each)) > 0.09 * span]
    return [low, *far, high]


def _decades(low: float, high: float) -> Iterator[float]:
    """Powers of ten; over less than two of them their double and fivefold, too."""
    parts = (1, 2, 5) if high / low < 100 else (1,)
    for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1):
        yield from (part * 10.0**power for part in parts if low <= part * 10.0**power <= high)


def _spread(ticks: Sequence[tuple[float, str]]) -> Iterator[tuple[float, str]]:
    """The labels that stand clear of the one below, both ends before others."""
    kept: list[float] = []
    ends = sorted(ticks, key=lambda tick: tick[0])
    for share, label in [*ends[:1], *ends[:0:-1]]:
        if all(abs(share - other) >= _APART for other in kept):
            kept.append(share)
            yield share, label


def _categories(column: Column, runs: Sequence[int]) -> _Axis:
    texts = {run: shown(column.values[run], column.kind) for run in runs}
    every = sorted({text for text in texts.values() if text}, key=natural)
    places = {text: at / (len(every) - 1) if len(every) > 1 else 0.5 for at, text in enumerate(every)}
    step = math.ceil(len(every) / _MOST_CATEGORIES) or 1
    ticks = tuple((places[text], text) for text in every[::step])

    def share(run: int) -> float | None:
        return places.get(texts.get(run, ""))

    return _Axis(column, share, ticks, is_category=True)
