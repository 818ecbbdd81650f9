"""Console output, kept in output.log while still shown.

`write` of sys.stdout and sys.stderr is replaced on the streams themselves, so whoever holds one (a logging
handler, a progress bar) is heard too, and everything else about the stream stays as it was. What writes past
Python's streams (C libraries, child processes) is not heard.
"""

import sys
import threading
from collections.abc import Callable
from typing import Any, Protocol

from runstore.recording.linefile import LineFile

_LONGEST_LINE = 1 << 16


class Listener(Protocol):
    def hear(self, source: str, text: str) -> None:
        """Takes what was written to `source` ("stdout" or "stderr"). Must not raise."""


class ConsoleLog:
    """One run's output.log: whole lines, in the order they were finished. Safe for threads.

    A carriage return goes back to the line's start, so a progress bar leaves its last state, not each of them.
    """

    def __init__(self, file: LineFile) -> None:
        self._file = file
        self._lock = threading.RLock()
        self._open: dict[str, str] = {}
        self._on = True

    def hear(self, source: str, text: str) -> None:
        with self._lock:
            if not self._on:
                return
            whole, newline, rest = (self._open.pop(source, "") + text).rpartition("\n")
            if newline:
                lines = [_fold(line) for line in whole.split("\n")]
                self._file.append(_encode("\n".join(lines) + "\n"))
            if rest:
                self._open[source] = _fold(rest) if len(rest) > _LONGEST_LINE else rest

    def beat(self) -> None:
        """Shows the lines that are still open at the file's end, and tries what waits."""
        with self._lock:
            if self._on:
                self._file.retry()
                self._file.replace_tail(_encode("\n".join(_fold(rest) for rest in self._open.values())))

    def close(self) -> None:
        with self._lock:
            if self._on:
                for rest in self._open.values():
                    self._file.append(_encode(_fold(rest) + "\n"))
                self._file.retry()
                self._on = False

    def restore_file(self) -> None:
        """Brings the file back if somebody deleted it."""
        with self._lock:
            if self._on:
                self._file.restore()

    def detach(self) -> None:
        """Keeps a forked child from writing."""
        self._lock = threading.RLock()
        self._on = False
        self._file.close()


class _Tap:
    """The replaced `write` of one stream, shared by all runs that listen."""

    def __init__(self, stream: Any, source: str) -> None:
        self._stream = stream
        self._source = source
        self._write: Callable[[str], Any] = stream.write
        self._local = threading.local()
        self.listeners: list[Listener] = []
        stream.write = self.write

    def write(self, text: str) -> Any:
        written = self._write(text)
        # A listener that writes to the stream itself (a warning about the disk) is not told of it again.
        if not getattr(self._local, "busy", False):
            self._local.busy = True
            try:
                for listener in self.listeners:
                    listener.hear(self._source, text)
            finally:
                self._local.busy = False
        return written

    def remove(self) -> bool:
        """Puts the stream's own `write` back; False when somebody else has replaced it since."""
        if getattr(self._stream, "write", None) != self.write:
            return False
        try:
            del self._stream.write
        except AttributeError:
            self._stream.write = self._write
        return True

    def on(self, stream: Any) -> bool:
        return self._stream is stream


_taps: dict[str, list[_Tap]] = {"stdout": [], "stderr": []}


def listen(listener: Listener) -> None:
    """Tells `listener` everything that is written to sys.stdout and sys.stderr, as they are now."""
    for source, taps in _taps.items():
        stream = getattr(sys, source, None)
        tap = next((tap for tap in taps if tap.on(stream)), None)
        if tap is None:
            try:
                tap = _Tap(stream, source)
            except (AttributeError, TypeError):
                continue  # No stream (pythonw), or one that keeps its methods: it is left alone.
            taps.append(tap)
        tap.listeners = [*tap.listeners, listener]


def stop_listening(listener: Listener) -> None:
    """Undoes `listen`."""
    for taps in _taps.values():
        for tap in list(taps):
            tap.listeners = [other for other in tap.listeners if other is not listener]
            if not tap.listeners and tap.remove():
                taps.remove(tap)


def _fold(line: str) -> str:
    """What a terminal shows of a line with carriage returns in it."""
    if "\r" not in line:
        return line
    shown = ""
    for part in line.split("\r"):
        # An escape sequence (clearing the line, colours) makes columns uncountable: the later text stands alone.
        shown = part if "\x1b" in part else part + shown[len(part) :]
    return shown.rstrip()


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")
