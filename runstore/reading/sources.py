"""Following one history file as it grows: which bytes are new, and whether the old ones still stand."""

import os
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from runstore.reading.ndjson import BLOCK_BYTES, Block
from runstore.reading.rows import decode_line

_MARK_BYTES = 64


@dataclass(frozen=True, slots=True)
class Source:
    """How far one history file has been read.

    `number` names the file's rows in the frames: a file that was rewritten gets a new one, which retires the rows
    of the old. `head` and `tail` are the bytes at the start and before `offset`, in hex. `open_line` says that the
    last line was whole but for its newline; `torn` counts the bytes behind `offset` that are no row yet.
    """

    number: int
    size: int = 0
    mtime_ns: int = 0
    inode: int = 0
    offset: int = 0
    lines: int = 0
    head: str = ""
    tail: str = ""
    open_line: bool = False
    torn: int = 0

    def unchanged(self, stat: os.stat_result) -> bool:
        """Whether the file is still as it was when it was read."""
        return (self.size, self.mtime_ns, self.inode) == (stat.st_size, stat.st_mtime_ns, stat.st_ino)


def read_new(path: Path, stat: os.stat_result, known: Source | None, number: int) -> Generator[Block, None, Source]:
    """Yields the lines of a history file that `known` lacks, and returns the source as it is then.

    A file that only grew is read from where it ended; one that is new, or whose old bytes changed, from its start
    and as source `number`. A last line without its newline counts when it is a whole row. Raises `OSError`.
    """
    with path.open("rb", buffering=0) as file:
        if known is None or not _only_grew(file, stat, known):
            known = Source(number)
        offset, lines, open_line, carry = known.offset, known.lines, known.open_line, b""
        first = b""
        while (size := min(BLOCK_BYTES, stat.st_size - offset - len(carry))) and (
            piece := os.pread(file.fileno(), size, offset + len(carry))
        ):
            if not offset + len(carry):
                first = piece
            if open_line:
                completed = piece.startswith(b"\n") + 2 * piece.startswith(b"\r\n")
                piece, offset, open_line = piece[completed:], offset + completed, False
            data = carry + piece
            cut = data.rfind(b"\n") + 1
            whole, carry = data[:cut], data[cut:]
            if whole:
                yield (block := Block(known.number, lines, whole))
                lines += block.lines
                offset += cut
        if carry and decode_line(carry)[1] is None:
            yield Block(known.number, lines, carry + b"\n")
            lines, offset, open_line, carry = lines + 1, offset + len(carry), True, b""
        # Mostly all of the file was read at once, and need not be asked for again.
        head, tail = _marks_in(first, offset) if len(first) >= offset else _marks(file, offset)
    return Source(
        number=known.number,
        size=stat.st_size,
        mtime_ns=stat.st_mtime_ns,
        inode=stat.st_ino,
        offset=offset,
        lines=lines,
        head=head,
        tail=tail,
        open_line=open_line,
        torn=len(carry),
    )


def _only_grew(file: BinaryIO, stat: os.stat_result, known: Source) -> bool:
    same_file = known.inode == stat.st_ino and known.size < stat.st_size
    return same_file and _marks(file, known.offset) == (known.head, known.tail) and _line_ends(file, known)


def _line_ends(file: BinaryIO, known: Source) -> bool:
    """Whether an open last line got the newline it lacked; else more was glued to it and it must be read anew."""
    return not known.open_line or os.pread(file.fileno(), 2, known.offset).startswith((b"\n", b"\r\n"))


def _marks_in(data: bytes, offset: int) -> tuple[str, str]:
    size = min(_MARK_BYTES, offset)
    return data[:size].hex(), data[offset - size : offset].hex()


def _marks(file: BinaryIO, offset: int) -> tuple[str, str]:
    size = min(_MARK_BYTES, offset)
    return os.pread(file.fileno(), size, 0).hex(), os.pread(file.fileno(), size, offset - size).hex()
