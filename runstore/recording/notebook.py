"""A run as a notebook shows it: one piece of HTML that asks nothing of anybody, with a small chart for each number.

Every text in it is escaped: names and values come from whoever logged them.
"""

import html
import math
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from runstore.reading.rows import decode_line, flatten, number
from runstore.reading.stitching import step_of, whole_lines

_MOST_CHARTS = 24
_MOST_POINTS = 300
_MOST_VALUES = 200
_WIDTH, _HEIGHT = 220.0, 90.0
_AXES = frozenset({"_step", "_runtime", "_timestamp"})


class Shown(Protocol):
    """A run, as far as it is shown. `config` and `summary` are asked for `as_dict()`."""

    @property
    def name(self) -> str: ...

    @property
    def path(self) -> str: ...

    @property
    def url(self) -> str | None: ...

    @property
    def config(self) -> Any: ...

    @property
    def summary(self) -> Any: ...


def to_html(run: Shown, histories: Iterable[Path], height: int = 420, hidden: bool = False) -> str:
    """The run as HTML, at most `height` pixels high, scrolled where it needs more; `hidden` shows a line to open."""
    charts = "".join(_chart(key, points) for key, points in _series(histories).items())
    tables = _table("Summary", run.summary.as_dict()) + _table("Config", run.config.as_dict())
    body = (
        f'<div style="display:flex;flex-wrap:wrap;gap:12px">{charts}</div>'
        f'<div style="display:flex;flex-wrap:wrap;gap:24px;margin-top:8px">{tables}</div>'
    )
    title = f"Run <b>{_text(run.name)}</b> ({_text(run.path)})"
    if run.url and run.url.startswith(("https://", "http://")):
        title += f' <a href="{_text(run.url)}" rel="noopener">{_text(run.url)}</a>'
    style = f"max-height:{int(height)}px;overflow:auto;font-family:sans-serif;font-size:12px"
    opened = "" if hidden else " open"
    return f'<details{opened}><summary>{title}</summary><div style="{style}">{body}</div></details>'


def display(content: str) -> bool:
    """Shows HTML below the cell that runs; False where there is no notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is None or type(shell).__name__ == "TerminalInteractiveShell":
        return False
    from IPython.display import HTML  # type: ignore[import-not-found, unused-ignore]
    from IPython.display import display as show  # type: ignore[import-not-found, unused-ignore]

    show(HTML(content))  # type: ignore[no-untyped-call, unused-ignore]
    return True


def _series(histories: Iterable[Path]) -> dict[str, list[tuple[float, float]]]:
    """The finite numbers of each key by step; the first keys only, as there may be thousands."""
    found: dict[str, dict[float, float]] = {}
    for path in histories:
        try:
            for at, line in enumerate(whole_lines(path)):
                for row in decode_line(line)[0]:
                    step = step_of(row, at)
                    for key, value in flatten(row):
                        y = None if key in _AXES or isinstance(value, str | bool) else number(value)
                        if y is not None and math.isfinite(y) and (key in found or len(found) < _MOST_CHARTS):
                            found.setdefault(key, {})[step] = y
        except OSError:
            continue
    return {key: sorted(points.items()) for key, points in found.items()}


def _thinned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
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


def _chart(key: str, points: list[tuple[float, float]]) -> str:
    xs = [x for x, _ in points]
    ys = [y for _, y in points]
    left, right, low, high = min(xs), max(xs), min(ys), max(ys)

    def place(value: float, start: float, end: float, size: float) -> float:
        # Halves: the difference of two floats may overflow.
        spread = end / 2 - start / 2
        return size / 2 if spread <= 0 else (value / 2 - start / 2) / spread * size

    path = " ".join(
        f"{place(x, left, right, _WIDTH - 8) + 4:.1f},{_HEIGHT - 4 - place(y, low, high, _HEIGHT - 8):.1f}"
        for x, y in _thinned(points)
    )
    drawn = (
        f'<polyline points="{path}" fill="none" stroke="#2a6fdb" stroke-width="1.5"/>'
        if len(points) > 1
        else f'<circle cx="{_WIDTH / 2}" cy="{_HEIGHT / 2}" r="3" fill="#2a6fdb"/>'
    )
    label = f"{_text(key)}: {ys[-1]:.6g}"
    return (
        f'<figure style="margin:0"><figcaption>{label}</figcaption>'
        f'<svg width="{_WIDTH:.0f}" height="{_HEIGHT:.0f}" viewBox="0 0 {_WIDTH:.0f} {_HEIGHT:.0f}" role="img" '
        f'aria-label="{label}, from {low:.6g} to {high:.6g}" style="border:1px solid #ccc">{drawn}</svg></figure>'
    )


def _table(title: str, values: Mapping[str, Any]) -> str:
    rows = [(key, value) for key, value in flatten(values) if not key.startswith("_")]
    cells = "".join(
        f'<tr><td style="text-align:left">{_text(key)}</td><td style="text-align:left">{_text(_short(value))}</td></tr>'
        for key, value in rows[:_MOST_VALUES]
    )
    more = f"<p>and {len(rows) - _MOST_VALUES} more</p>" if len(rows) > _MOST_VALUES else ""
    return f"<div><b>{title}</b><table>{cells}</table>{more}</div>" if rows else ""


def _short(value: Any) -> str:
    if isinstance(value, dict) and "_type" in value:
        return f"({value['_type']})"
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 120 else f"{text[:119]}…"


def _text(value: object) -> str:
    return html.escape(str(value).encode("utf-8", "backslashreplace").decode(), quote=True)
