"""What a copy remembers of the last time: which file of the target was made of which of the source.

It spares reading both. Who forgets it, or deletes it, compares contents again; nothing is wrong without it.
"""

import json
import threading
from contextlib import suppress
from pathlib import Path

from runstore.format.caches import cache_dir
from runstore.format.records import write_atomically
from runstore.remote.trees import File

_FOLDER = "remote"


def remote_dir() -> Path:
    """Where mirrors and memories lie, in the user's cache."""
    return cache_dir() / _FOLDER


class Memory:
    """Stamps of pairs of files, by path, kept in the file `path`. Several threads may note at once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._known = _read(path)

    def is_same(self, source: File, target: File) -> bool:
        """Whether neither changed since one was made of the other."""
        return bool(source.version and target.version) and self._known.get(source.path) == _pair(source, target)

    def has_taken(self, source: File) -> bool:
        """Whether the source's file is as it was when it was copied."""
        known = self._known.get(source.path)
        return bool(source.version) and known is not None and known[:2] == list(source.stamp)

    def note(self, source: File, target: File) -> None:
        """Keeps that `target` was made of `source`, whole."""
        with self._lock:
            self._known[source.path] = _pair(source, target)

    def forget(self, path: str) -> None:
        with self._lock:
            self._known.pop(path, None)

    def save(self) -> None:
        """Keeps it for the next time, where the disk lets it."""
        with suppress(OSError), self._lock:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self._path, json.dumps(self._known, separators=(",", ":")).encode())


def _pair(source: File, target: File) -> list[int | str]:
    return [*source.stamp, *target.stamp]


def _read(path: Path) -> dict[str, list[int | str]]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return {str(key): each for key, each in found.items() if isinstance(each, list)} if isinstance(found, dict) else {}
