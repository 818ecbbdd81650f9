"""The files of a run that are written whole: each save replaces the file, or waits in memory until it can."""

import threading
from pathlib import Path

from runstore.format import records
from runstore.recording.trouble import Trouble

_MOST_WAITING_BYTES = 256 << 20


class Saver:
    """Writes small files atomically. Safe for threads; trouble with the disk is counted and said, never raised.

    At most 256 MB wait; what comes then is lost.
    """

    def __init__(self, trouble: Trouble) -> None:
        self._trouble = trouble
        self._lock = threading.RLock()
        self._waiting: dict[Path, bytes] = {}
        self._off = False

    def save(self, path: Path, data: bytes, *, sync: bool = False) -> bool:
        """Replaces `path` by `data`; whether that worked now. With `sync` the disk is asked to keep it."""
        with self._lock:
            if self._off:
                return False
            self._waiting.pop(path, None)
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                records.write_atomically(path, data, sync=sync)
            except OSError as error:
                if sum(map(len, self._waiting.values())) + len(data) <= _MOST_WAITING_BYTES:
                    self._waiting[path] = data
                self._trouble.failed(path, error)
                return False
        self._trouble.recovered(path)
        return True

    def retry(self) -> None:
        """Saves again what could not be saved before."""
        if self._waiting:
            with self._lock:
                for path, data in list(self._waiting.items()):
                    self.save(path, data)

    def detach(self) -> None:
        """Keeps a forked child from writing."""
        self._lock = threading.RLock()
        self._off = True
