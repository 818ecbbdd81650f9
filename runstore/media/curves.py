"""Charts of classifiers: confusion matrix, ROC and precision-recall curves, with the numbers that W&B gets."""

from collections.abc import Iterable, Sequence
from typing import Any

from runstore.errors import BadTypeError, BadValueError
from runstore.media.charts import CustomChart
from runstore.media.pixels import as_array
from runstore.media.table import Table

_SEED = 42


def confusion_matrix(
    probs: Any = None,
    y_true: Any = None,
    preds: Any = None,
    class_names: Sequence[str] | None = None,
    title: str = "Confusion Matrix Curve",
    split_table: bool = False,
) -> CustomChart:
    """How often each class was taken for which: `y_true` are the classes, and either `preds` those predicted or
    `probs` each one's probabilities (samples x classes). With `class_names` classes are numbers from 0.

    Raises `ValueError` (a `UsageError`).
    """
    import numpy

    if probs is not None and preds is not None:
        raise BadValueError("Only one of `probs` or `preds` should be provided, not both.")
    if y_true is None or (probs is None and preds is None):
        raise BadValueError("a confusion matrix needs y_true, and preds or probs")
    found = _most_probable(probs) if probs is not None else _labels(preds)
    true = _labels(y_true)
    if len(found) != len(true):
        raise BadValueError(
            f"The number of predictions and true labels must be equal, found {len(found)} and {len(true)}."
        )
    if class_names is not None:
        names, known = list(class_names), set(range(len(class_names)))
        for what, given in (("predicted classes", found), ("true labels", true)):
            if len(set(given)) > len(names):
                raise BadValueError(f"The number of unique {what} exceeds the number of class names.")
    else:
        known = set(found) | set(true)
        names = [f"Class_{number + 1}" for number in range(len(known))]
    try:
        where = {label: at for at, label in enumerate(sorted(known))}
    except TypeError:
        raise BadTypeError("the classes of y_true and preds are of several types; give them one type") from None
    if unknown := (set(found) | set(true)) - set(where):
        raise BadValueError(
            f"found the classes {sorted(unknown, key=str)}, expected numbers from 0 to {len(names) - 1}"
        )
    counts = numpy.zeros((len(names), len(names)))
    for label, other in zip(true, found, strict=True):
        counts[where[label], where[other]] += 1
    rows = [[names[at], names[to], float(counts[at, to])] for at in range(len(names)) for to in range(len(names))]
    table = Table(["Actual", "Predicted", "nPredictions"], rows)
    fields = {name: name for name in table.columns}
    return CustomChart(table, "confusion_matrix", None, fields, {"title": title}, split_table)


def roc_curve(
    y_true: Any,
    y_probas: Any = None,
    labels: Sequence[str] | None = None,
    classes_to_plot: Sequence[Any] | None = None,
    title: str = "ROC Curve",
    split_table: bool = False,
) -> CustomChart:
    """True over false positive rate of each class against all others, from its probabilities (samples x classes).

    `labels` names classes that are whole numbers. Raises `ValueError` (a `UsageError`).
    """
    from sklearn import metrics

    curves: dict[Any, tuple[Any, Any]] = {}
    for label, true, scores, positive in _classes(y_true, y_probas, labels, classes_to_plot):
        false_rate, true_rate, _ = metrics.roc_curve(true, scores, pos_label=positive)
        curves[label] = (false_rate, true_rate)
    strings = {"title": title, "x-axis-title": "False positive rate", "y-axis-title": "True positive rate"}
    table = _table(curves, ("fpr", "tpr"))
    return CustomChart(table, "roc_curve", None, {"x": "fpr", "y": "tpr", "class": "class"}, strings, split_table)


