"""The files of a run that are written whole: each save replaces the file, or waits in memory until it can."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from runstore.format import records
from runstore.format.copying import Fingerprint, copy_file
from runstore.recording.trouble import Trouble

_MOST_WAITING_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class _Copy:
    """A file that is to be copied, as it was when that was asked for."""

    source: Path
    known: Fingerprint


class _Turn:
    """Whose turn it is to write one file, and how many want to."""

    __slots__ = ("lock", "users")

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.users = 0


class Saver:
    """Writes small files atomically. Safe for threads; trouble with the disk is counted and said, never raised.

    Who saves a file waits for those alone that write the same one. At most 256 MB wait for a better disk; what comes
    then is lost.
    """

    def __init__(self, trouble: Trouble) -> None:
        self._trouble = trouble
        # Never held while anything is written.
        self._lock = threading.RLock()
        self._turns: dict[Path, _Turn] = {}
        self._waiting: dict[Path, bytes | _Copy] = {}
        self._waiting_bytes = 0
        self._off = False

    def save(self, path: Path, data: bytes, *, sync: bool = False) -> bool:
        """Replaces `path` by `data`; whether that worked now. With `sync` the disk is asked to keep it."""
        with self._turn(path):
            self._take(path)
            return not self._off and self._write(path, data, sync)

    def save_file(self, path: Path, source: Path, known: Fingerprint) -> bool:
        """Makes `path` a copy of `source`, which is as `known` says; whether that worked now.

        What could not be copied is tried again, as long as the source stays as it was.
        """
        with self._turn(path):
            self._take(path)
            return not self._off and self._write(path, _Copy(source, known), False)

    @property
    def off(self) -> bool:
        """Whether nothing is written: in a forked child, and for a disabled run."""
        return self._off

    def retry(self) -> None:
        """Saves again what could not be saved before."""
        for path in list(self._waiting):
            with self._turn(path):
                content = self._take(path)
                if content is not None and not self._off:
                    self._write(path, content, False)

    def detach(self) -> None:
        """Keeps a forked child from writing."""
        self._lock = threading.RLock()
        self._turns = {}
        self._off = True

    @contextmanager
    def _turn(self, path: Path) -> Iterator[None]:
        with self._lock:
            turn = self._turns.setdefault(path, _Turn())
            turn.users += 1
        try:
            with turn.lock:
                yield
        finally:
            with self._lock:
                turn.users -= 1
                if not turn.users:
                    self._turns.pop(path, None)

    def _take(self, path: Path) -> bytes | _Copy | None:
        """What waits for `path`, which it does no longer."""
        with self._lock:
            content = self._waiting.pop(path, None)
            self._waiting_bytes -= _weight(content)
            return content

    def _write(self, path: Path, content: bytes | _Copy, sync: bool) -> bool:
        try:
            if isinstance(content, bytes):
                _write_bytes(path, content, sync)
            elif Fingerprint.of(content.source) == content.known:
                path.parent.mkdir(parents=True, exist_ok=True)
                copy_file(content.source, path)
            else:
                self._trouble.warn_once(f"changed {path}", f"{content.source}: changed before it could be copied")
                return False
        except OSError as error:
            with self._lock:
                if self._waiting_bytes + _weight(content) <= _MOST_WAITING_BYTES:
                    self._waiting[path] = content
                    self._waiting_bytes += _weight(content)
            self._trouble.failed(path, error)
            return False
        self._trouble.recovered(path)
        return True


def _write_bytes(path: Path, data: bytes, sync: bool) -> None:
    try:
        records.write_atomically(path, data, sync=sync)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        records.write_atomically(path, data, sync=sync)


def _weight(content: bytes | _Copy | None) -> int:
    """How many bytes of memory waiting content takes."""
    return len(content) if isinstance(content, bytes) else 0
