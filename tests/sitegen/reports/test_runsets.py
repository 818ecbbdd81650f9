"""Run sets: which runs they hold in which order, what these are called, and what is wrong with a set that has none."""

from typing import Any

import pytest

from sitegen.reports.mistakes import ReportError
from sitegen.reports.runsets import RunSet, RunSetSpec, by_ids, find_run, is_set, resolve
from tests.sitegen.reports.compiling import HOSTILE, Desk


def resolved(desk: Desk, usual: str = "p", **spec: object) -> RunSet:
    projects = {name: subject.project for name, subject in desk.plan.subjects.items()}
    return resolve(RunSetSpec(line=7, **spec), projects, usual)  # type: ignore[arg-type]


def ids(found: RunSet) -> list[str]:
    return [run.id for run in found.runs]


def test_a_set_that_says_nothing_has_all_runs_of_the_project(desk: Desk) -> None:
    found = resolved(desk)
    assert len(found.runs) == 7
    assert found.where == ""


def test_filter_order_and_limit_choose_runs(desk: Desk) -> None:
    found = resolved(desk, filter="config.optimizer = 'adam'", order="-summary.acc", limit=2)
    assert ids(found) == ["adam-2", "adam-1"]
    assert found.where == "id IN ('adam-2', 'adam-1')"
    assert resolved(desk, filter="config.optimizer = 'adam'").where == "config.optimizer = 'adam'"


@pytest.mark.parametrize("order", ["-acc", " - acc , +created", "-summary_metrics.acc"])
def test_an_order_may_name_a_metric_alone(desk: Desk, order: str) -> None:
    found = resolved(desk, filter="config.optimizer = 'adam'", order=order)
    assert ids(found) == ["adam-2", "adam-1", "adam-0"]
    assert found.order.startswith("-summary.acc")


def test_a_group_may_name_a_metric_alone(desk: Desk) -> None:
    assert resolved(desk, group=("acc", "config.lr.value")).group == ("summary.acc", "config.lr")


def test_runs_are_named_by_id_or_name_in_this_order(desk: Desk) -> None:
    assert ids(resolved(desk, ids=("sgd-1", "adam 0"))) == ["sgd-1", "adam-0"]
    assert ids(resolved(desk, ids=(HOSTILE,))) == ["hostile"]


def test_ids_are_chosen_from_by_the_filter(desk: Desk) -> None:
    assert ids(resolved(desk, ids=("sgd-1", "adam-0"), filter="group = 'adam'")) == ["adam-0"]


def test_runs_have_other_names_here(desk: Desk) -> None:
    found = resolved(desk, rename={"adam-0": "First", "sgd 1": "Second"})
    assert [found.name_of(run) for run in found.runs if run.id in ("adam-0", "sgd-1", "sgd-2")] == [
        *("sgd 2", "Second", "First"),
    ]


def test_a_group_may_have_any_name_of_a_column(desk: Desk) -> None:
    assert resolved(desk, group=("config.optimizer", "jobType", "author")).group == (
        "config.optimizer",
        "job_type",
        "user",
    )


def test_an_id_with_a_quote_stays_one_id_in_a_filter(desk: Desk) -> None:
    class Run:
        id = "a' OR ''='"

    assert by_ids([Run()]) == "id IN ('a'' OR ''''=''')"  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"project": "pp"}, "the run set 'runs': found no project 'pp'; "),
        ({"project": "empty"}, "the run set 'runs' is empty: the project empty has no runs yet"),
        (
            {"filter": "config.lr > 9"},
            "the run set 'runs' is empty: no run of p fulfils 'config.lr > 9'; change its filter, or log such runs",
        ),
        ({"filter": "config.lr >"}, "the run set 'runs': "),
        ({"filter": "summary.ac > 1"}, "the run set 'runs': found no column 'summary.ac'"),
        ({"order": "summary.ac"}, "the run set 'runs': "),
        (
            {"order": "acc,,created"},
            "the run set 'runs': the order 'acc,,created' names no column, expected one as in ",
        ),
        ({"group": ("config.optimiser",)}, "the run set 'runs': "),
        ({"ids": ("adam-9",)}, "the run set 'runs': found no run 'adam-9' in p; did you mean 'adam"),
        ({"rename": {"zzz": "x"}}, "the run set 'runs': found no run 'zzz' in p; `runstore ls p` lists them"),
    ],
)
def test_a_set_without_runs_is_one_mistake_with_its_line(desk: Desk, spec: dict[str, Any], said: str) -> None:
    with pytest.raises(ReportError) as caught:
        resolved(desk, **spec)
    assert str(caught.value).startswith(said)
    assert "\n" not in str(caught.value)
    assert caught.value.line == 7


def test_a_set_outside_of_projects_has_to_name_one(desk: Desk) -> None:
    with pytest.raises(ReportError, match="names no project, and a report outside of one has none of its own"):
        resolved(desk, usual="")


def test_the_newest_run_of_a_name_is_meant(desk: Desk) -> None:
    runs = desk.plan.subjects["p"].project.runs
    assert find_run("adam 1", runs) is next(run for run in runs if run.id == "adam-1")
    assert find_run("nothing", runs) is None


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, False),
        ({"filter": "a"}, True),
        ({"filter": "a", "limt": 3}, True),
        ({"filter": {}, "best": {}}, False),
        ({"best": None}, False),
        ([], False),
        (None, False),
    ],
)
def test_a_mapping_of_known_keys_is_one_set(values: object, expected: bool) -> None:
    assert is_set(values) is expected
