"""What artifacts hold, by content: each distinct file once, read-only, under its SHA-256.

A blob gets its name in one step (rename or link), so there is none that is half written, and who adds the same content
at the same time does no harm. Nothing here asks the disk to sync: after a loss of power `verify` may find a blob that
is not whole.
"""

import errno
import fcntl
import hashlib
import os
import secrets
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from runstore.artifacts.errors import ArtifactError, ContentError
from runstore.format.layout import NO_LINKS, StoreLayout, link_among, make_below
from runstore.format.run_layout import linked

_FICLONE: Final = 0x40049409
_BLOCK: Final = 4 << 20
# Below this a second thread costs more than it saves.
_LARGE: Final = 8 << 20
_MODE: Final = 0o444
UNSHARED: Final = (-1, -1)
_NO_CLONE = frozenset({errno.EXDEV, errno.EOPNOTSUPP, errno.ENOTTY, errno.EINVAL, errno.ENOSYS, errno.EPERM})
_NO_LINK = frozenset({errno.EXDEV, errno.EPERM, errno.EACCES, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS})


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes on their way into a store. `path` is where they lie now; when `ours`, that file may be moved away.

    `origin` is the file that the script named. One that is not ours may become the blob itself (by a hard link) if its
    `stamp`, size and mtime (ns) when it was hashed, still holds; `UNSHARED` forbids that.
    """

    sha256: str
    size: int
    path: str
    ours: bool
    origin: str
    stamp: tuple[int, int]


def stamp_of(path: str) -> tuple[int, int]:
    """What tells whether a file was changed: size in bytes and mtime in ns. Raises `OSError`."""
    found = os.stat(path)
    return found.st_size, found.st_mtime_ns


def hash_file(path: str) -> tuple[str, int]:
    """The SHA-256 of a file, and its size. Raises `OSError`."""
    with open(path, "rb", buffering=0) as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return digest, file.tell()


def copy_hashing(source: str, target: str) -> tuple[str, int]:
    """Copies a file to `target`, which must not exist, read-only; gives its SHA-256 and size.

    Where the file system can, both share their blocks; else each byte is read once. Raises `OSError` and leaves
    nothing behind.
    """
    reader = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    try:
        writer = os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
        try:
            return _hash(writer) if _clone(reader, writer) else _copy(reader, writer)
        except BaseException:
            os.unlink(target)
            raise
        finally:
            os.close(writer)
    finally:
        os.close(reader)


def _clone(reader: int, writer: int) -> bool:
    """Whether the file system made `writer` a copy that shares its blocks with `reader`."""
    if os.fstat(reader).st_size < _LARGE:
        return False
    try:
        fcntl.ioctl(writer, _FICLONE, reader)
    except OSError as error:
        if error.errno in _NO_CLONE:
            return False
        raise
    return True


def _hash(descriptor: int) -> tuple[str, int]:
    digest, size, block = hashlib.sha256(), 0, bytearray(_BLOCK)
    while count := os.preadv(descriptor, [block], size):
        digest.update(memoryview(block)[:count])
        size += count
    return digest.hexdigest(), size


def _copy(reader: int, writer: int) -> tuple[str, int]:
    size = os.fstat(reader).st_size
    if size >= _LARGE:
        return _copy_with_two_threads(reader, writer)
    digest, done = hashlib.sha256(), 0
    # One byte more than there are, so that the end is seen in the first call.
    while data := os.read(reader, max(size - done + 1, 1 << 16)):
        digest.update(data)
        _write(writer, memoryview(data))
        done += len(data)
        if done == size and len(data) == size:
            break
    return digest.hexdigest(), done


def _copy_with_two_threads(reader: int, writer: int) -> tuple[str, int]:
    """Hashes one block while the one before it is written: both go on without the interpreter's lock."""
    digest, size, number = hashlib.sha256(), 0, 0
    blocks = (memoryview(bytearray(_BLOCK)), memoryview(bytearray(_BLOCK)))
    with ThreadPoolExecutor(1) as pool:
        while count := os.readv(reader, [blocks[number]]):
            block = blocks[number][:count]
            hashing = pool.submit(digest.update, block)
            _write(writer, block)
            hashing.result()
            size += count
            number = 1 - number
    return digest.hexdigest(), size


def _write(descriptor: int, data: memoryview) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


