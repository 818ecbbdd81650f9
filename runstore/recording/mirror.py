"""What a training writes for TensorBoard, mirrored into the run: event files of this process, followed as they grow.

Each step of a writer becomes a row: `global_step`, and the values under their tags. Where several directories are
written, all of these names begin with the directory's place below the root: `train/global_step`, `train/loss`. These
names are W&B's. A thread of its own reads what the writers have flushed; at the end of the run they are asked to.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from weakref import WeakSet

from runstore.events import wire
from runstore.events.frames import Frames
from runstore.events.logdir import is_event_file
from runstore.events.logged import NOTHING, Plugins
from runstore.events.scalars import Scalars
from runstore.format.copying import copy_file
from runstore.recording.parts import Desk, Part

GLOBAL_STEP: Final = "global_step"
_PAUSE_SECONDS: Final = 1.0
_IDLE_SECONDS: Final = 5.0
_MOST_METRICS: Final = 500
_PATIENCE_SECONDS: Final = 10.0
_DRAIN_SECONDS: Final = 2.0
_MOMENT_SECONDS: Final = 0.05


@dataclass(slots=True)
class _File:
    """One event file, and the row of its last step, which more values may come for."""

    frames: Frames
    prefix: str
    scalars: Scalars = field(default_factory=Scalars)
    step: int = 0
    row: dict[str, Any] = field(default_factory=dict)
    touched: float = 0.0

    def take(self, step: int, tag: str, value: Any) -> dict[str, Any]:
        """Adds a value; the row that is complete by that, {} as long as none is."""
        done: dict[str, Any] = {}
        if self.row and (step != self.step or self.prefix + tag in self.row):
            done = self.done()
        if not self.row:
            self.step = step
            self.row[self.prefix + GLOBAL_STEP] = step
        self.row[self.prefix + tag] = value
        self.touched = time.monotonic()
        return done

    def done(self) -> dict[str, Any]:
        row, self.row = self.row, {}
        return row


class Mirror(Part):
    """Follows event files. What goes wrong is said once, and reaches no training."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._lock = threading.RLock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._folders: dict[str, str] = {}
        self._known: set[str] = set()
        self._files: dict[str, _File] = {}
        self._writers: WeakSet[Any] = WeakSet()
        self._root = ""
        self._plugins = Plugins(self._leave_out)
        self._kept: set[str] = set()
        self._define: Callable[[str, str], Any] = lambda key, step: None
        self._defined: set[str] = set()
        self._off = False

    def follow(
        self,
        logdir: str,
        root: str = "",
        *,
        writer: Any = None,
        keep: bool = False,
        define: Callable[[str, str], Any] = lambda key, step: None,
    ) -> None:
        """Follows the event files that are made in a directory from now on. `root` is what names begin behind, by
        default the first directory; with `keep` the run gets a copy of the files at its end; `define` is told of each
        key, and of the one that holds its steps."""
        if self._off or not self.desk.on_disk:
            return
        folder = os.path.abspath(logdir)
        with self._lock:
            self._define = define
            if keep:
                self._kept.add(folder)
            if writer is not None:
                self._writers.add(writer)
            if folder not in self._folders:
                self._folders[folder] = self._prefix(folder, os.path.abspath(root) if root else "")
                self._known.update(map(str, _event_files(folder)))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="runstore-tensorboard", daemon=True)
                self._thread.start()

    def _prefix(self, folder: str, root: str) -> str:
        """What the names of a directory's values begin with."""
        self._root = root or self._root or folder
        place = os.path.relpath(folder, self._root)
        if place.startswith(os.pardir):
            self.desk.trouble.warn_once(
                "logdirs",
                f"{folder} lies outside of {self._root}: its values are named by its last part; call "
                "runstore.tensorboard.patch(root_logdir=…) before runstore.init to name them by their places",
            )
            place = os.path.basename(folder)
        return "" if place == os.curdir else f"{place.replace(os.sep, '/')}/"

    def _run(self) -> None:
        while not self._stop.wait(_PAUSE_SECONDS):
            self._look(finish=False)

    def _look(self, *, finish: bool) -> None:
        """Reads what is new, and logs the rows that are complete; with `finish` all."""
        try:
            with self._lock:
                for row in self._rows(finish=finish):
                    self._log(row)
        except Exception as error:  # Beside the training: whatever is in these files, it goes on.
            reason = " ".join(str(error).split())[:200]
            self.desk.trouble.warn_once(
                "tensorboard", f"event files are not mirrored: {type(error).__name__}: {reason}"
            )

    def _rows(self, *, finish: bool) -> Iterator[dict[str, Any]]:
        for folder, prefix in self._folders.items():
            for path in _event_files(folder):
                if str(path) not in self._known:
                    self._known.add(str(path))
                    # Written by this very process: nothing is gained by checksums.
                    self._files[str(path)] = _File(Frames(path, known=frozenset()), prefix)
        for file in self._files.values():
            yield from self._new(file)
            if file.row and (finish or time.monotonic() - file.touched > _IDLE_SECONDS):
                yield file.done()

    def _new(self, file: _File) -> Iterator[dict[str, Any]]:
        for data in file.frames.read():
            point = file.scalars.point(data)
            if point is not None:
                if done := file.take(point[0], point[2], point[3]):
                    yield done
                continue
            try:
                event = file.scalars.learn(data)
            except wire.WireError as error:
                self._leave_out(f"an event that cannot be read ({error})")
                continue
            for value in event.values:
                made = self._plugins.logged(value)
                if made is not NOTHING and (done := file.take(event.step, value.tag, made)):
                    yield done

    def _log(self, row: dict[str, Any]) -> None:
        step = next(iter(row))
        for key in row:
            if key != step and key not in self._defined and len(self._defined) < _MOST_METRICS:
                self._defined.add(key)
                self._define(key, step)
        self.desk.log(row)

    def _leave_out(self, name: str) -> None:
        self.desk.trouble.warn_once(f"tensorboard {name}", f"of TensorBoard's events {name} is not mirrored")

    def end(self) -> None:
        """Has the writers flush, and mirrors the rest."""
        self._stop.set()
        if self._off or self._thread is None:
            return
        if threading.current_thread() is not self._thread:
            self._thread.join(_PATIENCE_SECONDS)
        for writer in list(self._writers):
            _flush(writer)
        self._look(finish=True)
        self._keep()

    def _keep(self) -> None:
        """Copies the event files that are to be kept."""
        for path, file in self._files.items():
            if os.path.dirname(path) in self._kept:
                target = self.desk.run.files_dir / file.prefix / os.path.basename(path)
                try:
                    target.parent.mkdir(parents=True, exist_ok=True)
                    copy_file(Path(path), target)
                except OSError as error:
                    self.desk.trouble.failed(target, error)

    def detach(self) -> None:
        self._lock = threading.RLock()
        self._stop = threading.Event()
        self._stop.set()
        self._thread = None
        self._off = True


def _flush(writer: Any) -> None:
    """Has a writer hand all to the system. tensorboardX's does not wait for what stands in its queue, so this does."""
    try:
        queue = getattr(writer, "_event_queue", None)
        deadline = time.monotonic() + _DRAIN_SECONDS
        while queue is not None and not queue.empty() and time.monotonic() < deadline:
            time.sleep(_MOMENT_SECONDS)
        if queue is not None:
            time.sleep(_MOMENT_SECONDS)  # The last event is taken out before it is written.
        writer.flush()
    except Exception:  # One that is closed has written all; what another raises is its own affair.
        return


def _event_files(folder: str) -> list[Path]:
    try:
        return [path for path in map(Path(folder).joinpath, sorted(os.listdir(folder))) if is_event_file(path)]
    except OSError:
        return []
