"""The charts of panels beside the lines, as Altair authors them: bars, points, histograms and boxes over runs.

Scripts compute every number and colour; a spec only draws the rows that it is handed.
"""

from typing import Any, Final, Literal

import altair as alt

Axis = Literal["linear", "log", "time"]
Layers = alt.LayerChart | alt.FacetChart
HORIZONTAL: Final[tuple[Axis, ...]] = ("linear", "log", "time")
VERTICAL: Final[tuple[Axis, ...]] = ("linear", "log")

_PARAMETERS: Final[dict[str, Any]] = {
    "ink": "#555", "strong": "#000", "rule": "#ddd", "paper": "#fff", "font": "sans-serif",
    "xtitle": "", "ytitle": "", "labels": [],
}  # fmt: skip
_LABEL: Final = "labels[datum.value]"


def bar_panel() -> Layers:
    """The data `bars` (`at value low high colour`), one row a bar from the top; `labels` names them."""
    bars = alt.Chart(alt.NamedData("bars"))
    drawn = bars.mark_bar(aria=False).encode(
        y=_names(), x=_values(alt.Scale(zero=True)).stack(None), color=_own("colour"), tooltip=alt.TooltipValue(" ")
    )
    spread = alt.Chart(alt.NamedData("spreads"))
    error = spread.mark_rule(strokeWidth=1.5, aria=False).encode(
        y=_names(), x="low:Q", x2="high:Q", color=_signal("strong")
    )
    ends = spread.mark_tick(thickness=1.5, size=8, aria=False).encode(y=_names(), color=_signal("strong"))
    return _panel(alt.layer(drawn, error, ends.encode(x="low:Q"), ends.encode(x="high:Q")))


def scatter_panel(x: Axis, y: Axis) -> Layers:
    """The data `points` (`at x y colour`), and `front` (`x y`), the line through those that none is better than."""
    across = alt.X("x:T" if x == "time" else "x:Q", axis=_axis("xtitle"), scale=_scale(x))
    up = alt.Y("y:Q", axis=_axis("ytitle"), scale=_scale(y))
    front = alt.Chart(alt.NamedData("front")).mark_line(aria=False, strokeWidth=1.5, strokeDash=[5, 4]).encode(
        x=across, y=up, color=_signal("strong"), order=alt.Order("x:Q")
    )  # fmt: skip
    points = alt.Chart(alt.NamedData("points")).mark_circle(aria=False, size=54, opacity=0.8, cursor="pointer").encode(
        x=across, y=up, color=_own("colour"), tooltip=alt.TooltipValue(" ")
    )  # fmt: skip
    return _panel(alt.layer(front, points))


def histogram_panel() -> Layers:
    """The data `bins` (`x0 x1 y0 y1 colour`): a rectangle for each group in each bin, stacked by the script."""
    rects = alt.Chart(alt.NamedData("bins")).mark_rect(aria=False, strokeWidth=1).encode(
        x=alt.X("x0:Q", axis=_axis("xtitle", grid=False), scale=alt.Scale(zero=False, nice=False)),
        x2="x1:Q",
        y=alt.Y("y0:Q", axis=_axis("ytitle", tickMinStep=1), scale=alt.Scale(zero=True)),
        y2="y1:Q",
        color=_own("colour"),
        stroke=_signal("paper"),
        tooltip=alt.TooltipValue(" "),
    )  # fmt: skip
    return _panel(alt.layer(rects))


def box_panel() -> Layers:
    """The data `boxes` (`at from low median high to colour`) with whiskers, and `dots` (`at value colour`)."""
    boxes = alt.Chart(alt.NamedData("boxes"))
    whiskers = boxes.mark_rule(aria=False).encode(
        y=_names(), x=_values(alt.Scale(zero=False), "from"), x2="to:Q", color=_signal("ink")
    )
    body = boxes.mark_bar(aria=False, size=16).encode(
        y=_names(), x="low:Q", x2="high:Q", color=_own("colour"), tooltip=alt.TooltipValue(" ")
    )
    middle = boxes.mark_tick(aria=False, thickness=2, size=16).encode(y=_names(), x="median:Q", color=_signal("strong"))
    dots = alt.Chart(alt.NamedData("dots")).mark_circle(aria=False, size=26, cursor="pointer").encode(
        y=_names(), x="value:Q", color=_own("colour"), stroke=_signal("paper"), tooltip=alt.TooltipValue(" ")
    )  # fmt: skip
    return _panel(alt.layer(whiskers, body, middle, dots))


def panel_charts() -> dict[str, Layers]:
    """Every panel's chart by name; scatter plots as `scatter-<x>-<y>` by their axes."""
    scatters = {f"scatter-{x}-{y}": scatter_panel(x, y) for x in HORIZONTAL for y in VERTICAL}
    return {"bar": bar_panel(), "histogram": histogram_panel(), "box": box_panel(), **scatters}


def _names() -> alt.Y:
    axis = _axis(None, grid=False, ticks=False, domain=False, labelExpr=_LABEL, labelPadding=6, labelOverlap=False)
    return alt.Y("at:O", sort=None, axis=axis, scale=alt.Scale(paddingInner=0.3, paddingOuter=0.15))


def _values(scale: alt.Scale, field: str = "value") -> alt.X:
    return alt.X(f"{field}:Q", axis=_axis("xtitle"), scale=scale)


def _own(field: str) -> alt.Color:
    return alt.Color(f"{field}:N", scale=None, legend=None)


def _signal(name: str) -> Any:
    return alt.value(alt.ExprRef(name))


def _scale(kind: Axis) -> alt.Scale:
    return alt.Scale(type="log", nice=False) if kind == "log" else alt.Scale(type=kind, zero=False, nice=True)


def _axis(title: str | None, **given: Any) -> alt.Axis:
    ink, rule, font = (alt.ExprRef(name) for name in ("ink", "rule", "font"))
    # The compiler takes a constant; `compiled_panels` makes a signal of it.
    given = {"labelOverlap": "greedy", "labelFlush": False, **given}
    return alt.Axis(
        title=title, titleColor=ink, titleFont=font, titleFontWeight="normal", titleFontSize=11, titleLimit=340,
        labelFontSize=11, labelSeparation=4, labelColor=ink, labelFont=font, labelLimit=130,
        gridColor=rule, domainColor=rule, tickColor=rule, tickCount=6, **given,
    )  # fmt: skip


def _panel(chart: Layers) -> Layers:
    parameters = [alt.param(name=name, value=value) for name, value in _PARAMETERS.items()]
    sized = chart.add_params(*parameters).properties(width=400, height=220, padding=4, background="transparent")
    fitted = sized.configure(autosize=alt.AutoSizeParams(type="fit", contains="padding"))
    styled: Layers = fitted.configure_view(stroke=None)
    return styled


def compiled_panels() -> dict[str, dict[str, Any]]:
    """Every panel's chart as a Vega spec whose axes' titles are signals."""
    from sitegen.charts import compiled

    made = {name: compiled(chart.to_dict()) for name, chart in panel_charts().items()}
    for spec in made.values():
        for axis in spec.get("axes", ()):
            if axis.get("title") in ("xtitle", "ytitle"):
                axis["title"] = {"signal": axis["title"]}
    return made
