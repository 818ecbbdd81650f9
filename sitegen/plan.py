"""Which files the site has and what each is made of: everything decided, nothing rendered yet."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import chain
from pathlib import Path
from typing import Any

from runstore.reading.problems import Problem
from runstore.reading.store import Project, RunRecord, Store
from sitegen import urls
from sitegen.assets import frame_page, plotly_data, plotly_version
from sitegen.data.attached import FRAMED, PLOTLY, SYNTHETIC, PanelHead, attached_files, panel_heads
from sitegen.data.logged import logged_payload
from sitegen.data.shards import shard
from sitegen.data.sparkline import Sparkline
from sitegen.data.system import system_data, system_files
from sitegen.data.tiers import tiered
from sitegen.documents.artifacts import artifact_document
from sitegen.documents.projects import Parts, group_document, project_document
from sitegen.documents.runs import run_document
from sitegen.documents.site import llms_text, site_document
from sitegen.histories import Histories
from sitegen.pages.artifacts import ArtifactIndex, artifact_index, artifact_page, versions_payload
from sitegen.pages.compare import about_run, compare_page, names_payload
from sitegen.pages.context import PageContext
from sitegen.pages.files import StoredFile, media_files, stored_files
from sitegen.pages.index import finder_payload, index_page
from sitegen.pages.logs import log_copy, log_data, log_files
from sitegen.pages.previews import file_data
from sitegen.pages.project import group_page, project_page, runs_payload, section, title
from sitegen.pages.project import place as key_place
from sitegen.pages.run import Field, RunData, RunPage, has_patch, overview, run_page
from sitegen.planned import PlannedFile, fingerprint
from sitegen.reported import Reports, ReportsRead, plan_reports, read_reports, subject_of, targets_of
from sitegen.reports.crosslinks import Targets
from sitegen.reports.figures.known import Subject
from sitegen.swept import Sweeps, plan_sweeps

Render = Callable[[str, PageContext], bytes]
Known = Callable[[str], str | None]


def run_part(run: RunRecord) -> str:
    """What a build remembers the files of a run's page under."""
    return f"run:{run.project}/{run.id}"


@dataclass(frozen=True, slots=True)
class RunPlan:
    """The page of the `number`-th run of a project, and all that it loads; `digest` stays while none of it changes."""

    project: "ProjectPlan"
    number: int
    digest: str

    @property
    def run(self) -> RunRecord:
        return self.project.project.runs[self.number]

    @property
    def name(self) -> str:
        """What a build remembers its files under."""
        return run_part(self.run)

    def problems(self, notes: Sequence[str]) -> list[Problem]:
        """What could not be drawn, as problems of the store."""
        return [Problem(f"{self.run.project}/runs/{self.run.id}", 0, note) for note in notes]

    def files(self, render: Render, notes: list[str], known: Known = lambda _: None) -> Iterator[PlannedFile]:
        """The files; `notes` fills with what could not be drawn, in lines, as they are made.

        `known` gives the SHA-256 of a file that was made, or kept: then the page can name it without its content.
        """
        run, stored = self.run, self.project.stored[self.run.id]
        folder = urls.run_dir(run.project, run.id)
        own = fingerprint(self.project.release, run.digest, self.project.stamps[run.id])
        said = cache(lambda: tuple(overview(run)))
        data = cache(lambda: shard("run", self.project.histories.run_data(self.number, about_run(run, said()))))
        heads = cache(lambda: panel_heads(run))
        panels = cache(lambda: shard(f"panels/{run.id}", _panels_payload(heads())))
        yield PlannedFile(f"{folder}/data.js", own, data)
        if run.kinds:
            yield PlannedFile(f"{folder}/panels.js", own, panels)

        def page() -> bytes:
            found = known(f"{folder}/data.js")
            loads = _run_data(
                run,
                self.project.histories.count(self.number),
                urls.versioned("data.js", data()) if found is None else f"data.js?v={found[:8]}",
                heads(),
                panels() if heads() else None,
            )
            return render("run.html.jinja", self._page(loads, said()))

        yield PlannedFile(f"{folder}/index.html", self.digest, page)
        keys = partial(self.project.histories.keys, self.number)
        beside = urls.document(urls.run_page(run.project, run.id))
        yield PlannedFile(beside, own, lambda: run_document(run, said(), keys(), "data.js", stored))
        for log in log_files(run):
            yield PlannedFile(f"{folder}/{log.target}", own, partial(log_copy, run, log.path))
        if has_patch(run):
            yield PlannedFile(f"{folder}/{urls.PATCH}", own, lambda: run.layout.changes_patch)
        yield from _files_beside(run, stored, own, folder, notes)

    def _page(self, loads: RunData, said: tuple[Field, ...]) -> RunPage:
        project, run = self.project, self.run
        slug = project.groups.get(run.meta.group)
        stored, sweep = project.stored[run.id], project.sweeps.link(run)
        return run_page(project.project, self.number, slug, said, loads, stored, project.artifacts, sweep)


