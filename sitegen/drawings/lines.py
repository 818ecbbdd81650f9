"""Lines over x: the metrics of a panel for each run or each group, smoothed and with bands (`lines.js`)."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import numpy as np

from sitegen.data.bands import AGGREGATES, SHADES, SMOOTHERS
from sitegen.data.groups import Curve, Points, group_curve
from sitegen.data.matching import matching
from sitegen.data.series import Floats, Series
from sitegen.data.smoothing import smooth
from sitegen.drawings import theme
from sitegen.drawings.drawing import Drawing, Legend, Spec, Table, UndrawableError, keys
from sitegen.drawings.groups import Entity, Scene
from sitegen.drawings.subject import Panel
from sitegen.drawings.wording import plain

_AXES: Final = {"_step": "Step", "_runtime": "Relative time", "_timestamp": "Wall time"}
_MOST_METRICS: Final = 50
_MOST: Final = 100
_DASHES: Final = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3])
_SCHEMA: Final = "https://vega.github.io/schema/vega-lite/v6.json"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a panel: what it is called, how it looks, and its points."""

    label: str
    colour: str
    dash: int
    curve: Curve


@dataclass(frozen=True, slots=True)
class _Axis:
    """The x of a panel: its key, whether it has the times of a wall clock, what stands at it."""

    key: str
    title: str

    @property
    def is_time(self) -> bool:
        return self.key == "_timestamp"


def lines(scene: Scene, panel: Panel) -> Drawing:
    """The panel. Raises `UndrawableError` for a formula, and where no run logged what it shows."""
    if panel.set.get("formula"):
        raise UndrawableError("a chart of a formula is computed by its page alone; export its metrics by themselves")
    scene = scene.grouped(panel.set.get("group"))
    metrics = _metrics(panel)
    axis = _axis(panel)
    drawn = [line for at, key in enumerate(metrics) for line in _lines(scene, panel, axis, key, at, len(metrics) > 1)]
    if not drawn:
        raise UndrawableError(f"none of its runs logged {', '.join(metrics) or 'such a metric'}")
    label = panel.title or ", ".join(metrics)
    return Drawing(panel.title, _spec(drawn, panel, axis, label), _table(drawn, panel, axis, label))


def _metrics(panel: Panel) -> list[str]:
    wanted = set(panel.set.get("metrics") or ())
    pattern = panel.set.get("pattern")
    if pattern:
        wanted |= set(matching(panel.metrics, str(pattern)))
    return [key for key in panel.metrics if key in wanted][:_MOST_METRICS]


def _axis(panel: Panel) -> _Axis:
    key = str(panel.set.get("x") or "_step")
    return _Axis(key, _AXES.get(key, key))


def _lines(scene: Scene, panel: Panel, axis: _Axis, key: str, at: int, beside: bool) -> Iterator[Line]:
    """The lines of one metric: a line a group, or a run, in the order of the figure, no more than the panel says."""
    series = panel.series(key)
    if series is None:
        return
    xs = _xs(series, axis, panel)
    if xs is None:
        return
    points = _by_run(series, xs)
    if not any(np.isfinite(each.xs).any() for each in points.values()):
        return
    few = [each for each in scene.ordered if any(run in points for run in each.runs)][: _most(panel)]
    for each in few:
        own = [points[run] for run in each.runs if run in points]
        curve = _curve(own, panel, is_group=scene.groups is not None)
        if curve.xs.size:
            yield Line(_named(scene, panel, each, key, beside), each.colour, at % len(_DASHES), curve)


def _most(panel: Panel) -> int | None:
    given = str(panel.set.get("most") or _MOST)
    return None if given == "all" else int(given)


def _xs(series: Series, axis: _Axis, panel: Panel) -> Floats | None:
    if axis.key == "_step":
        return series.step
    if axis.key in _AXES:
        return series.runtime if axis.key == "_runtime" else series.timestamp
    if axis.key == "defined":
        return series.axis if series.axis is not None else series.step
    other = panel.series(axis.key)
    return None if other is None else _over(series, other)


