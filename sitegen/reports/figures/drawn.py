"""The panels of a report as its page has them: what its script draws, and the figure around them."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from markupsafe import Markup

from sitegen import urls
from sitegen.histories import ranges
from sitegen.reports.figures.blocks import Head, PanelGrid
from sitegen.reports.figures.panels import PanelSpec
from sitegen.reports.figures.settings import as_grouping, on_pages
from sitegen.reports.runsets import RunSet

_SECTION: Final = "Added panels"
_LONGEST: Final = 6000
# Of the workspace, whose panels are as wide as a column by themselves.
_USUAL_WIDTH: Final = 2


@dataclass(frozen=True, slots=True)
class Drawn:
    """A block with its place among the figures: `number` is None for one that has none, `at` its place among grids."""

    grid: PanelGrid
    at: int
    number: int | None


def payload(drawn: Drawn) -> dict[str, Any]:
    """A grid as `report.js` reads it; the runs of each set are ranges of their places among the project's."""
    grid = drawn.grid
    first = grid.sets[0]
    return {
        "project": first.project.name,
        "sets": [{"name": each.name, "runs": _places(each)} for each in grid.sets],
        "names": {key: name for each in reversed(grid.sets) for key, name in each.names.items()},
        "group": _grouping(grid.sets),
        "sort": _sort(first.order),
        "sweep": f"{grid.sweep.project.name}/{grid.sweep.id}" if grid.sweep else None,
        "columns": grid.columns,
        "panels": [_panel(each, grid.columns) for each in grid.panels],
    }


def _panel(panel: PanelSpec, columns: int) -> dict[str, Any]:
    return {"kind": panel.kind, "set": dict(panel.set), "size": [min(panel.width or 1, columns), panel.height]}


def _places(found: RunSet) -> list[list[int]]:
    chosen = {run.id for run in found.runs}
    return ranges([place for place, run in enumerate(found.project.runs) if run.id in chosen])


def _grouping(sets: Sequence[RunSet]) -> str:
    """The columns that group the runs of one set, as a page names them; of several the sets are the groups."""
    return as_grouping([on_pages(name) for name in sets[0].group]) if len(sets) == 1 and sets[0].group else ""


def _sort(order: str) -> str:
    """An order of the filter language as the page's table has it."""
    parts = [part.strip() for part in order.split(",") if part.strip()]
    texts = [("-" if part.startswith("-") else "") + on_pages(part.lstrip("+- ")) for part in parts]
    return texts[0] if len(texts) == 1 else ",".join(quote(text, safe="!~*'()-") for text in texts)


def workspace_link(grid: PanelGrid, page: str, base: str = "") -> str:
    """The project's page below `base` with the runs and the panels of a grid, from the page at `page`."""
    first = grid.sets[0]
    panels = [each for each in grid.panels if not each.mistake and (grid.sweep is None or each.kind in _EVERYWHERE)]
    layout = {
        "add": [{"id": f"panel {at}", "kind": each.kind, "set": dict(each.set)} for at, each in enumerate(panels, 1)],
        "size": {f"panel {at}": [max(each.width or 1, _USUAL_WIDTH), each.height] for at, each in enumerate(panels, 1)},
    }
    choices = {
        "filter": _any(grid.sets),
        "group": _grouping(grid.sets),
        "sort": _sort(first.order),
        "layout": json.dumps(layout, separators=(",", ":")) if panels else "",
    }
    parts = [f"{key}={quote(value, safe='')}" for key, value in choices.items() if value or key == "group"]
    fragment = "&".join(parts)
    if len(fragment) > _LONGEST:
        fragment = "&".join(part for part in parts if not part.startswith("layout="))
    return f"{urls.href(base + urls.project_page(first.project.name), urls.up(page))}#{fragment}"


_EVERYWHERE: Final = frozenset({"importance", "parallel", "line", "scatter", "bar", "box", "histogram"})


def _any(sets: Sequence[RunSet]) -> str:
    """A filter for the runs of any of some sets."""
    filters = [each.where for each in sets]
    if not all(filters):
        return ""
    return filters[0] if len(filters) == 1 else " OR ".join(f"({each})" for each in filters)


def figure_html(drawn: Drawn, caption: Markup, page: str, spec: str, base: str, commit: Markup) -> Markup:
    """A figure: the place that its panels are drawn in, its caption, and where it comes from.

    `page` is the report's, `spec` leads to the file of what it is made from; its project lies below `base`, and
    `commit` names what that was read from.
    """
    grid = drawn.grid
    runs = {run.id for each in grid.sets for run in each.runs}
    rows = _heights(grid)
    return Markup(
        '<figure class="report-figure"{id}>\n<div class="report-grid" data-grid="{at}" data-columns="{columns}"'
        ' data-rows="{rows}"></div>\n<figcaption>{number}{caption}\n<span class="figure-links">'
        '<a href="{runs}" title="These runs and panels on the project\'s page">{count}</a>'
        '<button type="button" class="quiet" data-figure-csv="{at}">CSV</button><a href="{spec}">Spec</a>'
        "{commit}</span></figcaption>\n</figure>\n"
    ).format(
        id=id_of(grid.head),
        at=drawn.at,
        columns=grid.columns,
        rows=" ".join(map(str, rows)),
        number=numbered("Figure", drawn.number),
        caption=caption,
        runs=workspace_link(grid, page, base),
        count=f"{len(runs)} {'run' if len(runs) == 1 else 'runs'}",
        spec=spec,
        commit=commit,
    )


def commit_html(commit: str, page: str) -> Markup:
    """The commit that a figure was made from, as a link where its page is known; nothing outside of git."""
    if not commit:
        return Markup("")
    shown = Markup('<code title="The commit of the runs">{}</code>').format(commit)
    return Markup('<a href="{}" rel="noopener noreferrer">{}</a>').format(page, shown) if page else shown


def id_of(head: Head) -> Markup:
    return Markup(' id="{}"').format(head.id) if head.id else Markup("")


def numbered(word: str, number: int | None) -> Markup:
    return Markup('<span class="figure-number">{} {}.</span> ').format(word, number) if number else Markup("")


def _heights(grid: PanelGrid) -> list[int]:
    """How high each row of a grid is, px, so that the page has room for it before it is drawn."""
    return [max(panel.height for panel in row) for row in _rows(grid)]


def _rows(grid: PanelGrid) -> Iterator[list[PanelSpec]]:
    row: list[PanelSpec] = []
    used = 0
    for panel in grid.panels:
        width = min(panel.width or 1, grid.columns)
        if row and used + width > grid.columns:
            yield row
            row, used = [], 0
        row.append(panel)
        used += width
    if row:
        yield row
