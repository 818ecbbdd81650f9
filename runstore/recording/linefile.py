"""An append-only file of lines with one writer: what was accepted is in the kernel, or waits in memory in order.

Lines are written at the position where the last whole line ended, so a write that was cut short by a full disk
is simply done again at the same place: no torn or glued line remains behind a later one.
"""

import os
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
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

    def insert(self, line: bytes, draft: bytes) -> None:
        """Takes one whole line that goes before the draft, which stands as it is."""

    def draft(self, line: bytes) -> None:
        """Takes the next line, without its newline, as far as it is known."""

    def retry(self) -> bool:
        """Writes what waits; whether nothing waits any more."""

    def retry_some(self) -> bool:
        """Writes about a megabyte of what waits; whether that worked and more waits."""

    def restore(self) -> None:
        """Brings back what somebody deleted."""

    def is_gone(self) -> bool:
        """Whether somebody deleted them."""

    def remake(self) -> "Remade | None":
        """Begins to bring them back, without the owner's lock; None where that fails."""

    def take_over(self, made: "Remade") -> None:
        """Ends what `remake` began, under the owner's lock."""

    def trim(self) -> None:
        """Removes what an interrupted write left behind the last line."""

    def read(self) -> Iterator[bytes]:
        """Every whole line so far, those that wait too. Raises `OSError` for what cannot be read back."""

    def sync(self) -> None:
        """Asks the disk to keep what was written."""

    def close(self) -> None:
        """Takes nothing more."""


class NoLines:
    """Lines that nobody keeps."""

    def append(self, line: bytes) -> None:
        pass

    def insert(self, line: bytes, draft: bytes) -> None:
        pass

    def draft(self, line: bytes) -> None:
        pass

    def retry(self) -> bool:
        return True

    def retry_some(self) -> bool:
        return False

    def restore(self) -> None:
        pass

    def is_gone(self) -> bool:
        return False

    def remake(self) -> "Remade | None":
        return None

    def take_over(self, made: "Remade") -> None:
        pass

    def trim(self) -> None:
        pass

    def read(self) -> Iterator[bytes]:
        return iter(())

    def sync(self) -> None:
        pass

    def close(self) -> None:
        pass