def pr_curve(
    y_true: Any = None,
    y_probas: Any = None,
    labels: Sequence[str] | None = None,
    classes_to_plot: Sequence[Any] | None = None,
    interp_size: int = 21,
    title: str = "Precision-Recall Curve",
    split_table: bool = False,
) -> CustomChart:
    """Precision over recall of each class against all others, at `interp_size` recalls from 1 down to 0.

    `labels` names classes that are whole numbers. Raises `ValueError` (a `UsageError`).
    """
    import numpy
    from sklearn import metrics

    recalls = numpy.linspace(0, 1, interp_size)[::-1]
    curves: dict[Any, tuple[Any, Any]] = {}
    for label, true, scores, positive in _classes(y_true, y_probas, labels, classes_to_plot):
        precision, recall, _ = metrics.precision_recall_curve(true, scores, pos_label=positive)
        best = numpy.maximum.accumulate(precision)[::-1]
        curves[label] = (best[numpy.searchsorted(recall[::-1], recalls, side="left")], recalls)
    strings = {"title": title, "x-axis-title": "Recall", "y-axis-title": "Precision"}
    table = _table(curves, ("precision", "recall"))
    fields = {"x": "recall", "y": "precision", "class": "class"}
    return CustomChart(table, "pr_curve", None, fields, strings, split_table)


def _most_probable(probs: Any) -> list[Any]:
    scores = as_array(probs, "probs")
    if scores.ndim != 2 or not scores.shape[1]:
        raise BadValueError(f"probs has the shape {list(scores.shape)}, expected samples x classes")
    found: list[Any] = scores.argmax(axis=1).tolist()
    return found


def _labels(given: Any) -> list[Any]:
    found = given.tolist() if hasattr(given, "tolist") else list(given)
    return [label.item() if hasattr(label, "item") else label for label in found]


def _classes(
    y_true: Any, y_probas: Any, labels: Sequence[str] | None, wanted: Iterable[Any] | None
) -> list[tuple[Any, Any, Any, Any]]:
    """Of each class to plot: its label, the true classes, its probabilities, and the class itself."""
    import numpy

    if y_true is None or y_probas is None:
        raise BadValueError("the curves of a classifier need y_true and y_probas")
    true, scores = numpy.array(_labels(y_true)), as_array(y_probas, "y_probas")
    if true.ndim != 1 or scores.ndim != 2 or len(true) != len(scores):
        raise BadValueError(
            f"y_true has the shape {list(true.shape)} and y_probas {list(scores.shape)}; expected samples, and "
            "samples x classes"
        )
    if not numpy.isfinite(scores).all():
        raise BadValueError("y_probas holds NaN or infinity; leave out the samples without a score")
    classes = numpy.unique(true)
    if not len(classes) or scores.shape[1] < len(classes):
        raise BadValueError(f"y_true has {len(classes)} classes and y_probas {scores.shape[1]} columns; give one each")
    chosen = numpy.nonzero(numpy.isin(classes, list(classes if wanted is None else wanted)))[0]
    if not len(chosen):
        raise BadValueError(f"none of classes_to_plot is among the classes of y_true: {classes.tolist()}")
    by_number = labels is not None and classes.dtype.kind in "iu"
    if by_number and labels is not None and int(classes[chosen].max()) >= len(labels):
        raise BadValueError(f"there are {len(labels)} labels, and a class of number {classes[chosen].max()}")
    return [
        (
            labels[classes[at]] if by_number and labels is not None else classes[at].item(),
            true,
            scores[:, at],
            classes[at],
        )
        for at in chosen
    ]


def _table(curves: dict[Any, tuple[Any, Any]], columns: tuple[str, str]) -> Table:
    """The points of all curves to three digits; of more than a table's 10,000 rows a sample of each class."""
    import numpy

    labels = [label for label, points in curves.items() for _ in points[0]]
    parts = [numpy.hstack([points[at] for points in curves.values()]).round(3) for at in (0, 1)]
    order = range(len(labels))
    if len(labels) > Table.MAX_ROWS:
        from sklearn import utils

        kinds = numpy.array(labels)
        sample = utils.resample(
            numpy.arange(len(labels)), replace=False, n_samples=Table.MAX_ROWS, random_state=_SEED, stratify=kinds
        )
        first, second = parts
        order = sample[numpy.lexsort((kinds[sample], second[sample], first[sample]))].tolist()
    points = [part.tolist() for part in parts]
    return Table(["class", *columns], [[labels[at], points[0][at], points[1][at]] for at in order])
