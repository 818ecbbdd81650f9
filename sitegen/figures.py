"""A chart of the workspace as a figure for a paper: Altair authors it, vl-convert writes it, no browser takes part."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, Literal

import altair as alt
import numpy as np

from runstore.errors import UsageError
from runstore.reading.columns import Columns, spelled
from runstore.reading.query import select
from runstore.reading.store import Project, RunRecord
from sitegen.assets import templates_dir
from sitegen.data.bands import Aggregate, Shade, Smoother
from sitegen.data.groups import Curve, Points, ascending, group_curve
from sitegen.data.series import Floats, Rows, axis_values, metric_rows
from sitegen.data.smoothing import smooth
from sitegen.pages.values import told_apart

Theme = Literal["light", "dark"]
Plot = alt.LayerChart | alt.FacetChart
Chart = Plot | alt.ConcatChart
KINDS: Final = ("svg", "png", "pdf", "json")
_AXES: Final = {"_step": "Step", "_runtime": "Time since the start (s)", "_timestamp": "Time"}
_MOST_NAMED: Final = 30
_FETCHES_NOTHING: Final[dict[str, Any]] = {"allowed_base_urls": []}
_MOST_BESIDE: Final = 3
_INKS: Final[Mapping[Theme, tuple[str, str, str]]] = {
    "light": ("#ffffff", "#333333", "#dddddd"),
    "dark": ("#181c24", "#d5dae4", "#2a303c"),
}


@dataclass(frozen=True, slots=True)
class Figure:
    """What a figure shows. Without a `group` each run is a line; `x` is an axis or a metric; `smooth` below 1.

    `width` and `height` are those of one plot, in pixels; there is one for each metric, side by side.
    """

    metrics: Sequence[str]
    group: str | None = None
    agg: Aggregate = "mean"
    shade: Shade = "std"
    smooth: float = 0.0
    smoother: Smoother = "ema"
    where: str | None = None
    x: str = "_step"
    log: bool = False
    width: int = 360
    height: int = 240
    theme: Theme = "light"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a figure: a run's, or a group's. `rank` decides its colour, as on the site's pages."""

    metric: str
    label: str
    rank: int
    curve: Curve


@dataclass(frozen=True, slots=True)
class _Member:
    """Runs of one line, by their indices in the project."""

    label: str
    rank: int
    runs: list[int] = field(default_factory=list)


def figure_lines(project: Project, figure: Figure) -> list[Line]:
    """The lines of a figure, metric by metric, each in the order of the ranks.

    Raises `UsageError` for a metric, column or filter that does not fit the project.
    """
    rows = _metric_rows(project, figure)
    chosen = {run.id for run in select(project.runs, figure.where)}
    members = _members(project.runs, figure.group, chosen)
    lines = []
    for metric in figure.metrics:
        points = _points(rows[metric], figure, rows.get(figure.x))
        for member in members:
            own = [points[run] for run in member.runs if run in points]
            curve = _curve(own, figure) if own else None
            if curve is not None and curve.xs.size:
                lines.append(Line(metric, member.label, member.rank, curve))
    if not lines:
        raise UsageError(f"{project.name}: no run that was chosen logged {', '.join(figure.metrics)}; choose others")
    return lines


def _metric_rows(project: Project, figure: Figure) -> dict[str, Rows]:
    wanted = {*figure.metrics, figure.x}
    found, known = {}, []
    for key, rows in metric_rows(project.history()):
        known.append(key)
        if key in wanted:
            found[key] = rows
    for key in wanted - set(found) - set(_AXES):
        near = ", ".join(get_close_matches(key, known, cutoff=0.4) or known[:5]) or "no metric yet"
        raise UsageError(f"{project.name}: found no metric {key!r}; there is {near}")
    return found


def _members(runs: Sequence[RunRecord], group: str | None, chosen: set[str]) -> list[_Member]:
    """Runs or groups in the order in which they first appeared: ranks are those of all runs, chosen or not."""
    if group is None:
        return [
            _Member(runs[at].name, len(runs) - 1 - at, [at])
            for at in range(len(runs) - 1, -1, -1)
            if runs[at].id in chosen
        ]
    columns = Columns(runs)
    name = columns.check(group)
    values = columns.values(name)
    if name == "tags":  # No tags are as good as none.
        values = [", ".join(tags) or None for tags in values]
    labels = told_apart(values, spelled)
    found: dict[str, _Member] = {}
    for at in range(len(runs) - 1, -1, -1):
        member = found.setdefault(labels[at], _Member(labels[at], len(found)))
        if runs[at].id in chosen:
            member.runs.append(at)
    return [member for member in found.values() if member.runs]


