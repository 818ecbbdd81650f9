"""A tree on this machine's disk. A store may come from strangers: no link in it is followed, to read or to write."""

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from runstore.errors import StoreError
from runstore.format.carried import Carried, carried, refusal
from runstore.format.copying import copy_into
from runstore.format.host import hostname
from runstore.format.layout import link_among, make_below, refuse_links
from runstore.remote.trees import File, GoneError, Listing

_SKIPPED: Final = frozenset({".cache", ".git", ".repair", ".trash"})
_READING: Final = os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_GROWING: Final = os.O_WRONLY | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)


class LocalTree:
    """The tree below `root`, which need not be there yet."""

    grows = True
    concurrent = True

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()

    @property
    def where(self) -> str:
        return str(self.root)

    @property
    def identity(self) -> str:
        return os.path.realpath(self.root)

    def files(self) -> Listing:
        found: dict[str, File] = {}
        left_out: list[str] = []
        with self._told(self.root):
            for path, entry in self._walk(self.root, ""):
                what = carried(path) if not (wrong := refusal(path)) else None
                if what is not None and entry.is_symlink():
                    left_out.append(f"{path} is a link, which is not followed")
                elif what is not None and entry.is_file(follow_symlinks=False):
                    try:
                        found[path] = _file(what, entry.stat(follow_symlinks=False))
                    except FileNotFoundError:
                        continue  # A live run renamed it.
                elif wrong:
                    left_out.append(f"{path!r} {wrong}")
        return Listing(found, tuple(left_out))

    def _walk(self, folder: Path, inside: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
        """What is no directory, by path. A directory's own files come first: what their rows refer to is older."""
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except FileNotFoundError:
            return
        folders = [each for each in entries if each.is_dir(follow_symlinks=False)]
        yield from ((f"{inside}{each.name}", each) for each in entries if not each.is_dir(follow_symlinks=False))
        for each in folders:
            if inside or each.name not in _SKIPPED:
                yield from self._walk(folder / each.name, f"{inside}{each.name}/")

    def check(self) -> None:
        if not self.root.is_dir():
            raise StoreError(f"{self.root}: is not there any more; try again when it is back")

    def read(self, file: File, start: int, end: int) -> bytes:
        path = self.root / file.path
        with self._told(path):
            descriptor = self._open(path)
            try:
                return os.pread(descriptor, max(end - start, 0), start)
            finally:
                os.close(descriptor)

    def _open(self, path: Path) -> int:
        if link_among(self.root, path) is not None:
            raise GoneError(f"{path}: found a link, which is not followed; copy the file itself here")
        descriptor = os.open(path, _READING)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise GoneError(f"{path}: is no plain file any more; move it elsewhere")
        return descriptor

    def fetch(self, file: File, target: Path) -> None:
        path = self.root / file.path
        with self._told(path), open(self._open(path), "rb") as given, open(target, "wb") as made:
            copy_into(given, made)

    def path_of(self, file: File) -> Path | None:
        return self.root / file.path

    @contextmanager
    def draft(self, what: Carried, modified: float | None) -> Iterator[Path]:
        path = self.root / what.path
        beside = path.with_name(_beside(what))
        with self._told(path):
            make_below(self.root, path.parent)
            beside.unlink(missing_ok=True)
        try:
            yield beside
            with self._told(path):
                if modified is not None:
                    os.utime(beside, (modified, modified))
                os.replace(beside, path)
        finally:
            beside.unlink(missing_ok=True)

    def begin(self, what: Carried, data: bytes) -> None:
        folder = (self.root / what.path).parent
        beside = folder.with_name(f".{_beside(what).lstrip('.')}")
        with self._told(folder):
            make_below(self.root, folder.parent)
            if not folder.exists():
                make_below(self.root, beside)
                (beside / what.name).write_bytes(data)
                os.rename(beside, folder)
                return
        with self.draft(what, None) as draft:
            draft.write_bytes(data)

    def put(self, what: Carried, source: Path, modified: float | None) -> None:
        with (
            self.draft(what, modified) as beside,
            self._told(source),
            open(os.open(source, _READING), "rb") as given,
            open(beside, "wb") as made,
        ):
            copy_into(given, made)

    def grow(self, file: File, at: int, blocks: Iterable[bytes], modified: float | None) -> None:
        path = self.root / file.path
        with self._told(path):
            refuse_links(self.root, path)
            descriptor = os.open(path, _GROWING)
            try:
                for block in blocks:
                    at += _write(descriptor, block, at)
                if os.fstat(descriptor).st_size > at:
                    os.ftruncate(descriptor, at)
            finally:
                os.close(descriptor)
            if modified is not None:
                os.utime(path, (modified, modified))

    def look(self, what: Carried) -> File:
        with self._told(self.root / what.path):
            return _file(what, os.lstat(self.root / what.path))

    def remove(self, file: File) -> None:
        path = self.root / file.path
        with self._told(path):
            refuse_links(self.root, path.parent)
            path.unlink(missing_ok=True)
            for folder in list(path.parents)[: file.path.count("/")]:
                try:
                    folder.rmdir()
                except OSError:
                    return

    @contextmanager
    def _told(self, path: Path) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise GoneError(f"{error.filename or path}: is not there any more; try again") from None
        except OSError as error:
            reason = error.strerror or str(error)
            raise StoreError(
                f"{error.filename or path}: {reason.lower()}; check its permissions and the disk"
            ) from None


def _file(what: Carried, found: os.stat_result) -> File:
    return File(what, found.st_size, f"{found.st_mtime_ns}-{found.st_ino}", found.st_mtime, what.path)


def _beside(what: Carried) -> str:
    """A temporary name that is the same when a copy that was killed is made again, so that nothing stays behind."""
    digest = hashlib.sha256(f"{hostname()}\0{what.path}".encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return f".{what.name[:100]}.{digest}.tmp"


def _write(descriptor: int, block: bytes, at: int) -> int:
    view = memoryview(block)
    while view:
        done = os.pwrite(descriptor, view, at)
        at += done
        view = view[done:]
    return len(block)
