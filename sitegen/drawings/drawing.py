"""One panel drawn: a chart of `panel_charts` with its rows, and the same as the table that its page offers as CSV."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sitegen.drawings import theme
from sitegen.drawings.wording import clipped
from sitegen.panel_charts import panel_template

Spec = dict[str, Any]
Rows = Sequence[Mapping[str, Any]]
MOST_IN_LEGEND: Final = 30
_MOST_COLUMNS: Final = 4
# px of a label's letter, of the longest label that a legend shows whole, and of the sign beside one.
_LETTER, _LONGEST, _SIGN = 6.2, 160, 32
_ROW: Final = 18


class UndrawableError(ValueError):
    """A panel of which there is no picture; its text says why, in one line."""


@dataclass(frozen=True, slots=True)
class Table:
    """The numbers of a panel, under the heads that its page gives them."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True, slots=True)
class Legend:
    """What colours mean: labels with theirs, under a title. `signs` are the shapes that stand beside labels, in their
    order, as Vega names or draws them; squares where there are none."""

    items: tuple[tuple[str, str], ...]
    title: str = ""
    signs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Drawing:
    """A panel as a Vega-Lite specification that holds its data, and its table. `is_foreign`: its report wrote it."""

    title: str
    spec: Spec = field(repr=False)
    table: Table
    is_foreign: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart of `panel_charts` by its name, with its parameters, its data by name, its size in pixels."""

    name: str
    signals: Mapping[str, Any]
    data: Mapping[str, Rows]
    width: int
    height: int
    legend: Legend | None = None


def filled(chart: Chart) -> Spec:
    """The chart as Vega-Lite with its data in it."""
    signals = {**theme.inks(), **chart.signals}
    spec: Spec = _titled(panel_template(chart.name), signals)
    spec["params"] = [
        {**each, "value": signals[each["name"]]} if each["name"] in signals else each for each in spec["params"]
    ]
    spec["datasets"] = {name: list(rows) for name, rows in chart.data.items()}
    if chart.legend is not None and len(chart.legend.items) > 1:
        spec["layer"] = [*spec["layer"], keys(chart.legend, chart.width)]
        # Marks whose colours are those of their rows would leave the legend without a scale of its own.
        spec["resolve"] = {"scale": dict.fromkeys(("fill", "stroke", "shape"), "independent")}
    height = chart.height + _below(chart)
    return {**spec, "background": theme.inks()["paper"], "width": chart.width, "height": height}


def _titled(node: Any, signals: Mapping[str, Any]) -> Any:
    """A template with its axes' titles, without what shows at a pointer alone."""
    if isinstance(node, list):
        return [_titled(each, signals) for each in node]
    if not isinstance(node, dict):
        return node
    made = {}
    for key, value in node.items():
        if key == "title" and value in ("xtitle", "ytitle"):
            made[key] = signals.get(value) or None
        elif key != "tooltip":
            made[key] = _titled(value, signals)
    return made


def keys(legend: Legend, width: int) -> Spec:
    """A layer that draws nothing but the legend, in as many columns as so many pixels have room for."""
    ink, items = theme.inks(), legend.items[:MOST_IN_LEGEND]
    labels = [label for label, _ in items]
    look = {
        "title": clipped(legend.title, width) or None,
        "orient": "bottom",
        "titleLimit": 0,
        "columns": _columns(labels, width),
        "symbolOpacity": 1,
        "labelColor": ink["ink"],
        "labelFont": ink["font"],
        "titleColor": ink["strong"],
        "titleFont": ink["font"],
        **({"symbolStrokeWidth": 2} if legend.signs else {"symbolType": "square", "symbolStrokeWidth": 0}),
    }
    own = {"field": "label", "type": "nominal", "sort": None, "legend": look}
    colours = {**own, "scale": {"domain": labels, "range": [colour for _, colour in items]}}
    encoding = {"fill": colours}
    if legend.signs:
        encoding |= {"stroke": colours, "shape": {**own, "scale": {"domain": labels, "range": list(legend.signs)}}}
    values = [{"label": label} for label in labels]
    return {"data": {"values": values}, "mark": {"type": "point", "opacity": 0}, "encoding": encoding}


def _below(chart: Chart) -> int:
    """px that a chart's legend takes below its plot."""
    if chart.legend is None or len(chart.legend.items) < 2:
        return 0
    labels = [label for label, _ in chart.legend.items[:MOST_IN_LEGEND]]
    return _ROW * (math.ceil(len(labels) / _columns(labels, chart.width)) + bool(chart.legend.title))


def _columns(labels: Sequence[str], width: int) -> int:
    longest = min(_LONGEST, _LETTER * max(map(len, labels)))
    return max(1, min(_MOST_COLUMNS, int(width / (_SIGN + longest))))


def as_json(spec: Spec) -> str:
    return json.dumps(spec, indent=1, ensure_ascii=False)
