"""Console output, kept in output.log while still shown, in one of two ways.

`wrap`: `write` of sys.stdout and sys.stderr is replaced on the streams themselves, so whoever holds one (a logging
handler, a progress bar) is heard too, and everything else about the stream stays as it was. A line is in the file when
`write` returns. What writes past Python's streams (C libraries, child processes) is not heard.

`redirect`: the file descriptors 1 and 2 themselves lead through a relay, so everything is heard, a moment later; see
`redirect`. A stream that does not write to its descriptor (a notebook's, one that was replaced) is wrapped.

The files are described in `outputlog`: plain text, and `lines.jsonl` beside it says when and by which stream.
"""

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from runstore.recording.folding import Folding
from runstore.recording.outputlog import OutputLog

if TYPE_CHECKING:
    from runstore.recording.redirect import Redirect

_FILES: Final = {"stdout": 1, "stderr": 2}


class Listener(Protocol):
    def hear(self, source: str, text: str) -> None:
        """Takes what was written to `source` ("stdout" or "stderr"). Must not raise."""


class ConsoleLog:
    """One run's console log: whole lines, in the order they were finished. Safe for threads."""

    def __init__(self, file: OutputLog) -> None:
        self._file = file
        self._lock = threading.RLock()
        self._open: dict[str, Folding] = {}
        self._on = True

    @property
    def path(self) -> Path:
        return self._file.path

    def hear(self, source: str, text: str) -> None:
        with self._lock:
            if self._on:
                folding = self._open.get(source)
                if folding is None:
                    folding = self._open[source] = Folding()
                if lines := folding.feed(text):
                    self._release_others(source)
                    self._file.append(lines, source)

    def _release_others(self, source: str) -> None:
        for other, folding in self._open.items():
            if other != source and (lines := folding.release()):
                self._file.append(lines, other)

    def beat(self) -> None:
        """Shows the lines that are still open at the file's end, and tries what waits."""
        with self._lock:
            if self._on:
                self._file.retry()
                self._file.show_open([line for folding in self._open.values() for line in folding.shown()])

    def close(self) -> None:
        with self._lock:
            if self._on:
                for source, folding in self._open.items():
                    if lines := folding.close():
                        self._file.append(lines, source)
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
        self._was_own = "write" in getattr(stream, "__dict__", ())
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
        if not self.in_place():
            return False
        if self._was_own:
            self._stream.write = self._write
            return True
        try:
            del self._stream.write
        except AttributeError:
            self._stream.write = self._write
        return True

    def in_place(self) -> bool:
        """Whether what is written to the stream still comes here first."""
        return bool(getattr(self._stream, "write", None) == self.write)

    def on(self, stream: Any) -> bool:
        return self._stream is stream


_taps: dict[str, list[_Tap]] = {"stdout": [], "stderr": []}
_redirect: "Redirect | None" = None
_asked_shell: Any = None


def listen(listener: Listener, how: Literal["wrap", "redirect"] = "wrap", path: Path | None = None) -> str:
    """Tells `listener` everything that is written to sys.stdout and sys.stderr, as they are now.

    With `redirect` also what is written past them; `path` is then the log that is added to should this process die.
    Returns why that cannot be, if it cannot and the streams are wrapped instead, else "".
    """
    redirected: list[str] = []
    reason = ""
    if how == "redirect":
        try:
            redirected = _listen_below(listener, path)
        except OSError as error:
            reason = error.strerror or str(error)
    for source in _taps:
        if source not in redirected:
            _wrap(source, listener)
    _listen_in_each_cell()
    return reason


def _listen_in_each_cell() -> None:
    """In IPython, which puts a `write` of its own in place while a cell runs, listens on top of that."""
    global _asked_shell
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is not None and shell is not _asked_shell:
        _asked_shell = shell
        shell.events.register("pre_run_cell", _tap_again)


def _tap_again(*_of_cell: Any) -> None:
    for source, taps in _taps.items():
        stream = getattr(sys, source, None)
        for place, tap in enumerate(taps):
            if tap.listeners and tap.on(stream) and not tap.in_place():
                taps[place] = fresh = _Tap(stream, source)
                # What is left of the old one passes on and tells nobody: each text is heard once.
                fresh.listeners, tap.listeners = tap.listeners, []


def stop_listening(listener: Listener) -> None:
    """Undoes `listen`; what was written until now is heard first."""
    global _redirect
    if _redirect is not None:
        if _redirect.pid != os.getpid():
            _redirect.abandon()
            _redirect = None
        elif listener in _redirect.listeners and _redirect.remove(listener):
            redirect, _redirect = _redirect, None
            redirect.stop()
    for taps in _taps.values():
        for tap in list(taps):
            tap.listeners = [other for other in tap.listeners if other is not listener]
            if not tap.listeners and tap.remove():
                taps.remove(tap)


def _listen_below(listener: Listener, path: Path | None) -> list[str]:
    """Redirects the streams that write to their descriptors; which those are. Raises `OSError`."""
    global _redirect
    from runstore.recording.redirect import Redirect  # Not at the top: few runs need it.

    if _redirect is None:
        files = {source: _FILES[source] for source in _taps if _is_own(getattr(sys, source, None), _FILES[source])}
        if not files:
            return []
        _redirect = Redirect(files)
    _redirect.add(listener, path)
    return _redirect.sources


def _is_own(stream: Any, number: int) -> bool:
    """Whether a stream writes to the process's file descriptor of this number."""
    try:
        return bool(stream.fileno() == number)
    except (AttributeError, OSError, ValueError):
        return False


def _wrap(source: str, listener: Listener) -> None:
    taps, stream = _taps[source], getattr(sys, source, None)
    tap = next((tap for tap in taps if tap.on(stream)), None)
    if tap is None:
        try:
            tap = _Tap(stream, source)
        except (AttributeError, TypeError):
            return  # No stream (pythonw), or one that keeps its methods: it is left alone.
        taps.append(tap)
    tap.listeners = [*tap.listeners, listener]
