"""One agent as a job of some scheduler: a process that is looked after, and told when its machine is taken away.

An `AgentTask` is pickled, sent to another machine where Runstore is installed, and called there.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final

from sweeps.errors import SweepError

_SHARE_TO_SAVE: Final = 0.5
"""Of the time from the warning to the end this share belongs to the trial, to save what it has; the rest to ending."""


@dataclass(frozen=True, slots=True)
class AgentTask:
    """Runs `runstore agent` with `arguments` in `folder` until it ends.

    `warning`: seconds from SIGUSR1, which says that the machine will be taken away, until that happens. The trial's
    program hears the signal, no further trial is taken, and what has not ended by then is given back to the others.
    Afterwards `requeue` is run, where it is not empty: the scheduler's command that starts the job anew.
    """

    arguments: tuple[str, ...]
    folder: str
    warning: float = 0.0
    requeue: tuple[str, ...] = ()

    def __call__(self, number: int = 0) -> int:
        """Returns 0. Raises `SweepError` where the agent cannot be started, or ends with another code."""
        if not Path(self.folder).is_dir():
            raise SweepError(f"{self.folder}: not there on {os.uname().nodename}; launch from a directory that all see")
        command = [sys.executable, "-m", "runstore", "agent", *self.arguments]
        # Should this process be killed, nobody would end the agent.
        tether = [sys.executable, "-m", "sweeps.launch.tethered", str(os.getpid())]
        agent = subprocess.Popen([*tether, *command], cwd=self.folder, stdin=subprocess.DEVNULL)
        warned = threading.Event()
        with _heard(agent, warned, self.warning):
            code = agent.wait()
            if warned.is_set() and self.requeue:
                self._requeue()
        if code:
            raise SweepError(f"agent {number} ended with {code}; its output says why")
        return code

    def _requeue(self) -> None:
        command = [os.path.expandvars(each) for each in self.requeue]
        print(f"the machine is taken away: {' '.join(command)}", flush=True)
        subprocess.run(command, check=True, timeout=60)
        sys.exit(0)


@contextmanager
def _heard(agent: "subprocess.Popen[bytes]", warned: threading.Event, warning: float) -> Iterator[None]:
    """Passes signals on to the agent, where this is the main thread: no other can hear them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def on_warning(number: int, frame: FrameType | None) -> None:
        if not warned.is_set():
            warned.set()
            agent.send_signal(number)  # Passed on to the trial, which may save itself and end.
            agent.send_signal(signal.SIGINT)  # No further trial.
            timer = threading.Timer(_SHARE_TO_SAVE * warning, agent.terminate)
            timer.daemon = True
            timer.start()

    def on_end(number: int, frame: FrameType | None) -> None:
        agent.terminate()

    handlers: dict[int, Callable[[int, FrameType | None], None]] = {
        signal.SIGUSR1: on_warning,
        signal.SIGTERM: on_end,
    }
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
