"""The files of a report's page: made again when its text, what lies beside it, or a project that it names changed."""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property, partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from runstore.errors import StoreError
from runstore.format.records import parse_time
from runstore.reading.problems import Problem
from runstore.reading.revision import Commit, HeadState, head, resolve, tree_digest
from runstore.reading.store import Project, Store
from sitegen import urls
from sitegen.data.logged import logged_keys
from sitegen.data.shards import shard
from sitegen.documents.site import ReportEntry
from sitegen.histories import Histories
from sitegen.pages.artifacts import ArtifactIndex
from sitegen.pages.context import PageContext
from sitegen.pages.report import Origin
from sitegen.planned import PlannedFile, fingerprint
from sitegen.reports.crosslinks import Targets
from sitegen.reports.figures.known import Subject
from sitegen.reports.files import ReportFile, report_files
from sitegen.reports.mistakes import Mistake
from sitegen.reports.page import Known, curve_files, figure_spec, report_page, versioned_payload
from sitegen.swept import Sweeps
from sitegen.tree import folders

if TYPE_CHECKING:
    from sitegen.reports.report import Report


@dataclass(frozen=True)
class ReportPlan:
    """The page of a report and what it loads; `digest` stays while none of it changes.

    A report that is pinned to a commit speaks of what lies below `base`; `gone` says why that is not there.
    """

    file: ReportFile
    digest: str
    subjects: Mapping[str, Subject] = field(repr=False)
    targets: Targets = field(repr=False)
    origin: Origin = field(repr=False)
    base: str = ""
    gone: str = ""
    amiss: tuple[Mistake, ...] = ()

    @property
    def name(self) -> str:
        """What a build remembers its files under."""
        return f"report:{self.file.key}"

    @cached_property
    def report(self) -> "Report":
        from sitegen.reports.report import Basis, compile_report  # Not at the top: most builds make no report anew.

        basis = Basis(self.base, self.origin.commit, self.origin.href, self.gone, self.amiss)
        return compile_report(self.file, self.subjects, self.targets, basis)

    def problems(self, notes: Sequence[str]) -> list[Problem]:
        """What is wrong with it, from the notes that its files left."""
        return [Problem(self.file.relative, line, message) for line, message in map(json.loads, notes)]

    def files(
        self,
        render: Callable[[str, PageContext], bytes],
        notes: list[str],
        known: Known = lambda _: None,
        card: Callable[["Report", Mapping[str, Subject]], bytes | None] = lambda *_: None,
    ) -> Iterator[PlannedFile]:
        """The files; `notes` fills with what is wrong with the report.

        `known` gives the SHA-256 of files of the site: links to data carry the beginning of it. `card` draws the
        picture that stands for a report without a cover where its link is shared; None draws nothing.
        """
        report = self.report
        notes += [json.dumps([problem.line, problem.message]) for problem in report.problems]
        folder = urls.report_dir(self.file.project, self.file.slug)
        payload = versioned_payload(report.payload, folder, known)
        data = None
        if payload is not None:
            for name, content in curve_files(report, self.subjects, payload):
                yield PlannedFile(f"{folder}/data/{name}.js", fingerprint(name), partial(bytes, content))
            content = shard("report", payload)
            data = urls.versioned("report.js", content)
            yield PlannedFile(f"{folder}/report.js", fingerprint(self.digest, data), partial(bytes, content))
        for grid in report.grids:
            spec = json.dumps(figure_spec(report, grid.at), indent=1, ensure_ascii=False).encode() + b"\n"
            yield PlannedFile(f"{folder}/{urls.figure_spec(grid.at)}", self.digest, partial(bytes, spec))
        for name, image in report.images.items():
            path = f"{folder}/{urls.report_image(name)}"
            yield PlannedFile(path, fingerprint(name), partial(_identity, image.content), immutable=True)
        picture = None if report.cover else card(report, self.subjects)
        if picture is not None:
            yield PlannedFile(f"{folder}/{urls.CARD}", self.digest, partial(bytes, picture))
        page = report_page(report, data, self.origin, has_card=picture is not None)
        yield PlannedFile(f"{folder}/index.html", self.digest, lambda: render("report.html.jinja", page))
        yield PlannedFile(urls.document(f"{folder}/index.html"), self.digest, self._as_data)

    def _as_data(self) -> bytes:
        from sitegen.reports.writing.document import report_document

        known = {"commit": self.origin.commit, "href": self.origin.href}
        return report_document(self.report, {key: value for key, value in known.items() if value})