def _files_beside(
    run: RunRecord, files: list[StoredFile], own: str, folder: str, notes: list[str]
) -> Iterator[PlannedFile]:
    """What a run's page shows beside its metrics: media, tables, system metrics, stored files."""
    if system_files(run):
        yield PlannedFile(f"{folder}/system.js", own, lambda: shard("system", system_data(run)))
    for file in attached_files(run, notes):
        immutable = file.path.startswith("media/")
        yield PlannedFile(f"{folder}/{file.path}", fingerprint(file.digest), file.make, immutable)
    for name, content in chain(log_data(run), file_data(run, files)):
        yield PlannedFile(f"{folder}/{name}", fingerprint(own, name), partial(bytes, content))
    for stored in files:
        if stored.target:
            path = run.layout.path / stored.path
            digest = fingerprint(stored.size, stored.changed)
            yield PlannedFile(f"{folder}/{stored.target}", digest, lambda path=path: path)  # type: ignore[misc]


@dataclass(frozen=True, slots=True)
class ProjectPlan:
    """The files of one project. `digest` stays while nothing below it changes, and then nothing else need be asked."""

    store: Store = field(repr=False)
    project: Project
    digest: str
    release: str
    groups: dict[str, str] = field(repr=False)
    stored: dict[str, list[StoredFile]] = field(repr=False)
    stamps: dict[str, str] = field(repr=False)
    artifacts: ArtifactIndex = field(repr=False)
    sweeps: Sweeps = field(repr=False)
    histories: Histories = field(repr=False)
    reports: tuple[tuple[str, str, str], ...] = ()

    @property
    def name(self) -> str:
        """What a build remembers its files under."""
        return f"project:{self.project.name}"

    def files(self, render: Render, notes: list[str] | None = None) -> Iterator[PlannedFile]:
        """Every file of the project itself. Those of its histories are made before: pages name them.

        `notes` gets what the front page shows of its histories, for builds in which these need not be read.
        """
        histories = self.histories
        picture = histories.sparkline()
        if notes is not None and picture is not None:
            notes += [picture.line, picture.band]
        logged, files = logged_payload(self.project.name, self.project.runs, plotly=plotly_version() is not None)
        yield from self._made(files)
        payload = runs_payload(self.project, histories.metrics())
        columns, parts, files = tiered(payload["columns"])
        yield from self._made(files)
        yield self._planned(
            urls.document(urls.project_page(self.project.name)),
            lambda: project_document(self.project, histories.metrics(), self._parts()),
        )
        runs = shard("runs", {**payload, "columns": columns, "parts": parts, "logged": logged})
        yield from self._made([("runs", runs)])
        data = urls.versioned("runs.js", runs)
        names = shard(urls.RUN_LIST, names_payload(self.project))
        yield from self._made([(urls.RUN_LIST, names)])
        listed = urls.versioned(f"{urls.RUN_LIST}.js", names)
        yield self._planned(
            urls.compare_page(self.project.name),
            lambda: render("compare.html.jinja", compare_page(self.project, listed)),
        )
        artifacts = self.artifacts.links(self.project.name)
        yield self._planned(
            urls.project_page(self.project.name),
            lambda: render(
                "project.html.jinja",
                project_page(self.project, self.groups, data, artifacts, self.sweeps.links(), self.reports),
            ),
        )
        yield from self._artifact_files(render)
        for name, slug in self.groups.items():
            page = partial(group_page, self.project, name, slug)
            path = urls.group_page(self.project.name, slug)
            yield self._planned(path, lambda page=page: render("group.html.jinja", page()))  # type: ignore[misc]
            yield self._planned(urls.document(path), partial(group_document, self.project, name, slug))

    def _parts(self) -> Parts:
        """What the project's document leads to beside its runs."""
        artifacts = self.artifacts.links(self.project.name)
        return Parts(self.groups, artifacts, self.sweeps.links(), self.reports)

    def runs(self) -> Iterator[RunPlan]:
        """A plan a run."""
        return (self.run(number) for number in range(len(self.project.runs)))

    def run(self, number: int) -> RunPlan:
        """The plan of one run."""
        runs = self.project.runs
        run = runs[number]
        neighbours = [(runs[at].id, runs[at].name) for at in (number - 1, number + 1) if 0 <= at < len(runs)]
        digest = fingerprint(
            self.release,
            run.digest,
            self.stamps[run.id],
            self.groups.get(run.meta.group),
            self.artifacts.run_state(run),
            self.sweeps.link(run),
            # The newest run has no newer neighbour, the oldest no older one.
            number == 0,
            neighbours,
        )
        return RunPlan(self, number, digest)

    def _artifact_files(self, render: Render) -> Iterator[PlannedFile]:
        for collection in self.artifacts.by_project.get(self.project.name, ()):
            slug = self.artifacts.slugs[self.project.name][collection.name]
            compared = None
            if len(collection.versions) > 1:
                versions = shard("versions", versions_payload(collection, self.project.disclosure))
                yield self._planned(urls.versions_file(self.project.name, slug), partial(bytes, versions))
                compared = urls.versioned("versions.js", versions)
            page = cache(partial(artifact_page, self.artifacts, self.store, collection, compared))
            path = urls.artifact_page(self.project.name, slug)
            yield self._planned(path, lambda page=page: render("artifact.html.jinja", page()))  # type: ignore[misc]
            yield self._planned(urls.document(path), lambda page=page: artifact_document(page()))  # type: ignore[misc]

    def _made(self, files: Iterable[tuple[str, bytes]]) -> Iterator[PlannedFile]:
        for name, content in files:
            yield self._planned(urls.data_file(self.project.name, name), partial(bytes, content))

    def _planned(self, path: str, make: Callable[[], bytes]) -> PlannedFile:
        return PlannedFile(path, self.digest, make)


