"""The charts of panels beside the lines, as Altair authors them: bars, points, histograms and the like over runs.

Scripts compute every number and colour; a spec only draws the rows that it is handed.
"""

from collections.abc import Callable
from functools import cache, partial
from typing import Any, Final, Literal

import altair as alt

from sitegen.charts import WHOLE, Layers, compiled, fitted, titled_axis, titles_as_signals

Axis = Literal["linear", "log", "time"]
HORIZONTAL: Final[tuple[Axis, ...]] = ("linear", "log", "time")
VERTICAL: Final[tuple[Axis, ...]] = ("linear", "log")

_PARAMETERS: Final[dict[str, Any]] = {
    "ink": "#555", "strong": "#000", "rule": "#ddd", "paper": "#fff", "font": "sans-serif",
    "xtitle": "", "ytitle": "", "labels": [], "colours": ["#3b6fe0", "#169c74", "#e0701a"],
    "xticks": [], "xlabels": [], "yticks": [], "ylabels": [], "line": "#3b6fe0", "low": 0, "high": 1,
}  # fmt: skip
_CROSS: Final = "M-1,-1L1,1M-1,1L1,-1"
_KINDS: Final = ("Importance", "Positive correlation", "Negative correlation")
_LABEL: Final = "labels[datum.value]"
# The number at a bar's end, where the plot has room for it.
_BEYOND: Final = "(datum.reach < datum.end ? scale('x', datum.end) : width - scale('x', datum.end))"
_FITTING: Final = f"{_BEYOND} > 4 + 6 * length(datum.text) && bandwidth('y') > 8 ? datum.text : ''"


def bar_panel() -> Layers:
    """The data `bars` (`at value end reach text colour`), one row a bar from the top; `labels` names them.

    `spreads` (`at low high`) are the error bars. A bar's `text` stands beyond its `end`, where nothing else is drawn;
    `reach` is how far the axis goes for its sake.
    """
    bars = alt.Chart(alt.NamedData("bars"))
    drawn = bars.mark_bar(aria=False).encode(
        y=_names(),
        x=_values(alt.Scale(zero=True, nice=False)).stack(None),
        color=_own("colour"),
        tooltip=alt.TooltipValue(" "),
    )
    spread = alt.Chart(alt.NamedData("spreads"))
    error = spread.mark_rule(strokeWidth=1.5, aria=False).encode(
        y=_names(), x="low:Q", x2="high:Q", color=_signal("strong")
    )
    ends = spread.mark_tick(thickness=1.5, size=8, aria=False).encode(y=_names(), color=_signal("strong"))
    room = bars.mark_point(opacity=0, aria=False).encode(y=_names(), x="reach:Q")
    texts = bars.mark_text(
        aria=False,
        fontSize=10,
        font=alt.ExprRef("font"),
        align=alt.ExprRef("datum.reach < datum.end ? 'right' : 'left'"),
        dx=alt.ExprRef("datum.reach < datum.end ? -4 : 4"),
        text=alt.ExprRef(_FITTING),
    ).encode(y=_names(), x="end:Q", color=_signal("ink"))
    return _panel(alt.layer(drawn, error, ends.encode(x="low:Q"), ends.encode(x="high:Q"), room, texts))


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
        y=alt.Y("y0:Q", axis=_axis("ytitle", tickCount=alt.ExprRef(WHOLE)), scale=alt.Scale(zero=True)),
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


