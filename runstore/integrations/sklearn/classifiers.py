"""Charts of classifiers. Tables have the columns that W&B's have."""

from collections.abc import Sequence
from typing import Any, Final

from runstore.errors import BadValueError
from runstore.integrations.sklearn import asking
from runstore.media import curves
from runstore.media.charts import CustomChart, bar, line, plot_table
from runstore.media.table import Table

_IMPORTANCES: Final = ("feature_importances_", "feature_log_prob_", "coef_")
_BINS: Final = 10
_SEED: Final = 42
_PROPORTIONS: Final = {
    "data": {"name": "table"},
    "mark": "bar",
    "encoding": {
        "x": {"field": "class", "type": "nominal"},
        "xOffset": {"field": "dataset", "sort": ["train", "test"]},
        "y": {"field": "count", "type": "quantitative"},
        "color": {"field": "dataset", "type": "nominal", "sort": ["train", "test"]},
        "tooltip": [{"field": "class"}, {"field": "dataset"}, {"field": "count"}],
    },
}


def feature_importances(
    model: Any,
    feature_names: Sequence[Any] | None = None,
    title: str = "Feature Importance",
    max_num_features: int | None = 50,
) -> CustomChart:
    """How much each feature counts for a fitted model, the largest first; of several classes' the mean of sizes.

    Of a pipeline or a search it is the last step, or the best one, that counts. Without `feature_names` features have
    the model's own names, or numbers. Raises `UsageError`.
    """
    import numpy

    asking.fitted(model, "classifier", "regressor")
    model = getattr(model, "best_estimator_", model)
    model = model.steps[-1][1] if hasattr(model, "steps") else model
    found = next((getattr(model, name) for name in _IMPORTANCES if hasattr(model, name)), None)
    if found is None:
        raise BadValueError(f"a {type(model).__name__} has none of {', '.join(_IMPORTANCES)}")
    sizes = numpy.asarray(found, dtype=float)
    values = sizes if sizes.ndim == 1 else sizes[0] if len(sizes) == 1 else numpy.abs(sizes).mean(axis=0)
    known = getattr(model, "feature_names_in_", None) if feature_names is None else feature_names
    names = [str(each) for each in (range(len(values)) if known is None else known)]
    if len(names) != len(values):
        raise BadValueError(f"there are {len(names)} feature_names for {len(values)} features; give each one")
    order = numpy.argsort(-numpy.abs(values), kind="stable")[:max_num_features]
    table = Table(["feature_names", "importances"], [[names[at], float(values[at])] for at in order])
    return bar(table, "feature_names", "importances", title)


def confusion_matrix(
    y_true: Any,
    y_pred: Any,
    labels: Sequence[Any] | None = None,
    true_labels: Sequence[Any] | None = None,
    pred_labels: Sequence[Any] | None = None,
    normalize: bool = False,
) -> CustomChart:
    """How often each class was taken for which, or with `normalize` in which share of its samples.

    `true_labels` and `pred_labels` are the classes, or their names, to show. Raises `UsageError`.
    """
    import numpy
    from sklearn import metrics
    from sklearn.utils.multiclass import unique_labels

    asking.given(y_true=y_true, y_pred=y_pred)
    true, found = numpy.asarray(y_true), numpy.asarray(y_pred)
    classes = unique_labels(true, found)
    names = asking.names_of(classes, labels)
    counts = metrics.confusion_matrix(true, found, labels=classes, normalize="true" if normalize else None)
    rows, columns = (_chosen(classes, names, wanted) for wanted in (true_labels, pred_labels))
    data = [[names[to], names[at], round(counts[at, to].item(), 4)] for at in rows for to in columns]
    table = Table(["Predicted", "Actual", "Count"], data)
    fields = {"Actual": "Actual", "Predicted": "Predicted", "nPredictions": "Count"}
    return CustomChart(table, "confusion_matrix", None, fields, {"title": "Confusion Matrix"})


def _chosen(classes: Any, names: list[str], wanted: Sequence[Any] | None) -> list[int]:
    known = classes.tolist()
    if wanted is None:
        return list(range(len(known)))
    chosen = [at for at, each in enumerate(known) if each in list(wanted) or names[at] in list(wanted)]
    if not chosen:
        raise BadValueError(f"none of {list(wanted)} is among the classes {names}")
    return chosen


