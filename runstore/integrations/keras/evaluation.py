"""What a model of Keras predicts for some samples, epoch by epoch, as tables."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import keras

from runstore.artifacts.artifact import Artifact
from runstore.integrations.begun import begun
from runstore.media.table import Table


class WandbEvalCallback(keras.callbacks.Callback, ABC):  # type: ignore[misc, unused-ignore]
    """Base of callbacks that look at predictions. A subclass says what the samples are and what is predicted:

        class Guesses(WandbEvalCallback):
            def add_ground_truth(self, logs=None):
                for number, (image, label) in enumerate(zip(images, labels)):
                    self.data_table.add_data(number, runstore.Image(image), label)

            def add_model_predictions(self, epoch, logs=None):
                for number, guess in enumerate(self.model.predict(images, verbose=0).argmax(axis=1)):
                    self.pred_table.add_data(epoch, *self.data_table_ref.data[number], guess)

    The samples are logged once, as the artifact `val`, and the predictions refer to them; these are logged after each
    epoch as the artifact `run_<id>_pred`. Raises `RunstoreError` when there is no run.
    """

    def __init__(
        self, data_table_columns: Sequence[str], pred_table_columns: Sequence[str], *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        begun(type(self).__name__)
        self.data_table_columns = list(data_table_columns)
        self.pred_table_columns = list(pred_table_columns)

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        self.init_data_table(column_names=self.data_table_columns)
        self.add_ground_truth(logs)
        self.log_data_table()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        self.init_pred_table(column_names=self.pred_table_columns)
        self.add_model_predictions(epoch, logs)
        self.log_pred_table()

    @abstractmethod
    def add_ground_truth(self, logs: Mapping[str, Any] | None = None) -> None:
        """Adds the samples to `data_table`. Called once, when training begins."""

    @abstractmethod
    def add_model_predictions(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Adds what the model predicts to `pred_table`. Called after each epoch."""

    def init_data_table(self, column_names: Sequence[str]) -> None:
        """Begins the table of the samples."""
        self.data_table = Table(columns=column_names, allow_mixed_types=True)

    def init_pred_table(self, column_names: Sequence[str]) -> None:
        """Begins the table of an epoch's predictions."""
        self.pred_table = Table(columns=column_names)

    def log_data_table(self, name: str = "val", type: str = "dataset", table_name: str = "val_data") -> None:  # noqa: A002
        """Logs the samples as an artifact; `data_table_ref` is then the table in it, to refer to."""
        artifact = Artifact(name, type=type)
        artifact.add(self.data_table, table_name)
        begun("log_data_table").use_artifact(artifact)
        artifact.wait()
        self.data_table_ref = artifact.get(table_name)

    def log_pred_table(
        self,
        type: str = "evaluation",  # noqa: A002 - W&B's name
        table_name: str = "eval_data",
        aliases: Sequence[str] | None = None,
    ) -> None:
        """Logs the predictions as the next version of their artifact."""
        run = begun("log_pred_table")
        artifact = Artifact(f"run_{run.id}_pred", type=type)
        artifact.add(self.pred_table, table_name)
        run.log_artifact(artifact, aliases=list(aliases or ["latest"]))
