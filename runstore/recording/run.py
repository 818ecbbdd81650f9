"""A run as the training script sees it. It only wires: what it does is done in the rooms beside it."""

import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from runstore.format.values import well_formed
from runstore.recording import current, ending
from runstore.recording.config import Config
from runstore.recording.recorder import NoRecorder, Recorder
from runstore.recording.state import Ending, ending_of
from runstore.recording.summary import Summary
from runstore.settings import split_tags


class Run:
    """One computation that is being recorded, as `runstore.init` returns it. A context manager.

    Leaving the `with` block ends the run: finished, or by the exception that left it. Without a block the run
    ends with `finish`, or with the process.
    """

    def __init__(self, recorder: Recorder | NoRecorder, *, project: str, entity: str) -> None:
        self._recorder = recorder
        self._project = project
        self._entity = entity
        self._started = time.time()
        self._lock = threading.RLock()
        self._over = False
        self._detached = False
        # The history's own method in place of ours: each call on the way is a tenth of what `log` takes.
        self.__dict__["log"] = recorder.log

    def begin(self) -> None:
        """Starts recording. For `init` alone."""
        self._recorder.begin()
        ending.watch(self)

    def log(self, data: Mapping[str, Any], step: int | None = None, commit: bool | None = None) -> None:
        """Records a row of values by their names: numbers, text, lists, nested mappings (as `a.b`), tables.

        Without `step` the row is complete and the next call begins another. With `step`, or `commit=False`, values
        gather in one row until a call with a larger step, with `commit=True` or without `step` completes it. A step
        that lies behind is warned of and ignored. A complete row outlives the process, however it ends.

        Raises `TypeError` for data that is no mapping from text, `UsageError` after `finish`; trouble with the disk
        is never raised.
        """
        self._recorder.log(data, step, commit)

    def finish(self, exit_code: int | None = None, quiet: bool | None = None) -> None:
        """Ends the run: `finished`, or `failed` with an exit code other than 0. `quiet` leaves out the last lines."""
        self.end(ending_of(exit_code), quiet=bool(quiet))

    def end(self, ending_: Ending, *, quiet: bool = False) -> None:
        """Ends the run in a given way; nothing when it has ended already."""
        with ending.undisturbed(), self._lock:
            if not self._over:
                self._over = True
                try:
                    if not self._detached:
                        self._recorder.end(ending_, f"run {self.id} has ended; log before finish()", quiet=quiet)
                finally:
                    ending.forget(self)
                    current.forget(self)

    def note_returned(self) -> None:
        """Says, once, that another `init` got this run and that its arguments count for nothing. For `init` alone."""
        self._recorder.warn_once(
            "returned",
            f"init: run {self.name} is still running and is returned; the arguments given now are ignored; "
            "call finish() first, or pass reinit='finish_previous'",
        )

    @property
    def config(self) -> Config:
        """The run's inputs."""
        return self._recorder.config

    @property
    def summary(self) -> Summary:
        """The last value of each key, and what the script sets itself."""
        return self._recorder.summary

    @property
    def id(self) -> str:
        return self._recorder.meta.id

    @property
    def name(self) -> str:
        return self._recorder.meta.name

    @name.setter
    def name(self, name: str) -> None:
        self._recorder.edit(name=well_formed(str(name)))

    @property
    def notes(self) -> str:
        return self._recorder.meta.notes

    @notes.setter
    def notes(self, notes: str) -> None:
        self._recorder.edit(notes=well_formed(str(notes)))

    @property
    def tags(self) -> tuple[str, ...]:
        return self._recorder.meta.tags

    @tags.setter
    def tags(self, tags: Iterable[str]) -> None:
        self._recorder.edit(tags=split_tags(tags))

    @property
    def group(self) -> str:
        return self._recorder.meta.group

    @property
    def job_type(self) -> str:
        return self._recorder.meta.job_type

    @property
    def project(self) -> str:
        return self._project

    @property
    def entity(self) -> str:
        return self._entity

    @property
    def path(self) -> str:
        """The run's path: `entity/project/id`, without the first when there is no entity."""
        return "/".join(part for part in (self._entity, self._project, self.id) if part)

    @property
    def dir(self) -> str:
        """A directory for the script's own files, kept with the run."""
        return str(self._recorder.files_dir())

    @property
    def url(self) -> str:
        """The address of the run's directory."""
        return Path(self._recorder.path).as_uri()

    @property
    def step(self) -> int:
        """The number of the row that the next `log` writes to."""
        return self._recorder.step

    @property
    def start_time(self) -> float:
        """When the run began, in seconds of the epoch."""
        return self._started

    @property
    def resumed(self) -> bool:
        """Whether the run goes on with an earlier one."""
        return False

    @property
    def sweep_id(self) -> str | None:
        """The sweep that the run is a trial of."""
        return self._recorder.meta.sweep or None

    @property
    def disabled(self) -> bool:
        """Whether the run leaves nothing on the disk."""
        return isinstance(self._recorder, NoRecorder)

    @property
    def detached(self) -> bool:
        """Whether this is the copy in a forked child of a run that its parent records."""
        return self._detached

    @property
    def over(self) -> bool:
        """Whether the run has ended."""
        return self._over

    def before_fork(self) -> None:
        """Brings to rest what a fork must not cut in two. For the process's hooks alone."""
        self._recorder.rest()

    def detach(self) -> None:
        """Makes this copy, in a forked child, harmless. For the process's hooks alone."""
        self._lock = threading.RLock()
        self._detached = True
        self._recorder.detach(
            f"run {self.id} belongs to the parent process: what this forked child logs is ignored; "
            "call runstore.init() here for a run of its own"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if value is not None and isinstance(value, Exception) and not self._over:
            self._recorder.note_exception(value)
        self.end(ending_of(0) if kind is None else ending.of_exception(kind, value))

    def __getattr__(self, name: str) -> Any:
        from runstore.recording import missing  # Not at the top: no run needs it.

        raise missing.error("a run of Runstore", name, missing.OF_RUN)

    def __repr__(self) -> str:
        return f"<runstore.Run {self.path}>"
