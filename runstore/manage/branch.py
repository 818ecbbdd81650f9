"""What a branch does to a store: the projects, runs, groups, sweeps and reports that it adds, changes and removes."""

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal

from runstore.format.layout import ProjectLayout
from runstore.format.metrics import AGGREGATES, Goal
from runstore.format.sweep_layout import SweepLayout
from runstore.format.values import plain
from runstore.manage.comparison import Gate
from runstore.manage.gate import gate, metric_columns
from runstore.manage.sparks import curves_of
from runstore.manage.terms import Terms
from runstore.reading.columns import Columns
from runstore.reading.goals import finite
from runstore.reading.revision import Commit
from runstore.reading.store import Project, RunRecord, Store

What = Literal["added", "changed", "removed"]

_MOST_CURVES: Final = 60
_MOST_REPORT_BYTES: Final = 8 << 20
_FACTS: Final[Mapping[str, Callable[[RunRecord], Any]]] = {
    "name": lambda run: run.meta.name,
    "group": lambda run: run.meta.group,
    "job type": lambda run: run.meta.job_type,
    "tags": lambda run: run.meta.tags,
    "notes": lambda run: run.meta.notes,
    "state": lambda run: run.state,
    "config": lambda run: repr(run.config),
    "summary": lambda run: repr(run.summary),
    "history": lambda run: (run.rows, run.last_step),
}
"""What a run can change."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Names of one kind of things, in order."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)

    def counts(self) -> Iterator[tuple[What, int]]:
        yield "added", len(self.added)
        yield "changed", len(self.changed)
        yield "removed", len(self.removed)


@dataclass(frozen=True, slots=True)
class RunChange:
    """A run that a branch adds, changes or removes; `facts` are what it changes of it. `value` is the run's first
    metric, None where it has none, `curve` how that went."""

    run: RunRecord = field(repr=False)
    what: What
    facts: tuple[str, ...] = ()
    value: float | None = None
    curve: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Best:
    """The best value of a metric among finished runs, before and now; None where no run has one. `run` has it now."""

    metric: str
    goal: Goal
    before: float | None
    now: float | None
    run: str


@dataclass(frozen=True, slots=True)
class ProjectChange:
    """What a branch does to one project. `what` is None for one that stays but for what it holds."""

    name: str
    what: What | None
    runs: tuple[RunChange, ...]
    groups: Changes
    sweeps: Changes
    reports: Changes
    bests: tuple[Best, ...]

    @property
    def counts(self) -> Changes:
        """Its runs by id."""
        ids = {what: tuple(each.run.id for each in self.runs if each.what == what) for what in _WHATS}
        return Changes(ids["added"], ids["changed"], ids["removed"])


@dataclass(frozen=True, slots=True)
class BranchDiff:
    """A store at two commits. `head` is None for the working tree; `projects` are those that differ, `reports` those
    of no one project, `gate` compares the new runs with the old ones."""

    base: Commit
    head: Commit | None
    projects: tuple[ProjectChange, ...]
    reports: Changes
    gate: Gate

    def as_dict(self) -> dict[str, Any]:
        """The differences as plain values; curves are left out."""
        found: dict[str, Any] = plain(
            {
                "base": self.base.sha,
                "head": None if self.head is None else self.head.sha,
                "projects": [_project_dict(each) for each in self.projects],
                "reports": asdict(self.reports),
                "comparisons": [each.as_dict() for each in self.gate.comparisons],
            }
        )
        return found


_WHATS: Final[tuple[What, ...]] = ("added", "changed", "removed")


def branch_diff(base: Store, head: Store, commits: tuple[Commit, Commit | None], terms: Terms) -> BranchDiff:
    """In what `head` differs from `base`. Raises as `gate.gate` does, and `OSError` where a report cannot be read."""
    before = {project.name: project for project in base.projects}
    now = {project.name: project for project in head.projects}
    names = [name for name in sorted(before.keys() | now.keys()) if terms.project in (None, name)]
    changes = [_project_change(before.get(name), now.get(name), terms) for name in names]
    reports = _changes(_contents(base.layout.reports()), _contents(head.layout.reports()))
    return BranchDiff(*commits, tuple(filter(_differs, changes)), reports, gate(head, base, terms))


def _differs(change: ProjectChange) -> bool:
    return change.what is not None or any((change.runs, change.groups, change.sweeps, change.reports))


def _project_change(before: Project | None, now: Project | None, terms: Terms) -> ProjectChange:
    known = now or before
    assert known is not None
    what: What | None = "added" if before is None else "removed" if now is None else None
    if before is not None and now is not None and before.meta != now.meta:
        what = "changed"
    old, new = before.runs if before else (), now.runs if now else ()
    metrics = metric_columns([*old, *new], _lenient(terms))
    runs = list(_run_changes(old, new))
    return ProjectChange(
        name=known.name,
        what=what,
        runs=tuple(_with_curves(now, runs, next(iter(metrics), None))),
        groups=_changes(_groups(old), _groups(new)),
        sweeps=_changes(_sweeps(before), _sweeps(now)),
        reports=_changes(*(_contents(side.layout.reports()) if side else {} for side in (before, now))),
        bests=tuple(_best(metric, goal, old, new) for metric, goal in metrics.items()) if runs else (),
    )


def _lenient(terms: Terms) -> Terms:
    """The terms, with a direction for metrics that have none: which is best is then only a guess."""
    return replace(terms, goal=terms.goal or "maximize")


def _run_changes(old: Sequence[RunRecord], new: Sequence[RunRecord]) -> Iterator[RunChange]:
    """The runs that differ, newest first, those that are gone last."""
    known = {run.id: run for run in old}
    for run in new:
        if (earlier := known.get(run.id)) is None:
            yield RunChange(run, "added")
        elif facts := tuple(name for name, take in _FACTS.items() if take(run) != take(earlier)):
            yield RunChange(run, "changed", facts)
    left = {run.id for run in new}
    yield from (RunChange(run, "removed") for run in old if run.id not in left)


def _with_curves(project: Project | None, runs: Sequence[RunChange], metric: str | None) -> Iterator[RunChange]:
    """The runs with their values of a metric; of the first ones how it went, too."""
    values = [] if metric is None else Columns([each.run for each in runs]).values(metric)
    own = {} if project is None else {run.id: index for index, run in enumerate(project.runs)}
    drawn = [own[each.run.id] for each in runs[:_MOST_CURVES] if each.what != "removed"]
    curves = {} if project is None or metric is None else curves_of(project, drawn, _logged_key(metric))
    for index, each in enumerate(runs):
        value = finite(values[index]) if values else None
        curve = curves.get(own.get(each.run.id, -1), []) if each.what != "removed" else []
        yield RunChange(each.run, each.what, each.facts, value, tuple(curve))


def _logged_key(metric: str) -> str:
    """The key of the history that a column of the summary tells of: `loss` for `summary.loss.min`."""
    key = metric.partition(".")[2] or metric
    name, _, word = key.rpartition(".")
    return name if name and word in AGGREGATES else key


def _best(metric: str, goal: Goal, old: Sequence[RunRecord], new: Sequence[RunRecord]) -> Best:
    before, now = _extreme(metric, goal, old), _extreme(metric, goal, new)
    return Best(metric, goal, before and before[0], now and now[0], now[1] if now else "")


def _extreme(metric: str, goal: Goal, runs: Sequence[RunRecord]) -> tuple[float, str] | None:
    done = [run for run in runs if run.state == "finished"]
    values = zip(map(finite, Columns(done).values(metric)), done, strict=True)
    known = [(value, run.id) for value, run in values if value is not None]
    return (max if goal == "maximize" else min)(known, default=None, key=lambda each: each[0])


def _groups(runs: Sequence[RunRecord]) -> dict[str, str]:
    """The groups, each with what tells that it changed: which runs are in it."""
    members: dict[str, list[str]] = {}
    for run in runs:
        if run.meta.group:
            members.setdefault(run.meta.group, []).append(run.id)
    return {group: repr(sorted(ids)) for group, ids in members.items()}


def _sweeps(project: Project | None) -> dict[str, str]:
    """The sweeps, each with a digest of which records it has; what git leaves out does not count."""
    if project is None:
        return {}
    return {sweep_id: _records(project.layout, sweep_id) for sweep_id in project.layout.sweep_ids()}


def _records(project: ProjectLayout, sweep_id: str) -> str:
    folder = project.sweeps_dir / sweep_id
    layout = SweepLayout(folder)
    passing = {path.name for path in (layout.agents_dir, layout.launches_dir, layout.locks_dir, layout.tmp_dir)}
    found = []
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in passing)
        inside = os.path.relpath(place, folder)
        found += [(inside, name, os.lstat(os.path.join(place, name)).st_size) for name in sorted(files)]
    return hashlib.sha256(repr(found).encode("utf-8", "backslashreplace")).hexdigest()


def _contents(paths: Sequence[Path]) -> dict[str, str]:
    """Reports by name, each with a digest of its text."""
    return {path.stem: _digest(path) for path in paths}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.sha256(file.read(_MOST_REPORT_BYTES)).hexdigest()


def _changes(before: Mapping[str, str], now: Mapping[str, str]) -> Changes:
    """What differs between things that are told by a text each."""
    return Changes(
        added=tuple(sorted(now.keys() - before.keys())),
        changed=tuple(sorted(name for name in now.keys() & before.keys() if now[name] != before[name])),
        removed=tuple(sorted(before.keys() - now.keys())),
    )


def _project_dict(change: ProjectChange) -> dict[str, Any]:
    return {
        "name": change.name,
        "what": change.what,
        "runs": [
            {"id": each.run.id, "name": each.run.name, "what": each.what, "facts": each.facts, "value": each.value}
            for each in change.runs
        ],
        "groups": asdict(change.groups),
        "sweeps": asdict(change.sweeps),
        "reports": asdict(change.reports),
        "best": [asdict(best) for best in change.bests],
    }
