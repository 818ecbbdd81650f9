"""Which files the site has and what each is made of: everything decided, nothing rendered yet."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from runstore.reading.store import Project, RunRecord, Store
from sitegen import urls
from sitegen.data.series import Rows, Series, make_series, metric_rows, run_bounds, run_series
from sitegen.data.shards import float_type, has_times, run_payload, series_payload, shard, times_digest, times_payload
from sitegen.pages.context import PageContext
from sitegen.pages.index import index_page
from sitegen.pages.project import Metric, group_page, project_page, runs_payload, section, title
from sitegen.pages.run import has_log, has_patch, run_page

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
        """Every file of the project; data come last but one, because the workspace lists what they hold."""
        histories = _Histories(self.project)
        yield from self._data_files(histories)
        yield self._planned(
            urls.project_page(self.project.name),
            lambda: render("project.html.jinja", project_page(self.project, self.groups)),
        )
        for name, slug in self.groups.items():
            page = partial(group_page, self.project, name, slug)
            path = urls.group_page(self.project.name, slug)
            yield self._planned(path, lambda page=page: render("group.html.jinja", page()))  # type: ignore[misc]
        for number, run in enumerate(self.project.runs):
            yield from self._run_files(number, run, histories, render)

    def _planned(self, path: str, make: Callable[[], bytes]) -> PlannedFile:
        return PlannedFile(path, self.digest, make)

    def _data_files(self, histories: "_Histories") -> Iterator[PlannedFile]:
        for name, series in histories.series():
            payload = partial(series_payload, series)
            yield self._planned(
                urls.data_file(self.project.name, name),
                lambda name=name, payload=payload: shard(name, payload()),  # type: ignore[misc]
            )
        for name, series in histories.times.items():
            payload = partial(times_payload, series)
            yield self._planned(
                urls.data_file(self.project.name, name),
                lambda name=name, payload=payload: shard(name, payload()),  # type: ignore[misc]
            )
        yield self._planned(
            urls.data_file(self.project.name, "runs"),
            lambda: shard("runs", runs_payload(self.project, histories.metrics)),
        )

    def _run_files(self, number: int, run: RunRecord, histories: "_Histories", render: Render) -> Iterator[PlannedFile]:
        folder = urls.run_dir(self.project.name, run.id)
        neighbours = [self.project.runs[at] for at in (number - 1, number + 1) if 0 <= at < len(self.project.runs)]
        slug = self.groups.get(run.meta.group)
        own = fingerprint(self.release, run.digest)
        around = fingerprint(self.release, run.digest, number, slug, *((each.id, each.name) for each in neighbours))
        page = partial(run_page, self.project, number, slug, histories.count(number))
        yield PlannedFile(f"{folder}/index.html", around, lambda: render("run.html.jinja", page()))
        yield PlannedFile(f"{folder}/data.js", own, lambda: shard("run", histories.run_data(number)))
        if has_log(run):
            yield PlannedFile(f"{folder}/output.log.txt", own, lambda: run.layout.output_log)
        if has_patch(run):
            yield PlannedFile(f"{folder}/changes.patch.txt", own, lambda: run.layout.changes_patch)


class _Histories:
    """A project's metrics, read once: on the project's grids, and run by run."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._parts: list[_MetricParts] = []
        self.metrics: list[Metric] = []
        self.times: dict[str, Series] = {}

    def series(self) -> Iterator[tuple[str, Series]]:
        """Each metric's data file by name, with its series. Fills `metrics` and `times` on the way."""
        known: dict[str, str] = {}
        for number, (key, rows) in enumerate(metric_rows(self._project.history())):
            series = make_series(rows)
            name, times = f"m{number}", None
            has_runtime, has_wall = has_times(series)
            if has_runtime or has_wall:
                times = known.setdefault(times_digest(series), f"t{len(known)}")
                self.times.setdefault(times, series)
            self.metrics.append(Metric(key, name, times, len(series.runs), has_runtime, has_wall))
            self._parts.append(_MetricParts(key, times, rows, series, run_bounds(rows), float_type(series) == "f4"))
            yield name, series
        self._parts.sort(key=lambda parts: (section(parts.key), parts.key))

    def count(self, run: int) -> int:
        """How many metrics a run has."""
        return sum(run in parts.bounds for parts in self._parts)

    def run_data(self, run: int) -> dict[str, Any]:
        """What `data.js` of one run carries: its metrics in the order of the workspace, and their times, each once."""
        places: dict[str, int] = {}
        times: list[dict[str, Any]] = []
        metrics = []
        for parts in self._parts:
            if run not in parts.bounds:
                continue
            series = run_series(parts.rows, parts.series, *parts.bounds[run])
            if parts.times is not None and parts.times not in places:
                places[parts.times] = len(times)
                times.append(times_payload(series))
            head = {"key": parts.key, "section": section(parts.key), "title": title(parts.key)}
            place = None if parts.times is None else places[parts.times]
            metrics.append(head | run_payload(series, place, "f4" if parts.single else None))
        return {"times": times, "metrics": metrics}


@dataclass(frozen=True, slots=True)
class _MetricParts:
    """One metric with what its runs' own pages are cut from."""

    key: str
    times: str | None
    rows: Rows
    series: Series
    bounds: dict[int, tuple[int, int]]
    single: bool
    """Whether single precision holds all of it, and so every run's part."""


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
    front = [PlannedFile(urls.index_page(), digest, lambda: render("index.html.jinja", index_page(store)))]
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
        [(run.id, run.digest) for run in project.runs],
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
