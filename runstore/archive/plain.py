"""Plain files, opened so that nothing but a plain file is read."""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO


def read_plain(path: Path) -> bytes:
    """The bytes of a plain file; a link is not followed. Raises `OSError`."""
    with open_plain(path) as file:
        return file.read()


def open_plain(path: Path) -> BinaryIO:
    """A plain file, open for reading without a buffer of its own; a link is not followed. Raises `OSError`."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "no plain file", str(path))
    return open(descriptor, "rb")
