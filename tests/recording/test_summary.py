"""`run.summary`: the last value of each key, what the script sets itself, and what summary.json then says."""

import math
from typing import Any

import pytest

import runstore
from runstore.recording.run import Run
from tests.processes import load
from tests.recording.conftest import folder_of


def saved(run: Run) -> dict[str, Any]:
    found = load(folder_of(run) / "summary.json")
    assert isinstance(found, dict)
    return found


def test_the_summary_holds_the_last_value_of_each_key(run: Run) -> None:
    run.log({"a": 1, "b": 1})
    run.log({"a": 2})
    run.log({"a": None})
    assert (run.summary["a"], run.summary.a, run.summary["b"]) == (2, 2, 1)
    run.finish()
    assert {key: saved(run)[key] for key in ("a", "b", "_step")} == {"a": 2, "b": 1, "_step": 2}
    assert {"_runtime", "_timestamp"} < saved(run).keys()


def test_what_the_script_sets_holds_until_the_key_is_logged_again(run: Run) -> None:
    run.log({"a": 1})
    run.summary["a"] = 10
    assert run.summary["a"] == 10
    run.log({"b": 1})
    assert run.summary["a"] == 10
    run.log({"a": 2})
    assert run.summary["a"] == 2


def test_an_assignment_is_saved_at_once(run: Run) -> None:
    run.summary["best"] = 0.9
    assert saved(run) == {"best": 0.9}
    run.summary.best = 0.95
    run.summary.update({"epoch": 3}, seed=1)
    assert saved(run) == {"best": 0.95, "epoch": 3, "seed": 1}
    del run.summary["seed"]
    assert "seed" not in saved(run)


def test_nested_values_stay_nested_and_are_merged(run: Run) -> None:
    run.log({"val": {"loss": 1, "acc": 0.5}})
    run.log({"val": {"loss": 0.5}})
    assert run.summary["val"]["acc"] == 0.5
    run.summary["val"]["best"] = 0.4
    run.summary.update({"val": {"worst": 2}})
    assert run.summary.val.best == 0.4
    run.finish()
    assert saved(run)["val"] == {"loss": 0.5, "acc": 0.5, "best": 0.4, "worst": 2}


def test_a_key_with_a_dot_is_no_nested_one(run: Run) -> None:
    run.log({"a.b": 1})
    assert run.summary["a.b"] == 1
    assert "a" not in run.summary


def test_non_finite_values_come_back_as_floats_and_are_saved_by_name(run: Run) -> None:
    run.log({"a": math.nan, "b": -math.inf})
    assert math.isnan(run.summary["a"])
    assert run.summary["b"] == -math.inf
    run.finish()
    assert (saved(run)["a"], saved(run)["b"]) == ("NaN", "-Infinity")


def test_the_summary_reads_as_a_mapping(run: Run) -> None:
    run.log({"a": 1})
    assert dict(run.summary)["a"] == 1
    assert (run.summary.get("no", 7), "a" in run.summary, next(iter(run.summary))) == (7, True, "a")
    assert set(run.summary.keys()) == {"a", "_step", "_runtime", "_timestamp"}
    with pytest.raises(AttributeError, match="the summary has no 'no'"):
        _ = run.summary.no
    with pytest.raises(KeyError):
        _ = run.summary["no"]


def test_a_gathering_row_counts_once_it_is_complete(run: Run) -> None:
    run.log({"a": 1}, commit=False)
    assert "a" not in run.summary
    run.finish()
    assert saved(run)["a"] == 1


def test_a_value_without_a_plain_form_is_kept_as_its_text(run: Run) -> None:
    run.summary["kind"] = int
    run.summary.update({"model": {"number": 1 + 2j}})
    assert saved(run) == {"kind": "<class 'int'>", "model": {"number": "(1+2j)"}}


def test_the_module_has_the_current_runs_summary(run: Run) -> None:
    runstore.summary["best"] = 1
    runstore.summary.last = 2
    assert dict(run.summary) == {"best": 1, "last": 2}


def test_whole_numbers_of_any_size_and_kinds_of_values_survive(run: Run) -> None:
    run.log({"big": 10**40, "text": "é\u2028<b>", "list": [1, [2.5, "x"]], "yes": True})
    run.finish()
    found = saved(run)
    assert (found["big"], found["text"], found["list"], found["yes"]) == (10**40, "é\u2028<b>", [1, [2.5, "x"]], True)
