"""An agent from what a person asks for: of a sweep's program, or of a function."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from runstore.errors import BadTypeError, BadValueError, UsageError
from runstore.recording import terminal
from sweeps.agent.loop import Agent, Tally
from sweeps.agent.places import Place
from sweeps.agent.streak import streak, variable
from sweeps.agent.tiers import Tiers
from sweeps.agent.working import CommandWork, FunctionWork, Work
from sweeps.controller import Controller


@dataclass(frozen=True, slots=True)
class Terms:
    """How an agent is to work; see `runstore agent --help`."""

    count: int | None = None
    forward_signals: bool = False
    term_timeout: float | None = None
    max_consecutive_failed_runs: int | None = None
    number: int | None = None
    """Which of several agents that write to one terminal this is; its lines say so."""


def run_agent(place: Place, terms: Terms, function: Callable[[], Any] | None = None) -> Tally:
    """Runs an agent of the sweep until it ends. Raises `SweepError` and `UsageError`."""
    if function is not None and not callable(function):
        raise BadTypeError(f"function is {function!r}, expected something that can be called without arguments")
    if terms.count is not None and (isinstance(terms.count, bool) or not isinstance(terms.count, int)):
        raise BadTypeError(f"count is {terms.count!r}, expected a whole number or None")
    if terms.count is not None and terms.count < 0:
        raise BadValueError(f"count is {terms.count}, expected at least 1, or None for no limit")
    failures = streak(terms.max_consecutive_failed_runs)
    controller = Controller.open(place.sweep)
    say = terminal.say if terms.number is None else _numbered(terms.number)
    tiers = Tiers(say, forward=terms.forward_signals)
    config = controller.config
    work: Work
    if function is not None:
        work = FunctionWork(function, place, tiers)
    else:
        work = CommandWork(config, place, tiers, _patience(terms, config.term_timeout), say)
    failures.began = time.monotonic()
    # W&B's scripts pass 0 for no limit.
    return Agent(place, controller, work, tiers, failures, count=terms.count or None, say=say).run()


def _numbered(number: int) -> Callable[[str], None]:
    return lambda line: terminal.say(f"agent {number}: {line}")


def _patience(terms: Terms, configured: float) -> float:
    """Seconds from SIGTERM to SIGKILL: as the call says, the environment, the sweep. Raises `UsageError`."""
    if terms.term_timeout is not None:
        if isinstance(terms.term_timeout, bool) or not isinstance(terms.term_timeout, int | float):
            raise BadTypeError(f"term_timeout is {terms.term_timeout!r}, expected seconds, or None")
        if not 0 <= terms.term_timeout < math.inf:
            raise BadValueError(f"term_timeout is {terms.term_timeout}, expected seconds from 0 on")
        return float(terms.term_timeout)
    asked = variable("AGENT_KILL_DELAY")
    if not asked:
        return configured
    try:
        return max(0.0, float(asked))
    except ValueError:
        raise UsageError(f"RUNSTORE_AGENT_KILL_DELAY is {asked!r}, expected seconds") from None
