"""What a branch does to a store as Markdown, ready to be a comment at its pull request."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

from runstore.manage.branch import Best, BranchDiff, Changes, ProjectChange, RunChange
from runstore.manage.export import save
from runstore.manage.gate_table import counted, gate_lines, summary
from runstore.manage.markdown import code, cut, table
from runstore.manage.sparks import spark_svg, spark_text

_MOST_RUNS: Final = 30
_MOST_NAMES: Final = 20
_LEAST_POINTS: Final = 2

Picture = Callable[[RunChange], str]


def comment(diff: BranchDiff, pictures: Mapping[str, str] | None = None) -> str:
    """The comment, of at most 65,000 characters. `pictures` are addresses of curves, by `picture_key`; a run without
    one has its curve in characters."""
    lines = [f"**{headline(diff)}**", ""]
    if diff.gate.comparisons:
        lines += [*gate_lines(diff.gate, f"New runs against those of the base: {summary(diff.gate)}."), ""]
    for change in diff.projects:
        lines += _project(change, lambda each: _curve(each, pictures or {}))
    lines += _listed("Reports about several projects", diff.reports)
    return cut(lines)


def headline(diff: BranchDiff) -> str:
    """One line: how much a branch adds, changes and removes."""
    head = "the working tree" if diff.head is None else diff.head.short
    parts = [
        *_counted("run", [change.counts for change in diff.projects]),
        *_counted("sweep", [change.sweeps for change in diff.projects]),
        *_counted("report", [diff.reports, *(change.reports for change in diff.projects)]),
    ]
    return f"{diff.base.short} → {head}: {', '.join(parts) or 'nothing changes in the store'}"


def _counted(noun: str, changes: Sequence[Changes]) -> Iterator[str]:
    totals: dict[str, int] = {}
    for each in changes:
        for what, count in each.counts():
            totals[what] = totals.get(what, 0) + count
    yield from (f"{counted(count, noun)} {what}" for what, count in totals.items() if count)


def picture_key(each: RunChange) -> str:
    """What a run's picture is called: no stranger's word becomes a path."""
    return hashlib.sha256(f"{each.run.project}/{each.run.id}".encode("utf-8", "backslashreplace")).hexdigest()[:16]


def draw(diff: BranchDiff, folder: Path, base: str) -> dict[str, str]:
    """Writes the runs' curves as SVG files into `folder`; their addresses below `base`, by `picture_key`.

    Raises `StoreError`.
    """
    pictures = {}
    for each in (each for change in diff.projects for each in change.runs[:_MOST_RUNS]):
        if len(each.curve) >= _LEAST_POINTS:
            name = f"{picture_key(each)}.svg"
            save(folder / name, spark_svg(each.curve))
            pictures[picture_key(each)] = quote(f"{base.rstrip('/')}/{name}", safe="/:~._-%?&=")
    return pictures


def _curve(each: RunChange, pictures: Mapping[str, str]) -> str:
    address = pictures.get(picture_key(each))
    return f"![curve]({address})" if address else spark_text(each.curve) or "—"


def _project(change: ProjectChange, picture: Picture) -> Iterator[str]:
    what = "" if change.what is None else f" ({change.what})"
    yield f"### {code(change.name)}{what}"
    yield ""
    if bests := [f"- {_best(best)}" for best in change.bests if best.before != best.now]:
        yield from (*bests, "")
    if change.runs:
        yield from table(("Run", "", "Group", "State", _metric(change), "Curve"), _rows(change, picture))
        if len(change.runs) > _MOST_RUNS:
            yield ""
            yield f"… and {counted(len(change.runs) - _MOST_RUNS, 'more run')}"
        yield ""
    yield from _listed("Groups", change.groups)
    yield from _listed("Sweeps", change.sweeps)
    yield from _listed("Reports", change.reports)


def _metric(change: ProjectChange) -> str:
    return code(change.bests[0].metric.removeprefix("summary.")) if change.bests else "Metric"


def _rows(change: ProjectChange, picture: Picture) -> Iterator[list[str]]:
    for each in change.runs[:_MOST_RUNS]:
        run = each.run
        name = code(run.name) if run.name == run.id else f"{code(run.name)} {code(run.id)}"
        what = each.what + (f": {', '.join(each.facts)}" if each.facts else "")
        value = "—" if each.value is None else f"{each.value:.5g}"
        yield [name, what, code(run.meta.group), run.state, value, picture(each)]


def _best(best: Best) -> str:
    before, now = (("none" if value is None else f"{value:.5g}") for value in (best.before, best.now))
    return f"best {code(best.metric.removeprefix('summary.'))}: {before} → {now} ({code(best.run)})"


def _listed(title: str, changes: Changes) -> Iterator[str]:
    if not changes:
        return
    parts = []
    for what, names in (("added", changes.added), ("changed", changes.changed), ("removed", changes.removed)):
        more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
        if names:
            parts.append(f"{what} {', '.join(map(code, names[:_MOST_NAMES]))}{more}")
    yield f"{title}: {'; '.join(parts)}"
    yield ""
