"""Accelerate: a tracker.

accelerator = Accelerator(log_with=RunstoreTracker("digits"))
accelerator.init_trackers("digits", config={"lr": 0.1})
"""

from collections.abc import Mapping, Sequence
from typing import Any

from accelerate.tracking import GeneralTracker, on_main_process

from runstore.media.image import Image
from runstore.media.table import Table
from runstore.recording import start
from runstore.recording.run import Run


class RunstoreTracker(GeneralTracker):  # type: ignore[misc, unused-ignore]
    """Begins a run of `project` with `init_trackers`, logs to it, and finishes it with `end_training`.

    The other arguments are those of `runstore.init`. Only the main process records anything.
    """

    name = "runstore"
    requires_logging_directory = False
    main_process_only = False  # The decorator says it for each method: outside of them there is no process yet.

    def __init__(self, project: str | None = None, **init: Any) -> None:
        super().__init__()
        self._init = {"project": project, **init}
        self._run: Run | None = None

    @property
    def tracker(self) -> Run | None:
        """The run; None before `init_trackers`, and in processes other than the main one."""
        return self._run

    @on_main_process  # type: ignore[untyped-decorator, unused-ignore]
    def start(self) -> None:
        self._run = start.init(**self._init)

    @on_main_process  # type: ignore[untyped-decorator, unused-ignore]
    def store_init_configuration(self, values: Mapping[str, Any]) -> None:
        if self._run is not None:
            self._run.config.update(dict(values), allow_val_change=True)

    @on_main_process  # type: ignore[untyped-decorator, unused-ignore]
    def log(self, values: Mapping[str, Any], step: int | None = None, **others: Any) -> None:
        if self._run is not None:
            self._run.log(dict(values), step=step, **others)

    def log_images(self, values: Mapping[str, Sequence[Any]], step: int | None = None, **others: Any) -> None:
        """Logs lists of images (arrays, PIL images or paths) by their names."""
        self.log({name: [Image(each) for each in images] for name, images in values.items()}, step, **others)

    def log_table(
        self,
        table_name: str,
        columns: Sequence[str] | None = None,
        data: Sequence[Sequence[Any]] | None = None,
        dataframe: Any = None,
        step: int | None = None,
        **others: Any,
    ) -> None:
        """Logs a table of columns and rows, or of a frame."""
        self.log({table_name: Table(columns=columns, data=data, dataframe=dataframe)}, step, **others)

    @on_main_process  # type: ignore[untyped-decorator, unused-ignore]
    def finish(self) -> None:
        if self._run is not None:
            self._run.finish()
