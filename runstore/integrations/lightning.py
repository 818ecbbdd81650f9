"""Lightning: a logger for its Trainer.

    trainer = lightning.Trainer(logger=RunstoreLogger(project="digits", log_model=True))

Names of metrics and artifacts are those that its `WandbLogger` gives them.
"""

from argparse import Namespace
from collections.abc import Mapping, Sequence
from inspect import isroutine
from pathlib import Path
from typing import Any, Final, Literal

from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers.logger import Logger, rank_zero_experiment
from lightning.pytorch.utilities import rank_zero_only

from runstore.artifacts.artifact import Artifact
from runstore.errors import BadValueError
from runstore.integrations.starting import current_or_new
from runstore.media.audio import Audio
from runstore.media.image import Image
from runstore.media.table import Table
from runstore.media.video import Video
from runstore.recording.run import Run

_STEP: Final = "trainer/global_step"
_FACTS: Final = ("monitor", "mode", "save_last", "save_top_k", "save_weights_only")


class RunstoreLogger(Logger):  # type: ignore[misc, unused-ignore]
    """Logs what a LightningModule logs over `trainer/global_step`, and its hyperparameters as the run's config.

    It writes to the current run, or begins one when first used: of `project` (else the environment's, else
    `lightning_logs`), with the id `version` where one is given, which goes on with a run that has it. `dir` is the
    store; `save_dir` is where Lightning puts checkpoints. With `log_model` True they are kept as the artifact
    `model-<run id>` when the training ends, with "all" as they are saved. The other arguments are those of
    `runstore.init`. Only the first process of a distributed training logs.
    """

    LOGGER_JOIN_CHAR = "-"

    def __init__(
        self,
        name: str | None = None,
        project: str | None = None,
        dir: str | Path | None = None,  # noqa: A002 - the name that init has
        version: str | None = None,
        save_dir: str | Path | None = None,
        log_model: Literal["all"] | bool = False,
        prefix: str = "",
        checkpoint_name: str | None = None,
        experiment: Run | None = None,
        **init: Any,
    ) -> None:
        super().__init__()
        if log_model not in ("all", True, False):
            raise BadValueError(f"log_model is {log_model!r}, expected True, False or 'all'")
        self._init = {"name": name, "project": project, "dir": dir, "id": version, "resume": "allow", **init}
        self._save_dir = None if save_dir is None else str(save_dir)
        self._log_model = log_model
        self._prefix = f"{prefix}{self.LOGGER_JOIN_CHAR}" if prefix else ""
        self._artifact = checkpoint_name
        self._run = experiment
        self._waiting: list[ModelCheckpoint] = []
        self._kept: dict[str, float] = {}

    def __getstate__(self) -> dict[str, Any]:
        """The logger for another process, which begins the run, or writes it beside this one."""
        named = {} if self._run is None else {"id": self._run.id, "project": self._run.project, "mode": "shared"}
        return {**vars(self), "_run": None, "_init": {**self._init, **named}}

    @property
    @rank_zero_experiment  # type: ignore[untyped-decorator, unused-ignore]
    def experiment(self) -> Run:
        """The run; in other processes than the first, something that takes every call and does nothing."""
        if self._run is None:
            self._run = current_or_new("lightning_logs", **self._init)
            self._run.define_metric(_STEP)
            self._run.define_metric("*", step_metric=_STEP, step_sync=True)
        return self._run

    @property
    def name(self) -> str | None:
        """The project."""
        return self._run.project if self._run is not None else self._init["project"]

    @property
    def version(self) -> str | None:
        """The run's id; None before it is begun, where none was given."""
        return self._run.id if self._run is not None else self._init["id"]

    @property
    def save_dir(self) -> str | None:
        return self._save_dir

    def watch(self, model: Any, log: str | None = "gradients", log_freq: int = 100, log_graph: bool = True) -> None:
        """Logs histograms of gradients, parameters or both, and a table of the layers; see `runstore.watch`."""
        self.experiment.watch(model, log=log, log_freq=log_freq, log_graph=log_graph)

    @rank_zero_only  # type: ignore[untyped-decorator, unused-ignore]
    def log_hyperparams(self, params: Mapping[str, Any] | Namespace, *args: Any, **others: Any) -> None:
        values = vars(params) if isinstance(params, Namespace) else dict(params)
        # A function's own text has its address, which is another in each process.
        named = {key: value.__name__ if isroutine(value) else value for key, value in values.items()}
        self.experiment.config.update(named, allow_val_change=True)

    @rank_zero_only  # type: ignore[untyped-decorator, unused-ignore]
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        at = {} if step is None else {_STEP: step}
        self.experiment.log({**{f"{self._prefix}{name}": value for name, value in metrics.items()}, **at})

    def log_table(
        self,
        key: str,
        columns: Sequence[str] | None = None,
        data: Sequence[Sequence[Any]] | None = None,
        dataframe: Any = None,
        step: int | None = None,
    ) -> None:
        """Logs a table of columns and rows, or of a frame."""
        self.log_metrics({key: Table(columns=columns, data=data, dataframe=dataframe)}, step)

    def log_text(
        self,
        key: str,
        columns: Sequence[str] | None = None,
        data: Sequence[Sequence[str]] | None = None,
        dataframe: Any = None,
        step: int | None = None,
    ) -> None:
        """Logs text, as a table."""
        self.log_table(key, columns, data, dataframe, step)

    def log_image(self, key: str, images: Sequence[Any], step: int | None = None, **named: Sequence[Any]) -> None:
        """Logs images: arrays, tensors, PIL images or paths. `named` are lists of an argument of `Image`, one each."""
        self._log_media(Image, key, images, step, named)

    def log_audio(self, key: str, audios: Sequence[Any], step: int | None = None, **named: Sequence[Any]) -> None:
        """Logs sounds, as `log_image` does images."""
        self._log_media(Audio, key, audios, step, named)

    def log_video(self, key: str, videos: Sequence[Any], step: int | None = None, **named: Sequence[Any]) -> None:
        """Logs videos, as `log_image` does images."""
        self._log_media(Video, key, videos, step, named)

    def _log_media(
        self, kind: Any, key: str, values: Sequence[Any], step: int | None, named: Mapping[str, Sequence[Any]]
    ) -> None:
        for name, given in named.items():
            if len(given) != len(values):
                raise BadValueError(f"{key}: found {len(given)} of {name}, expected one for each of {len(values)}")
        made = [kind(value, **{name: given[at] for name, given in named.items()}) for at, value in enumerate(values)]
        self.log_metrics({key: made}, step)

    def use_artifact(self, artifact: str, artifact_type: str | None = None) -> Artifact:
        """An artifact as an input of the run."""
        used: Artifact = self.experiment.use_artifact(artifact, type=artifact_type)
        return used

    def after_save_checkpoint(self, checkpoint_callback: ModelCheckpoint) -> None:
        if self._log_model == "all" or (self._log_model and checkpoint_callback.save_top_k == -1):
            self._keep(checkpoint_callback)
        elif self._log_model and checkpoint_callback not in self._waiting:
            self._waiting.append(checkpoint_callback)

    @rank_zero_only  # type: ignore[untyped-decorator, unused-ignore]
    def finalize(self, status: str) -> None:
        if status == "success" and self._run is not None:
            for each in self._waiting:
                self._keep(each)

    @rank_zero_only  # type: ignore[untyped-decorator, unused-ignore]
    def _keep(self, callback: ModelCheckpoint) -> None:
        """Makes versions of the checkpoints that changed since the last call, oldest first."""
        for path, score in sorted(_checkpoints(callback).items(), key=lambda found: Path(found[0]).stat().st_mtime):
            changed = Path(path).stat().st_mtime
            if self._kept.get(path) == changed:
                continue
            self._kept[path] = changed
            facts = {name: getattr(callback, name) for name in _FACTS if hasattr(callback, name)}
            # Lightning hands out proxies of its callbacks: `type` would name the proxy.
            described = {"score": score, "original_filename": Path(path).name, callback.__class__.__name__: facts}
            artifact = Artifact(self._artifact or f"model-{self.experiment.id}", type="model", metadata=described)
            artifact.add_file(path, name="model.ckpt")
            best = ["best"] if path == callback.best_model_path else []
            self.experiment.log_artifact(artifact, aliases=["latest", *best])


def _checkpoints(callback: ModelCheckpoint) -> dict[str, float | None]:
    """Paths of the checkpoints that a callback has kept, with the score of each."""
    found = {callback.last_model_path: callback.current_score, callback.best_model_path: callback.best_model_score}
    return {
        path: None if score is None else float(score)
        for path, score in {**found, **callback.best_k_models}.items()
        if path and Path(path).is_file()
    }
