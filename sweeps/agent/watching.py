"""One trial while it runs, and how it ended: its metric, early termination, and what others decide about it."""

import difflib
import math
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

from runstore.errors import RunstoreError, StoreError
from runstore.format.checking import describe
from runstore.format.records import RunState, dump_state, load_state, write_atomically
from runstore.format.run_layout import RunLayout
from runstore.format.sweep_records import Claim, Outcome, TrialState, Verdict
from runstore.manage.stopping import request_stop
from sweeps.agent.heart import Heart, utc_now
from sweeps.agent.metric import MetricTail, histories
from sweeps.agent.places import Place
from sweeps.agent.tiers import Halt
from sweeps.controller import Controller
from sweeps.stopping.rule import Rule, Stop, make_rule

_LOOK_SECONDS: Final = 2.0
_SHORTEST_PAUSE: Final = 0.05
_LONGEST_PAUSE: Final = 1.0
_PAUSE_TO_LOOK: Final = 20.0
"""Looks at a trial take a twentieth of a core at most."""
_SHOWN_NAMES: Final = 8


@dataclass(frozen=True, slots=True)
class Ended:
    """How a trial's process or function ended. `code` is its exit code, negative for a signal. `halt` says why the
    agent ended it; `reason` what went wrong, "" where nothing did."""

    code: int
    halt: Halt | None = None
    reason: str = ""


