"""The writers of one run, after or beside each other, and what they make together: state, time, config, summary."""

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from runstore.format.metrics import Metric, find
from runstore.format.records import RunState, State, load_heartbeat, parse_time
from runstore.format.run_layout import RunLayout, is_attempt, is_heartbeat, writer_order, written_by
from runstore.format.values import revive
from runstore.reading.catalog import ProjectCatalog
from runstore.reading.entries import Entry, Facts
from runstore.reading.ndjson import AXES
from runstore.reading.rows import flatten, number
from runstore.reading.states import derive_state
from runstore.reading.stitching import REWOUND_TO

_ENDS: Final = ("failed", "killed", "finished")
"""The states that a process may end in, the one that counts for several of them first."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One writer of a run: an attempt ("", "2", "3", …) or a rank by its name. None: it does not say.

    `started` is epoch s, `starting_step` the step it began at, `rewound_to` the one it went back to, `forked_from` the
    run and step that its rows were copied from, `tracked` how long earlier attempts had taken, in s. `rows` counts
    those that count, `hidden` those that a later attempt took back.
    """

    writer: str
    started: float | None
    host: str
    starting_step: float | None
    rewound_to: float | None
    forked_from: tuple[str, float] | None
    tracked: float | None
    rows: int
    hidden: int

    @property
    def is_rank(self) -> bool:
        """Whether it writes beside others, rather than after them."""
        return not is_attempt(self.writer)


def attempts(entry: Entry, facts: Mapping[str, Facts]) -> tuple[Attempt, ...]:
    """The writers of a run, `facts` by history file: attempts by number, then ranks."""
    histories = {writer_of(name): each for name, each in facts.items()}
    writers = sorted({*histories, *entry.provenances}, key=writer_order)
    return tuple(_attempt(writer, entry.provenances.get(writer, {}), histories.get(writer)) for writer in writers)


def _attempt(writer: str, said: Mapping[str, Any], facts: Facts | None) -> Attempt:
    origin = said.get("forked_from")
    parent = origin.get("run") if isinstance(origin, dict) else None
    step = number(origin.get("step")) if isinstance(origin, dict) else None
    seen = facts.seen() if facts is not None else Facts()
    return Attempt(
        writer=writer,
        started=parse_time(str(said.get("started", ""))),
        host=str(said.get("host") or ""),
        starting_step=number(said.get("starting_step")),
        rewound_to=number(said.get(REWOUND_TO)),
        forked_from=(parent, step) if isinstance(parent, str) and step is not None else None,
        tracked=number(said.get("tracked")),
        rows=seen.rows,
        hidden=(facts.rows - seen.rows) if facts is not None else 0,
    )


def writer_of(name: str) -> str:
    """The writer of a file, by the file's name."""
    return (written_by(name) or ("", ""))[1]


def tracked_seconds(attempts: Sequence[Attempt], end: float | None, logged: float | None) -> float | None:
    """How long the processes of a run worked: what came before its last attempt, and that one's own time.

    `end` is when that ended or was last heard of, `logged` the longest `_runtime`, which counts where nothing else is
    known.
    """
    own = [attempt for attempt in attempts if not attempt.is_rank]
    last = own[-1] if own else None
    if last is None or last.started is None or end is None or end < last.started:
        return logged
    total = (last.tracked or 0.0) + end - last.started
    return total if math.isfinite(total) else logged


def recorded_state(entry: Entry) -> RunState | None:
    """How a run ended, as its own process recorded; as its ranks did, the worst of them, where none led them."""
    if entry.recorded is not None:
        return entry.recorded
    said = [facts.get("ended") for writer, facts in entry.provenances.items() if not is_attempt(writer)]
    ends = [_end(each) for each in said if isinstance(each, dict) and each.get("state") in _ENDS]
    if not ends:
        return None
    worst = min(ends, key=lambda end: _ENDS.index(end.state))
    return replace(worst, finished=max(end.finished for end in ends))


def _end(said: Mapping[str, Any]) -> RunState:
    code = said.get("exit_code")
    return RunState(said["state"], code if type(code) is int else None, str(said.get("finished") or ""))


def state_and_sign(layout: RunLayout, entry: Entry, now: float) -> tuple[State, float | None]:
    """The state of a run, and when it was last heard of, epoch s. It runs while any of its writers' hearts beats.

    Ranks that none leads record no state of the run: a heartbeat that one of them left says that it has not ended.
    """
    recorded = recorded_state(entry)
    beats = list(_heartbeats(layout)) if entry.recorded is None or entry.recorded.state == "running" else []
    if entry.recorded is None and beats:
        recorded = RunState("running")
    if recorded is None or recorded.state != "running":
        return derive_state(recorded, None, None, now=now), None
    last: float | None = None
    state: State = "crashed"
    for path, changed in beats:
        last = changed if last is None else max(last, changed)
        if state == "crashed":
            state = derive_state(recorded, load_heartbeat(path), changed, now=now)
    return state, last


