"""Sweeps as W&B's Api shows them: their configuration and records, and the runs that are their trials."""

import html
import time
from collections.abc import Mapping
from functools import cached_property
from math import prod
from typing import Any, Final

from runstore.api import drawn
from runstore.api.errors import NotFoundError, Unsupported
from runstore.api.runs import Run, Runs
from runstore.api.source import Source
from runstore.api.views import Shown
from runstore.errors import StoreError, UsageError
from runstore.format.layout import ProjectLayout
from runstore.format.records import Heartbeat, load_config
from runstore.format.sweep_records import Beat, Claim, Process
from runstore.reading.query import select
from runstore.reading.states import process_alive
from runstore.reading.store import RunRecord
from runstore.reading.sweeps.reader import SweepReader, open_sweep
from runstore.reading.sweeps.state import SweepState

_MISSED_BEATS: Final = 10


class Sweep(Shown):
    """One sweep: its configuration as given, its records, and the runs that say that they are its trials."""

    def __init__(self, source: Source, project: str, sweep_id: str) -> None:
        self._source = source
        self.project = project
        self.id = sweep_id
        self._layout: ProjectLayout = source.layout.project(project)
        self._reader: SweepReader | None = None
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

    def _look(self) -> SweepReader | None:
        """The sweep's records as they are now; None for a sweep that only a sweep.yaml, or its runs, speak of."""
        layout = self._layout.sweep(self.id)
        if self._reader is None:
            if not layout.resolved_json.is_file():
                return None
            self._reader = open_sweep(layout)
        else:
            self._reader.look()
        return self._reader

    @property
    def runs(self) -> Runs:
        """Its trials, by `order`."""
        return Runs(self._source, self.project, {"sweep": self.id}, self.order if self._has_metric() else None)

    @property
    def state(self) -> str:
        """PENDING before the first trial; RUNNING while one runs or is to come; PAUSED, CANCELED; else FINISHED."""
        reader = self._look()
        if reader is None:
            states = {run.state for run in self._records()}
            return "RUNNING" if "running" in states else "FINISHED" if states else "PENDING"
        state = reader.state
        if state.cancelled or state.paused:
            return "CANCELED" if state.cancelled else "PAUSED"
        if state.pending:
            return "RUNNING"
        if state.stopped or self._is_complete(state):
            return "FINISHED"
        return "RUNNING" if state.trials else "PENDING"

    def _is_complete(self, state: SweepState) -> bool:
        """Whether no other trial will come: all are there, or one was as good as asked for."""
        if state.queued or state.retries:
            return False
        expected = self._expected(state)
        return self._hit_target(state) or (expected is not None and len(state.trials) >= expected)

    def _hit_target(self, state: SweepState) -> bool:
        metric = self._metric
        target = metric.get("target")
        value = state.best.value if state.best is not None else None
        if isinstance(target, bool) or not isinstance(target, int | float) or value is None:
            return False
        return value >= target if metric.get("goal") == "maximize" else value <= target

    @property
    def _metric(self) -> Mapping[str, Any]:
        metric = self.config.get("metric")
        return metric if isinstance(metric, Mapping) else {}

    @property
    def order(self) -> str | None:
        """The order that has the best run first, by the metric in sweep.yaml; None without one."""
        if not self._metric.get("name"):
            return None
        return f"{'-' if self._metric.get('goal') == 'maximize' else '+'}summary_metrics.{self._metric['name']}"

    def _has_metric(self) -> bool:
        name = (self.order or "").partition(".")[2]
        return any(name in run.summary for run in self._records())

    def best_run(self, order: str | None = None) -> Run | None:
        """The run of the best trial, or the first by `order`; None where no run has the metric.

        A trial counts with the best value in its history and summary; without records, with that in its summary.
        """
        reader = self._look() if order is None else None
        best = reader.state.best if reader is not None else None
        found = [run for run in self._records() if run.id == best.run] if best is not None else []
        if found:
            return Run(self._source, found[0])
        wanted = order or self.order
        if wanted is None:
            raise UsageError(f"{self.project}/{self.id}: sweep.yaml names no metric; pass order='-summary_metrics.…'")
        records = [run for run in self._records() if order is not None or wanted.partition(".")[2] in run.summary]
        found = select(records, None, wanted) if records else []
        return Run(self._source, found[0]) if found else None

    @property
    def expected_run_count(self) -> int | None:
        """How many runs there will be: the grid's points, or `run_cap`; None for a search without an end."""
        reader = self._look()
        return self._expected(reader.state if reader is not None else None)

    def _expected(self, state: SweepState | None) -> int | None:
        cap = state.run_cap if state is not None else self.config.get("run_cap")
        counts = [count for count in (cap, self._grid_size()) if isinstance(count, int)]
        return min(counts) if counts else None

    def _grid_size(self) -> int | None:
        parameters = self.config.get("parameters")
        if self.config.get("method") != "grid" or not isinstance(parameters, Mapping):
            return None
        if self._reader is not None:  # Whoever made it counted them.
            known = self._reader.resolved.get("points")
            return known if isinstance(known, int) and not self._reader.state.ranges else None
        sizes = [_choices(each) for each in parameters.values()]
        return prod(size for size in sizes if size) if all(size is not None for size in sizes) else None

    def agents(self) -> "list[Agent]":
        """The agents that took trials or left a heartbeat, by name."""
        reader = self._look()
        if reader is None:
            return []
        claims: dict[str, list[Claim]] = {}
        for trial in reader.state.trials:
            for claim in trial.claims:
                claims.setdefault(claim.agent, []).append(claim)
        beats = {beat.agent: beat for beat in reader.heartbeats()}
        return [Agent(self, name, claims.get(name, []), beats.get(name)) for name in sorted({*claims, *beats})]

    def agent(self, agent_id: str) -> "Agent":
        """The agent of this name. Raises `ValueError` when there is none."""
        agents = self.agents()
        for each in agents:
            if each.name == agent_id:
                return each
        known = ", ".join(each.name for each in agents[:5]) or "no agent yet"
        raise NotFoundError(f"{self.project}/{self.id}: found no agent {agent_id!r}; there is {known}")

    def to_html(self, height: int = 420, hidden: bool = False) -> str:
        """Charts and a table of its runs as a piece of HTML; see `Runs.to_html`."""
        return drawn.runs_html(self.name, self._records(), height, hidden)

    def load(self, force: bool = False) -> dict[str, Any]:
        """What the sweep says, as a dict. With `force` its files are read again from the start."""
        if force:
            self.__dict__.pop("config", None)
            self._reader = None
        return {"id": self.id, "name": self.name, "state": self.state, "config": self.config}

    @property
    def username(self) -> str:
        """W&B's older name of `entity`."""
        return self.entity

    enqueue_run = Unsupported("queue a point of your choice with `runstore sweep add`", "publishes a record")
    get = Unsupported("api.sweep('project/id') finds a sweep", "asks W&B's server")

    def __repr__(self) -> str:
        return f"<Sweep {self.project}/{self.id} ({self.state})>"


