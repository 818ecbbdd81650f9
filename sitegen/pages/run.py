"""The page of one run."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit, urlunsplit

from runstore.errors import RunstoreError
from runstore.format.records import read_json_object
from runstore.reading.store import Project, RunRecord
from sitegen import urls
from sitegen.pages.context import Link, PageContext, ProblemRow, iso, problem_rows
from sitegen.pages.texts import LogView, PatchView, log_view, patch_view
from sitegen.pages.values import cell, is_typed, show, shown_items

MAX_TABLE_ROWS: Final = 200
MAX_TABLE_BYTES: Final = 20_000_000

FieldKind = Literal["text", "time", "duration", "code", "link", "list", "state"]


@dataclass(frozen=True, slots=True)
class Field:
    """One line of the overview. `value` is text, ISO 8601 for a time, seconds for a duration, texts for a list."""

    label: str
    value: str | float | tuple[str, ...]
    kind: FieldKind = "text"
    href: str | None = None


@dataclass(frozen=True, slots=True)
class TableView:
    """A logged table: its last version, cut to `shown` of `total` rows."""

    title: str
    step: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    shown: int
    total: int


@dataclass(frozen=True, slots=True)
class RunHead:
    """What names a run at the top of its page."""

    id: str
    name: str
    state: str
    notes: str


@dataclass(frozen=True, slots=True)
class RunPage(PageContext):
    """Context of `run.html`."""

    run: RunHead
    project: str
    project_href: str
    overview: tuple[Field, ...]
    config: tuple[tuple[str, str], ...]
    summary: tuple[tuple[str, str], ...]
    tables: tuple[TableView, ...]
    log: LogView | None
    patch: PatchView | None
    metrics: int
    data: str
    problems: tuple[ProblemRow, ...]
    group: Link | None
    previous: Link | None
    next: Link | None


def run_page(project: Project, number: int, group_slug: str | None, metrics: int, data: str) -> RunPage:
    """The page of the `number`-th run of a project; `metrics` counts its charts, `data` is their file."""
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
        run=RunHead(run.id, run.name, run.state, run.meta.notes),
        project=project.name,
        project_href=project_href,
        overview=tuple(_overview(run, group)),
        config=shown_items(run.config),
        summary=shown_items(run.summary),
        tables=tuple(_tables(run)),
        log=log_view(run.layout.output_log, "output.log.txt") if has_log(run) else None,
        patch=patch_view(run.layout.changes_patch, "changes.patch.txt") if has_patch(run) else None,
        metrics=metrics,
        data=data,
        problems=problem_rows(run.problems),
        group=group,
        previous=_neighbour(project, number - 1, root),
        next=_neighbour(project, number + 1, root),
    )


def has_log(run: RunRecord) -> bool:
    """Whether there is a console log, a plain file of the run's own (`files` knows no links)."""
    return bool(run.files.get(run.layout.output_log.name))


def has_patch(run: RunRecord) -> bool:
    """Whether there is a patch of uncommitted changes, a plain file of the run's own."""
    return bool(run.files.get(run.layout.changes_patch.name))


def _neighbour(project: Project, number: int, root: str) -> Link | None:
    if not 0 <= number < len(project.runs):
        return None
    run = project.runs[number]
    return Link(run.name, urls.href(urls.run_page(project.name, run.id), root))


def _overview(run: RunRecord, group: Link | None) -> Iterator[Field]:
    """The fields of W&B's Overview, in its order, then ours. What a run does not say is left out."""
    facts = run.provenance
    git = facts.get("git") if isinstance(facts.get("git"), dict) else {}
    fields: list[tuple[str, Any, FieldKind, str | None]] = [
        ("State", run.state, "state", None),
        ("Author", facts.get("user"), "text", None),
        ("Group", run.meta.group, "link" if group else "text", group.href if group else None),
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
        ("Command", _command(facts), "code", None),
        ("Git repository", *_repository(git)),
        ("Git state", _git_state(git), "code", None),
        ("Host name", facts.get("host"), "text", None),
        ("OS", facts.get("os"), "text", None),
        ("Python version", facts.get("python"), "text", None),
        ("Python executable", facts.get("executable"), "code", None),
        ("System hardware", _hardware(facts), "text", None),
        ("Runstore version", facts.get("runstore"), "text", None),
        ("Sweep", run.meta.sweep, "code", None),
        ("Steps", None if run.last_step is None else f"{run.last_step:.15g} ({run.rows} rows)", "text", None),
    ]
    for label, value, kind, href in fields:
        if value in (None, "", ()):
            continue
        if kind == "list":
            yield Field(label, tuple(str(item) for item in value), kind)
        else:
            yield Field(label, value if kind == "duration" else show(cell(value)), kind, href)


def _command(facts: Any) -> str | None:
    command = facts.get("command")
    if isinstance(command, list):
        return shlex.join(str(word) for word in command)
    return str(command) if command else None


def _repository(git: Any) -> tuple[str | None, FieldKind, str | None]:
    """The remote without what may be a password, and as a link where a browser can follow it."""
    remote = git.get("remote")
    if not isinstance(remote, str) or not remote:
        return None, "text", None
    try:
        parts = urlsplit(remote)
    except ValueError:
        return remote, "code", None
    user, at, host = parts.netloc.rpartition("@")
    if parts.scheme in ("http", "https") and host:
        bare = urlunsplit((parts.scheme, host, parts.path, "", ""))
        return bare, "link", bare.removesuffix(".git")
    if at:
        return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}@{host}")), "code", None
    ssh = re.fullmatch(r"git@([A-Za-z0-9.-]+):([A-Za-z0-9._/~-]+?)(?:\.git)?", remote)
    return remote, "link" if ssh else "code", f"https://{ssh[1]}/{ssh[2]}" if ssh else None


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


def table_stamps(run: RunRecord) -> tuple[tuple[int, int], ...]:
    """Size and time of change of each table that the page shows."""
    stats = [path.stat() for _, _, path in _table_files(run)]
    return tuple((stat.st_size, stat.st_mtime_ns) for stat in stats)


def _table_files(run: RunRecord) -> Iterator[tuple[str, Any, Path]]:
    """The last version of each table the run logged: key, stub and file. One that is missing is left out."""
    for key, value in run.summary.items():
        if is_typed(value) and value.get("_type") == "table-file":
            path = _inside(run, value.get("path"))
            if path is not None and path.stat().st_size <= MAX_TABLE_BYTES:
                yield key, value, path


def _tables(run: RunRecord) -> Iterator[TableView]:
    """The tables of a run as its page shows them. A broken one is left out: its stub remains."""
    for key, value, path in _table_files(run):
        try:
            table = read_json_object(path)
        except RunstoreError:
            continue
        columns, data = table.get("columns"), table.get("data")
        if not isinstance(columns, list) or not isinstance(data, list):
            continue
        rows = [row if isinstance(row, list) else [row] for row in data[:MAX_TABLE_ROWS]]
        yield TableView(
            title=key,
            step=show(cell(value.get("_step"))),
            columns=tuple(str(column) for column in columns),
            rows=tuple(tuple(show(cell(item)) for item in row) for row in rows),
            shown=len(rows),
            total=len(data),
        )


def _inside(run: RunRecord, path: Any) -> Any:
    """The file that a run's record names, when it is a plain file in the run's own media."""
    if not isinstance(path, str) or not path or "\0" in path:
        return None
    home = run.layout.path.resolve()
    try:
        found = (home / path).resolve()
        return found if found.is_relative_to(home / run.layout.media_dir.name) and found.is_file() else None
    except (OSError, ValueError):
        # Not a name that this system could give to a file.
        return None