def _panels_payload(heads: Sequence[PanelHead]) -> list[dict[str, Any]]:
    return [
        {
            "key": head.key,
            "section": section(head.key) if "/" in head.key else "media",
            # Tables stand below each other without sections: each says its whole key.
            "title": head.key if head.place == "tables" else title(head.key),
            "place": head.place,
            "kind": head.kind,
            "steps": head.steps,
            "name": head.name,
            "url": f"media/{head.name}.js",
        }
        for head in sorted(heads, key=lambda head: key_place(head.key))
    ]


def _run_data(run: RunRecord, metrics: int, data: str, heads: Sequence[PanelHead], panels: bytes | None) -> RunData:
    sizes = [(path.name, run.files[path.name]) for path in system_files(run)]
    tables = sum(head.place == "tables" for head in heads)
    return RunData(
        metrics=metrics,
        data=data,
        panels=None if panels is None else urls.versioned("panels.js", panels),
        media=len(heads) - tables,
        tables=tables,
        system=f"system.js?v={fingerprint(sizes)[:8]}" if sizes else None,
        drawn=bool(metrics or sizes or run.kinds & SYNTHETIC),
        frame=urls.static_file(urls.FRAME) if run.kinds & FRAMED else None,
        plotly=urls.static_file(urls.PLOTLY) if PLOTLY in run.kinds and plotly_version() else None,
    )


@dataclass(frozen=True, slots=True)
class SitePlan:
    """The whole site: its front page and assets, and a plan a project. `frame` shows what no page of ours may hold,
    `reports` are planned once the projects' files are there; `subjects` and `targets` are what texts can speak of."""

    front: tuple[PlannedFile, ...]
    projects: tuple[ProjectPlan, ...]
    reports: Reports
    frame: tuple[PlannedFile, ...]
    subjects: Mapping[str, Subject] = field(repr=False)
    targets: Targets = field(repr=False)


