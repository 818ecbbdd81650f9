"""The sweeps of a project as their pages show them: what their records say, and the runs that name them."""

import hashlib
import math
import os
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from itertools import islice, pairwise
from typing import Any, Final, NamedTuple

from runstore.errors import UsageError
from runstore.format.records import parse_time
from runstore.format.sweep_layout import SweepLayout
from runstore.format.sweep_records import Beat, Claim, Outcome, Process, Verdict
from runstore.reading.disclosure import Disclosure
from runstore.reading.problems import Problem
from runstore.reading.rows import flatten
from runstore.reading.store import Project, RunRecord
from runstore.reading.sweeps.reader import SweepReader, open_sweep
from runstore.reading.sweeps.trials import Trial
from sitegen.data.sweep_config import SweepText, read_config
from sitegen.tree import folders

MAX_AGENTS: Final = 1000
_PRIVATE: Final = frozenset({"tmp", "locks"})


class Attempt(NamedTuple):
    """An attempt at a trial that was not the last: `state` and `reason` of what became of it.

    `began` and `ended` are epoch s; it ended when its run was last heard of, None where nothing tells.
    """

    number: int
    agent: str
    began: float | None
    ended: float | None
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class TrialRow:
    """One trial of a sweep. Times are epoch s, None where no record tells.

    `state` is how it ended, else that of its run, `running` while nothing says otherwise; `queued` once its agent
    said good-bye, so that another one tries again, `uncounted` where its run ended and no record says so yet. It is
    `over` once a record says so. `value` is the metric as it
    was logged; `rungs` are its values at the bands that it reached, lower is better. `earlier` are the attempts before
    the last.
    """

    number: int
    run: str
    attempt: int
    state: str
    over: bool
    value: float | None
    params: Mapping[str, Any]
    reason: str
    agent: str
    count: int
    rungs: tuple[float, ...]
    began: float | None
    ended: float | None
    verdict: Verdict | None
    added: bool
    earlier: tuple[Attempt, ...]
    info: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Folded:
    """What the records of a sweep come to. `asked` is what people asked for last: pause, stop or cancel, else "".

    `ranges` are the ends of parameters that were widened, by name; `last` is when something was recorded last.
    `metric` is the one that the agents go by.
    """

    trials: tuple[TrialRow, ...] = ()
    asked: str = ""
    run_cap: int | None = None
    ranges: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    last: float | None = None
    metric: str = ""
    maximize: bool = False


@dataclass(frozen=True)
class Sweep:
    """A sweep of a project: its records where it has them, and its runs, newest first.

    `stamp` changes with every file of its directory, "" where it has none. `slug` names the directory of its page.
    """

    id: str
    slug: str
    project: Project = field(repr=False)
    layout: SweepLayout | None
    runs: tuple[RunRecord, ...] = field(repr=False)
    stamp: str

    @cached_property
    def config(self) -> SweepText:
        found = None if self.layout is None else read_config(self.layout.sweep_yaml)
        return _told_config(found or SweepText(), self._tell)

    @property
    def _tell(self) -> Disclosure:
        return self.project.disclosure

    @property
    def name(self) -> str:
        return self.config.name or self.id

    @cached_property
    def _opened(self) -> SweepReader | OSError | None:
        """Its records, why they cannot be read, or None where there are none."""
        try:
            return None if self.layout is None else _opened(self.layout, self.stamp)
        except OSError as error:
            return error

    @property
    def _reader(self) -> SweepReader | None:
        return None if isinstance(self._opened, OSError) else self._opened

    @cached_property
    def _beats(self) -> tuple[Beat, ...]:
        return () if self._reader is None else tuple(islice(self._reader.heartbeats(), MAX_AGENTS))

    @cached_property
    def beats(self) -> tuple[Beat, ...]:
        """The last heartbeat of each agent, by name."""
        if self._tell.is_whole:
            return self._beats
        hosts = self._tell.allows("host")
        return tuple(
            replace(each, agent=self._agents[str(each.agent)], process=each.process if hosts else Process())
            for each in self._beats
        )

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """What of it cannot be read."""
        if self.layout is None:
            return ()
        found = {} if self._reader is None else dict(self._reader.problems)
        if isinstance(self._opened, OSError):
            found[self.layout.path] = f"cannot be read ({self._opened.strerror}); check its permissions"
        if self.config.problem:
            found[self.layout.sweep_yaml] = self.config.problem
        root = self.project.layout.path.parent
        places = [(path.relative_to(root).as_posix(), problem) for path, problem in sorted(found.items())]
        told = [(place, self._tell.text(each)) for place, each in places]
        return tuple(Problem(place.encode("utf-8", "backslashreplace").decode(), 0, each) for place, each in told)

    @cached_property
    def folded(self) -> Folded:
        """The trials, by number; none for a sweep that runs alone tell of."""
        found = self._found
        if self._tell.is_whole:
            return found
        return replace(found, trials=tuple(_told_row(row, self._agents, self._tell) for row in found.trials))

    @cached_property
    def _found(self) -> Folded:
        return Folded() if self._reader is None else _folded(self._reader, self.runs, self._beats)

    @cached_property
    def _agents(self) -> Mapping[str, str]:
        """What agents are called: by a number where hosts stay in the store, since their names begin with those."""
        names = {str(each.agent) for each in self._beats}
        for row in self._found.trials:
            names |= {row.agent, *(attempt.agent for attempt in row.earlier)}
        hosts = self._tell.allows("host")
        told = {
            name: self._tell.text(name) if hosts else f"agent {at}" for at, name in enumerate(sorted(names - {""}), 1)
        }
        return {**told, "": ""}

    @cached_property
    def numbers(self) -> Mapping[str, int]:
        """The number of the trial that each run is of."""
        return {} if self._reader is None else {trial.run: trial.number for trial in self._reader.state.trials}


