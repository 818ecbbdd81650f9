"""The state of a sweep: what its records add up to, in whatever order they come."""

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from runstore.format.sweep_layout import SHARD
from runstore.format.sweep_records import Claim, Control, Outcome, Verdict
from runstore.reading.sweeps.trials import Trial, unknown_outcome

_STEERING: Final = ("pause", "resume", "stop", "cancel")


@dataclass(frozen=True, slots=True)
class Retry:
    """Somebody asked for a trial again: the control's number, and the trial."""

    control: int
    trial: Trial


class SweepState:
    """A pure fold over a sweep's records: `apply` takes one after the other, each of them once or more.

    `pending` are the trials without an outcome, by run. `controls` stand in order of their numbers. `seen` counts the
    outcomes that count.
    """

    def __init__(self, goal: str = "minimize", run_cap: int | None = None) -> None:
        """`goal` (minimize, maximize) says which value is the best; `run_cap` is the configuration's."""
        self.trials: list[Trial] = []
        self.pending: dict[str, Trial] = {}
        self.controls: list[Control] = []
        self.next_number = 0
        self.seen = 0
        self.sealed: set[int] = set()
        self._maximize = goal == "maximize"
        self._configured_cap = run_cap
        self._by_run: dict[str, Trial] = {}
        self._at_work: dict[str, dict[str, Trial]] = {}
        self._agents: dict[str, str] = {}
        self._waiting: dict[str, list[Outcome | Verdict]] = {}
        self._unclaimed: dict[int, Control] = {}
        self._added: dict[int, list[Trial]] = {}
        self._retries: dict[tuple[int, int], Control] = {}
        self._best: Trial | None = None
        self._best_key: tuple[float, int, str] = (0.0, 0, "")
        self._asked = ""

    # Steering

    @property
    def paused(self) -> bool:
        """No new trial starts, until somebody resumes the sweep."""
        return self._asked == "pause"

    @property
    def stopped(self) -> bool:
        """No new trial starts; what runs goes on."""
        return self._asked in ("stop", "cancel")

    @property
    def cancelled(self) -> bool:
        """No new trial starts, and what runs is ended."""
        return self._asked == "cancel"

    @property
    def run_cap(self) -> int | None:
        """The most trials there are to be, as it was said last; None: no limit."""
        caps = [each.data["run_cap"] for each in self.controls if each.what == "extend" and _is_cap(each.data)]
        return caps[-1] if caps else self._configured_cap

    @property
    def ranges(self) -> dict[str, dict[str, float]]:
        """The ranges that were widened: {"lr": {"min": 1e-6, "max": 0.1}}, as they were said last."""
        found: dict[str, dict[str, float]] = {}
        for control in self.controls:
            ranges = control.data.get("ranges") if control.what == "extend" else None
            for name, ends in ranges.items() if isinstance(ranges, Mapping) else ():
                if isinstance(ends, Mapping):
                    found.setdefault(str(name), {}).update(ends)
        return found

    @property
    def queued(self) -> list[Control]:
        """Points that somebody added and that nobody took yet, in order; `data["params"]` has them nested. Nobody can
        add to a sealed shard: a trial of one that somebody asked for again is such a point."""
        again = [
            replace(self._retries[each.control, each.trial.number], what="add", data={"params": each.trial.params})
            for each in self.wanted
            if each.trial.number // SHARD in self.sealed
        ]
        return sorted([*self._unclaimed.values(), *again], key=lambda each: each.n)

    @property
    def retries(self) -> list[Retry]:
        """Trials that somebody asked for again, and that nobody took again, in order. They are over, and their shard is
        not sealed."""
        return [each for each in self.wanted if each.trial.number // SHARD not in self.sealed]

    @property
    def wanted(self) -> list[Retry]:
        """Trials that somebody asked for again, and that nobody took again, in order, of whatever shard."""
        found = []
        for control, number in sorted(self._retries):
            instead = [trial.params for trial in self._added.get(control, ())]
            for trial in self.at(number):
                if trial.is_over and trial.claim.retry < control and trial.params not in instead:
                    found.append(Retry(control, trial))
        return found

    @property
    def prior(self) -> list[Mapping[str, Any]]:
        """Runs from before the sweep: `run`, `project`, `params`, `value` and `state` of each."""
        given = [each.data.get("runs") for each in self.controls if each.what == "prior"]
        return [run for runs in given if isinstance(runs, list) for run in runs if isinstance(run, Mapping)]

    # Trials

    @property
    def best(self) -> Trial | None:
        """The trial with the best value, of those that finished or were stopped early; the first of equals."""
        return self._best

    @property
    def verdicts(self) -> list[Verdict]:
        """Why trials were stopped early, in order of the trials."""
        return [verdict for trial in self.trials if (verdict := trial.verdict) is not None]

    @property
    def counts(self) -> dict[str, int]:
        """How many trials there are in each state: finished, failed, crashed, killed, stopped, running."""
        found: dict[str, int] = {}
        for trial in self.trials:
            found[trial.state] = found.get(trial.state, 0) + 1
        return found

    def of(self, run: str) -> Trial | None:
        """The trial of a run."""
        return self._by_run.get(run)

    def of_agent(self, agent: str) -> list[Trial]:
        """The trials without an outcome whose last attempt is this agent's."""
        return list(self._at_work.get(agent, {}).values())

    def at(self, number: int) -> list[Trial]:
        """The trials with a number: one, or after a merge two; none for one that nobody claimed."""
        place = bisect_left(self.trials, number, key=_number)
        found = []
        while place < len(self.trials) and self.trials[place].number == number:
            found.append(self.trials[place])
            place += 1
        return found

    def is_complete(self, shard: int) -> bool:
        """Whether all trials of a shard are over, and nobody wants one of them again."""
        first = shard * SHARD
        if self.next_number < first + SHARD or shard in self.sealed:
            return False
        wanted = [trial.number for trial in self.pending.values()] + [retry.trial.number for retry in self.retries]
        return not any(first <= number < first + SHARD for number in wanted)

    # The fold

    def apply(self, record: Claim | Outcome | Verdict | Control, *, late: bool = False) -> None:
        """Takes a record; one that is known changes nothing. `late`: the outcome of an attempt that came too late."""
        if isinstance(record, Claim):
            self._apply_claim(record)
        elif isinstance(record, Control):
            self._apply_control(record)
        elif (trial := self._by_run.get(record.run)) is None:
            self._waiting.setdefault(record.run, []).append(record)
        elif isinstance(record, Verdict):
            trial.add_verdict(record)
        elif trial.add_outcome(record, late=late):
            self._settle(trial)

    def add_sealed(self, shard: int, trials: Iterable[Trial]) -> None:
        """Takes a sealed shard: whatever it does not say of its trials never happened."""
        self.sealed.add(shard)
        self.next_number = max(self.next_number, (shard + 1) * SHARD)
        for trial in trials:
            known = self._by_run.get(trial.run)
            if known is None:
                self._insert(trial)
                self._compare(trial)
            else:
                for claim in trial.claims:
                    self.apply(claim)
                outcome = trial.outcome
                for each in trial.earlier:
                    self.apply(each, late=each.first == trial.first)
                if outcome is not None:
                    self.apply(outcome)
                for verdict in trial.verdicts:
                    self.apply(verdict)
        for trial in [each for each in self.pending.values() if each.number // SHARD == shard]:
            self.apply(unknown_outcome(trial, "its shard was sealed on another branch"))

    def skip(self, number: int) -> None:
        """Takes the number of a claim that cannot be read: nobody else can have it."""
        self.next_number = max(self.next_number, number + 1)

    def _apply_claim(self, claim: Claim) -> None:
        trial = self._by_run.get(claim.run)
        if trial is None:
            trial = Trial(claim.n, claim.run)
            trial.add_claim(claim)
            self._insert(trial)
        elif not trial.add_claim(claim):
            return
        if claim.added:
            self._take_added(trial)
        if claim.retry:
            self._retries = {key: each for key, each in self._retries.items() if not _is_met(key, trial)}
        for waiting in self._waiting.pop(claim.run, ()):
            self.apply(waiting)
        self._settle(trial)

    def _insert(self, trial: Trial) -> None:
        if not self.trials or self.trials[-1].number < trial.number:
            self.trials.append(trial)
        else:
            insort(self.trials, trial, key=lambda each: (each.number, each.run))
        self._by_run[trial.run] = trial
        self.next_number = max(self.next_number, trial.number + 1)
        if trial.is_sealed:
            self.seen += 1
            if trial.added:
                self._take_added(trial)
        else:
            self.pending[trial.run] = trial

    def _take_added(self, trial: Trial) -> None:
        """Somebody took the point that a control asked for."""
        taken = self._added.setdefault(trial.added, [])
        if trial not in taken:
            taken.append(trial)
        self._unclaimed.pop(trial.added, None)

    def _settle(self, trial: Trial) -> None:
        """After something was added to a trial: whether it runs, and which one is the best."""
        over, pending = trial.is_over, trial.run in self.pending
        if over and pending:
            del self.pending[trial.run]
            self.seen += 1
        elif not over and not pending:
            self.pending[trial.run] = trial
            self.seen -= 1
        self._assign(trial, "" if over else trial.claim.agent)
        if trial is self._best:
            self._best = None
            for each in self.trials:
                self._compare(each)
        elif over:
            self._compare(trial)

    def _assign(self, trial: Trial, agent: str) -> None:
        """Notes who works at a trial; nobody: ""."""
        before = self._agents.get(trial.run, "")
        if before == agent:
            return
        if before:
            del self._at_work[before][trial.run]
        if agent:
            self._agents[trial.run] = agent
            self._at_work.setdefault(agent, {})[trial.run] = trial
        else:
            del self._agents[trial.run]

    def _compare(self, trial: Trial) -> None:
        value = trial.comparable
        if value is None:
            return
        key = (-value if self._maximize else value, trial.number, trial.run)
        if self._best is None or key < self._best_key:
            self._best, self._best_key = trial, key

    def _apply_control(self, control: Control) -> None:
        if any(control == known for known in self.controls):
            return
        insort(self.controls, control, key=lambda each: (each.n, each.time, each.what))
        steering = [each.what for each in self.controls if each.what in _STEERING]
        self._asked = steering[-1] if steering else ""
        if control.what == "add" and isinstance(control.data.get("params"), Mapping):
            if control.n not in self._added:
                self._unclaimed[control.n] = control
        elif control.what == "retry":
            for number in control.data.get("trials") or ():
                if isinstance(number, int):
                    self._retries[(control.n, number)] = control


def _number(trial: Trial) -> int:
    return trial.number


def _is_met(key: tuple[int, int], trial: Trial) -> bool:
    control, number = key
    return number == trial.number and trial.claim.retry >= control


def _is_cap(data: Mapping[str, Any]) -> bool:
    cap = data.get("run_cap")
    return isinstance(cap, int) and not isinstance(cap, bool) and cap > 0
