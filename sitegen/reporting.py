"""Writing and checking reports from the command line: begun from a view, checked, pinned, copied."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, Final

from runstore.cli.words import counted
from runstore.errors import StoreError, UsageError
from runstore.format import yaml12
from runstore.format.layout import ProjectLayout, StoreLayout, make_below
from runstore.format.records import write_atomically
from runstore.format.yaml_text import YamlError
from runstore.reading.problems import Problem
from runstore.reading.repository import Repository
from runstore.reading.revision import head, resolve, store_at, tree_digest
from runstore.reading.store import Store, read_store
from sitegen import urls
from sitegen.histories import Histories
from sitegen.pages.context import PageContext
from sitegen.pinned import over, plan_pinned, without
from sitegen.plan import plan_site
from sitegen.reported import PinnedReports, ReportPlan, ReportsRead, read_reports
from sitegen.reported import unread as why_unread
from sitegen.reports.files import ReportFile
from sitegen.reports.front import parted
from sitegen.reports.mistakes import Mistakes
from sitegen.reports.report import Report
from sitegen.viewed import SHOWN, Viewed, project_in, read_view

_KEY: Final = re.compile(
    r"^(as_of|digest|title|status)[ \t]*:.*(?:\r?\n(?:[ \t]*\r?\n)*[ \t]+\S.*)*(?:\r?\n|$)", re.MULTILINE
)
"""A key with all lines of its value."""


def check_reports(root: Path, names: Sequence[str] = (), unread: list[Problem] | None = None) -> Iterator[Report]:
    """The reports of a store, or some of them by name, with what the store says of their claims now.

    Those that cannot be read are noted in `unread`, why. Raises `StoreError` for a name that no report has.
    """
    store = read_store(root)
    plan = plan_site(store, [], "check", _unrendered)
    named = _named(read_reports(store), names, store)
    if unread is not None:
        unread += named.problems
    wanted = {file.key for file in named.files}
    for report in plan.reports.plans:
        if report.file.key in wanted:
            yield report.report
    for pinned in plan.reports.pinned:
        own = [report for report in pinned.plans if report.file.key in wanted]
        if own:
            yield from _as_of(store, pinned, own)


def _as_of(store: Store, pinned: PinnedReports, own: Sequence[ReportPlan]) -> Iterator[Report]:
    """Some reports over the store at their commit."""
    with ExitStack() as stack:
        past = store_at(store.layout.root, pinned.commit.sha, projects=pinned.projects, numbers_only=True)
        try:
            found = stack.enter_context(past)
        except StoreError as error:
            yield from (without(report, why_unread(store, error)).report for report in own)
            return
        plan = plan_pinned(found.store, "check", _unrendered)
        for report in own:
            yield over(report, plan).report


def _unrendered(template: str, page: PageContext) -> bytes:
    return b""


def find_report(root: Path, name: str) -> ReportFile:
    """The report with this name, `project/name` or file. Raises `StoreError`, for one that cannot be read too."""
    store = read_store(root)
    named = _named(read_reports(store), [name], store)
    if not named.files:
        raise StoreError(f"{store.layout.root}/{named.problems[0]}")
    return named.files[0]


def _named(read: ReportsRead, names: Sequence[str], store: Store) -> ReportsRead:
    """The reports that have these names, all without any. Each name is that of one alone, which may be unreadable."""
    if not names:
        return read
    found = [_one(read, name, store) for name in names]
    files = tuple(each for each in found if isinstance(each, ReportFile))
    return ReportsRead(files, tuple(each for each in found if isinstance(each, Problem)))


def _one(read: ReportsRead, name: str, store: Store) -> ReportFile | Problem:
    plain = name.removesuffix(".md")
    own: list[ReportFile | Problem] = [
        file for file in read.files if plain in (file.key, file.name, os.fspath(file.path).removesuffix(".md"))
    ]
    for each in read.problems:
        path = os.fspath(store.layout.root / each.path).removesuffix(".md")
        if plain in (unread_key(each), unread_key(each).rpartition("/")[2], path):
            own.append(each)
    if len(own) != 1:
        keys = sorted([file.key for file in read.files] + [unread_key(each) for each in read.problems])
        known = ", ".join(keys[:8]) or "none yet: `runstore report new` begins one"
        what = "no report" if not own else f"{len(own)} reports"
        raise StoreError(f"{store.layout.root}: found {what} {name!r}; there are: {known}")
    return own[0]


def unread_key(problem: Problem) -> str:
    """The name that a report has among all of the store which cannot be read: `digits/notes` of its file."""
    return problem.path.replace(f"{urls.REPORTS}/", "", 1).removesuffix(".md")


@dataclass(frozen=True, slots=True)
class Begun:
    """A report that was begun: its file, and how many panels are in it."""

    path: Path
    panels: int


def new_report(layout: StoreLayout, project: str, name: str, title: str = "", viewed: Viewed | None = None) -> Begun:
    """Begins a report of a project ("" for one about several), a draft; with what is on screen in a view.

    Raises `UsageError` for a name that cannot be one, `StoreError` where there is such a report.
    """
    home: StoreLayout | ProjectLayout = layout.project(project) if project else layout
    path = home.report(name)
    blocks = viewed.blocks if viewed else (_EXAMPLE if project else "")
    front = {
        "title": title or name.replace("-", " ").capitalize(),
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "status": "draft",
        "description": "",
        **({"runs": {SHOWN: dict(viewed.runs)}} if viewed and viewed.runs else {}),
    }
    text = f"---\n{yaml12.dump(front)}---\n\nWhat was asked, and what came out.\n\n{blocks}"
    _create(layout, path, text)
    return Begun(path, viewed.panels if viewed else 0)


_EXAMPLE: Final = """\
We looked at {{ runs | length }} runs.

