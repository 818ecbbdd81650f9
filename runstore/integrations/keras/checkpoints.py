"""Checkpoints of Keras as versions of an artifact."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras

from runstore.artifacts.artifact import Artifact
from runstore.integrations.begun import begun


class WandbModelCheckpoint(keras.callbacks.ModelCheckpoint):  # type: ignore[misc, unused-ignore]
    """Keras's `ModelCheckpoint`, with the same arguments; each file that it writes is logged as a version of the
    artifact `run_<id>_model`, with the aliases `latest` and `epoch_<n>` or `epoch_<n>_batch_<n>`.

    With `save_best_only` an epoch that is no better leaves no version. Raises `RunstoreError` when there is no run.
    """

    def __init__(self, filepath: str | os.PathLike[str], *args: Any, **kwargs: Any) -> None:
        begun("WandbModelCheckpoint")
        super().__init__(os.fspath(filepath), *args, **kwargs)
        self._logged: tuple[Path, int, int] | None = None

    def _save_model(self, epoch: int, batch: int | None, logs: Mapping[str, Any]) -> None:
        # The one method through which Keras's callback writes, after an epoch or a batch.
        super()._save_model(epoch=epoch, batch=batch, logs=logs)
        path = Path(self._get_file_path(epoch, batch, logs))
        if not path.exists():
            return
        state = path.stat()
        written = path, state.st_mtime_ns, state.st_size
        if written != self._logged:
            self._logged = written
            when = f"epoch_{epoch}" if batch is None else f"epoch_{epoch}_batch_{batch}"
            log_model(path, ["latest", when])


def log_model(path: Path, aliases: Sequence[str]) -> None:
    """Logs a model's file or directory as the next version of the current run's model."""
    run = begun("log_model")
    artifact = Artifact(f"run_{run.id}_model", type="model")
    if path.is_dir():
        artifact.add_dir(str(path))
    else:
        artifact.add_file(str(path))
    run.log_artifact(artifact, aliases=list(aliases))
