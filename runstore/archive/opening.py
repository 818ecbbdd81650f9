"""Lines of a run's file, packed or not: the one door to a history for whoever reads it as text.

A path may name the file of lines or its pack. Where the lines lie there they count, also beside a pack: that is one
that was being made, or undone, when the process was killed.
"""

import errno
import io
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from runstore.archive.plain import open_plain
from runstore.errors import FormatError
from runstore.format.run_layout import is_packed, packed_name, unpacked_name


def open_lines(path: Path) -> BinaryIO:
    """The bytes of a file of lines, from the start; a link is not followed. Raises `OSError`, of a damaged pack too."""
    if is_packed(path.name):
        return _unpacked(path)
    try:
        return open_plain(path)
    except FileNotFoundError:
        name = packed_name(path.name)
        if name is None or not (pack := path.with_name(name)).is_file():
            raise
        return _unpacked(pack)


def is_there(path: Path) -> bool:
    """Whether a file of lines is there, packed or not."""
    name = packed_name(path.name)
    return path.is_file() or (name is not None and path.with_name(name).is_file())


def lines_path(path: Path) -> Path:
    """Where the lines of a pack lay, and lie again when it is undone; any other path as it is."""
    name = unpacked_name(path.name)
    return path if name is None else path.with_name(name)


def _unpacked(path: Path) -> BinaryIO:
    from runstore.archive.pack import Pack  # Not at the top: a script that goes on with a run needs no Polars for that.

    try:
        made = Pack.open(path).blocks()
    except FormatError as error:
        raise _as_os_error(error) from None
    return io.BufferedReader(_Blocks(made), 1 << 16)


def _as_os_error(error: FormatError) -> OSError:
    """Readers of lines expect what a disk does to a file."""
    return OSError(errno.EIO, str(error))


class _Blocks(io.RawIOBase):
    """The bytes that a pack holds, made block by block."""

    def __init__(self, made: Iterator[bytes]) -> None:
        self._blocks = made
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview[int] | bytearray") -> int:  # type: ignore[override]
        if not self._rest:
            try:
                self._rest = memoryview(next(self._blocks, b""))
            except FormatError as error:
                raise _as_os_error(error) from None
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size
