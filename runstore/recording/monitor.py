"""The one thread beside a run: at intervals it does what no `log` call should wait for."""

import threading
from collections.abc import Callable

from runstore.format.records import HEARTBEAT_SECONDS

_FIRST_SECONDS = 2.0


class Monitor:
    """Calls `beat` soon after the start and then every `interval` seconds, until stopped. A daemon thread."""

    def __init__(self, beat: Callable[[], None], interval: float = HEARTBEAT_SECONDS) -> None:
        self._beat = beat
        self._interval = interval
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
        wait = min(_FIRST_SECONDS, self._interval)
        while not self._stop.wait(wait):
            self._beat()
            wait = self._interval
