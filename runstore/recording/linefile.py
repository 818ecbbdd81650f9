"""An append-only file of lines with one writer: what was accepted is in the kernel, or waits in memory in order.

Lines are written at the position where the last whole line ended, so a write that was cut short by a full disk
is simply done again at the same place: no torn or glued line remains behind a later one.
"""

import os
import time
from collections import deque
from pathlib import Path
from typing import Protocol

from runstore.recording.trouble import Trouble

_RETRY_SECONDS = 0.5
_BATCH_BYTES = 1 << 20
_MOST_WAITING_BYTES = 256 << 20


class Lines(Protocol):
    """Where lines go. Nothing here raises for trouble with the disk."""

    def append(self, line: bytes) -> None:
        """Takes one whole line, which ends in a newline."""

    def draft(self, line: bytes) -> None:
        """Takes the next line, without its newline, as far as it is known."""

    def retry(self) -> bool:
        """Writes what waits; whether nothing waits any more."""

    def restore(self) -> None:
        """Brings back what somebody deleted."""

    def sync(self) -> None:
        """Asks the disk to keep what was written."""

    def close(self) -> None:
        """Takes nothing more."""


class NoLines:
    """Lines that nobody keeps."""

    def append(self, line: bytes) -> None:
        pass

    def draft(self, line: bytes) -> None:
        pass

    def retry(self) -> bool:
        return True

    def restore(self) -> None:
        pass

    def sync(self) -> None:
        pass

    def close(self) -> None:
        pass


class LineFile:
    """One file, opened for the life of its writer. Not safe for threads by itself: the owner holds a lock.

    `append` and `draft` never raise for trouble with the disk. `descriptor` and `end` are public for the one
    caller that writes rows itself because a call costs too much there (`History.log`).
    """

    def __init__(self, path: Path, trouble: Trouble) -> None:
        """Opens `path` for writing at its end. Raises `OSError`."""
        self.path = path
        self._trouble = trouble
        self.descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        self.end = os.fstat(self.descriptor).st_size
        self.waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self.dropped = 0
        self._draft_size = 0
        self._next_try = 0.0

    def append(self, line: bytes) -> None:
        """Writes one whole line (it ends in a newline), after those that wait."""
        if not self.waiting and not self._draft_size:
            try:
                if os.pwrite(self.descriptor, line, self.end) == len(line):
                    self.end += len(line)
                    return
            except OSError:
                pass
        self._append_with_care(line)

    def _append_with_care(self, line: bytes) -> None:
        if self._draft_size >= len(line):
            line = line[:-1].ljust(self._draft_size) + b"\n"
        self._draft_size = 0
        if self.waiting:
            self._wait(line)
            if time.monotonic() >= self._next_try:
                self.retry()
        elif not self._write(line):
            self._wait(line)

    def draft(self, line: bytes) -> None:
        """Writes the next line, without its newline, as far as it is known; `append` or `draft` will replace it.

        Should the process die first, the draft is a whole last line to a reader.
        """
        if self.waiting:
            return
        line = line.ljust(self._draft_size)
        end = self.end
        if self._write(line):
            self._draft_size = len(line)
        else:
            self._cut_to(end)
            self._draft_size = 0
        self.end = end

    def replace_tail(self, text: bytes) -> None:
        """Shows `text` behind the last whole line, in place of what was shown there before."""
        if not self.waiting:
            end = self.end
            self._cut_to(end)
            self._write(text)
            self.end = end

    def retry(self) -> bool:
        """Writes what waits, in order; whether nothing waits any more."""
        while self.waiting:
            batch = self._take_batch()
            if not self._write(batch):
                self.waiting.appendleft(batch)
                self._next_try = time.monotonic() + _RETRY_SECONDS
                return False
            self._waiting_bytes -= len(batch)
        return True

    def restore(self) -> None:
        """Makes the file anew, with all that was written, if somebody deleted it or its directory."""
        try:
            if os.fstat(self.descriptor).st_nlink:
                return
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        except OSError as error:
            self._trouble.failed(self.path, error)
            return
        try:
            _copy(self.descriptor, descriptor)
        except OSError as error:
            os.close(descriptor)
            self.path.unlink(missing_ok=True)
            self._trouble.failed(self.path, error)
            return
        # The number stays the same, for whoever asks the disk through it meanwhile.
        os.dup2(descriptor, self.descriptor, inheritable=False)
        os.close(descriptor)
        self._trouble.recovered(self.path)

    def waiting_lines(self) -> int:
        return sum(chunk.count(b"\n") for chunk in self.waiting)

    def sync(self) -> None:
        """Asks the disk to keep what was written. Safe to call while another thread writes."""
        try:
            os.fsync(self.descriptor)
        except OSError as error:
            self._trouble.failed(self.path, error)

    def close(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def _take_batch(self) -> bytes:
        parts, size = [], 0
        while self.waiting and size < _BATCH_BYTES:
            parts.append(self.waiting.popleft())
            size += len(parts[-1])
        return b"".join(parts)

    def _wait(self, line: bytes) -> None:
        if self._waiting_bytes + len(line) > _MOST_WAITING_BYTES:
            self.dropped += 1
            return
        if not self.waiting:
            self._next_try = time.monotonic() + _RETRY_SECONDS
        self.waiting.append(line)
        self._waiting_bytes += len(line)

    def _write(self, data: bytes) -> bool:
        """Writes all of `data` behind the last whole line and moves `end`, or leaves `end` alone."""
        try:
            done = os.pwrite(self.descriptor, data, self.end)
            while done < len(data):
                done += os.pwrite(self.descriptor, data[done:], self.end + done)
        except OSError as error:
            self._cut_to(self.end)
            self._trouble.failed(self.path, error)
            return False
        self.end += len(data)
        self._trouble.recovered(self.path)
        return True

    def _cut_to(self, size: int) -> None:
        try:
            os.ftruncate(self.descriptor, size)
        except OSError:
            pass  # The next write covers what is left there; until then a reader sees one torn line.


def _copy(source: int, target: int) -> None:
    position = 0
    while piece := os.pread(source, _BATCH_BYTES, position):
        done = 0
        while done < len(piece):
            done += os.pwrite(target, piece[done:], position + done)
        position += len(piece)
