"""One trial of a sweep: all that its records say of it. Sealed trials are taken apart only when somebody asks."""

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

from runstore.format.sweep_records import (
    BadRecordError,
    Claim,
    Outcome,
    SealedHead,
    TrialState,
    Values,
    Verdict,
    dump_sealed,
    load_sealed,
    made,
    number_of,
    values_of,
)

FinalOrRunning = TrialState | Literal["running"]
COMPARABLE: Final = ("finished", "stopped")
"""The states of trials whose values say how good their parameters are."""
_SHARED: Final = ("n", "run", "params")


class Trial:
    """A trial: `number` (from 0), `run` (the id of its run), its claims, and what came out. `version` grows with each
    record of it.

    After two branches were merged two trials may have one number: the run tells them apart.
    """

    __slots__ = ("_claims", "_head", "_late", "_line", "_outcomes", "_values", "_verdicts", "number", "run", "version")

    def __init__(self, number: int, run: str) -> None:
        self.number = number
        self.run = run
        self.version = 0
        self._head: SealedHead | None = None
        self._line = b""
        self._values: Values | None = None
        self._claims: list[Claim] = []
        self._outcomes: dict[int, Outcome] = {}
        self._late: list[Outcome] = []
        self._verdicts: dict[int, Verdict] = {}

    @classmethod
    def sealed(cls, line: bytes, head: SealedHead) -> "Trial":
        """The trial of a line that `sealed_line` made, and what `load_sealed_head` says of it."""
        trial = cls.__new__(cls)
        trial.number = head.n
        trial.run = head.run
        trial.version = 0
        trial._head = head
        trial._line = line
        trial._values = None
        return trial

    def __repr__(self) -> str:
        return f"Trial({self.number}, {self.run!r}, {self.state})"

    @property
    def is_sealed(self) -> bool:
        """Whether it was read from a sealed shard, and nothing was added to it since."""
        return self._head is not None

    @property
    def claims(self) -> list[Claim]:
        """Its claims, in order of attempt."""
        self._take_apart()
        return self._claims

    @property
    def claim(self) -> Claim:
        """The last claim."""
        return self.claims[-1]

    @property
    def attempt(self) -> int:
        return self.claim.attempt

    @property
    def params(self) -> Mapping[str, Any]:
        """Its parameters, nested as the run's config has them."""
        if self._head is not None:
            params: Mapping[str, Any] = self._parsed()["params"]
            return params
        return self._claims[-1].params

    @property
    def position(self) -> int | None:
        """Its place in the order of a grid."""
        return self._claims[-1].position if self._head is None else self._parsed()["claims"][-1].get("position")

    @property
    def first(self) -> int:
        """The attempt that counts as its first: 1, or the one after somebody asked for the trial again."""
        self._take_apart()
        retry = self._claims[-1].retry
        return 1 if not retry else min(claim.attempt for claim in self._claims if claim.retry == retry)

    @property
    def outcome(self) -> Outcome | None:
        """The outcome that counts; None while there is none."""
        self._take_apart()
        return self._outcomes.get(self.first) if self._outcomes else None

    @property
    def earlier(self) -> list[Outcome]:
        """Outcomes from before somebody asked for the trial again, and those that came too late; they don't count."""
        self._take_apart()
        first = self.first
        return [outcome for number, outcome in sorted(self._outcomes.items()) if number != first] + self._late

    @property
    def verdict(self) -> Verdict | None:
        """Why it was stopped early; None where it was not, or where that was before somebody asked for it again."""
        self._take_apart()
        latest = max(self._verdicts, default=0)
        return self._verdicts[latest] if latest and latest >= self.first else None

    @property
    def verdicts(self) -> list[Verdict]:
        """Why its attempts were stopped early, in order, also those that count no more."""
        self._take_apart()
        return [self._verdicts[attempt] for attempt in sorted(self._verdicts)]

    @property
    def state(self) -> FinalOrRunning:
        """How it ended, or `running`: somebody claimed it, and no outcome is there."""
        if self._head is not None:
            return self._head.state
        outcome = self.outcome
        return "running" if outcome is None else outcome.state

    @property
    def value(self) -> float | None:
        """The metric as it was logged, at its best; None without one."""
        if self._head is not None:
            return self._head.value
        outcome = self.outcome
        return None if outcome is None else outcome.value

    @property
    def rungs(self) -> tuple[float, ...]:
        """The metric at the bands of early termination that it reached, lower is better."""
        if self._head is not None:
            outcomes = self._parsed().get("outcomes")
            return tuple(map(number_of, outcomes[-1].get("rungs", ()))) if outcomes else ()
        outcome = self.outcome
        return () if outcome is None else outcome.rungs

    @property
    def is_over(self) -> bool:
        return self._head is not None or self.outcome is not None

    @property
    def comparable(self) -> float | None:
        """The value that may be the sweep's best: of a trial that finished or was stopped early, a finite number."""
        if self._head is not None:
            _, _, state, value, _ = self._head
        elif (outcome := self.outcome) is not None:
            state, value = outcome.state, outcome.value
        else:
            return None
        return value if value is not None and state in COMPARABLE and math.isfinite(value) else None

    @property
    def added(self) -> int:
        """The number of the control that asked for this very point; 0 for a point of the search."""
        return self._claims[0].added if self._head is None else self._head.added

    def add_claim(self, claim: Claim) -> bool:
        """Takes a claim; False for one that is known."""
        self._take_apart()
        if any(known.attempt == claim.attempt for known in self._claims):
            return False
        self.version += 1
        self._claims.append(claim)
        self._claims.sort(key=lambda each: each.attempt)
        return True

    def add_outcome(self, outcome: Outcome, *, late: bool = False) -> bool:
        """Takes an outcome; False for one that is known."""
        self._take_apart()
        if outcome in self._outcomes.values() or outcome in self._late:
            return False
        self.version += 1
        if late or outcome.first in self._outcomes:
            self._late.append(outcome)
        else:
            self._outcomes[outcome.first] = outcome
        return True

    def add_verdict(self, verdict: Verdict) -> bool:
        """Takes a verdict; False for one that is known."""
        self._take_apart()
        return self._verdicts.setdefault(verdict.attempt, verdict) is verdict

    def sealed_line(self) -> bytes:
        """All that is known of it as one line of a sealed shard."""
        self._take_apart()
        claim = self.claim
        outcomes = [self._outcomes[first] for first in sorted(self._outcomes)]
        parts: dict[str, Iterable[Claim | Outcome | Verdict]] = {
            "claims": self._claims,
            "outcomes": outcomes,
            "late": self._late,
            "verdicts": self._verdicts.values(),
        }
        lists = {name: [_without_shared(values_of(each)) for each in found] for name, found in parts.items()}
        head = SealedHead(self.number, self.run, _or_crashed(self.state), self.value, self.added)
        params = values_of(claim)["params"]
        return dump_sealed(head, {"params": params, **{name: found for name, found in lists.items() if found}})

    def _take_apart(self) -> None:
        if self._head is None:
            return
        values = self._parsed()
        self._head, self._values, self._line = None, None, b""
        shared = {"n": self.number, "run": self.run, "params": values["params"]}
        self._claims = [made({**shared, **each}, Claim) for each in values["claims"]]
        outcomes = [made({**shared, **each}, Outcome) for each in values.get("outcomes", ())]
        self._outcomes = {outcome.first: outcome for outcome in outcomes}
        self._late = [made({**shared, **each}, Outcome) for each in values.get("late", ())]
        verdicts = [made({**shared, **each}, Verdict) for each in values.get("verdicts", ())]
        self._verdicts = {verdict.attempt: verdict for verdict in verdicts}
        if not self._outcomes:
            self._outcomes[self.first] = unknown_outcome(self, "its shard was sealed without an outcome")

    def _parsed(self) -> Values:
        """The line of a sealed trial. One whose checksum held, and that is none all the same, was made by hand."""
        if self._values is None:
            try:
                self._values = load_sealed(self._line)
            except BadRecordError:
                self._values = {"params": {}, "claims": [{"agent": ""}]}
            self._line = b""
        return self._values


def unknown_outcome(trial: Trial, reason: str) -> Outcome:
    """What stands for an outcome that cannot be read: the trial is over, and nothing came out."""
    return Outcome(
        n=trial.number,
        run=trial.run,
        agent="",
        state="crashed",
        attempt=trial.claims[-1].attempt,
        first=trial.first,
        reason=reason,
    )


def _or_crashed(state: FinalOrRunning) -> TrialState:
    return "crashed" if state == "running" else state


def _without_shared(values: Values) -> Values:
    return {name: value for name, value in values.items() if name not in _SHARED}
