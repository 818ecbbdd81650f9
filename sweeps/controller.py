"""The controller of a sweep: whoever needs the next trial plays it for that moment.

It reads what is new, decides, and publishes. Another that was faster makes it read and decide again; nothing is locked
that has to be.
"""

import datetime
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final, Self

import orjson

from runstore.format.records import write_atomically
from runstore.format.sweep_layout import SHARD, SweepLayout, shards
from runstore.format.sweep_records import (
    BadRecordError,
    Claim,
    Control,
    ControlKind,
    Outcome,
    Process,
    Verdict,
    dump,
    load,
)
from runstore.reading.sweeps.files import read_bytes
from runstore.reading.sweeps.reader import SweepReader, open_sweep
from runstore.reading.sweeps.state import SweepState
from runstore.reading.sweeps.trials import Trial
from runstore.recording.naming import generate_id
from sweeps.asking import check_steering, checked
from sweeps.config.sweep import SweepConfig
from sweeps.deciding import Decider
from sweeps.errors import SweepError
from sweeps.liveness import Liveness
from sweeps.orphans import Remains
from sweeps.records import (
    Primitive,
    clear_garbage,
    detect_primitive,
    is_sealed,
    make_shard,
    publish,
    sync_record,
)
from sweeps.shards import Shards
from sweeps.space.space import Space

RESOLVED_FORMAT: Final = 1
_MOST_TRIES: Final = 10_000
_FEW: Final = 8
_THOROUGH_SECONDS: Final = 0.5
_LONGEST_SECONDS: Final = 2.0
_SHARE: Final = 200
_WRITTEN_SECONDS: Final = 60.0
"""After so long every system has written a file on its own."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do now; ask again in a moment."""

    reason: str


@dataclass(frozen=True, slots=True)
class Over:
    """The sweep has no trial for this agent, and will have none unless somebody changes it."""

    reason: str


