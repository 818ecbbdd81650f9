"""Publishing a record: it is whole before it has its name, and exactly one process gives it that name.

`link(2)` is the compare-and-swap, on a local disk and on every shared file system that has hard links. Where there
are none, `O_EXCL` on the name itself; a reader that finds half a record there waits.
"""

import errno
import os
import random
import time
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal

from runstore.format.sweep_layout import SHARD, SweepLayout
from sweeps.errors import SweepError

Primitive = Literal["link", "exclusive"]
Result = Literal["won", "taken", "gone"]
"""Whether a name is ours now, was another's, or cannot be given any more since its directory is gone."""

Sync = Literal["all", "content", "none"]
"""What waits for the disk, should the power fail. `all`: the record and its name. `content`: the record; its name may
be lost, and is given again by who finds out. `none`: nothing, as many try at once and one who waits for the disk makes
all others wait; `sync_record` brings it there later. A power cut before that may lose the record, or leave it empty."""

_PASSING: Final = frozenset({errno.ESTALE, errno.EIO, errno.EINTR, errno.EAGAIN, errno.ETIMEDOUT})
_REFUSED: Final = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV})
_PATIENCE_SECONDS: Final = 5.0
_GARBAGE_SECONDS: Final = 86_400.0


def publish(
    layout: SweepLayout,
    path: Path,
    data: bytes,
    primitive: Primitive = "link",
    sync: Sync = "all",
) -> Result:
    """Gives `data` the name `path`, unless something has it.

    Raises `OSError` for trouble with the disk, `SweepError` where there are no hard links.
    """
    if primitive == "exclusive":
        return _publish_exclusively(path, data)
    if sync == "none" and os.path.lexists(path):
        return "taken"  # Another was faster: asking is cheaper than a file for nothing.
    private = _write_private(layout, data, sync=sync != "none")
    try:
        result = _link(private, path)
        if result == "won" and sync == "all":
            _sync(path.parent)
        return result
    finally:
        with suppress(OSError):
            os.unlink(private)


def sync_record(path: Path) -> None:
    """Waits until a published record is on the disk."""
    with suppress(OSError):  # One that is gone was sealed; a disk that fails says so at the next record.
        _sync(path)


def detect_primitive(layout: SweepLayout) -> Primitive:
    """Which way to publish works where the sweep lies. Raises `OSError` where nothing can be written."""
    private = _write_private(layout, b"\n", sync=False)
    other = private.with_name(f"{private.name}.link")
    try:
        os.link(private, other)
        return "link" if os.stat(private).st_nlink == 2 else "exclusive"
    except OSError as error:
        if error.errno not in _REFUSED:
            raise
        return "exclusive"
    finally:
        for path in (private, other):
            with suppress(OSError):
                os.unlink(path)


def make_shard(layout: SweepLayout, shard: int) -> bool:
    """Makes the directories of a shard; False where it is sealed, or just being sealed.

    `done` comes first: where there are claims, outcomes have a place. Who slept while a shard came and went makes its
    directory anew, sees the seal beside it and takes it away again.
    """
    made = []
    for path in (layout.done(shard * SHARD).parent, layout.claim(shard * SHARD).parent):
        path.parent.mkdir(exist_ok=True)
        with suppress(FileExistsError):
            os.mkdir(path)
            made.append(path)
    if not is_sealed(layout, shard):
        return True
    for path in made:
        with suppress(OSError):
            os.rmdir(path)
    return False


def is_sealed(layout: SweepLayout, shard: int) -> bool:
    """Whether a shard is sealed, or just being sealed. In this order: one name goes only when the other is there."""
    return is_sealing(layout, shard) or os.path.lexists(layout.sealed(shard))


def is_sealing(layout: SweepLayout, shard: int) -> bool:
    """Whether the claims of a shard were moved aside to be sealed."""
    return os.path.lexists(layout.sealing(layout.claims_dir, shard))


def clear_garbage(layout: SweepLayout) -> None:
    """Deletes private files that a process left behind a day ago or more, as the file system's clock has it."""
    with suppress(OSError):
        marker = _write_private(layout, b"", sync=False)
        now = os.stat(marker).st_mtime
        for entry in list(os.scandir(layout.tmp_dir)):
            with suppress(OSError):
                if entry.path == str(marker) or (
                    entry.is_file(follow_symlinks=False)
                    and now - entry.stat(follow_symlinks=False).st_mtime > _GARBAGE_SECONDS
                ):
                    os.unlink(entry.path)


def _write_private(layout: SweepLayout, data: bytes, *, sync: bool) -> Path:
    """A file that nobody else knows, closed: what it holds is where other machines see it."""
    path = layout.tmp_dir / f"{os.getpid()}-{os.urandom(8).hex()}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags, 0o666)
    except FileNotFoundError:
        if not layout.path.is_dir():
            raise SweepError(f"{layout.path}: found no sweep there any more; was its directory deleted?") from None
        layout.tmp_dir.mkdir(exist_ok=True)
        descriptor = os.open(path, flags, 0o666)
    try:
        try:
            _write(descriptor, data)
            if sync:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError:
        with suppress(OSError):
            os.unlink(path)
        raise
    return path


def _link(private: Path, path: Path) -> Result:
    """Links, and asks the file itself how it went: a reply that was lost makes an error of our own success."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            os.link(private, path, follow_symlinks=False)
            return "won"
        except OSError as error:
            if _is_same(private, path):
                return "won"
            if error.errno == errno.EEXIST:
                return "taken"
            if error.errno in (errno.ENOENT, errno.ENOTDIR):
                return "gone"
            if error.errno in _REFUSED:
                raise SweepError(
                    f"{path}: found a file system that refuses hard links ({error.strerror}), expected one that has "
                    "them, as when the sweep was created; create the sweep anew where all agents run"
                ) from None
            if error.errno not in _PASSING or time.monotonic() > deadline:
                raise
        time.sleep(random.uniform(0.01, 0.1))


def _is_same(private: Path, path: Path) -> bool:
    try:
        ours, there = os.stat(private, follow_symlinks=False), os.stat(path, follow_symlinks=False)
    except OSError:
        return False
    return (ours.st_ino, ours.st_dev) == (there.st_ino, there.st_dev)


def _publish_exclusively(path: Path, data: bytes) -> Result:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
    except FileExistsError:
        return "taken"
    except (FileNotFoundError, NotADirectoryError):
        return "gone"
    try:
        _write(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return "won"


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _sync(path: Path) -> None:
    """To the disk, as far as the file system can; a directory too."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return  # A directory that was sealed meanwhile.
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EBADF, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)