def _over(series: Series, other: Series) -> Floats:
    """The value of another metric at each point: at its step, else the last before it in its run; NaN without one."""
    found = np.full(series.step.size, math.nan)
    theirs = _by_run(other, other.step)
    starts = series.starts()
    for run, start, count in zip(series.runs.tolist(), starts.tolist(), series.counts.tolist(), strict=True):
        if run not in theirs:
            continue
        own = slice(start, start + count)
        at = np.searchsorted(theirs[run].xs, series.step[own], "right")
        found[own][at > 0] = theirs[run].ys[at[at > 0] - 1]
    return found


def _by_run(series: Series, xs: Floats) -> dict[int, Points]:
    parts = zip(series.runs.tolist(), series.starts().tolist(), series.counts.tolist(), strict=True)
    return {
        run: Points(np.where(np.isfinite(xs[start : start + count]), xs[start : start + count], math.nan),
                    series.y[start : start + count])
        for run, start, count in parts
    }  # fmt: skip


def _curve(runs: Sequence[Points], panel: Panel, *, is_group: bool) -> Curve:
    settings = panel.set
    if is_group:
        agg = _chosen(settings, "agg", AGGREGATES, "mean")
        shade = _chosen(settings, "shade", SHADES, "std")
        found = group_curve(runs, agg, shade)
    else:
        run = _in_order(runs[0])
        found = Curve(run.xs, run.ys, None, None, np.ones(run.xs.size))
    weight = float(settings.get("smooth") or 0)
    smoother = _chosen(settings, "smoother", SMOOTHERS, "ema")

    def smoothed(values: Floats | None) -> Floats | None:
        return None if values is None else smooth(found.xs, values, weight, smoother)

    ys = smooth(found.xs, found.ys, weight, smoother)
    return Curve(found.xs, ys, smoothed(found.lo), smoothed(found.hi), found.n)


def _in_order(run: Points) -> Points:
    """All points of a run by their x: of several at one x none is lost. Those without an x are left out."""
    order = np.argsort(run.xs, kind="stable")
    order = order[~np.isnan(run.xs[order])]
    return Points(run.xs[order], run.ys[order])


Word = TypeVar("Word", bound=str)


def _chosen(settings: Mapping[str, Any], key: str, words: tuple[Word, ...], usual: Word) -> Word:
    return next((word for word in words if word == settings.get(key)), usual)


def _named(scene: Scene, panel: Panel, each: Entity, key: str, beside: bool) -> str:
    template = panel.set.get("legend")
    if template:
        return _in_template(str(template), scene, each, key)
    return f"{each.label} · {key}" if beside else each.label


def _in_template(template: str, scene: Scene, each: Entity, metric: str) -> str:
    """`${run.name}`, `${config.lr}`, `${metric}`; of a group what its runs have in common, else "*"."""
    parts = template.split("${")
    made = [parts[0]]
    for part in parts[1:]:
        name, closed, rest = part.partition("}")
        made.append(f"{_value(name, scene, each, metric)}{rest}" if closed else f"${{{part}")
    return "".join(made)


def _value(name: str, scene: Scene, each: Entity, metric: str) -> str:
    if name == "metric":
        return metric
    if name in ("name", "run.name", "group.name"):
        return each.label
    column = scene.columns.get(name) or scene.columns.get(name.removeprefix("run."))
    values = {plain(column.values[run]) for run in each.runs} if column else {""}
    return values.pop() if len(values) == 1 else "*"


def _window(panel: Panel, name: str) -> tuple[float, float]:
    low, high = panel.set.get(f"{name}0"), panel.set.get(f"{name}1")
    return (-math.inf if low is None else float(low), math.inf if high is None else float(high))


def _table(drawn: Sequence[Line], panel: Panel, axis: _Axis, label: str) -> Table:
    """Every point that is drawn; the columns of bands and of groups' sizes only where there are any."""
    low, high = _window(panel, "x")
    rows = [
        (line.label, *point)
        for line in drawn
        for point in _points(line.curve)
        if low <= point[0] <= high and math.isfinite(point[1])
    ]
    heads = ("Line", axis.title, label, "Low", "High", "Runs")
    used = [at for at in range(len(heads)) if at < 3 or any(row[at] is not None for row in rows)]
    return Table(tuple(heads[at] for at in used), tuple(tuple(row[at] for at in used) for row in rows))


