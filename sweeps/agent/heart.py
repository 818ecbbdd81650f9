"""An agent's heartbeat: one small file, written again and again, that says that it lives and what it works at."""

import datetime
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

from runstore.format.records import write_atomically
from runstore.format.sweep_layout import SweepLayout
from runstore.format.sweep_records import Beat, Claim, Process, dump

_SOON_SECONDS: Final = 0.1
"""A change is written after so long: of trials that take milliseconds not each one needs a beat of its own."""
_AGAIN_SECONDS: Final = 5.0


class Heart:
    """Beats in a thread of its own, at intervals and soon after each change.

    Who takes a trial holds the heart still (`held`): a beat that is written after the claim must name the trial, as
    one that names none says that the claim was given up.
    """

    def __init__(
        self, sweep: SweepLayout, name: str, process: Process, every: float, warn: Callable[[str], None]
    ) -> None:
        """`every` is in seconds; `warn` gets one line when the file cannot be written."""
        self._path = sweep.agent(name)
        self._beat = Beat(agent=name, beat=0, state="starting", process=process, every=every, began=utc_now())
        self._every = every
        self._warn = warn
        self._failing = False
        self._changed = threading.Condition()
        self._still = threading.RLock()
        self._due = 0.0
        self._over = False
        self._thread = threading.Thread(target=self._run, name="runstore-agent-heart", daemon=True)

    @property
    def number(self) -> int:
        """The number of the last beat that was written."""
        return self._beat.beat

    def start(self) -> None:
        """Writes the first beat, and goes on in the background. Raises `OSError` where it cannot be written."""
        self._write()
        self._due = time.monotonic() + self._every
        self._thread.start()

    @contextmanager
    def held(self) -> Iterator[None]:
        """While this lasts nothing is written."""
        with self._still:
            yield

    def waits(self, *, soon: bool = False, now: bool = False) -> None:
        """The agent has no trial, and would take one; with `now` that is written before this returns."""
        if self._beat.state != "waiting":
            self._change(soon, state="waiting", trial=None, attempt=0, run="", count=0, best=None, rungs=())
            if now:
                with self._still:
                    self._try()

    def trains(self, claim: Claim) -> None:
        """The agent works at a trial."""
        of_trial: dict[str, Any] = {"trial": claim.n, "attempt": claim.attempt, "run": claim.run}
        self._change(True, state="training", **of_trial, count=0, best=None, rungs=())

    def has_seen(self, count: int, best: float | None, rungs: tuple[float, ...]) -> None:
        """What the trial logged so far. It is written with the next beat, at once where a rung was reached."""
        self._change(len(rungs) != len(self._beat.rungs), count=count, best=best, rungs=rungs)

    def counts(self, done: int, failed: int) -> None:
        """How many of its trials ended, and failed. It is written with the next beat."""
        self._change(False, done=done, failed=failed)

    def bye(self) -> None:
        """The last beat: the agent ends, and gives back the trial that it has no outcome of."""
        with self._changed:
            self._over = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(_AGAIN_SECONDS)
        with self._still:
            self._beat = replace(self._beat, state="bye", trial=None, attempt=0, run="", count=0, best=None, rungs=())
            try:
                self._write()
            except OSError:
                pass  # Readers will see that it beats no more.

    def _change(self, soon: bool, **values: Any) -> None:
        with self._changed:
            self._beat = replace(self._beat, **values)
            if soon:
                self._due = min(self._due, time.monotonic() + _SOON_SECONDS)
                self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._over and (left := self._due - time.monotonic()) > 0:
                    self._changed.wait(left)
                if self._over:
                    return
            with self._still:
                self._try()

    def _try(self) -> None:
        try:
            self._write()
        except OSError as error:
            self._due = time.monotonic() + min(_AGAIN_SECONDS, self._every)
            if not self._failing:
                reason = error.strerror or str(error)
                self._warn(f"{self._path}: the heartbeat cannot be written ({reason}); the trial goes on, trying again")
            self._failing = True
        else:
            self._due = time.monotonic() + self._every
            self._failing = False

    def _write(self) -> None:
        with self._changed:
            beat = self._beat = replace(self._beat, beat=self._beat.beat + 1, time=utc_now())
        try:
            write_atomically(self._path, dump(beat))
        except FileNotFoundError:
            if not self._path.parent.parent.is_dir():  # The sweep itself was deleted: it is not made anew.
                raise
            self._path.parent.mkdir(exist_ok=True)  # Git keeps no heartbeats: a clone has no place for them.
            write_atomically(self._path, dump(beat))


def utc_now() -> str:
    """This moment, for people: ISO 8601, UTC."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