def parallel_panel() -> Layers:
    """The data `lines` (`run axis share colour`) and `ticks` (`axis share label`); `labels` names the axes in order."""
    axis = _axis(
        None, grid=False, domain=False, ticks=False, labelExpr=_LABEL, labelAngle=0, labelPadding=10,
        labelOverlap=False, orient="top",
    )  # fmt: skip
    x = alt.X("axis:O", sort=None, axis=axis, scale=alt.Scale(type="point", padding=0.3))
    y = alt.Y("share:Q", axis=None, scale=alt.Scale(domain=[-0.1, 1], nice=False))
    lines = alt.Chart(alt.NamedData("lines")).mark_line(strokeWidth=1.5, opacity=0.85).encode(
        x=x, y=y, color=_own("colour"), detail="run:N", order="axis:O", tooltip=alt.TooltipValue(" ")
    )  # fmt: skip
    ticks = alt.Chart(alt.NamedData("ticks")).encode(x=x, y=y)
    rule = ticks.mark_line(aria=False, strokeWidth=1).encode(detail="axis:O", color=_signal("ink"), order="share:Q")
    marks = ticks.mark_tick(aria=False, orient="horizontal", size=6, thickness=1).encode(color=_signal("ink"))
    text = ticks.mark_text(
        aria=False, align="left", dx=6, fontSize=10, font=alt.ExprRef("font"), stroke=alt.ExprRef("paper"),
        strokeWidth=3, strokeJoin="round",
    )  # fmt: skip
    behind = text.encode(text="label:N", color=_signal("paper"))
    front = ticks.mark_text(aria=False, align="left", dx=6, fontSize=10, font=alt.ExprRef("font"))
    return _panel(alt.layer(lines, rule, marks, behind, front.encode(text="label:N", color=_signal("ink"))))


def importance_panel() -> Layers:
    """The data `bars` (`at part kind value`), two a parameter, from -1 to 1; `labels` names the parameters."""
    kinds = alt.Scale(domain=list(_KINDS), range=[alt.ExprRef(f"colours[{at}]") for at in range(len(_KINDS))])
    legend = alt.Legend(title=None, orient="bottom", labelColor=alt.ExprRef("ink"), labelFont=alt.ExprRef("font"))
    bars = alt.Chart(alt.NamedData("bars")).mark_bar(aria=False).encode(
        y=_names(),
        yOffset=alt.YOffset("part:O", sort=None),
        x=alt.X("value:Q", axis=_axis("xtitle", orient="top"), scale=alt.Scale(nice=True)).stack(None),
        color=alt.Color("kind:N", scale=kinds, legend=legend),
        tooltip=alt.TooltipValue(" "),
    )  # fmt: skip
    return _panel(alt.layer(bars))


def scalar_panel() -> Layers:
    """The data `numbers` (`at label value detail colour`), one a row from the top, each as large text."""
    base = alt.Chart(alt.NamedData("numbers")).encode(
        y=alt.Y("at:O", sort=None, axis=None, scale=alt.Scale(padding=0)), x=alt.value(8)
    )
    how: dict[str, Any] = {
        "aria": False,
        "align": "left",
        "font": alt.ExprRef("font"),
        "limit": alt.ExprRef("width - 16"),
    }
    label = base.mark_text(**how, dy=-22, fontSize=12).encode(text="label:N", color=_own("colour"))
    value = base.mark_text(**how, dy=2, fontSize=26, fontWeight=600).encode(text="value:N", color=_signal("strong"))
    detail = base.mark_text(**how, dy=24, fontSize=11).encode(text="detail:N", color=_signal("ink"))
    return _panel(alt.layer(label, value, detail))


