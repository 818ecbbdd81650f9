"""Every chart as Altair authors it: the one room that knows Vega-Lite.

A chart of curves is a frame here, its axes and grid. Scripts group, smooth and thin typed arrays and paint them within
it: a thousand lines as marks would take Vega seconds. Nothing is computed a row inside a spec.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

import altair as alt

XScale = Literal["linear", "log", "time"]
YScale = Literal["linear", "log"]

X_SCALES: Final[tuple[XScale, ...]] = ("linear", "log", "time")
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
    whether a log axis spans several, and `ink rule font` the theme.
    """
    parameters = [alt.param(name=name, value=value) for name, value in _PARAMETERS.items()]
    frame = alt.Chart(alt.NamedData("frame")).mark_point(opacity=0, aria=False).encode(x=_x_axis(x), y=_y_axis(y))
    chart = alt.layer(frame).add_params(*parameters)
    sized = chart.properties(width=400, height=200, padding=PADDING, background="transparent")
    styled: alt.LayerChart = sized.configure(autosize=alt.AutoSizeParams(type="none")).configure_view(stroke=None)
    return styled


def _x_axis(kind: XScale) -> alt.X:
    if kind == "time":
        return alt.X("x:T", axis=_axis(grid=False, tickSize=4, tickCount=5), scale=_scale("time", "x0", "x1"))
    axis = _axis(grid=False, tickSize=4, tickCount=6, labelExpr=_LABEL_X)
    return alt.X("x:Q", axis=axis, scale=_scale(kind, "x0", "x1"))


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


WHOLE: Final = "min(6, max(1, domain('y')[1]))"
"""How many ticks an upright axis of counts has, to have them at whole numbers; `tickMinStep` does not see to it."""

Plot = Literal["line", "scatter", "bar", "histogram", "line_series", "confusion_matrix", "roc_curve", "pr_curve"]
PLOTS: Final[tuple[Plot, ...]] = (
    *("line", "scatter", "bar", "histogram", "line_series", "confusion_matrix", "roc_curve", "pr_curve"),
)
"""The charts of `plot.*`."""
Layers = alt.LayerChart | alt.FacetChart

_PLOT_PARAMETERS: Final[dict[str, Any]] = {
    "ink": "#555", "rule": "#ddd", "font": "sans-serif", "xtitle": "", "ytitle": "",
    "colours": ["#3b6fe0"], "ramp": ["#eef3ff", "#1b3f9c"], "strong": "#000", "weak": "#fff", "half": 1, "whole": False,
}  # fmt: skip


def plot_chart(plot: Plot) -> Layers:
    """One chart of `plot.*` over the data `table`, whose columns have the preset's own names.

    Scripts set the theme (`ink rule font colours ramp`), the axes' titles (`xtitle ytitle`) and, where numbers stand on
    a ramp, `half` (its middle) with the inks `strong` and `weak` for either half.
    """
    plots: dict[Plot, Callable[[], Layers]] = {
        "line": _curve_plot,
        "line_series": _curve_plot,
        "scatter": _scatter_plot,
        "bar": _bar_plot,
        "histogram": _value_histogram,
        "confusion_matrix": _confusion_matrix,
        "roc_curve": lambda: _curve_plot(diagonal=True, unit=True),
        "pr_curve": lambda: _curve_plot(unit=True),
    }
    return fitted(plots[plot](), _PLOT_PARAMETERS)


def heat_chart() -> Layers:
    """Histograms over steps: the data `cells` (`x0 x1 y0 y1 share`, in percent) as a map, the step `at` as a rule."""
    cells = alt.Chart(alt.NamedData("cells")).mark_rect(clip=True).encode(
        x=alt.X("x0:Q", axis=titled_axis("xtitle"), scale=alt.Scale(nice=False, zero=False)),
        x2="x1:Q",
        y=alt.Y("y0:Q", axis=titled_axis("ytitle"), scale=alt.Scale(nice=False, zero=False)),
        y2="y1:Q",
        color=alt.Color("share:Q", scale=_ramp(), legend=None),
    )  # fmt: skip
    at = alt.Chart(alt.NamedData("at")).mark_rule(strokeWidth=1.5).encode(x="step:Q")
    return fitted(alt.layer(cells, at), _PLOT_PARAMETERS)


def bins_chart() -> Layers:
    """One histogram: the data `bins` (`x0 x1 count`); its ticks are `whole` for counts, not for shares."""
    bars = alt.Chart(alt.NamedData("bins")).mark_rect().encode(
        x=alt.X("x0:Q", axis=titled_axis("xtitle"), scale=alt.Scale(nice=False, zero=False)),
        x2="x1:Q",
        y=alt.Y("count:Q", axis=titled_axis("ytitle", tickCount=alt.ExprRef(f"whole ? {WHOLE} : 6"))),
        y2=alt.Y2Datum(0),
        tooltip=["x0:Q", "x1:Q", "count:Q"],
        color=alt.value(alt.ExprRef("colours[0]")),
    )  # fmt: skip
    return fitted(alt.layer(bars), _PLOT_PARAMETERS)


