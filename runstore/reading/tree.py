"""The files of a commit, copied below a directory without a checkout.

Whoever made the commit may be a stranger: a tree can hold links, and names that no file system gave. Neither becomes
a path here.
"""

import io
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from runstore.errors import StoreError
from runstore.reading.problems import Problem
from runstore.reading.repository import Repository

MOST_FILE_BYTES: Final = 1 << 30
"""A larger file is left out: packed by git, zeros of any size are small."""
MOST_BYTES: Final = 16 << 30
_CHUNK: Final = 1 << 20
_LONGEST_NAME: Final = 255
_LONGEST_PATH: Final = 2048
_POINTER: Final = b"version https://git-lfs.github.com/"
_LINK, _SUBMODULE = "120000", "160000"
_MISSING: Final = "BAD"


@dataclass(frozen=True, slots=True)
class Blob:
    """A plain file of a commit: its path below the tree, the digest of its content, its size in bytes."""

    path: str
    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a tree that can be copied, and what is left out of it."""

    blobs: tuple[Blob, ...]
    problems: tuple[Problem, ...]


def listed(repository: Repository, tree: str, lacks: Callable[[Sequence[str]], bool]) -> Listing | None:
    """The files below `tree` (`<commit>:<path>`) but for those that `lacks` takes out by the parts of their path; None
    where the commit has no such directory. Raises `StoreError`."""
    if repository.try_to("cat-file", "-t", tree).out.strip() != b"tree":
        return None
    blobs: dict[str, Blob] = {}
    problems: list[Problem] = []
    for line in repository.ask("ls-tree", "-r", "-z", "-l", "--full-tree", tree).split(b"\0"):
        if not line:
            continue
        facts, _, name = line.partition(b"\t")
        mode, _, digest, size = facts.decode().split()
        path = os.fsdecode(name)
        wrong = _wrong_name(name)
        if not wrong and lacks(path.split("/")):
            continue
        if size == _MISSING and repository.is_partial():
            raise repository.incomplete()
        wrong = wrong or _wrong_kind(mode, size) or ("found its name twice, expected it once" if path in blobs else "")
        if wrong:
            problems.append(_problem(path, f"{wrong}; it is left out"))
        else:
            blobs[path] = Blob(path, digest, int(size))
    return _without_clashes(blobs, problems)


def _without_clashes(blobs: dict[str, Blob], problems: list[Problem]) -> Listing:
    """The files whose name is no directory's too, up to as many bytes as are copied."""
    folders = {path[:at] for path in blobs for at in range(len(path)) if path[at] == "/"}
    kept, total = [], 0
    for path, blob in blobs.items():
        total += blob.size
        if path in folders:
            problems.append(_problem(path, "found a file and a directory of this name, expected one; it is left out"))
        elif total > MOST_BYTES:
            problems.append(_problem(path, f"it is past the first {MOST_BYTES} bytes of the commit; it is left out"))
        else:
            kept.append(blob)
    return Listing(tuple(kept), tuple(problems))


def _wrong_name(name: bytes) -> str:
    """Why a path of a tree is none that git makes of files, "" for a good one."""
    parts = name.split(b"/")
    if any(part in (b"", b".", b"..") or part.lower() == b".git" for part in parts):
        return "found a path that leads elsewhere, expected one inside the store"
    if len(name) > _LONGEST_PATH or any(len(part) > _LONGEST_NAME for part in parts):
        return "found a name that is too long for a file"
    return ""


def _wrong_kind(mode: str, size: str) -> str:
    if mode == _LINK:
        return "found a link, which is not followed, expected a file"
    if mode == _SUBMODULE:
        return "found a submodule, which is not followed, expected a directory"
    if size == _MISSING:
        return "its content is missing from the git repository, which `git fsck` tells more of"
    if int(size) > MOST_FILE_BYTES:
        return f"found {size} bytes, expected at most {MOST_FILE_BYTES}"
    return ""


def copy_blobs(repository: Repository, blobs: Iterable[Blob], folder: Path, when: float) -> list[Problem]:
    """Writes the files below `folder`, a new and private directory, as of the time `when` (epoch s); what it left out.

    Raises `StoreError` where the clone lacks one, or the disk does not take them.
    """
    same: dict[str, list[Blob]] = {}
    for blob in blobs:
        same.setdefault(blob.digest, []).append(blob)
    target = _Target(folder, when)
    problems: list[Problem] = []
    try:
        with repository.contents(same) as stream:
            for alike in same.values():
                if _read_size(repository, stream) != alike[0].size:
                    raise repository.incomplete()
                problems += _take(stream, alike, target)
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreError(f"{folder}: a commit's files cannot be copied here ({reason}); set TMPDIR") from None
    return problems


def _read_size(repository: Repository, stream: BinaryIO) -> int:
    """The size of the object that comes next."""
    head = stream.readline().split()
    if len(head) != 3 or not head[2].isdigit():
        raise repository.incomplete()
    return int(head[2])


def _take(stream: BinaryIO, alike: Sequence[Blob], target: "_Target") -> list[Problem]:
    """Copies one object to the paths that it has."""
    first, size = alike[0], alike[0].size
    if size > _CHUNK:
        target.stream(first.path, stream, size)
        for other in alike[1:]:
            target.copy(first.path, other.path)
    else:
        data = stream.read(size)
        if data.startswith(_POINTER):
            message = "found a pointer of git-lfs, expected the file; check the commit out to read it"
            stream.read(1)
            return [_problem(blob.path, message) for blob in alike]
        for blob in alike:
            target.write(blob.path, data)
    stream.read(1)
    return []


class _Target:
    """Where files are copied to."""

    def __init__(self, folder: Path, when: float) -> None:
        self._root = os.fspath(folder)
        # The same commit gives the same times, whenever it is read.
        self._when = round(when * 1e9)
        self._made: set[str] = set()

    def write(self, path: str, data: bytes) -> None:
        self.stream(path, io.BytesIO(data), len(data))

    def copy(self, path: str, other: str) -> None:
        with open(os.path.join(self._root, path), "rb") as source:
            self.stream(other, source, os.fstat(source.fileno()).st_size)

    def stream(self, path: str, source: BinaryIO, size: int) -> None:
        """Writes the next `size` bytes of `source`. A file object would ask the system twice as often, for each of
        thousands of files."""
        descriptor = self._open(path)
        try:
            while size > 0 and (piece := source.read(min(size, _CHUNK))):
                size -= len(piece)
                view = memoryview(piece)
                while view:
                    view = view[os.write(descriptor, view) :]
            os.utime(descriptor, ns=(self._when, self._when))
        finally:
            os.close(descriptor)

    def _open(self, path: str) -> int:
        place = os.path.join(self._root, path)
        parent = os.path.dirname(place)
        if parent not in self._made:
            os.makedirs(parent, exist_ok=True)
            self._made.add(parent)
        return os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def _problem(path: str, message: str) -> Problem:
    return Problem(path.encode("utf-8", "backslashreplace").decode(), 0, message)
