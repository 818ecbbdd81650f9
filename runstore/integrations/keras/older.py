"""W&B's older callback, which many scripts still have; W&B's own releases have dropped it."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

import keras

from runstore.errors import BadValueError
from runstore.integrations.begun import begun
from runstore.integrations.keras.checkpoints import log_model
from runstore.integrations.keras.metrics import learning_rate
from runstore.media.histogram import Histogram
from runstore.media.table import Table
from runstore.recording.compat import termwarn

_HIGHER_IS_BETTER: Final = ("acc", "auc", "fmeasure", "precision", "recall", "f1")
_SHOW: Final = "subclass runstore.keras.WandbEvalCallback to show images, masks or samples of your choice"
_WITHOUT_EFFECT: Final = {
    **dict.fromkeys(("class_colors", "input_type", "output_type", "infer_missing_processors"), _SHOW),
    **dict.fromkeys(("prediction_row_processor", "validation_row_processor", "validation_indexes"), _SHOW),
    "compute_flops": "log the number with run.summary",
    "generator": "pass validation_data=(x, y) as arrays",
    "log_gradients": "pass log_weights=True for the weights",
    "training_data": "nothing here needs it",
    "validation_steps": "pass validation_data=(x, y) as arrays",
}


class WandbCallback(keras.callbacks.Callback):  # type: ignore[misc, unused-ignore]
    """Logs each epoch's metrics under their own names, and keeps the best model.

    The best epoch is by `monitor` and `mode` ("min", "max", or "auto": by the name); it is in the summary as
    `best_<monitor>` and `best_epoch`, and with `save_model` its model (with `save_weights_only` its weights) as a
    version of the artifact `run_<id>_model`. `log_weights` logs histograms of the weights, `log_batch_frequency` the
    metrics of each so many batches, `log_evaluation` after each epoch (or each `log_evaluation_frequency`th) a table
    of what is predicted for `predictions` samples of `validation_data`, `(x, y)`; `labels` names classes. `save_graph`
    logs a table of the layers. W&B's other arguments are taken, with a warning that says what to do instead.

    Raises `RunstoreError` when there is no run, `ValueError` for another `mode`.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        verbose: int = 0,
        mode: Literal["auto", "min", "max"] = "auto",
        save_weights_only: bool = False,
        log_weights: bool = False,
        log_gradients: bool = False,
        save_model: bool = True,
        training_data: Any = None,
        validation_data: Any = None,
        labels: Sequence[str] | None = None,
        predictions: int = 36,
        log_evaluation: bool = False,
        log_evaluation_frequency: int = 0,
        log_batch_frequency: int | None = None,
        log_best_prefix: str | None = "best_",
        save_graph: bool = True,
        **others: Any,
    ) -> None:
        super().__init__()
        begun("WandbCallback")
        if mode not in ("auto", "min", "max"):
            raise BadValueError(f"mode is {mode!r}, expected 'auto', 'min' or 'max'")
        self.monitor, self.verbose = monitor, verbose
        higher = mode == "max" or (mode == "auto" and any(name in monitor for name in _HIGHER_IS_BETTER))
        self._sign = -1.0 if higher else 1.0
        self.best = self._sign * math.inf
        self.save_model, self.save_weights_only = save_model, save_weights_only
        self.log_weights, self.log_batch_frequency = log_weights, log_batch_frequency
        self.log_best_prefix, self.save_graph = log_best_prefix, save_graph
        self._validation = validation_data if log_evaluation else None
        self._labels, self._predictions = labels, predictions
        self._every = max(log_evaluation_frequency, 1)
        self._batches = 0
        _warn_of({**others, "log_gradients": log_gradients, "training_data": training_data})

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        if self.save_graph:
            rows = [[each.name, type(each).__name__, each.count_params()] for each in self.model.layers if each.built]
            if rows:
                begun("WandbCallback").log({"graph": Table(["name", "class", "parameters"], rows)}, commit=False)

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        self._batches += 1
        if self.log_batch_frequency and self._batches % self.log_batch_frequency == 0:
            begun("WandbCallback").log(dict(logs or {}))

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        run, values = begun("WandbCallback"), dict(logs or {})
        row: dict[str, Any] = {"epoch": epoch, **values}
        if (rate := learning_rate(self.model)) is not None:
            row["lr"] = rate
        if self.log_weights:
            row |= self._weights()
        if self._validation is not None and (epoch + 1) % self._every == 0:
            row["examples"] = self._evaluation(*self._validation)
        run.log(row)
        found = values.get(self.monitor)
        if found is not None and self._sign * float(found) < self._sign * self.best:
            self.best = float(found)
            self._keep_best(epoch)

    def _weights(self) -> dict[str, Any]:
        found = {each.path: keras.ops.convert_to_numpy(each) for each in self.model.weights}
        return {f"parameters/{name}": Histogram(values.reshape(-1)) for name, values in found.items()}

    def _keep_best(self, epoch: int) -> None:
        run = begun("WandbCallback")
        if self.log_best_prefix is not None:
            best = {f"{self.log_best_prefix}{self.monitor}": self.best, f"{self.log_best_prefix}epoch": epoch}
            run.summary.update(best)
        if not self.save_model:
            return
        if self.verbose:
            print(f"epoch {epoch}: {self.monitor} is now {self.best:.6g}; the model is kept")
        path = Path(run.dir, "model-best.weights.h5" if self.save_weights_only else "model-best.keras")
        if self.save_weights_only:
            self.model.save_weights(path)
        else:
            self.model.save(path)
        log_model(path, ["latest", "best", f"epoch_{epoch}"])

    def _evaluation(self, inputs: Any, true: Any) -> Table:
        """A row a sample: what is true, and what is predicted."""
        inputs, true = inputs[: self._predictions], true[: self._predictions]
        found = keras.ops.convert_to_numpy(self.model.predict(inputs, verbose=0))
        rows = [
            [number, self._named(_plain(truth)), self._named(_plain(guess)), _plain(guess)]
            for number, (truth, guess) in enumerate(zip(true, found, strict=True))
        ]
        return Table(["sample", "true", "predicted", "output"], rows, allow_mixed_types=True)

    def _named(self, value: Any) -> Any:
        """A class for scores of several, by its label where there are labels; any other value as it is."""
        if isinstance(value, list) and len(value) > 1:
            value = value.index(max(value))
        elif isinstance(value, list) and len(value) == 1:
            value = value[0]
        known = self._labels is not None and isinstance(value, int) and 0 <= value < len(self._labels)
        return self._labels[value] if known and self._labels is not None else value


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else value


def _warn_of(others: Mapping[str, Any]) -> None:
    for name, value in others.items():
        if name not in _WITHOUT_EFFECT:
            raise BadValueError(f"WandbCallback knows no argument {name!r}; see help(runstore.keras.WandbCallback)")
        if value is not None and value is not False:
            termwarn(f"WandbCallback: {name}= has no effect here: {_WITHOUT_EFFECT[name]}", repeat=False)
