"""The one thread beside a run: at intervals it does what no `log` call should wait for."""

import threading
import time
from collections.abc import Callable

from runstore.format.records import HEARTBEAT_SECONDS

_FIRST_SECONDS = 2.0
_LOOK_SECONDS = 2.5


class Monitor:
    """Calls `beat` soon after the start and then every `interval` seconds, until stopped. A daemon thread.

    `look`, which has to be cheap, is called every few seconds in between.
    """

    def __init__(
        self,
        beat: Callable[[], None],
        interval: float = HEARTBEAT_SECONDS,
        look: Callable[[], None] | None = None,
    ) -> None:
        self._beat = beat
        self._interval = interval
        self._look = look
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="runstore-monitor", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread; waits for a beat that is under way, at most a second."""
        self._stop.set()
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(1.0)

    def _run(self) -> None:
        due = time.monotonic() + min(_FIRST_SECONDS, self._interval)
        while not self._stop.wait(self._pause(due)):
            if self._look is not None:
                self._look()
            if time.monotonic() >= due and not self._stop.is_set():
                self._beat()
                due = time.monotonic() + self._interval

    def _pause(self, due: float) -> float:
        left = max(due - time.monotonic(), 0.0)
        return left if self._look is None else min(left, _LOOK_SECONDS)
