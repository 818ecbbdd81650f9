"""`define_metric`: what the summary then holds, which metrics join a row, and what metrics.yaml says of it.

What the summary and the rows are expected to be was observed in W&B 0.31, but where a test says otherwise.
"""

import itertools
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import runstore
from runstore.format import yaml12
from runstore.format.aggregates import Aggregate
from runstore.format.metrics import Metric
from runstore.reading.store import read_store
from runstore.recording.run import Run
from tests.processes import load, rows
from tests.recording.conftest import folder_of

NAN, INF = math.nan, math.inf
ALL = "min,max,mean,last,first"


def summary(run: Run) -> dict[str, Any]:
    return {key: value for key, value in run.summary.as_dict().items() if not key.startswith("_")}


def logged(run: Run) -> list[dict[str, Any]]:
    return [{key: row[key] for key in row if not key.startswith("_")} for row in rows(folder_of(run))]


def same(one: Any, other: Any) -> bool:
    return repr(one) == repr(other)


@pytest.mark.parametrize(
    ("values", "words", "expected"),
    [
        ([3, 1, 2], ALL, {"min": 1, "max": 3, "mean": 2.0, "last": 2, "first": 3}),
        ([1.5, 2.5, 2], ALL, {"min": 1.5, "max": 2.5, "mean": 2.0, "last": 2, "first": 1.5}),
        ([3, NAN, 2], ALL, {"min": NAN, "max": NAN, "mean": NAN, "last": 2, "first": 3}),
        ([NAN, 3, 2], ALL, {"min": NAN, "max": NAN, "mean": NAN, "last": 2, "first": NAN}),
        ([3, 2, NAN], ALL, {"min": NAN, "max": NAN, "mean": NAN, "last": NAN, "first": 3}),
        ([3, INF, 2], ALL, {"min": 2, "max": INF, "mean": INF, "last": 2, "first": 3}),
        ([INF, -INF], ALL, {"min": -INF, "max": INF, "mean": NAN, "last": -INF, "first": INF}),
        ([3, "x", 2, "y"], ALL, {"min": 2, "max": 3, "mean": 2.5, "last": "y", "first": 3}),
        (
            [np.float32(3), np.int64(1), np.float64(2)],
            ALL,
            {"min": 1, "max": 3.0, "mean": 2.0, "last": 2.0, "first": 3.0},
        ),
        # W&B takes the last None, and says min 0 and mean NaN of what has no number in it.
        ([3, None, 2, None], ALL, {"min": 2, "max": 3, "mean": 2.5, "last": 2, "first": 3}),
        ([True, False], ALL, {"last": False, "first": True}),
        (["y"], "last", {"last": "y"}),
        # W&B dropped these: the least is the best unless the goal says otherwise.
        ([3, 1, 2], "best", {"best": 1}),
        ([3, NAN, 2], "best", {"best": 2}),
        ([NAN], "best,last", {"best": NAN, "last": NAN}),
        ([10**400, 1], "min,max,mean", {"min": 1, "max": 10**400, "mean": INF}),
    ],
)
def test_the_summary_holds_what_was_asked_for(
    run: Run, values: list[Any], words: str, expected: dict[str, Any]
) -> None:
    run.define_metric("v", summary=words)
    for value in values:
        run.log({"v": value})
    found = run.summary["v"]
    assert {word: same(found[word], expected[word]) for word in found} == dict.fromkeys(expected, True)


def test_the_best_is_the_greatest_where_that_is_the_goal(run: Run) -> None:
    run.define_metric("acc", summary="best, Last", goal="maximize")
    for value in (1, 3, 2):
        run.log({"acc": value})
    assert run.summary["acc"] == {"best": 3, "last": 2}


@pytest.mark.parametrize(
    ("words", "expected"),
    [("copy", {"v": 2}), ("min,copy", {"v": {"min": 1}}), ("none", {}), ("none,min", {}), (None, {"v": 2})],
)
def test_copy_is_the_plain_last_value_and_none_is_nothing(run: Run, words: str | None, expected: Any) -> None:
    run.define_metric("v", summary=words)
    for value in (3, 1, 2):
        run.log({"v": value})
    assert summary(run) == expected


