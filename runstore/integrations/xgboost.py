"""XGBoost: a callback for `xgboost.train` and the estimators, by W&B's name."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import xgboost
from xgboost.callback import TrainingCallback

from runstore.integrations import boosting
from runstore.integrations.begun import begun


class WandbCallback(TrainingCallback):  # type: ignore[misc, unused-ignore]
    """Logs each round's metrics as `<data>-<metric>` with `epoch`, and the booster's configuration.

    `define_metric` has the summary keep each metric's best value; `log_feature_importance` logs bars of
    `importance_type` (weight, gain, cover, total_gain or total_cover; weight for a linear model), `log_model` the model
    as the artifact `<run id>_model.json`. The best score and round are logged where there was early stopping. In
    `xgboost.cv` there is no single model: the metrics alone are logged. Raises `RunstoreError` when there is no run.
    """

    def __init__(
        self,
        log_model: bool = False,
        log_feature_importance: bool = True,
        importance_type: str = "gain",
        define_metric: bool = True,
    ) -> None:
        super().__init__()
        begun("WandbCallback")
        self.log_model = log_model
        self.log_feature_importance = log_feature_importance
        self.importance_type = importance_type
        self.define_metric = define_metric

    def before_training(self, model: Any) -> Any:
        if isinstance(model, xgboost.Booster):
            begun("WandbCallback").config.update(json.loads(model.save_config()), allow_val_change=True)
        return model

    def after_iteration(
        self, model: Any, epoch: int, evals_log: Mapping[str, Mapping[str, Sequence[float | tuple[float, float]]]]
    ) -> bool:
        run = begun("WandbCallback")
        row: dict[str, float] = {}
        for data, metrics in evals_log.items():
            for metric, values in metrics.items():
                key, value = f"{data}-{metric}", values[-1]
                if self.define_metric and epoch == 0:
                    boosting.define(run, key, metric)
                if isinstance(value, tuple):  # Of cross-validation: the mean and the deviation.
                    row |= {key: value[0], f"{key}-std": value[1]}
                else:
                    row[key] = value
        run.log({**row, "epoch": epoch})
        return False

    def after_training(self, model: Any) -> Any:
        if not isinstance(model, xgboost.Booster):
            return model
        run = begun("WandbCallback")
        if self.log_model:
            path = Path(run.dir, f"{run.id}_model.json")
            model.save_model(path)
            boosting.log_model(run, path.name, path, ["latest"])
        if self.log_feature_importance:
            run.log(boosting.importances(self._scores(model).items()))
        if (best := model.attr("best_score")) is not None:
            run.log({"best_score": float(best), "best_iteration": int(model.attr("best_iteration") or 0)})
        return model

    def _scores(self, model: Any) -> dict[str, float]:
        found = model.get_score(importance_type=self.importance_type)
        # A linear model of several classes has a value for each.
        return {name: sum(map(abs, value)) if isinstance(value, list) else value for name, value in found.items()}


def wandb_callback() -> Callable[[Any], None]:
    """W&B's older callback: a function for versions of XGBoost before 1.3, whose callbacks were functions."""

    def callback(env: Any) -> None:
        begun("wandb_callback").log({key: value for key, value, *_ in env.evaluation_result_list})

    return callback
