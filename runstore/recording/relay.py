"""Passes on what a process writes to its own standard output and error, from a process beside it. Run as a script.

It stands between the pipes (or pseudo-terminals) that took the streams' places and the streams themselves, and tells
the run what went through. It is a process rather than a thread as C code that holds Python's lock while it writes
would else wait for a thread that waits for the lock; and so the last words of a process that dies on the spot ("Fatal
Python error: Segmentation fault") still come into the log: the relay adds them there itself.

    relay.py CONTROL SOURCE:IN:OUT [SOURCE:IN:OUT]     numbers of file descriptors; SOURCE is 1 or 2

Frames, both ways: kind (1 byte), length (4 bytes), content. To the run: 1 and 2 what was written; 3 a sync that came
is done; 4 so many bytes were not told as nobody took them. From the run: 1 and 2 how many bytes it has taken in all; 3
sync: read what there is, tell it, and say 3 with the same content; 5 the paths of its logs; 6 goodbye. Imports nothing
but the standard library.
"""

import fcntl
import os
import re
import select
import socket
import struct
import sys
import termios
import time
from collections import deque

HEADER = struct.Struct("!BI")
SYNC, LOST, PATHS, GOODBYE = 3, 4, 5, 6
_PIECE = 1 << 16
_MOST_WAITING = 64 << 20
_MOST_UNTAKEN = 1 << 16
_LOOK_SECONDS = 1.0
_REDRAWN = re.compile(rb"[^\n]*\r(?=[^\n\r])")


class Stream:
    """One stream on its way: read from `source_fd`, passed on to `target`."""

    def __init__(self, number: int, source_fd: int, target: int) -> None:
        self.number = number
        self.source_fd = source_fd
        self.target = target
        self.terminal = os.isatty(source_fd)
        self.open = True
        self._reached = True
        self._looked = 0.0
        # What the run was told and has not taken yet.
        self.untaken = bytearray()
        self.taken = 0
        os.set_blocking(source_fd, False)

    def read(self) -> bytes:
        """What there is to read, b"" when there is nothing; closed when nobody can write any more."""
        try:
            data = os.read(self.source_fd, _PIECE)
        except BlockingIOError:
            return b""
        except OSError:  # A pseudo-terminal that nobody holds any more.
            data = b""
        if not data:
            self.open = False
        return data

    def pass_on(self, data: bytes) -> None:
        self._follow_size()
        while data and self._reached:
            try:
                data = data[os.write(self.target, data) :]
            except BlockingIOError:
                select.select([], [self.target], [], _LOOK_SECONDS)
            except OSError:  # Nobody reads it any more: the log does.
                self._reached = False

    def _follow_size(self) -> None:
        """Gives the pseudo-terminal the size of the terminal it stands for."""
        if not self.terminal or time.monotonic() - self._looked < _LOOK_SECONDS:
            return
        self._looked = time.monotonic()
        try:
            size = fcntl.ioctl(self.target, termios.TIOCGWINSZ, bytes(8))
            if size != fcntl.ioctl(self.source_fd, termios.TIOCGWINSZ, bytes(8)):
                fcntl.ioctl(self.source_fd, termios.TIOCSWINSZ, size)
        except OSError:
            pass  # No terminal any more.

    def remember(self, data: bytes) -> None:
        self.untaken += data
        if (extra := len(self.untaken) - _MOST_UNTAKEN) > 0:
            self.take(self.taken + extra)

    def take(self, total: int) -> None:
        """The run has taken so many bytes in all."""
        if total > self.taken:
            del self.untaken[: total - self.taken]
            self.taken = total


class Logs:
    """The run's logs, once it is dead: what it did not take is added by lines, as progress bars leave them."""

    def __init__(self, paths: list[bytes]) -> None:
        self._paths = paths
        self._rest: dict[int, bytes] = {}
        self._begun: set[tuple[int, bytes]] = set()

    def add(self, number: int, data: bytes) -> None:
        whole, newline, rest = (self._rest.pop(number, b"") + data).rpartition(b"\n")
        self._rest[number] = rest[-_MOST_UNTAKEN:]
        if newline:
            self._write(number, _REDRAWN.sub(b"", whole + newline))

    def close(self) -> None:
        for number, rest in self._rest.items():
            if rest.strip():
                self._write(number, _REDRAWN.sub(b"", rest) + b"\n")

    def _write(self, number: int, data: bytes) -> None:
        for path in self._paths:
            try:
                log = os.open(path, os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW)
            except OSError:
                continue
            try:
                size = os.fstat(log).st_size
                tail = os.pread(log, _MOST_UNTAKEN, max(size - _MOST_UNTAKEN, 0))
                new = data if (number, path) in self._begun else _unknown(data, tail)
                self._begun.add((number, path))
                os.write(log, b"\n" + new if tail and not tail.endswith(b"\n") else new)
            except OSError:
                pass  # Nobody is left who could be told.
            finally:
                os.close(log)


