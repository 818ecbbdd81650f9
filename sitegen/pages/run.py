"""The page of one run."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

from runstore.artifacts.lineage import INPUT, OUTPUT
from runstore.reading.store import Project, RunRecord
from sitegen import urls
from sitegen.pages.artifacts import ArtifactIndex, UseRow
from sitegen.pages.attempts import AlertView, AttemptView, alerts, attempt_starts, attempt_views
from sitegen.pages.code import CodeView, code_view, command_line, repository
from sitegen.pages.context import Link, PageContext, ProblemRow, iso, problem_rows
from sitegen.pages.files import Script, StoredFile, main_script
from sitegen.pages.logs import LogHead, log_heads, log_index
from sitegen.pages.previews import files_index
from sitegen.pages.texts import PatchView, patch_view
from sitegen.pages.values import MAX_SHOWN, cell, is_typed, short, show, shown_items

_PARTS: Final = (
    ("Charts", 'run.log({"loss": 0.1})'),
    ("Media", 'run.log({"sample": runstore.Image(pixels)})'),
    ("Tables", 'run.log({"errors": runstore.Table(columns=columns, data=rows)})'),
    ("Artifacts", 'run.log_artifact("model.pt", name="model", type="model")'),
    ("Log", 'runstore.init(settings=runstore.Settings(console="wrap"))'),
    ("Files", 'run.save("notes.txt")'),
    ("Code", 'run.log_code(".")'),
)
_GROUP: Final = "Group"
_SWEEP: Final = "Sweep"
FieldKind = Literal["text", "time", "duration", "code", "link", "list", "state"]


class Field(NamedTuple):
    """One line of the overview. `value` is text, ISO 8601 for a time, seconds for a duration, texts for a list."""

    label: str
    value: str | float | tuple[str, ...]
    kind: FieldKind = "text"
    href: str | None = None


@dataclass(frozen=True, slots=True)
class RunData:
    """What a run's page loads: `metrics` counts the charts in `data`, `panels` heads what was logged beside numbers.

    `system` leads to the system metrics, None where there are none; `frame` (from the site's root) to the page that
    shows HTML and Plotly's figures, `plotly` to what draws these. `drawn` says whether anything is drawn by Vega.
    """

    metrics: int
    data: str
    panels: str | None
    media: int
    tables: int
    system: str | None
    drawn: bool
    frame: str | None
    plotly: str | None


@dataclass(frozen=True, slots=True)
class RunUses:
    """The artifacts that went into a run, and those that came out."""

    inputs: tuple[UseRow, ...]
    outputs: tuple[UseRow, ...]


@dataclass(frozen=True, slots=True)
class SweepLink:
    """The page of a run's sweep, and the number of the trial that the run is of, None where no record says so."""

    href: str
    trial: int | None


@dataclass(frozen=True, slots=True)
class RunHead:
    """What names a run at the top of its page."""

    id: str
    name: str
    state: str


@dataclass(frozen=True, slots=True)
class RunPage(PageContext):
    """Context of `run.html`. What is `withheld` is not said to be missing."""

    run: RunHead
    project: str
    project_href: str
    overview: tuple[Field, ...]
    config: tuple[tuple[str, str], ...]
    summary: tuple[tuple[str, str], ...]
    loads: RunData
    attempts: tuple[AttemptView, ...]
    marks: tuple[float, ...]
    alerts: tuple[AlertView, ...]
    uses: RunUses | None
    logs: tuple[LogHead, ...]
    log: str | None
    patch: PatchView | None
    code: CodeView | None
    files: str | None
    script: Script | None
    problems: tuple[ProblemRow, ...]
    group: Link | None
    sweep: str
    previous: Link | None
    next: Link | None
    withheld: frozenset[str] = frozenset()

    @property
    def shape(self) -> str:
        """Which sections there are: a page that is live is loaded anew when there is another one."""
        loads = self.loads
        data = (loads.metrics, loads.media, loads.tables, self.summary, self.config, loads.system)
        return "".join(
            "1" if part else "0" for part in (*data, self.logs, self.files, self.code or self.script, self.patch)
        )

    @property
    def missing(self) -> tuple[tuple[str, str], ...]:
        """What the run did not log, each with a call that would have."""
        loads = self.loads
        there = (loads.metrics, loads.media, loads.tables, self.uses, self.logs, self.files, self.code or self.script)
        return tuple(part for part, has in zip(_PARTS, there, strict=True) if not has and part[0] not in self.withheld)


def run_page(
    project: Project,
    number: int,
    group_slug: str | None,
    said: Sequence[Field],
    loads: RunData,
    stored: list[StoredFile],
    artifacts: ArtifactIndex,
    sweep: SweepLink | None = None,
) -> RunPage:
    """The page of the `number`-th run of a project, with what `overview` says of it, the data that it loads and the
    files that it lists. The way in `sweep` begins at the site's root."""
    run = project.runs[number]
    path = urls.run_page(project.name, run.id)
    root = urls.up(path)
    project_href = urls.href(urls.project_page(project.name), root)
    group = None
    if group_slug is not None:
        group = Link(run.meta.group, urls.href(urls.group_page(project.name, group_slug), root))
    return RunPage(
        title=f"{run.name} · {project.name}",
        root=root,
        crumbs=((project.name, project_href), (run.name, None)),
        run=RunHead(run.id, run.name, run.state),
        project=project.name,
        project_href=project_href,
        overview=tuple(linked for field in said for linked in _linked(field, group, sweep, root)),
        config=shown_items(run.config),
        summary=shown_items({key: value for key, value in run.summary.items() if not _has_panel(run, value)}),
        loads=loads,
        attempts=attempt_views(run),
        marks=attempt_starts(run),
        alerts=alerts(run),
        uses=_uses(run, artifacts, root),
        logs=log_heads(run),
        log=log_index(run),
        patch=patch_view(run.layout.changes_patch, urls.PATCH) if has_patch(run) else None,
        code=code_view(run, patched=has_patch(run)),
        files=files_index(run, stored),
        script=main_script(run, stored),
        problems=problem_rows(run.problems),
        group=group,
        sweep=run.meta.sweep,
        previous=_neighbour(project, number - 1, root),
        next=_neighbour(project, number + 1, root),
        withheld=_withheld(run),
        path=path,
    )


def _withheld(run: RunRecord) -> frozenset[str]:
    """The parts that a run may have logged though the page must not tell of them."""
    allows = run.disclosure.allows
    told = {"Log": allows("logs"), "Files": allows("files"), "Code": allows("code")}
    return frozenset(part for part, tells in told.items() if not tells)


def _uses(run: RunRecord, artifacts: ArtifactIndex, root: str) -> RunUses | None:
    found = RunUses(artifacts.rows(run, INPUT, root), artifacts.rows(run, OUTPUT, root))
    return found if found.inputs or found.outputs else None


def _has_panel(run: RunRecord, value: Any) -> bool:
    """Whether a value of the summary is shown by a panel: then a list of values need not name it."""
    return is_typed(value) and value["_type"] in run.kinds


def has_patch(run: RunRecord) -> bool:
    """Whether there is a patch of uncommitted changes, a plain file of the run's own."""
    return bool(run.files.get(run.layout.changes_patch.name))


def _neighbour(project: Project, number: int, root: str) -> Link | None:
    if not 0 <= number < len(project.runs):
        return None
    run = project.runs[number]
    return Link(run.name, urls.href(urls.run_page(project.name, run.id), root))


def _linked(field: Field, group: Link | None, sweep: SweepLink | None, root: str) -> Iterator[Field]:
    """A field with a link where it names what has a page; behind the sweep the number of the trial."""
    if field.label == _GROUP and group is not None:
        yield field._replace(kind="link", href=group.href)
    elif field.label == _SWEEP and sweep is not None:
        yield field._replace(kind="link", href=urls.href(sweep.href, root))
        if sweep.trial is not None:
            yield Field("Trial", str(sweep.trial))
    else:
        yield field


def overview(run: RunRecord) -> Iterator[Field]:
    """The fields of W&B's Overview, in its order, then ours. What a run does not say is left out."""
    facts = run.provenance
    git = facts.get("git") if isinstance(facts.get("git"), dict) else {}
    fields: list[tuple[str, Any, FieldKind, str | None]] = [
        ("State", run.state, "state", None),
        ("Author", facts.get("user"), "text", None),
        (_GROUP, run.meta.group, "text", None),
        ("Job type", run.meta.job_type, "text", None),
        ("Tags", run.meta.tags, "list", None),
        ("Description", run.meta.notes, "text", None),
        ("Start time", iso(run.created), "time", None),
        ("End time", iso(run.finished), "time", None),
        ("Runtime", run.runtime, "duration", None),
        ("Tracked hours", run.tracked, "duration", None),
        ("Name", run.name, "text", None),
        ("Run path", f"{run.project}/{run.id}", "code", None),
        ("Exit code", run.exit_code, "text", None),
        ("Command", command_line(facts), "code", None),
        ("Git repository", *_repository(git)),
        ("Git state", _git_state(git), "code", None),
        ("Host name", facts.get("host"), "text", None),
        ("OS", facts.get("os"), "text", None),
        ("Python version", facts.get("python"), "text", None),
        ("Python executable", facts.get("executable"), "code", None),
        ("System hardware", _hardware(facts), "text", None),
        ("Runstore version", facts.get("runstore"), "text", None),
        (_SWEEP, run.meta.sweep, "code", None),
        ("Steps", None if run.last_step is None else f"{run.last_step:.15g} ({run.rows} rows)", "text", None),
    ]
    for label, value, kind, href in fields:
        if value in (None, "", ()):
            continue
        if kind == "list":
            yield Field(label, tuple(short(str(item), MAX_SHOWN) for item in value), kind)
        else:
            yield Field(label, value if kind == "duration" else short(show(cell(value)), MAX_SHOWN), kind, href)


def _repository(git: Any) -> tuple[str | None, FieldKind, str | None]:
    shown, page = repository(git.get("remote"))
    return shown, "link" if page else "text" if shown is None else "code", page


def _git_state(git: Any) -> str | None:
    commit = git.get("commit")
    if not commit:
        return None
    branch = f" on {git['branch']}" if git.get("branch") else ""
    return f"{commit}{branch}{', with uncommitted changes' if git.get('dirty') else ''}"


def _hardware(facts: Any) -> str | None:
    parts = []
    if facts.get("cpu"):
        parts.append(str(facts["cpu"]))
    if facts.get("cpu_count"):
        logical = facts.get("cpu_count_logical")
        parts.append(f"{facts['cpu_count']} cores" + (f" ({logical} threads)" if logical else ""))
    memory = facts.get("memory_gb")
    if isinstance(memory, int | float):
        parts.append(f"{memory:.0f} GB memory")
    gpus = facts.get("gpu")
    if isinstance(gpus, list):
        parts += [str(gpu) for gpu in gpus]
    return ", ".join(parts) or None
