"""A real GlusterFS volume: one server, and two clients that mount it through FUSE.

Each client has caches of its own, so the two mounts stand for two machines that share a disk.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.daemons import Daemons, free_ports, program

# The translators that a volume has by default; those that are off by default are left out.
_SERVER = """
volume posix
    type storage/posix
    option directory {brick}
end-volume
volume access-control
    type features/access-control
    subvolumes posix
end-volume
volume locks
    type features/locks
    subvolumes access-control
end-volume
volume io-threads
    type performance/io-threads
    subvolumes locks
end-volume
volume {brick}
    type debug/io-stats
    subvolumes io-threads
end-volume
volume server
    type protocol/server
    option transport-type tcp
    option transport.address-family inet
    option transport.socket.listen-port {port}
    option auth.addr.{brick}.allow *
    option auth-path {brick}
    subvolumes {brick}
end-volume
"""
_CLIENT = """
volume client
    type protocol/client
    option transport-type tcp
    option transport.address-family inet
    option remote-host 127.0.0.1
    option remote-port {port}
    option remote-subvolume {brick}
    option send-gids true
end-volume
volume dht
    type cluster/distribute
    subvolumes client
end-volume
volume utime
    type features/utime
    option noatime on
    subvolumes dht
end-volume
volume write-behind
    type performance/write-behind
    subvolumes utime
end-volume
volume open-behind
    type performance/open-behind
    subvolumes write-behind
end-volume
volume quick-read
    type performance/quick-read
    subvolumes open-behind
end-volume
volume md-cache
    type performance/md-cache
    subvolumes quick-read
end-volume
volume io-threads
    type performance/io-threads
    subvolumes md-cache
end-volume
volume runstore
    type debug/io-stats
    subvolumes io-threads
end-volume
"""


@dataclass(frozen=True)
class SharedDisk:
    """The two mounts of one volume."""

    a: Path
    b: Path


@contextmanager
def shared_disk(folder: Path) -> Iterator[SharedDisk]:
    """Mounts a new volume twice below `folder`; unmounts and removes it at the end."""
    daemons = Daemons(folder / "gluster")
    disk = SharedDisk(folder / "a", folder / "b")
    brick = folder / "brick"
    try:
        _serve(daemons, brick, disk)
        yield disk
    finally:
        for mount in (disk.a, disk.b):
            if _is_mounted(mount):
                subprocess.run(["umount", "--lazy", str(mount)], check=False)
        daemons.stop()


def _serve(daemons: Daemons, brick: Path, disk: SharedDisk) -> None:
    brick.mkdir(parents=True)
    [port] = free_ports(1)
    files = {"server.vol": _SERVER, "client.vol": _CLIENT}
    for name, text in files.items():
        (daemons.folder / name).write_text(text.format(brick=brick, port=port))
    _start(daemons, "glusterfsd", "server")
    for mount in (disk.a, disk.b):
        mount.mkdir()
        _start(daemons, "glusterfs", "client", mount)
    for mount in (disk.a, disk.b):
        daemons.wait(lambda mount=mount: _is_mounted(mount), f"{mount} is mounted")
        daemons.wait(lambda mount=mount: _answers(mount), f"{mount} answers")


def _start(daemons: Daemons, name: str, role: str, mount: Path | None = None) -> None:
    who = mount.name if mount else "server"
    options = ["--no-daemon", f"--volfile={daemons.folder / role}.vol", f"--log-file={daemons.folder / who}.log"]
    options.append(f"--pid-file={daemons.folder / who}.pid")
    daemons.start(f"{name}-{who}", [program(name), *options, *([str(mount)] if mount else [])])


def _is_mounted(path: Path) -> bool:
    return any(line.split()[1] == str(path) for line in Path("/proc/self/mounts").read_text().splitlines())


def _answers(path: Path) -> bool:
    try:
        os.listdir(path)
    except OSError:
        return False
    return True
