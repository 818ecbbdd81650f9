"""Prior runs: what earlier runs tell a sweep, read from their configs, histories and summaries."""

import math
from pathlib import Path
from typing import Any, Literal

import pytest

from runstore.reading.store import read_store
from sweeps.config.sweep import Metric, SweepConfig
from sweeps.errors import SweepError
from sweeps.proposing.prior import Prior, read_prior
from sweeps.space.parameter import Condition, Parameter
from sweeps.space.space import Space
from tests.stores import write_run

SPACE = Space(
    (
        Parameter(("optimizer", "name"), "categorical", values=("adam", "sgd")),
        Parameter(("optimizer", "lr"), "uniform", low=0.0, high=1.0),
        Parameter(("momentum",), "uniform", low=0, high=1, when=Condition((("optimizer.name", ("sgd",)),))),
    )
)
CONFIG = {"optimizer": {"name": "adam", "lr": 0.1}, "epochs": 5}


def prior(root: Path, *names: str, goal: Literal["minimize", "maximize"] = "minimize", metric: str = "loss") -> Prior:
    config = SweepConfig("bayes", SPACE, seed=0, metric=Metric(metric, goal), prior_runs=names)
    return read_prior(read_store(root), "p", config)


def run(root: Path, run_id: str, losses: list[float], project: str = "p", **more: Any) -> None:
    history = [{"_step": step, "loss": loss, "other": 9.0} for step, loss in enumerate(losses)]
    write_run(root, project, run_id, history, **{"config": CONFIG, "state": {"state": "finished"}, **more})


def test_the_value_is_the_best_of_history_and_summary_as_the_goal_has_it(root: Path) -> None:
    run(root, "a", [0.5, 0.2, math.nan, 0.4], files={"summary.json": {"loss": 0.7}})
    (entry,) = prior(root, "a").runs
    params = {"optimizer": {"name": "adam", "lr": 0.1}}
    assert entry == {"run": "a", "project": "p", "params": params, "value": 0.2, "state": "finished"}
    assert prior(root, "a", goal="maximize").runs[0]["value"] == 0.7


def test_aggregates_of_a_defined_metric_count_and_other_keys_do_not(root: Path) -> None:
    defined = "- name: loss\n  summary: [min]\n"
    run(root, "a", [], files={"summary.json": {"loss": {"min": 0.3, "max": 0.9}}, "metrics.yaml": defined})
    run(root, "b", [0.5], files={"summary.json": {"loss": {"min": 0.1}}})
    assert [each["value"] for each in prior(root, "a", "b").runs] == [0.3, 0.5]


def test_runs_of_other_projects_are_named_with_their_project(root: Path) -> None:
    run(root, "same", [0.5])
    run(root, "same", [0.4], project="q")
    run(root, "only", [0.3], project="q")
    found = [(each["project"], each["run"], each["value"]) for each in prior(root, "same", "q/same", "only").runs]
    assert found == [("p", "same", 0.5), ("q", "same", 0.4), ("q", "only", 0.3)]


def test_a_run_named_twice_counts_once(root: Path) -> None:
    run(root, "a", [0.5])
    assert len(prior(root, "a", "p/a").runs) == 1


def test_a_failed_run_tells_that_its_point_fails(root: Path) -> None:
    run(root, "a", [], state={"state": "failed", "exit_code": 1})
    (entry,) = prior(root, "a").runs
    assert (entry["value"], entry["state"]) == (None, "failed")


def test_a_run_that_only_logged_nan_keeps_it(root: Path) -> None:
    run(root, "a", [math.nan, math.nan])
    assert math.isnan(prior(root, "a").runs[0]["value"])


def test_what_tells_nothing_is_left_out_with_a_reason(root: Path) -> None:
    run(root, "none", [])
    run(root, "lacks", [0.5], config={"optimizer": {"name": "sgd", "lr": "fast"}})
    found = prior(root, "none", "lacks")
    assert found.runs == ()
    assert found.left_out == (
        "p/none: never logged 'loss'",
        "p/lacks: its config has no optimizer.lr, momentum that the search could use",
    )


def test_a_missing_run_and_a_missing_metric_are_one_clear_line(root: Path) -> None:
    run(root, "a", [0.5])
    with pytest.raises(SweepError, match=r"^prior_runs: .*found no run 'b'; `runstore ls` lists the runs there are$"):
        prior(root, "b")
    with pytest.raises(SweepError, match="prior_runs: found runs but no metric"):
        read_prior(read_store(root), "p", SweepConfig("random", SPACE, seed=0, prior_runs=("a",)))


def test_without_prior_runs_nothing_is_read(root: Path) -> None:
    assert prior(root) == Prior((), ())
