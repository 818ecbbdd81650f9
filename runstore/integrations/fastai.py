"""fastai: a callback for its learners.

learner = vision_learner(loaders, resnet18, cbs=RunstoreCallback(project="pets", log_model=True))
"""

import tempfile
from pathlib import Path
from typing import Any, Literal

from fastai.callback.core import Callback
from fastai.callback.hook import total_params
from fastai.learner import Recorder, save_model
from fastai.torch_core import rank_distrib

from runstore.artifacts.artifact import Artifact
from runstore.integrations.starting import current_or_new
from runstore.recording.run import Run

_NO_METRIC = ("epoch", "train_loss", "time")


class RunstoreCallback(Callback):  # type: ignore[misc, unused-ignore]
    """Logs each batch's losses and hyperparameters, each epoch's metrics, and what the learner is made of.

    It writes to the current run; where there is none it begins one, of `project` (else the environment's, else
    `fastai`). `log_model` keeps the model as it is after each `fit` as a version of the artifact `model-<run id>`;
    `watch` logs histograms as `runstore.watch` does. The other arguments are those of `runstore.init`. Predicting and
    looking for a learning rate log nothing, nor do other processes than the first of a distributed training.
    """

    order = Recorder.order + 1
    remove_on_fetch = True

    def __init__(
        self,
        project: str | None = None,
        log_model: bool = False,
        watch: Literal["gradients", "parameters", "all"] | None = None,
        **init: Any,
    ) -> None:
        super().__init__()
        self._init = {"project": project, **init}
        self._log_model = log_model
        self._watch = watch
        self._logged: Run | None = None  # `run` is fastai's: whether the callback is asked.

    def before_fit(self) -> None:
        self.run = not hasattr(self.learn, "lr_finder") and not hasattr(self, "gather_preds") and rank_distrib() == 0
        if not self.run or (self._logged is not None and not self._logged.over):
            return
        self._logged = current_or_new("fastai", **self._init)
        self._logged.config.update(self._described(), allow_val_change=True)
        if self._watch is not None:
            self._logged.watch(self.learn.model, log=self._watch)

    def after_batch(self) -> None:
        if self.training and self._logged is not None:
            rates = {f"{name}_{at}": value for at, group in enumerate(self.opt.hypers) for name, value in group.items()}
            losses = {"train_loss": float(self.smooth_loss), "raw_loss": float(self.loss)}
            self._logged.log({"epoch": self.epoch + (self.iter + 1) / self.n_iter, **losses, **rates})

    def after_epoch(self) -> None:
        if self._logged is not None:
            found = dict(zip(self.recorder.metric_names, self.recorder.log, strict=False))
            metrics = {name: value for name, value in found.items() if name not in _NO_METRIC}
            self._logged.log({"epoch": self.epoch + 1, **metrics})

    def after_fit(self) -> None:
        if self._log_model and self._logged is not None:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder, "model.pth")
                save_model(path, self.learn.model, opt=None, with_opt=False)
                artifact = Artifact(f"model-{self._logged.id}", type="model")
                artifact.add_file(str(path))
                self._logged.log_artifact(artifact)

    def _described(self) -> dict[str, Any]:
        """The facts of a learner that W&B's callback keeps, by its names."""
        return {
            "batch size": self.dls.bs,
            "batch per epoch": len(self.dls.train),
            "model parameters": total_params(self.learn.model)[0],
            "device": str(self.dls.device),
            "frozen": bool(self.opt.frozen_idx),
            "Learner": {"arch": type(self.learn.model).__name__, "loss_func": str(self.loss_func)},
        }
