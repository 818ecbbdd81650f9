"""Ways to run a trial: the sweep's program as a process, or a function in this very process."""

import shutil
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import pairwise
from os import environ, fspath
from pathlib import Path
from typing import Any, Final, Protocol

from runstore.errors import RunstoreError, UsageError
from runstore.format.host import boot_id, hostname
from runstore.format.sweep_records import Claim
from runstore.recording import current, ending
from runstore.recording.state import ending_of_exception
from sweeps.agent.child import Child
from sweeps.agent.command import build_command, chosen, needs_json_file
from sweeps.agent.places import Place
from sweeps.agent.surroundings import Surroundings
from sweeps.agent.tiers import Halt, Tiers
from sweeps.agent.watching import Beside, Ended, Watch
from sweeps.config.sweep import SweepConfig
from sweeps.errors import SweepError

_REST_SECONDS: Final = 0.25
_LONGEST_REASON: Final = 500


class Work(Protocol):
    """How an agent runs its trials."""

    def check(self) -> None:
        """Raises `SweepError` where no trial could be run at all."""

    def run(self, claim: Claim, watch: Watch) -> Ended:
        """Runs one trial to its end."""


class CommandWork:
    """Runs the sweep's program, as W&B's agent does."""

    def __init__(self, config: SweepConfig, place: Place, tiers: Tiers, patience: float, say: Callable[[str], None]):
        """`patience`: seconds from SIGTERM to SIGKILL."""
        self._config = config
        self._place = place
        self._tiers = tiers
        self._patience = patience
        self._say = say

    def check(self) -> None:
        elements = [str(each) for each in chosen(self._config.command)]
        if "${program}" in elements and not self._config.program:
            raise SweepError(
                "the sweep names no program: add `program: train.py` to its configuration and create it anew, or run a "
                "function with runstore.agent(sweep_id, function=f)"
            )
        by_python = any(pair == ("${interpreter}", "${program}") for pair in pairwise(elements))
        if by_python and not Path(self._config.program).is_file():
            raise SweepError(
                f"{self._config.program}: no such file in {Path.cwd()}; start the agent in the directory that the "
                "program is in, or name that with --dir; or create the sweep anew with another `program`: its "
                "configuration is fixed"
            )

    def run(self, claim: Claim, watch: Watch) -> Ended:
        around = Surroundings(self._place, claim)
        around.write(as_json=needs_json_file(self._config.command))
        try:
            command = build_command(self._config.command, self._config.program, claim.params, around.json_file)
            child = Child(command, around.environment(with_own_python(environ)))
            with self._tiers.to_child(child.send):
                return self._attend(child, watch)
        finally:
            around.clear()

    def _attend(self, child: Child, watch: Watch) -> Ended:
        while (code := child.wait(watch.pause)) is None:
            if halt := self._tiers.halt() or watch.look():
                return Ended(child.end(self._patience), halt)
        if halt := self._tiers.halt():
            return Ended(child.end(self._patience), halt)
        return self._rest(child, watch, code)

    def _rest(self, child: Child, watch: Watch, code: int) -> Ended:
        """What the program left behind: a run that goes on is waited for, anything else is ended."""
        if not child.group_lives():
            return Ended(code)
        if code == 0 and goes_on(watch):
            self._say(f"trial {watch.claim.n}: the program ended, but a process that it started goes on with the run")
        while code == 0 and child.group_lives() and goes_on(watch):
            time.sleep(_REST_SECONDS)
            if halt := self._tiers.halt() or watch.look():
                child.end(self._patience)
                return Ended(code, halt)
        if child.group_lives():
            self._say(f"trial {watch.claim.n}: ended what the program left running")
            child.end(self._patience)
        return Ended(code)


