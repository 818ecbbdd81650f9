"""Which files the site has and what each is made of: everything decided, nothing rendered yet."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import chain
from pathlib import Path
from typing import Any

from runstore.reading.store import Problem, Project, RunRecord, Store
from sitegen import urls
from sitegen.assets import frame_page, plotly_data, plotly_version
from sitegen.data.attached import FRAMED, PLOTLY, SYNTHETIC, PanelHead, attached_files, panel_heads
from sitegen.data.shards import shard
from sitegen.data.sparkline import Sparkline
from sitegen.data.system import system_data, system_files
from sitegen.histories import Histories
from sitegen.pages.artifacts import ArtifactIndex, artifact_index, artifact_page, versions_payload
from sitegen.pages.compare import compare_page, names_payload
from sitegen.pages.context import PageContext
from sitegen.pages.files import StoredFile, media_files, stored_files
from sitegen.pages.index import finder_payload, index_page
from sitegen.pages.logs import log_data, log_files
from sitegen.pages.previews import file_data, files_index
from sitegen.pages.project import group_page, project_page, runs_payload, section, title
from sitegen.pages.project import place as key_place
from sitegen.pages.run import RunData, has_patch, run_page

Render = Callable[[str, PageContext], bytes]


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """One file of the site: where it goes, a digest of all that goes into it, and how it is made or what is copied.

    What is copied may be linked where it is `immutable`: written once and named by its content.
    """

    path: str
    digest: str
    make: Callable[[], bytes | Path]
    immutable: bool = False


@dataclass(frozen=True, slots=True)
class RunPlan:
    """The files behind one run's page that need nobody else's: media, tables, system metrics, stored files.

    `digest` stays while none of them changes.
    """

    run: RunRecord
    digest: str
    stored: list[StoredFile]

    def problems(self, notes: Sequence[str]) -> list[Problem]:
        """What could not be drawn, as problems of the store."""
        return [Problem(f"{self.run.project}/runs/{self.run.id}", 0, note) for note in notes]

    def files(self, notes: list[str]) -> Iterator[PlannedFile]:
        """The files; `notes` fills with what could not be drawn, in lines, as they are made."""
        folder = urls.run_dir(self.run.project, self.run.id)
        if system_files(self.run):
            yield PlannedFile(f"{folder}/system.js", self.digest, lambda: shard("system", system_data(self.run)))
        for file in attached_files(self.run, notes):
            immutable = file.path.startswith("media/")
            yield PlannedFile(f"{folder}/{file.path}", fingerprint(file.digest), file.make, immutable)
        for name, content in chain(log_data(self.run), file_data(self.run, self.stored)):
            yield PlannedFile(f"{folder}/{name}", fingerprint(self.digest, name), partial(bytes, content))
        for stored in self.stored:
            if stored.target:
                path = self.run.layout.path / stored.path
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
    runs: tuple[RunPlan, ...] = field(repr=False)
    stored: dict[str, list[StoredFile]] = field(repr=False)
    stamps: dict[str, str] = field(repr=False)
    artifacts: ArtifactIndex = field(repr=False)

    def files(self, render: Render, notes: list[str] | None = None) -> Iterator[PlannedFile]:
        """Every file of the project. Its data come first: their names say what is in them, and pages name them.

        `notes` gets what the front page shows of its histories, for builds in which these need not be read.
        """
        histories = Histories(self.project)
        yield from self._made(histories.files())
        if notes is not None and histories.sparkline is not None:
            notes += [histories.sparkline.line, histories.sparkline.band]
        runs = shard("runs", runs_payload(self.project, histories.metrics))
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
            lambda: render("project.html.jinja", project_page(self.project, self.groups, data, artifacts)),
        )
        yield from self._artifact_files(render)
        for name, slug in self.groups.items():
            page = partial(group_page, self.project, name, slug)
            path = urls.group_page(self.project.name, slug)
            yield self._planned(path, lambda page=page: render("group.html.jinja", page()))  # type: ignore[misc]
        for number, run in enumerate(self.project.runs):
            yield from self._run_files(number, run, histories, render)

    def _artifact_files(self, render: Render) -> Iterator[PlannedFile]:
        for collection in self.artifacts.by_project.get(self.project.name, ()):
            slug = self.artifacts.slugs[self.project.name][collection.name]
            compared = None
            if len(collection.versions) > 1:
                versions = shard("versions", versions_payload(collection))
                yield self._planned(urls.versions_file(self.project.name, slug), partial(bytes, versions))
                compared = urls.versioned("versions.js", versions)
            page = partial(artifact_page, self.artifacts, self.store, collection, compared)
            path = urls.artifact_page(self.project.name, slug)
            yield self._planned(path, lambda page=page: render("artifact.html.jinja", page()))  # type: ignore[misc]

    def _made(self, files: Iterable[tuple[str, bytes]]) -> Iterator[PlannedFile]:
        for name, content in files:
            yield self._planned(urls.data_file(self.project.name, name), partial(bytes, content))

    def _planned(self, path: str, make: Callable[[], bytes]) -> PlannedFile:
        return PlannedFile(path, self.digest, make)

    def _run_files(self, number: int, run: RunRecord, histories: "Histories", render: Render) -> Iterator[PlannedFile]:
        folder = urls.run_dir(self.project.name, run.id)
        neighbours = [self.project.runs[at] for at in (number - 1, number + 1) if 0 <= at < len(self.project.runs)]
        slug = self.groups.get(run.meta.group)
        own = fingerprint(self.release, run.digest, self.stamps[run.id])
        uses = self.artifacts.run_state(run)
        around = fingerprint(own, number, slug, uses, *((each.id, each.name) for each in neighbours))
        data = cache(lambda: shard("run", histories.run_data(number)))
        heads = cache(lambda: panel_heads(run))
        panels = cache(lambda: shard("panels", _panels_payload(heads())))

        def page() -> bytes:
            loads = _run_data(run, histories.count(number), data(), heads(), panels() if heads() else None)
            return render(
                "run.html.jinja", run_page(self.project, number, slug, loads, self.stored[run.id], self.artifacts)
            )

        yield PlannedFile(f"{folder}/index.html", around, page)
        yield PlannedFile(f"{folder}/data.js", own, data)
        if run.kinds:
            yield PlannedFile(f"{folder}/panels.js", own, panels)
        for log in log_files(run):
            yield PlannedFile(f"{folder}/{log.target}", own, lambda path=log.path: path)  # type: ignore[misc]
        if has_patch(run):
            yield PlannedFile(f"{folder}/{urls.PATCH}", own, lambda: run.layout.changes_patch)


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


def _run_data(run: RunRecord, metrics: int, data: bytes, heads: Sequence[PanelHead], panels: bytes | None) -> RunData:
    sizes = [(path.name, run.files[path.name]) for path in system_files(run)]
    tables = sum(head.place == "tables" for head in heads)
    return RunData(
        metrics=metrics,
        data=urls.versioned("data.js", data),
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
    """The whole site: its front page and assets, and a plan a project. `frame` shows what no page of ours may hold."""

    front: tuple[PlannedFile, ...]
    projects: tuple[ProjectPlan, ...]
    frame: tuple[PlannedFile, ...]


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
    artifacts = artifact_index(store)
    projects = tuple(_plan_project(store, project, release, artifacts) for project in store.projects)
    problems = [str(problem) for problem in store.all_problems()]
    digest = fingerprint(release, store.meta.entity, problems, *((each.project.name, each.digest) for each in projects))
    finder = cache(lambda: shard("finder", finder_payload(store)))
    counts = {name: len(collections) for name, collections in artifacts.by_project.items()}
    front = [
        PlannedFile(
            urls.index_page(),
            digest,
            lambda: render(
                "index.html.jinja",
                index_page(store, urls.versioned(urls.static_file(urls.FINDER), finder()), counts, sparklines or {}),
            ),
        ),
        PlannedFile(urls.static_file(urls.FINDER), digest, finder),
        # GitHub Pages leaves out what starts with an underscore, unless told that this is no Jekyll site.
        PlannedFile(urls.NO_JEKYLL, release, bytes),
    ]
    for name, data in assets:
        front.append(PlannedFile(urls.static_file(name), release, partial(bytes, data)))
    return SitePlan(tuple(front), projects, _frame_files(store, release))


def _frame_files(store: Store, release: str) -> tuple[PlannedFile, ...]:
    """The page that shows logged HTML and Plotly's figures in a frame without rights, and Plotly if it is installed."""
    kinds = {kind for project in store.projects for run in project.runs for kind in run.kinds}
    files = []
    if kinds & FRAMED:
        files.append(PlannedFile(urls.static_file(urls.FRAME), release, frame_page))
    if PLOTLY in kinds and plotly_version() is not None:
        files.append(PlannedFile(urls.static_file(urls.PLOTLY), release, plotly_data))
    return tuple(files)


