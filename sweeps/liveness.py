"""Which agents are alive: heartbeats judged on the observer's own clock, never by comparing clocks of two machines."""

import math
import os
import subprocess
import time
from collections.abc import Callable
from typing import Final, Literal, NamedTuple

from runstore.errors import UsageError
from runstore.format.host import boot_id, hostname
from runstore.format.records import Heartbeat
from runstore.format.sweep_layout import SweepLayout
from runstore.format.sweep_records import BadRecordError, Beat, Claim, Process, load
from runstore.reading.states import process_alive
from runstore.reading.sweeps.files import read_bytes

Sign = Literal["alive", "dead", "unknown"]

_AGAIN_SECONDS: Final = 0.2
"""One agent is asked about no more often."""
_PROCESS_SECONDS: Final = 2.0
_MOST_KEPT: Final = 4096
_GIVEN_UP_SECONDS: Final = 1.0
_SLURM_SECONDS: Final = 30.0
_OVER: Final = ("CANCELLED", "COMPLETED", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED", "TIMEOUT", "DEADLINE")


class _Seen(NamedTuple):
    data: bytes
    since: float
    changed: bool
    """Whether the bytes changed under our eyes, so that the agent lived then."""


class Liveness:
    """Watches the agents of one sweep. One that is new to us is `unknown` until its heartbeat changed, or did not for
    a lease."""

    def __init__(
        self, layout: SweepLayout, lease: float, now: Callable[[], float] = time.monotonic, slurm: bool = True
    ) -> None:
        """`lease`: seconds without a new heartbeat after which an agent counts as dead."""
        self._layout = layout
        self._lease = lease
        self._now = now
        self._slurm = slurm
        self._seen: dict[str, _Seen] = {}
        self._judged: dict[tuple[str, int], tuple[float, Sign]] = {}
        self._processes: dict[tuple[int, float | None], tuple[float, bool | None]] = {}
        self._watched: dict[str, float] = {}
        self._places: dict[str, str] = {}
        self._given_up: dict[tuple[str, int], float] = {}
        self._jobs: dict[str, tuple[float, Sign]] = {}

    def judge(self, claim: Claim) -> Sign:
        """Whether the agent that took a trial still works at it. `dead`: it does not, and never will."""
        key, now = (claim.run, claim.attempt), self._now()
        known = self._judged.get(key)
        if known is not None and (known[1] == "dead" or now - known[0] < _AGAIN_SECONDS):
            return known[1]
        if len(self._judged) > _MOST_KEPT:
            self._judged.clear()
            self._processes.clear()
        sign = self._judge(claim, now)
        self._judged[key] = (now, sign)
        return sign

    def is_there(self, beat: Beat) -> bool:
        """Whether the agent of a heartbeat lives, as far as one can tell."""
        now = self._now()
        return is_alive(beat.process) is not False and now - self._watch(beat.agent, now).since <= self._lease

    def forget(self, claim: Claim) -> None:
        """Nobody asks about this claim any more."""
        key = (claim.run, claim.attempt)
        self._judged.pop(key, None)
        self._given_up.pop(key, None)

    def _judge(self, claim: Claim, now: float) -> Sign:
        lives = self._lives(claim, now)
        if lives is False:
            return "dead"
        seen = self._watch(claim.agent, now)
        beat = _beat(seen.data)
        if beat is not None and self._gave_up(claim, beat, now):
            return "dead"
        if now - seen.since > self._lease:
            return "dead"
        if lives:
            return "alive"
        overdue = now - seen.since > 2 * (beat.every if beat is not None else self._lease / 10)
        if overdue and self._job(claim.process, now) == "dead":
            return "dead"
        return "alive" if seen.changed else "unknown"

    def _lives(self, claim: Claim, now: float) -> bool | None:
        """Whether the agent's process runs: whether its number is free is asked each time, whose it is now and then."""
        process = claim.process
        if process.host != hostname() or process.boot != boot_id():
            return None
        if process.pid > 0:
            try:
                os.kill(process.pid, 0)
            except ProcessLookupError:
                return False
            except OSError:
                pass  # Another user's: it is there.
        key = (process.pid, process.start)
        known = self._processes.get(key)
        if known is None or now - known[0] > _PROCESS_SECONDS:
            known = self._processes[key] = (now, is_alive(process))
        return known[1]

    def _watch(self, agent: str, now: float) -> _Seen:
        """Reads the bytes, not the time of the file: that is another machine's, and may be an old one."""
        known = self._seen.get(agent)
        if known is not None and 0 <= now - self._watched.get(agent, -math.inf) < _AGAIN_SECONDS:
            return known
        self._watched[agent] = now
        try:
            if agent not in self._places:
                self._places[agent] = str(self._layout.agent(agent))
            data = read_bytes(self._places[agent]) or b""
        except (BadRecordError, UsageError):
            data = b""
        if known is None or known.data != data:
            known = self._seen[agent] = _Seen(data, now, known is not None)
        return known

    def _gave_up(self, claim: Claim, beat: Beat, now: float) -> bool:
        """Whether a later heartbeat of the agent names another trial or none, and still does a moment later."""
        key = (claim.run, claim.attempt)
        elsewhere = beat.beat > claim.beat and (beat.run, beat.attempt) != key
        if not elsewhere:
            self._given_up.pop(key, None)
            return False
        if beat.state == "bye":
            return True
        return now - self._given_up.setdefault(key, now) >= _GIVEN_UP_SECONDS

    def _job(self, process: Process, now: float) -> Sign:
        job = process.slurm.get("job", "")
        if not job or not self._slurm:
            return "unknown"
        known = self._jobs.get(job)
        if known is None or now - known[0] > _SLURM_SECONDS:
            known = self._jobs[job] = (now, job_sign(job, process.slurm.get("restart", "")))
        return known[1]


def is_alive(process: Process) -> bool | None:
    """Whether a process runs; None where this host cannot know."""
    if process.host != hostname() or process.boot != boot_id():
        return None
    return process_alive(Heartbeat(process.pid, process.host, process.boot, process.start))


def job_sign(job: str, restart: str = "") -> Sign:
    """What Slurm says of a job, or of its `restart`-th start: `dead` when it ended or was started again."""
    command = ["scontrol", "--oneliner", "show", "job", job]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    if done.returncode:
        return "dead" if "invalid job id" in (done.stderr + done.stdout).lower() else "unknown"
    said = dict(word.split("=", 1) for word in done.stdout.split() if "=" in word)
    if said.get("JobState", "").startswith(_OVER):
        return "dead"
    if restart.isdigit() and said.get("Restarts", "").isdigit() and int(said["Restarts"]) > int(restart):
        return "dead"
    return "alive" if said.get("JobState") == "RUNNING" else "unknown"


def _beat(data: bytes) -> Beat | None:
    try:
        return load(data, Beat) if data else None
    except BadRecordError:
        return None