def test_what_the_script_sets_ends_the_aggregates(run: Run) -> None:
    run.define_metric("v", summary="min")
    run.log({"v": 3})
    run.summary["v"] = 9
    assert summary(run) == {"v": 9}
    run.log({"v": 1})
    assert summary(run) == {"v": 1}
    run.define_metric("w", summary="min")
    run.log({"w": 3})
    run.summary.update({"w": {"min": -9}})
    assert summary(run)["w"] == {"min": -9}
    run.log({"w": 1})
    assert summary(run)["w"] == 1


def test_a_key_with_a_dot_that_the_script_sets_is_another_one(run: Run) -> None:
    run.define_metric("v", summary="min")
    run.log({"v": 3})
    run.summary["v.min"] = 9
    run.log({"v": 1})
    assert summary(run) == {"v": {"min": 1}, "v.min": 9}


def test_a_definition_counts_what_was_logged_before(run: Run) -> None:
    run.log({"v": 1, "w": 5})
    run.log({"v": 4}, step=7)
    run.define_metric("v", summary="min,mean")
    assert summary(run) == {"v": {"min": 1, "mean": 1.0}, "w": 5}
    run.log({"v": 3})
    assert summary(run)["v"] == {"min": 1, "mean": 2.0}


def test_definitions_of_one_metric_add_up_unless_they_overwrite(run: Run) -> None:
    run.define_metric("v", summary="min")
    run.log({"v": 3})
    run.define_metric("v", summary="max")
    run.log({"v": 1})
    assert summary(run) == {"v": {"min": 1, "max": 3}}
    run.define_metric("v", summary="max", overwrite=True)
    assert summary(run) == {"v": {"max": 3}}
    run.define_metric("v", overwrite=True)
    assert summary(run) == {"v": 1}
    run.define_metric("v", summary="none")
    assert summary(run) == {}
    run.define_metric("v", summary="max")
    run.log({"v": 1})
    assert summary(run) == {"v": {"max": 3}}


def test_an_exact_name_comes_before_one_with_a_star_and_of_these_the_first(run: Run) -> None:
    run.define_metric("v*", summary="min")
    run.define_metric("va*", summary="max")
    run.define_metric("vab", summary="mean")
    run.log({"vab": 1, "vac": 1, "va": 1, "_va": 1, "x": 1})
    assert run.summary["_va"] == 1
    assert summary(run) == {"vab": {"mean": 1.0}, "vac": {"min": 1}, "va": {"min": 1}, "x": 1}


def test_what_a_star_said_of_a_key_stays_when_the_star_says_more(run: Run) -> None:
    run.define_metric("v*", summary="min")
    run.log({"va": 1})
    run.define_metric("v*", summary="max")
    run.log({"va": 2, "vb": 2})
    run.define_metric("va", summary="mean")
    run.log({"va": 3})
    assert summary(run) == {"vb": {"min": 2, "max": 2}, "va": {"min": 1, "mean": 2.0}}
    said = yaml12.load((folder_of(run) / "metrics.yaml").read_bytes())
    assert said == [{"name": "va", "summary": ["min", "mean"]}, {"name": "v*", "summary": ["min", "max"]}]


def test_nested_metrics_are_defined_by_their_path_and_dots_may_be_escaped(run: Run) -> None:
    run.define_metric("a.b", summary="min")
    run.define_metric("x\\.y", summary="max")
    run.define_metric("deep.*", summary="last")
    run.log({"a": {"b": 3, "c": 1}, "x.y": 5, "deep": {"er": {"e": 1}}})
    run.log({"a": {"b": 4, "c": 2}, "x.y": 4, "deep": {"er": {"e": 2}}})
    assert summary(run) == {
        "a": {"b": {"min": 3}, "c": 2},
        "x.y": {"max": 5},
        "deep": {"er": {"e": {"last": 2}}},
    }


def test_the_latest_value_of_the_step_metric_joins_each_row_that_lacks_it(run: Run) -> None:
    run.define_metric("v", step_metric="e")
    run.log({"v": 1})
    run.log({"e": 5})
    run.log({"v": 2})
    run.log({"e": 6, "v": 3})
    run.log({"v": 4}, step=10)
    run.log({"e": 7}, step=10)
    run.log({"w": 1})
    run.log({"v": 9}, commit=False)
    run.log({"e": 8})
    run.log({"v": 1, "e": "txt"})
    run.log({"v": 2})
    run.log({"v": 2, "e": None})
    run.log({"v": 3})
    assert logged(run) == [
        {"v": 1, "e": 0},
        {"e": 5},
        {"v": 2, "e": 5},
        {"e": 6, "v": 3},
        {"v": 4, "e": 7, "w": 1},
        {"v": 9, "e": 8},
        {"v": 1, "e": "txt"},
        {"v": 2, "e": 8},
        {"v": 2, "e": None},
        {"v": 3, "e": 8},
    ]


