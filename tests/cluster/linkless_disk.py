"""A real disk without hard links: an exFAT in a file, mounted through FUSE."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cluster.daemons import program

_SIZE = 64 << 20


@contextmanager
def linkless_disk(folder: Path) -> Iterator[Path]:
    """Mounts a new exFAT below `folder`; unmounts it at the end."""
    image, place = folder / "image", folder / "exfat"
    place.mkdir()
    with image.open("wb") as file:
        file.truncate(_SIZE)
    _run(program("mkfs.exfat"), str(image))
    device = _run(program("losetup"), "--find", "--show", str(image)).strip()
    try:
        _run(program("mount.exfat-fuse"), device, str(place))
        try:
            yield place
        finally:
            _run("umount", "--lazy", str(place))
    finally:
        _run(program("losetup"), "--detach", device)


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
