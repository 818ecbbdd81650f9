"""Run sets: which runs a part of a report is about, what groups them, and what they are called there."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import partial
from typing import Any, Final

from runstore.errors import UsageError
from runstore.format.sections import Section, meant, shown
from runstore.reading.columns import FIELDS, Columns, canonical, unwrapped
from runstore.reading.query import matching, sort
from runstore.reading.store import Project, RunRecord
from sitegen.reports.mistakes import Mistakes, ReportError, ReportSource

KEYS: Final = ("project", "filter", "ids", "group", "order", "limit", "rename")
DEFAULT: Final = "runs"
"""What a report calls all runs of its project, unless it names another set so."""


MOST_NAMED: Final = 100
"""Runs that a link names one by one."""

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
_NEAR: Final = 0.75
_LONGEST_NAMED: Final = 60
_MEND: Final = "write {filter: …}, or several such by name"


@dataclass(frozen=True, slots=True)
class RunSetSpec:
    """A run set as it is written: of one project, by a filter or by ids, in an order, and no more than `limit` runs.

    `group` are columns, `rename` gives runs other names by their id or name. `line` is where it stands, `broken` the
    line of the mistake because of which it cannot be used, 0 where there is none.
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
    broken: int = 0


@dataclass(frozen=True, slots=True)
class RunSet:
    """The runs of a set in their order, which `order` says, with its columns by their own names as those of `group`.

    `names` are the names that are others here, by id. `where` is a filter that holds for these runs and, as far as one
    can say so, no others.
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
    """Whether a mapping is a run set and not several by name; one with a wrong key is one still."""
    if not isinstance(values, Mapping) or not values:
        return False
    known = [key for key in values if key in KEYS]
    return len(known) == len(values) or (bool(known) and not any(isinstance(each, Mapping) for each in values.values()))


def read_sets(section: Section, mistakes: Mistakes) -> dict[str, RunSetSpec]:
    """The run sets of a front matter, or the only one, by name. One that is wrong is among the `mistakes`, and is there
    as one that cannot be used."""
    if not isinstance(values := section.get("runs"), Mapping) or is_set(values):
        return {DEFAULT: _read_or_broken(lambda: read_set(section.section("runs", _MEND), DEFAULT), DEFAULT, mistakes)}
    inner = section.section("runs", _MEND)
    found = {}
    for name in inner.values:
        with mistakes.caught():
            _check_name(inner, name)
            found[name] = _read_or_broken(partial(_read_named, inner, name), name, mistakes)
    return found


def _check_name(section: Section, name: str) -> None:
    if not _NAME.fullmatch(name):
        section.fail(name, f"the name {name!r}", "letters, digits, - and _", "name the run set so")


def _read_named(section: Section, name: str) -> RunSetSpec:
    return read_set(section.section(name), name)


def _read_or_broken(read: Callable[[], RunSetSpec], name: str, mistakes: Mistakes) -> RunSetSpec:
    try:
        return read()
    except ReportError as error:
        mistakes.add(error.line, str(error))
        return RunSetSpec(name, line=error.line, broken=max(error.line, 1))


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
        line=line_of(section),
    )


def _words(section: Section, key: str) -> tuple[str, ...]:
    """A list of texts, or one text alone."""
    value = section.get(key)
    return (value,) if isinstance(value, str) and value else section.texts(key, "write [a, b]") if value else ()


def line_of(section: Section) -> int:
    """The line of the report's file on which a mapping stands; 0 for one of another file."""
    if not isinstance(section.source, ReportSource):
        return 0
    return section.source.first + (section.source.line(section.path) or 1) - 1


def resolve(spec: RunSetSpec, projects: Mapping[str, Project], usual: str) -> RunSet:
    """The runs of a set; `usual` is the project of a set that names none. Raises `ReportError` where there are none."""
    if spec.broken:
        raise ReportError(f"the run set {spec.name!r} has a mistake in line {spec.broken}", spec.broken)
    project = _project(spec, projects, usual)
    columns = Columns(project.runs)
    try:
        runs = matching(_chosen(spec, project), spec.filter or None)
        order = ",".join(_ordered(spec.order, columns))
        runs = sort(runs, order) if order and runs else runs
        group = tuple(column(name, columns) for name in spec.group)
    except UsageError as error:
        raise ReportError(f"the run set {spec.name!r}: {error}", spec.line) from None
    if not runs:
        raise ReportError(_empty(spec, project), spec.line)
    chosen = tuple(runs[: spec.limit])
    where = by_ids(chosen) if spec.ids or len(chosen) < len(runs) else spec.filter
    return RunSet(spec.name, project, chosen, group, dict(_renamed(spec, project)), order, where)


def _ordered(order: str, columns: Columns) -> Iterator[str]:
    """The parts of an order, each with its column's own name. Raises `UsageError`."""
    for part in (part.strip() for part in order.split(",") if order.strip()):
        name = part.lstrip("+-").strip()
        if not name:
            raise UsageError(f"the order {order!r} names no column, expected one as in created or -val_acc")
        yield ("-" if part.startswith("-") else "") + column(name, columns)


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

    Raises `UsageError` with the nearest names, or where none is near with some that there are.
    """
    own = canonical(name)
    for each in (own, f"summary.{name}", unwrapped(own)):
        if columns.has(each):
            return each
    if not columns.runs:
        return columns.check(own)
    raise UsageError(f"found no column {name!r}; {_columns_near(name, columns)}")


def _columns_near(name: str, columns: Columns) -> str:
    """What to say of a name that no column has: the nearest, else some columns of all kinds."""
    known = [each for each in columns.names() if len(each) <= _LONGEST_NAMED and each.isprintable()]
    if near := list(_nearest(name, known)):
        return f"did you mean {' or '.join(map(_bare, near))}?"
    metrics = [_bare(each) for each in known if each.startswith("summary.") and not each.startswith("summary._")]
    config = [each for each in known if each.startswith("config.")]
    return f"there are {', '.join([*metrics[:6], *config[:4], 'state', 'group', 'created'])} and more"


def _nearest(name: str, known: Sequence[str]) -> Mapping[str, None]:
    """Columns whose names are nearly this one, with their section or without; first those of the same key elsewhere."""
    spelled = [*((each, each) for each in known), *((each.partition(".")[2], each) for each in known if "." in each)]
    key = name.partition(".")[2] or name
    same = [column for text, column in spelled if text == key]
    close = get_close_matches(name, [text for text, _ in spelled], n=3, cutoff=_NEAR)
    return dict.fromkeys(same or [column for text in close for each, column in spelled if each == text])


def _bare(name: str) -> str:
    """A column as a report names it: a metric needs no section, unless a field of runs has its name."""
    bare = name.removeprefix("summary.")
    return name if bare in FIELDS else bare
