"""What Keras reports of each epoch or batch, with the learning rate."""

from collections.abc import Mapping
from typing import Any, Literal

import keras

from runstore.errors import BadValueError
from runstore.integrations.begun import begun


class WandbMetricsLogger(keras.callbacks.Callback):  # type: ignore[misc, unused-ignore]
    """Logs Keras's metrics: `epoch/<metric>` over `epoch/epoch`, or with `log_freq` "batch" or a number of batches
    `batch/<metric>` over `batch/batch_step`; in both cases `learning_rate` too.

    `initial_global_step`, the batches of earlier sessions, says where a schedule of the learning rate stands when a
    training is gone on with by `initial_epoch`. Raises `RunstoreError` when there is no run, `ValueError` for another
    `log_freq`.
    """

    def __init__(
        self,
        log_freq: Literal["epoch", "batch"] | int = "epoch",
        initial_global_step: int = 0,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        frequency = 1 if log_freq == "batch" else log_freq
        if frequency != "epoch" and (not isinstance(frequency, int) or isinstance(frequency, bool) or frequency < 1):
            raise BadValueError(f"log_freq is {log_freq!r}, expected 'epoch', 'batch' or a number of batches from 1")
        run = begun("WandbMetricsLogger")
        self.logging_batch_wise = isinstance(frequency, int)
        self.log_freq = frequency if isinstance(frequency, int) else None
        self.global_batch = 0
        self.global_step = self._initial_step = initial_global_step
        axis = "batch/batch_step" if self.logging_batch_wise else "epoch/epoch"
        run.define_metric(axis)
        run.define_metric(f"{axis.partition('/')[0]}/*", step_metric=axis)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        self._log("epoch", "epoch", epoch, logs)

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        self.global_step += 1
        if self.log_freq is not None and batch % self.log_freq == 0:
            self._log("batch", "batch_step", self.global_batch, logs)
            self.global_batch += self.log_freq

    def _log(self, kind: str, axis: str, at: int, logs: Mapping[str, Any] | None) -> None:
        rate = learning_rate(self.model, self.global_step if self._initial_step else None)
        rates = {} if rate is None else {f"{kind}/learning_rate": rate}
        values = {f"{kind}/{name}": value for name, value in (logs or {}).items()}
        begun("WandbMetricsLogger").log({**values, f"{kind}/{axis}": at, **rates})


def learning_rate(model: Any, step: int | None = None) -> float | None:
    """The learning rate of a model now; of one with a schedule as it is at `step` where that is given.

    None for a model without one.
    """
    optimizer = getattr(model, "optimizer", None)
    found = getattr(optimizer, "learning_rate", None)
    schedule = getattr(optimizer, "_learning_rate", None)
    if step is not None and isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule):
        found = schedule(step)
    return None if found is None else float(keras.ops.convert_to_numpy(found))
