"""One panel drawn: a chart of `panel_charts` with its rows, and the same as the table that its page offers as CSV."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sitegen.drawings import theme
from sitegen.panel_charts import panel_template

Spec = dict[str, Any]
Rows = Sequence[Mapping[str, Any]]
MOST_IN_LEGEND: Final = 30


class UndrawableError(ValueError):
    """A panel of which there is no picture; its text says why, in one line."""


@dataclass(frozen=True, slots=True)
class Table:
    """The numbers of a panel, under the heads that its page gives them."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True, slots=True)
class Legend:
    """What colours mean: labels with theirs, under a title."""

    items: tuple[tuple[str, str], ...]
    title: str = ""


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
        spec["layer"] = [*spec["layer"], keys(chart.legend)]
    return {**spec, "background": theme.inks()["paper"], "width": chart.width, "height": chart.height}


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


def keys(legend: Legend) -> Spec:
    """A layer that draws nothing but the legend."""
    ink, items = theme.inks(), legend.items[:MOST_IN_LEGEND]
    scale = {"domain": [label for label, _ in items], "range": [colour for _, colour in items]}
    look = {
        "title": legend.title or None,
        "orient": "bottom",
        "columns": 4,
        "symbolType": "square",
        "symbolOpacity": 1,
        "labelColor": ink["ink"],
        "labelFont": ink["font"],
        "titleColor": ink["strong"],
        "titleFont": ink["font"],
    }
    fill = {"field": "label", "type": "nominal", "sort": None, "scale": scale, "legend": look}
    values = [{"label": label} for label, _ in items]
    return {"data": {"values": values}, "mark": {"type": "point", "opacity": 0}, "encoding": {"fill": fill}}


def as_json(spec: Spec) -> str:
    return json.dumps(spec, indent=1, ensure_ascii=False)
