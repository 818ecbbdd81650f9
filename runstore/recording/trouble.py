"""What went wrong while a run was recorded: counted, said once when it starts, and told again at the end.

Training never stops for it: nothing here raises.
"""

import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

MOST_FILES = 10
"""So many files are named that cannot be written; a full disk may be the trouble of thousands."""


class Trouble:
    """Counts mishaps of one run and warns of each kind once, through `say` (which takes one line of text)."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._lock = threading.RLock()
        self._counts: Counter[str] = Counter()
        self._failing: set[Path] = set()
        self._named: set[Path] = set()

    def warn_once(self, kind: str, message: str) -> None:
        """Counts one mishap of this kind; the first is said."""
        with self._lock:
            self._counts[kind] += 1
            first = self._counts[kind] == 1
        if first:
            self._say(message)

    def count(self, kind: str) -> int:
        return self._counts[kind]

    def failed(self, path: Path, error: OSError) -> None:
        """Writing to `path` failed; said when it had worked before, of a few files."""
        with self._lock:
            new = path not in self._failing and len(self._named) < MOST_FILES
            self._failing.add(path)
            if new:
                self._named.add(path)
        if new:
            reason = error.strerror or str(error)
            self._say(f"{path}: cannot be written ({reason}); what is logged waits in memory and is tried again")

    def recovered(self, path: Path) -> None:
        """Writing to `path` worked; said when its failure was."""
        if path in self._failing:
            with self._lock:
                self._failing.discard(path)
                named = path in self._named
                self._named.discard(path)
            if named:
                self._say(f"{path}: can be written again; nothing was lost")

    def still_failing(self) -> list[Path]:
        with self._lock:
            return sorted(self._failing)

    def after_fork(self) -> None:
        """Makes the lock usable in a forked child, whose parent's threads may have held it."""
        self._lock = threading.RLock()