def _over(x: str, y: str, *, unit: bool = False) -> alt.Chart:
    """Two numbers against each other; both axes go from 0 to 1 where they are shares (`unit`)."""
    scale = alt.Scale(domain=[0, 1]) if unit else alt.Scale(zero=False)
    chart: alt.Chart = alt.Chart(alt.NamedData("table")).encode(
        x=alt.X(x, axis=titled_axis("xtitle"), scale=scale),
        y=alt.Y(y, axis=titled_axis("ytitle"), scale=scale),
    )
    return chart


def _series() -> alt.Color:
    """One colour a series; without a `series` all share the first."""
    return alt.Color("series:N", sort=None, scale=alt.Scale(range=[]), legend=None)


def _scatter_plot() -> Layers:
    dots = _over("x:Q", "y:Q").mark_circle(size=36, opacity=0.75)
    return alt.layer(dots.encode(color=_series(), tooltip=["series:N", "x:Q", "y:Q"]))


def _curve_plot(*, diagonal: bool = False, unit: bool = False) -> Layers:
    curve = _over("x:Q", "y:Q", unit=unit)
    # A curve along the frame of shares would lose half its width there.
    line = curve.mark_line(strokeWidth=2, clip=not unit).encode(color=_series(), order=alt.Order("x:Q"))
    # Dots are what a pointer finds; one is seen where a series has no other, and so no line.
    alone = alt.condition("datum.points == 1", alt.value(1), alt.value(0))
    counted = curve.transform_joinaggregate(points="count()", groupby=["series"])
    dots = counted.mark_point(filled=True, size=90).encode(
        color=_series(), opacity=alone, tooltip=["series:N", "x:Q", "y:Q"]
    )
    if not diagonal:
        return alt.layer(line, dots)
    ends = alt.InlineData([{"x": 0, "y": 0}, {"x": 1, "y": 1}])
    chance = alt.Chart(ends).mark_line(strokeDash=[4, 4], strokeWidth=1).encode(
        x="x:Q", y="y:Q", color=alt.value(alt.ExprRef("ink"))
    )  # fmt: skip
    return alt.layer(chance, line, dots)


def _bar_plot() -> Layers:
    bars = alt.Chart(alt.NamedData("table")).mark_bar().encode(
        x=alt.X("value:Q", axis=titled_axis("xtitle")),
        y=alt.Y("label:N", axis=titled_axis("ytitle"), sort=None),
        tooltip=["label:N", "value:Q"],
        color=alt.value(alt.ExprRef("colours[0]")),
    )  # fmt: skip
    return alt.layer(bars)


def _value_histogram() -> Layers:
    bars = alt.Chart(alt.NamedData("table")).mark_bar().encode(
        x=alt.X("value:Q", bin=alt.Bin(maxbins=40), axis=titled_axis("xtitle")),
        y=alt.Y("count():Q", axis=titled_axis("ytitle", tickCount=alt.ExprRef(WHOLE))),
        tooltip=["count():Q"],
        color=alt.value(alt.ExprRef("colours[0]")),
    )  # fmt: skip
    return alt.layer(bars)


def _confusion_matrix() -> Layers:
    base = alt.Chart(alt.NamedData("table")).encode(
        x=alt.X("predicted:N", sort=None, axis=titled_axis("xtitle", grid=False, labelAngle=-30)),
        y=alt.Y("actual:N", sort=None, axis=titled_axis("ytitle", grid=False)),
    )
    colour = alt.Color("value:Q", scale=_ramp(), legend=None)
    ink = alt.condition("datum.value > half", alt.value(alt.ExprRef("strong")), alt.value(alt.ExprRef("weak")))
    tips = ["actual:N", "predicted:N", "value:Q"]
    return alt.layer(
        base.mark_rect().encode(color=colour, tooltip=tips), base.mark_text().encode(text="value:Q", color=ink)
    )


def _ramp() -> alt.Scale:
    return alt.Scale(type="sqrt", range=[alt.ExprRef("ramp[0]"), alt.ExprRef("ramp[1]")], domainMin=0)


def titled_axis(title: str | None, **given: Any) -> alt.Axis:
    """An axis in the page's ink. Its title is the name of a parameter, see `titles_as_signals`; None: it has none."""
    ink, rule, font = (alt.ExprRef(name) for name in ("ink", "rule", "font"))
    given = {
        "labelOverlap": "greedy",
        "labelSeparation": 6,
        "labelLimit": 110,
        "labelFontSize": 11,
        "tickCount": 6,
        **given,
    }
    return alt.Axis(
        title=title, titleColor=ink, titleFont=font, titleFontWeight="normal", titleFontSize=11, titleLimit=340,
        labelColor=ink, labelFont=font, gridColor=rule, domainColor=rule, tickColor=rule, **given,
    )  # fmt: skip