def _unknown(data: bytes, tail: bytes) -> bytes:
    """The lines of `data` that are not at the log's end: the run may have died before it said that it took them."""
    lines = data.splitlines(keepends=True)
    for count in range(len(lines), 0, -1):
        if tail.endswith(b"".join(lines[:count])):
            return b"".join(lines[count:])
    return data


class Relay:
    """Passes on until nobody can write any more."""

    def __init__(self, control: socket.socket, streams: list[Stream]) -> None:
        self._control: socket.socket | None = control
        self._streams = streams
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._lost = 0
        self._received = b""
        self._paths: list[bytes] = []
        self._logs: Logs | None = None
        control.setblocking(False)

    def run(self) -> None:
        while open_streams := [stream for stream in self._streams if stream.open]:
            reads: list[int] = [stream.source_fd for stream in open_streams]
            writes: list[int] = []
            if self._control is not None:
                reads.append(self._control.fileno())
                writes = [self._control.fileno()] if self._waiting else []
            ready, _, _ = select.select(reads, writes, [])
            if self._control is not None and self._control.fileno() in ready:
                self._listen()
            for stream in open_streams:
                if stream.source_fd in ready and (data := stream.read()):
                    self._relay(stream, data)
            self._send()
        self._part()
        if self._logs is not None:
            self._logs.close()

    def _part(self) -> None:
        """Nothing more will come. The run is told what it was not told yet, and says goodbye or dies: its streams may
        be closed a moment before the rest of it, and what it has not taken by then is to be added to its log."""
        for stream in self._streams:
            os.close(stream.target)
        if self._control is not None:
            self._control.setblocking(True)
        while self._control is not None:
            self._send()
            self._listen()

    def _relay(self, stream: Stream, data: bytes) -> None:
        stream.pass_on(data)
        if self._logs is not None:
            self._logs.add(stream.number, data)
        elif self._control is not None:
            stream.remember(data)
            self._tell(stream.number, data)

    def _tell(self, kind: int, content: bytes) -> None:
        if self._waiting_bytes > _MOST_WAITING:
            self._lost += len(content)
            return
        if self._lost:
            lost, self._lost = self._lost, 0
            self._tell(LOST, b"%d" % lost)
        self._waiting.append(HEADER.pack(kind, len(content)) + content)
        self._waiting_bytes += HEADER.size + len(content)

    def _send(self) -> None:
        while self._waiting and self._control is not None:
            try:
                sent = self._control.send(self._waiting[0])
            except BlockingIOError:
                return
            except OSError:
                self._lose_run()
                return
            self._waiting_bytes -= sent
            frame = self._waiting.popleft()
            if sent < len(frame):
                self._waiting.appendleft(frame[sent:])

    def _listen(self) -> None:
        try:
            data = self._control.recv(_PIECE) if self._control is not None else b""
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._lose_run()
            return
        self._received += data
        while len(self._received) >= HEADER.size:
            kind, length = HEADER.unpack_from(self._received)
            if len(self._received) < HEADER.size + length:
                return
            content = self._received[HEADER.size : HEADER.size + length]
            self._received = self._received[HEADER.size + length :]
            self._obey(kind, content)

    def _obey(self, kind: int, content: bytes) -> None:
        if kind == SYNC:
            for stream in self._streams:
                while stream.open and (data := stream.read()):
                    self._relay(stream, data)
            self._tell(SYNC, content)
        elif kind == PATHS:
            self._paths = [path for path in content.split(b"\0") if path]
        elif kind == GOODBYE:
            self._hang_up()
        else:
            for stream in self._streams:
                if stream.number == kind:
                    stream.take(int(content))

    def _hang_up(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        self._waiting.clear()

    def _lose_run(self) -> None:
        """The run's process died, or has become another program."""
        self._hang_up()
        self._logs = Logs(self._paths)
        for stream in self._streams:
            self._logs.add(stream.number, bytes(stream.untaken))


def main() -> None:
    # Nobody's child, and of a session of its own: no signal for the run comes here, and no script waits for us.
    if os.fork():
        os._exit(0)
    control = socket.socket(fileno=int(sys.argv[1]))
    parts = [[int(number) for number in argument.split(":")] for argument in sys.argv[2:]]
    try:
        os.chdir("/")
        Relay(control, [Stream(*numbers) for numbers in parts]).run()
    finally:
        os._exit(0)


if __name__ == "__main__":
    main()