class Watch:
    """Looks after one trial. Used by one thread at a time."""

    def __init__(
        self,
        controller: Controller,
        heart: Heart,
        place: Place,
        claim: Claim,
        say: Callable[[str], None],
        rule: Rule | None = None,
    ) -> None:
        self.claim = claim
        self.run: RunLayout = place.project.run(claim.run)
        self.halted: Halt | None = None
        metric = controller.config.metric
        self._controller = controller
        self._place = place
        self._heart = heart
        self._say = say
        self._rule = rule
        self._sign = metric.sign if metric is not None else 1.0
        self._metric = metric.name if metric is not None else ""
        earlier = _before_retry(controller, self.run, claim)
        self._tail = MetricTail(self.run, self._metric, maximize=self._sign < 0, earlier=earlier)
        self._before = self.run_state()
        self._judged = 0
        self._compared = 0
        self._pace = Pace(min(_LONGEST_PAUSE, controller.config.heartbeat))
        self._began = time.monotonic()
        self._pause = min(_LOOK_SECONDS, controller.config.heartbeat)
        self._due = time.monotonic() + self._pause
        self._gone = False

    def look(self) -> Halt | None:
        """What is new: of the metric each time, of the sweep every few seconds. Why the trial is to end, None while it
        may go on; said once, its run is told why as well."""
        if self.halted is not None:
            return None
        began = time.thread_time()
        grown = self._tail.look()
        rungs: tuple[float, ...] = ()
        if grown:
            rungs = self._rule.reached(self._tail.values) if self._rule is not None else ()
            self._heart.has_seen(self._tail.count, self._tail.best, rungs)
        due = time.monotonic() >= self._due
        if due:
            self._due = time.monotonic() + self._pause
        halt = self._from_sweep() if due else None
        if halt is None and (due or len(rungs) > self._compared):
            self._compared = max(self._compared, len(rungs))
            halt = self._early()
        if halt is not None:
            self.halted = halt
            self.ask_to_stop(halt)
        self._pace.looked(grown=grown, took=time.thread_time() - began)
        return halt

    @property
    def pause(self) -> float:
        """Seconds until the next look is worth it."""
        return self._pace.seconds

    def ask_to_stop(self, halt: Halt) -> None:
        """Leaves the reason with the run, unless that has ended: it stops by itself, and its page shows why."""
        recorded = self.run_state()
        if not self.run.path.is_dir() or (recorded is not None and recorded.state != "running"):
            return
        with suppress(StoreError):
            request_stop(self.run, by=halt.reason)

    def run_state(self) -> RunState | None:
        """What the run's own process recorded; None without a run."""
        try:
            return load_state(self.run.state_json)
        except StoreError:
            return None

    def judged(self, ended: Ended) -> Ended:
        """The end as it counts: what goes wrong with a trial that others took meanwhile is not the trial's failure."""
        if ended.code == 0 or ended.halt is not None:
            return ended
        halt = self._from_sweep()
        return replace(ended, halt=halt) if halt is not None and halt.kind == "superseded" else ended

    def outcome(self, ended: Ended, agent: str) -> Outcome | None:
        """How the trial ended; None where it goes back to the queue."""
        recorded = self.run_state()
        halt = ended.halt
        own = None if self._is_old(recorded) else recorded
        if halt is not None and halt.kind in ("returned", "superseded"):
            if halt.kind == "returned" and recorded is not None and recorded.state != "finished":
                self._settle(preempting=True)  # No fault of the trial: it may be tried as often as before.
            return None
        if halt is None and ended.code != 0 and own is not None and own.preempting:
            return None
        value = self._tail.final()
        state, reason = self._state(ended, own)
        if halt is not None and recorded is not None and recorded.state == "running":
            self._settle()
        if state == "finished":
            self._tell_of_missing(recorded, value)
        return Outcome(
            n=self.claim.n,
            run=self.claim.run,
            agent=agent,
            state=state,
            attempt=self.claim.attempt,
            value=value,
            count=self._tail.count,
            rungs=self._rule.reached(self._tail.values) if self._rule is not None else (),
            exit=0 if state == "finished" else ended.code,
            reason=reason,
            runtime=round(time.monotonic() - self._began, 3),
            time=utc_now(),
        )

    def _is_old(self, recorded: RunState | None) -> bool:
        """Whether this is how an earlier attempt of the run ended: this one recorded nothing."""
        return recorded is not None and recorded == self._before and recorded.state != "running"

    def _state(self, ended: Ended, recorded: RunState | None) -> tuple[TrialState, str]:
        """What the agent did to it counts, unless the run ended well before that reached it; then what the run says of
        itself. A verdict on a run that was `finished` by then remains as a mere record."""
        said = recorded.state if recorded is not None and recorded.state != "running" else None
        halt = ended.halt
        if halt is not None and said == "finished" and (ended.code == 0 or halt.kind == "stopped"):
            return "finished", ""
        if halt is not None:
            return ("stopped" if halt.kind == "stopped" else "killed"), halt.reason
        if said is not None and ended.code == 0:
            return said, ended.reason
        if said == "killed":
            return "killed", ended.reason or _of_code(ended.code)
        return ("finished", "") if ended.code == 0 else ("failed", ended.reason or _of_code(ended.code))

    def _settle(self, *, preempting: bool = False) -> None:
        """Notes the end of a run whose process was killed, and is gone by now."""
        ended = RunState("killed", 128 + signal.SIGTERM, utc_now(), preempting)
        with suppress(OSError):
            write_atomically(self.run.state_json, dump_state(ended))
            self.run.stop_request.unlink(missing_ok=True)

    def _tell_of_missing(self, recorded: RunState | None, value: float | None) -> None:
        """A line for a trial that ended well and brought nothing for the search."""
        if recorded is None and not self.run.path.is_dir():
            self._say(
                f"warning: trial {self.claim.n} recorded no run {self.claim.run}; call runstore.init() in the program"
            )
        elif self._metric and value is None:
            odd = self._tail.summary().get(self._metric)
            text = missing_metric(self.claim.n, self._metric, self._tail.names())
            self._say(f"warning: {text if odd is None else no_number(self.claim.n, self._metric, odd)}")
        elif value is not None and not math.isfinite(value):
            self._say(
                f"warning: trial {self.claim.n} logged {self._metric} as {value} each time; it counts as failed for "
                "the search"
            )

    def _from_sweep(self) -> Halt | None:
        """What others decided meanwhile. Trouble with the disk costs nothing but the look."""
        if self._gone:
            return None
        if not self._place.sweep.path.is_dir():
            self._gone = True
            self._say(f"warning: {self._place.sweep.path}: the sweep was deleted; the trial may finish")
            return None
        try:
            self._controller.look()
            if self._controller.state.cancelled:
                return Halt("killed", "runstore sweep cancel")
            if self._controller.superseded(self.claim):
                return Halt("superseded", "another agent took the trial: this one was silent for too long")
        except (OSError, RunstoreError) as error:
            self._say(f"warning: {error}")
        return None

    def _early(self) -> Halt | None:
        """Early termination's word on the trial; a verdict that is already there counts too."""
        if self._rule is None or not self._tail.count or self._gone:
            return None
        stop = self._rule.judge(self._tail.values, self._rungs(), self._judged)
        self._judged = self._tail.count
        if stop is None:
            return None
        verdict = self._verdict(stop)
        try:
            self._controller.stop_trial(verdict)
        except (OSError, RunstoreError) as error:
            self._say(f"warning: trial {self.claim.n} is stopped early, but the verdict cannot be written: {error}")
        return Halt("stopped", said(verdict, maximize=self._sign < 0))

    def _rungs(self) -> Sequence[tuple[float, ...]]:
        """The rungs of all trials, this one's own as they are now."""
        own = self._rule.reached(self._tail.values) if self._rule is not None else ()
        return [*self._controller.rungs(but=self.claim.n), own]

    def _verdict(self, stop: Stop) -> Verdict:
        return Verdict(
            n=self.claim.n,
            run=self.claim.run,
            rule=self._rule.name if self._rule is not None else "",
            band=stop.band,
            value=self._sign * stop.value,
            threshold=self._sign * stop.threshold,
            attempt=self.claim.attempt,
            count=self._tail.count,
            agent=self.claim.agent,
            time=utc_now(),
        )


