"""Runs as notebooks show them: pieces of HTML with charts, which ask nothing of anybody.

Altair authors the charts and they are drawn here, as SVG: so they show wherever HTML does, without a script. Every text
is escaped: names and values come from whoever logged them.
"""

import html
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from runstore.reading.rows import flatten, number

if TYPE_CHECKING:
    import altair as alt

Points = Sequence[tuple[float, float]]
Lines = Mapping[str, Points]
"""Points by step of each run, under the run's name."""

MOST_CHARTS: Final = 24
AXES: Final = frozenset({"_step", "_runtime", "_timestamp"})
_MOST_POINTS: Final = 300
_MOST_VALUES: Final = 200
_LARGEST: Final = 1e150
_WIDTH, _HEIGHT = 220, 90
_INK: Final = "#888"  # To be read on white and on black.
CONFIG: Final = {
    "axis": {"labelColor": _INK, "domainColor": _INK, "tickColor": _INK, "gridOpacity": 0.2, "labelFontSize": 9},
    "background": "transparent",
    "legend": {"labelColor": _INK, "titleColor": _INK, "labelFontSize": 9},
    "view": {"stroke": _INK, "strokeOpacity": 0.4},
}


def document(
    title: str, charts: Mapping[str, Lines], tables: Mapping[str, Mapping[str, Any]], height: int, hidden: bool
) -> str:
    """A title (HTML), a chart for each key, and tables of values, at most `height` pixels high, scrolled where it needs
    more; `hidden` shows a line to open."""
    drawn = "".join(figure(key, lines) for key, lines in charts.items())
    beside = "".join(_table(name, values) for name, values in tables.items())
    return folded(
        title,
        f'<div style="display:flex;flex-wrap:wrap;gap:12px">{drawn}</div>'
        f'<div style="display:flex;flex-wrap:wrap;gap:24px;margin-top:8px">{beside}</div>',
        height,
        hidden,
    )


def folded(title: str, body: str, height: int, hidden: bool) -> str:
    """HTML below a title that opens and closes it."""
    style = f"max-height:{int(height)}px;overflow:auto;font-family:sans-serif;font-size:12px"
    opened = "" if hidden else " open"
    return f'<details{opened}><summary>{title}</summary><div style="{style}">{body}</div></details>'


def figure(key: str, lines: Lines) -> str:
    """A key's chart below its name, and with one line its last value."""
    if not any(lines.values()):
        return ""
    last = f": {next(iter(lines.values()))[-1][1]:.6g}" if len(lines) == 1 else ""
    label = f"{escaped(key)}{last}"
    return f'<figure style="margin:0" aria-label="{label}"><figcaption>{label}</figcaption>{svg(chart(lines))}</figure>'


def chart(lines: Lines, title: str = "") -> "alt.Chart":
    """Lines over their steps, of several runs one each with a legend; a line of one point is a point."""
    import altair as alt

    rows = [
        {"x": x, "y": max(-_LARGEST, min(_LARGEST, y)), "run": name}
        for name, points in lines.items()
        for x, y in thinned(points)
    ]
    several = len(lines) > 1
    drawn = alt.Chart(alt.InlineData(rows))
    dots = all(len(points) == 1 for points in lines.values())
    marked = drawn.mark_point(filled=True) if dots else drawn.mark_line(strokeWidth=1.5)
    encoded = marked.encode(
        x=alt.X("x:Q", title=None, axis=alt.Axis(tickCount=5)),
        y=alt.Y("y:Q", title=None, scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=4, format="~g")),
        color=alt.Color("run:N", title=None) if several else alt.value("#2a6fdb"),
    )
    found: alt.Chart = encoded.properties(width=_WIDTH, height=_HEIGHT, **({"title": title} if title else {}))
    return found


def svg(drawn: "alt.Chart") -> str:
    """A chart as SVG. Nothing is fetched."""
    import vl_convert

    spec = {**drawn.to_dict(), "config": CONFIG, "padding": 2}
    return str(vl_convert.vegalite_to_svg(spec, allowed_base_urls=[]))


def thinned(points: Points) -> Points:
    """At most a few hundred points, of each stretch the lowest and the highest."""
    if len(points) <= _MOST_POINTS:
        return points
    size = math.ceil(2 * len(points) / _MOST_POINTS)
    kept = []
    for start in range(0, len(points), size):
        part = points[start : start + size]
        ends = {min(part, key=lambda point: point[1]), max(part, key=lambda point: point[1])}
        kept += sorted(ends)
    return kept


def series(rows: Iterable[tuple[float, Mapping[str, Any]]], keys: Iterable[str] | None = None) -> dict[str, Points]:
    """The finite numbers of each key by step, from rows with their steps; the first keys only, as there may be
    thousands, or those asked for."""
    wanted = None if keys is None else frozenset(keys)
    found: dict[str, dict[float, float]] = {}
    for step, row in rows:
        for key, value in flatten(row):
            y = None if key in AXES or isinstance(value, str | bool) else number(value)
            if y is None or not math.isfinite(y):
                continue
            if key in found or (key in wanted if wanted is not None else len(found) < MOST_CHARTS):
                found.setdefault(key, {})[step] = y
    return {key: sorted(points.items()) for key, points in found.items()}


def escaped(value: object) -> str:
    """Any value as text that is no markup."""
    return html.escape(str(value).encode("utf-8", "backslashreplace").decode(), quote=True)


def _table(title: str, values: Mapping[str, Any]) -> str:
    rows = [(key, value) for key, value in flatten(values) if not key.startswith("_")]
    cells = "".join(
        f'<tr><td style="text-align:left">{escaped(key)}</td>'
        f'<td style="text-align:left">{escaped(_short(value))}</td></tr>'
        for key, value in rows[:_MOST_VALUES]
    )
    more = f"<p>and {len(rows) - _MOST_VALUES} more</p>" if len(rows) > _MOST_VALUES else ""
    return f"<div><b>{escaped(title)}</b><table>{cells}</table>{more}</div>" if rows else ""


def _short(value: Any) -> str:
    if isinstance(value, dict) and "_type" in value:
        return f"({value['_type']})"
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 120 else f"{text[:119]}…"