def plan_site(
    store: Store,
    assets: Sequence[tuple[str, bytes]],
    release: str,
    render: Render,
    sparklines: Mapping[str, Sparkline | None] | None = None,
) -> SitePlan:
    """Plans the site of `store`. `release` stands for everything but the store that pages are made of.

    `sparklines`, by project, are asked for when the front page is made: until then the projects' files may fill them.
    """
    release = own_release(store, release)
    artifacts = artifact_index(store)
    read = read_reports(store)
    projects = tuple(plan_project(store, project, release, artifacts, read) for project in store.projects)
    subjects = subjects_of(projects)
    targets = targets_of(subjects, artifacts)
    reports = plan_reports(read, store, release, subjects, targets, _states(projects))
    problems = [str(problem) for problem in (*store.all_problems(), *read.problems)]
    digest = fingerprint(
        release, store.meta.entity, problems, read.state(""), *((each.project.name, each.digest) for each in projects)
    )
    finder = cache(lambda: shard("finder", finder_payload(store)))
    front = [
        PlannedFile(
            urls.index_page(),
            digest,
            lambda: render(
                "index.html.jinja",
                index_page(
                    store,
                    urls.versioned(urls.static_file(urls.FINDER), finder()),
                    {name: len(collections) for name, collections in artifacts.by_project.items()},
                    sparklines or {},
                    {each.project.name: len(each.sweeps.plans) for each in projects},
                    read.links(""),
                ),
            ),
        ),
        PlannedFile(urls.static_file(urls.FINDER), digest, finder),
        *_as_data(store, read, digest),
        # GitHub Pages leaves out what starts with an underscore, unless told that this is no Jekyll site.
        PlannedFile(urls.NO_JEKYLL, release, bytes),
    ]
    for name, data in assets:
        front.append(PlannedFile(urls.static_file(name), release, partial(bytes, data)))
    return SitePlan(tuple(front), projects, reports, _frame_files(store, release), subjects, targets)


def own_release(store: Store, release: str) -> str:
    """The release of this store's pages: nothing of a plain site may be taken for a part of a public one."""
    return release if store.disclosure.is_whole else fingerprint(release, "public")


def _as_data(store: Store, read: ReportsRead, digest: str) -> Iterator[PlannedFile]:
    """The site's own document, and what says to a reader of text where to go on."""
    reports = read.entries()
    own = fingerprint(digest, [(each.description, each.page) for each in reports])
    yield PlannedFile(urls.document(urls.index_page()), own, partial(site_document, store, reports))
    yield PlannedFile(urls.LLMS, own, partial(llms_text, store, reports))


def _states(projects: Sequence[ProjectPlan]) -> dict[str, str]:
    """What changes with what a report may show of each project, by name."""
    return {
        each.project.name: fingerprint(each.digest, [plan.digest for plan in each.sweeps.plans]) for each in projects
    }


def subjects_of(projects: Sequence[ProjectPlan]) -> dict[str, Subject]:
    """The projects as reports look at them, by name."""
    return {each.project.name: subject_of(each.project, each.histories, each.sweeps) for each in projects}


def _frame_files(store: Store, release: str) -> tuple[PlannedFile, ...]:
    """The page that shows logged HTML and Plotly's figures in a frame without rights, and Plotly if it is installed."""
    kinds = {kind for project in store.projects for run in project.runs for kind in run.kinds}
    files = []
    if kinds & FRAMED:
        files.append(PlannedFile(urls.static_file(urls.FRAME), release, frame_page))
    if PLOTLY in kinds and plotly_version() is not None:
        files.append(PlannedFile(urls.static_file(urls.PLOTLY), release, plotly_data))
    return tuple(files)


def plan_project(
    store: Store, project: Project, release: str, artifacts: ArtifactIndex, read: ReportsRead
) -> ProjectPlan:
    """The plan of one project, as `plan_site` makes it; `release` is `own_release`."""
    groups = urls.slugs(run.meta.group for run in project.runs if run.meta.group)
    stored = {run.id: stored_files(run) for run in project.runs}
    stamps = {run.id: _stamp([*stored[run.id], *media_files(run)]) for run in project.runs}
    sweeps = plan_sweeps(project, release)
    digest = fingerprint(
        release,
        project.meta.title,
        project.meta.description,
        project.meta.views,
        project.disclosure.digest,
        [str(problem) for problem in project.problems],
        [(run.id, run.digest, stamps[run.id], artifacts.run_state(run)) for run in project.runs],
        artifacts.state(project.name),
        sweeps.state,
        read.state(project.name),
    )
    histories = Histories(project, release)
    reports = read.links(project.name)
    return ProjectPlan(store, project, digest, release, groups, stored, stamps, artifacts, sweeps, histories, reports)


def _stamp(files: Sequence[StoredFile]) -> str:
    return fingerprint([(file.path, file.size, file.changed) for file in files]) if files else ""


def folder_digest(folder: Path, pattern: str) -> str:
    """Changes when any file below `folder` whose name matches `pattern` does."""
    state = hashlib.blake2b(digest_size=12)
    for path in sorted(folder.rglob(pattern)):
        if path.is_file():
            state.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return state.hexdigest()
