"""What there is to tell of a sweep at a moment: its trials by state, the best one, agents, the pace, the end."""

import math
import os
import statistics
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Final

from runstore.format.records import Heartbeat, parse_time
from runstore.format.sweep_records import Beat, Claim
from runstore.reading.states import process_alive
from runstore.reading.sweeps import SweepReader, SweepState, Trial
from sweeps.agent.places import Place
from sweeps.cli.unlogged import without_best
from sweeps.config.sweep import SweepConfig
from sweeps.errors import SweepError
from sweeps.liveness import is_alive
from sweeps.orphans import Remains
from sweeps.progress import has_reached_target, is_over, most_trials

_LEASES: Final = 10
_LATEST: Final = 50
_HOUR: Final = 3600.0
FINISHED: Final = "finished"
IDLE: Final = "idle"
"""The state of a sweep that is not over and that nobody works at."""
RUNNING: Final = "running"
QUEUED: Final = "queued"
"""The state of a trial whose agent is gone, and that another agent is to try again."""
UNCOUNTED: Final = "uncounted"
"""The state of a trial that is over, of which the next agent records that, as its own is gone."""
_OPEN: Final = (RUNNING, QUEUED, UNCOUNTED)
_GIVEN_UP_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class AgentSeen:
    """An agent as its heartbeat shows it. `silent` is the age of that in seconds, by the disk's clock; `alive` is False
    for one that said good-bye, whose process is gone, or that was silent for too long."""

    beat: Beat
    silent: float | None
    alive: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """A sweep at a moment. `pace` is in trials an hour, `end` an epoch time in seconds; None where nothing tells.

    `counts` are trials by state: those that the records have, with `running` only for a trial that somebody works at;
    one whose agent is gone is `queued` or `uncounted`. `standing` says that of each such trial, by run. `why` is the
    reason that there is no `best`, "" without one.
    """

    place: Place
    state: str
    counts: Mapping[str, int]
    standing: Mapping[str, str]
    most: int | None
    best: Trial | None
    why: str
    agents: Sequence[AgentSeen]
    pace: float | None
    end: float | None
    problems: Sequence[str]
    reader: SweepReader
    config: SweepConfig | None

    @property
    def is_over(self) -> bool:
        """Whether no trial will be started, unless somebody changes the sweep; some may still run."""
        return self.reader.state.stopped or self.state == FINISHED

    @property
    def over(self) -> int:
        """How many trials ended."""
        return sum(count for state, count in self.counts.items() if state not in _OPEN)

    @property
    def leader(self) -> Beat | None:
        """The last heartbeat of a trial that still runs and is better than all that ended; None without one."""
        sign = -1.0 if self.config is not None and self.config.sign < 0 else 1.0
        pending = self.reader.state.pending
        at_work = [
            (sign * best, each.beat)
            for each in self.agents
            if each.alive and each.beat.run in pending and (best := _best(each)) is not None
        ]
        found = min(at_work, key=lambda each: each[0], default=None)
        if found is None or (self.best is not None and sign * (self.best.value or 0.0) <= found[0]):
            return None
        return found[1]

    @property
    def best_params(self) -> Mapping[str, Any]:
        """The parameters of the best trial, flat and in the configuration's order where that can be read."""
        if self.best is None:
            return {}
        return self.best.params if self.config is None else self.config.space.flatten(self.best.params)

    @property
    def metric(self) -> str:
        """The metric's name; "" without one."""
        found = self.reader.config.get("metric")
        return str(found.get("name", "")) if isinstance(found, Mapping) else ""


def overview(place: Place, reader: SweepReader, now: float | None = None) -> Overview:
    """What the reader knows by now; read here are heartbeats, and of runs what the records leave open."""
    moment = time.time() if now is None else now
    state = reader.state
    clock = _disk_clock(place) if now is None else now
    agents = [_seen(place, beat, clock) for beat in reader.heartbeats()]
    config = _config(reader)
    standing = _standing(place, reader, config, agents)
    counts = {state: count for state, count in reader.state.counts.items() if state != RUNNING}
    counts |= Counter(standing.values())
    most = None if config is None else most_trials(config, state)
    pace = _pace(state.trials)
    ended = sum(count for each, count in counts.items() if each not in _OPEN)
    left = None if most is None or state.stopped else max(0, most - ended)
    works = any(each.alive for each in agents) and not state.paused
    end = moment + left / pace * _HOUR if left and pace and works else None
    name = _state(reader, config, agents, counts.get(RUNNING, 0))
    why = without_best(place, state, "" if config is None or config.metric is None else config.metric.name)
    return Overview(
        place, name, counts, standing, most, state.best, why, agents, pace, end, reader.described(), reader, config
    )


def as_json(found: Overview) -> dict[str, Any]:
    """The overview as `--json` prints it."""
    return {
        "sweep": found.place.sweep.id,
        "id": found.place.sweep.id,
        "project": found.place.project.name,
        "name": found.reader.config.get("name") or None,
        "path": str(found.place.sweep.path),
        "method": found.reader.config.get("method"),
        "state": found.state,
        "trials": dict(found.counts),
        "run_cap": found.reader.state.run_cap,
        "most_trials": found.most,
        "best": None if found.best is None else trial_json(found.best, found.metric),
        "no_best": found.why or None,
        "agents": [_agent_json(each) for each in found.agents],
        "trials_per_hour": found.pace,
        "expected_end": None if found.end is None else datetime.fromtimestamp(found.end, UTC).isoformat("T", "seconds"),
        "problems": list(found.problems),
    }