def _only_reports(read: "ReportsRead") -> Targets:
    """What a report may link to while nothing is known of any project: other reports."""
    return Targets({}, {}, ArtifactIndex(), {(file.project, file.name): file for file in read.files})


def _identity(content: Any) -> Any:
    return content


@dataclass(frozen=True, slots=True)
class ReportsRead:
    """The reports of a store as files, before anything is known of what they speak of. `problems` are those of files
    that could not be read."""

    files: tuple[ReportFile, ...]
    problems: tuple[Problem, ...]

    def of(self, project: str) -> list[ReportFile]:
        """Those of a project, "" for those of none, the newest first."""
        own = sorted((file for file in self.files if file.project == project), key=lambda file: file.title.casefold())
        return sorted(own, key=lambda file: file.front.date, reverse=True)

    def links(self, project: str) -> tuple[tuple[str, str, str], ...]:
        """Title, page below the folder of the project, and date or status of each."""
        return tuple(
            (file.title, urls.href(f"{urls.REPORTS}/{file.slug}/index.html"), _brief(file)) for file in self.of(project)
        )

    def entries(self) -> tuple[ReportEntry, ...]:
        """Every report as a list names it: the newest first, those about several projects before others."""
        projects = sorted({file.project for file in self.files})
        return tuple(_entry(file) for project in projects for file in self.of(project))

    def state(self, project: str) -> str:
        """Changes with what pages list of a project's reports."""
        return fingerprint(self.links(project)) if self.of(project) else ""


def _entry(file: ReportFile) -> ReportEntry:
    front = file.front
    page = urls.report_page(file.project, file.slug)
    return ReportEntry(file.title, front.description, page, front.date, front.status, file.project)


def _brief(file: ReportFile) -> str:
    return file.front.date if file.front.status == "published" else "draft"


def read_reports(store: Store) -> ReportsRead:
    """Every report of a store, as a file."""
    problems: list[Problem] = []
    files = tuple(report_files(store, problems))
    return ReportsRead(files, tuple(problems))


@dataclass(frozen=True, slots=True)
class PinnedReports:
    """The reports that are pinned to one commit, which speak of some projects as they were there."""

    commit: Commit
    projects: tuple[str, ...]
    plans: tuple[ReportPlan, ...]


@dataclass(frozen=True, slots=True)
class Reports:
    """The plans of all reports of a store, those that are `pinned` by their commits, and the problems of files that
    could not be read."""

    plans: tuple[ReportPlan, ...]
    pinned: tuple[PinnedReports, ...]
    problems: tuple[Problem, ...]

    @property
    def any(self) -> bool:
        """Whether there is a report, which says which commit it was made from."""
        return bool(self.plans or self.pinned)

    def news(self) -> Iterator[tuple[str, str, str, float]]:
        """The page, title, description and day (epoch s) of each report that was published on one."""
        pinned = (plan for each in self.pinned for plan in each.plans)
        for plan in (*self.plans, *pinned):
            file, front = plan.file, plan.file.front
            if front.status == "published" and front.date:
                moment = parse_time(front.date)
                yield urls.report_page(file.project, file.slug), file.title, front.description, moment or 0.0


def subject_of(project: Project, histories: Histories, sweeps: Sweeps) -> Subject:
    """A project as reports look at it: what takes time is asked for when one does."""
    return Subject(
        project,
        histories,
        find_logged=lambda: _logged(project),
        sweeps={plan.sweep.id: plan.sweep for plan in sweeps.plans},
    )


def _logged(project: Project) -> dict[str, tuple[str, ...]]:
    keys = logged_keys(project.runs)
    return {place: tuple(each["key"] for each in keys if each["place"] == place) for place in ("media", "tables")}


def targets_of(subjects: Mapping[str, Subject], artifacts: ArtifactIndex) -> Targets:
    """What reports may speak of beside runs."""
    return Targets(
        {name: subject.project for name, subject in subjects.items()},
        {name: subject.sweeps for name, subject in subjects.items()},
        artifacts,
        {},
    )