def _plan_project(store: Store, project: Project, release: str, artifacts: ArtifactIndex) -> ProjectPlan:
    groups = urls.slugs(run.meta.group for run in project.runs if run.meta.group)
    stored = {run.id: stored_files(run) for run in project.runs}
    stamps = {run.id: _stamp([*stored[run.id], *media_files(run)]) for run in project.runs}
    runs = tuple(
        RunPlan(run, fingerprint(release, run.digest, stamps[run.id]), stored[run.id])
        for run in project.runs
        if run.kinds or system_files(run) or log_files(run) or files_index(run, stored[run.id])
    )
    digest = fingerprint(
        release,
        project.meta.title,
        project.meta.description,
        [str(problem) for problem in project.problems],
        [(run.id, run.digest, stamps[run.id], artifacts.run_state(run)) for run in project.runs],
        artifacts.state(project.name),
    )
    return ProjectPlan(store, project, digest, release, groups, runs, stored, stamps, artifacts)


def _stamp(files: Sequence[StoredFile]) -> str:
    return fingerprint([(file.path, file.size, file.changed) for file in files]) if files else ""


def fingerprint(*parts: Any) -> str:
    return hashlib.blake2b(json.dumps(parts, default=str).encode(), digest_size=12).hexdigest()


def folder_digest(folder: Path, pattern: str) -> str:
    """Changes when any file below `folder` whose name matches `pattern` does."""
    state = hashlib.blake2b(digest_size=12)
    for path in sorted(folder.rglob(pattern)):
        if path.is_file():
            state.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return state.hexdigest()
