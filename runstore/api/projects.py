"""Projects, sweeps and reports as W&B's Api shows them: read from the files they are."""

import html
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Any, Final

from runstore.api import artifacts
from runstore.api.errors import NotFoundError, Unsupported
from runstore.api.pages import Pages
from runstore.api.runs import Run, Runs
from runstore.api.source import Source
from runstore.api.views import Shown
from runstore.errors import StoreError, UsageError
from runstore.format.layout import ProjectLayout
from runstore.format.records import load_config
from runstore.reading.query import select
from runstore.reading.store import Project as ProjectRecord
from runstore.reading.store import RunRecord

_AGENTS: Final = "sweep.runs are the trials, each with its host and process in run.metadata"


class Project(Shown):
    """One project of the store."""

    def __init__(self, source: Source, record: ProjectRecord) -> None:
        self._source = source
        self._record = record

    @property
    def name(self) -> str:
        return self._record.name

    @property
    def id(self) -> str:
        return self.name

    @property
    def entity(self) -> str:
        return self._source.entity

    @property
    def path(self) -> list[str]:
        return [self.entity, self.name]

    @property
    def url(self) -> str:
        return self._record.layout.path.absolute().as_uri()

    @property
    def description(self) -> str:
        return self._record.meta.description

    @property
    def created_at(self) -> str | None:
        """When its first run was, ISO 8601 in UTC."""
        moments = [run.created for run in self._record.runs if run.created is not None]
        return datetime.fromtimestamp(min(moments), UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moments else None

    def runs(self, filters: Any = None, order: str = "+created_at", per_page: int = 50) -> Runs:
        """Its runs; see `Api.runs`."""
        return Runs(self._source, self.name, filters, order, per_page)

    def artifacts_types(self, per_page: int = 50) -> Pages[artifacts.ArtifactType]:
        """The types of its artifacts."""
        return artifacts.types(self._source, self.name)

    def collections(self, filters: Any = None, order: str | None = None, per_page: int = 50) -> Pages[Any]:
        """Its artifacts. `filters` and `order` are W&B's server's, and not understood here."""
        if filters or order:
            raise UsageError("collections() takes neither filters nor order here; filter the list that it returns")
        return artifacts.collections(self._source, self.name, None, per_page)

    def sweeps(self, per_page: int = 50, filters: Any = None, order: str | None = None) -> "Pages[Sweep]":
        """Its sweeps. `filters` and `order` are W&B's server's, and not understood here."""
        if filters or order:
            raise UsageError("sweeps() takes neither filters nor order here; filter the list that it returns")
        return sweeps(self._source, self.name, per_page)

    def to_html(self, height: int = 420, hidden: bool = False) -> str:
        return f"<p><b>{html.escape(self.name)}</b>: {len(self._record.runs)} runs</p>"

    owner = Unsupported("a store has no accounts; run.user says who started a run")

    def __repr__(self) -> str:
        return f"<Project {self.name}>"


class Sweep(Shown):
    """One sweep: its configuration as given, and the runs that say that they are its trials."""

    def __init__(self, source: Source, project: str, sweep_id: str) -> None:
        self._source = source
        self.project = project
        self.id = sweep_id
        self._layout: ProjectLayout = source.layout.project(project)
        if not self._layout.sweep(sweep_id).path.is_dir() and not self._records():
            raise NotFoundError(f"{source.root}: project {project!r} has no sweep {sweep_id!r}")

    @cached_property
    def config(self) -> dict[str, Any]:
        """sweep.yaml; empty where there is none, or it is a link or broken."""
        try:
            return load_config(self._layout.sweep(self.id).sweep_yaml)
        except StoreError:
            return {}

    @property
    def name(self) -> str:
        return str(self.config.get("name") or self.id)

    @property
    def entity(self) -> str:
        return self._source.entity

    @property
    def path(self) -> list[str]:
        return [self.entity, self.project, self.id]

    @property
    def url(self) -> str:
        return self._layout.sweep(self.id).path.absolute().as_uri()

    def _records(self) -> list[RunRecord]:
        return [run for run in self._source.project(self.project).runs if run.meta.sweep == self.id]

    @property
    def runs(self) -> Runs:
        """Its trials, by `order`."""
        return Runs(self._source, self.project, {"sweep": self.id}, self.order if self._has_metric() else None)

    @property
    def state(self) -> str:
        """RUNNING while a trial is, PENDING before the first, else FINISHED."""
        states = {run.state for run in self._records()}
        return "RUNNING" if "running" in states else "FINISHED" if states else "PENDING"

    @property
    def order(self) -> str | None:
        """The order that has the best run first, by the metric in sweep.yaml; None without one."""
        metric = self.config.get("metric")
        if not isinstance(metric, Mapping) or not metric.get("name"):
            return None
        return f"{'-' if metric.get('goal') == 'maximize' else '+'}summary_metrics.{metric['name']}"

    def _has_metric(self) -> bool:
        name = (self.order or "").partition(".")[2]
        return any(name in run.summary for run in self._records())

    def best_run(self, order: str | None = None) -> Run | None:
        """The run with the best metric, or the first by `order`; None where no run has it."""
        wanted = order or self.order
        if wanted is None:
            raise UsageError(f"{self.project}/{self.id}: sweep.yaml names no metric; pass order='-summary_metrics.…'")
        records = [run for run in self._records() if order is not None or wanted.partition(".")[2] in run.summary]
        found = select(records, None, wanted) if records else []
        return Run(self._source, found[0]) if found else None

    @property
    def expected_run_count(self) -> int | None:
        """How many runs the whole grid has, or `run_cap`; None for a search without an end."""
        cap = self.config.get("run_cap")
        if isinstance(cap, int):
            return cap
        parameters = self.config.get("parameters")
        if self.config.get("method") != "grid" or not isinstance(parameters, Mapping):
            return None
        sizes = [_choices(each) for each in parameters.values()]
        return prod(size for size in sizes if size) if all(size is not None for size in sizes) else None

    def to_html(self, height: int = 420, hidden: bool = False) -> str:
        return f"<p><b>{html.escape(self.name)}</b>: {len(self._records())} runs</p>"

    def load(self, force: bool = False) -> dict[str, Any]:
        """What the sweep says, as a dict. With `force` its sweep.yaml is read again."""
        if force:
            self.__dict__.pop("config", None)
        return {"id": self.id, "name": self.name, "state": self.state, "config": self.config}

    @property
    def username(self) -> str:
        """W&B's older name of `entity`."""
        return self.entity

    agent = Unsupported(_AGENTS)
    agents = Unsupported(_AGENTS)
    enqueue_run = Unsupported("runstore.init(config=…) runs a point of your choice")
    get = Unsupported("api.sweep('project/id') finds a sweep", "asks W&B's server")

    def __repr__(self) -> str:
        return f"<Sweep {self.project}/{self.id} ({self.state})>"


def _choices(parameter: Any) -> int | None:
    """How many values a parameter of a grid has; None when they have no end."""
    if not isinstance(parameter, Mapping):
        return 1
    if isinstance(parameter.get("values"), list):
        return len(parameter["values"])
    inner = parameter.get("parameters")
    if isinstance(inner, Mapping):
        sizes = [_choices(each) for each in inner.values()]
        return prod(size for size in sizes if size) if all(size is not None for size in sizes) else None
    low, high = parameter.get("min"), parameter.get("max")
    if isinstance(low, int) and isinstance(high, int):
        return high - low + 1
    return 1 if "value" in parameter else None


def sweeps(source: Source, project: str, per_page: int = 50) -> Pages[Sweep]:
    """The sweeps of a project: those that have a directory, and those that only runs speak of."""
    record = source.project(project)
    names = dict.fromkeys([*record.layout.sweep_ids(), *sorted({run.meta.sweep for run in record.runs} - {""})])
    return Pages(lambda: list(names), lambda name: Sweep(source, project, name), per_page)


class Report:
    """A report: a page of Markdown in the store."""

    def __init__(self, source: Source, project: str, path: Path) -> None:
        self._source = source
        self.project = project
        self._path = path

    @property
    def name(self) -> str:
        return self._path.stem

    id = name

    @property
    def text(self) -> str:
        """Its Markdown."""
        return self._path.read_text(encoding="utf-8", errors="replace")

    @property
    def title(self) -> str:
        """Its first heading, else its name."""
        return next((line[2:].strip() for line in self.text.splitlines() if line.startswith("# ")), self.name)

    display_name = title

    @property
    def url(self) -> str:
        return self._path.absolute().as_uri()

    def __repr__(self) -> str:
        return f"<Report {self.project}/{self.name}>"


def reports(source: Source, project: str, name: str | None, per_page: int) -> Pages[Report]:
    """The reports of a project; the one of this name or title."""
    found = [Report(source, project, path) for path in source.project(project).layout.reports()]
    chosen = [each for each in found if name is None or name in (each.name, each.title)]
    return Pages(lambda: chosen, lambda each: each, per_page)
