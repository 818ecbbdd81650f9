"""Every chart as Altair authors it: the one room that knows Vega-Lite.

A chart is a frame with axes and three layers that the pages' scripts fill: bands, lines and points. Scripts group,
smooth and thin typed arrays and hand over shapes in pixels, so a chart of a thousand runs is three lists of GeoJSON
features under an identity projection; Vega draws them, the axes and the grid. Nothing is computed a row inside a spec.
"""

from typing import Any, Final, Literal

import altair as alt

XScale = Literal["linear", "time"]
YScale = Literal["linear", "log"]

X_SCALES: Final[tuple[XScale, ...]] = ("linear", "time")
Y_SCALES: Final[tuple[YScale, ...]] = ("linear", "log")

PADDING: Final = {"left": 64, "right": 14, "top": 8, "bottom": 34}
"""Around the plot, in pixels: room for the axes' labels, the same in each chart so that plots align."""

_PARAMETERS: Final[dict[str, Any]] = {
    "x0": 0, "x1": 1, "y0": 0, "y1": 1, "xformat": "~g", "yformat": "~g", "decades": False,
    "ink": "#555", "rule": "#ddd", "font": "sans-serif",
}  # fmt: skip
_LABEL_X = "datum.value == 0 ? '0' : format(datum.value, xformat)"
_LABEL_Y = "datum.value == 0 ? '0' : format(datum.value, yformat)"
_POWER = "abs(log(datum.value) / LN10 - round(log(datum.value) / LN10)) < 1e-9"
# Over several decades only powers of ten have room.
_LABEL_LOG = f"!decades || {_POWER} ? format(datum.value, yformat) : ''"


def line_chart(x: XScale, y: YScale) -> alt.LayerChart:
    """The frame of a chart over `x` (numbers, or times in ms since the epoch) with a `y` axis.

    Parameters that scripts set: `x0 x1 y0 y1` the visible ranges, `xformat yformat` the labels' d3 formats, `decades`
    whether a log axis spans several, and `ink rule font` the theme. Data that scripts fill: `bands`, `lines`,
    `points`, each GeoJSON features in pixels that carry `colour`, `opacity` and, for lines, `width` (px).
    """
    parameters = [alt.param(name=name, value=value) for name, value in _PARAMETERS.items()]
    frame = alt.Chart(alt.NamedData("frame")).mark_point(opacity=0, aria=False).encode(x=_x_axis(x), y=_y_axis(y))
    chart = alt.layer(frame, _areas("bands"), _lines(), _areas("points")).add_params(*parameters)
    sized = chart.properties(width=400, height=200, padding=PADDING, background="transparent")
    styled: alt.LayerChart = sized.configure(autosize=alt.AutoSizeParams(type="none")).configure_view(stroke=None)
    return styled


def _areas(data: str) -> alt.Chart:
    fill = alt.Fill("colour:N", scale=None, legend=None)
    mark: alt.Chart = _shapes(data).mark_geoshape(filled=True, strokeWidth=0, clip=True, aria=False).encode(fill=fill)
    return mark


def _lines() -> alt.Chart:
    stroke = alt.Stroke("colour:N", scale=None, legend=None)
    width = alt.StrokeWidth("width:Q", scale=None, legend=None)
    # Vega fills even a transparent path, which costs as much as stroking it; at opacity 0 it does not.
    bare = _shapes("lines").mark_geoshape(filled=False, fillOpacity=0, clip=True, strokeJoin="round", aria=False)
    mark: alt.Chart = bare.encode(stroke=stroke, strokeWidth=width)
    return mark


def _shapes(data: str) -> alt.Chart:
    projected = alt.Chart(alt.NamedData(data)).project(type="identity", scale=1, translate=[0, 0])
    chart: alt.Chart = projected.encode(opacity=alt.Opacity("opacity:Q", scale=None, legend=None))
    return chart


def _x_axis(kind: XScale) -> alt.X:
    if kind == "time":
        return alt.X("x:T", axis=_axis(grid=False, tickSize=4, tickCount=5), scale=_scale("time", "x0", "x1"))
    axis = _axis(grid=False, tickSize=4, tickCount=6, labelExpr=_LABEL_X)
    return alt.X("x:Q", axis=axis, scale=_scale("linear", "x0", "x1"))


def _y_axis(kind: YScale) -> alt.Y:
    label = _LABEL_LOG if kind == "log" else _LABEL_Y
    axis = _axis(domain=False, ticks=False, labelPadding=6, tickCount=5, labelExpr=label, labelLimit=58)
    return alt.Y("y:Q", axis=axis, scale=_scale(kind, "y0", "y1"))


def _axis(**given: Any) -> alt.Axis:
    ink, rule, font = (alt.ExprRef(name) for name in ("ink", "rule", "font"))
    return alt.Axis(
        title=None, labelFontSize=11, labelOverlap="greedy", labelFlush=False, labelColor=ink, labelFont=font,
        gridColor=rule, domainColor=rule, tickColor=rule, **given,
    )  # fmt: skip


def _scale(kind: XScale | YScale, low: str, high: str) -> alt.Scale:
    scale = alt.Scale(type=kind, domain=[alt.ExprRef(low), alt.ExprRef(high)], nice=False)
    if kind == "linear":
        scale.zero = False
    return scale


def compiled_charts() -> dict[str, dict[str, Any]]:
    """Each variant as a Vega spec, under `<x>-<y>`: pages need neither Vega-Lite nor its compiler."""
    import vl_convert

    version = ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
    return {
        f"{x}-{y}": vl_convert.vegalite_to_vega(line_chart(x, y).to_dict(), vl_version=version)
        for x in X_SCALES
        for y in Y_SCALES
    }