class Blobs:
    """The blobs of one store."""

    def __init__(self, store: StoreLayout) -> None:
        self._store = store
        self._folders: set[Path] = set()

    def path(self, sha256: str) -> Path:
        """Where the content lies, there or not. Raises `UsageError` for what is no SHA-256."""
        return self._store.blob(sha256)

    def behind_link(self, blob: Path) -> str:
        """What to say when the directory that holds a blob, or one above it, is a link; "" when none is."""
        if blob.parent in self._folders:
            return ""
        link = link_among(self._store.root, blob.parent)
        if link is None:
            return ""
        return f"its content lies behind {link.relative_to(self._store.root)}: {NO_LINKS}"

    def keep(self, content: Content) -> None:
        """Makes sure that the store has this content, from now on for longer than any clean-up waits.

        Raises `OSError` for trouble with the disk, `StoreError` where it would lie behind a link, `ContentError` when
        the file that it should come from is no longer the one that was hashed.
        """
        blob = self.path(content.sha256)
        if self._refresh(blob, content.size):
            return
        if blob.parent not in self._folders:
            make_below(self._store.root, blob.parent)
            self._folders.add(blob.parent)
        if content.ours and _move(content.path, blob):
            return
        if not content.ours and _link(content, blob):
            return
        self._copy_in(content, blob)

    def renew(self, sha256: str, size: int | None) -> bool:
        """Whether the store has this content; if so it is kept as if it were new."""
        return self._refresh(self.path(sha256), size)

    def _refresh(self, blob: Path, size: int | None) -> bool:
        """Whether the blob is there, whole as far as its size tells, and young from now on."""
        if self.behind_link(blob):
            return False
        try:
            found = os.lstat(blob)
            if not stat.S_ISREG(found.st_mode) or (size is not None and found.st_size != size):
                return False
            # Whoever cleans up leaves young blobs alone: a version that names this one is about to be written.
            os.utime(blob)
        except FileNotFoundError:
            return False
        except PermissionError:
            return False  # Somebody else's: a copy of our own replaces it.
        return True

    def _copy_in(self, content: Content, blob: Path) -> None:
        beside = blob.with_name(f".{blob.name[:12]}.{secrets.token_hex(4)}.tmp")
        source = content.path if os.path.exists(content.path) else content.origin
        if not os.path.exists(source):
            raise ContentError(f"{source}: is gone before it was logged; add the file again")
        try:
            found = copy_hashing(source, os.fspath(beside))
            if found != (content.sha256, content.size):
                raise ContentError(
                    f"{source}: found other content than when it was added, expected the same until it is logged; "
                    "add it with policy='mutable', or log it before it changes"
                )
            os.replace(beside, blob)
        finally:
            beside.unlink(missing_ok=True)

    def problem(self, sha256: str, size: int | None, *, deep: bool = True) -> str:
        """What is wrong with the content of a version, "" when it is there (`deep`: and word for word)."""
        wanted = "its content" if size is None else f"its {size} bytes"
        blob = self.path(sha256)
        if wrong := self.behind_link(blob):
            return wrong
        try:
            found = os.lstat(blob)
            if stat.S_ISLNK(found.st_mode):
                return linked("file")
            if not stat.S_ISREG(found.st_mode):
                return f"found no plain file, expected {wanted}; restore it from a copy of the store"
            if size is not None and found.st_size != size:
                return f"found {found.st_size} bytes, expected {size}; restore it from a copy of the store"
            if deep and (digest := hash_file(os.fspath(blob))[0]) != sha256:
                return f"found other bytes (sha256 {digest[:12]}…), expected {sha256[:12]}…; restore it from a copy"
        except FileNotFoundError:
            return f"found no such content in the store, expected {wanted}; restore it from a copy of the store"
        except OSError as error:
            return f"cannot be read ({error.strerror or error}); check its permissions"
        return ""

    def fetch(self, sha256: str, size: int | None, target: str) -> None:
        """Copies content to `target`, replacing what is there. Raises `ContentError`, or `OSError` for the target."""
        blob = os.fspath(self.path(sha256))
        if wrong := self.problem(sha256, size, deep=False):
            raise ContentError(f"{blob}: {wrong}")
        folder, name = os.path.split(target)
        beside = os.path.join(folder, f".{name[:80]}.{secrets.token_hex(4)}.tmp")
        try:
            found, _ = copy_hashing(blob, beside)
            if found != sha256:
                raise ContentError(f"{blob}: found other bytes, expected those logged; restore it from a copy")
            os.chmod(beside, 0o666 & ~umask())
            os.replace(beside, target)
        finally:
            if os.path.lexists(beside):
                os.unlink(beside)


def umask() -> int:
    """The process's mask, looked up without changing it for other threads."""
    global _mask
    if _mask < 0:
        try:
            with open("/proc/self/status", encoding="ascii") as file:
                _mask = next(int(line.split()[1], 8) for line in file if line.startswith("Umask:"))
        except (OSError, StopIteration, ValueError):
            _mask = os.umask(0o022)
            os.umask(_mask)
    return _mask


_mask = -1


def _move(path: str, blob: Path) -> bool:
    """Whether a file of ours became the blob."""
    try:
        os.rename(path, blob)
    except FileNotFoundError:
        if os.path.isdir(blob.parent):
            return False
        raise
    except OSError as error:
        if error.errno == errno.EXDEV:
            return False
        raise
    return True


def _link(content: Content, blob: Path) -> bool:
    """Whether the script's own file, which it promised not to change, became the blob as well: made read-only."""
    try:
        found = os.lstat(content.path)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
            return False
        if (found.st_size, found.st_mtime_ns) != content.stamp:
            return False
        os.link(content.path, blob, follow_symlinks=False)
        os.chmod(blob, found.st_mode & 0o555)
    except FileExistsError:
        blob.unlink()  # Damaged, or not ours to keep: `keep` looked before.
        return _link(content, blob)
    except OSError as error:
        if error.errno in _NO_LINK or isinstance(error, FileNotFoundError):
            return False
        raise
    return True


def unreadable_source(path: str, error: OSError) -> ArtifactError:
    """The caller's mistake: a file that cannot be added."""
    return ArtifactError(f"{path}: cannot be added ({error.strerror or error}); check the path and its permissions")
