"""Tells MkDocs' own server when a store changed."""

import threading
from pathlib import Path

from sitegen.serve import watched


class Watch:
    """Touches a file each time that the store changed: what a build writes beside it is no change."""

    def __init__(self, store: Path, touched: Path) -> None:
        self._store, self._touched = store, touched
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="runstore-watch", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        for changed in watched(self._store, polling=False):
            if self._ended.is_set():
                return
            if changed:
                self._touched.touch()

    def end(self) -> None:
        self._ended.set()
