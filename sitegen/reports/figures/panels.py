"""The kinds of panels that a report may hold, and one panel of it as it is written."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from runstore.format.sections import Section
from sitegen.data.bands import AGGREGATES, SHADES, SMOOTHERS
from sitegen.reports.figures import settings
from sitegen.reports.figures.settings import Known, Read
from sitegen.reports.mistakes import ReportError

COMMON: Final = ("type", "title", "height", "width", "runs", "sweep")
MOST_COLUMNS: Final = 6
HEIGHTS: Final = (120, 1200)
"""px that a panel may be high."""
_OF_MISTAKE: Final = 160


@dataclass(frozen=True, slots=True)
class PanelKind:
    """A kind of panel: its settings by their names in YAML, its usual height in px, and those it cannot be without.

    `needs` is for each key the words that say what to write.
    """

    name: str
    settings: Mapping[str, Read]
    height: int = 300
    needs: Mapping[str, str] = field(default_factory=dict)
    of_sweep: bool = False


@dataclass(frozen=True, slots=True)
class PanelSpec:
    """A panel of a report: its kind, the settings that its script takes, its width in columns and its height in px.

    `mistake` is what is wrong with one that cannot be drawn: it shows that, and is of the kind that shows text.
    """

    kind: str
    title: str
    set: Mapping[str, Any]
    width: int | None
    height: int
    mistake: str = ""


_YES_NO: Final = dict.fromkeys(("xlog", "ylog", "outliers", "raw", "members"), settings.yes_no)
_VALUE: Final = {"column": "a column, such as val_acc or config.lr"}

_KINDS: Final = (
    PanelKind(
        "line",
        {
            "metrics": settings.metrics,
            "pattern": settings.text,
            "formula": settings.text,
            "x": settings.axis,
            **_YES_NO,
            "agg": settings.choice(*AGGREGATES),
            "shade": settings.choice(*SHADES),
            "smooth": settings.smoothing,
            "smoother": settings.choice(*SMOOTHERS),
            "most": settings.choice("10", "50", "100", "500", "all"),
            "legend": settings.text,
            "group": settings.grouping,
            "x_range": settings.ends,
            "y_range": settings.ends,
        },
    ),
    PanelKind(
        "bar",
        {
            "column": settings.a_column,
            "value": settings.choice("summary", "min", "max"),
            "line": settings.choice(*AGGREGATES),
            "errors": settings.choice("std", "error", "interval", "minmax", "none"),
            "order": settings.choice("page", "down", "up"),
            "group": settings.grouping,
        },
        needs=_VALUE,
    ),
    PanelKind(
        "scatter",
        {
            "x": settings.a_column,
            "y": settings.a_column,
            "z": settings.a_column,
            "xlog": settings.flag,
            "ylog": settings.flag,
            "means": settings.flag,
            "pareto": settings.choice("min-min", "min-max", "max-min", "max-max"),
            "group": settings.grouping,
        },
        needs={"x": "a column, such as config.lr", "y": "a column, such as val_acc"},
    ),
    PanelKind(
        "parallel",
        {
            "columns": settings.some_columns,
            "log": settings.some_columns,
            "flips": settings.some_columns,
            "colour": settings.choice("last", "run"),
        },
        height=380,
        needs={"columns": "a list of columns, such as [config.lr, val_acc]"},
    ),
    PanelKind(
        "histogram",
        {
            "column": settings.a_column,
            "bins": settings.choice("5", "10", "20", "40", "80"),
            "group": settings.grouping,
        },
        needs=_VALUE,
    ),
    PanelKind(
        "box",
        {"column": settings.a_column, "dots": settings.flag, "group": settings.grouping},
        needs=_VALUE,
    ),
    PanelKind(
        "importance",
        {
            "column": settings.a_column,
            "run": settings.flag,
            "order": settings.choice("importance", "correlation"),
        },
        needs={"column": "a column of the summary, such as val_acc"},
    ),
    PanelKind("comparer", {"changed": settings.flag, "search": settings.text}, height=420),
    PanelKind(
        "scalar",
        {"column": settings.a_column, "of": settings.choice("mean", "median", "min", "max", "std", "n")},
        height=160,
        needs=_VALUE,
    ),
    PanelKind("markdown", {"text": settings.text}, needs={"text": "Markdown"}),
    PanelKind(
        "media",
        {
            "key": settings.logged("media"),
            "step": settings.number,
            "size": settings.choice("small", "medium", "large"),
            "columns": settings.choice("1", "2", "3", "4", "5", "6", "8"),
            "most": settings.choice("12", "24", "48", "96"),
        },
        height=380,
        needs={"key": "the key that runs logged media under"},
    ),
    PanelKind(
        "table",
        {
            "key": settings.logged("tables"),
            "step": settings.number,
            "mode": settings.choice("stack", "join"),
            "on": settings.text,
            "most": settings.choice("5", "10", "20", "50"),
        },
        height=420,
        needs={"key": "the key that runs logged tables under"},
    ),
    PanelKind(
        "vega",
        {"spec": settings.specification},
        height=340,
        needs={"spec": "a Vega-Lite specification, as YAML or JSON"},
    ),
    PanelKind(
        "progress",
        {"x": settings.choice_of({"number": "number", "time": "began"}), "ylog": settings.flag},
        of_sweep=True,
    ),
    PanelKind("timeline", {"x": settings.choice("count", "time")}, height=360, of_sweep=True),
    PanelKind(
        "contour",
        {"x": settings.parameter, "y": settings.parameter, "others": settings.choice("best", "mean")},
        height=400,
        of_sweep=True,
    ),
    PanelKind("trials", {}, height=440, of_sweep=True),
)
KINDS: Final = {kind.name: kind for kind in _KINDS}
"""Every kind of panel by its name."""


def read_panel(section: Section, known: Known, kind: PanelKind, own: tuple[str, ...] = ()) -> PanelSpec:
    """A panel from YAML; `own` are keys that its block reads by itself. Raises `ReportError` for the first mistake."""
    section.only([*COMMON, *own, *kind.settings], _ELSEWHERE)
    for key, expected in kind.needs.items():
        section.required(key, expected)
    given = {key: read(section, key, known) for key, read in kind.settings.items() if key in section}
    for name in ("x", "y"):
        if f"{name}_range" in given:
            given[f"{name}0"], given[f"{name}1"] = given.pop(f"{name}_range")
    if kind.name == "line" and not any(given.get(key) for key in ("metrics", "pattern", "formula")):
        section.fail(None, "no metric", "metrics: [a, b], pattern: or formula:", "say which metrics the chart shows")
    title = section.text("title")
    return PanelSpec(
        kind=kind.name,
        title=title,
        set={**given, **({"title": title} if title else {})},
        width=section.integer("width", least=1, most=MOST_COLUMNS),
        height=section.integer("height", kind.height, least=HEIGHTS[0], most=HEIGHTS[1]),
    )


def panel_of_mistake(error: ReportError, width: Any) -> PanelSpec:
    """What stands in a grid in place of a panel that cannot be drawn; `width` is as it was written, of any type."""
    message = str(error)
    # As code, in which nothing of anybody's is Markdown.
    quotes = "`" * (1 + max(map(len, re.findall("`+", message)), default=0))
    text = f"**Line {error.line}**\n\n{quotes} {message} {quotes}"
    fits = isinstance(width, int) and not isinstance(width, bool) and 1 <= width <= MOST_COLUMNS
    return PanelSpec("markdown", "Mistake", {"text": text}, width if fits else None, _OF_MISTAKE, message)


_ELSEWHERE: Final = {
    "metric": "write metrics: [name], or column: for a number a run",
    "y": "write metrics: [name]",
    "filter": "write runs: {filter: …}",
    "order": "write runs: {order: …}",
    "log_x": "write xlog: true",
    "log_y": "write ylog: true",
    "caption": "write it at the block, beside panels:",
    "id": "write it at the block, beside panels:",
}


def kind_of(section: Section) -> PanelKind:
    """The kind that a panel names. Raises `ReportError`."""
    return KINDS[section.choice("type", KINDS)]