def test_a_step_metric_joins_rows_that_go_straight_as_well(run: Run) -> None:
    run.define_metric("v", step_metric="e", summary="max")
    for number in range(100):
        run.log({"e": np.float32(number) if number % 2 else number})
        run.log({"v": number, "n": 1})
    assert logged(run)[1::2] == [{"v": number, "n": 1, "e": number} for number in range(100)]
    assert summary(run) == {"v": {"max": 99}, "n": 1, "e": 99}


def test_a_star_gives_each_metric_its_axis_and_an_axis_may_have_one(run: Run) -> None:
    run.define_metric("*", step_metric="e", summary="min")
    run.log({"e": 5})
    run.log({"v": 2})
    run.log({"z": {"y": 1}})
    run.log({"_q": 1})
    assert logged(run) == [{"e": 5}, {"v": 2, "e": 5}, {"z.y": 1, "e": 5}, {}]
    assert summary(run) == {"e": 5, "v": {"min": 2}, "z": {"y": {"min": 1}}}
    run.define_metric("e", step_metric="b", overwrite=True)
    run.log({"b": 6})
    run.log({"v": 3})
    assert logged(run)[-1] == {"v": 3, "e": 5, "b": 6}


def test_without_step_sync_and_after_overwriting_nothing_joins(run: Run) -> None:
    run.define_metric("v", step_metric="e", step_sync=False)
    run.log({"e": 5})
    run.log({"v": 2})
    run.define_metric("w", step_metric="e")
    run.log({"w": 2})
    run.define_metric("w", hidden=True)
    run.log({"w": 3})
    run.define_metric("w", hidden=True, overwrite=True)
    run.log({"w": 4})
    assert logged(run) == [{"e": 5}, {"v": 2}, {"w": 2, "e": 5}, {"w": 3, "e": 5}, {"w": 4}]


def test_a_late_row_gets_no_later_x_and_counts_in_the_aggregates(run: Run) -> None:
    run.define_metric("v", step_metric="e", summary=ALL)
    run.log({"v": 5, "e": 1}, step=5, commit=True)
    run.log({"v": 1}, step=2)
    assert logged(run) == [{"v": 5, "e": 1}, {"v": 1}]
    assert summary(run)["v"] == {"min": 1, "max": 5, "mean": 3.0, "last": 5, "first": 1}


