"""Files that a report names: read only below the folder of the reports, and never through a link."""

import errno
import os
import re
import stat
from pathlib import Path, PurePosixPath
from typing import Final

from sitegen.reports.mistakes import ReportError

_FOLDER: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_DIRECTORY
_FILE: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_ELSEWHERE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//")
_FORBIDDEN: Final = re.compile(r"[\\\x00-\x1f\x7f]")
_LONGEST: Final = 500


def read_beside(folder: Path, name: str, largest: int) -> bytes:
    """The bytes of the file `name` below `folder`, at most `largest`. Raises `ReportError`, also for a name that leads
    elsewhere; nobody can swap a directory for a link while this reads."""
    parts = _parts(name)
    try:
        descriptor = _opened(folder, parts)
    except OSError as error:
        raise ReportError(f"cannot read {_shown(name)} beside the report ({_reason(error)})") from None
    try:
        return _content(descriptor, name, largest)
    finally:
        os.close(descriptor)


def _content(descriptor: int, name: str, largest: int) -> bytes:
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        raise ReportError(f"found no plain file {_shown(name)} beside the report; put a file there")
    with open(descriptor, "rb", closefd=False) as file:
        content = file.read(largest + 1) if found.st_size <= largest else b""
    if found.st_size > largest or len(content) > largest:
        raise ReportError(f"found more than {largest:,} bytes in {_shown(name)}; make it smaller")
    return content


def _parts(name: str) -> tuple[str, ...]:
    """The steps of a relative path. Raises `ReportError` for any other."""
    if _ELSEWHERE.match(name):
        raise ReportError(f"found {_shown(name)}, a file elsewhere; put a copy beside the report and name that")
    parts = PurePosixPath(name).parts
    if not parts or len(name) > _LONGEST or _FORBIDDEN.search(name) or _is_unprintable(name):
        raise ReportError(f"found {_shown(name)}, expected a file below the report's folder; correct the path")
    if name.startswith("/") or any(part.startswith(".") for part in parts):
        raise ReportError(f"found {_shown(name)}, which leads out of the reports' folder; put the file into it")
    return parts


def _is_unprintable(name: str) -> bool:
    try:
        return not name.encode()
    except UnicodeEncodeError:
        return True


def _opened(folder: Path, parts: tuple[str, ...]) -> int:
    """The file's descriptor, reached step by step. Raises `OSError`, also at a link."""
    here = os.open(folder, _FOLDER)
    try:
        for part in parts[:-1]:
            inner = os.open(part, _FOLDER, dir_fd=here)
            os.close(here)
            here = inner
        return os.open(parts[-1], _FILE, dir_fd=here)
    finally:
        os.close(here)


def _reason(error: OSError) -> str:
    if error.errno in (errno.ELOOP, errno.EMLINK):
        return "it is a link; put the file itself there"
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return "there is no such file; correct the path, or add the file"
    return f"{error.strerror}; see to its permissions"


def _shown(name: str) -> str:
    shown = name if len(name) <= 80 else f"{name[:77]}…"
    return repr(shown.encode("utf-8", "backslashreplace").decode())