def _points(rows: Rows, figure: Figure, axis: Rows | None) -> dict[int, Points]:
    """The points of each run that logged a metric, by its index."""
    if axis is not None:
        xs = axis_values(rows, axis)
    else:
        xs = {"_step": rows.step, "_runtime": rows.runtime, "_timestamp": rows.timestamp}[figure.x]
    ys = np.where(np.isfinite(rows.value), rows.value, math.nan)
    xs = np.where(np.isfinite(xs), xs, math.nan)
    begins = np.flatnonzero(np.diff(rows.run, prepend=-1))
    ends = np.append(begins[1:], rows.run.size)
    parts = zip(begins.tolist(), ends.tolist(), strict=True)
    return {int(rows.run[begin]): Points(xs[begin:end], ys[begin:end]) for begin, end in parts}


def _curve(runs: Sequence[Points], figure: Figure) -> Curve:
    if figure.group is None:
        run = ascending(runs[0])
        found = Curve(run.xs, run.ys, None, None, np.ones(run.xs.size))
    else:
        found = group_curve(runs, figure.agg, figure.shade)

    def smoothed(values: Floats) -> Floats:
        return smooth(found.xs, values, figure.smooth, figure.smoother)

    lo, hi = (None if edge is None else smoothed(edge) for edge in (found.lo, found.hi))
    return Curve(found.xs, smoothed(found.ys), lo, hi, found.n)


def figure_chart(lines: Sequence[Line], figure: Figure) -> Chart:
    """The figure as Altair has it: a plot a metric, with one legend."""
    paper, ink, rule = _INKS[figure.theme]
    colours = _colours(figure.theme)
    ranks = {line.label: line.rank for line in lines}
    labels = sorted(ranks, key=_natural)
    scale = alt.Scale(domain=labels, range=[colours[ranks[label] % len(colours)] for label in labels])
    symbols: dict[str, Any] = {
        "symbolLimit": _MOST_NAMED,
        "symbolOpacity": 1,
        "symbolType": "stroke",
        "symbolStrokeWidth": 2,
    }
    legend = alt.Legend(title=figure.group, labelLimit=240, **symbols) if len(labels) > 1 else None
    colour = alt.Color("label:N", scale=scale, legend=legend)
    plots = [
        _plot([line for line in lines if line.metric == metric], metric, figure, colour) for metric in figure.metrics
    ]
    chart: Chart = plots[0] if len(plots) == 1 else alt.concat(*plots, columns=_MOST_BESIDE)
    axes: dict[str, Any] = {
        "labelColor": ink,
        "titleColor": ink,
        "gridColor": rule,
        "domainColor": ink,
        "tickColor": ink,
    }
    styled: Chart = (
        chart.configure(background=paper)
        .configure_axis(titleFontWeight="normal", **axes)
        .configure_view(stroke=None)
        .configure_legend(labelColor=ink, titleColor=ink, titleFontWeight="normal")
    )
    return styled


def _natural(label: str) -> list[tuple[bool, float, str]]:
    """The order of texts with numbers in them: `lr0.03` before `lr0.3`, `fold 9` before `fold 10`."""
    parts = re.split(r"(\d+(?:\.\d+)?)", label)
    return [(bool(at % 2), float(part) if at % 2 else 0.0, part) for at, part in enumerate(parts)]


def _plot(lines: Sequence[Line], metric: str, figure: Figure, colour: alt.Color) -> Plot:
    moments = figure.x == "_timestamp"
    rows = [row for line in lines for row in _rows(line, figure, 1000.0 if moments else 1.0)]
    base = alt.Chart(alt.InlineData(rows)).encode(
        x=alt.X("x:T" if moments else "x:Q", title=_AXES.get(figure.x, figure.x), scale=alt.Scale(nice=False)),
        color=colour,
    )
    scale = alt.Scale(type="log", nice=False) if figure.log else alt.Scale(zero=False)
    layers = []
    if any(line.curve.lo is not None for line in lines):
        band = base.transform_filter("isValid(datum.lo) && isValid(datum.hi)").mark_area(opacity=0.2)
        layers.append(band.encode(y=alt.Y("lo:Q", title=metric, scale=scale), y2="hi:Q"))
    line = base.mark_line(strokeWidth=1.5, invalid="break-paths-filter-domains")
    layers.append(line.encode(y=alt.Y("y:Q", title=metric, scale=scale)))
    alone = base.transform_filter("datum.alone").mark_point(filled=True, size=40)
    layers.append(alone.encode(y=alt.Y("y:Q", title=metric, scale=scale)))
    plot: Plot = alt.layer(*layers).properties(width=figure.width, height=figure.height)
    return plot


