"""What the callbacks of XGBoost, LightGBM and CatBoost share: which metrics are to fall, importances, models."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from runstore.artifacts.artifact import Artifact
from runstore.media.charts import bar
from runstore.media.table import Table

if TYPE_CHECKING:
    from runstore.recording.run import Run

_LOWER: Final = frozenset(
    {"rmse", "rmsle", "mae", "mape", "mphe", "logloss", "error", "merror", "l1", "l2", "huber", "fair", "poisson"}
    | {"gamma", "binary_logloss"}
)
_HIGHER: Final = frozenset({"auc", "aucpr", "ndcg", "map", "average_precision"})


def define(run: "Run", key: str, metric: str) -> None:
    """Has the summary keep the best value of `key`, where it is known of the `metric` which way is better."""
    name = metric.lower().partition("@")[0]  # `ndcg@5`, `error@0.7`
    if "loss" in name or name in _LOWER:
        run.define_metric(key, summary="min")
    elif name in _HIGHER:
        run.define_metric(key, summary="max")


def importances(pairs: Iterable[tuple[Any, Any]]) -> dict[str, Any]:
    """A row with the bars of features and how much each counts, the largest first."""
    found = sorted(((-float(value), str(name)) for name, value in pairs))
    table = Table(["Feature", "Importance"], [[name, -value] for value, name in found])
    return {"Feature Importance": bar(table, "Feature", "Importance", "Feature Importance")}


def log_model(run: "Run", name: str, path: Path, aliases: Sequence[str]) -> None:
    """Logs the file of a model as the next version of the artifact `name`."""
    artifact = Artifact(name, type="model")
    artifact.add_file(str(path))
    run.log_artifact(artifact, aliases=list(aliases))