def _told_config(config: SweepText, tell: Disclosure) -> SweepText:
    """A configuration as its readers may see it."""
    if tell.is_whole:
        return config
    return replace(
        config,
        text=tell.text(config.text),
        name=tell.text(config.name),
        description=tell.text(config.description),
        program=tell.text(config.program),
        problem=tell.text(config.problem),
        parameters=tuple(replace(each, choices=tuple(map(tell.value, each.choices))) for each in config.parameters),
    )


def _told_row(row: TrialRow, agents: Mapping[str, str], tell: Disclosure) -> TrialRow:
    """A trial as its readers may see it."""
    earlier = (each._replace(agent=agents[each.agent], reason=tell.text(each.reason)) for each in row.earlier)
    return replace(
        row,
        agent=agents[row.agent],
        reason=tell.text(row.reason),
        params=tell.value(row.params),
        info=tell.value(row.info),
        earlier=tuple(earlier),
    )


def project_sweeps(project: Project, slugs: Mapping[str, str]) -> tuple[Sweep, ...]:
    """The sweeps of a project, by id: those that have a directory, and those that a run names; `slugs` has all."""
    layouts = _layouts(project)
    runs: dict[str, list[RunRecord]] = {}
    for run in project.runs:
        if run.meta.sweep:
            runs.setdefault(run.meta.sweep, []).append(run)
    return tuple(
        Sweep(each, slugs[each], project, layout := layouts.get(each), tuple(runs.get(each, ())), _stamp(layout))
        for each in sorted(layouts.keys() | runs.keys())
    )


def sweep_ids(project: Project) -> set[str]:
    """Every sweep that has a directory, or that a run names."""
    return _layouts(project).keys() | {run.meta.sweep for run in project.runs if run.meta.sweep}


def _layouts(project: Project) -> dict[str, SweepLayout]:
    found = {}
    try:
        for name in project.layout.sweep_ids():
            with suppress(UsageError):  # `verify` says so.
                found[name] = project.layout.sweep(name)
    except OSError:
        pass
    return found


def _stamp(layout: SweepLayout | None) -> str:
    """The state of a sweep's files, by size, time and inode."""
    if layout is None:
        return ""
    known: list[Any] = []
    try:
        for folder, _, files in folders(os.fspath(layout.path), _PRIVATE.__contains__):
            for entry in files:
                found = entry.stat(follow_symlinks=False)
                known.append((folder + entry.name, found.st_size, found.st_mtime_ns, found.st_ino))
    except OSError:
        return "unreadable"
    return hashlib.blake2b(repr(sorted(known)).encode(), digest_size=12).hexdigest()


@lru_cache(maxsize=8)
def _opened(layout: SweepLayout, stamp: str) -> SweepReader:
    """The records of a sweep as they were when its files had this stamp, or later: a process that builds again and
    again reads anew only what changed."""
    return open_sweep(layout)


