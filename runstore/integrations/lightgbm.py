"""LightGBM: a callback for `lightgbm.train` and the estimators, and what there is to say at the end."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import lightgbm

from runstore.errors import BadTypeError
from runstore.integrations import boosting
from runstore.integrations.begun import begun


class _Callback:
    """LightGBM asks a callback for `order` and `before_iteration`."""

    order = 20
    before_iteration = False

    def __init__(self, log_params: bool, define_metric: bool) -> None:
        self._log_params = log_params
        self._define_metric = define_metric

    def __call__(self, env: Any) -> None:
        run = begun("wandb_callback")
        found = list(_results(env.evaluation_result_list or []))
        if env.iteration == env.begin_iteration:
            if self._log_params:
                run.config.update(dict(env.params), allow_val_change=True)
            for key, metric, _ in found if self._define_metric else ():
                boosting.define(run, key, metric)
        run.log({**{key: value for key, _, value in found}, "iteration": env.iteration})


def _results(given: list[Any]) -> Iterator[tuple[str, str, float]]:
    """Each value's key, metric and number; cross-validation gives a mean and a deviation."""
    for data, metric, value, _, *deviation in given:
        if deviation:
            where, _, name = str(metric).rpartition(" ")
            key = f"{where or data}_{name}"
            yield f"{key}-mean", name, value
            yield f"{key}-stdv", "", deviation[0]
        else:
            yield f"{data}_{metric}", metric, value


def wandb_callback(log_params: bool = True, define_metric: bool = True) -> Callable[[Any], None]:
    """A callback that logs each round's metrics as `<data>_<metric>` with `iteration`; of cross-validation
    `<data>_<metric>-mean` and `-stdv`.

    `log_params` puts the parameters into the config, `define_metric` has the summary keep each metric's best value.
    Raises `RunstoreError`, in training, when there is no run.
    """
    return _Callback(log_params, define_metric)


def log_summary(model: Any, feature_importance: bool = True, save_model_checkpoint: bool = False) -> None:
    """Puts a booster's best iteration and scores into the summary; logs its features' importances as bars, and with
    `save_model_checkpoint` the model up to its best iteration as the artifact `model_<run id>`.

    An estimator that was fitted will do. Raises `RunstoreError` when there is no run, `TypeError` for another model.
    """
    run = begun("log_summary")
    booster = getattr(model, "booster_", model)
    if not isinstance(booster, lightgbm.Booster):
        raise BadTypeError(f"log_summary: found a {type(model).__name__}, expected a Booster of lightgbm")
    run.summary["best_iteration"] = booster.best_iteration
    run.summary["best_score"] = {data: dict(scores) for data, scores in booster.best_score.items()}
    if feature_importance:
        pairs = zip(booster.feature_name(), booster.feature_importance(), strict=True)
        run.log(boosting.importances(pairs))
    if save_model_checkpoint:
        path = Path(run.dir, f"model_ckpt_{booster.best_iteration}.txt")
        booster.save_model(path, num_iteration=booster.best_iteration)
        boosting.log_model(run, f"model_{run.id}", path, ["latest", "best"])
