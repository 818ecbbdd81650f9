"""Charts: what they say, and the numbers of classifiers as W&B computes them."""

import math
from pathlib import Path
from typing import Any

import numpy
import pytest

import runstore
from runstore.errors import UsageError
from runstore.media.table import load_rows
from tests.media.conftest import Log

TABLE = runstore.Table(columns=["x", "y", "who"], data=[[1, 2.0, "a"], [2, 4.0, "b"]])


@pytest.mark.parametrize(
    ("chart", "preset", "fields"),
    [
        (runstore.plot.line(TABLE, "x", "y", title="T"), "line", {"x": "x", "y": "y"}),
        (runstore.plot.line(TABLE, "x", "y", "who", "T"), "line", {"x": "x", "y": "y", "stroke": "who"}),
        (runstore.plot.scatter(TABLE, "x", "y", "T"), "scatter", {"x": "x", "y": "y"}),
        (runstore.plot.bar(TABLE, "who", "y", "T"), "bar", {"label": "who", "value": "y"}),
        (runstore.plot.histogram(TABLE, "y", "T"), "histogram", {"value": "y"}),
        (runstore.plot_table("wandb/scatter/v0", TABLE, {"x": "x", "y": "y"}, {"title": "T"}), "scatter", None),
    ],
)
def test_a_chart_names_its_columns(chart: Any, preset: str, fields: Any, log: Log, folder: Path) -> None:
    stub = log(chart)
    assert (stub["_type"], stub["preset"], stub["title"], stub["strings"]) == ("plot", preset, "T", {"title": "T"})
    assert stub["fields"] == (fields or {"x": "x", "y": "y"})
    assert "spec" not in stub
    assert load_rows(folder, stub["table"]) == TABLE.data


def test_a_spec_of_ones_own_gets_its_columns_and_texts(log: Log) -> None:
    spec = {
        "title": "${string:title}!",
        "mark": "point",
        "data": {"name": "wandb"},
        "encoding": {
            "x": {"field": "${field:across}", "type": "quantitative"},
            "tooltip": [{"field": "${field:across}"}],
        },
    }
    stub = log(runstore.plot_table(spec, TABLE, {"across": "x"}, {"title": "T"}, split_table=True))
    assert stub["preset"] is None
    assert stub["spec"]["title"] == "T!"
    assert stub["spec"]["encoding"]["x"]["field"] == stub["spec"]["encoding"]["tooltip"][0]["field"] == "x"
    assert stub["split_table"] is True
    assert spec["title"] == "${string:title}!"


def test_a_preset_that_only_a_server_has_is_said_and_its_table_kept(begin: Any, capfd: Any) -> None:
    run = begin(settings={"silent": False})
    run.log({"c": runstore.plot_table("me/mine", TABLE, {"x": "x"})})
    assert "a preset that W&B's server keeps" in capfd.readouterr().err
    assert run.summary["c"]["table"]["nrows"] == 2


def test_series_share_their_positions_or_have_their_own(log: Log, folder: Path) -> None:
    stub = log(runstore.plot.line_series([0, 1], [[1, 2], [3, 4]], keys=["a", "b"], xname="epoch"))
    assert stub["strings"] == {"title": "", "xname": "epoch"}
    rows = [[0, "a", 1], [1, "a", 2], [0, "b", 3], [1, "b", 4]]
    assert load_rows(folder, stub["table"]) == rows
    arrays = runstore.plot.line_series(numpy.array([[0, 1], [0, 1]]), numpy.array([[1, 2], [3, 4]]), ["a", "b"])
    assert arrays.table.data == rows
    assert runstore.plot.line_series([[0], [1, 2]], [[5], [6, 7]]).table.data == [
        [0, "line_0", 5],
        [1, "line_1", 6],
        [2, "line_1", 7],
    ]


def test_a_confusion_matrix_counts() -> None:
    chart = runstore.plot.confusion_matrix(y_true=[0, 1, 2, 2], preds=[0, 2, 2, 1], class_names=["a", "b", "c"])
    assert chart.table.columns == ["Actual", "Predicted", "nPredictions"]
    assert [row for row in chart.table.data if row[2]] == [["a", "a", 1], ["b", "c", 1], ["c", "b", 1], ["c", "c", 1]]
    assert len(chart.table.data) == 9
    probs = numpy.array([[0.9, 0.1], [0.2, 0.8]])
    named = runstore.plot.confusion_matrix(probs=probs, y_true=[0, 1])
    assert named.table.data == [
        ["Class_1", "Class_1", 1],
        ["Class_1", "Class_2", 0],
        ["Class_2", "Class_1", 0],
        ["Class_2", "Class_2", 1],
    ]
    words = runstore.plot.confusion_matrix(y_true=["dog", "cat"], preds=["cat", "cat"])
    assert [row[2] for row in words.table.data] == [1, 0, 1, 0]