def test_metrics_yaml_says_what_was_defined(run: Run) -> None:
    assert not (folder_of(run) / "metrics.yaml").exists()
    metric = run.define_metric("val/*", step_metric="epoch", summary="min,mean", goal="minimize", hidden=True)
    assert metric == Metric("val/*", "epoch", True, ("min", "mean"), True, "minimize")
    run.define_metric("acc", step_metric=run.define_metric("step"), goal="max")
    assert yaml12.load((folder_of(run) / "metrics.yaml").read_bytes()) == [
        {"name": "step"},
        {"name": "acc", "step_metric": "step", "step_sync": True, "goal": "maximize"},
        {
            "name": "val/*",
            "step_metric": "epoch",
            "step_sync": True,
            "summary": ["min", "mean"],
            "goal": "minimize",
            "hidden": True,
        },
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": ""}, "the name is empty"),
        ({"name": "a*b"}, r"the name is 'a\*b', expected a \* at its end only"),
        ({"name": "**"}, r"the name is '\*\*', expected a \* at its end only"),
        ({"name": 3}, "name is a int, expected text"),
        ({"name": "v", "summary": "min,median"}, "summary has 'median', expected words of min, max"),
        ({"name": "v", "summary": ["min"]}, "summary is a list, expected text"),
        ({"name": "v", "goal": "up"}, "goal is 'up', expected minimize or maximize"),
        ({"name": "v", "step_metric": 1}, "step_metric is a int, expected text"),
        ({"name": "v", "step_sync": 1}, "step_sync is a int, expected True or False"),
        ({"name": "v", "hidden": "yes"}, "hidden is a str, expected True or False"),
    ],
)
def test_a_definition_without_meaning_is_one_clear_error(run: Run, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(runstore.UsageError, match=f"define_metric: {message}"):
        run.define_metric(**arguments)
    assert not (folder_of(run) / "metrics.yaml").exists()


@pytest.mark.parametrize("killed", [False, True])
def test_aggregates_go_on_after_a_resume(begin: Callable[..., Run], killed: bool) -> None:
    run = begin(id="r")
    run.define_metric("v", summary="min,max,mean,first,last")
    run.define_metric("t.*", summary="mean")
    run.define_metric("x", summary="min")
    for value in (4, 1, 7):
        run.log({"v": value, "t": {"u": value}, "x": 5, "e": value})
    run.summary["x"] = 100
    summary_json = folder_of(run) / "summary.json"
    stale = summary_json.read_bytes()
    run.log({"v": 0})
    run.finish()
    if killed:
        summary_json.write_bytes(stale)
    again = begin(id="r", resume="must")
    assert again.summary["v"] == {"min": 0, "max": 7, "mean": 3.0, "first": 4, "last": 0}
    again.log({"v": 8, "t": {"u": 0}})
    assert again.summary["v"] == {"min": 0, "max": 8, "mean": 4.0, "first": 4, "last": 8}
    assert summary(again)["t"] == {"u": {"mean": 3.0}}
    assert again.summary["x"] == 100
    again.define_metric("e", summary="max")
    assert again.summary["e"] == {"max": 7}
    again.finish()
    assert load(summary_json)["v"]["mean"] == 4.0


def test_a_disabled_run_knows_its_aggregates_too(begin: Callable[..., Run], tmp_path: Path) -> None:
    run = begin(mode="disabled")
    run.define_metric("v", summary="max")
    run.log({"v": 3})
    run.log({"v": 1})
    assert run.summary["v"]["max"] == 3


def test_ten_thousand_rows_are_counted_to_the_last(run: Run) -> None:
    run.define_metric("*", summary=ALL)
    for number in range(10_000):
        run.log({"a": number} if number % 3 else {"a": number, "b": -number})
    assert run.summary["a"] == {"min": 0, "max": 9999, "mean": 4999.5, "last": 9999, "first": 0}
    assert run.summary["b"] == {"min": -9999, "max": 0, "mean": -4999.5, "last": -9999, "first": 0}


NUMBERS = st.one_of(st.floats(), st.integers(-(2**53), 2**53), st.text(max_size=2), st.booleans())


@given(values=st.lists(NUMBERS, min_size=1, max_size=30), cuts=st.lists(st.integers(0, 30), max_size=5))
def test_an_aggregate_does_not_depend_on_how_the_values_arrive(values: list[Any], cuts: list[int]) -> None:
    whole, parts = Aggregate(), Aggregate()
    whole.add(values, list(range(len(values))))
    bounds = [0, *sorted(min(cut, len(values)) for cut in cuts), len(values)]
    for start, end in itertools.pairwise(bounds):
        parts.add(values[start:end], list(range(start, end)))
    metric = Metric("v", summary=("min", "max", "best", "last", "first"))
    assert same(whole.results(metric), parts.results(metric))


@given(values=st.lists(st.floats(allow_nan=False, width=32), min_size=1, max_size=30))
def test_extremes_and_mean_are_those_of_the_numbers(values: list[float]) -> None:
    aggregate = Aggregate()
    aggregate.add(values, list(range(len(values))))
    found = aggregate.results(Metric("v", summary=("min", "max", "mean")))
    assert (found["min"], found["max"]) == (min(values), max(values))
    mean = sum(values) / len(values)
    assert found["mean"] == pytest.approx(mean, nan_ok=True)


def test_readers_of_a_run_that_was_cut_off_see_aggregates_and_no_plain_value_beside(
    begin: Callable[..., Run], store: Path
) -> None:
    run = begin()
    run.define_metric("v", summary="min,last")
    run.define_metric("gone", summary="none")
    run.log({"v": 3, "gone": 1, "w": 1})
    run.summary["set"] = 1  # Saves the summary.
    run.log({"v": 4, "gone": 2, "w": 2})
    [project] = read_store(store).projects
    assert project.runs[0].summary == {"v.min": 3, "v.last": 4, "w": 2, "set": 1}
