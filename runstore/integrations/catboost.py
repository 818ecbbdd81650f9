"""CatBoost: a callback for `fit`, and what there is to say at the end."""

from pathlib import Path
from typing import Any

from catboost import CatBoost

from runstore.errors import BadTypeError
from runstore.integrations import boosting
from runstore.integrations.begun import begun


class WandbCallback:
    """Logs metrics as `<data>-<metric>` with `iteration@metric-period-<n>`, whenever CatBoost evaluates them.

    `metric_period` is the one given to the model. Raises `RunstoreError` when there is no run.
    """

    def __init__(self, metric_period: int = 1) -> None:
        begun("WandbCallback")
        self.metric_period = metric_period
        self._seen = 0

    def after_iteration(self, info: Any) -> bool:
        """Called by CatBoost; True: go on."""
        values = {
            f"{data}-{metric}": history
            for data, metrics in (info.metrics or {}).items()
            for metric, history in metrics.items()
        }
        seen = sum(map(len, values.values()))
        if seen > self._seen:  # With a period most iterations add nothing.
            self._seen = seen
            row = {key: history[-1] for key, history in values.items() if history}
            begun("WandbCallback").log({**row, f"iteration@metric-period-{self.metric_period}": info.iteration})
        return True


def log_summary(
    model: Any,
    log_all_params: bool = True,
    save_model_checkpoint: bool = False,
    log_feature_importance: bool = True,
) -> None:
    """Puts a fitted model's best iteration and scores into the summary and its parameters into the config; logs its
    features' importances as bars, and with `save_model_checkpoint` the model as the artifact `model_<run id>`.

    Raises `RunstoreError` when there is no run, `TypeError` for another model.
    """
    run = begun("log_summary")
    if not isinstance(model, CatBoost):
        raise BadTypeError(f"log_summary: found a {type(model).__name__}, expected a model of catboost")
    params = model.get_all_params()
    if log_all_params:
        run.config.update(params, allow_val_change=True)
    run.summary["best_iteration"] = model.get_best_iteration()
    run.summary["best_score"] = model.get_best_score()
    if save_model_checkpoint:
        path = Path(run.dir, "model")
        model.save_model(str(path))
        boosting.log_model(run, f"model_{run.id}", path, ["latest", "best" if params.get("use_best_model") else "last"])
    if log_feature_importance:
        run.log(boosting.importances(zip(model.feature_names_, model.get_feature_importance(), strict=True)))