def plan_reports(
    read: ReportsRead,
    store: Store,
    release: str,
    subjects: Mapping[str, Subject],
    targets: Targets,
    states: Mapping[str, str],
) -> Reports:
    """Plans the pages of reports. `states` change, by project, with what a report may show of it."""
    if not read.files:
        return Reports((), (), read.problems)
    targets = replace(targets, reports=_only_reports(read).reports)
    titles = fingerprint([(each.key, each.slug, each.title) for each in read.files])
    here = head(store.layout.root)
    if not store.disclosure.allows("remote"):
        here = replace(here, web=None)
    plans: list[ReportPlan] = []
    pinned: dict[str, list[tuple[Commit, ReportFile]]] = {}
    for file in read.files:
        known = release, file.digest, titles, _beside(file)
        if file.front.as_of:
            commit = _commit(store, file)
            if isinstance(commit, Commit):
                pinned.setdefault(commit.sha, []).append((commit, file))
            else:
                digest = fingerprint(*known, commit)
                plans.append(
                    ReportPlan(
                        file, digest, {}, _only_reports(read), Origin("Pinned to a commit that is gone"), "", commit
                    )
                )
            continue
        named = {name: states.get(name, "") for name in _named(file, states)}
        told = origin(here)
        plans.append(
            ReportPlan(file, fingerprint(*known, named, told.text, told.commit, told.more), subjects, targets, told)
        )
    groups = tuple(_pinned(found, here, store, release, titles, read) for found in pinned.values())
    return Reports(tuple(plans), groups, read.problems)


def _pinned(
    found: Sequence[tuple[Commit, ReportFile]],
    here: HeadState,
    store: Store,
    release: str,
    titles: str,
    read: ReportsRead,
) -> PinnedReports:
    commit = found[0][0]
    told = origin(replace(here, commit=commit, changed=()), pinned=True)
    projects = sorted({name for _, file in found for name in _named(file, [each.name for each in store.projects])})
    plans = []
    for _, file in found:
        amiss = tuple(_changed(store, file, commit))
        digest = fingerprint(release, file.digest, titles, _beside(file), commit.sha, told.href, amiss)
        plans.append(ReportPlan(file, digest, {}, _only_reports(read), told, urls.pinned_dir(commit.sha), amiss=amiss))
    return PinnedReports(commit, tuple(projects), tuple(plans))


def _changed(store: Store, file: ReportFile, commit: Commit) -> Iterator[Mistake]:
    """That the commit holds other runs than those that the report was frozen with."""
    if not file.front.digest:
        return
    found = tree_digest(store.layout.root, commit.sha, file.speaks_of)
    if found != file.front.digest:
        line = file.front.lines.get("digest", 0)
        yield Mistake(
            line,
            f"digest: commit {commit.short} holds {found}, expected {file.front.digest}; "
            "its runs are others than those that were frozen: `runstore report freeze` takes these",
        )


def _named(file: ReportFile, projects: Iterable[str]) -> list[str]:
    """The projects that a report may speak of: its own, and those whose names stand in it."""
    return sorted({name for name in projects if name in file.text} | set(file.speaks_of))


def _commit(store: Store, file: ReportFile) -> Commit | str:
    """The commit that a report is pinned to, or why there is none."""
    try:
        return resolve(store.layout.root, file.front.as_of)
    except StoreError as error:
        return unread(store, error)


def unread(store: Store, error: StoreError) -> str:
    """Why the commit of a report cannot be read, as the report says it."""
    return f"as_of: {str(error).removeprefix(f'{store.layout.root}: ')}"


def origin(here: HeadState, *, pinned: bool = False) -> Origin:
    """What a page says of what it was made from."""
    made = f"by Runstore {version('runstore')}"
    if here.commit is None:
        return Origin(f"Built {made} from a store outside of git.")
    day = datetime.fromtimestamp(here.commit.when, UTC).strftime("%Y-%m-%d")
    changed = " and changes that are not committed" if here.dirty else ""
    said = "Pinned: all runs are as they were in commit" if pinned else "Built from commit"
    return Origin(said, here.commit.short, here.commit_url or "", f"of {day}{changed}, {made}.")


def _beside(file: ReportFile) -> list[Any]:
    """The state of the files that a report may show or cite: those in its folder."""
    found = []
    for folder, _, files in folders(os.fspath(file.path.parent)):
        for entry in files:
            if not entry.name.endswith(".md"):
                known = entry.stat(follow_symlinks=False)
                found.append((f"{folder}{entry.name}", known.st_size, known.st_mtime_ns))
    return sorted(found)
