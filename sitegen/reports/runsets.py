"""Run sets: which runs a part of a report is about, what groups them, and what they are called there."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from runstore.errors import UsageError
from runstore.format.sections import Section, meant, shown
from runstore.reading.columns import Columns, canonical
from runstore.reading.query import select
from runstore.reading.store import Project, RunRecord
from sitegen.reports.mistakes import ReportError

KEYS: Final = ("project", "filter", "ids", "group", "order", "limit", "rename")
DEFAULT: Final = "runs"
"""What a report calls all runs of its project, unless it names another set so."""


MOST_NAMED: Final = 100
"""Runs that a link names one by one."""


@dataclass(frozen=True, slots=True)
class RunSetSpec:
    """A run set as it is written: of one project, by a filter or by ids, in an order, and no more than `limit` runs.

    `group` are columns, `rename` gives runs other names by their id or name. `line` is where it stands.
    """

    name: str = DEFAULT
    project: str = ""
    filter: str = ""
    ids: tuple[str, ...] = ()
    group: tuple[str, ...] = ()
    order: str = ""
    limit: int | None = None
    rename: Mapping[str, str] = field(default_factory=dict)
    line: int = 0


@dataclass(frozen=True, slots=True)
class RunSet:
    """The runs of a set in their order, which `order` says; `group` are columns by their own names, `names` the names
    that are others here, by id. `where` is a filter that holds for these runs and, as far as one can say so, no others.
    """

    name: str
    project: Project
    runs: tuple[RunRecord, ...]
    group: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    order: str = ""
    where: str = ""

    def name_of(self, run: RunRecord) -> str:
        return self.names.get(run.id, run.name)


def is_set(values: Any) -> bool:
    """Whether a mapping is a run set and not several by name."""
    return isinstance(values, Mapping) and bool(values) and all(key in KEYS for key in values)


def read_set(section: Section, name: str) -> RunSetSpec:
    """A run set from YAML. Raises `ReportError` for the first mistake."""
    section.only(KEYS)
    rename = section.section("rename", "write run: new name") if "rename" in section else None
    return RunSetSpec(
        name=name,
        project=section.text("project"),
        filter=section.text("filter"),
        ids=_words(section, "ids"),
        group=_words(section, "group"),
        order=section.text("order"),
        limit=section.integer("limit", least=1),
        rename={key: rename.text(key) for key in rename.values} if rename else {},
        line=_line(section),
    )


def _words(section: Section, key: str) -> tuple[str, ...]:
    """A list of texts, or one text alone."""
    value = section.get(key)
    return (value,) if isinstance(value, str) and value else section.texts(key, "write [a, b]") if value else ()


def _line(section: Section) -> int:
    first = getattr(section.source, "first", 1)
    line = section.source.line(section.path)
    return int(first + line - 1) if line else int(first)


def resolve(spec: RunSetSpec, projects: Mapping[str, Project], usual: str) -> RunSet:
    """The runs of a set; `usual` is the project of a set that names none. Raises `ReportError` where there are none."""
    project = _project(spec, projects, usual)
    try:
        runs = select(_chosen(spec, project), spec.filter or None, spec.order or None)
        columns = Columns(project.runs)
        group = tuple(columns.check(name) for name in spec.group)
    except UsageError as error:
        raise ReportError(f"the run set {spec.name!r}: {error}", spec.line) from None
    if not runs:
        raise ReportError(_empty(spec, project), spec.line)
    chosen = tuple(runs[: spec.limit])
    where = by_ids(chosen) if spec.ids or len(chosen) < len(runs) else spec.filter
    return RunSet(spec.name, project, chosen, group, dict(_renamed(spec, project)), spec.order, where)


def by_ids(runs: Sequence[RunRecord]) -> str:
    """A filter that names some runs one by one."""
    ids = ", ".join("'" + run.id.replace("'", "''") + "'" for run in runs[:MOST_NAMED])
    return f"id IN ({ids})"


def _project(spec: RunSetSpec, projects: Mapping[str, Project], usual: str) -> Project:
    name = spec.project or usual
    if name in projects:
        return projects[name]
    known = ", ".join(projects) or "none"
    if not name:
        raise ReportError(
            f"the run set {spec.name!r} names no project, and a report outside of one has none of its own; "
            f"add project: to it (there are: {known})",
            spec.line,
        )
    hint = meant(name, projects) or f"there are: {known}"
    raise ReportError(f"the run set {spec.name!r}: found no project {name!r}; {hint}", spec.line)


def _chosen(spec: RunSetSpec, project: Project) -> Sequence[RunRecord]:
    """The runs that are named, in this order; all where none is."""
    if not spec.ids:
        return project.runs
    return [_named(name, spec, project) for name in spec.ids]


def _named(name: str, spec: RunSetSpec, project: Project) -> RunRecord:
    found = find_run(name, project.runs)
    if found is None:
        close = meant(name, [*(run.id for run in project.runs), *(run.name for run in project.runs)])
        mend = close or f"`runstore ls {project.name}` lists them"
        raise ReportError(f"the run set {spec.name!r}: found no run {name!r} in {project.name}; {mend}", spec.line)
    return found


def find_run(name: str, runs: Sequence[RunRecord]) -> RunRecord | None:
    """The run with this id, else the newest with this name."""
    return next((run for run in runs if run.id == name), None) or next((run for run in runs if run.name == name), None)


def _renamed(spec: RunSetSpec, project: Project) -> Iterator[tuple[str, str]]:
    for name, other in spec.rename.items():
        yield _named(name, spec, project).id, other


def _empty(spec: RunSetSpec, project: Project) -> str:
    if not project.runs:
        return f"the run set {spec.name!r} is empty: the project {project.name} has no runs yet"
    where = f"no run of {project.name} fulfils {shown(spec.filter)}" if spec.filter else f"{project.name} has none"
    return f"the run set {spec.name!r} is empty: {where}; change its filter, or log such runs"


def column(name: str, columns: Columns) -> str:
    """A column's own name; a name without section that is no field of runs is one of the summary.

    Raises `UsageError` with the nearest names.
    """
    own = canonical(name)
    if not columns.has(own) and columns.has(f"summary.{name}"):
        return f"summary.{name}"
    return columns.check(own)
