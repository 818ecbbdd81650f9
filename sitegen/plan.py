"""Which files the site has and what each is made of: everything decided, nothing rendered yet."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

from runstore.reading.store import Project, RunRecord, Store
from sitegen import urls
from sitegen.data.series import Series, make_series, metric_rows
from sitegen.data.shards import (
    has_times,
    named_shard,
    run_payload,
    series_payload,
    shard,
    times_digest,
    times_payload,
)
from sitegen.pages.context import PageContext
from sitegen.pages.index import index_page
from sitegen.pages.project import Metric, group_page, project_page, runs_payload, section, title
from sitegen.pages.run import has_log, has_patch, run_page, table_stamps

Render = Callable[[str, PageContext], bytes]


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """One file of the site: where it goes, a digest of all that goes into it, and how it is made or what is copied."""

    path: str
    digest: str
    make: Callable[[], bytes | Path]


@dataclass(frozen=True, slots=True)
class ProjectPlan:
    """The files of one project. `digest` stays while nothing below it changes, and then nothing else need be asked."""

    project: Project
    digest: str
    release: str
    groups: dict[str, str] = field(repr=False)

    def files(self, render: Render) -> Iterator[PlannedFile]:
        """Every file of the project. Its data come first: their names say what is in them, and pages name them."""
        histories = _Histories(self.project)
        yield from self._made(histories.files())
        runs = shard("runs", runs_payload(self.project, histories.metrics))
        yield from self._made([("runs", runs)])
        data = urls.versioned("runs.js", runs)
        yield self._planned(
            urls.project_page(self.project.name),
            lambda: render("project.html.jinja", project_page(self.project, self.groups, data)),
        )
        for name, slug in self.groups.items():
            page = partial(group_page, self.project, name, slug)
            path = urls.group_page(self.project.name, slug)
            yield self._planned(path, lambda page=page: render("group.html.jinja", page()))  # type: ignore[misc]
        for number, run in enumerate(self.project.runs):
            yield from self._run_files(number, run, histories, render)

    def _made(self, files: Iterable[tuple[str, bytes]]) -> Iterator[PlannedFile]:
        for name, content in files:
            yield self._planned(urls.data_file(self.project.name, name), partial(bytes, content))

    def _planned(self, path: str, make: Callable[[], bytes]) -> PlannedFile:
        return PlannedFile(path, self.digest, make)

    def _run_files(self, number: int, run: RunRecord, histories: "_Histories", render: Render) -> Iterator[PlannedFile]:
        folder = urls.run_dir(self.project.name, run.id)
        neighbours = [self.project.runs[at] for at in (number - 1, number + 1) if 0 <= at < len(self.project.runs)]
        slug = self.groups.get(run.meta.group)
        own = fingerprint(self.release, run.digest, table_stamps(run))
        around = fingerprint(own, number, slug, *((each.id, each.name) for each in neighbours))
        data = cache(lambda: shard("run", histories.run_data(number)))

        def page() -> bytes:
            href = urls.versioned("data.js", data())
            return render("run.html.jinja", run_page(self.project, number, slug, histories.count(number), href))

        yield PlannedFile(f"{folder}/index.html", around, page)
        yield PlannedFile(f"{folder}/data.js", own, data)
        if has_log(run):
            yield PlannedFile(f"{folder}/output.log.txt", own, lambda: run.layout.output_log)
        if has_patch(run):
            yield PlannedFile(f"{folder}/changes.patch.txt", own, lambda: run.layout.changes_patch)


class _Histories:
    """A project's metrics, read once: for its workspace, and run by run."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._parts: list[_MetricParts] = []
        self.metrics: list[Metric] = []

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Each data file of the metrics and of their times, by name, each once. Fills `metrics` on the way."""
        times: dict[str, str] = {}
        made = set()
        for key, rows in metric_rows(self._project.history()):
            series = make_series(rows)
            moments, found = times_digest(series), has_times(series)
            if any(found) and moments not in times:
                times[moments], content = named_shard("t", times_payload(series))
                if times[moments] not in made:
                    made.add(times[moments])
                    yield times[moments], content
            name, content = named_shard("m", series_payload(series))
            if name not in made:
                made.add(name)
                yield name, content
            self.metrics.append(Metric(key, name, times.get(moments), len(series.runs), *found))
            self._parts.append(_MetricParts.of(key, series, any(found)))
        self._parts.sort(key=lambda parts: (section(parts.key), parts.key))

    def count(self, run: int) -> int:
        """How many metrics a run has."""
        return sum(run in parts.places for parts in self._parts)

    def run_data(self, run: int) -> dict[str, Any]:
        """What `data.js` of one run carries: its metrics in the order of the workspace, and their times, each once."""
        places: dict[tuple[bytes, bytes], int] = {}
        times: list[dict[str, Any]] = []
        metrics = []
        for parts in self._parts:
            if run not in parts.places:
                continue
            series = parts.series.part(*parts.places[run])
            place = None
            if parts.timed and any(has_times(series)):
                moments = (series.runtime.tobytes(), series.timestamp.tobytes())
                if moments not in places:
                    places[moments] = len(times)
                    times.append(times_payload(series))
                place = places[moments]
            head = {"key": parts.key, "section": section(parts.key), "title": title(parts.key)}
            metrics.append(head | run_payload(series, place))
        return {"times": times, "metrics": metrics}


@dataclass(frozen=True, slots=True)
class _MetricParts:
    """One metric with what its runs' own pages are cut from.

    `places` holds, by the run's index, which of the series' runs it is and where its points begin. `timed` says whether
    any point has a time.
    """

    key: str
    series: Series
    places: dict[int, tuple[int, int]]
    timed: bool

    @classmethod
    def of(cls, key: str, series: Series, timed: bool) -> "_MetricParts":
        places = dict(zip(series.runs.tolist(), enumerate(series.starts().tolist()), strict=True))
        return cls(key, series, places, timed)


@dataclass(frozen=True, slots=True)
class SitePlan:
    """The whole site: its front page and assets, and a plan a project."""

    front: tuple[PlannedFile, ...]
    projects: tuple[ProjectPlan, ...]


def plan_site(store: Store, assets: Sequence[tuple[str, bytes]], release: str, render: Render) -> SitePlan:
    """Plans the site of `store`. `release` stands for everything but the store that pages are made of."""
    projects = tuple(_plan_project(project, release) for project in store.projects)
    problems = [str(problem) for problem in store.all_problems()]
    digest = fingerprint(release, store.meta.entity, problems, *((each.project.name, each.digest) for each in projects))
    front = [
        PlannedFile(urls.index_page(), digest, lambda: render("index.html.jinja", index_page(store))),
        # GitHub Pages leaves out what starts with an underscore, unless told that this is no Jekyll site.
        PlannedFile(urls.NO_JEKYLL, release, bytes),
    ]
    for name, data in assets:
        front.append(PlannedFile(urls.static_file(name), release, partial(bytes, data)))
    return SitePlan(tuple(front), projects)


def _plan_project(project: Project, release: str) -> ProjectPlan:
    groups = urls.slugs(run.meta.group for run in project.runs if run.meta.group)
    digest = fingerprint(
        release,
        project.meta.title,
        project.meta.description,
        [str(problem) for problem in project.problems],
        [(run.id, run.digest, table_stamps(run)) for run in project.runs],
    )
    return ProjectPlan(project, digest, release, groups)


def fingerprint(*parts: Any) -> str:
    return hashlib.blake2b(json.dumps(parts, default=str).encode(), digest_size=12).hexdigest()


def folder_digest(folder: Path, pattern: str) -> str:
    """Changes when any file below `folder` whose name matches `pattern` does."""
    state = hashlib.blake2b(digest_size=12)
    for path in sorted(folder.rglob(pattern)):
        if path.is_file():
            state.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return state.hexdigest()
