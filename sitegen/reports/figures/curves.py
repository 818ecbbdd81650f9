"""What the line charts of a report show first: a small file for each metric, made for the very runs and groups of the
figure, so that a reader loads every point only who asks for more than the author shows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from runstore.reading.columns import Columns, spelled
from runstore.reading.store import RunRecord
from sitegen.data.groups import mean_curve
from sitegen.data.overview import LEAST, LINES, Group, group_payload, lines_payload
from sitegen.data.series import Series
from sitegen.data.shards import named_shard
from sitegen.histories import Histories, Ranges, ranges
from sitegen.pages.values import told_apart
from sitegen.reports.figures.blocks import PanelGrid
from sitegen.reports.figures.panels import PanelSpec
from sitegen.reports.figures.settings import as_grouping, on_pages
from sitegen.reports.runsets import column

SETS: Final = "runset"
"""What a page calls the column that says of which set a run is."""
_PLAIN: Final[Mapping[str, tuple[Any, ...]]] = {
    "formula": ("",),
    "pattern": ("",),
    "agg": ("mean",),
    "shade": ("std",),
    "smooth": (0,),
    "x": ("_step",),
    "xlog": ("no",),
    "outliers": ("no",),
    "members": ("no",),
    "x0": (None,),
    "x1": (None,),
}
"""What a panel may say without asking for more than these files hold."""


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a chart: its groups, by the place of the first run of each, or single runs; `key` is the grouping as
    the page names it."""

    key: str
    groups: Mapping[int, Sequence[int]] | None
    runs: tuple[int, ...]


def curves(grid: PanelGrid, panel: PanelSpec, histories: Histories) -> Iterator[tuple[str, str, bytes, str]]:
    """For each metric of a panel its key, the name and the content of its file, and the grouping that it is made for.

    None of a panel that asks for more, and of metrics whose exact data are small.
    """
    if panel.kind != "line" or any(panel.set.get(key, known[0]) not in known for key, known in _PLAIN.items()):
        return
    lines = _lines(grid, panel)
    for key in panel.set.get("metrics", ()):
        size, logged = _logged(key, histories)
        if size > LEAST and histories.defined.of(key).step_metric is None:
            payload = _payload(key, lines, logged, histories, panel.set.get("most", str(LINES)))
            if payload is not None:
                yield key, *named_shard("o", payload), lines.key


def _lines(grid: PanelGrid, panel: PanelSpec) -> Lines:
    runs = grid.sets[0].project.runs
    places = {run.id: place for place, run in enumerate(runs)}
    own = tuple(dict.fromkeys(places[run.id] for each in grid.sets for run in each.runs))
    chosen = panel.set.get("group", "")
    if chosen == "-":
        return Lines("", None, own)
    if chosen:
        return _grouped(chosen, _columns(chosen, runs), own, runs)
    if len(grid.sets) > 1:
        return Lines(SETS, dict(_by_set(grid, places)), own)
    names = list(grid.sets[0].group)
    if not names:
        return Lines("", None, own)
    return _grouped(as_grouping([on_pages(name) for name in names]), names, own, runs)


def _columns(grouping: str, runs: Sequence[RunRecord]) -> list[str]:
    """The columns of a grouping as the page names it."""
    from urllib.parse import unquote

    known = Columns(runs)
    if known.has(grouping):
        return [grouping]
    return [column(unquote(part), known) for part in grouping.split(",")]


def _by_set(grid: PanelGrid, places: Mapping[str, int]) -> Iterator[tuple[int, list[int]]]:
    """A run counts as one of the first set that has it."""
    taken: set[int] = set()
    for each in grid.sets:
        own = sorted({places[run.id] for run in each.runs} - taken)
        taken.update(own)
        if own:
            yield own[0], own


def _grouped(key: str, names: Sequence[str], own: tuple[int, ...], runs: Sequence[RunRecord]) -> Lines:
    known = Columns(runs)
    labels = [told_apart(known.values(name), spelled) for name in names]
    found: dict[tuple[str, ...], list[int]] = {}
    for place in sorted(own):
        found.setdefault(tuple(each[place] for each in labels), []).append(place)
    return Lines(key, {members[0]: members for members in found.values()}, own)


def _logged(key: str, histories: Histories) -> tuple[int, set[int]]:
    """How many bytes the exact data of a metric are, and which runs logged it."""
    size, logged = 0, set()
    for chunk in histories.chunks:
        head = histories.heads(chunk.number).get(key)
        if head is not None:
            size += head.size
            logged |= {histories.rank(rank) for first, last in head.ranks for rank in range(first, last + 1)}
    return size, logged


def _payload(key: str, lines: Lines, logged: set[int], histories: Histories, most: str) -> dict[str, Any] | None:
    own = [run for run in lines.runs if run in logged]
    told = ranges([histories.rank(run) for run in own])
    if lines.groups is None:
        return _single(key, own, told, histories, most)
    shown = {first: [run for run in members if run in logged] for first, members in lines.groups.items()}
    there = {first: members for first, members in shown.items() if members}
    if len(there) > LINES or not there:
        return None
    histories.need({run for members in there.values() for run in members})
    made = []
    for first, members in there.items():
        series = histories.series(key, members)
        payload = None if series is None else _group(series, len(there))
        if payload is None:
            return None
        made.append({**payload, "value": first})
    return {"logged": told, "places": True, "groups": made}


def _single(key: str, own: Sequence[int], told: Ranges, histories: Histories, most: str) -> dict[str, Any] | None:
    """The first lines in the set's order, as many as the chart shows."""
    if not most.isdecimal() or int(most) > LINES or not own:
        return None
    first = list(own[: int(most)])
    histories.need(first)
    series = histories.series(key, first)
    if series is None:
        return None
    ranks = np.array([histories.rank(run) for run in series.runs.tolist()], dtype=np.intp)
    return lines_payload(series, ranks, told)


def _group(series: Series, groups: int) -> dict[str, Any] | None:
    curve = mean_curve(series)
    if curve is None:
        return None
    at = series.step[series.broken]
    found = np.unique(np.stack([at[np.isfinite(at)], series.kinds[np.isfinite(at)]]), axis=1)
    return group_payload(Group(None, series.runs.size, curve, found[0], found[1].astype(np.uint8)), groups)
