"""The processes that a test of a disk is made of: here, at another mount, or on another host through ssh."""

import json
import select
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from sweeps.errors import SweepError

PEER_MODULE: Final = "sweeps.doctor.peer"


class RefusedError(Exception):
    """The system said no to what a worker was asked for; `code` is the error's name, such as `EPERM`."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class Worker:
    """A process with a directory of the disk, and the pipe to it."""

    def __init__(self, folder: Path, host: str = "") -> None:
        """Starts it; `host`: on that machine, where Runstore has to be installed as it is here."""
        self.folder = folder
        self.host = host
        command = [sys.executable, "-m", PEER_MODULE, str(folder)]
        if host:
            command = ["ssh", "-o", "BatchMode=yes", "--", host, shlex.join(command)]
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
        except FileNotFoundError:
            raise SweepError("found no `ssh` on this machine; install it, or name another mount: --peer DIR") from None

    def ask(self, do: str, **arguments: Any) -> Any:
        """What the worker answers. Raises `RefusedError` for an error of the system, `SweepError` where it is gone."""
        self.send(do, **arguments)
        return self.receive()

    def send(self, do: str, **arguments: Any) -> None:
        """Asks without waiting: many can so start at one moment."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"do": do, **arguments}).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._gone() from None

    def receive(self, waits: Callable[[], object] | None = None, every: float = 1.0) -> Any:
        """The answer to what was sent; `waits` is called after each `every` seconds without one."""
        assert self._process.stdout is not None
        while waits is not None and not select.select([self._process.stdout], [], [], every)[0]:
            waits()
        line = self._process.stdout.readline()
        if not line:
            raise self._gone()
        answer: Mapping[str, Any] = json.loads(line)
        if "error" in answer:
            raise RefusedError(answer["error"], answer["text"])
        return answer["value"]

    def close(self) -> None:
        """Ends the process; what it held is let go."""
        self._process.kill()
        self._process.communicate()

    def _gone(self) -> SweepError:
        self._process.kill()
        said = self._process.communicate()[1].decode(errors="replace").strip().splitlines()
        where = f"on {self.host}" if self.host else f"at {self.folder}"
        why = said[-1] if said else f"it ended with {self._process.returncode}"
        mend = f"; `ssh {self.host} {sys.executable} -c 'import sweeps'` has to work" if self.host else ""
        return SweepError(f"the test's process {where} is gone: {why}{mend}")
