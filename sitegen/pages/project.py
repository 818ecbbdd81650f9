"""A project's workspace and its groups' pages, and the table of runs that both load."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from runstore.format.metrics import AGGREGATES
from runstore.format.views import saved_views
from runstore.reading.columns import Columns, dig
from runstore.reading.problems import Problem
from runstore.reading.store import Project, RunRecord
from sitegen import urls
from sitegen.data.defined import Definitions
from sitegen.pages.context import GroupLink, PageContext, ProblemRow, ReportLink, iso, problem_rows
from sitegen.pages.group import GroupFacts, group_facts
from sitegen.pages.index import compute, contributors, last_activity
from sitegen.pages.values import as_json, cell, column_type, flat, is_typed, shared_and_varying, short


@dataclass(frozen=True, slots=True)
class Scope:
    """What a page keeps of its project: the runs whose `column` equals `value`."""

    column: str
    value: str


@dataclass(frozen=True, slots=True)
class WorkspacePage(PageContext):
    """Context of `project.html`; `data` leads to the table of its runs, `base` to the project's directory.

    `last_activity` is ISO 8601, `compute` what its runs ran together in seconds.
    """

    project: str
    project_title: str
    description: str
    runs: int
    base: str
    data: str
    groups: tuple[GroupLink, ...]
    sweeps: tuple[GroupLink, ...]
    artifacts: tuple[GroupLink, ...]
    reports: tuple[ReportLink, ...]
    last_activity: str | None
    compute: float | None
    contributors: str
    scope: Scope | None
    problems: tuple[ProblemRow, ...]

    @classmethod
    def over(
        cls,
        project: Project,
        path: str,
        name: str,
        scope: Scope,
        runs: Sequence[RunRecord],
        problems: Iterable[Problem],
        *,
        description: str = "",
        **own: Any,
    ) -> Self:
        """The page at `path`, two directories below the project, over some of its runs; `own` are its other fields."""
        root = urls.up(path)
        return cls(
            title=f"{name} · {project.name}",
            root=root,
            crumbs=((project.name, urls.href(urls.project_page(project.name), root)), (name, None)),
            project=project.name,
            project_title=project.meta.title or project.name,
            description=description,
            runs=len(runs),
            base="../../",
            data="../../data/runs.js",
            groups=(),
            sweeps=(),
            artifacts=(),
            reports=(),
            last_activity=iso(last_activity(runs)),
            compute=compute(runs),
            contributors=contributors(runs),
            scope=scope,
            problems=problem_rows(problems),
            path=path,
            **own,
        )


@dataclass(frozen=True, slots=True)
class GroupPage(WorkspacePage):
    """Context of `group.html`: a workspace over one group, with what its runs share."""

    facts: tuple[tuple[str, str], ...]
    started: str | None
    shared_config: tuple[tuple[str, str], ...]
    about: GroupFacts


@dataclass(frozen=True, slots=True)
class MetricPart:
    """The data files, by name, of a metric's points in the runs of rank `first` to `last`: the oldest is 0.

    `times` has their times, `fine` says where every row of its long runs lies; None where there is none.
    """

    first: int
    last: int
    name: str
    times: str | None
    fine: str | None


@dataclass(frozen=True, slots=True)
class Metric:
    """One chart of a project: its key, and the data files of its points.

    `axis` is the metric that was defined as its x axis; a `hidden` one has no chart by itself. `overview` is the data
    file of what the chart shows first, None where that is what all of them hold.
    """

    key: str
    parts: tuple[MetricPart, ...]
    runs: int
    has_runtime: bool
    has_wall: bool
    axis: str | None = None
    hidden: bool = False
    overview: str | None = None


def project_page(
    project: Project,
    groups: Mapping[str, str],
    data: str,
    artifacts: Sequence[tuple[str, str, int]] = (),
    sweeps: Sequence[tuple[str, str, int]] = (),
    reports: Sequence[tuple[str, str, str]] = (),
) -> WorkspacePage:
    """The workspace of a project; `groups` holds the directory of each group's page, `data` the runs' file.

    `artifacts` are name, page and number of versions of each, `sweeps` name, page and number of runs, `reports` title,
    page and date.
    """
    path = urls.project_page(project.name)
    title = project.meta.title or project.name
    problems = [*project.problems, *(problem for run in project.runs for problem in run.problems)]
    return WorkspacePage(
        title=title,
        root=urls.up(path),
        crumbs=((project.name, None),),
        project=project.name,
        project_title=title,
        description=project.meta.description,
        runs=len(project.runs),
        base="",
        data=f"data/{data}",
        groups=_group_links(project, groups),
        sweeps=tuple(GroupLink(*sweep) for sweep in sweeps),
        artifacts=tuple(GroupLink(*artifact) for artifact in artifacts),
        reports=tuple(ReportLink(*report) for report in reports),
        last_activity=iso(last_activity(project.runs)),
        compute=compute(project.runs),
        contributors=contributors(project.runs),
        scope=None,
        problems=problem_rows(problems),
        path=path,
    )


def _group_links(project: Project, groups: Mapping[str, str]) -> tuple[GroupLink, ...]:
    counts = Counter(run.meta.group for run in project.runs if run.meta.group)
    return tuple(
        GroupLink(name, urls.href(f"groups/{groups[name]}/index.html"), counts[name]) for name in sorted(counts)
    )


def group_page(project: Project, group: str, slug: str) -> GroupPage:
    """The page of one group: its runs, and what they share."""
    path = urls.group_page(project.name, slug)
    runs = [run for run in project.runs if run.meta.group == group]
    shared, _ = shared_and_varying(run.config for run in runs)
    return GroupPage.over(
        project,
        path,
        group,
        Scope("group", group),
        runs,
        (problem for run in runs for problem in run.problems),
        facts=_facts(runs),
        started=iso(min((run.created for run in runs if run.created is not None), default=None)),
        shared_config=shared,
        about=group_facts(runs, urls.up(path)),
    )


def _facts(runs: Sequence[RunRecord]) -> tuple[tuple[str, str], ...]:
    states = Counter(run.state for run in runs)
    jobs = Counter(run.meta.job_type for run in runs if run.meta.job_type)
    facts = [("Runs", str(len(runs))), ("States", _counted(states))]
    if jobs:
        facts.append(("Job types", _counted(jobs)))
    return tuple(facts)


def _counted(counts: Mapping[Any, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items())


def runs_payload(project: Project, metrics: Sequence[Metric]) -> dict[str, Any]:
    """The table of a project's runs, every column with its values, the list of its charts, and the `hidden` metrics,
    which have no chart by themselves but may be named: as an axis of others."""
    runs = project.runs
    ordered = sorted(metrics, key=lambda metric: place(metric.key))
    return {
        "project": project.name,
        "runs": {
            "id": [run.id for run in runs],
            "name": [run.name for run in runs],
        },
        "columns": _run_columns(runs)
        + _with_kinds(_value_columns("config", [run.config for run in runs]), runs)
        + _with_kinds(_with_goals(_value_columns("summary", [run.summary for run in runs]), Definitions(runs)), runs),
        "metrics": [_metric(metric) for metric in ordered if not metric.hidden],
        "hidden": [_metric(metric) for metric in ordered if metric.hidden],
        "group": default_group(project),
        "views": [view.record() for view in saved_views(project.meta)],
    }


def _run_columns(runs: Sequence[RunRecord]) -> list[dict[str, Any]]:
    git = [run.provenance.get("git") for run in runs]
    columns: list[tuple[str, str, str, list[Any]]] = [
        ("state", "State", "text", [run.state for run in runs]),
        ("group", "Group", "text", [run.meta.group or None for run in runs]),
        ("job_type", "Job type", "text", [run.meta.job_type or None for run in runs]),
        ("tags", "Tags", "list", [list(run.meta.tags) or None for run in runs]),
        ("notes", "Notes", "text", [run.meta.notes or None for run in runs]),
        ("author", "Author", "text", [_text(run.provenance.get("user")) for run in runs]),
        ("created", "Created", "time", [run.created for run in runs]),
        ("runtime", "Runtime", "duration", [run.runtime for run in runs]),
        ("host", "Host", "text", [_text(run.provenance.get("host")) for run in runs]),
        ("commit", "Commit", "text", [_text(each.get("commit")) if isinstance(each, dict) else None for each in git]),
        ("sweep", "Sweep", "text", [run.meta.sweep or None for run in runs]),
        ("finished", "Finished", "time", [run.finished for run in runs]),
        ("updated", "Updated", "time", [run.last_sign for run in runs]),
        ("exit_code", "Exit code", "number", [run.exit_code for run in runs]),
        ("rows", "Rows", "number", [run.rows for run in runs]),
        ("last_step", "Last step", "number", [run.last_step for run in runs]),
        ("tracked", "Tracked", "duration", [run.tracked for run in runs]),
    ]
    return [
        {"key": key, "label": label, "section": "run", "type": kind, "values": values}
        for key, label, kind, values in columns
        if any(value is not None for value in values)
    ]


def _value_columns(name: str, sections: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    flats = [flat(values) for values in sections]
    keys = dict.fromkeys(key for values in flats for key in values)
    around = {part for key in keys for part in _around(key)}
    for key in around & keys.keys():
        _take_mappings(key, flats, sections)
    columns = []
    for key in keys:
        values = [short(known.get(key)) for known in flats]
        columns.append(
            {"key": f"{name}.{key}", "label": key, "section": name, "type": column_type(values), "values": values}
        )
    return columns


def _around(key: str) -> Iterator[str]:
    """What a dotted key may lie in: `a.b.c` in `a` and in `a.b`."""
    at = key.find(".")
    while at >= 0:
        yield key[:at]
        at = key.find(".", at + 1)


def _take_mappings(key: str, flats: Sequence[dict[str, Any]], sections: Sequence[Mapping[str, Any]]) -> None:
    """Where one run has a value and another a mapping, the second has a value too: the mapping as text."""
    for known, values in zip(flats, sections, strict=True):
        if key not in known and isinstance(found := dig(values, key), dict) and not is_typed(found):
            known[key] = as_json(found)


def _with_goals(columns: list[dict[str, Any]], definitions: Definitions) -> list[dict[str, Any]]:
    """The columns of the summary, each with the goal of its metric where one was defined: `v` and `v.best` alike."""
    for column in columns:
        key, _, word = column["label"].rpartition(".")
        goal = definitions.of(column["label"]).goal or (definitions.of(key).goal if word in AGGREGATES else None)
        if goal is not None:
            column["goal"] = goal
    return columns


def _with_kinds(columns: list[dict[str, Any]], runs: Sequence[RunRecord]) -> list[dict[str, Any]]:
    """The columns, each with its kind for filters where its cells, which are text, do not tell: lists, long numbers."""
    frame = Columns(runs)
    for column in columns:
        if column["type"] in ("text", "mixed") and any(map(_hides_its_kind, column["values"])):
            key = column["key"]
            kind = frame.kind(key)
            if kind in ("list", "number"):
                column["kind"] = kind
            elif long := [
                run
                for run, value in enumerate(frame.values(key))
                if isinstance(cell(value), str) and isinstance(value, int)
            ]:
                column |= {"kind": kind, "long": long}
    return columns


def _hides_its_kind(value: Any) -> bool:
    return isinstance(value, str) and (value[:1] == "[" or (len(value) > 15 and value.removeprefix("-").isdecimal()))


def _text(value: Any) -> str | None:
    return str(cell(value)) if value not in (None, "") else None


def default_group(project: Project) -> str | None:
    """The column that groups a project's runs before anybody chooses."""
    return "group" if any(run.meta.group for run in project.runs) else None


def _metric(metric: Metric) -> dict[str, Any]:
    return {
        "key": metric.key,
        "section": section(metric.key),
        "title": title(metric.key),
        "overview": metric.overview,
        "parts": [
            {
                "from": part.first,
                "to": part.last,
                "name": part.name,
                **({} if part.times is None else {"times": part.times}),
                **({} if part.fine is None else {"fine": part.fine}),
            }
            for part in metric.parts
        ],
        "runs": metric.runs,
        "has_runtime": metric.has_runtime,
        "has_wall": metric.has_wall,
        **({} if metric.axis is None else {"axis": metric.axis}),
    }


def section(key: str) -> str:
    """The section of the workspace a metric stands in: what precedes its first slash, as in W&B."""
    head, slash, rest = key.partition("/")
    return head if slash and head and rest else "charts"


def place(key: str) -> tuple[int, str, str]:
    """Where a key stands among others: what has no section of its own comes first, what `watch` logged last."""
    name = section(key)
    return (0 if name == "charts" else 2 if name in ("gradients", "parameters") else 1), name, key


def title(key: str) -> str:
    head, slash, rest = key.partition("/")
    return rest if slash and head and rest else key