def progress_panel(x: Axis, y: Axis) -> Layers:
    """The data `points` (`at x y colour fill size`), `best` (`x y`), the corners of the best so far, `lost`
    (`at x colour`), which have no value, and `target` (`y`); values from `low` to `high`."""
    count = 8 if x == "time" else alt.ExprRef("min(8, max(1, domain('x')[1] - domain('x')[0]))")
    across = alt.X("x:T" if x == "time" else "x:Q", axis=_axis("xtitle", tickCount=count), scale=_scale(x))
    values = alt.Scale(type=y, domain=alt.ExprRef("[low, high]"), zero=False, nice=False)
    up = alt.Y("y:Q", axis=_axis("ytitle"), scale=values)
    target = alt.Chart(alt.NamedData("target")).mark_rule(aria=False, strokeDash=[2, 4]).encode(
        y=up, color=_signal("strong")
    )  # fmt: skip
    line = alt.Chart(alt.NamedData("best")).mark_line(aria=False, strokeWidth=2, interpolate="step-after").encode(
        x=across, y=up, color=_signal("line"), order=alt.Order("x:Q")
    )  # fmt: skip
    points = alt.Chart(alt.NamedData("points")).mark_point(aria=False, opacity=0.9, cursor="pointer").encode(
        x=across,
        y=up,
        stroke=alt.Stroke("colour:N", scale=None, legend=None),
        fill=alt.Fill("fill:N", scale=None, legend=None),
        size=alt.Size("size:Q", scale=None, legend=None),
        tooltip=alt.TooltipValue(" "),
    )  # fmt: skip
    lost = alt.Chart(alt.NamedData("lost")).mark_point(
        aria=False, shape=_CROSS, strokeWidth=2, size=40, filled=False, cursor="pointer"
    ).encode(x=across, y=alt.value(5), color=_own("colour"), tooltip=alt.TooltipValue(" "))  # fmt: skip
    return _panel(alt.layer(target, points, line, lost))


def contour_panel() -> Layers:
    """The data `cells` (`x0 x1 y0 y1 colour value`), `lines` (`x y x2 y2`) and `points` (`at x y colour size shape`),
    from 0 to 1, cells beyond too; `xticks` and `xlabels` say where the axes have labels, and which."""
    # A point at an end of its range is seen whole; the cells there reach to the frame.
    unit = alt.Scale(domain=[0, 1], nice=False, zero=False, padding=9)
    across, up = (
        _axis(f"{way}title", grid=False, values=alt.ExprRef(f"{way}ticks"), labelExpr=_placed(way), labelOverlap=True)
        for way in ("x", "y")
    )
    cells = alt.Chart(alt.NamedData("cells")).mark_rect(aria=False, opacity=1, clip=True).encode(
        x=alt.X("x0:Q", axis=across, scale=unit),
        x2="x1:Q",
        y=alt.Y("y0:Q", axis=up, scale=unit),
        y2="y1:Q",
        color=_own("colour"),
        tooltip=alt.TooltipValue(" "),
    )  # fmt: skip
    x, y = alt.X("x:Q", axis=across, scale=unit), alt.Y("y:Q", axis=up, scale=unit)
    lines = alt.Chart(alt.NamedData("lines")).mark_rule(aria=False, strokeWidth=0.8, opacity=0.55).encode(
        x=x, y=y, x2="x2:Q", y2="y2:Q", color=_signal("paper")
    )  # fmt: skip
    points = alt.Chart(alt.NamedData("points")).mark_point(aria=False, strokeWidth=1.5, cursor="pointer").encode(
        x=x,
        y=y,
        fill=alt.Fill("colour:N", scale=None, legend=None),
        stroke=_signal("paper"),
        size=alt.Size("size:Q", scale=None, legend=None),
        shape=alt.Shape("shape:N", scale=None, legend=None),
        tooltip=alt.TooltipValue(" "),
    )  # fmt: skip
    return _panel(alt.layer(cells, lines, points))