def _folded(reader: SweepReader, runs: Sequence[RunRecord], beats: Sequence[Beat]) -> Folded:
    state = reader.state
    known = {run.id: run for run in runs}
    under_way = {(beat.run, beat.attempt): beat for beat in beats if beat.trial is not None}
    gone = {beat.agent for beat in beats if beat.state == "bye"}
    rows = tuple(_row(trial, known.get(trial.run), under_way, gone) for trial in state.trials)
    asked = "cancel" if state.cancelled else "stop" if state.stopped else "pause" if state.paused else ""
    times = [time for row in rows for time in (row.began, row.ended) if time is not None]
    metric = reader.config.get("metric")
    name, goal = (metric.get("name"), metric.get("goal")) if isinstance(metric, Mapping) else ("", "")
    last = max(times, default=None)
    return Folded(rows, asked, state.run_cap, state.ranges, last, str(name or ""), goal == "maximize")


def _row(
    trial: Trial, run: RunRecord | None, under_way: Mapping[tuple[str, int], Beat], gone: Collection[str]
) -> TrialRow:
    last = trial.claims[-1]
    outcome = trial.outcome
    beat = under_way.get((trial.run, last.attempt)) if outcome is None else None
    told: Outcome | Beat | None = beat if outcome is None else outcome
    began = parse_time(str(last.time)) or (None if run is None else run.created)
    return TrialRow(
        number=trial.number,
        run=trial.run,
        attempt=last.attempt,
        state=_state(outcome, run, began, last.agent in gone),
        over=outcome is not None,
        value=beat.best if beat is not None else trial.value,
        params=_flat(trial.params),
        reason="" if outcome is None else str(outcome.reason),
        agent=str(last.agent),
        count=told.count if told is not None and isinstance(told.count, int) else 0,
        rungs=() if told is None else told.rungs,
        began=began,
        ended=_end(outcome, began, run),
        verdict=trial.verdict,
        added=bool(last.added),
        earlier=tuple(_attempt(*pair, trial.earlier, run) for pair in pairwise(trial.claims)),
        info=last.info if isinstance(last.info, Mapping) else {},
    )


def _flat(params: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return dict(flatten(params))
    except RecursionError:
        return {}


def _attempt(claim: Claim, following: Claim, outcomes: Sequence[Outcome], run: RunRecord | None) -> Attempt:
    """An attempt before the last: what became of it where a record says so, else it was given up."""
    own = next((outcome for outcome in outcomes if outcome.attempt == claim.attempt), None)
    state, reason = ("given up", "") if own is None else (str(own.state), str(own.reason))
    began, later = parse_time(str(claim.time)), parse_time(str(following.time))
    ended = _end(own, began, None) if own is not None else _last_sign(run, began, later)
    return Attempt(claim.attempt, str(claim.agent), began, ended, state, reason)


def _last_sign(run: RunRecord | None, began: float | None, later: float | None = None) -> float | None:
    """When a run was last heard of that an agent began between two moments; None where it did not begin then."""
    if run is None or began is None:
        return None
    own = [each for each in run.attempts if not each.is_rank]
    ends: float | None = None
    for each, after in zip(own, [*own[1:], None], strict=True):
        total = run.tracked if after is None else after.tracked
        if each.started is None or total is None or not began <= each.started < (math.inf if later is None else later):
            continue
        ends = each.started + max(0.0, total - (each.tracked or 0.0))
    return ends if later is None or ends is None else min(ends, later)


def _state(outcome: Outcome | None, run: RunRecord | None, began: float | None, gone: bool) -> str:
    """How a trial ended. What no record says, its run may: that it runs, that it fell silent until an agent takes it
    up, or that it ended by itself. `began` is when an agent took it last; `gone`: that said good-bye since."""
    if outcome is not None:
        return str(outcome.state)
    if run is not None and run.finished is not None and run.finished < (began or 0.0):
        run = None  # What it says is of an earlier attempt.
    if run is not None and run.state in ("finished", "failed"):
        return "uncounted"
    if gone:
        return "queued"
    if run is None:
        return "running"
    return "silent" if run.state == "crashed" else run.state


def _end(outcome: Outcome | None, began: float | None, run: RunRecord | None) -> float | None:
    if outcome is not None:
        if (ended := parse_time(str(outcome.time))) is not None:
            return ended
        runs_for = outcome.runtime if isinstance(outcome.runtime, int | float) else 0.0
        return None if began is None else began + max(0.0, runs_for)
    if run is None or run.finished is not None:
        return None if run is None else run.finished
    return _last_sign(run, began) or run.last_sign
