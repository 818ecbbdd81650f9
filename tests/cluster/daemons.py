"""Daemons of a cluster as children of the tests: none of the machine's own services is touched or needed.

Each runs in the foreground, writes into a folder of the test's, and ends with the process that started it, however
that ends.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

PATIENCE_SECONDS = 60.0


class Daemons:
    """Processes that run until `stop`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._running: list[tuple[str, subprocess.Popen[bytes]]] = []

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str] | None = None) -> None:
        """Starts a daemon; what it says goes to `<name>.out`."""
        tether = [sys.executable, "-m", "sweeps.launch.tethered", str(os.getpid())]
        with (self.folder / f"{name}.out").open("wb") as out:
            process = subprocess.Popen(
                [*tether, *command],
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        self._running.append((name, process))

    def wait(self, holds: Callable[[], object], what: str) -> None:
        """Waits until `holds()`; fails with what the daemons said when one ends, or it takes too long."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            ended = [name for name, process in self._running if process.poll() is not None]
            if ended or time.monotonic() > deadline:
                said = "\n".join(f"== {path}\n{_tail(path)}" for path in sorted(self.folder.glob("*.out")))
                pytest.fail(f"waited in vain: {what}; ended: {ended or 'none'}\n{said}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Ends them, the last first."""
        for _, process in reversed(self._running):
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()


def _tail(path: Path) -> str:
    return path.read_bytes()[-2000:].decode(errors="replace")


def free_ports(number: int) -> list[int]:
    """Ports of this machine that nobody uses, as far as one can know."""
    sockets = [socket.socket() for _ in range(number)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def program(*names: str) -> str:
    """Where a program is; `.ci/cluster` installs them all."""
    for name in names:
        for folder in (None, "/usr/sbin:/sbin"):
            if found := shutil.which(name, path=folder):
                return found
    pytest.fail(f"found no {names[0]}; run .ci/cluster as root, which installs what these tests need")
