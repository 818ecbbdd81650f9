"""A run as the training script sees it. It only wires: what it does is done in the rooms beside it."""

import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Literal, Self, cast

from runstore.errors import BadTypeError, UsageError
from runstore.format.records import RunMeta
from runstore.recording import current, ending
from runstore.recording.config import Config
from runstore.recording.disabled import NoRecorder
from runstore.recording.info import RunFacts
from runstore.recording.recorder import Recorder, RunStatus
from runstore.recording.state import Ending, ending_of
from runstore.settings import RunSettings

if TYPE_CHECKING:
    from runstore.artifacts.artifact import Artifact
    from runstore.media.charts import CustomChart
    from runstore.media.table import Table
    from runstore.recording.alerts import AlertLevel
    from runstore.recording.metrics import Metric


class Run(RunFacts):
    """One computation that is being recorded, as `runstore.init` returns it. A context manager.

    Leaving the `with` block ends the run: finished, or by the exception that left it. Without a block the run
    ends with `finish`, or with the process.
    """

    def __init__(self, recorder: Recorder | NoRecorder, *, project: str, entity: str) -> None:
        super().__init__(recorder, project=project, entity=entity)
        self._lock = threading.RLock()
        self._over = False
        self._detached = False
        # The history's own method in place of ours: each call on the way is a tenth of what `log` takes.
        self.__dict__["log"] = recorder.log

    def begin(self) -> None:
        """Starts recording. For `init` alone."""
        ending.watch(self)
        self._recorder.begin(self._stop)

    def log(self, data: Mapping[str, Any], step: int | None = None, commit: bool | None = None) -> None:
        """Records a row of values by their names: numbers, text, lists, nested mappings (as `a.b`), tables.

        Without `step` the row is complete and the next call begins another. With `step`, or `commit=False`, values
        gather in one row until a call with a larger step, with `commit=True` or without `step` completes it. A step
        that lies behind gets a row of its own, with a warning. A complete row outlives the process, however it ends.

        Raises `TypeError` for data that is no mapping from text, `UsageError` after `finish`; trouble with the disk
        is never raised.
        """
        self._recorder.log(data, step, commit)

    def _live(self, call: str) -> Recorder | NoRecorder:
        """The recorder, for a call that a run takes while it goes on. Raises `UsageError` once it has ended."""
        if self._over:
            raise UsageError(f"run {self.id} has ended; call {call} before finish()")
        return self._recorder

    def define_metric(
        self,
        name: str,
        step_metric: "str | Metric | None" = None,
        step_sync: bool | None = None,
        hidden: bool | None = None,
        summary: str | None = None,
        goal: str | None = None,
        overwrite: bool | None = None,
    ) -> "Metric":
        """Says how a metric (or all whose name a trailing `*` matches) is drawn and summarised; see `Definitions`."""
        return self._live("define_metric").metrics.define(
            name,
            step_metric=step_metric,
            step_sync=step_sync,
            hidden=hidden,
            summary=summary,
            goal=goal,
            overwrite=overwrite,
        )

    def watch(
        self,
        models: Any,
        criterion: Any = None,
        log: Literal["gradients", "parameters", "all"] | None = "gradients",
        log_freq: int = 1000,
        idx: int | None = None,
        log_graph: bool = False,
    ) -> None:
        """Logs histograms of a torch model's gradients, parameters or both, every `log_freq` batches."""
        from runstore.recording.watching import Watcher

        self._live("watch").part(Watcher).watch(models, criterion, log, log_freq, idx, log_graph)

    def unwatch(self, models: Any = None) -> None:
        """Takes back `watch`, of the models named or of all."""
        from runstore.recording.watching import Watcher

        self._recorder.part(Watcher).unwatch(models)

    def save(
        self,
        glob_str: str | os.PathLike[str] | None = None,
        base_path: str | os.PathLike[str] | None = None,
        policy: Literal["live", "now", "end"] = "live",
        glob: bool = True,
    ) -> list[str]:
        """Keeps files with the run, their places below `base_path` kept; gives their paths in `dir`."""
        from runstore.recording.saved import SavedFiles

        return self._live("save").part(SavedFiles).save(glob_str, base_path, policy, glob)

    def restore(
        self, name: str, run_path: str | None = None, replace: bool = False, root: str | None = None
    ) -> IO[str] | None:
        """Copies a file of this run, or of the run at `run_path`, to `root`, and opens it; None when there is none."""
        from runstore.recording.saved import SavedFiles

        return self._recorder.part(SavedFiles).restore(name, run_path, replace, root)

    def alert(
        self,
        title: str,
        text: str = "",
        level: "str | AlertLevel | None" = None,
        wait_duration: int | float | timedelta | None = None,
    ) -> None:
        """Says something that a person should know: kept with the run, printed, and posted where a webhook is set."""
        from runstore.recording.alerts import Alerts

        self._live("alert").part(Alerts).alert(title, text, level, wait_duration)

    def _tensorboard_callback(self, logdir: str, save: bool = True, root_logdir: str = "", writer: Any = None) -> None:
        """Follows what is written for TensorBoard in a directory; `save` keeps the event files too."""
        from runstore.recording.mirror import Mirror

        recorder = self._live("tensorboard.patch")
        recorder.part(Mirror).follow(
            logdir,
            root_logdir,
            writer=writer,
            keep=save,
            define=lambda key, step: recorder.metrics.define(key, step_metric=step),
        )

    def _label(self, repo: str | None = None, code: str | None = None) -> None:
        """Nothing. Integrations of W&B say by it who they are, and nothing is collected here."""

    @property
    def _attach_id(self) -> str:
        """What integrations of W&B hand to another process, so that it writes this run too; see `wandb._attach`."""
        return f"{self._project}/{self.id}"

    def mark_preempting(self) -> None:
        """Notes that the machine is about to be taken away: should the run die now, it was preempted."""
        self._live("mark_preempting").mark_preempting()

    def log_code(
        self,
        root: str | os.PathLike[str] | None = ".",
        name: str | None = None,
        include_fn: Callable[..., bool] | None = None,
        exclude_fn: Callable[..., bool] | None = None,
    ) -> "Artifact | None":
        """Logs the source files below `root` as an artifact of type `code`; None when there are none."""
        from runstore.recording.code import Code

        found = self._live("log_code").part(Code).collect(root, name, include_fn, exclude_fn)
        return self.log_artifact(found) if found is not None else None

    def log_artifact(
        self,
        artifact_or_path: "Artifact | str | os.PathLike[str]",
        name: str | None = None,
        type: str | None = None,  # noqa: A002 - W&B's name
        aliases: Sequence[str] | None = None,
        tags: Sequence[str] | None = None,
    ) -> "Artifact":
        """Stores an artifact, or files as one, as an output of this run: a new version unless nothing changed."""
        from runstore.recording.lineage import Lineage

        return self._recorder.part(Lineage).log_artifact(artifact_or_path, name, type, aliases, tags)

    def use_artifact(
        self,
        artifact_or_name: "str | Artifact",
        type: str | None = None,  # noqa: A002 - W&B's name
        aliases: Sequence[str] | None = None,
        use_as: str | None = None,
    ) -> "Artifact":
        """The artifact `name:alias`, `name:v3` or `project/name:alias`, as an input of this run."""
        from runstore.recording.lineage import Lineage

        return self._recorder.part(Lineage).use_artifact(artifact_or_name, type, aliases, use_as)

    def upsert_artifact(
        self,
        artifact_or_path: "Artifact | str | os.PathLike[str]",
        name: str | None = None,
        type: str | None = None,  # noqa: A002 - W&B's name
        aliases: Sequence[str] | None = None,
        distributed_id: str | None = None,
    ) -> "Artifact":
        """Adds files to an artifact that several runs fill together; `finish_artifact` makes it a version."""
        from runstore.recording.lineage import Lineage

        return self._recorder.part(Lineage).upsert_artifact(artifact_or_path, name, type, aliases, distributed_id)

    def finish_artifact(
        self,
        artifact_or_path: "Artifact | str | os.PathLike[str]",
        name: str | None = None,
        type: str | None = None,  # noqa: A002 - W&B's name
        aliases: Sequence[str] | None = None,
        distributed_id: str | None = None,
    ) -> "Artifact":
        """Makes a version of what `upsert_artifact` gathered in all runs."""
        from runstore.recording.lineage import Lineage

        return self._recorder.part(Lineage).finish_artifact(artifact_or_path, name, type, aliases, distributed_id)

    def link_artifact(self, artifact: "Artifact", target_path: str, aliases: Sequence[str] | None = None) -> "Artifact":
        """Links a version into the collection `target_path` of the store's registry."""
        from runstore.recording.lineage import Lineage

        return self._recorder.part(Lineage).link_artifact(artifact, target_path, aliases)

    def log_model(
        self, path: str | os.PathLike[str], name: str | None = None, aliases: Sequence[str] | None = None
    ) -> None:
        """Logs a model's file or directory as an artifact of type `model`."""
        from runstore.recording.lineage import Lineage

        self._recorder.part(Lineage).log_model(path, name, aliases)

    def use_model(self, name: str) -> str:
        """The path of a model's file (or directory, if there are several) that was logged, as an input of this run."""
        from runstore.recording.lineage import Lineage

        return self._recorder.part(Lineage).use_model(name)

    def link_model(
        self,
        path: str | os.PathLike[str],
        registered_model_name: str,
        name: str | None = None,
        aliases: Sequence[str] | None = None,
    ) -> "Artifact | None":
        """Logs a model and links it into the registry."""
        from runstore.recording.lineage import Lineage

        return self._recorder.part(Lineage).link_model(path, registered_model_name, name, aliases)

    def plot_table(
        self,
        vega_spec_name: str,
        data_table: "Table",
        fields: Mapping[str, Any],
        string_fields: Mapping[str, Any] | None = None,
        split_table: bool = False,
    ) -> "CustomChart":
        """A chart of a table, to be logged; see `runstore.plot_table`."""
        from runstore.media.charts import plot_table

        return plot_table(vega_spec_name, data_table, fields, string_fields, split_table)

    def write_logs(self, text: str) -> None:
        """Adds lines to the run's log as if they had been printed."""
        if not isinstance(text, str):
            raise BadTypeError(f"write_logs: found {text!r}, expected text")
        self._live("write_logs").write_logs(text)

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
                        reason = self._recorder.stop_reason
                        if not reason and ending_.state == "killed":  # Who kills a process may have said why before.
                            reason = self._recorder.asked_to_stop()
                        if reason:
                            ending_ = Ending("killed", ending.SIGINT_EXIT_CODE, reason)
                        self._recorder.end(ending_, f"run {self.id} has ended; log before finish()", quiet=quiet)
                finally:
                    ending.forget(self)
                    current.forget(self)

    def _stop(self) -> None:
        """Somebody asked the run to stop. Called from the run's own thread."""
        if (stop := self.settings.stop_fn) is not None:
            try:
                stop()
            except Exception as error:  # The script's own function: the run goes on until it ends.
                self._recorder.warn_once("stop_fn", f"stop_fn raised {type(error).__name__}: {error}")
            return
        if self._over:
            return
        if not ending.interrupt() or ending.interactive():
            # At a prompt or in a notebook an interrupted cell ends nothing.
            self.end(Ending("killed", ending.SIGINT_EXIT_CODE, self._recorder.stop_reason))

    def note_returned(self) -> None:
        """Says, once, that another `init` got this run and that its arguments count for nothing. For `init` alone."""
        self._recorder.warn_once(
            "returned",
            f"init: run {self.name} is still running and is returned; the arguments given now are ignored; "
            "call finish() first, or pass reinit='finish_previous'",
        )

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

    @property
    def stopping(self) -> bool:
        """Whether somebody asked the run to stop, which ends it as soon as its main thread can be interrupted."""
        return bool(self._recorder.stop_reason)

    def heed(self) -> None:
        """Ends the run now where somebody asked it to stop, rather than at its next look. From another thread.

        What trains may swallow the interrupt (scikit-learn's networks do): the next row interrupts once more.
        """
        if not self._over and not self._detached:
            self._recorder.look()
            if self.stopping:
                self.log = self._log_and_leave  # type: ignore[method-assign]

    def _log_and_leave(self, data: Mapping[str, Any], step: int | None = None, commit: bool | None = None) -> None:
        """In place of `log`, for one row."""
        vars(self).pop("log", None)
        self.log(data, step, commit)
        if not self._over and threading.current_thread() is threading.main_thread():
            raise KeyboardInterrupt

    def status(self) -> RunStatus:
        """How much is not yet on the disk, in W&B's words."""
        return self._recorder.status()

    def join(self, exit_code: int | None = None) -> None:
        """`finish`, as older scripts call it."""
        self.finish(exit_code)

    def pin_config_keys(self, keys: Sequence[str] = ()) -> None:
        """Keeps, with the run's provenance, which keys of the config matter most."""
        if not isinstance(keys, Iterable):
            raise BadTypeError(f"pin_config_keys: found {keys!r}, expected a list of the config's keys")
        self._live("pin_config_keys").pin([keys] if isinstance(keys, str) else [str(key) for key in keys])

    def display(self, height: int = 420, hidden: bool = False) -> bool:
        """Shows the run below the notebook's cell; False outside of notebooks."""
        from runstore.recording import notebook

        return notebook.display(self.to_html(height, hidden))

    def to_html(self, height: int = 420, hidden: bool = False) -> str:
        """The run as a piece of HTML that needs nothing else: charts of its numbers, its summary and config."""
        from runstore.recording import notebook

        return notebook.to_html(self, self._recorder.histories(), height, hidden)

    def _repr_html_(self) -> str:
        return self.to_html()

    def __reduce__(self) -> Any:
        """In the process that records it a copy is the run itself; elsewhere it is one that leaves nothing."""
        return _unpickled, (os.getpid(), self.id, self._recorder.meta, self._project, self._entity, dict(self.config))

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: Any) -> Self:
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if value is not None and isinstance(value, Exception) and not self._over:
            self._recorder.note_exception(value)
        self.end(ending_of(0) if kind is None else ending.of_exception(kind, value))

    def __repr__(self) -> str:
        return f"<runstore.Run {self.path}>"


def _unpickled(process: int, run_id: str, meta: RunMeta, project: str, entity: str, config: dict[str, Any]) -> Run:
    """The run that was pickled, where this process records it; else one in its place that leaves nothing."""
    if process == os.getpid() and (known := next((run for run in ending.live() if run.id == run_id), None)) is not None:
        return cast(Run, known)
    inputs = Config()
    inputs.update(config, allow_val_change=True)
    run = Run(NoRecorder(meta, inputs, RunSettings(mode="disabled")), project=project, entity=entity)
    if process != os.getpid():
        run.detach()
    return run
