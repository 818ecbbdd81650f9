"""What `sweep status` shows of launched agents: the jobs as their engines see them."""

import time
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from runstore.cli.words import counted, printable
from runstore.format.sweep_layout import SweepLayout
from sweeps.launch.engine import Job
from sweeps.launch.ledger import Launch, Launched, launched

_AGAIN_SECONDS: Final = 15.0
_ORDER: Final = ("running", "waiting", "failed", "unknown", "ended")
_MOST_LINES: Final = 5


class Launches:
    """The launches of one sweep. Schedulers are asked every few seconds only, however often these are shown."""

    def __init__(self, sweep: SweepLayout) -> None:
        self._sweep = sweep
        self._asked = float("-inf")
        self._known: list[Launched] = []

    def look(self) -> list[Launched]:
        """The launches, the newest last."""
        if time.monotonic() - self._asked > _AGAIN_SECONDS:
            self._known = launched(self._sweep)
            self._asked = time.monotonic()
        return self._known


def lines(found: Sequence[Launched]) -> list[str]:
    """A line a launch, the newest ones."""
    shown = [_line(each) for each in found[-_MOST_LINES:]]
    older = len(found) - len(shown)
    return [*([f"… and {older} earlier"] if older else []), *shown]


def as_json(found: Sequence[Launched]) -> list[dict[str, Any]]:
    """The launches as `--json` prints them."""
    return [
        {
            "launch": each.launch.name,
            "engine": each.launch.engine,
            "agents": each.launch.agents,
            "created": each.launch.created,
            "jobs": [{"id": job.id, "state": job.state, "host": job.host, "detail": job.detail} for job in each.jobs],
            "trouble": each.trouble,
        }
        for each in found
    ]


def _line(found: Launched) -> str:
    given = found.launch
    if not given.agents:  # Nothing of it could be read.
        return printable(found.trouble)
    what = found.trouble or _states(found.jobs)
    return printable(f"{given.engine} {_where(given)}: {counted(given.agents, 'agent')}, {what}")


def _where(given: Launch) -> str:
    if given.engine == "slurm":
        return f"job {given.ids.get('job', '?')}"
    return str(given.ids.get("scheduler") or given.host)


def _states(jobs: Sequence[Job]) -> str:
    counts = Counter(job.state for job in jobs)
    words = [f"{counts[state]} {state}{_why(jobs, state)}" for state in _ORDER if counts[state]]
    return ", ".join(words) or "no jobs"


def _why(jobs: Sequence[Job], state: str) -> str:
    """What the engine says of those that wait or failed."""
    if state not in ("waiting", "failed"):
        return ""
    details = sorted({job.detail for job in jobs if job.state == state and job.detail})
    return f" ({'; '.join(details)})" if details else ""