class LineFile:
    """One file, opened for the life of its writer. Not safe for threads by itself: the owner holds a lock.

    Its own thread may come in between, though: a signal handler, or a finaliser, that appends in the middle of an
    `append`. So a line's place is taken, in steps that nothing interrupts, before it is written. `append`, `insert`
    and `draft` never raise for trouble with the disk.
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
        size = len(line)
        if not self.waiting and not self._draft_size:
            start = self.end
            self.end = start + size
            try:
                if os.pwrite(self.descriptor, line, start) == size:
                    return
            except OSError:
                pass
            except BaseException:  # What a signal handler raised: the line stays if it was written.
                self._settle(line, start)
                raise
            self._give_back(start, size)
        self._append_with_care(line)

    def insert(self, line: bytes, draft: bytes) -> None:
        """Writes one whole line before the draft, `draft` being what that is; both in one step."""
        if not draft or self.waiting:
            return self.append(line)
        shown = draft.ljust(max(self._draft_size - len(line), 0))
        size, self._draft_size = len(line), len(shown)
        start = self.end
        self.end = start + size
        if not self._write_at(line + shown, start):
            self._give_back(start, size)
            self._draft_size = 0
            self._wait(line)

    def _append_with_care(self, line: bytes) -> None:
        if self._draft_size >= len(line):
            line = line[:-1].ljust(self._draft_size) + b"\n"
        self._draft_size = 0
        if self.waiting:
            self._wait(line)
            if time.monotonic() >= self._next_try:
                self.retry_some()
        elif not self._write(line):
            self._wait(line)

    def draft(self, line: bytes) -> None:
        """Writes the next line, without its newline, as far as it is known; `append` or `draft` will replace it.

        Should the process die first, the draft is a whole last line to a reader.
        """
        if self.waiting:
            return
        shown = line.ljust(self._draft_size)
        self._draft_size = len(shown)
        if not self._write_at(shown, self.end):
            self._cut_to(self.end)
            self._draft_size = 0

    def replace_tail(self, text: bytes) -> None:
        """Shows `text` behind the last whole line, in place of what was shown there before."""
        if not self.waiting:
            self._cut_to(self.end)
            if not self._write_at(text, self.end):
                self._cut_to(self.end)

    def retry(self) -> bool:
        """Writes what waits, in order; whether nothing waits any more."""
        while self.retry_some():
            pass
        return not self.waiting

    def retry_some(self) -> bool:
        """Writes about a megabyte of what waits, in order; whether that worked and more waits."""
        if not self.waiting:
            return False
        batch = self._take_batch()
        if not self._write(batch):
            self.waiting.appendleft(batch)
            self._next_try = time.monotonic() + _RETRY_SECONDS
            return False
        self._waiting_bytes -= len(batch)
        return bool(self.waiting)

    def read(self) -> Iterator[bytes]:
        """Every whole line as of now, those that wait too. May be walked through without the lock."""
        return self._read(self.end, list(self.waiting))

    def _read(self, end: int, waiting: list[bytes]) -> Iterator[bytes]:
        position, carry = 0, b""
        while position < end and (piece := os.pread(self.descriptor, min(_BATCH_BYTES, end - position), position)):
            position += len(piece)
            *lines, carry = (carry + piece).split(b"\n")
            yield from lines
        for chunk in waiting:
            yield from chunk.splitlines()

    def is_gone(self) -> bool:
        """Whether somebody deleted the file, or its directory. Safe while another thread writes."""
        try:
            return not os.fstat(self.descriptor).st_nlink
        except OSError:
            return False

    def remake(self) -> "Remade | None":
        """Makes the file anew with what was written so far; None where that fails, which is said.

        Safe while another thread writes: `Remade.take_over`, under the owner's lock, adds what came meanwhile.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        except OSError as error:
            self._trouble.failed(self.path, error)
            return None
        end = self.end
        try:
            _copy(self.descriptor, descriptor, 0, end)
        except OSError as error:
            self._abandon(descriptor, error)
            return None
        return Remade(descriptor, end)

    def take_over(self, made: "Remade") -> None:
        """Goes on in the file that was made anew. Under the owner's lock."""
        try:
            _copy(self.descriptor, made.descriptor, made.end, os.fstat(self.descriptor).st_size)
        except OSError as error:
            return self._abandon(made.descriptor, error)
        # The number stays the same, for whoever asks the disk through it meanwhile.
        os.dup2(made.descriptor, self.descriptor, inheritable=False)
        os.close(made.descriptor)
        self._trouble.recovered(self.path)

    def restore(self) -> None:
        """Makes the file anew, with all that was written, if somebody deleted it or its directory."""
        if self.is_gone() and (made := self.remake()) is not None:
            self.take_over(made)

    def _abandon(self, descriptor: int, error: OSError) -> None:
        os.close(descriptor)
        try:
            self.path.unlink(missing_ok=True)
        except OSError:
            pass  # It is tried again, and then in the way: that is said.
        self._trouble.failed(self.path, error)

    def waiting_lines(self) -> int:
        return sum(chunk.count(b"\n") for chunk in self.waiting)

    def sync(self) -> None:
        """Asks the disk to keep what was written. Safe to call while another thread writes."""
        try:
            os.fsync(self.descriptor)
        except OSError as error:
            self._trouble.failed(self.path, error)

    def trim(self) -> None:
        """Removes what an interrupted write left behind the last line."""
        try:
            if not self._draft_size and os.fstat(self.descriptor).st_size > self.end:
                self._cut_to(self.end)
        except OSError:
            pass  # A reader leaves out a torn last line.

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
        size = len(data)
        start = self.end
        self.end = start + size
        if self._write_at(data, start):
            return True
        self._give_back(start, size)
        return False

    def _write_at(self, data: bytes, start: int) -> bool:
        try:
            done = os.pwrite(self.descriptor, data, start)
            while done < len(data):
                done += os.pwrite(self.descriptor, data[done:], start + done)
        except OSError as error:
            self._trouble.failed(self.path, error)
            return False
        self._trouble.recovered(self.path)
        return True

    def _give_back(self, start: int, size: int) -> None:
        """Gives up a place that was taken; where a line stands behind it already, it becomes a blank one."""
        if self.end == start + size:
            self.end = start
            self._cut_to(start)
            return
        try:
            os.pwrite(self.descriptor, b" " * (size - 1) + b"\n", start)
        except OSError:
            pass  # NUL bytes stay there, which a reader passes over.

    def _settle(self, line: bytes, start: int) -> None:
        try:
            written = os.pread(self.descriptor, len(line), start) == line
        except OSError:
            written = False
        if not written:
            self._give_back(start, len(line))

    def _cut_to(self, size: int) -> None:
        try:
            os.ftruncate(self.descriptor, size)
        except OSError:
            pass  # The next write covers what is left there; until then a reader sees one torn line.


@dataclass(frozen=True, slots=True)
class Remade:
    """A file that is to take the place of a deleted one, complete up to `end`."""

    descriptor: int
    end: int


def _copy(source: int, target: int, start: int, end: int) -> None:
    position = start
    while position < end and (piece := os.pread(source, min(_BATCH_BYTES, end - position), position)):
        done = 0
        while done < len(piece):
            done += os.pwrite(target, piece[done:], position + done)
        position += len(piece)
