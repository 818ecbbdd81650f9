"""A file of lines replaced by its pack, and a pack by its lines: at every moment one of the two is whole.

The new file is written beside, read back and compared by digest, brought to the disk, and given its name; only then the
old one goes. A process that is killed leaves the old file, or both; the next one goes on from there.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from runstore.archive.pack import LongLineError, Pack, blocks, write_pack
from runstore.archive.plain import open_plain
from runstore.errors import StoreError
from runstore.format.run_layout import packed_name, unpacked_name


@dataclass(frozen=True, slots=True)
class Replaced:
    """A file that was replaced: its bytes before and behind. Where `done` is False it stays, and `why` says why."""

    path: Path
    before: int
    after: int
    done: bool = True
    why: str = ""


def pack(path: Path) -> Replaced:
    """Replaces a file of lines, which nobody writes any more, by its pack, where that is smaller.

    Raises `StoreError` where that is impossible; then the lines are as they were.
    """
    with _told(path), open_plain(path) as source:
        before = os.fstat(source.fileno())
        target = path.with_name(packed_name(path.name) or "")
        if target.is_file() and not _is_same(target, source):
            raise StoreError(f"{target}: holds other rows than {path.name} beside it; keep one of the two")
        if not target.is_file():
            try:
                made = _make_pack(source, target, before)
            except LongLineError:
                return Replaced(path, before.st_size, before.st_size, done=False, why="has a line of many megabytes")
            if made is None:
                return Replaced(path, before.st_size, before.st_size, done=False, why="would not become smaller")
        _refuse_changed(path, before)
        after = target.stat().st_size
        path.unlink()
        _sync_folder(path.parent)
        return Replaced(target, before.st_size, after)


def _make_pack(source: BinaryIO, target: Path, of: os.stat_result) -> Pack | None:
    """Makes the pack of a file under its own name, known to be whole; None where it would not be smaller."""
    with _beside(target) as beside:
        head = write_pack(source, beside)
        if beside.stat().st_size >= of.st_size:
            return None
        made = Pack.open(beside)
        if made.head != head or not made.is_sound():
            raise StoreError(f"{target}: what was packed does not read back as it was; the lines stay as they are")
        _finish(beside, target, of)
    return made


def unpack(path: Path) -> Replaced:
    """Replaces a pack by the lines that it was made of, byte for byte.

    Raises `StoreError` where that is impossible; then the pack is as it was.
    """
    with _told(path):
        packed = Pack.open(path)
        before = os.lstat(path)
        target = path.with_name(unpacked_name(path.name) or "")
        if target.is_file():
            with open_plain(target) as there:
                if not packed.is_of(blocks(there)):
                    raise StoreError(f"{path}: holds other rows than {target.name} beside it; keep one of the two")
        else:
            _make_lines(packed, target, before)
        path.unlink()
        _sync_folder(path.parent)
        return Replaced(target, before.st_size, packed.head.size)


def _make_lines(packed: Pack, target: Path, of: os.stat_result) -> None:
    with _beside(target) as beside:
        with beside.open("xb") as out:
            for block in packed.blocks():
                out.write(block)
        with open_plain(beside) as again:
            if not packed.is_of(blocks(again)):
                raise StoreError(f"{packed.path}: does not give back the lines it was made of; take it from a backup")
        _finish(beside, target, of)


def _is_same(target: Path, source: BinaryIO) -> bool:
    """Whether a pack that is there already gives back all that `source` holds."""
    packed = Pack.open(target)
    same = packed.is_of(blocks(source)) and packed.is_sound()
    source.seek(0)
    return same


def _refuse_changed(path: Path, before: os.stat_result) -> None:
    now = os.lstat(path)
    if (now.st_size, now.st_mtime_ns, now.st_ino) != (before.st_size, before.st_mtime_ns, before.st_ino):
        raise StoreError(f"{path}: was written to while it was packed; it stays as it is, archive it when its run ends")


def _finish(beside: Path, target: Path, of: os.stat_result) -> None:
    """Gives a new file the times and the mode of the one that it replaces, and its name once it is on the disk."""
    os.chmod(beside, of.st_mode & 0o777)
    os.utime(beside, ns=(of.st_atime_ns, of.st_mtime_ns))
    with open(beside, "rb") as file:
        os.fsync(file.fileno())
    os.replace(beside, target)
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """A name beside `target` for a file that is being made; what is left there goes."""
    beside = target.with_name(f".{target.name}.{os.urandom(4).hex()}.tmp")
    try:
        yield beside
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreError(f"{path}: cannot be replaced ({reason}); it is as it was") from None
