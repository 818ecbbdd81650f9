"""A run that leaves nothing on the disk: `mode="disabled"`, and the copy of a run that another process records."""

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runstore.format.layout import DEFAULT_PROJECT, ProjectLayout, StoreLayout
from runstore.format.records import RunMeta
from runstore.format.run_layout import RunLayout
from runstore.recording import terminal
from runstore.recording.config import Config
from runstore.recording.history import History
from runstore.recording.linefile import NoLines
from runstore.recording.media import MediaFiles
from runstore.recording.metrics import Definitions
from runstore.recording.parts import Desk, P, Parts
from runstore.recording.recorder import RunStatus
from runstore.recording.resuming import Beginning
from runstore.recording.saver import Saver
from runstore.recording.state import Ending
from runstore.recording.summary import Summary
from runstore.recording.trouble import Trouble
from runstore.settings import RunSettings

if TYPE_CHECKING:
    from tempfile import TemporaryDirectory


class NoRecorder:
    """Stands for a run that leaves nothing on the disk: `mode="disabled"`. What it is given is checked all the same."""

    def __init__(self, meta: RunMeta, config: Config, wish: RunSettings) -> None:
        self.meta = meta
        self.config = config
        self.beginning = Beginning()
        self.stop_reason = ""
        self._wish = wish
        self._trouble = Trouble(self._warn)
        saver = Saver(self._trouble)
        saver.detach()
        media = MediaFiles(Path("media"), saver, self._trouble)
        self.metrics = Definitions(lambda data: None)
        self.summary = Summary(lambda data: None, media.store, self.metrics)
        self.history = History(
            NoLines(), self._trouble, media.store, self.summary, self.metrics, start=time.monotonic()
        )
        self.log = self.history.log
        self.summary.attach(self.history.refresh_latest)
        self._folder: TemporaryDirectory[str] | None = None
        store = StoreLayout(Path(os.devnull))
        project = ProjectLayout(store.root / DEFAULT_PROJECT)
        run = RunLayout(project.runs_dir / meta.id)
        self._parts = Parts(
            Desk(
                store=store,
                project=project,
                run=run,
                writer=run.writer(),
                settings=wish,
                saver=saver,
                trouble=self._trouble,
                say=lambda *lines: None,
                warn=self._warn,
                log=self.log,
                step=lambda: self.history.current,
                store_media=media.store,
                on_disk=False,
            )
        )

    def part(self, kind: type[P]) -> P:
        return self._parts.get(kind)

    def _warn(self, line: str) -> None:
        if self._wish.warns:
            terminal.warn(line)

    @property
    def step(self) -> int:
        return self.history.step

    @property
    def path(self) -> Path:
        return self.files_dir()

    @property
    def settings(self) -> RunSettings:
        return self._wish

    def begin(self, stopped: Callable[[], None]) -> None:
        pass

    def edit(self, **changed: Any) -> None:
        self.meta = replace(self.meta, **changed)

    def files_dir(self) -> Path:
        """A directory that is deleted with the process."""
        if self._folder is None:
            import tempfile

            self._folder = tempfile.TemporaryDirectory(prefix="runstore-", ignore_cleanup_errors=True)
        return Path(self._folder.name)

    def end(self, ending: Ending, closed: str, *, quiet: bool) -> None:
        self._parts.end()
        self.history.close(closed)
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def status(self) -> RunStatus:
        return RunStatus()

    def pin(self, keys: list[str]) -> None:
        pass

    def histories(self) -> list[Path]:
        return []

    def mark_preempting(self) -> None:
        pass

    def asked_to_stop(self) -> str:
        return ""

    def look(self) -> None:
        pass

    def write_logs(self, text: str) -> None:
        pass

    def warn_once(self, kind: str, message: str) -> None:
        self._trouble.warn_once(kind, message)

    def note_exception(self, error: Exception) -> None:
        pass

    def rest(self) -> None:
        pass

    def detach(self, reason: str) -> None:
        self._trouble.after_fork()
        self.history.detach(reason)
        self.metrics.after_fork()
        self.summary.after_fork()
        self.config.after_fork()
        self._parts.detach()
