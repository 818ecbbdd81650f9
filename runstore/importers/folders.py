"""A tracker's directory, read as a stranger's: no link is followed, and a file that is torn costs only itself."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from runstore.format import lenient
from runstore.format.copying import open_plain
from runstore.importers.sources import Problems

_MOST_BYTES: Final = 1 << 30
"""A file that is read whole may be this large."""


def files_below(folder: Path, problems: Problems | None = None) -> Iterator[tuple[Path, str]]:
    """Every plain file below, by name, with its place; links are left out, and told."""
    if folder.is_symlink():
        return
    for here, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names + [each for each in folders if Path(here, each).is_symlink()]):
            path = Path(here, name)
            if path.is_symlink() and problems is not None:
                problems.lose(f"{path}: is a link, which is not followed; it is left out")
            elif path.is_file() and not path.is_symlink():
                yield path, path.relative_to(folder).as_posix()


def fingerprint(folder: Path) -> str:
    """A digest of which files there are, how large, and when each was changed."""
    found = hashlib.sha256()
    for path, place in files_below(folder):
        stat = path.lstat()
        found.update(f"{place}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode("utf-8", "backslashreplace"))
    return found.hexdigest()


def content_of(path: Path, problems: Problems) -> bytes | None:
    """What is in a plain file; None where there is none, or where it cannot be had, which is told."""
    if path.is_symlink():
        problems.lose(f"{path}: is a link, which is not followed; it is left out")
        return None
    try:
        with open(open_plain(path), "rb") as file:
            if (size := os.fstat(file.fileno()).st_size) > _MOST_BYTES:
                problems.lose(f"{path}: found {size:,} bytes, expected at most {_MOST_BYTES:,}; it is left out")
                return None
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        problems.lose(f"{path}: cannot be read ({error.strerror or error}); it is left out")
        return None


def json_of(path: Path, problems: Problems) -> dict[str, Any]:
    """The object in a file of JSON; an empty one where there is none, or where it is torn, which is told."""
    data = content_of(path, problems)
    if data is None:
        return {}
    try:
        found = lenient.loads(data)
    except ValueError as error:
        problems.lose(f"{path}: found broken JSON ({error}), expected an object; what it held is lost")
        return {}
    if not isinstance(found, dict):
        problems.lose(f"{path}: found a {type(found).__name__}, expected an object; it is left out")
        return {}
    return found