class Controller:
    """One process's hand in a sweep. Used by one thread at a time.

    Methods raise `SweepError` for a sweep that cannot be used, and `OSError` for trouble with the disk.
    """

    def __init__(self, reader: SweepReader, config: SweepConfig, primitive: Primitive) -> None:
        self.layout = reader.layout
        self.config = config
        self.state: SweepState = reader.state
        self.reader = reader
        self.liveness = Liveness(self.layout, config.lease)
        self._primitive = primitive
        self._shards = Shards(reader, primitive)
        self._decider = Decider(reader, config)
        self._young: dict[str, float] = {}
        self._rungs: tuple[int, dict[int, tuple[float, ...]]] = (-1, {})
        self._thorough_until = self._looked = 0.0
        self._is_thorough = self._is_few = True

    @property
    def name(self) -> str:
        """How commands name the sweep: project and id."""
        return f"{self.layout.path.parent.parent.name}/{self.layout.path.name}"

    @property
    def space(self) -> Space:
        """The space as it was extended."""
        return self._decider.space

    @property
    def problems(self) -> list[str]:
        """The records that cannot be read, a line each."""
        return self.reader.described()

    # The sweep itself

    @classmethod
    def open(cls, layout: SweepLayout) -> Self:
        """The sweep at a place. Raises `SweepError` where there is none that can be used."""
        if not layout.path.is_dir():
            raise SweepError(f"{layout.path}: found no sweep, expected one; `runstore sweep create` makes it")
        reader = open_sweep(layout)
        path = layout.resolved_json
        if path in reader.problems:
            raise SweepError(f"{path}: {reader.problems[path]}")
        version, primitive = reader.resolved.get("format"), reader.resolved.get("publish")
        if version != RESOLVED_FORMAT or primitive not in ("link", "exclusive"):
            raise SweepError(
                f"{path}: found format {version!r} and publish {primitive!r}, expected {RESOLVED_FORMAT} and link or "
                "exclusive; restore the file, or update with pip install -U runstore"
            )
        controller = cls(reader, SweepConfig.from_json(reader.config, str(path)), primitive)
        controller._tidy()
        return controller

    @classmethod
    def create(cls, layout: SweepLayout, config: SweepConfig, text: str) -> Self:
        """Makes the sweep; `text` is its sweep.yaml. Raises `SweepError` where there is one of this id."""
        layout.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.mkdir(layout.path)
        except FileExistsError:
            raise SweepError(f"{layout.path}: found a sweep of this id, expected none; choose another id") from None
        try:
            for folder in (layout.tmp_dir, layout.agents_dir, layout.control_dir, layout.stop_dir):
                folder.mkdir()
            write_atomically(layout.sweep_yaml, text.encode(), sync=True)
            primitive = detect_primitive(layout)
            make_shard(layout, 0)
            values = {"format": RESOLVED_FORMAT, "publish": primitive, "created": _now(), "config": config.to_json()}
            if config.method == "grid" and (points := config.space.grid().count()) is not None:
                values["points"] = points  # How many trials there will be, for readers that know no grids.
            data = orjson.dumps(values, option=orjson.OPT_INDENT_2) + b"\n"
            publish(layout, layout.resolved_json, data, primitive)
        except BaseException:
            shutil.rmtree(layout.path, ignore_errors=True)
            raise
        return cls.open(layout)

    def _tidy(self) -> None:
        """Goes on with what others left half way; nothing depends on it."""
        with suppress(OSError):
            clear_garbage(self.layout)
            for folder in (self.layout.claims_dir, self.layout.done_dir):
                for path in sorted(folder.glob("*.sealing")):
                    self._shards.help_to_seal(int(path.stem))
            for shard in shards(self.layout.claims_dir):
                self._shards.seal_if_complete(shard)

    # Trials

    def look(self) -> bool:
        """Reads what is new; whether there was anything."""
        return self.reader.look()

    def next(self, agent: str, beat: int, process: Process, idle: int = 1) -> Claim | Wait | Over:
        """The trial that this agent is to run now.

        `beat` is the number of its last heartbeat: a later one has to name the trial. An agent that asks works at
        nothing, so a trial that it took and left without an outcome goes back to the queue. `idle`: the agents that
        this one speaks for.
        """
        asking = Claim(0, "", agent, {}, beat=beat, process=process)
        with self._decider.turn():
            for _ in range(_MOST_TRIES):
                self._look()
                found = self._closed() or self._orphan(asking) or self._again(asking) or self._begin(asking, idle)
                if found is not None:
                    return found
        return Wait("too many agents ask at once")

    def finish(self, outcome: Outcome) -> bool:
        """Publishes how an attempt ended; whether this outcome counts. The first one of a trial does.

        A power cut never takes a trial whose outcome is there: its claim is on the disk before.
        """
        trial = self._trial(outcome.run)
        self.reader.look_at(trial)
        data = dump(replace(outcome, first=trial.first))
        outcome = load(data, Outcome)
        if time.monotonic() - self._young.pop(trial.run, -_WRITTEN_SECONDS) < _WRITTEN_SECONDS:
            sync_record(self.layout.claim(trial.number, trial.attempt))
        if outcome.attempt >= trial.first:
            path = self.layout.done(trial.number, trial.first)
            result = self._shards.publish(path, trial.number, data)
            if result == "won" or (result == "taken" and self._is_there(outcome)):
                self.state.apply(outcome)
                for shard in (trial.number // SHARD - 1, trial.number // SHARD):
                    self._shards.seal_if_complete(shard)
                return True
            if result == "sealed":
                return trial.outcome == outcome
        late = self.layout.late(trial.number, outcome.attempt, trial.run)
        self._shards.publish(late, trial.number, data)
        self.reader.look_at(trial)
        return trial.outcome == outcome

    def stop_trial(self, verdict: Verdict) -> bool:
        """Publishes why an attempt is stopped early; False where somebody did so before."""
        self.layout.stop_dir.mkdir(exist_ok=True)
        path = self.layout.stop(verdict.n, verdict.attempt)
        won = publish(self.layout, path, dump(verdict), self._primitive) == "won"
        if won:
            self.state.apply(verdict)
        return won

    def superseded(self, claim: Claim) -> bool:
        """Whether an attempt works in vain: a later one was begun, or the trial has its outcome."""
        if self.state.of(claim.run) is None:
            self.reader.look(attempts=False)
        trial = self.state.of(claim.run)
        if trial is None:
            return is_sealed(self.layout, claim.n // SHARD)
        self.reader.look_at(trial)
        return trial.is_over or trial.attempt > claim.attempt

    def rungs(self, but: int = -1) -> list[tuple[float, ...]]:
        """The rungs of all trials but one: of those that are over, and of those that run, as their agents say."""
        key = self.state.seen
        if self._rungs[0] != key:
            self._rungs = (key, {trial.number: rungs for trial in self.state.trials if (rungs := trial.rungs)})
        found = {**self._rungs[1]}
        for beat in self.reader.heartbeats():
            if beat.trial is not None and beat.rungs and beat.run in self.state.pending:
                found[beat.trial] = beat.rungs
        return [rungs for number, rungs in found.items() if number != but]

    # Steering

    def ask(self, what: ControlKind, data: Mapping[str, Any] | None = None, by: str = "") -> Control:
        """Publishes what a person wants of the sweep. Raises `SweepError` for what cannot be."""
        self.reader.look()
        check_steering(what, self.name, self.config, self.state)
        data = checked(what, data or {}, self.state, self.space, self.config.seed)
        self.layout.control_dir.mkdir(exist_ok=True)
        while True:
            number = self.state.controls[-1].n + 1 if self.state.controls else 1
            while os.path.lexists(self.layout.control(number)):
                number += 1
            control = Control(number, what, by, data, _now())
            if publish(self.layout, self.layout.control(number), dump(control), self._primitive) == "won":
                self.reader.look()
                return control
            self.reader.look()

    # What next() tries, one after the other

    def _look(self, *, thorough: bool = False) -> None:
        """Reads what the next decision depends on. Where points do not depend on what came out of others, the many
        trials of other agents are asked about now and then only, and before it is said that all is over."""
        metric, now = self.config.metric, time.monotonic()
        has_target = metric is not None and metric.target is not None
        decides = not self._decider.is_cheap or has_target
        self._is_thorough = thorough or decides or self._is_few or now >= self._thorough_until
        compares = has_target or self.config.early_terminate is not None or not self._decider.is_blind
        if thorough or compares or self._glance():
            self.reader.look(attempts=False, outcomes=self._is_thorough)
        if self._is_thorough:
            self._is_few = len(self.state.pending) <= _FEW
        self._looked = now

    def _glance(self) -> bool:
        """Looks without reading what came of others' trials; whether that is not enough, as somebody steers, or as
        there are claims that cannot be read yet."""
        self.reader.glance()
        if self._is_thorough and not self.state.controls:
            self.reader.look_at_running()
        return bool(self.state.controls or self.reader.unreadable)

    def _rest(self) -> None:
        """After a thorough look, and what came of it: the next one is due when it costs little of all the time."""
        if self._is_thorough:
            now = time.monotonic()
            took = _SHARE * (now - self._looked)
            self._thorough_until = now + min(max(_THOROUGH_SECONDS, took), _LONGEST_SECONDS)

    def _closed(self) -> Wait | Over | None:
        state, metric = self.state, self.config.metric
        if state.stopped:
            self._look(thorough=True)
            self._close_orphans()
            word = "cancelled" if state.cancelled else "stopped"
            return Over(f"the sweep was {word}; `runstore sweep resume {self.name}` has it go on")
        if state.paused:
            self._look(thorough=True)
            self._close_orphans(all_over=False)
            return Wait("the sweep is paused")
        if metric is not None and metric.target is not None and state.best is not None:
            value = state.best.value
            if value is not None and self.config.sign * (value - metric.target) <= 0:
                reached = f"trial {state.best.number} reached the metric's target {metric.target}"
                self._look(thorough=True)
                self._close_orphans()
                return Over(reached)
        if any(self.reader.is_young(path) for path in self.reader.unreadable.values()):
            return Wait("a claim is being written")
        return None

    def _orphan(self, asking: Claim) -> Claim | None:
        """A trial whose agent is gone, to try again; one that needs no other try gets its outcome."""
        for trial in self._orphans(asking):
            claim = trial.claim
            remains = Remains(self.layout, trial)
            if remains.goes_on and claim.agent != asking.agent:
                continue
            if (ended := remains.outcome(self.config, asking.agent)) is not None:
                self.finish(ended)
                continue
            retries = claim.retries + (not remains.was_preempted)
            if retries > self.config.max_retries or (self.config.on_crash == "skip" and not remains.was_preempted):
                self.finish(_crashed(trial, "its agent was gone", asking.agent))
            elif (taken := self._attempt(trial, asking, retries, claim.retry)) is not None:
                return taken
        self._rest()
        return None

    def _close_orphans(self, *, all_over: bool = True) -> None:
        """Publishes the outcomes of trials that ended without their agents; with `all_over` of the others too."""
        for trial in self._orphans(None):
            remains = Remains(self.layout, trial)
            if remains.goes_on:
                continue
            ended = remains.outcome(self.config, "")
            if ended is None and all_over:
                ended = _crashed(trial, "its agent was gone, and no new trial starts", "")
            if ended is not None:
                self.finish(ended)

    def _orphans(self, asking: Claim | None) -> Iterator[Trial]:
        own = self.state.of_agent(asking.agent) if asking is not None else []
        for trial in list(self.state.pending.values()) if self._is_thorough else own:
            claim = trial.claim
            if trial in own or self.liveness.judge(claim) == "dead":
                self.reader.look_at(trial)
                if not trial.is_over and trial.claim == claim:
                    yield trial
                else:
                    self.liveness.forget(claim)

    def _again(self, asking: Claim) -> Claim | None:
        """A trial that somebody asked for again."""
        for retry in self.state.retries:
            self.reader.look_at(retry.trial)
            if self.reader.look_at_shard(retry.trial.number):
                continue  # Nobody can add to it: the same point becomes another trial.
            wanted = retry.trial.is_over and retry.trial.claim.retry < retry.control
            # Two may have asked at the same moment: one attempt answers both.
            latest = max((each.control for each in self.state.retries if each.trial is retry.trial), default=0)
            if wanted and (taken := self._attempt(retry.trial, asking, 0, max(latest, retry.control))) is not None:
                return taken
        return None

    def _attempt(self, trial: Trial, asking: Claim, retries: int, retry: int) -> Claim | None:
        """Another attempt at a trial; None where somebody else had it."""
        attempt = max(twin.attempt for twin in self.state.at(trial.number)) + 1
        last = trial.claim
        claim = replace(
            last,
            agent=asking.agent,
            beat=asking.beat,
            process=asking.process,
            attempt=attempt,
            retries=retries,
            retry=retry,
            time=_now(),
        )
        path = self.layout.claim(trial.number, attempt)
        result = self._shards.publish(path, trial.number, dump(claim), "none")
        if result != "won":
            self.reader.look_at(trial)
            return None
        self._young[claim.run] = time.monotonic()
        self.state.apply(claim)
        return claim

    def _begin(self, asking: Claim, idle: int) -> Claim | Wait | Over | None:
        """A trial that nobody ran yet; None where somebody else took its number."""
        cap = self.state.run_cap
        room = None if cap is None else cap - len(self.state.trials) - len(self.reader.unread)
        if room is not None and room <= 0:
            return self._end(f"run_cap {cap} is reached", asking)
        for control in self.state.queued:
            return self._claim(replace(asking, params=control.data["params"], added=control.n))
        suggestion = self._decider.next(idle, room)
        if suggestion is None:
            return self._end("every point of the space was tried", asking)
        params = self.space.nest(suggestion.params)
        return self._claim(
            replace(
                asking,
                params=params,
                position=suggestion.position,
                info=suggestion.info,
                engine=self.config.engine if self.config.method == "bayes" else self.config.method,
            )
        )

    def _claim(self, claim: Claim) -> Claim | None:
        state = self.state
        number, control = state.next_number, state.controls[-1].n if state.controls else 0
        claim = replace(claim, n=number, run=generate_id(), seen=state.seen, control=control, time=_now())
        result = self._shards.publish(self.layout.claim(number), number, dump(claim), "none")
        if result != "won":
            return None
        self._young[claim.run] = time.monotonic()
        state.apply(claim)
        return claim

    def _end(self, reason: str, asking: Claim) -> Wait | Over | None:
        """Over, unless a trial that still runs may come back: one agent waits for each. None: look again first."""
        if not self._is_thorough:
            self._thorough_until = 0.0
            return None
        running = len(self.state.pending)
        if running and running > self._waiting(asking.agent):
            return Wait(f"{reason}; waiting in case one that still runs comes back")
        return Over(reason)

    def _waiting(self, agent: str) -> int:
        """How many other agents wait ahead of this one, in the order of their names."""
        beats = [beat for beat in self.reader.heartbeats() if beat.state == "waiting" and beat.agent < agent]
        return sum(self.liveness.is_there(beat) for beat in beats)

    def _is_there(self, outcome: Outcome) -> bool:
        """Whether the name of an outcome is taken by this very one: we published it before."""
        with suppress(BadRecordError):
            data = read_bytes(self.layout.done(outcome.n, outcome.first)) or b""
            names = (outcome.run, outcome.attempt, outcome.agent, outcome.by)
            told = [load(line, Outcome) for line in data.splitlines()]
            return any((each.run, each.attempt, each.agent, each.by) == names for each in told)
        return False

    def _trial(self, run: str) -> Trial:
        trial = self.state.of(run)
        if trial is None:
            self.reader.look()
            trial = self.state.of(run)
        if trial is None:
            raise SweepError(f"{self.layout.path}: found no trial with the run {run!r}, expected one that was claimed")
        return trial


def _crashed(trial: Trial, reason: str, by: str) -> Outcome:
    claim = trial.claim
    return Outcome(claim.n, claim.run, claim.agent, "crashed", claim.attempt, reason=reason, by=by, time=_now())


def _now() -> str:
    """This moment, for people: ISO 8601, UTC."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