def _rows(line: Line, figure: Figure, factor: float) -> list[dict[str, Any]]:
    """A line's points as a chart takes them, thinned to what its width can show; None for what has no place in it."""
    curve = line.curve
    kept = thinned(curve, figure.width)
    lo, hi = (np.full(curve.xs.size, math.nan) if edge is None else edge for edge in (curve.lo, curve.hi))

    def shown(value: float) -> float | None:
        return value if math.isfinite(value) and (value > 0 or not figure.log) else None

    return [
        {
            "label": line.label,
            "x": float(curve.xs[at]) * factor,
            "y": shown(float(curve.ys[at])),
            "lo": shown(float(lo[at])),
            "hi": shown(float(hi[at])),
            "n": int(curve.n[at]),
            "alone": bool(curve.xs.size == 1),
        }
        for at in kept
    ]


def thinned(curve: Curve, width: int) -> list[int]:
    """The places of the points that are drawn: of each half pixel the first and the last, and every extreme."""
    size = curve.xs.size
    if size <= 4 * width:
        return list(range(size))
    span = curve.xs[-1] / 2 - curve.xs[0] / 2
    pixel = np.floor((curve.xs / 2 - curve.xs[0] / 2) / span * (2 * width - 1))
    begins = np.flatnonzero(np.diff(pixel, prepend=-1.0))
    kept = {*begins.tolist(), *(begins[1:] - 1).tolist(), size - 1}
    for values in (curve.ys, curve.lo, curve.hi):
        if values is not None:
            kept |= _extremes(values, begins)
    # Where a value is missing the line is broken.
    kept |= set(np.flatnonzero(np.diff(np.isnan(curve.ys).astype(np.int8), prepend=0)).tolist())
    return sorted(kept)


def _extremes(values: Floats, begins: Any) -> set[int]:
    kept = set()
    for begin, end in zip(begins.tolist(), [*begins[1:].tolist(), values.size], strict=True):
        part = values[begin:end]
        if not np.isnan(part).all():
            kept |= {begin + int(np.nanargmin(part)), begin + int(np.nanargmax(part))}
    return kept


def _colours(theme: Theme) -> list[str]:
    """The colours of the site's pages, by rank: read from the script that has them, so that there is one palette."""
    text = (templates_dir() / "assets" / "palette.js").read_text(encoding="utf-8")
    found = re.search(rf"const {theme.upper()} = \[(.*?)\]", text, re.DOTALL)
    return re.findall(r"#[0-9a-f]{6}", found[1]) if found else ["#3b6fe0"]


def kind_of(path: Path) -> str:
    """The kind of file that a path's ending asks for. Raises `UsageError` for one that is not known."""
    kind = path.suffix.lower().removeprefix(".")
    if kind not in KINDS:
        raise UsageError(f"{path}: found no known ending, expected .svg, .png, .pdf or .json (Vega-Lite); rename it")
    return kind


def figure_bytes(chart: Chart, kind: str) -> bytes:
    """The figure as a file: a picture, or its Vega-Lite spec."""
    spec = chart.to_dict(validate=False)
    return json.dumps(spec, indent=1).encode() if kind == "json" else picture(spec, kind)


def picture(spec: dict[str, Any], kind: str, *, is_vega: bool = False) -> bytes:
    """A Vega-Lite spec, or one of Vega's, as SVG, PNG or PDF; nothing is fetched for it. Raises `ValueError`."""
    import vl_convert

    if is_vega:
        return _of_vega(spec, kind)
    version = ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
    if kind == "svg":
        return str(vl_convert.vegalite_to_svg(spec, vl_version=version, **_FETCHES_NOTHING)).encode()
    if kind == "png":
        return bytes(vl_convert.vegalite_to_png(spec, vl_version=version, scale=3, **_FETCHES_NOTHING))
    return bytes(vl_convert.vegalite_to_pdf(spec, vl_version=version, **_FETCHES_NOTHING))


def _of_vega(spec: dict[str, Any], kind: str) -> bytes:
    import vl_convert

    if kind == "svg":
        return str(vl_convert.vega_to_svg(spec, **_FETCHES_NOTHING)).encode()
    if kind == "png":
        return bytes(vl_convert.vega_to_png(spec, scale=3, **_FETCHES_NOTHING))
    return bytes(vl_convert.vega_to_pdf(spec, **_FETCHES_NOTHING))