class Agent(Shown):
    """An agent of a sweep, as its claims and its last heartbeat tell of it."""

    def __init__(self, sweep: Sweep, name: str, claims: list[Claim], beat: Beat | None) -> None:
        self._sweep = sweep
        self._claims = claims
        self._beat = beat
        self.name = name

    @property
    def id(self) -> str:
        return self.name

    @property
    def host(self) -> str:
        """The machine that it runs on."""
        return self._process.host

    @property
    def pid(self) -> int:
        """The number of its process there."""
        return self._process.pid

    @property
    def _process(self) -> Process:
        return self._beat.process if self._beat is not None else self._claims[-1].process

    @property
    def state(self) -> str:
        """FINISHED when it ended, CRASHED when its process is gone or it missed ten heartbeats, else RUNNING.

        Heartbeats are files that git leaves out: in a clone, agents without one count as finished.
        """
        if self._beat is None or self._beat.state == "bye":
            return "FINISHED"
        process = self._process
        lives = process_alive(Heartbeat(process.pid, process.host, process.boot, process.start))
        if lives is not None:
            return "RUNNING" if lives else "CRASHED"
        return "RUNNING" if self._silence <= _MISSED_BEATS * self._beat.every else "CRASHED"

    @property
    def _silence(self) -> float:
        """Seconds since its heartbeat was written, by the file's time."""
        try:
            return time.time() - self._sweep._layout.sweep(self._sweep.id).agent(self.name).stat().st_mtime
        except (OSError, UsageError):
            return float("inf")

    @property
    def created_at(self) -> str:
        """When it began, ISO 8601 in UTC, by its own clock."""
        first = self._claims[0].time if self._claims else ""
        return self._beat.began if self._beat is not None and self._beat.began else first

    @property
    def heartbeat_at(self) -> str | None:
        """When it was last heard of, by its own clock."""
        return self._beat.time or None if self._beat is not None else None

    @property
    def total_runs(self) -> int:
        """How many trials it took."""
        return len({claim.run for claim in self._claims})

    def runs(self, per_page: int = 50) -> Runs:
        """The runs of the trials that it took, oldest first."""
        taken = {"name": {"$in": sorted({claim.run for claim in self._claims})}}
        return Runs(self._sweep._source, self._sweep.project, taken, "+created_at", per_page)

    def to_html(self, height: int = 420, hidden: bool = False) -> str:
        return f"<p><b>{html.escape(self.name)}</b>: {self.total_runs} runs</p>"

    def __repr__(self) -> str:
        return f"<Agent {self.name} ({self.state})>"


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
