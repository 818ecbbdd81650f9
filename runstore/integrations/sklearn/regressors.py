"""Charts of regressors: of copies that are fitted anew, so that the model stays as it is."""

from typing import Any, Final

from runstore.errors import BadValueError
from runstore.integrations.sklearn import asking
from runstore.media.charts import CustomChart, plot_table
from runstore.media.table import Table

_MOST: Final = 1000
_SEED: Final = 42
_OUTLIERS: Final = {
    "data": {"name": "table"},
    "layer": [
        {
            "mark": "bar",
            "encoding": {
                "x": {"field": "instance_indicies", "type": "quantitative", "title": "sample"},
                "y": {"field": "distance", "type": "quantitative", "title": "Cook's distance"},
                "tooltip": [{"field": "instance_indicies"}, {"field": "distance"}],
            },
        },
        {
            "mark": {"type": "rule", "strokeDash": [4, 4], "color": "#d62728"},
            "encoding": {"y": {"field": "influence_threshold", "type": "quantitative", "aggregate": "mean"}},
        },
    ],
}


def outlier_candidates(model: Any, x: Any, y: Any) -> CustomChart:
    """How much each sample moves the regression: Cook's distance, with 4 / samples as what stands out.

    Cook 1977, Detection of influential observation in linear regression. Of more than 1,000 samples those with the
    largest. Raises `UsageError`.
    """
    import numpy
    from sklearn.base import clone

    asking.given(X=x, y=y)
    asking.fitted(model, "regressor")
    features, target = asking.matrix(x, "X"), numpy.asarray(y, dtype=float)
    count, width = features.shape
    free = count - numpy.linalg.matrix_rank(features)
    if free < 1:
        raise BadValueError(f"found {count} samples of {width} features, expected more samples than features")
    left = target - clone(model).fit(x, target).predict(x)
    leverage = (features * numpy.linalg.pinv(features).T).sum(axis=1).clip(0, 1 - 1e-12)
    spread = left @ left / free
    distance = (left**2 / spread if spread else numpy.zeros(count)) * leverage / (1 - leverage) ** 2 / width
    threshold = 4 / count
    share = round(float((distance >= threshold).mean() * 100), 3)
    shown = numpy.sort(numpy.argsort(-distance, kind="stable")[:_MOST])
    columns = ["distance", "instance_indicies", "outlier_percentage", "influence_threshold"]
    table = Table(columns, [[float(distance[at]), int(at), share, threshold] for at in shown])
    return plot_table(_OUTLIERS, table, {}, {"title": "Outlier Candidates"})


def residuals(model: Any, x: Any, y: Any) -> CustomChart:
    """By how much predictions are too large, over the predictions: of four fifths that a copy is fitted to, and of the
    fifth that it has not seen. At most 1,000 points each. Raises `UsageError`."""
    import numpy
    from sklearn.base import clone
    from sklearn.model_selection import train_test_split

    asking.given(X=x, y=y)
    asking.fitted(model, "regressor")
    parts = train_test_split(x, numpy.asarray(y, dtype=float), test_size=0.2, random_state=_SEED)
    samples = {"train": (parts[0], parts[2]), "test": (parts[1], parts[3])}
    copy = clone(model).fit(*samples["train"])
    scores = [float(copy.score(*each)) for each in samples.values()]
    rows = []
    for dataset, (features, target) in samples.items():
        found = copy.predict(features)
        rows += [
            [dataset, float(found[at]), float(found[at] - target[at]), *scores]
            for at in asking.thinned(len(found), _MOST)
        ]
    table = Table(["dataset", "y_pred", "residuals", "train_score", "test_score"], rows)
    fields = {"x": "y_pred", "y": "residuals", "class": "dataset"}
    return CustomChart(table, "scatter", None, fields, {"title": "Residuals"})