def trial_json(trial: Trial, metric: str) -> dict[str, Any]:
    """A trial as `--json` prints it."""
    return {
        "trial": trial.number,
        "run": trial.run,
        "state": trial.state,
        "attempt": trial.attempt,
        "metric": metric or None,
        "value": trial.value,
        "params": dict(trial.params),
    }


def _agent_json(seen: AgentSeen) -> dict[str, Any]:
    beat = seen.beat
    return {
        "agent": beat.agent,
        "host": beat.process.host,
        "pid": beat.process.pid,
        "state": beat.state if seen.alive or beat.state == "bye" else "gone",
        "silent": seen.silent,
        "trial": beat.trial,
        "run": beat.run or None,
        "count": beat.count,
        "best": beat.best,
        "done": beat.done,
        "failed": beat.failed,
    }


def _disk_clock(place: Place) -> float:
    """What time it is for the disk, which gave the heartbeats their times; this host's time where it can't be asked."""
    probe = place.sweep.tmp_dir / f"clock-{os.getpid()}"
    try:
        probe.touch()
        found = probe.stat().st_mtime
        probe.unlink()
    except OSError:
        return time.time()
    return found


def _seen(place: Place, beat: Beat, now: float) -> AgentSeen:
    try:
        silent = max(0.0, now - place.sweep.agent(beat.agent).stat().st_mtime)
    except OSError:
        silent = None
    process = beat.process
    lives = process_alive(Heartbeat(process.pid, process.host, process.boot, process.start))
    quiet = silent is None or silent > _LEASES * beat.every
    return AgentSeen(beat, silent, beat.state != "bye" and lives is not False and (lives is True or not quiet))


def _config(reader: SweepReader) -> SweepConfig | None:
    """The configuration; None where it was changed into none."""
    try:
        return SweepConfig.from_json(reader.config)
    except SweepError:
        return None


def _pace(trials: Sequence[Trial]) -> float | None:
    """Trials an hour, by the median distance between the ends of the latest ones; None before the third."""
    ends = sorted(
        moment
        for trial in trials[-_LATEST:]
        if (outcome := trial.outcome) is not None and (moment := parse_time(outcome.time)) is not None
    )
    if len(ends) < 3 or ends[-1] <= ends[0]:
        return None
    steps = [later - earlier for earlier, later in pairwise(ends)]
    mean = (ends[-1] - ends[0]) / (len(ends) - 1)
    typical = statistics.median(steps)
    # A pause in the middle says nothing of the pace; trials that end together do.
    return _HOUR / (min(mean, 5 * typical) if typical > 0 else mean)


def _best(seen: AgentSeen) -> float | None:
    """The best value of the trial that an agent is at, where that can be compared."""
    beat = seen.beat
    return beat.best if beat.trial is not None and beat.best is not None and math.isfinite(beat.best) else None


def _standing(
    place: Place, reader: SweepReader, config: SweepConfig | None, agents: Sequence[AgentSeen]
) -> dict[str, str]:
    """Of the trials without an outcome, by run, whether they run, or what becomes of them."""
    found = {}
    known = {each.beat.agent: each for each in agents}
    for run, trial in reader.state.pending.items():
        is_gone = _is_gone(trial.claim, known.get(trial.claim.agent))
        found[run] = _without_agent(place, reader.state, config, trial) if is_gone else RUNNING
    return found


def _is_gone(claim: Claim, seen: AgentSeen | None) -> bool:
    """Whether the agent that took a trial is known not to work at it any more."""
    if is_alive(claim.process) is False:
        return True
    if seen is None or not seen.alive:
        return seen is not None
    beat = seen.beat
    elsewhere = (
        beat.trial is not None and beat.beat > claim.beat and (beat.run, beat.attempt) != (claim.run, claim.attempt)
    )
    return elsewhere and (seen.silent or 0.0) >= _GIVEN_UP_SECONDS


def _without_agent(place: Place, state: SweepState, config: SweepConfig | None, trial: Trial) -> str:
    """What becomes of a trial whose agent is gone: what the next agent would make of it."""
    remains = Remains(place.sweep, trial)
    if remains.goes_on:
        return RUNNING
    if remains.ended is not None or state.stopped or config is None or has_reached_target(config, state):
        return UNCOUNTED
    if remains.was_preempted:
        return QUEUED
    return QUEUED if config.on_crash == "requeue" and trial.claim.retries < config.max_retries else UNCOUNTED


def _state(reader: SweepReader, config: SweepConfig | None, agents: Sequence[AgentSeen], running: int) -> str:
    """The sweep in a few words."""
    state = reader.state
    if state.stopped:
        word = "cancelled" if state.cancelled else "stopped"
        return f"{word}, {running} running" if running and not state.cancelled else word
    if state.paused:
        return "paused"
    if config is not None and is_over(config, state):
        return FINISHED
    return RUNNING if any(each.alive for each in agents) else IDLE