def roc(
    y_true: Any,
    y_probas: Any,
    labels: Sequence[str] | None = None,
    classes_to_plot: Sequence[Any] | None = None,
) -> CustomChart:
    """True over false positive rate of each class. Raises `UsageError`."""
    return curves.roc_curve(y_true, asking.probabilities(y_probas), labels, classes_to_plot)


def precision_recall(
    y_true: Any,
    y_probas: Any,
    labels: Sequence[str] | None = None,
    classes_to_plot: Sequence[Any] | None = None,
) -> CustomChart:
    """Precision over recall of each class. Raises `UsageError`."""
    return curves.pr_curve(y_true, asking.probabilities(y_probas), labels, classes_to_plot)


def class_proportions(y_train: Any, y_test: Any, labels: Sequence[Any] | None = None) -> CustomChart:
    """How many samples of each class there are to train and to test with. Raises `UsageError`."""
    import numpy

    asking.given(y_train=y_train, y_test=y_test)
    parts = {"train": numpy.asarray(y_train), "test": numpy.asarray(y_test)}
    classes = numpy.unique(numpy.concatenate(list(parts.values())))
    names = asking.names_of(classes, labels)
    data = [
        [names[at], dataset, int((part == each).sum())]
        for at, each in enumerate(classes)
        for dataset, part in parts.items()
    ]
    return plot_table(_PROPORTIONS, Table(["class", "dataset", "count"], data), {}, {"title": "Class Proportions"})


def calibration_curve(model: Any, x: Any, y: Any, name: str = "Classifier") -> CustomChart:
    """How often the second of two classes comes, over how likely it was said to be.

    For a copy of the model fitted to a tenth of the data, the same calibrated in two ways, and a logistic regression;
    all asked about the other nine tenths, as W&B does. The model itself stays as it is. Raises `UsageError`.
    """
    import numpy
    from sklearn.base import clone
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import train_test_split
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    asking.given(X=x, y=y)
    asking.fitted(model, "classifier")
    true = numpy.asarray(y)
    if len(classes := numpy.unique(true)) != 2:
        raise BadValueError(f"found {len(classes)} classes, expected two; there is no curve of more")
    fit_x, ask_x, fit_y, ask_y = train_test_split(x, true, test_size=0.9, random_state=_SEED, stratify=true)
    models = {
        "Logistic": make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
        name: clone(model),
        f"{name} Isotonic": CalibratedClassifierCV(clone(model), cv=2, method="isotonic"),
        f"{name} Sigmoid": CalibratedClassifierCV(clone(model), cv=2, method="sigmoid"),
    }
    rows: list[list[Any]] = [["Perfectly calibrated", 0.0, 0.0, 0, 0.0], ["Perfectly calibrated", 1.0, 1.0, 0, 0.0]]
    for called, each in models.items():
        scores = _second_class(each.fit(fit_x, fit_y), ask_x)
        rows += [[called, *row] for row in _reliability(ask_y == classes[1], scores)]
    columns = ["model", "fraction_of_positives", "mean_predicted_value", "hist_dict", "edge_dict"]
    return line(Table(columns, rows), "mean_predicted_value", "fraction_of_positives", "model", "Calibration Curve")


def _second_class(model: Any, x: Any) -> Any:
    """How likely the second class is for each sample, by the model's own word or, scaled, by its decision function."""
    if hasattr(model, "predict_proba"):
        return model.predict_proba(x)[:, 1]
    scores = model.decision_function(x)
    return (scores - scores.min()) / ((scores.max() - scores.min()) or 1)


def _reliability(came: Any, scores: Any) -> list[list[Any]]:
    """Of each tenth of the scores' range that has samples: share, mean score, count, lower edge."""
    import numpy

    bins = numpy.minimum((scores * _BINS).astype(int), _BINS - 1)
    return [
        [float(came[bins == at].mean()), float(scores[bins == at].mean()), int((bins == at).sum()), at / _BINS]
        for at in numpy.unique(bins)
    ]
