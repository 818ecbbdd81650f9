"""Standard output and error of the whole process, C code and subprocesses included, heard on their way.

The file descriptors 1 and 2 are replaced by pipes, or by pseudo-terminals where they were terminals, so that colours
and progress bars stay. A relay, a small process of its own (see `relay`), passes on what comes and tells a thread here.
Whatever happens to either, nobody who writes waits for ever and nothing is lost on the way to where it was going.
"""

import codecs
import os
import select
import socket
import subprocess
import sys
import termios
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from runstore.recording import relay

_START_SECONDS: Final = 10.0
_DRAIN_SECONDS: Final = 3.0
_PIECE: Final = 1 << 16
_MOST_UNTAKEN: Final = 1 << 15


class Listener(Protocol):
    def hear(self, source: str, text: str) -> None:
        """Takes what was written to `source` ("stdout" or "stderr"). Must not raise."""


class _Side:
    """One stream, or both where they lead to the same file, which then keeps their order: the file as it was, and what
    took its place. What comes through one that is both counts as standard output."""

    def __init__(self, source: str, number: int) -> None:
        self.source = source
        self.number = number
        self.numbers = [number]
        self.saved = os.dup(self.number)
        try:
            self.read_end, self.write_end = _terminal(self.saved) if os.isatty(self.saved) else os.pipe()
        except OSError:
            os.close(self.saved)
            raise
        self._identity = _identity(self.write_end)
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self.heard = 0
        self._since_line = 0
        self.taken = 0

    def replace(self) -> None:
        for number in self.numbers:
            os.dup2(self.write_end, number)
        os.close(self.write_end)
        self.write_end = -1

    def put_back(self) -> None:
        """Restores the stream's own file, unless somebody else has put something there since."""
        for number in self.numbers:
            if _is(number, self._identity):
                os.dup2(self.saved, number)

    def put_back_when_empty(self) -> bool:
        """Puts it back unless something is on its way; whether that was so. Python's lock is kept meanwhile: no code
        of Python's writes in between, whose words would come before those on their way."""
        import ctypes

        libc, waiting = ctypes.PyDLL(None), ctypes.c_int()
        ours = [number for number in self.numbers if _is(number, self._identity)]
        if libc.ioctl(self.read_end, termios.FIONREAD, ctypes.byref(waiting)) == 0 and waiting.value:
            return False
        for number in ours:
            libc.dup2(self.saved, number)
        return True

    def decode(self, data: bytes) -> str:
        """What was heard, as text; notes how far whole lines go."""
        self.heard += len(data)
        newline = data.rfind(b"\n")
        self._since_line = len(data) - newline - 1 if newline >= 0 else self._since_line + len(data)
        self.taken = self.heard - (self._since_line if self._since_line <= _MOST_UNTAKEN else 0)
        return self._decoder.decode(data)

    def close(self) -> None:
        for descriptor in (self.saved, self.read_end, self.write_end):
            if descriptor >= 0:
                os.close(descriptor)
        self.saved = self.read_end = self.write_end = -1


