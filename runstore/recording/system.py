"""System metrics: what the machine did during a run, a row a sample in `system.jsonl`.

A row is `{"_timestamp": …, "_runtime": …, "cpu": …, "gpu.0.gpu": …}`; the names are W&B's (see `machine` and `gpus`). A
thread of its own takes the samples: a driver that hangs holds up nothing but them.
"""

import threading
import time
from typing import TYPE_CHECKING, Final

import orjson

from runstore.recording.parts import Desk, Part

if TYPE_CHECKING:
    from runstore.recording.gpus import Cards
    from runstore.recording.machine import Machine

_FIRST_SECONDS: Final = 1.0
_LAST_AFTER_SECONDS: Final = 0.5
_PATIENCE_SECONDS: Final = 0.5


class SystemMetrics(Part):
    """Samples from soon after the start, at intervals, and at the end."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._stop = threading.Event()
        self._loaded = threading.Event()
        self._loaded.set()
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Starts sampling, unless the settings say otherwise."""
        if self.desk.on_disk and not self.desk.settings.disable_stats and self._thread is None:
            self._thread = threading.Thread(target=self._run, name="runstore-system", daemon=True)
            self._thread.start()

    def rest(self, seconds: float) -> None:
        """Waits while the thread imports what it needs, at most `seconds`: a fork would leave locks held."""
        self._loaded.wait(seconds)

    def end(self) -> None:
        """Has the last sample taken; does not wait long for it."""
        self._stop.set()
        if self._thread is not None and threading.current_thread() is not self._thread:
            self._thread.join(_PATIENCE_SECONDS)

    def detach(self) -> None:
        self._stop = threading.Event()
        self._stop.set()
        self._loaded = threading.Event()
        self._loaded.set()
        self._thread = None

    def _run(self) -> None:
        try:
            self._sample_until_stopped()
        except Exception as error:  # Facts beside the run: whatever a foreign machine does here, it goes on.
            reason = " ".join(str(error).split())[:200]
            self.desk.trouble.warn_once("system", f"no system metrics ({type(error).__name__}: {reason})")

    def _sample_until_stopped(self) -> None:
        interval = self.desk.settings.stats_interval
        if self._stop.wait(min(_FIRST_SECONDS, interval) / 2):
            return
        self._loaded.clear()
        try:
            # Not at the top, and not at once: the script's own start comes first.
            from runstore.recording.gpus import find_cards
            from runstore.recording.machine import Machine

            machine, cards = Machine(self.desk.store.root), find_cards()
        finally:
            self._loaded.set()
        lines = self.desk.open_lines(self.desk.writer.system)
        pause = min(_FIRST_SECONDS, interval) / 2
        taken = time.monotonic()
        try:
            while not self._stop.wait(pause):
                taken = time.monotonic()
                lines.restore()
                lines.append(self._sample(machine, cards))
                pause = max(interval - (time.monotonic() - taken), interval / 10)
            if time.monotonic() - taken >= min(_LAST_AFTER_SECONDS, interval):
                lines.append(self._sample(machine, cards))
            lines.retry()
        finally:
            lines.close()
            for maker in cards:
                maker.close()

    def _sample(self, machine: "Machine", cards: "list[Cards]") -> bytes:
        values = machine.sample()
        if cards:
            pids = machine.pids()
            for maker in cards:
                values.update(maker.sample(pids))
        row = {"_timestamp": round(time.time(), 3), "_runtime": round(self.desk.runtime(), 3)}
        return orjson.dumps({**row, **{name: _rounded(value) for name, value in values.items()}}) + b"\n"


def _rounded(value: float) -> float:
    """Two digits behind the point: more is noise, and the file grows all day."""
    return value if isinstance(value, int) else round(float(value), 2)
