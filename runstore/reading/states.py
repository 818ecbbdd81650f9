"""The state of a run as a reader sees it: what its process recorded, or what its silence means."""

import time
from collections.abc import Callable

from runstore.format.host import boot_id, hostname, process_start
from runstore.format.records import CRASHED_AFTER_SECONDS, Heartbeat, RunState, State

_START_TOLERANCE = 2.0


def derive_state(
    recorded: RunState | None,
    beat: Heartbeat | None,
    last_sign: float | None,
    *,
    now: float | None = None,
    alive: Callable[[Heartbeat], bool | None] | None = None,
) -> State:
    """The state of a run.

    `recorded` is its `state.json` (None for a run written by hand, which is taken for finished), `beat` its
    heartbeat, `last_sign` the time of its last sign of life (epoch s, the heartbeat's mtime), None when there
    never was one. A run that recorded no exit is `running` while its last sign is younger than five minutes and
    its process is not known to be gone, else `crashed`.
    """
    if recorded is None:
        return "finished"
    if recorded.state != "running":
        return recorded.state
    lives = (alive or process_alive)(beat) if beat is not None else None
    if lives is False or last_sign is None:
        return "crashed"
    age = (time.time() if now is None else now) - last_sign
    return "running" if age <= CRASHED_AFTER_SECONDS else "crashed"


def process_alive(beat: Heartbeat) -> bool | None:
    """Whether the process behind a heartbeat lives; None when that cannot be known from this host."""
    if beat.host != hostname() or not beat.boot or beat.boot != boot_id() or beat.pid <= 0:
        return None
    started = process_start(beat.pid)
    if not started:
        return None if started == 0.0 else False
    # A number is given to a new process when the old one is gone: it is the same only with the same birth.
    return not beat.start or abs(started - beat.start) <= _START_TOLERANCE