TRUE = [0, 0, 1, 1, 2, 2]
SCORES = numpy.array(
    [[0.7, 0.2, 0.1], [0.4, 0.5, 0.1], [0.1, 0.8, 0.1], [0.3, 0.4, 0.3], [0.2, 0.2, 0.6], [0.5, 0.1, 0.4]]
)

# By class, as wandb 0.31 gives them for the same arguments.
ROC = {
    "a": [(0.0, 0.0), (0.0, 0.5), (0.25, 0.5), (0.25, 1.0), (1.0, 1.0)],
    "b": [(0.0, 0.0), (0.0, 0.5), (0.25, 0.5), (0.25, 1.0), (0.75, 1.0), (1.0, 1.0)],
    "c": [(0.0, 0.0), (0.0, 0.5), (0.0, 1.0), (0.25, 1.0), (1.0, 1.0)],
}
PR = {
    "a": [(0.667, 1.0), (0.667, 0.75), (1.0, 0.5), (1.0, 0.25), (1.0, 0.0)],
    "b": [(0.667, 1.0), (0.667, 0.75), (1.0, 0.5), (1.0, 0.25), (1.0, 0.0)],
    "c": [(1.0, 1.0), (1.0, 0.75), (1.0, 0.5), (1.0, 0.25), (1.0, 0.0)],
}


def by_class(table: runstore.Table) -> dict[Any, list[tuple[float, float]]]:
    return {label: [(x, y) for other, x, y in table.data if other == label] for label, _, _ in table.data}


def test_the_curves_of_a_classifier_have_the_points_that_wandb_draws() -> None:
    roc = runstore.plot.roc_curve(TRUE, SCORES, labels=["a", "b", "c"])
    assert roc.table.columns == ["class", "fpr", "tpr"]
    assert roc.fields == {"x": "fpr", "y": "tpr", "class": "class"}
    assert by_class(roc.table) == ROC
    pr = runstore.plot.pr_curve(TRUE, SCORES, labels=["a", "b", "c"], interp_size=5)
    assert pr.table.columns == ["class", "precision", "recall"]
    assert by_class(pr.table) == PR
    some = runstore.plot.roc_curve(TRUE, SCORES, classes_to_plot=[1])
    assert {row[0] for row in some.table.data} == {1}
    words = runstore.plot.pr_curve([["x", "y", "z"][label] for label in TRUE], SCORES)
    assert {row[0] for row in words.table.data} == {"x", "y", "z"}


def test_of_long_curves_a_sample_is_drawn() -> None:
    generator = numpy.random.default_rng(0)
    true = generator.integers(0, 2, 40_000)
    scores = generator.random((40_000, 2))
    found = runstore.plot.roc_curve(true, scores).table.data
    assert len(found) == runstore.Table.MAX_ROWS
    assert found == sorted(found, key=lambda row: (row[1], row[2], row[0]))


@pytest.mark.parametrize(
    "make",
    [
        lambda: runstore.plot.line([[1]], "x", "y"),
        lambda: runstore.plot.line(TABLE, "x", "z"),
        lambda: runstore.plot_table("wandb/line/v0", [[1]], {}),
        lambda: runstore.plot_table(7, TABLE, {}),
        lambda: runstore.plot.line_series([[0], [1]], [[1]]),
        lambda: runstore.plot.line_series([0], [[1]], keys=["a", "b"]),
        lambda: runstore.plot.line_series([], [[1]]),
        lambda: runstore.plot.line_series(7, [[1]]),
        lambda: runstore.plot.confusion_matrix(),
        lambda: runstore.plot.confusion_matrix(probs=[[1]], preds=[1], y_true=[1]),
        lambda: runstore.plot.confusion_matrix(preds=[1], y_true=[1, 2]),
        lambda: runstore.plot.confusion_matrix(preds=[1, 2, 3], y_true=[1, 2, 3], class_names=["a"]),
        lambda: runstore.plot.confusion_matrix(preds=[5], y_true=[5], class_names=["a"]),
        lambda: runstore.plot.roc_curve(None, None),
        lambda: runstore.plot.roc_curve([0, 1], [0.1, 0.2]),
        lambda: runstore.plot.roc_curve([0, 1], [[0.1], [0.2]]),
        lambda: runstore.plot.roc_curve([0, 1], [[0.1, 0.9], [0.2, 0.8]], classes_to_plot=[9]),
        lambda: runstore.plot.pr_curve([0, 5], [[0.1, 0.9], [0.2, 0.8]], labels=["a", "b"]),
    ],
)
def test_charts_that_make_no_sense_are_refused_in_one_line(make: Any) -> None:
    with pytest.raises(UsageError) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_a_chart_of_numbers_that_are_not_finite_is_kept(log: Log) -> None:
    stub = log(runstore.plot.line(runstore.Table(["x", "y"], [[0, math.nan], [1, math.inf]]), "x", "y"))
    assert stub["table"]["nrows"] == 2
