"""A trial's process, in a process group of its own: started, waited for, asked to end, killed."""

import os
import select
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

from sweeps.errors import SweepError

_POLL_SECONDS: Final = 0.05
_MESSAGES: Final = tuple(getattr(signal, name) for name in ("SIGUSR1", "SIGUSR2") if hasattr(signal, name))


class Child:
    """A process and those that it started, as far as they stayed in its group.

    The group is not the terminal's: Ctrl-C reaches the agent alone, which decides. Its standard input is empty.
    """

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        """Starts it. Raises `SweepError` in one line where that is impossible."""
        try:
            self._process = subprocess.Popen(
                list(arguments), env=dict(environment), stdin=subprocess.DEVNULL, process_group=0
            )
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise SweepError(
                f"{arguments[0]}: cannot be started ({reason}); check `program` and `command` of the sweep, and the "
                f"directory that the agent runs in ({os.getcwd()})"
            ) from None
        self._watched = _watch(self._process.pid)

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait(self, seconds: float) -> int | None:
        """The exit code, negative for a signal, once it has ended; None when that takes longer than `seconds`."""
        deadline = time.monotonic() + seconds
        while (code := self._process.poll()) is None:
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            self._pause(left)
        self._close()
        return code

    def group_lives(self) -> bool:
        """Whether a process of the group is there: itself, or one that it left behind."""
        try:
            os.killpg(self._process.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:  # There is one, of another user.
            return True
        return True

    def send(self, number: int) -> None:
        """Sends a signal to the whole group; nothing when it is gone. SIGUSR1 and SIGUSR2 are messages, which reach the
        processes that wait for them: the others would die of them."""
        if number in _MESSAGES and (listeners := _listeners(self._process.pid, number)) is not None:
            for pid in listeners:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, number)
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def end(self, patience: float) -> int:
        """SIGTERM, and SIGKILL for what is left of the group after `patience` seconds; the exit code."""
        self.send(signal.SIGTERM)
        self.send(signal.SIGCONT)  # A stopped process would not hear it.
        deadline = time.monotonic() + patience
        self.wait(patience)
        while self.group_lives() and time.monotonic() < deadline and self._process.poll() is not None:
            time.sleep(_POLL_SECONDS)
        return self.kill()

    def kill(self) -> int:
        """SIGKILL for the group; the exit code."""
        if self.group_lives():
            self.send(signal.SIGKILL)
        code = self._process.wait()
        self._close()
        return code

    def _pause(self, seconds: float) -> None:
        if self._watched is None:
            time.sleep(min(seconds, _POLL_SECONDS))
        else:
            select.select([self._watched], [], [], seconds)

    def _close(self) -> None:
        if self._watched is not None:
            os.close(self._watched)
            self._watched = None


def _listeners(group: int, number: int) -> list[int] | None:
    """The processes of a group that have a handler for a signal; None where the system does not tell."""
    found = []
    try:
        for pid in [int(name) for name in os.listdir("/proc") if name.isdecimal()]:
            with suppress(OSError):
                if os.getpgid(pid) == group and _catches(pid, number):
                    found.append(pid)
    except OSError:
        return None
    return found if os.path.exists("/proc/self/status") else None


def _catches(pid: int, number: int) -> bool:
    with open(f"/proc/{pid}/status", "rb") as status:
        masks = [line.split()[1] for line in status if line.startswith(b"SigCgt:")]
    return bool(masks) and bool(int(masks[0], 16) >> (number - 1) & 1)


def _watch(pid: int) -> int | None:
    """A descriptor that can be read from once the process has ended; None where the system has no such thing."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None
