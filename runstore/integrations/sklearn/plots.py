"""`runstore.sklearn`: charts of models, logged to the current run under W&B's keys.

A chart that cannot be drawn is told in one line and left out: it comes after the training, and must not cost it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from runstore.errors import RunstoreError
from runstore.integrations.sklearn import classifiers, clusterers, models, regressors
from runstore.media.charts import CustomChart
from runstore.recording import current
from runstore.recording.compat import termwarn

_Draw = Callable[[], CustomChart]


def plot_classifier(
    model: Any,
    X_train: Any,
    X_test: Any,
    y_train: Any,
    y_test: Any,
    y_pred: Any,
    y_probas: Any,
    labels: Sequence[Any] | None,
    is_binary: bool = False,
    model_name: str = "Classifier",
    feature_names: Sequence[Any] | None = None,
    log_learning_curve: bool = False,
) -> None:
    """Logs, in one row, all charts of a fitted classifier: feature importances, confusion matrix, summary metrics,
    class proportions, ROC and precision-recall curves, of two classes the calibration, and on demand the learning
    curve. `y_pred` and `y_probas` are what it found for `X_test`; `is_binary` is found out, and taken for W&B's sake.

    Raises `runstore.Error` when there is no run.
    """
    charts: dict[str, _Draw] = {
        "feature_importances": partial(classifiers.feature_importances, model, feature_names),
        "confusion_matrix": partial(classifiers.confusion_matrix, y_test, y_pred, labels),
        "summary_metrics": partial(models.summary_metrics, model, X_train, y_train, X_test, y_test),
        "class_proportions": partial(classifiers.class_proportions, y_train, y_test, labels),
        "roc": partial(classifiers.roc, y_test, y_probas, labels),
        "precision_recall": partial(classifiers.precision_recall, y_test, y_probas, labels),
    }
    if y_train is not None and len(set(y_train)) == 2:
        charts["calibration_curve"] = partial(classifiers.calibration_curve, model, X_train, y_train, model_name)
    if log_learning_curve:
        charts["learning_curve"] = partial(models.learning_curve, model, X_train, y_train)
    _log(charts)


def plot_regressor(
    model: Any, X_train: Any, X_test: Any, y_train: Any, y_test: Any, model_name: str = "Regressor"
) -> None:
    """Logs, in one row, all charts of a fitted regressor: summary metrics, learning curve, outlier candidates and
    residuals. `model_name` is taken for W&B's sake. Raises `runstore.Error` when there is no run.
    """
    _log(
        {
            "summary_metrics": partial(models.summary_metrics, model, X_train, y_train, X_test, y_test),
            "learning_curve": partial(models.learning_curve, model, X_train, y_train),
            "outlier_candidates": partial(regressors.outlier_candidates, model, X_train, y_train),
            "residuals": partial(regressors.residuals, model, X_train, y_train),
        }
    )


def plot_clusterer(
    model: Any,
    X_train: Any,
    cluster_labels: Any,
    labels: Sequence[Any] | None = None,
    model_name: str = "Clusterer",
) -> None:
    """Logs, in one row, all charts of a fitted clusterer: silhouette, and of k-means the elbow curve.

    `cluster_labels` are the samples' clusters, `labels` the clusters' names; `model_name` is taken for W&B's sake.
    Raises `runstore.Error` when there is no run.
    """
    from sklearn.cluster import KMeans, MiniBatchKMeans

    kmeans = isinstance(model, KMeans | MiniBatchKMeans)
    elbow: dict[str, _Draw] = {"elbow_curve": partial(clusterers.elbow_curve, model, X_train)} if kmeans else {}
    draw = partial(clusterers.silhouette, model, X_train, cluster_labels, labels, kmeans=kmeans)
    _log({**elbow, "silhouette_plot": draw})


def plot_roc(
    y_true: Any = None,
    y_probas: Any = None,
    labels: Sequence[str] | None = None,
    plot_micro: bool = True,
    plot_macro: bool = True,
    classes_to_plot: Sequence[Any] | None = None,
) -> None:
    """Logs true over false positive rates as `roc`. `plot_micro` and `plot_macro` change nothing, as in W&B."""
    _log({"roc": partial(classifiers.roc, y_true, y_probas, labels, classes_to_plot)})


def plot_precision_recall(
    y_true: Any = None,
    y_probas: Any = None,
    labels: Sequence[str] | None = None,
    plot_micro: bool = True,
    classes_to_plot: Sequence[Any] | None = None,
) -> None:
    """Logs precision over recall as `precision_recall`. `plot_micro` changes nothing, as in W&B."""
    _log({"precision_recall": partial(classifiers.precision_recall, y_true, y_probas, labels, classes_to_plot)})


def plot_confusion_matrix(
    y_true: Any = None,
    y_pred: Any = None,
    labels: Sequence[Any] | None = None,
    true_labels: Sequence[Any] | None = None,
    pred_labels: Sequence[Any] | None = None,
    normalize: bool = False,
) -> None:
    """Logs how often each class was taken for which as `confusion_matrix`."""
    draw = partial(classifiers.confusion_matrix, y_true, y_pred, labels, true_labels, pred_labels, normalize)
    _log({"confusion_matrix": draw})


def plot_feature_importances(
    model: Any = None,
    feature_names: Sequence[Any] | None = None,
    title: str = "Feature Importance",
    max_num_features: int | None = 50,
) -> None:
    """Logs how much each feature counts for a fitted model as `feature_importances`."""
    draw = partial(classifiers.feature_importances, model, feature_names, title, max_num_features)
    _log({"feature_importances": draw})


def plot_class_proportions(y_train: Any = None, y_test: Any = None, labels: Sequence[Any] | None = None) -> None:
    """Logs how many samples each class has to train and to test with as `class_proportions`."""
    _log({"class_proportions": partial(classifiers.class_proportions, y_train, y_test, labels)})


def plot_calibration_curve(clf: Any = None, X: Any = None, y: Any = None, clf_name: str = "Classifier") -> None:
    """Logs how far a classifier's probabilities can be believed as `calibration_curve`; fits copies of it."""
    _log({"calibration_curve": partial(classifiers.calibration_curve, clf, X, y, clf_name)})