def timeline_panel(x: Axis) -> Layers:
    """The data `bars` (`at from to y0 y1 colour`), `stops` (`at x y`) and `bands` (`x`); rows from `low` to `high`."""
    scale = alt.Scale(domain=alt.ExprRef("[low, high]"), reverse=True, nice=False, zero=False)
    count = alt.ExprRef("max(1, min(high - low, height / 45))")
    rows = _axis("ytitle", grid=False, tickCount=count, format="d")
    kind = "T" if x == "time" else "Q"
    # Above the rows: below them it is out of sight where there are many.
    across = _axis("xtitle", orient="top")
    bars = alt.Chart(alt.NamedData("bars")).mark_rect(aria=False, opacity=0.7, cursor="pointer").encode(
        x=alt.X(f"from:{kind}", axis=across, scale=alt.Scale(type=x, zero=x != "time", nice=False)),
        x2=f"to:{kind}",
        y=alt.Y("y0:Q", axis=rows, scale=scale),
        y2="y1:Q",
        color=_own("colour"),
        tooltip=alt.TooltipValue(" "),
    )  # fmt: skip
    bands = alt.Chart(alt.NamedData("bands")).mark_rule(aria=False, strokeWidth=1.5, strokeDash=[5, 4]).encode(
        x=f"x:{kind}", color=_signal("strong"), tooltip=alt.TooltipValue(" ")
    )  # fmt: skip
    stops = alt.Chart(alt.NamedData("stops")).mark_point(
        aria=False, shape="diamond", filled=True, opacity=1, size=34, cursor="pointer"
    ).encode(x=f"x:{kind}", y="y:Q", color=_signal("strong"), tooltip=alt.TooltipValue(" "))  # fmt: skip
    return _panel(alt.layer(bars, bands, stops))


def panel_charts() -> dict[str, Layers]:
    """Every panel's chart by name; those with several kinds of axes as `scatter-<x>-<y>`."""
    return {name: make() for name, make in _makers().items()}


@cache
def panel_template(name: str) -> dict[str, Any]:
    """One of them as Vega-Lite, without data."""
    made: dict[str, Any] = _makers()[name]().to_dict(validate=False)
    return made


def _makers() -> dict[str, Callable[[], Layers]]:
    scatters = {f"scatter-{x}-{y}": partial(scatter_panel, x, y) for x in HORIZONTAL for y in VERTICAL}
    ways: tuple[Axis, ...] = ("linear", "time")
    return {
        "bar": bar_panel,
        "histogram": histogram_panel,
        "box": box_panel,
        "parallel": parallel_panel,
        "importance": importance_panel,
        "scalar": scalar_panel,
        "contour": contour_panel,
        **{f"timeline-{x}": partial(timeline_panel, x) for x in ways},
        **{f"progress-{x}-{y}": partial(progress_panel, x, y) for x in ways for y in VERTICAL},
        **scatters,
    }


def _names() -> alt.Y:
    axis = _axis(None, grid=False, ticks=False, domain=False, labelExpr=_LABEL, labelPadding=6, labelOverlap=False)
    return alt.Y("at:O", sort=None, axis=axis, scale=alt.Scale(paddingInner=0.3, paddingOuter=0.15))


def _values(scale: alt.Scale, field: str = "value") -> alt.X:
    # Above the rows: below them it is out of sight where there are many.
    return alt.X(f"{field}:Q", axis=_axis("xtitle", orient="top"), scale=scale)


def _placed(way: str) -> str:
    """The label of a tick at a place of its own."""
    return f"{way}labels[indexof({way}ticks, datum.value)]"


def _own(field: str) -> alt.Color:
    return alt.Color(f"{field}:N", scale=None, legend=None)


def _signal(name: str) -> Any:
    return alt.value(alt.ExprRef(name))


def _scale(kind: Axis) -> alt.Scale:
    return alt.Scale(type="log", nice=False) if kind == "log" else alt.Scale(type=kind, zero=False, nice=True)


def _axis(title: str | None, **given: Any) -> alt.Axis:
    return titled_axis(title, **{"labelFlush": False, "labelSeparation": 4, "labelLimit": 130, **given})


def _panel(chart: Layers) -> Layers:
    return fitted(chart, _PARAMETERS)


def panel_specs() -> dict[str, dict[str, dict[str, Any]]]:
    """Every panel's chart as Vega, for the page (`vega`), and as Vega-Lite, for who takes it away (`lite`)."""
    return {name: _both(chart.to_dict()) for name, chart in panel_charts().items()}


def _both(lite: dict[str, Any]) -> dict[str, dict[str, Any]]:
    vega = compiled(lite)
    titles_as_signals(vega)
    return {"vega": vega, "lite": lite}