class FunctionWork:
    """Calls a function in this process and this thread."""

    def __init__(self, function: Callable[[], Any], place: Place, tiers: Tiers) -> None:
        self._function = function
        self._place = place
        self._tiers = tiers
        self._halt: Halt | None = None
        self._thread = threading.current_thread()
        self._gate = threading.Lock()
        self._inside = False
        self._asked = False
        self._reached = False

    def check(self) -> None:
        run = current.get()
        if run is not None and not run.detached:
            raise UsageError(f"run {run.id} is still going on; call runstore.finish() before runstore.agent()")

    def run(self, claim: Claim, watch: Watch) -> Ended:
        self._halt, self._asked, self._reached = None, False, False
        self._thread = threading.current_thread()
        around = Surroundings(self._place, claim)
        around.write()

        def end(halt: Halt) -> None:
            state = watch.run_state()
            if halt.kind != "stopped" or state is None or state.state == "running":
                self._end()

        try:
            # Signals are ours until the other thread has ended, which may just have sent one.
            with self._tiers.to_function(self._interrupt), around.in_this_process(), Beside(watch, end):
                code, reason = self._call()
        finally:
            around.clear()
        halt = self._halt or watch.halted
        state = watch.run_state()
        if code == 0 and state is not None and state.state == "finished":
            halt = None  # It ended well before it could be stopped.
        return Ended(code, halt, reason)

    def _call(self) -> tuple[int, str]:
        """Calls it, and ends its run; the exit code that its end stands for, and what went wrong."""
        left: BaseException | None = None
        try:
            self._inside = True
            try:
                self._function()
            finally:
                with self._gate:
                    self._inside = False
        except Exception as error:
            traceback.print_exc()
            left = error
        except (SystemExit, KeyboardInterrupt) as error:
            left = error
            self._halt = self._tiers.halt()
        self._inside = False  # An interrupt may have come in between.
        run = current.get()
        if run is not None and not run.detached:
            run.__exit__(None if left is None else type(left), left, None)
        if left is None:
            return 0, ""
        stands_for = ending_of_exception(type(left), left)
        return stands_for.exit_code, f"{type(left).__name__}: {left}"[:_LONGEST_REASON].rstrip(": ")

    def _end(self) -> None:
        """From another thread: interrupts the function, through its run where that was asked to stop."""
        here = self._thread is threading.main_thread()
        run = current.get()
        if run is not None and here:
            run.heed()
            if run.stopping:
                return
        with self._gate:
            if self._inside:
                self._asked = here
                if here:
                    ending.interrupt()
                elif self._thread.ident is not None:
                    ending.interrupt_thread(self._thread.ident)

    def _interrupt(self, halt: Halt | None) -> bool:
        """From a signal's handler: leaves the function where it is to end. With None: whether the signal came from
        `_end` or the run itself, once a trial, rather than from a person."""
        run = current.get()
        if halt is None:
            if self._reached or not (self._asked or (run is not None and run.stopping)):
                return False
            self._reached = True
            if not self._inside or (run is not None and run.over):
                return True
        self._halt = halt
        if self._inside:
            raise KeyboardInterrupt
        return True


def goes_on(watch: Watch) -> bool:
    """Whether a process of this host still writes the trial's run."""
    from runstore.format.records import load_heartbeat
    from runstore.reading.states import process_alive

    state = watch.run_state()
    if state is None or state.state != "running":
        return False
    with suppress(RunstoreError):
        beat = load_heartbeat(watch.run.heartbeat)
        return beat is not None and beat.host == hostname() and beat.boot == boot_id() and bool(process_alive(beat))
    return False


def with_own_python(given: Mapping[str, str]) -> dict[str, str]:
    """An environment in which `python` is this one, where the agent's virtual environment was not activated."""
    own = Path(sys.executable).parent
    if sys.prefix == sys.base_prefix or given.get("VIRTUAL_ENV") or not (own / "python").exists():
        return dict(given)
    found = shutil.which("python", path=given.get("PATH", ""))
    if found is not None and Path(found).parent == own:
        return dict(given)
    return {**given, "PATH": ":".join(part for part in (fspath(own), given.get("PATH", "")) if part)}
