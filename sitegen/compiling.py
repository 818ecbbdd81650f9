"""Parts of the site compiled in whatever process: what is asked of it, and what comes back.

A process that is asked reads the store itself, so only names, digests and the files that were made travel. It answers
only where its plan of a part has the digest that was asked for: two processes that see different things never mix them.
"""

import hashlib
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

from runstore.errors import RunstoreError
from runstore.reading.store import Project, Store, read_store
from sitegen.extras import PublicSite
from sitegen.overviews import Overviews
from sitegen.pages.artifacts import ArtifactIndex, artifact_index
from sitegen.plan import ProjectPlan, Render, own_release, plan_project
from sitegen.planned import PlannedFile
from sitegen.public import public_store
from sitegen.releases import Release, load_release
from sitegen.reported import ReportsRead, read_reports

Told = tuple[str, ...]
Kind = Literal["chunk", "project", "runs", "sweep"]


@dataclass(frozen=True, slots=True)
class Site:
    """The site that a build makes: where its store is, for whom it is, of which release its pages are. `build` is
    another for each build, so that a process reads the store once for each."""

    root: Path
    public: PublicSite | None
    release: str
    build: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """A part: the name that a build remembers it under, its digest, and what it is called in its project: the number of
    a chunk or run, the id of a sweep. `fresh` are the digests of those of its files that are as they should be if
    they still have them, `contents` the SHA-256 of what these hold."""

    name: str
    digest: str
    key: int | str = 0
    fresh: Mapping[str, str] = field(default_factory=dict)
    contents: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Task:
    """Parts of one project and kind. `chunks` and `overviews` are what is told of data files that are there already."""

    site: Site
    kind: Kind
    project: str
    wanted: tuple[Wanted, ...]
    chunks: Mapping[int, Told] = field(default_factory=dict)
    overviews: Told = ()


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A file that was made, or what is to be copied; no content for one that is there already."""

    path: str
    digest: str
    content: bytes | Path | None
    immutable: bool

    def planned(self) -> PlannedFile:
        """The file as a build takes it."""
        return PlannedFile(self.path, self.digest, partial(_content, self), self.immutable)


@dataclass(frozen=True, slots=True)
class MadePart:
    """A part with all its files, and what is to be remembered with it."""

    name: str
    digest: str
    files: tuple[MadeFile, ...]
    notes: Told


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a process did not compile what it was asked for, in one line."""

    why: str


def _content(file: MadeFile) -> bytes | Path:
    assert file.content is not None, f"{file.path}: was there when the build began, and is gone"
    return file.content


def compile_parts(task: Task) -> list[MadePart] | Refused:
    """Compiles what is asked for; called in another process, which may be on another machine."""
    with _lock:  # A worker may have several threads, and a plan is no place for two.
        return _compiled(task)


def _compiled(task: Task) -> list[MadePart] | Refused:
    try:
        found = _opened(task.site)
        if found.release.name != task.site.release:
            return Refused("it has another version of Runstore; install the same one there")
        plan = found.plan(task.project)
        if plan is None:
            return Refused(f"it finds no project {task.project}")
        for chunk in plan.histories.chunks:
            if chunk.number in task.chunks:
                plan.histories.recall(chunk, list(task.chunks[chunk.number]))
        try:
            return list(_PARTS[task.kind](plan, found.release.render, task))
        finally:
            plan.histories.forget()
    except _ChangedError:
        return Refused("it sees another state of the store")
    except (RunstoreError, OSError) as error:
        return Refused(str(error))


class _ChangedError(Exception):
    """A part has another digest here than where it was asked for."""


@dataclass(slots=True)
class _Opened:
    """A store as it is kept between the tasks of one build."""

    site: Site
    store: Store
    release: Release
    artifacts: ArtifactIndex
    reports: ReportsRead
    plans: dict[str, ProjectPlan] = field(default_factory=dict)

    def plan(self, name: str) -> ProjectPlan | None:
        project = next((each for each in self.store.projects if each.name == name), None)
        if project is not None and name not in self.plans:
            self.plans[name] = self._planned(project)
        return self.plans.get(name)

    def _planned(self, project: Project) -> ProjectPlan:
        release = own_release(self.store, self.release.name)
        return plan_project(self.store, project, release, self.artifacts, self.reports)


_kept: list[_Opened] = []
_lock = threading.Lock()


def _opened(site: Site) -> _Opened:
    if not _kept or _kept[0].site != site:
        _kept.clear()
        store = read_store(site.root)
        shown = store if site.public is None else public_store(store)
        release = load_release(site.public)
        _kept.append(_Opened(site, shown, release, artifact_index(shown), read_reports(shown)))
    return _kept[0]


def _chunks(plan: ProjectPlan, render: Render, task: Task) -> Iterator[MadePart]:
    for each in task.wanted:
        chunk = next((chunk for chunk in plan.histories.chunks if chunk.number == each.key), None)
        if chunk is None or chunk.digest != each.digest:
            raise _ChangedError
        files = tuple(_made(file, each) for _, file in plan.histories.files([chunk]))
        yield MadePart(each.name, each.digest, files, tuple(plan.histories.told(chunk)))


def _project(plan: ProjectPlan, render: Render, task: Task) -> Iterator[MadePart]:
    Overviews(plan.histories).recall(task.overviews)
    for each in task.wanted:
        if plan.digest != each.digest:
            raise _ChangedError
        notes: list[str] = []
        files = tuple(_made(file, each) for file in plan.files(render, notes))
        yield MadePart(each.name, each.digest, files, tuple(notes))


def _runs(plan: ProjectPlan, render: Render, task: Task) -> Iterator[MadePart]:
    runs = [plan.run(int(each.key)) for each in task.wanted if int(each.key) < len(plan.project.runs)]
    if [run.digest for run in runs] != [each.digest for each in task.wanted]:
        raise _ChangedError
    plan.histories.need([run.number for run in runs])
    for run, each in zip(runs, task.wanted, strict=True):
        notes: list[str] = []
        contents = dict(each.contents)
        files = []
        for file in run.files(render, notes, contents.get):
            made = _made(file, each)
            files.append(made)
            if isinstance(made.content, bytes):
                contents[made.path] = hashlib.sha256(made.content).hexdigest()[:24]
        yield MadePart(each.name, each.digest, tuple(files), tuple(notes))


def _sweeps(plan: ProjectPlan, render: Render, task: Task) -> Iterator[MadePart]:
    plans = {each.sweep.id: each for each in plan.sweeps.plans}
    for each in task.wanted:
        sweep = plans.get(str(each.key))
        if sweep is None or sweep.digest != each.digest:
            raise _ChangedError
        yield MadePart(each.name, each.digest, tuple(_made(file, each) for file in sweep.files(render)), ())


_PARTS: Mapping[Kind, Any] = {"chunk": _chunks, "project": _project, "runs": _runs, "sweep": _sweeps}


def _made(file: PlannedFile, wanted: Wanted) -> MadeFile:
    is_there = wanted.fresh.get(file.path) == file.digest
    return MadeFile(file.path, file.digest, None if is_there else file.make(), file.immutable)
