"""An agent: takes one trial after another, runs each, and publishes how it ended."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from runstore.errors import RunstoreError
from runstore.format.sweep_records import Claim, Outcome
from runstore.recording import terminal
from sweeps.agent.heart import Heart
from sweeps.agent.identity import agent_name, this_process
from sweeps.agent.places import Place
from sweeps.agent.streak import Streak
from sweeps.agent.tiers import KILL, Tiers
from sweeps.agent.watching import Ended, Watch, make_watch
from sweeps.agent.working import Work
from sweeps.controller import Controller, Over, Wait
from sweeps.errors import SweepError

_FIRST_WAIT: Final = 0.05
_LONGEST_WAIT: Final = 2.0
_WAIT_PER_TRIAL: Final = 0.1
"""Who waits reads a heartbeat for each trial that runs: so many seconds for each."""
_FIRST_AGAIN: Final = 1.0
_LONGEST_AGAIN: Final = 30.0
_SLICE: Final = 0.25
_MOST_SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class Tally:
    """What an agent did. `gave_up` says why it ended early, "" when it did not."""

    done: int
    failed: int
    gave_up: str = ""


class Agent:
    """One agent of one sweep."""

    def __init__(
        self,
        place: Place,
        controller: Controller,
        work: Work,
        tiers: Tiers,
        streak: Streak,
        *,
        count: int | None = None,
        say: Callable[[str], None] = terminal.say,
    ) -> None:
        """`count`: so many trials are run to their end, None for as many as there are."""
        self._place = place
        self._controller = controller
        self._work = work
        self._tiers = tiers
        self._streak = streak
        self._count = count
        self._say = say
        self._name = agent_name()
        self._process = this_process()
        self._heart = Heart(place.sweep, self._name, self._process, controller.config.heartbeat, say)
        self._waited = ""

    def run(self) -> Tally:
        """Works until the sweep is over, or the agent is to end. Raises `SweepError` where it cannot even begin."""
        self._work.check()
        try:
            self._heart.start()
        except OSError as error:
            raise self._explained(error) from None
        gave_up = ""
        try:
            with self._tiers.installed():
                self._say(f"agent {self._name} of sweep {self._place.project.name}/{self._place.sweep.id}")
                while not gave_up and not self._tiers.over and not self._is_enough():
                    claim = self._next()
                    if claim is None:
                        break
                    if self._tiers.level or self._tiers.leaving:  # A signal came while it was taken.
                        self._say(f"trial {claim.n} is given back before it began")
                        break
                    gave_up = self._one(claim)
        finally:
            self._heart.bye()
        if gave_up:
            self._say(f"the agent gives up: {gave_up}")
        return Tally(self._streak.done, self._streak.failed, gave_up)

    def _is_enough(self) -> bool:
        return self._count is not None and self._streak.done >= self._count

    def _next(self) -> Claim | None:
        """The next trial; waits for one. None: there is none any more, or the agent is to end."""
        pause = _FIRST_WAIT
        while not self._tiers.over:
            if self._controller.config.method == "bayes":
                self._heart.waits(now=True)  # Who fits the model sees for how many agents.
            try:
                with self._heart.held():
                    found = self._controller.next(self._name, self._heart.number, self._process)
                    if isinstance(found, Claim):
                        self._heart.trains(found)
                        self._waited = ""
                        return self._ordered(found)
            except OSError as error:
                raise self._explained(error) from None
            if isinstance(found, Over):
                self._say(f"sweep {self._place.sweep.id}: {found.reason}; the agent ends")
                return None
            self._wait(found, pause)
            pause = min(1.5 * pause, max(_LONGEST_WAIT, _WAIT_PER_TRIAL * len(self._controller.state.pending)))
        return None

    def _ordered(self, claim: Claim) -> Claim:
        """The claim with its parameters in the configuration's order, which records don't keep."""
        space = self._controller.space
        return replace(claim, params=space.nest(space.flatten(claim.params)))

    def _wait(self, found: Wait, pause: float) -> None:
        if found.reason != self._waited:
            self._waited = found.reason
            self._say(f"waiting: {found.reason}")
        self._heart.waits(soon=True)
        self._sleep(pause)

    def _one(self, claim: Claim) -> str:
        """Runs a trial; why the agent is to give up, "" while it is not."""
        again = f", attempt {claim.attempt}" if claim.attempt > 1 else ""
        self._say(f"trial {claim.n}{again} (run {claim.run}): {shown(self._controller.space.flatten(claim.params))}")
        watch = make_watch(self._controller, self._heart, self._place, claim, self._say)
        try:
            ended = self._work.run(claim, watch)
        except SweepError as error:  # It could not be started; the line about its end says why.
            ended = Ended(127, reason=str(error))
        except OSError as error:
            ended = Ended(127, reason=str(self._explained(error)))
        ended = watch.judged(ended)
        outcome = watch.outcome(ended, self._name)
        if outcome is None:
            self._give_back(claim, ended)
            return ""
        self._publish(outcome)
        failed = outcome.state == "failed"
        gave_up = self._streak.count(failed)
        self._heart.counts(self._streak.done, self._streak.failed)
        self._tell(watch, outcome)
        return gave_up

    def _give_back(self, claim: Claim, ended: Ended) -> None:
        """From here on the heartbeat names no trial: others may take this one."""
        reason = ended.halt.reason if ended.halt is not None else "its machine is taken away"
        self._say(f"trial {claim.n} was not finished: {reason}")
        self._heart.waits(now=True)

    def _publish(self, outcome: Outcome) -> None:
        """Writes how a trial ended; where the disk refuses, again and again, until somebody has the agent end."""
        pause, told = _FIRST_AGAIN, False
        while True:
            try:
                if not self._controller.finish(outcome):
                    self._say(f"trial {outcome.n}: another attempt's outcome was there first, and counts")
                return
            except (OSError, RunstoreError) as error:
                if not self._place.sweep.path.is_dir():
                    raise SweepError(
                        f"{self._place.sweep.path}: the sweep was deleted; run {outcome.run} is in the store all the "
                        "same"
                    ) from None
                if self._tiers.level >= KILL or self._tiers.leaving:
                    raise SweepError(f"trial {outcome.n} ended, but that cannot be written: {error}") from None
                if not told:
                    self._say(f"warning: trial {outcome.n} ended, but that cannot be written: {error}; trying again")
                told = True
            self._sleep(pause)
            pause = min(2 * pause, _LONGEST_AGAIN)

    def _tell(self, watch: Watch, outcome: Outcome) -> None:
        metric = self._controller.config.metric
        value = f", {metric.name} {outcome.value:.5g}" if metric is not None and outcome.value is not None else ""
        reason = f" ({outcome.reason})" if outcome.reason else ""
        self._say(f"trial {watch.claim.n} {outcome.state}{reason}{value}")

    def _explained(self, error: OSError) -> SweepError:
        """Trouble with the sweep's files in one line."""
        if not self._place.sweep.path.is_dir():
            return SweepError(f"{self._place.sweep.path}: the sweep is not there any more; it was moved or deleted")
        reason = error.strerror or str(error)
        return SweepError(
            f"{error.filename or self._place.sweep.path}: cannot be written ({reason}); an agent needs to write in the "
            "sweep's directory"
        )

    def _sleep(self, seconds: float) -> None:
        """Sleeps, but not on when a signal says that the agent is to end."""
        until = time.monotonic() + seconds
        level = self._tiers.level
        while (left := until - time.monotonic()) > 0 and self._tiers.level == level and not self._tiers.leaving:
            time.sleep(min(left, _SLICE))


def shown(params: Mapping[str, Any]) -> str:
    """Parameters in a line: `lr=0.1 net.depth=3`."""
    text = " ".join(
        f"{name}={value:.5g}" if isinstance(value, float) else f"{name}={value}" for name, value in params.items()
    )
    return text if len(text) <= _MOST_SHOWN else text[: _MOST_SHOWN - 1] + "…"
