"""When an agent gives up: too many trials failed, which more of them would hardly mend."""

import os
import time
from dataclasses import dataclass, field
from typing import Final

from runstore.errors import BadTypeError, BadValueError, UsageError

FLAPPING_SECONDS: Final = 60.0
FLAPPING_FAILURES: Final = 3
MAX_INITIAL_FAILURES: Final = 5


@dataclass
class Streak:
    """Counts an agent's trials as W&B does, and says when it is enough.

    Three failures in the agent's first minute, unless a trial succeeded meanwhile; five or more while no more have
    succeeded than failed; `most` in a row. `disabled` leaves out the first two rules.
    """

    most: int | None = None
    initial: int = MAX_INITIAL_FAILURES
    disabled: bool = False
    began: float = field(default_factory=time.monotonic)
    done: int = 0
    failed: int = 0
    in_a_row: int = 0

    def count(self, failed: bool) -> str:
        """Counts one trial; why the agent is to give up, "" while it is not."""
        self.done += 1
        self.failed += failed
        self.in_a_row = self.in_a_row + 1 if failed else 0
        return self._why() if failed else ""

    def _why(self) -> str:
        if self.most is not None and self.in_a_row >= self.most:
            return f"{self.in_a_row} trials failed in a row (--max-consecutive-failed-runs)"
        if self.disabled:
            return ""
        succeeded = self.done - self.failed
        young = time.monotonic() - self.began < FLAPPING_SECONDS
        if young and self.failed >= FLAPPING_FAILURES and not succeeded:
            return (
                f"all of its first {self.failed} trials failed within a minute; mend the program, or set "
                "RUNSTORE_AGENT_DISABLE_FLAPPING=true to go on all the same"
            )
        if self.failed >= self.initial and self.failed >= succeeded:
            return (
                f"{self.failed} of its {self.done} trials failed; mend the program, or set "
                "RUNSTORE_AGENT_MAX_INITIAL_FAILURES to allow for more"
            )
        return ""


def streak(most: int | None) -> Streak:
    """A count that knows what the environment asks for. Raises `UsageError` for a value without meaning."""
    if most is not None:
        if isinstance(most, bool) or not isinstance(most, int):
            raise BadTypeError(f"max_consecutive_failed_runs is {most!r}, expected a whole number or None")
        if most < 1:
            raise BadValueError(f"max_consecutive_failed_runs is {most}, expected at least 1")
    asked = variable("AGENT_MAX_INITIAL_FAILURES") or str(MAX_INITIAL_FAILURES)
    if not asked.isdecimal() or int(asked) < 1:
        raise UsageError(f"RUNSTORE_AGENT_MAX_INITIAL_FAILURES is {asked!r}, expected a whole number from 1 on")
    disabled = variable("AGENT_DISABLE_FLAPPING").lower() in ("true", "1", "yes")
    return Streak(most, initial=int(asked), disabled=disabled)


def variable(name: str) -> str:
    """Runstore's variable of this name, else W&B's; "" without."""
    return os.environ.get(f"RUNSTORE_{name}") or os.environ.get(f"WANDB_{name}") or ""
