"""One run on the disk: the parts that write it, brought to life together, kept alive, and ended together."""

import datetime
import os
import shlex
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from runstore.errors import StoreError
from runstore.format import records
from runstore.format.layout import ProjectLayout, StoreLayout
from runstore.format.records import RunMeta
from runstore.format.run_layout import RunLayout, WriterLayout
from runstore.recording import console, terminal
from runstore.recording.config import Config
from runstore.recording.console import ConsoleLog
from runstore.recording.history import DETACHED, LATE_STEP, History
from runstore.recording.linefile import LineFile
from runstore.recording.media import MediaFiles
from runstore.recording.metrics import Definitions
from runstore.recording.monitor import Monitor
from runstore.recording.outputlog import OutputLog
from runstore.recording.parts import Desk, P, Parts
from runstore.recording.provenance import Provenance
from runstore.recording.resuming import Beginning
from runstore.recording.saver import Saver
from runstore.recording.state import Ending, StateFiles, utc_now
from runstore.recording.summary import Summary
from runstore.recording.system import SystemMetrics
from runstore.recording.trouble import MOST_FILES, Trouble
from runstore.settings import RunSettings

_PATIENCE_SECONDS = 10.0
_HASTE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run lies: its store, project and own directory, and the files in that which this process writes."""

    store: StoreLayout
    project: ProjectLayout
    run: RunLayout
    writer: WriterLayout


@dataclass(frozen=True, slots=True)
class RunStatus:
    """What `run.status()` gives: rows of this process so far, those that wait, when the disk last had them all."""

    sync_items_total: int = 0
    sync_items_pending: int = 0
    sync_time: datetime.datetime | None = None


class Recorder:
    """Writes one run, as one of its writers. Safe for threads. After the constructor no trouble with the disk is
    raised."""

    def __init__(
        self, place: Place, meta: RunMeta, config: Config, wish: RunSettings, beginning: Beginning | None = None
    ) -> None:
        """Opens the files of the writer, which nobody else has. Raises `StoreError`."""
        self.meta = meta
        self.config = config
        self.beginning = beginning or Beginning()
        self.stop_reason = ""
        self._stopped: Callable[[], None] = lambda: None
        self._place = place
        self._wish = wish
        self._begun = time.monotonic()
        self._trouble = Trouble(self._warn)
        self._saver = Saver(self._trouble)
        media = MediaFiles(place.run.media_dir, self._saver, self._trouble)
        self.metrics = Definitions(self._save_metrics)
        self.metrics.restore(self.beginning.metrics)
        self.summary = Summary(self._save_summary, media.store, self.metrics)
        self._rows = _open(place.writer.history, self._trouble)
        self.history = self._take_up(media)
        self.log = self.history.log
        self._log = _open_log(place.writer, self._trouble, wish) if wish.console != "off" else None
        self._console = ConsoleLog(self._log) if self._log is not None else None
        leads, ends_run = self.beginning.primary, _ends_run(self.beginning, wish)
        self._state = StateFiles(place.run, place.writer, self._saver, primary=leads, ends_run=ends_run)
        self._provenance = Provenance(
            place.run,
            place.store,
            self._saver,
            started=utc_now() if self.beginning.facts else meta.created,
            wish=wish,
            writer=place.writer,
            facts=self.beginning.facts,
            primary=leads,
        )
        self._monitor = Monitor(self._beat, wish.heartbeat_seconds, self.look)
        self._looking = threading.Lock()
        self._rested = False
        self._detached = ""
        self._parts = Parts(self._desk(media))

    def _take_up(self, media: MediaFiles) -> History:
        """The history, which begins where earlier writers left off; the summary goes on from theirs."""
        start = self.beginning
        history = History(
            self._rows,
            self._trouble,
            media.store,
            self.summary,
            self.metrics,
            start=self._begun - start.runtime,
            step=start.step,
        )
        self.summary.restore(start.summary, start.rows, start.history, start.nested)
        self.summary.attach(history.refresh_latest)
        return history

    def _desk(self, media: MediaFiles) -> Desk:
        return Desk(
            store=self._place.store,
            project=self._place.project,
            run=self._place.run,
            writer=self._place.writer,
            settings=self._wish,
            saver=self._saver,
            trouble=self._trouble,
            say=self._say,
            warn=self._warn,
            log=self.log,
            step=lambda: self.history.current,
            store_media=media.store,
            runtime=lambda: time.monotonic() - self._begun + self.beginning.runtime,
        )

    @property
    def path(self) -> Path:
        return self._place.run.path

    @property
    def step(self) -> int:
        return self.history.step

    @property
    def settings(self) -> RunSettings:
        """The settings that the run began with."""
        return self._wish

    def part(self, kind: type[P]) -> P:
        """The run's part of this kind, made when it is first asked for."""
        if self._detached:
            self._trouble.warn_once(DETACHED, self._detached)
        return self._parts.get(kind)

    def begin(self, stopped: Callable[[], None]) -> None:
        """Writes what is known of the run, and starts what goes on beside it. `stopped` is called, from a thread, when
        somebody asks the run to stop."""
        self._stopped = stopped
        if self.beginning.primary:
            self._forget_stop_request()
            if self._meta_on_disk() != self.meta:
                self._saver.save(self._place.run.run_yaml, records.dump_run(self.meta))
        self._state.begin()
        self.config.attach(self._save_config)
        if self.beginning.resumed:  # A reader must not take what an earlier attempt said for what holds now.
            self._save_summary(self.summary.dump())
        self._provenance.start()
        if self.beginning.unfinished is not None:
            self.beginning.unfinished.remember(self.meta.id)
        again = f" goes on at step {self.beginning.step}" if self.beginning.resumed else ""
        self._say(f"run {self.meta.name} ({self._place.project.name}/{self.meta.id}){again}", f"in {shown(self.path)}")
        if self._console is not None:
            self._listen(self._console)
        self._monitor.start()
        self._parts.get(SystemMetrics).begin()
        if self._wish.save_code:
            from runstore.recording.code import Code

            self._parts.get(Code).begin()

    def edit(self, **changed: Any) -> None:
        """Changes what run.yaml says of the run; what a person has edited there meanwhile stays."""
        if not self.beginning.primary:
            names = ", ".join(changed)
            self.warn_once("edit", f"{names} of a shared run is set by its primary process: ignored in this one")
            return
        self.meta = replace(self._meta_on_disk() or self.meta, **changed)
        self._saver.save(self._place.run.run_yaml, records.dump_run(self.meta))

    def _meta_on_disk(self) -> RunMeta | None:
        path = self._place.run.run_yaml
        try:
            return records.load_run(path) if os.path.exists(path) else None
        except StoreError:
            return None

    def status(self) -> RunStatus:
        """How much of the run waits for the disk."""
        waiting = self._rows.waiting_lines() + len(self._trouble.still_failing())
        return RunStatus(self.history.step - self.beginning.step, waiting, None if waiting else _now())

    def pin(self, keys: list[str]) -> None:
        """Keeps which keys of the config matter most."""
        self._provenance.add(pinned_keys=keys)

    def histories(self) -> list[Path]:
        """The histories of the run that there are, of all of its writers."""
        try:
            return self._place.run.histories()
        except OSError:
            return []

    def mark_preempting(self) -> None:
        """Notes that the machine is about to be taken away."""
        self._state.mark_preempting()

    def files_dir(self) -> Path:
        """The directory for the script's own files, made if need be."""
        folder = self._place.run.files_dir
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self._trouble.failed(folder, error)
        return folder

    def end(self, ending: Ending, closed: str, *, quiet: bool) -> None:
        """Brings everything to the disk and records how the run ended; `closed` is what a later `log` is told."""
        try:
            self._monitor.stop()
            self._provenance.wait(_HASTE_SECONDS if ending.reason == "SIGTERM" else _PATIENCE_SECONDS)
            self._restore_if_gone()
            self._parts.end()
            self.history.close(closed)
            self._save_summary(self.summary.dump())
            self._saver.retry()
        finally:
            try:
                if not self.beginning.primary:
                    ended = {"state": ending.state, "exit_code": ending.exit_code, "finished": utc_now()}
                    self._provenance.add(ended=ended)
                self._state.end(ending)
                self._end_requests(ending)
                self._leave_terminal(ending, quiet=quiet)
            finally:
                self._close_files()

    def _end_requests(self, ending: Ending) -> None:
        """Takes back what asked for this end, and what would have the next run of the script go on with this one."""
        if self.beginning.primary and not self.beginning.shared:
            self._forget_stop_request()
        if self.beginning.unfinished is not None and ending.state == "finished":
            self.beginning.unfinished.forget()

    def _forget_stop_request(self) -> None:
        try:
            self._place.run.stop_request.unlink(missing_ok=True)
        except OSError as error:
            self._trouble.failed(self._place.run.stop_request, error)

    def _leave_terminal(self, ending: Ending, *, quiet: bool) -> None:
        if self._console is not None:
            console.stop_listening(self._console)
        if self._wish.tells and not (quiet or self._wish.quiet):
            try:
                self._say_end(ending)
            except Exception as error:  # Decoration: nothing that goes wrong with it may reach the script.
                self.warn_once("last lines", f"the last lines are left out ({type(error).__name__}: {error})")
        self._say_losses()
        if self._console is not None:
            self._console.close()

    def _listen(self, log: ConsoleLog) -> None:
        how: Literal["wrap", "redirect"] = "redirect" if self._wish.console == "redirect" else "wrap"
        if reason := console.listen(log, how, self._place.writer.output):
            self.warn_once("console", f"only what Python prints is kept in the log ({reason})")

    def warn_once(self, kind: str, message: str) -> None:
        """Says `message`, the first of its kind in this run."""
        self._trouble.warn_once(kind, message)

    def note_exception(self, error: Exception) -> None:
        """Keeps the traceback of what ends the run in its log: Python prints it only once the run is over."""
        if self._console is not None:
            import traceback

            self._console.hear("stderr", "".join(traceback.format_exception(error)))

    def write_logs(self, text: str) -> None:
        """Adds lines to the run's log as if they had been printed."""
        if self._console is not None:
            self._console.hear("stdout", text if text.endswith("\n") else f"{text}\n")

    def rest(self) -> None:
        """Waits for the thread that gathers facts: a fork in the middle of its imports would leave locks held.

        One wait has to do: many forks in a row must not each be slow where git is.
        """
        if not self._rested:
            self._rested = True
            self._provenance.wait(_HASTE_SECONDS)
            self._parts.get(SystemMetrics).rest(_HASTE_SECONDS)

    def detach(self, reason: str) -> None:
        """Makes this copy, in a forked child, harmless; `reason` is what the first `log` there warns with."""
        self._detached = reason
        self._saver.detach()
        self._trouble.after_fork()
        self.history.detach(reason)
        self.metrics.after_fork()
        self.summary.after_fork()
        self.config.after_fork()
        self._parts.detach()
        if self._console is not None:
            console.stop_listening(self._console)
            self._console.detach()

    def _beat(self) -> None:
        self._state.beat()
        self._restore_if_gone()
        self.history.beat()
        if self._console is not None:
            self._console.beat()
        self._parts.beat()
        self._saver.retry()
        self._save_summary(self.summary.dump())

    def look(self) -> None:
        """Looks whether somebody asks the run to stop. From any thread but the main one."""
        with self._looking:
            heard = not self.stop_reason and bool(self.asked_to_stop())
        if heard:
            self._stopped()

    def asked_to_stop(self) -> str:
        """Why somebody asks the run to stop, "" when nobody does; the first time it is said on the terminal, too."""
        if not self.stop_reason and os.path.exists(self._place.run.stop_request):
            by = records.load_stop_request(self._place.run.stop_request).by
            self.stop_reason = f"stopped by {by}" if by else "stopped on request"
            self._say(f"run {self.meta.name} ({self._place.project.name}/{self.meta.id}) is {self.stop_reason}")
        return self.stop_reason

    def _restore_if_gone(self) -> None:
        """Writes again what somebody deleted under the run: its directory, or single files."""
        self.history.restore_file()
        if self._console is not None:
            self._console.restore_file()
        if not os.path.exists(self._place.run.run_yaml if self.beginning.primary else self._place.writer.provenance):
            if self.beginning.primary:
                self._saver.save(self._place.run.run_yaml, records.dump_run(self.meta))
            self._save_config(self.config.dump())
            self._provenance.save_again()

    def _save_config(self, data: bytes) -> None:
        self._saver.save(self._place.writer.config, data)

    def _save_metrics(self, data: bytes) -> None:
        if self.beginning.primary:
            self._saver.save(self._place.run.metrics_yaml, data)

    def _save_summary(self, data: bytes) -> None:
        self._saver.save(self._place.writer.summary, data)

    def _close_files(self) -> None:
        self._rows.close()
        if self._log is not None:
            self._log.close()

    def _warn(self, line: str) -> None:
        if self._wish.warns:
            terminal.warn(line)
        elif self._console is not None:
            self._console.hear("stderr", f"runstore: warning: {line}\n")

    def _say(self, *lines: str) -> None:
        if self._wish.tells:
            for line in lines:
                terminal.say(line)

    def _say_end(self, ending: Ending) -> None:
        took = terminal.duration(time.monotonic() - self._begun)
        cause = ending.reason or (f"exit code {ending.exit_code}" if ending.exit_code else "")
        reason = f" ({cause})" if cause else ""
        self._say(
            *terminal.end_lines(
                self._place.writer.history,
                self.summary.as_dict(),
                curves=self._wish.max_end_of_run_history_metrics,
                values=self._wish.max_end_of_run_summary_metrics,
            ),
            f"run {self.meta.name} ({self._place.project.name}/{self.meta.id}) {ending.state}{reason} after {took}",
            f"in {shown(self.path)}",
            f"see it: runstore build {shlex.quote(shown(self._place.store.root))}",
        )

    def _say_losses(self) -> None:
        if late := self._trouble.count(LATE_STEP):
            calls = "1 call" if late == 1 else f"{late} calls"
            self._warn(f"{calls} of log came with a step that lay behind: kept, out of order")
        if lost := self._rows.waiting_lines() + self._rows.dropped:
            self._warn(f"{self._rows.path}: {lost} rows could not be written and are lost")
        failing = [path for path in self._trouble.still_failing() if path != self._rows.path]
        for path in failing[:MOST_FILES]:
            self._warn(f"{path}: could not be written")
        if len(failing) > MOST_FILES:
            self._warn(f"{self.path}: {len(failing) - MOST_FILES} more files could not be written")


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _ends_run(beginning: Beginning, wish: RunSettings) -> bool:
    """Whether this writer's end is the run's: it leads, unless the settings say that another one does."""
    if beginning.shared and wish.origin("x_update_finish_state") != "default":
        return wish.x_update_finish_state
    return beginning.primary


def shown(path: Path) -> str:
    """`path` as a person in the working directory would write it."""
    try:
        return os.fspath(path.relative_to(Path.cwd()))
    except (ValueError, OSError):
        return os.fspath(path)


def _open_log(writer: WriterLayout, trouble: Trouble, wish: RunSettings) -> OutputLog:
    try:
        return OutputLog(writer, trouble, wish.console_max_bytes)
    except OSError as error:
        raise _unwritable(writer.output, error) from None


def _open(path: Path, trouble: Trouble) -> LineFile:
    try:
        return LineFile(path, trouble)
    except OSError as error:
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError) -> StoreError:
    reason = error.strerror or str(error)
    return StoreError(f"{path}: cannot be written ({reason}); pass dir= or set RUNSTORE_DIR")
