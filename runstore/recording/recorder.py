"""One run on the disk: the parts that write it, brought to life together, kept alive, and ended together."""

import os
import shlex
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from runstore.errors import StoreError
from runstore.format import records
from runstore.format.layout import DEFAULT_PROJECT, ProjectLayout, RunLayout, StoreLayout, WriterLayout
from runstore.format.records import RunMeta
from runstore.recording import console, terminal
from runstore.recording.config import Config
from runstore.recording.console import ConsoleLog
from runstore.recording.history import LATE_STEP, History
from runstore.recording.linefile import LineFile, NoLines
from runstore.recording.media import MediaFiles
from runstore.recording.monitor import Monitor
from runstore.recording.parts import Desk, Part
from runstore.recording.provenance import Provenance
from runstore.recording.saver import Saver
from runstore.recording.state import Ending, StateFiles
from runstore.recording.summary import Summary
from runstore.recording.trouble import MOST_FILES, Trouble
from runstore.settings import RunSettings

if TYPE_CHECKING:
    from tempfile import TemporaryDirectory

_PATIENCE_SECONDS = 10.0
_HASTE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run lies: its store, project and own directory, and the files in that which this process writes."""

    store: StoreLayout
    project: ProjectLayout
    run: RunLayout
    writer: WriterLayout


class Recorder:
    """Writes one run. Safe for threads. After the constructor no trouble with the disk is raised."""

    def __init__(self, place: Place, meta: RunMeta, config: Config, wish: RunSettings) -> None:
        """Opens the files of a run in its new, empty directory. Raises `StoreError`."""
        self.meta = meta
        self.config = config
        self._place = place
        self._wish = wish
        self._begun = time.monotonic()
        self._trouble = Trouble(self._warn)
        self._saver = Saver(self._trouble)
        media = MediaFiles(place.run.media_dir, self._saver, self._trouble)
        self.summary = Summary(self._save_summary, media.store)
        rows = _open(place.writer.history, self._trouble)
        self.history = History(rows, self._trouble, media.store, self.summary, start=self._begun)
        self.log = self.history.log
        self.summary.attach(self.history.refresh_latest)
        self._rows = rows
        self._log = _open(place.writer.output, self._trouble) if wish.console != "off" else None
        self._console = ConsoleLog(self._log) if self._log is not None else None
        self._state = StateFiles(place.run, self._saver)
        self._provenance = Provenance(
            place.run, place.store, self._saver, started=meta.created, use_git=not wish.disable_git
        )
        self._monitor = Monitor(self._beat)
        self._rested = False
        self._parts = _Parts(
            Desk(
                store=place.store,
                project=place.project,
                run=place.run,
                writer=place.writer,
                settings=wish,
                saver=self._saver,
                trouble=self._trouble,
                say=self._say,
                warn=self._warn,
                log=self.log,
                step=lambda: self.step,
                store_media=media.store,
            )
        )

    @property
    def path(self) -> Path:
        return self._place.run.path

    @property
    def step(self) -> int:
        return self.history.step

    def part(self, kind: type[_P]) -> _P:
        """The run's part of this kind, made when it is first asked for."""
        return self._parts.get(kind)

    def begin(self) -> None:
        """Writes what is known of the run, and starts what goes on beside it."""
        self._saver.save(self._place.run.run_yaml, records.dump_run(self.meta))
        self._state.begin()
        self.config.attach(self._save_config)
        self._provenance.start()
        self._say(f"run {self.meta.name} ({self._place.project.name}/{self.meta.id})", f"in {shown(self.path)}")
        if self._console is not None:
            console.listen(self._console)
        self._monitor.start()

    def edit(self, **changed: Any) -> None:
        """Changes what run.yaml says of the run; what a person has edited there meanwhile stays."""
        path = self._place.run.run_yaml
        try:
            current = records.load_run(path) if os.path.exists(path) else self.meta
        except StoreError:
            current = self.meta
        self.meta = replace(current, **changed)
        self._saver.save(path, records.dump_run(self.meta))

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
            for part in self._parts.all():
                part.end()
            self.history.close(closed)
            self._save_summary(self.summary.dump())
            self._saver.retry()
        finally:
            try:
                self._state.end(ending)
                self._leave_terminal(ending, quiet=quiet)
            finally:
                self._close_files()

    def _leave_terminal(self, ending: Ending, *, quiet: bool) -> None:
        if self._console is not None:
            console.stop_listening(self._console)
        if not quiet:
            try:
                self._say_end(ending)
            except Exception as error:  # Decoration: nothing that goes wrong with it may reach the script.
                self.warn_once("last lines", f"the last lines are left out ({type(error).__name__}: {error})")
        self._say_losses()
        if self._console is not None:
            self._console.close()

    def warn_once(self, kind: str, message: str) -> None:
        """Says `message`, the first of its kind in this run."""
        self._trouble.warn_once(kind, message)

    def note_exception(self, error: Exception) -> None:
        """Keeps the traceback of what ends the run in its log: Python prints it only once the run is over."""
        if self._console is not None:
            import traceback

            self._console.hear("stderr", "".join(traceback.format_exception(error)))

    def rest(self) -> None:
        """Waits for the thread that gathers facts: a fork in the middle of its imports would leave locks held.

        One wait has to do: many forks in a row must not each be slow where git is.
        """
        if not self._rested:
            self._rested = True
            self._provenance.wait(_HASTE_SECONDS)

    def detach(self, reason: str) -> None:
        """Makes this copy, in a forked child, harmless; `reason` is what the first `log` there warns with."""
        self._saver.detach()
        self._trouble.after_fork()
        self.history.detach(reason)
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
        for part in self._parts.all():
            part.beat()
        self._saver.retry()
        self._save_summary(self.summary.dump())

    def _restore_if_gone(self) -> None:
        """Writes again what somebody deleted under the run: its directory, or single files."""
        self.history.restore_file()
        if self._console is not None:
            self._console.restore_file()
        if not os.path.exists(self._place.run.run_yaml):
            self._saver.save(self._place.run.run_yaml, records.dump_run(self.meta))
            self._save_config(self.config.dump())
            self._provenance.save_again()

    def _save_config(self, data: bytes) -> None:
        self._saver.save(self._place.run.config_yaml, data)

    def _save_summary(self, data: bytes) -> None:
        self._saver.save(self._place.run.summary_json, data)

    def _close_files(self) -> None:
        self._rows.close()
        if self._log is not None:
            self._log.close()

    def _warn(self, line: str) -> None:
        if not self._wish.silent:
            terminal.warn(line)
        elif self._console is not None:
            self._console.hear("stderr", f"runstore: warning: {line}\n")

    def _say(self, *lines: str) -> None:
        if not self._wish.silent:
            for line in lines:
                terminal.say(line)

    def _say_end(self, ending: Ending) -> None:
        took = terminal.duration(time.monotonic() - self._begun)
        cause = ending.reason or (f"exit code {ending.exit_code}" if ending.exit_code else "")
        reason = f" ({cause})" if cause else ""
        self._say(
            *terminal.end_lines(self._place.writer.history, self.summary.as_dict()),
            f"run {self.meta.name} ({self._place.project.name}/{self.meta.id}) {ending.state}{reason} after {took}",
            f"in {shown(self.path)}",
            f"see it: runstore build {shlex.quote(shown(self._place.store.root))}",
        )

    def _say_losses(self) -> None:
        if late := self._trouble.count(LATE_STEP):
            calls = "1 call" if late == 1 else f"{late} calls"
            self._warn(f"{calls} of log came with a step that lay behind: that data was ignored")
        if lost := self._rows.waiting_lines() + self._rows.dropped:
            self._warn(f"{self._rows.path}: {lost} rows could not be written and are lost")
        failing = [path for path in self._trouble.still_failing() if path != self._rows.path]
        for path in failing[:MOST_FILES]:
            self._warn(f"{path}: could not be written")
        if len(failing) > MOST_FILES:
            self._warn(f"{self.path}: {len(failing) - MOST_FILES} more files could not be written")


def shown(path: Path) -> str:
    """`path` as a person in the working directory would write it."""
    try:
        return os.fspath(path.relative_to(Path.cwd()))
    except (ValueError, OSError):
        return os.fspath(path)


def _open(path: Path, trouble: Trouble) -> LineFile:
    try:
        return LineFile(path, trouble)
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreError(f"{path}: cannot be written ({reason}); pass dir= or set RUNSTORE_DIR") from None
