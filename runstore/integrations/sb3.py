"""Stable-Baselines3: a callback for `learn`, by W&B's name."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import KVWriter

from runstore.errors import BadValueError
from runstore.integrations.begun import begun
from runstore.recording.compat import termwarn

if TYPE_CHECKING:
    from runstore.recording.run import Run

_LOGS = ("gradients", "parameters", "all", None)


class WandbCallback(BaseCallback):  # type: ignore[misc, unused-ignore]
    """Puts the algorithm and its settings into the config; logs what the algorithm reports (rewards, losses) with
    `global_step`, and histograms of the policy; keeps the model.

    An algorithm with a `tensorboard_log` reports there, and a run with `sync_tensorboard=True` has it from there. Every
    `gradient_save_freq`th pass logs `log` ("gradients", "parameters" or "all") of the policy, 0 none. Every
    `model_save_freq` steps, and at the end, the model is saved to `model_save_path` and kept with the run.

    Raises `RunstoreError` when there is no run, `ValueError` for a `model_save_freq` without a path.
    """

    def __init__(
        self,
        verbose: int = 0,
        model_save_path: str | os.PathLike[str] | None = None,
        model_save_freq: int = 0,
        gradient_save_freq: int = 0,
        log: Literal["gradients", "parameters", "all"] | None = "all",
    ) -> None:
        super().__init__(verbose)
        begun("WandbCallback")
        if model_save_path is None and model_save_freq:
            raise BadValueError("model_save_freq needs a folder for the model; pass model_save_path")
        if log not in _LOGS:
            termwarn(
                f"WandbCallback: log is {log!r}, expected 'gradients', 'parameters', 'all' or None; taken as 'all'"
            )
            log = "all"
        self.model_save_path = None if model_save_path is None else os.fspath(model_save_path)
        self.model_save_freq = model_save_freq
        self.gradient_save_freq = gradient_save_freq
        self.log = log
        self._writer: _Writer | None = None
        if self.model_save_path is not None:
            Path(self.model_save_path).mkdir(parents=True, exist_ok=True)
            self.path = os.path.join(self.model_save_path, "model.zip")

    def _init_callback(self) -> None:
        run = begun("WandbCallback")
        settings = {key: _plain(value) for key, value in vars(self.model).items() if not key.startswith("_")}
        run.config.setdefaults({"algo": type(self.model).__name__, **settings})
        if self.gradient_save_freq > 0:
            run.watch(self.model.policy, log_freq=self.gradient_save_freq, log=self.log)

    def _on_training_start(self) -> None:
        if self.model.tensorboard_log is None:
            self._writer = _Writer(begun("WandbCallback"))
            self.logger.output_formats.append(self._writer)

    def _on_step(self) -> bool:
        if self.model_save_freq > 0 and self.n_calls % self.model_save_freq == 0:
            self.save_model()
        return True

    def _on_training_end(self) -> None:
        if self._writer in self.logger.output_formats:
            self.logger.dump(self.num_timesteps)  # What was reported since the last time.
            self.logger.output_formats.remove(self._writer)
        if self.model_save_path is not None:
            self.save_model()

    def save_model(self) -> None:
        """Saves the model now, and keeps it with the run."""
        self.model.save(self.path)
        begun("WandbCallback").save(self.path, base_path=self.model_save_path)
        if self.verbose > 1:
            print(f"the model is saved to {self.path}")


class _Writer(KVWriter):  # type: ignore[misc, unused-ignore]
    """One of the places that the algorithm's logger writes to: the run."""

    def __init__(self, run: "Run") -> None:
        self._run = run

    def write(self, key_values: Mapping[str, Any], key_excluded: Mapping[str, Any], step: int = 0) -> None:
        numbers = {key: value for key, value in key_values.items() if _is_number(value)}
        if numbers:
            self._run.log({**numbers, "global_step": step})

    def close(self) -> None:
        """Nothing: the run goes on."""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) or (hasattr(value, "dtype") and getattr(value, "ndim", 1) == 0)


def _plain(value: Any) -> Any:
    """A setting as it is, or its text; of an object that says nothing but where it is, its type's name."""
    if isinstance(value, bool | int | float | str | type(None)):
        return value
    text = str(value)
    return f"{type(value).__module__}.{type(value).__qualname__}" if " object at 0x" in text else text
