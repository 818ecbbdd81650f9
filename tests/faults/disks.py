"""Disks of a test's own, mounted where it says and gone with it: one in memory that fills up, one that can hang."""

import functools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


@contextmanager
def memory_disk(place: Path, size: str) -> Iterator[None]:
    """A tmpfs of `size` at `place`."""
    place.mkdir(parents=True, exist_ok=True)
    _run("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place))
    try:
        yield
    finally:
        _run("umount", "-l", str(place))


@contextmanager
def block_disk(place: Path, image: Path, size: int = 32 << 20) -> Iterator[None]:
    """An ext4 in the file `image` at `place`, which `frozen` and `broken` work on."""
    place.mkdir(parents=True, exist_ok=True)
    with image.open("wb") as file:
        file.truncate(size)
    _run("mkfs.ext4", "-q", str(image))
    _run("mount", "-o", "loop", str(image), str(place))
    try:
        yield
    finally:
        _run("umount", "-l", str(place))


@contextmanager
def frozen(place: Path) -> Iterator[None]:
    """Whoever writes to the disk at `place` hangs meanwhile."""
    _run("fsfreeze", "-f", str(place))
    try:
        yield
    finally:
        _run("fsfreeze", "-u", str(place))


def break_disk(place: Path) -> None:
    """Makes the disk at `place` read-only for good, as the kernel does after an error, with files open or not."""
    _run("mount", "-o", "remount,abort", str(place))


@functools.cache
def _works(kind: str) -> bool:
    if os.geteuid() != 0 or any(shutil.which(name) is None for name in ("mount", "mkfs.ext4", "fsfreeze")):
        return False
    with tempfile.TemporaryDirectory() as folder:
        place, image = Path(folder) / "disk", Path(folder) / "image"
        try:
            with memory_disk(place, "1m") if kind == "memory" else block_disk(place, image, 16 << 20):
                return True
        except (OSError, subprocess.CalledProcessError):
            return False


def needs(kind: str) -> pytest.MarkDecorator:
    """Leaves a test out where such a disk cannot be mounted; test_disk.py has the same with limits to a file's size."""
    return pytest.mark.skipif(not _works(kind), reason="mounting needs root, and test_disk.py stands in for it")