def _heartbeats(layout: RunLayout) -> Iterator[tuple[Path, float]]:
    try:
        with os.scandir(layout.path) as found:
            beats = [(layout.path / each.name, each.stat(follow_symlinks=False)) for each in found if _is_beat(each)]
    except OSError:
        return
    yield from sorted((path, stat.st_mtime) for path, stat in beats)


def _is_beat(entry: os.DirEntry[str]) -> bool:
    return is_heartbeat(entry.name) and entry.is_file(follow_symlinks=False)


def merged_config(entry: Entry) -> dict[str, Any]:
    """The run's config, with the keys that only ranks have."""
    if not entry.configs:
        return entry.config
    found: dict[str, Any] = {}
    for rank in sorted(entry.configs, key=writer_order, reverse=True):
        found |= entry.configs[rank]
    return {**found, **entry.config}


def merged_summary(entry: Entry, facts: Mapping[str, Facts], catalog: ProjectCatalog, state: State) -> dict[str, Any]:
    """The last value of each key, flat: the run's own, and for keys that it lacks those of its ranks.

    Where a run that does not run any more left no summary that is up to date, `catalog` aggregates its rows.
    """
    complete = state == "finished"
    own = [each.seen() for name, each in facts.items() if is_attempt(writer_of(name))]
    writers = {"": _Written(entry.summary, own, entry.metrics, complete)}
    for name, each in facts.items():
        if not is_attempt(rank := writer_of(name)):
            writers[rank] = _Written(entry.summaries.get(rank, {}), [each.seen()], entry.metrics, complete)
    lacking = {who: keys for who, each in writers.items() if (keys := each.lacking(live=state == "running"))}
    fresh = catalog.aggregate(entry, lacking) if lacking else {}
    found: dict[str, Any] = {}
    for who, written in writers.items():
        found = {**written.summary(fresh.get(who, {})), **found}
    return found


def _summarised(
    logged: Mapping[str, Any], written: Mapping[str, Any], metrics: Sequence[Metric], fresh: Mapping[str, Any]
) -> Iterator[tuple[str, Any]]:
    """The last values that the summary takes as they are; of aggregated metrics what is `fresh`, else only what the
    last value says."""
    yield from fresh.items()
    for key, value in logged.items():
        metric = find(metrics, key)
        if metric is not None and any(f"{key}.{word}" in fresh for word in metric.aggregates):
            continue
        if metric is None or not (metric.aggregates or metric.unsummarised) or key in written:
            yield key, value
        elif metric.aggregates and not any(f"{key}.{word}" in written for word in metric.aggregates):
            yield key, value  # It was cut off before its first summary.
        elif "last" in metric.aggregates:
            yield f"{key}.last", value


@dataclass(slots=True)
class _Written:
    """What one writer's summary said, beside what its rows say. `complete`: it ended as it should."""

    said: Mapping[str, Any]
    facts: Sequence[Facts]
    metrics: Sequence[Metric]
    complete: bool
    logged: dict[str, Any] = field(init=False)
    written: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.logged = {key: value for each in self.facts for key, value in each.latest.items()}
        self.written = {key: value for key, value in flatten(self.said) if key not in AXES}

    @property
    def current(self) -> bool:
        """Whether no row came after the summary."""
        last_step = max((each.last_step for each in self.facts if each.last_step is not None), default=None)
        step = self.said.get("_step")
        return self.complete or last_step is None or (isinstance(step, int | float) and step >= last_step)

    def lacking(self, *, live: bool) -> list[str]:
        """The logged keys whose aggregates the summary lacks, or has of fewer rows; those of a live run it will get."""
        if not any(metric.aggregates for metric in self.metrics) or (live and self.said):
            return []
        current = self.current
        return [
            key
            for key in self.logged
            if key not in self.written
            and (metric := find(self.metrics, key)) is not None
            and metric.aggregates
            and not (current and any(f"{key}.{word}" in self.written for word in metric.aggregates))
        ]

    def summary(self, fresh: Mapping[str, Any]) -> dict[str, Any]:
        """What the writer itself wrote holds, unless it was cut off before that was current."""
        logged, written = self.logged, self.written
        if self.metrics:
            logged = dict(_summarised(logged, written, self.metrics, fresh))
        # A table's place in the history says at which step it was logged; the summary does not.
        written |= {key: logged[key] for key, value in written.items() if isinstance(value, dict) and key in logged}
        found = {**logged, **written} if self.current else {**written, **logged}
        return {key: revive(value) for key, value in found.items()}
