"""Which state a run is in, as its own process records it: `running`, then one of the states that end it."""

import datetime
import os
from dataclasses import dataclass

from runstore.errors import BadTypeError
from runstore.format import records
from runstore.format.host import boot_id, hostname, process_start
from runstore.format.records import Heartbeat, RunState, State
from runstore.format.run_layout import RunLayout, WriterLayout
from runstore.recording.saver import Saver


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended. `reason` says in a few words what ended it."""

    state: State
    exit_code: int
    reason: str = ""


def ending_of(exit_code: int | None) -> Ending:
    """The ending that an exit code stands for; None stands for 0. Raises `UsageError` for one that is no number."""
    if exit_code is not None and not isinstance(exit_code, int):
        raise BadTypeError(f"finish: exit_code is {exit_code!r}, expected a whole number")
    code = int(exit_code or 0)
    return Ending("failed" if code else "finished", code)


def ending_of_exception(kind: type[BaseException], value: BaseException | None) -> Ending:
    """The ending of a run whose script an exception left: Ctrl-C kills it, `sys.exit` has its code, others fail it."""
    if issubclass(kind, KeyboardInterrupt):
        return Ending("killed", 130, "Ctrl-C")
    if issubclass(kind, SystemExit):
        return ending_of(exit_code_of(getattr(value, "code", None)))
    return Ending("failed", 1, kind.__name__)


def exit_code_of(code: object) -> int:
    """The exit code of a process that left with `sys.exit(code)`: text is printed and counts as 1."""
    if code is None:
        return 0
    return int(code) if isinstance(code, int) else 1


class StateFiles:
    """`state.json` of one run and the heartbeat of one of its writers."""

    def __init__(
        self, layout: RunLayout, writer: WriterLayout, saver: Saver, *, primary: bool = True, ends_run: bool = True
    ) -> None:
        """`primary`: this writer says that the run runs; `ends_run`: its end is the run's."""
        self._layout = layout
        self._heartbeat = writer.heartbeat
        self._saver = saver
        self._primary = primary
        self._ends_run = ends_run
        self._running = RunState()

    def begin(self) -> None:
        beat = Heartbeat(pid=os.getpid(), host=hostname(), boot=boot_id(), start=process_start(os.getpid()) or 0.0)
        self._saver.save(self._heartbeat, records.dump_heartbeat(beat))
        if self._primary:
            self._saver.save(self._layout.state_json, records.dump_state(self._running))

    def mark_preempting(self) -> None:
        """Notes that the machine is about to be taken away. A rank that goes takes the run with it only if it leads."""
        self._running = RunState(preempting=True)
        if self._primary:
            self._saver.save(self._layout.state_json, records.dump_state(self._running), sync=True)

    def beat(self) -> None:
        """Shows that the process lives: the heartbeat's time of change."""
        try:
            os.utime(self._heartbeat)
        except OSError:
            self.begin()

    def end(self, ending: Ending) -> None:
        """Records how the run ended, on the disk; a writer that ended has no heartbeat."""
        preempting = self._running.preempting and ending.exit_code != 0  # Who finished was not preempted.
        state = RunState(ending.state, ending.exit_code, utc_now(), preempting)
        if not self._ends_run or self._saver.save(self._layout.state_json, records.dump_state(state), sync=True):
            try:
                self._heartbeat.unlink(missing_ok=True)
            except OSError:
                pass  # A reader believes state.json first.


def utc_now() -> str:
    """This moment as run.yaml and state.json spell it: ISO 8601, UTC."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
