"""A sweep's small files, read with care: one may be missing, half written, edited, or no file at all."""

import errno
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from runstore.format.sweep_records import BadRecordError

_AT_ONCE: Final = 1 << 16
MOST_BYTES: Final = 64 << 20
_MISSING: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ESTALE})
_READ: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


def read_bytes(path: Path | str) -> bytes | None:
    """What a file holds; None when it is missing. Raises `BadRecordError` for what is no file or cannot be read."""
    try:
        descriptor = os.open(path, _READ)
    except OSError as error:
        if error.errno in _MISSING:
            return None
        raise BadRecordError(_reason(error)) from None
    try:
        data = os.read(descriptor, _AT_ONCE)
        if len(data) < _AT_ONCE:
            return data
        parts = [data]
        while data and len(parts) <= MOST_BYTES // _AT_ONCE:
            data = os.read(descriptor, _AT_ONCE)
            parts.append(data)
        if data:
            raise BadRecordError(f"a file of more than {MOST_BYTES >> 20} MiB")
        return b"".join(parts)
    except OSError as error:
        if error.errno in _MISSING:
            return None
        raise BadRecordError(_reason(error)) from None
    finally:
        with suppress(OSError):  # Of a file that was replaced meanwhile some network file systems tell only here.
            os.close(descriptor)


def _reason(error: OSError) -> str:
    if error.errno == errno.EISDIR:
        return "a directory in place of a file"
    if error.errno == errno.ELOOP:
        return "a link, which is not followed"
    return f"a file that cannot be read ({error.strerror or error})"
