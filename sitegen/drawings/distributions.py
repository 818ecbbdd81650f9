"""How a number is spread over the runs: a histogram stacked by group, and a box for each group
(`kind-distribution.js`)."""

from dataclasses import dataclass
from typing import Any, Final

from sitegen.drawings import theme
from sitegen.drawings.columns import Column
from sitegen.drawings.drawing import Chart, Drawing, Legend, Table, filled
from sitegen.drawings.groups import Entity, Scene
from sitegen.drawings.numbers import box, counts, edges
from sitegen.drawings.subject import Panel, column_of, nothing

_MOST_DOTS: Final = 2000
_MOST_BOXES: Final = 60
_PER_BOX: Final = 30
_ROOM: Final = 46


@dataclass(frozen=True, slots=True)
class _Sample:
    """The runs of a group that have a number, and their numbers."""

    entity: Entity
    runs: tuple[int, ...]
    values: tuple[float, ...]


def _samples(scene: Scene, column: Column) -> list[_Sample]:
    """Those of each group, or of all runs together. Raises `UndrawableError` where there is none."""
    parts = scene.groups if scene.groups is not None else (Entity("All runs", theme.colour(0), scene.charted),)
    found = []
    for part in parts:
        known = [(run, value) for run in part.runs if (value := column.number(run)) is not None]
        if known:
            found.append(_Sample(part, tuple(run for run, _ in known), tuple(value for _, value in known)))
    if not found:
        raise nothing(column)
    return found


def histogram(scene: Scene, panel: Panel) -> Drawing:
    column = column_of(scene, panel.set, "column")
    parts = _samples(scene, column)
    bounds = edges([value for part in parts for value in part.values], _count(panel))
    counted = [counts(part.values, bounds) for part in parts]
    signals = {"xtitle": column.axis, "ytitle": "Runs"}
    legend = Legend(tuple((part.entity.label, part.entity.colour) for part in parts)) if scene.groups else None
    chart = Chart("histogram", signals, {"bins": _stacked(parts, counted, bounds)}, panel.width, panel.height, legend)
    rows = ((bounds[at], high, *(own[at] for own in counted)) for at, high in enumerate(bounds[1:]))
    heads = (f"{column.label} from", "below", *(part.entity.label for part in parts))
    return Drawing(panel.title, filled(chart), Table(heads, tuple(rows)))


def _count(panel: Panel) -> int | None:
    given = panel.set.get("bins")
    return int(given) if given else None


def _stacked(parts: list[_Sample], counted: list[list[int]], bounds: list[float]) -> list[dict[str, Any]]:
    tops = [0] * (len(bounds) - 1)
    rows = []
    for part, own in zip(parts, counted, strict=True):
        for at, count in enumerate(own):
            if count:
                edge = {"x0": bounds[at], "x1": bounds[at + 1], "y0": tops[at], "y1": tops[at] + count}
                rows.append({**edge, "colour": part.entity.colour})
                tops[at] += count
    return rows


def boxes(scene: Scene, panel: Panel) -> Drawing:
    column = column_of(scene, panel.set, "column")
    parts = _samples(scene, column)
    found = [box(part.values) for part in parts]
    few = list(zip(parts, found, strict=True))[:_MOST_BOXES]
    rows = [
        {
            "at": at,
            "from": each.start,
            "low": each.low,
            "median": each.median,
            "high": each.high,
            "to": each.end,
            "colour": part.entity.colour,
        }
        for at, (part, each) in enumerate(few)
    ]
    dots = [
        {"at": at, "value": value, "colour": part.entity.colour}
        for at, (part, each) in enumerate(few)
        for value in part.values
        if panel.set.get("dots", True) or value in each.outliers
    ]
    labels = [f"{part.entity.label} ({len(part.values)})" for part, _ in few]
    data = {"boxes": rows, "dots": dots[:_MOST_DOTS]}
    height = max(panel.height, len(few) * _PER_BOX + _ROOM)
    chart = Chart("box", {"labels": labels, "xtitle": column.axis}, data, panel.width, height)
    heads = (
        "Group" if scene.groups is not None else "Runs",
        *("n", "lower whisker", "lower quartile", "median", "upper quartile", "upper whisker", "outliers"),
    )
    table = (
        (part.entity.label, each.n, each.start, each.low, each.median, each.high, each.end, len(each.outliers))
        for part, each in zip(parts, found, strict=True)
    )
    return Drawing(panel.title, filled(chart), Table(heads, tuple(table)))