```runs
most: 20
```
"""


def clone_report(file: ReportFile, layout: StoreLayout, name: str) -> Path:
    """A copy of a report under another name beside it, a draft again. Raises as `new_report`."""
    home: StoreLayout | ProjectLayout = layout.project(file.project) if file.project else layout
    path = home.report(name)
    title = yaml12.dump({"title": f"{file.title} (copy)"}).strip()
    _create(layout, path, with_keys(file.text, {"title": title, "status": "status: draft"}))
    return path


def freeze_report(file: ReportFile, root: Path, revision: str = "HEAD") -> str:
    """Pins a report to a commit, with a digest of what the store holds there; returns the commit.

    Raises `StoreError`: the store is not in git, or has changes that are not committed, which no commit holds.
    """
    commit = resolve(root, revision)
    if revision == "HEAD" and (changed := _without_reports(head(root).changed)):
        raise StoreError(
            f"{root}: {_uncommitted(root, changed)} not committed, and the report would read commit {commit.short}; "
            "commit first, or name the commit with --at"
        )
    digest = tree_digest(root, commit.sha, file.speaks_of)
    keys = {"as_of": f'as_of: "{commit.sha}"', "digest": f'digest: "{digest}"'}
    write_atomically(file.path, with_keys(file.text, keys).encode())
    return commit.short


def _uncommitted(root: Path, changed: Sequence[str]) -> str:
    """What is not committed, with its verb: the runs that changed files belong to, else the first of these."""
    store = read_store(root)
    with Repository(root) as repository:
        top = PurePosixPath(repository.prefix)
    # Of what is all new git names the folder alone: it may be a run's, or one above runs.
    paths = set(map(PurePosixPath, changed))
    touched = {folder for path in paths for folder in path.parents} | paths
    own = [top / store.relative(run.layout.path) for project in store.projects for run in project.runs]
    runs = sum(run in touched or not paths.isdisjoint(run.parents) for run in own)
    if not runs:
        return f"{changed[0]} is"
    return f"{counted(runs, 'run')} {'is' if runs == 1 else 'are'}"


def _without_reports(changed: Sequence[str]) -> list[str]:
    """The files that a pinned report reads from its commit: its own text it does not."""
    return [path for path in changed if urls.REPORTS not in path.split("/")]


def with_keys(text: str, lines: dict[str, str]) -> str:
    """A report whose front matter has some of its lines replaced, or added at the end; the rest stays as it was.

    Raises `UsageError` for a front matter that is broken, or not written with a key a line.
    """
    made = _with_keys(text, lines)
    wanted = {**_values(text), **{key: yaml12.load(line)[key] for key, line in lines.items()}}
    if yaml12.dump(_values(made)) != yaml12.dump(wanted):
        keys = " and ".join(lines)
        raise UsageError(f"found a front matter in which {keys} cannot be set; write a key a line, each once")
    return made


def _values(text: str) -> dict[str, Any]:
    try:
        found = yaml12.load(parted(text, Mistakes()).front)
    except YamlError:
        return {}
    return dict(found) if isinstance(found, Mapping) else {}


def _with_keys(text: str, lines: dict[str, str]) -> str:
    parts = parted(text, Mistakes())
    if not parts.front and parts.body_line == 1:
        return "---\n" + "".join(f"{line}\n" for line in lines.values()) + "---\n\n" + text
    left = dict(lines)
    replaced = _KEY.sub(lambda found: f"{left.pop(found[1])}\n" if found[1] in left else found[0], parts.front)
    if replaced and not replaced.endswith("\n"):
        replaced += "\n"
    front = replaced + "".join(f"{line}\n" for line in left.values())
    begin = text.index("\n") + 1
    return text[:begin] + front + text[begin + len(parts.front) :]


def _create(layout: StoreLayout, path: Path, text: str) -> None:
    """Writes a file that is not there yet, behind no link. Raises `StoreError`."""
    try:
        make_below(layout.root, path.parent)
        with open(path, "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise StoreError(f"{path}: there is such a report already; choose another name") from None
    except OSError as error:
        raise StoreError(f"{path}: cannot be written ({error.strerror})") from None


def project_of(layout: StoreLayout, project: str | None) -> str:
    """The project of a report: the one that was named, or the store's only one. Raises `UsageError`."""
    names = [each.name for each in layout.projects()]
    if project is not None:
        if project and project not in names:
            raise UsageError(f"found no project {project!r}; there are: {', '.join(names) or 'none'}")
        return project
    if len(names) != 1:
        raise UsageError(f"name the project with --project (there are: {', '.join(names) or 'none'}), or '' for none")
    return names[0]


def look_at(root: Path, address: str, project: str | None = None) -> Viewed:
    """What is on screen at the address of a page of a project, by default the one that it names.

    Raises `UsageError` for an address that is none, or of no project of the store.
    """
    store = read_store(root)
    by_page = {urls.project_dir(each.name): each for each in store.projects}
    named = project_in(address)
    found = next((each for each in store.projects if each.name == project), None) or by_page.get(named)
    if found is None:
        known = ", ".join(each.name for each in store.projects) or "none"
        raise UsageError(f"found no project {project or named!r} at that address; there are: {known}")
    histories = Histories(found, "view")
    return read_view(address, found.name, [metric.key for metric in histories.metrics() if not metric.hidden])
