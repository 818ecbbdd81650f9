"""Charts of clusterings."""

import time
from collections.abc import Iterable, Sequence
from typing import Any, Final

from runstore.errors import BadValueError
from runstore.integrations.sklearn import asking
from runstore.media.charts import CustomChart, line, plot_table
from runstore.media.table import Table

_MOST: Final = 1000
_GAP: Final = 10
_SILHOUETTE: Final = {
    "data": {"name": "table"},
    "layer": [
        {
            "mark": {"type": "bar", "height": 1},
            "encoding": {
                "x": {"field": "x1", "type": "quantitative", "title": "silhouette coefficient"},
                "x2": {"field": "x2"},
                "y": {"field": "y_sil", "type": "quantitative", "axis": None},
                "color": {"field": "color_sil", "type": "nominal", "title": "cluster"},
                "tooltip": [{"field": "color_sil", "title": "cluster"}, {"field": "x2", "title": "coefficient"}],
            },
        },
        {
            "mark": {"type": "rule", "strokeDash": [4, 4], "color": "#d62728"},
            "encoding": {"x": {"field": "silhouette_avg", "type": "quantitative", "aggregate": "mean"}},
        },
    ],
}


def elbow_curve(
    clusterer: Any,
    x: Any,
    cluster_ranges: Iterable[int] | None = None,
    n_jobs: int = 1,
    show_cluster_time: bool = True,
) -> CustomChart:
    """How far samples are from their clusters, as copies of the clusterer find it for several numbers of clusters.

    1, 3, 5, 7 and 9 unless `cluster_ranges` says which. With `show_cluster_time` the table has the seconds each took.
    Raises `UsageError`.
    """
    from joblib import Parallel, delayed

    asking.given(X=x)
    asking.fitted(clusterer, "clusterer")
    for name in ("n_clusters", "score"):
        if not hasattr(clusterer, name):
            raise BadValueError(f"a {type(clusterer).__name__} has no {name}; there is no elbow curve of it")
    numbers = sorted(range(1, 10, 2) if cluster_ranges is None else cluster_ranges)
    found = Parallel(n_jobs=n_jobs)(delayed(_fit)(clusterer, x, number) for number in numbers)
    columns = ["cluster_ranges", "errors", *(["clustering_time"] if show_cluster_time else [])]
    rows = [[number, *each][: len(columns)] for number, each in zip(numbers, found, strict=True)]
    return line(Table(columns, rows), "cluster_ranges", "errors", title="Elbow Curve")


def _fit(clusterer: Any, x: Any, number: int) -> tuple[float, float]:
    from sklearn.base import clone

    began = time.perf_counter()
    score = clone(clusterer).set_params(n_clusters=number).fit(x).score(x)
    return abs(float(score)), time.perf_counter() - began


def silhouette(
    clusterer: Any,
    x: Any,
    cluster_labels: Any = None,
    labels: Sequence[Any] | None = None,
    metric: str = "euclidean",
    kmeans: bool = True,
) -> CustomChart:
    """How much nearer each sample is to its own cluster than to the next: from 1, well inside, to -1.

    `cluster_labels` are the samples' clusters, the clusterer's own without them; `labels` names clusters. With `kmeans`
    the table has the clusters' centres. Of more than 1,000 samples an even choice. Raises `UsageError`.
    """
    import numpy
    from sklearn.metrics import silhouette_samples

    asking.fitted(clusterer, "clusterer")
    asking.given(X=x)
    features = asking.matrix(x, "X")
    found = numpy.asarray(clusterer.labels_ if cluster_labels is None else cluster_labels)
    known, places = numpy.unique(found, return_inverse=True)
    names = asking.names_of(known, labels)
    values = silhouette_samples(features, found, metric=metric)
    order = numpy.lexsort((values, places))
    order = order[asking.thinned(len(order), _MOST)]
    centres = _centres(clusterer, len(known)) if kmeans else [(None, None)] * len(known)
    mean, first = float(values.mean()), features[:, 0]
    second = features[:, min(1, features.shape[1] - 1)]
    rows = []
    for at, sample in enumerate(order):
        cluster = int(places[sample])
        of_sample = [float(first[sample]), float(second[sample]), names[cluster], *centres[cluster]]
        rows.append([*of_sample, at + _GAP * (cluster + 1), 0.0, float(values[sample]), names[cluster], mean])
    columns = ["x", "y", "colors", "centerx", "centery", "y_sil", "x1", "x2", "color_sil", "silhouette_avg"]
    return plot_table(_SILHOUETTE, Table(columns, rows), {}, {"title": "Silhouette"})


def _centres(clusterer: Any, count: int) -> list[tuple[float | None, float | None]]:
    """The first two coordinates of the clusters' centres, None where the clusterer has none for each."""
    found = getattr(clusterer, "cluster_centers_", None)
    if found is None or len(found) != count:
        return [(None, None)] * count
    return [(float(each[0]), float(each[min(1, len(each) - 1)])) for each in found]