def _points(curve: Curve) -> Iterator[tuple[float, float, float | None, float | None, int | None]]:
    lo = curve.lo.tolist() if curve.lo is not None else [None] * curve.xs.size
    hi = curve.hi.tolist() if curve.hi is not None else [None] * curve.xs.size
    single = bool((curve.n <= 1).all()) and curve.lo is None
    counts = [None] * curve.xs.size if single else curve.n.astype(int).tolist()
    yield from zip(curve.xs.tolist(), curve.ys.tolist(), lo, hi, counts, strict=True)


def _spec(drawn: Sequence[Line], panel: Panel, axis: _Axis, label: str) -> Spec:
    """The panel as Vega-Lite: bands, and lines above them."""
    logs = {name: panel.set.get(f"{name}log") in ("yes", True) for name in ("x", "y")}
    rows = [row for at, line in enumerate(drawn) for row in _rows(at, line, panel, axis, logs)]
    x = {"field": "x", **_scaled(panel, "x", logs["x"], axis.title)}
    y = {"field": "y", **_scaled(panel, "y", logs["y"], label if not panel.title else None)}
    if axis.is_time:
        x["type"], x["scale"] = "temporal", {}
    own = {"field": "colour", "type": "nominal", "scale": None}
    dash = {
        "field": "dash",
        "type": "nominal",
        "scale": {"domain": [0, 1, 2, 3], "range": list(_DASHES)},
        "legend": None,
    }
    band = {
        "mark": {"type": "area", "opacity": 0.18, "clip": True},
        "encoding": {
            "x": x,
            "y": {**y, "field": "low"},
            "y2": {"field": "high"},
            "color": own,
            "detail": {"field": "line"},
        },
    }
    line = {
        "mark": {"type": "line", "clip": True, "strokeWidth": 1.5, "invalid": "break-paths-show-path-domains"},
        "encoding": {"x": x, "y": y, "color": own, "strokeDash": dash, "detail": {"field": "line"}},
    }
    items = tuple(dict.fromkeys((each.label, each.colour) for each in drawn))
    layers = [*([band] if any(each.curve.lo is not None for each in drawn) else []), line]
    return {
        "$schema": _SCHEMA,
        "width": panel.width - 70,
        "height": panel.height - 40,
        "background": theme.inks()["paper"],
        "data": {"values": rows},
        "layer": [*layers, *([keys(Legend(items), panel.width)] if len(items) > 1 else [])],
        "config": _look(),
    }


def _scaled(panel: Panel, name: str, is_log: bool, title: str | None) -> dict[str, Any]:
    low, high = _window(panel, name)
    scale: dict[str, Any] = {"nice": False, "zero": False, **({"type": "log"} if is_log else {})}
    if is_log:
        del scale["zero"]
    if math.isfinite(low):
        scale["domainMin"] = low
    if math.isfinite(high):
        scale["domainMax"] = high
    return {"type": "quantitative", "title": title, "scale": scale}


def _rows(
    at: int, line: Line, panel: Panel, axis: _Axis, logs: Mapping[str, bool]
) -> Iterator[dict[str, float | int | str | None]]:
    low, high = _window(panel, "x")
    stretch = 1000.0 if axis.is_time else 1.0

    def shown(value: float | None) -> float | None:
        fits = value is not None and math.isfinite(value) and (value > 0 or not logs["y"])
        return value if fits else None

    for x, y, lo, hi, _ in _points(line.curve):
        if low <= x <= high and not (logs["x"] and x <= 0):
            row: dict[str, float | int | str | None] = {"line": at, "x": x * stretch, "y": shown(y)}
            yield {**row, "low": shown(lo), "high": shown(hi), "colour": line.colour, "dash": line.dash}


def _look() -> Spec:
    ink = theme.inks()
    words = {"labelColor": ink["ink"], "titleColor": ink["ink"], "labelFont": ink["font"], "titleFont": ink["font"]}
    rules = {"gridColor": ink["rule"], "domainColor": ink["rule"], "tickColor": ink["rule"]}
    return {"axis": {**words, **rules, "titleFontWeight": "normal"}, "view": {"stroke": None}}
