"""Charts of scikit-learn's models under W&B's keys, and searches as runs."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest
from sklearn.cluster import AgglomerativeClustering, KMeans
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import accuracy_score, silhouette_score
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

import runstore
from runstore.errors import BadTypeError, BadValueError, RunstoreError
from runstore.integrations.sklearn import classifiers, clusterers, models, regressors
from runstore.integrations.sklearn.searches import candidates
from runstore.recording.run import Run
from tests.processes import rows
from tests.recording.conftest import folder_of

X, Y = load_iris(return_X_y=True)
SHUFFLED = numpy.random.default_rng(0).permutation(len(Y))
X, Y = X[SHUFFLED], Y[SHUFFLED]
NAMES = ["setosa", "versicolor", "virginica"]
TWO = Y < 2
MODEL = LogisticRegression(max_iter=500).fit(X, Y)
TREE = DecisionTreeClassifier(max_depth=2, random_state=0).fit(X, Y)


def cells(chart: Any, *columns: str) -> list[tuple[Any, ...]]:
    places = [chart.table.columns.index(column) for column in columns]
    return [tuple(row[at] for at in places) for row in chart.table.data]


def test_a_classifiers_charts_are_one_row_under_wandbs_keys(run: Run) -> None:
    probabilities = MODEL.predict_proba(X)
    runstore.sklearn.plot_classifier(
        MODEL, X, X, Y, Y, MODEL.predict(X), probabilities, NAMES, False, "Logistic", list("abcd"), True
    )
    [row] = rows(folder_of(run))
    assert {key for key in row if not key.startswith("_")} == {
        *("feature_importances", "confusion_matrix", "summary_metrics", "class_proportions", "roc"),
        *("precision_recall", "learning_curve"),
    }
    assert {value["_type"] for key, value in row.items() if not key.startswith("_")} == {"plot"}


def test_of_two_classes_the_calibration_is_there_too(run: Run) -> None:
    model = LogisticRegression().fit(X[TWO], Y[TWO])
    found = model.predict(X[TWO])
    runstore.sklearn.plot_classifier(model, X[TWO], X[TWO], Y[TWO], Y[TWO], found, model.predict_proba(X[TWO]), NAMES)
    assert "calibration_curve" in run.summary


def test_a_regressors_charts_leave_the_model_as_it_was(run: Run) -> None:
    data, target = load_diabetes(return_X_y=True)
    model = LinearRegression().fit(data[:300], target[:300])
    before = model.coef_.copy()
    runstore.sklearn.plot_regressor(model, data[:300], data[300:], target[:300], target[300:])
    [row] = rows(folder_of(run))
    assert {"summary_metrics", "learning_curve", "outlier_candidates", "residuals"} <= set(row)
    assert (model.coef_ == before).all()


def test_a_clusterers_charts(run: Run) -> None:
    kmeans = KMeans(3, n_init=2, random_state=0).fit(X)
    runstore.sklearn.plot_clusterer(kmeans, X, kmeans.labels_, NAMES)
    assert {"elbow_curve", "silhouette_plot"} <= set(run.summary.keys())
    linked = AgglomerativeClustering(3).fit(X)
    runstore.sklearn.plot_clusterer(linked, X, linked.labels_)
    assert "elbow_curve" not in rows(folder_of(run))[1]


def test_the_numbers_are_scikit_learns() -> None:
    found = dict(cells(models.summary_metrics(MODEL, X, Y, X, Y), "metric_name", "metric_value"))
    assert found["accuracy_score"] == accuracy_score(Y, MODEL.predict(X))
    assert set(found) == {"accuracy_score", "precision", "recall", "f1_score"}
    matrix = classifiers.confusion_matrix(Y, TREE.predict(X), NAMES)
    counts = {(actual, predicted): count for predicted, actual, count in matrix.table.data}
    assert counts[("setosa", "setosa")] == 50
    assert sum(counts.values()) == 150
    assert counts[("versicolor", "virginica")] == int(((Y == 1) & (TREE.predict(X) == 2)).sum())
    shares = cells(classifiers.confusion_matrix(Y, TREE.predict(X), normalize=True, true_labels=[1]), "Actual", "Count")
    assert {actual for actual, _ in shares} == {"1"}
    assert math.isclose(sum(share for _, share in shares), 1)
    kmeans = KMeans(3, n_init=2, random_state=0).fit(X)
    drawn = clusterers.silhouette(kmeans, X, kmeans.labels_)
    assert math.isclose(drawn.table.data[0][-1], silhouette_score(X, kmeans.labels_))
    assert len(drawn.table.data) == 150


def test_cooks_distance_is_that_of_leaving_a_sample_out() -> None:
    random = numpy.random.default_rng(0)
    data = numpy.column_stack([numpy.ones(30), random.normal(size=(30, 2))])
    target = data @ [1, 2, 3] + random.normal(size=30)
    target[7] += 20
    model = LinearRegression(fit_intercept=False).fit(data, target)
    found = dict(cells(regressors.outlier_candidates(model, data, target), "instance_indicies", "distance"))
    spread = ((target - model.predict(data)) ** 2).sum() / (30 - 3)
    for sample in range(30):
        kept = numpy.arange(30) != sample
        without = LinearRegression(fit_intercept=False).fit(data[kept], target[kept])
        moved = ((model.predict(data) - without.predict(data)) ** 2).sum() / spread / 3
        assert math.isclose(found[sample], moved, rel_tol=1e-9)
    assert max(found, key=lambda sample: found[sample]) == 7


def test_importances_are_those_of_the_features_by_name_the_largest_first() -> None:
    forest = RandomForestClassifier(5, random_state=0).fit(X, Y)
    names = ["sl", "sw", "pl", "pw"]
    found = classifiers.feature_importances(forest, names).table.data
    assert dict(found) == dict(zip(names, forest.feature_importances_, strict=True))
    assert [value for _, value in found] == sorted(forest.feature_importances_, reverse=True)
    assert len(classifiers.feature_importances(MODEL, max_num_features=2).table.data) == 2
    with pytest.raises(BadValueError, match="3 feature_names for 4 features"):
        classifiers.feature_importances(forest, names[:3])


def test_probabilities_of_two_classes_may_be_those_of_the_second_alone() -> None:
    true, scores = [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]
    both = numpy.column_stack([1 - numpy.array(scores), scores])
    assert classifiers.roc(true, scores).table.data == classifiers.roc(true, both).table.data


def test_a_model_that_has_no_probabilities_is_calibrated_by_its_decisions() -> None:
    model = LinearSVC().fit(X[TWO], Y[TWO])
    drawn = classifiers.calibration_curve(model, X[TWO], Y[TWO], "SVC")
    assert {name for (name,) in cells(drawn, "model")} == {
        *("Perfectly calibrated", "Logistic", "SVC", "SVC Isotonic", "SVC Sigmoid"),
    }


def test_what_cannot_be_drawn_is_told_in_one_line_and_the_rest_is_logged(
    begin: Callable[..., Run], capsys: Any
) -> None:
    run = begin({"silent": False})
    capsys.readouterr()
    plots = runstore.sklearn
    plots.plot_roc(None, None)
    plots.plot_feature_importances(KMeans(3))
    plots.plot_residuals(LinearRegression(), X, Y)
    plots.plot_calibration_curve(MODEL, X, Y)
    plots.plot_outlier_candidates(LinearRegression().fit(X, Y), [["a"]], [1])
    plots.plot_elbow_curve(AgglomerativeClustering(2).fit(X), X)
    plots.plot_silhouette(KMeans(3, n_init=1).fit(X), X, numpy.zeros(150))
    plots.plot_confusion_matrix(Y, Y, ["one"])
    assert rows(folder_of(run)) == []
    said = capsys.readouterr().err.splitlines()
    assert [line.split()[3] for line in said] == [
        *("roc", "feature_importances", "residuals", "calibration_curve", "outlier_candidates", "elbow_curve"),
        *("silhouette_plot", "confusion_matrix"),
    ]
    assert all(line.startswith("runstore: warning: sklearn: ") and " is left out: " in line for line in said)
    pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, Y)
    plots.plot_classifier(pipeline, X, X, Y, Y, pipeline.predict(X), None, NAMES)
    [row] = rows(folder_of(run))
    assert {"feature_importances", "confusion_matrix", "summary_metrics", "class_proportions"} <= set(row)
    assert not {"roc", "precision_recall"} & set(row)


def test_without_a_run_a_plot_says_that_there_is_none() -> None:
    with pytest.raises(RunstoreError, match=r"call runstore.init\(\) before charts"):
        runstore.sklearn.plot_confusion_matrix(Y, Y)


def test_each_candidate_of_a_search_is_a_run_of_a_group(store: Path) -> None:
    search = GridSearchCV(TREE, {"max_depth": [1, 2], "criterion": ["gini"]}, cv=3, return_train_score=True).fit(X, Y)
    ids = runstore.sklearn.record_search(search, project="search", dir=str(store))
    found = [runstore.Api(store).run(f"search/{each}") for each in ids]
    assert [run.config["max_depth"] for run in found] == [1, 2]
    assert {run.group for run in found} == {"GridSearchCV of DecisionTreeClassifier"}
    assert [run.name for run in found] == ["criterion=gini, max_depth=1", "criterion=gini, max_depth=2"]
    for at, run in enumerate(found):
        assert run.state == "finished"
        assert run.summary["mean_test_score"] == search.cv_results_["mean_test_score"][at]
        assert "test_score" not in run.summary
        folds = run.history(keys=["test_score", "train_score"], pandas=False)
        assert [row["test_score"] for row in folds] == [
            search.cv_results_[f"split{fold}_test_score"][at] for fold in range(3)
        ]
    assert [run.tags for run in found] == [["best"] if at == search.best_index_ else [] for at in range(2)]


def test_the_current_run_gets_the_table_of_all_candidates(begin: Callable[..., Run], store: Path) -> None:
    run = begin(name="searching")
    scoring = {"accuracy": "accuracy", "loss": "neg_log_loss"}
    search = RandomizedSearchCV(
        LogisticRegression(max_iter=500), {"C": [0.1, 1.0, 10.0]}, n_iter=2, cv=2, scoring=scoring, refit="accuracy"
    ).fit(X, Y)
    ids = runstore.sklearn.record_search(search)
    assert runstore.run is run
    [row] = rows(folder_of(run))
    assert row["search"]["nrows"] == 2
    assert row["search_scores"]["fields"]["value"] == "mean_test_accuracy"
    assert run.summary["best_params"] == search.best_params_
    assert math.isclose(run.summary["best_score"], search.best_score_)
    group = {each.group for each in runstore.Api(store).runs("p") if each.id in ids}
    assert group == {"RandomizedSearchCV of LogisticRegression, searching"}


def test_within_a_trial_of_a_sweep_there_is_the_table_alone(begin: Callable[..., Run], store: Path) -> None:
    run = begin({"sweep_id": "s"})
    search = GridSearchCV(TREE, {"max_depth": [1, 2]}, cv=2).fit(X, Y)
    assert runstore.sklearn.record_search(search) == []
    assert rows(folder_of(run))[0]["search"]["nrows"] == 2
    assert len(runstore.Api(store).runs("p")) == 1


def test_what_is_no_fitted_search_is_refused() -> None:
    with pytest.raises(BadTypeError, match="expected a search"):
        runstore.sklearn.record_search(MODEL)
    with pytest.raises(BadValueError, match="not fitted"):
        runstore.sklearn.record_search(GridSearchCV(TREE, {"max_depth": [1]}))


def test_candidates_that_failed_have_no_score() -> None:
    search = GridSearchCV(TREE, {"max_depth": [1]}, cv=2, scoring=lambda *_: math.nan).fit(X, Y)
    [found] = candidates(search)
    assert math.isnan(found.scores["mean_test_score"])
    assert [math.isnan(fold["test_score"]) for fold in found.folds] == [True, True]