def fitted(chart: Layers, parameters: Mapping[str, Any]) -> Layers:
    """A chart that takes the size of its place, with parameters that scripts set, by name with their first value."""
    named = [alt.param(name=name, value=value) for name, value in parameters.items()]
    sized = chart.add_params(*named).properties(width=400, height=220, padding=4, background="transparent")
    styled: Layers = sized.configure(autosize=alt.AutoSizeParams(type="fit", contains="padding")).configure_view(
        stroke=None
    )
    return styled


def titles_as_signals(spec: dict[str, Any]) -> None:
    """Makes each axis' title the parameter that it names: Vega-Lite's compiler takes constants alone."""
    for axis in spec.get("axes", ()):
        if axis.get("title") in ("xtitle", "ytitle"):
            axis["title"] = {"signal": axis["title"]}


def compiled_plots() -> dict[str, dict[str, Any]]:
    """Every chart of `plot.*` by name, and those of histograms (`heat`, `bins`), as Vega specs."""
    made: dict[str, dict[str, Any]] = {name: compiled(plot_chart(name).to_dict()) for name in PLOTS}
    made |= {"heat": compiled(heat_chart().to_dict()), "bins": compiled(bins_chart().to_dict())}
    for spec in made.values():
        # Vega-Lite takes constants here; how many colours there are is known on the page.
        for scale in spec.get("scales", ()):
            if scale["name"] == "color" and scale["type"] == "ordinal":
                scale["range"] = {"signal": "colours"}
        titles_as_signals(spec)
    return made


def compiled_custom(spec: dict[str, Any], fields: Mapping[str, str], strings: Mapping[str, str]) -> dict[str, Any]:
    """A user's Vega or Vega-Lite spec as Vega, its placeholders `${field:…}` and `${string:…}` filled in.

    Raises `ValueError` in one line for a spec that does not compile, or that would fetch something.
    """
    filled: dict[str, Any] = _filled(spec, fields, strings)
    if wrong := fetched(filled):
        raise ValueError(
            f"found {wrong} in its spec, which would be fetched, expected data named 'wandb' alone; log it"
        )
    if "/vega/" in str(filled.get("$schema", "")):
        return filled
    filled.setdefault("data", {"name": "wandb"})
    filled = {"width": 400, "height": 220, **filled, "autosize": {"type": "fit", "contains": "padding"}}
    try:
        return compiled(filled)
    except Exception as error:
        # Whatever the compiler raises, all it knows is a text.
        reason = " ".join(str(error).split()).partition(" at ")[0][:200]
        raise ValueError(f"found a spec that is no Vega-Lite ({reason}); correct it") from None


def _filled(value: Any, fields: Mapping[str, str], strings: Mapping[str, str], depth: int = 0) -> Any:
    if depth > 60:
        raise ValueError("found a spec nested deeper than 60 levels, expected a chart; simplify it")
    if isinstance(value, dict):
        return {
            _placed(str(key), fields, strings): _filled(each, fields, strings, depth + 1) for key, each in value.items()
        }
    if isinstance(value, list):
        return [_filled(each, fields, strings, depth + 1) for each in value]
    return _placed(value, fields, strings) if isinstance(value, str) else value


def _placed(text: str, fields: Mapping[str, str], strings: Mapping[str, str]) -> str:
    def place(match: re.Match[str]) -> str:
        values = fields if match[1] == "field" else strings
        return values.get(match[2], match[3] or (match[2] if match[1] == "field" else ""))

    return _PLACEHOLDER.sub(place, text)


_PLACEHOLDER: Final = re.compile(r"\$\{(field|string):([^:}]*)(?::([^}]*))?\}")


def fetched(value: Any) -> str:
    """What of a spec names something to fetch, "" when nothing does."""
    if isinstance(value, dict):
        for key, each in value.items():
            if key == "url" and isinstance(each, str | dict) and not (isinstance(each, dict) and "field" in each):
                return f"the url {str(each)[:80]!r}"
            if wrong := fetched(each):
                return wrong
    if isinstance(value, list):
        return next((wrong for each in value if (wrong := fetched(each))), "")
    return ""


def compiled_charts() -> dict[str, dict[str, Any]]:
    """Each variant as a Vega spec, under `<x>-<y>`: pages need neither Vega-Lite nor its compiler."""
    return {f"{x}-{y}": compiled(line_chart(x, y).to_dict()) for x in X_SCALES for y in Y_SCALES}


def compiled(spec: dict[str, Any]) -> dict[str, Any]:
    """A Vega-Lite spec as Vega. Raises whatever the compiler does for one that is none."""
    import vl_convert

    version = ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
    made: dict[str, Any] = vl_convert.vegalite_to_vega(spec, vl_version=version)
    return made