def said(verdict: Verdict, *, maximize: bool) -> str:
    """A verdict in a few words: `hyperband at band 9: 0.52 > 0.41`."""
    sign = "<" if maximize else ">"
    return f"{verdict.rule} at band {verdict.band}: {verdict.value:.5g} {sign} {verdict.threshold:.5g}"


def no_number(number: int, metric: str, logged: Any) -> str:
    """The line for a trial that logged the metric as something that cannot be compared."""
    return (
        f"trial {number} logged {metric} as {describe(logged)}, which is no number; log one, such as "
        f"run.log({{{metric!r}: 0.5}})"
    )


def missing_metric(number: int, metric: str, logged: Sequence[str]) -> str:
    """The line for a trial that never logged the metric."""
    if not logged:
        return f"trial {number} logged no {metric}, nor any other number; log it with run.log({{{metric!r}: …}})"
    close = difflib.get_close_matches(metric, logged, 1, 0.5)
    close = close or [name for name in logged if metric in name or name in metric][:1]
    shown = ", ".join(logged[:_SHOWN_NAMES]) + (", …" if len(logged) > _SHOWN_NAMES else "")
    hint = f" Did you mean {close[0]}?" if close else ""
    return (
        f"trial {number} logged no {metric}; it logged {shown}.{hint} Log {metric}, or create the sweep anew with "
        "another metric.name: this one keeps the configuration that it began with"
    )


def make_watch(controller: Controller, heart: Heart, place: Place, claim: Claim, say: Callable[[str], None]) -> Watch:
    """A watch with the sweep's own rule of early termination."""
    return Watch(controller, heart, place, claim, say, make_rule(controller.config))


def _before_retry(controller: Controller, run: RunLayout, claim: Claim) -> frozenset[str]:
    """The histories that the run had when it was asked for again; none where nobody asked."""
    trial = controller.state.of(claim.run)
    if not claim.retry or trial is None:
        return frozenset()
    if trial.first >= claim.attempt:
        return histories(run)
    try:  # An attempt since then was given up: what it logged counts. One disk gives both times.
        return histories(run, os.stat(controller.layout.claim(claim.n, trial.first)).st_mtime_ns)
    except OSError:
        return frozenset()


class Pace:
    """How long to wait between two looks at a trial: shortly at first, then about as often as its metric grows."""

    def __init__(self, longest: float, now: Callable[[], float] = time.monotonic) -> None:
        """`longest`: seconds that a pause lasts at most, as far as the looks themselves are quick."""
        self.seconds = min(_SHORTEST_PAUSE, longest)
        self._longest = longest
        self._now = now
        self._grown = now()

    def looked(self, *, grown: bool, took: float) -> None:
        """Notes a look: whether the metric had grown, and how many seconds of CPU time it took."""
        if grown:
            now = self._now()
            wanted = max((now - self._grown) / 4, _SHORTEST_PAUSE)
            self._grown = now
        else:
            wanted = 1.3 * self.seconds
        self.seconds = max(min(wanted, self._longest), _PAUSE_TO_LOOK * took)


class Beside:
    """Looks after a trial from a thread of its own, while its function has this one."""

    def __init__(self, watch: Watch, end: Callable[[Halt], None]) -> None:
        """`end` is called, once and from that thread, when the trial is to end."""
        self._watch = watch
        self._end = end
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="runstore-agent-watch", daemon=True)

    def __enter__(self) -> "Beside":
        self._thread.start()
        return self

    def __exit__(self, *_ended: Any) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(self._watch.pause):
            if (halt := self._watch.look()) is not None:
                self._end(halt)
                return


def _of_code(code: int) -> str:
    """An exit code in words."""
    if code >= 0:
        return f"exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"{name} (out of memory?)" if -code == signal.SIGKILL else name