class Redirect:
    """The streams of this process while somebody listens to them."""

    def __init__(self, files: Mapping[str, int]) -> None:
        """Puts the relay behind these streams (names and file descriptors). Raises `OSError` when that cannot be."""
        self.pid = os.getpid()
        self.sources = list(files)
        self.listeners: list[Listener] = []
        self._paths: dict[int, Path] = {}
        self._over = False
        self._synced = threading.Event()
        self._sides: list[_Side] = []
        self._control, theirs = socket.socketpair()
        try:
            for source, number in files.items():
                self._add_side(source, number)
            _start_relay(theirs, self._sides)
        except (OSError, subprocess.SubprocessError) as error:
            self._control.close()
            for side in self._sides:
                side.close()
            raise error if isinstance(error, OSError) else OSError(str(error)) from None
        finally:
            theirs.close()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._listen, name="runstore-console", daemon=True)
        flush()
        for side in self._sides:
            side.replace()
        self._thread.start()

    def _add_side(self, source: str, number: int) -> None:
        for side in self._sides:
            if _identity(side.saved) == _identity(number):
                side.numbers.append(number)
                return
        self._sides.append(_Side(source, number))

    def add(self, listener: Listener, path: Path | None) -> None:
        """Tells `listener` from now on; its log at `path` is what the relay adds to, should this process die."""
        if self.listeners:
            self._drain()  # What is on its way was written before this one came.
        if path is not None:
            self._paths[id(listener)] = path
        self.listeners = [*self.listeners, listener]
        self._tell_paths()

    def remove(self, listener: Listener) -> bool:
        """Brings to `listener` what was written until now and tells it no more; whether nobody is left."""
        self._drain()
        self.listeners = [other for other in self.listeners if other is not listener]
        self._paths.pop(id(listener), None)
        self._tell_paths()
        return not self.listeners

    def stop(self) -> None:
        """Puts everything back. Children that still hold the pipes are passed on by the relay until they end."""
        flush()
        for side in self._sides:
            side.put_back()
        self._drain()
        self._over = True
        self._send(relay.GOODBYE, b"")
        if threading.current_thread() is not self._thread:
            self._thread.join(_DRAIN_SECONDS)
        if not self._thread.is_alive():
            self._close()

    def abandon(self) -> None:
        """Closes what a forked child has of this: it keeps writing to where its parent's streams lead."""
        self._over = True
        self.listeners = []
        self._close()

    def _close(self) -> None:
        self._control.close()
        for side in self._sides:
            side.close()

    def _drain(self) -> None:
        """Waits until all that was written so far has been heard, not for ever."""
        flush()
        if threading.current_thread() is self._thread or not self._thread.is_alive():
            return
        self._synced.clear()
        if self._send(relay.SYNC, b""):
            self._synced.wait(_DRAIN_SECONDS)

    def _tell_paths(self) -> None:
        self._send(relay.PATHS, b"\0".join(os.fsencode(path.absolute()) for path in self._paths.values()))

    def _send(self, kind: int, content: bytes) -> bool:
        try:
            with self._lock:
                self._control.sendall(relay.HEADER.pack(kind, len(content)) + content)
        except OSError:  # The relay is gone: the thread sees that too.
            return False
        return True

    def _listen(self) -> None:
        received = b""
        while True:
            try:
                data = self._control.recv(_PIECE)
            except OSError:
                data = b""
            if not data:
                break
            received += data
            while len(received) >= relay.HEADER.size:
                kind, length = relay.HEADER.unpack_from(received)
                end = relay.HEADER.size + length
                if len(received) < end:
                    break
                self._take(kind, received[relay.HEADER.size : end])
                received = received[end:]
            for side in self._sides:
                self._send(side.number, b"%d" % side.taken)
        if not self._over:
            self._take_over()

    def _take(self, kind: int, content: bytes) -> None:
        if kind == relay.SYNC:
            self._synced.set()
        elif kind == relay.LOST:
            self._tell_listeners("stderr", f"\nrunstore: {content.decode()} bytes of output are missing here\n")
        else:
            for side in self._sides:
                if side.number == kind:
                    self._tell_listeners(side.source, side.decode(content))

    def _tell_listeners(self, source: str, text: str) -> None:
        for listener in self.listeners:
            listener.hear(source, text)

    def _take_over(self) -> None:
        """The relay died: the streams get their own files back, and what is still on its way is passed on here."""
        for side in self._sides:
            try:
                while not side.put_back_when_empty() and self._pass_on(side):
                    pass  # What was written before comes first.
            except (ImportError, OSError, AttributeError):
                pass  # Not a system with such a library.
            side.put_back()
        self._synced.set()
        ends = {side.read_end: side for side in self._sides}
        while ends and not self._over:
            for end in select.select(list(ends), [], [], 1.0)[0]:
                if not self._pass_on(ends[end]):
                    del ends[end]

    def _pass_on(self, side: _Side) -> bool:
        """Reads what there is, passes it on and tells it; False once nothing more can come."""
        try:
            data = os.read(side.read_end, _PIECE)
        except OSError:
            data = b""
        if not data:
            return False
        try:
            os.write(side.saved, data)
        except OSError:
            pass  # Nobody reads it any more.
        self._tell_listeners(side.source, side.decode(data))
        return True


def _is(descriptor: int, file: tuple[int, int]) -> bool:
    try:
        return _identity(descriptor) == file
    except OSError:  # Closed by somebody: it stays so.
        return False


def _identity(descriptor: int) -> tuple[int, int]:
    """Which file a descriptor leads to."""
    found = os.fstat(descriptor)
    return found.st_dev, found.st_ino


def flush() -> None:
    """Brings to the file descriptors what Python and C still hold of the streams. Never raises."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError, RuntimeError):
            pass  # Closed, none, or in the middle of another write.
    try:
        import ctypes

        ctypes.CDLL(None).fflush(None)
    except (ImportError, OSError, AttributeError, TypeError):
        pass  # Not a system with such a library.


def _terminal(like: int) -> tuple[int, int]:
    """A pseudo-terminal of the kind and size of the terminal `like`: its reading and its writing end."""
    import fcntl

    reading, writing = os.openpty()
    try:
        settings: list[Any] = termios.tcgetattr(like)
        settings[1] &= ~termios.OPOST  # The real one does that.
        settings[3] &= ~termios.ECHO
        termios.tcsetattr(writing, termios.TCSANOW, settings)
        fcntl.ioctl(writing, termios.TIOCSWINSZ, fcntl.ioctl(like, termios.TIOCGWINSZ, bytes(8)))
    except (OSError, termios.error):
        pass  # It is a terminal all the same.
    return reading, writing


def _start_relay(control: socket.socket, sides: Sequence[_Side]) -> None:
    if "python" not in os.path.basename(sys.executable or "").lower():
        raise OSError("there is no Python interpreter to run the relay with")
    descriptors = [control.fileno(), *(number for side in sides for number in (side.read_end, side.saved))]
    arguments = [str(control.fileno()), *(f"{side.number}:{side.read_end}:{side.saved}" for side in sides)]
    command = [sys.executable, "-I", "-S", "-B", relay.__file__, *arguments]
    nowhere: Any = subprocess.DEVNULL
    process = subprocess.Popen(
        command, pass_fds=descriptors, stdin=nowhere, stdout=nowhere, stderr=nowhere, start_new_session=True
    )
    try:
        if code := process.wait(_START_SECONDS):
            raise OSError(f"the relay ended with exit code {code}")
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise
