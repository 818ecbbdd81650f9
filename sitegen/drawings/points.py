"""Points: two numbers of each run against each other, a third as colour, and the line of those that none is better
than (`kind-scatter.js`)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sitegen.drawings import theme
from sitegen.drawings.columns import Column
from sitegen.drawings.drawing import Chart, Drawing, Legend, Table, filled
from sitegen.drawings.groups import NONE, Entity, Scene
from sitegen.drawings.numbers import pareto, summary
from sitegen.drawings.subject import Panel, column_of, meaning, nothing
from sitegen.drawings.wording import shown

_MOST: Final = 20_000
_GOALS: Final = ("min-min", "min-max", "max-min", "max-max")
_STOPS: Final = (0, 0.25, 0.5, 0.75, 1)


@dataclass(frozen=True, slots=True)
class _Point:
    entity: Entity
    x: float
    y: float
    z: Any = None


def points(scene: Scene, panel: Panel) -> Drawing:
    x, y = column_of(scene, panel.set, "x"), column_of(scene, panel.set, "y")
    z = scene.columns.get(str(panel.set.get("z", "")))
    found = _points(scene, panel, x, y, z)
    if not found:
        raise nothing(x, y)
    few = found[:_MOST]
    colour, legend = _colouring(z, few) if z else (None, meaning(scene))
    stretch = 1000 if x.kind == "time" else 1
    rows = [
        {"at": at, "x": each.x * stretch, "y": each.y, "colour": colour(each.z) if colour else each.entity.colour}
        for at, each in enumerate(few)
    ]
    goals = panel.set.get("pareto")
    front = pareto([(each.x, each.y) for each in found], goals) if goals in _GOALS else []
    data = {"points": rows, "front": [rows[at] for at in front if at < len(rows)]}
    signals = {"xtitle": x.axis, "ytitle": y.axis}
    name = f"scatter-{_axis(x, panel)}-{'log' if panel.set.get('ylog') else 'linear'}"
    chart = Chart(name, signals, data, panel.width, panel.height, legend)
    return Drawing(panel.title, filled(chart), _table(scene, panel, found, (x, y, z), set(front)))


def _axis(x: Column, panel: Panel) -> str:
    return "time" if x.kind == "time" else "log" if panel.set.get("xlog") else "linear"


def _points(scene: Scene, panel: Panel, x: Column, y: Column, z: Column | None) -> list[_Point]:
    """One a run, or one a group at its means; without those that a log axis has no place for."""
    if panel.set.get("means") and scene.groups is not None:
        entities = scene.groups
    else:
        colours = scene.run_colours
        entities = tuple(Entity(scene.names[run], colours[run], (run,)) for run in colours)
    found = []
    for each in entities:
        across, up = _mean(x, each.runs), _mean(y, each.runs)
        if across is None or up is None:
            continue
        if (panel.set.get("xlog") and across <= 0) or (panel.set.get("ylog") and up <= 0):
            continue
        found.append(_Point(each, across, up, _third(z, each.runs) if z else None))
    return found


def _mean(column: Column, runs: Sequence[int]) -> float | None:
    found = summary(column.numbers(runs))
    return None if found is None else found.mean


def _third(column: Column, runs: Sequence[int]) -> Any:
    return _mean(column, runs) if column.is_numeric else shown(column.values[runs[0]]) or NONE


def _colouring(z: Column, found: Sequence[_Point]) -> tuple[Callable[[Any], str], Legend]:
    """The colours of the third column: along a ramp for numbers, one a value for others."""
    if not z.is_numeric:
        known = list(dict.fromkeys(each.z for each in found))
        colours = {value: theme.colour(at) for at, value in enumerate(known)}
        return colours.__getitem__, Legend(tuple((str(value), colours[value]) for value in known), z.label)
    numbers = summary([each.z for each in found if each.z is not None])
    low, high = (numbers.min, numbers.max) if numbers else (0.0, 0.0)

    def of(value: float | None) -> str:
        if value is None:
            return theme.none()
        return theme.ramp(value / (high - low) - low / (high - low) if high > low else 1)

    stops = tuple((shown(low + (high - low) * share, z.kind), theme.ramp(share)) for share in _STOPS)
    return of, Legend(stops if high > low else stops[-1:], z.label)


def _table(
    scene: Scene, panel: Panel, found: Sequence[_Point], columns: tuple[Column, Column, Column | None], front: set[int]
) -> Table:
    x, y, z = columns
    has_goal = bool(panel.set.get("pareto"))
    means = panel.set.get("means") and scene.groups is not None
    heads = ("Group" if means else "Run", x.label, y.label, *([z.label] if z else []))
    rows = (
        (each.entity.label, each.x, each.y, *([each.z] if z else []), *(["yes" if at in front else ""] * has_goal))
        for at, each in enumerate(found)
    )
    return Table((*heads, *(["On the Pareto line"] * has_goal)), tuple(rows))