def plot_summary_metrics(
    model: Any = None, X: Any = None, y: Any = None, X_test: Any = None, y_test: Any = None
) -> None:
    """Logs a fitted model's scores on `X_test` as `summary_metrics`."""
    _log({"summary_metrics": partial(models.summary_metrics, model, X, y, X_test, y_test)})


def plot_learning_curve(
    model: Any = None,
    X: Any = None,
    y: Any = None,
    cv: Any = None,
    shuffle: bool = False,
    random_state: Any = None,
    train_sizes: Any = None,
    n_jobs: int = 1,
    scoring: Any = None,
) -> None:
    """Logs the score over the number of samples as `learning_curve`; fits copies of the model."""
    how = (cv, shuffle, random_state, train_sizes, n_jobs, scoring)
    _log({"learning_curve": partial(models.learning_curve, model, X, y, *how)})


def plot_outlier_candidates(regressor: Any = None, X: Any = None, y: Any = None) -> None:
    """Logs each sample's influence as `outlier_candidates`; fits a copy of the regressor."""
    _log({"outlier_candidates": partial(regressors.outlier_candidates, regressor, X, y)})


def plot_residuals(regressor: Any = None, X: Any = None, y: Any = None) -> None:
    """Logs residuals over predictions as `residuals`; fits a copy of the regressor."""
    _log({"residuals": partial(regressors.residuals, regressor, X, y)})


def plot_elbow_curve(
    clusterer: Any = None,
    X: Any = None,
    cluster_ranges: Iterable[int] | None = None,
    n_jobs: int = 1,
    show_cluster_time: bool = True,
) -> None:
    """Logs the clusters' spread over their number as `elbow_curve`; fits copies of the clusterer."""
    _log({"elbow_curve": partial(clusterers.elbow_curve, clusterer, X, cluster_ranges, n_jobs, show_cluster_time)})


def plot_silhouette(
    clusterer: Any = None,
    X: Any = None,
    cluster_labels: Any = None,
    labels: Sequence[Any] | None = None,
    metric: str = "euclidean",
    kmeans: bool = True,
) -> None:
    """Logs how well each sample lies in its cluster as `silhouette_plot`."""
    draw = partial(clusterers.silhouette, clusterer, X, cluster_labels, labels, metric, kmeans)
    _log({"silhouette_plot": draw})


def _log(charts: Mapping[str, _Draw]) -> None:
    run = current.get()
    if run is None:
        raise RunstoreError(f"call runstore.init() before charts of models are logged ({', '.join(charts)})")
    made = {}
    for key, draw in charts.items():
        try:
            made[key] = draw()
        except Exception as error:  # Whatever a model or its data do: the run goes on without the chart.
            reason = " ".join(str(error).split()) or type(error).__name__
            termwarn(f"sklearn: {key} is left out: {reason}")
    if made:
        run.log(made)
