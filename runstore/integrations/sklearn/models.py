"""Charts of classifiers and regressors alike."""

from typing import Any

from runstore.integrations.sklearn import asking
from runstore.media.charts import CustomChart, bar, line
from runstore.media.table import Table


def summary_metrics(model: Any, x: Any, y: Any, x_test: Any, y_test: Any) -> CustomChart:
    """Scores of a fitted model on data it has not seen: accuracy, precision, recall and F1, weighted by class; or mean
    absolute and squared error and R². Raises `UsageError`."""
    import numpy

    asking.given(X=x, y=y, X_test=x_test, y_test=y_test)
    asking.fitted(model, "classifier", "regressor")
    found = scores(model, numpy.asarray(y_test), model.predict(x_test))
    rows = [[name, value, type(model).__name__] for name, value in found.items()]
    table = Table(["metric_name", "metric_value", "model_name"], rows)
    return bar(table, "metric_name", "metric_value", "Summary Metrics")


def scores(model: Any, true: Any, found: Any) -> dict[str, float]:
    """A model's scores by the names that W&B has for them."""
    from sklearn import base, metrics

    if base.is_classifier(model):
        weighted = {"average": "weighted", "zero_division": 0}
        return {
            "accuracy_score": float(metrics.accuracy_score(true, found)),
            "precision": float(metrics.precision_score(true, found, **weighted)),
            "recall": float(metrics.recall_score(true, found, **weighted)),
            "f1_score": float(metrics.f1_score(true, found, **weighted)),
        }
    return {
        "mae": float(metrics.mean_absolute_error(true, found)),
        "mse": float(metrics.mean_squared_error(true, found)),
        "r2_score": float(metrics.r2_score(true, found)),
    }


def learning_curve(
    model: Any,
    x: Any,
    y: Any,
    cv: Any = None,
    shuffle: bool = False,
    random_state: Any = None,
    train_sizes: Any = None,
    n_jobs: int = 1,
    scoring: Any = None,
) -> CustomChart:
    """Cross-validated score over how many samples there were to fit, as scikit-learn's `learning_curve` takes it.

    Five sizes up to all samples unless `train_sizes` says which. Raises `UsageError`.
    """
    import numpy
    from sklearn import model_selection

    asking.given(X=x, y=y)
    asking.of_kind(model, "classifier", "regressor")
    given_sizes = numpy.linspace(0.1, 1.0, 5) if train_sizes is None else train_sizes
    how = {"cv": cv, "shuffle": shuffle, "random_state": random_state, "n_jobs": n_jobs, "scoring": scoring}
    sizes, train, test = model_selection.learning_curve(model, x, numpy.asarray(y), train_sizes=given_sizes, **how)[:3]
    rows = [
        [dataset, float(found[at].mean()), int(size)]
        for at, size in enumerate(sizes)
        for dataset, found in (("train", train), ("test", test))
    ]
    table = Table(["dataset", "score", "train_size"], rows)
    return line(table, "train_size", "score", "dataset", "Learning Curve")
