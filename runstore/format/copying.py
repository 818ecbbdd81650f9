"""Copies of files that may be large: shared with the source where the file system can, else made by the kernel."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_FICLONE = 0x40049409


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What changes when somebody writes to a file, or puts another in its place."""

    device: int
    inode: int
    size: int
    modified_ns: int

    @classmethod
    def of(cls, path: Path) -> "Fingerprint":
        """That of the file at `path` now. Raises `OSError`."""
        found = os.stat(path)
        return cls(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def open_plain(path: Path) -> int:
    """Opens a plain file to read, and gives its descriptor. Never waits, as a pipe would make it. Raises `OSError`."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(f"{path}: no plain file")
    return descriptor


def copy_file(source: Path, target: Path) -> None:
    """Makes `target` a copy of the plain file `source` in one step: readers see all of it, or what was there before.

    The copy is one of its own: later changes of `source` do not reach it, which is why it is no hard link.
    Raises `OSError` and leaves what was there alone.
    """
    beside = target.with_name(f".{target.name}.{os.urandom(4).hex()}.tmp")
    try:
        with open(open_plain(source), "rb") as given, open(beside, "xb") as made:
            copy_into(given, made)
        os.replace(beside, target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def copy_into(given: BinaryIO, made: BinaryIO) -> None:
    """Fills the empty file `made` with all of `given`, both open at their beginnings. Raises `OSError`."""
    if not _share(given.fileno(), made.fileno()):
        _copy(given.fileno(), made.fileno(), os.fstat(given.fileno()).st_size)
        while block := given.read(1 << 20):
            made.write(block)


def _share(source: int, target: int) -> bool:
    """Whether the file system made the target share the source's blocks until one of them changes."""
    try:
        import fcntl

        fcntl.ioctl(target, _FICLONE, source)
    except (ImportError, OSError):
        return False
    return True


def _copy(source: int, target: int, size: int) -> None:
    """Copies inside the kernel as far as that goes; what is left stands behind the source's position."""
    if hasattr(os, "copy_file_range"):
        try:
            while size > 0 and (copied := os.copy_file_range(source, target, min(size, 1 << 30))):
                size -= copied
        except OSError as error:
            if os.lseek(target, 0, os.SEEK_CUR) == 0:
                return  # Not possible between these two file systems.
            raise error
