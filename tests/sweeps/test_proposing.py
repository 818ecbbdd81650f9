"""`sweep create --from-runs`: what varied is searched on the scale it spans, and every choice says why."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstore.errors import UsageError
from runstore.format import yaml12
from runstore.reading.store import Project, read_store
from sweeps.config.sweep import parse_sweep
from sweeps.errors import SweepError
from sweeps.proposing.evidence import Constant, Left, Parameter, findings
from sweeps.proposing.proposal import closing_lines, parameter_lines, propose
from tests.stores import write_heartbeat, write_run


def project_of(root: Path, runs: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]], **files: Any) -> Project:
    """A project of finished runs with these configs and summaries."""
    for run_id, (config, summary) in runs.items():
        more = {"summary.json": summary, **files}
        write_run(root, "p", run_id, None, config, state={"state": "finished"}, files=more)
    (project,) = read_store(root).projects
    return project


def proposed(root: Path, *configs: Mapping[str, Any], where: str | None = None) -> Any:
    runs = {f"r{number}": (config, {"loss": 0.5}) for number, config in enumerate(configs)}
    return yaml12.load(propose(project_of(root, runs), where).text)


def found(*configs: Mapping[str, Any]) -> dict[str, Any]:
    return {".".join(each.path): each for each in findings(configs)}


def domain(*values: Any) -> Any:
    each = found(*({"x": value} for value in values))["x"]
    return each.domain if isinstance(each, Parameter) else each


def test_a_range_of_more_than_two_decades_is_searched_on_a_log_scale() -> None:
    assert domain(1e-5, 3e-4, 0.0812) == {"distribution": "log_uniform_values", "min": 1e-5, "max": 0.082}
    assert domain(1, 40, 3000) == {"distribution": "q_log_uniform_values", "min": 1, "max": 3000, "q": 1}


def test_a_narrower_range_is_searched_evenly_and_still_holds_every_value() -> None:
    assert domain(0.1, 0.3, 0.1234) == {"distribution": "uniform", "min": 0.1, "max": 0.3}
    assert domain(0.01, 1.0) == {"distribution": "uniform", "min": 0.01, "max": 1.0}
    assert domain(-0.1234, 0.5678) == {"distribution": "uniform", "min": -0.13, "max": 0.57}
    assert domain(-1.797e308, 1.797e308) == {"distribution": "uniform", "min": -1.797e308, "max": 1.797e308}
    assert domain(1, 2, 7) == {"min": 1, "max": 7}


@given(st.lists(st.floats(-1e9, 1e9), min_size=2, max_size=8, unique=True))
def test_every_range_holds_what_it_was_made_from(values: list[float]) -> None:
    each = domain(*values)
    if "min" in each:
        low = min(value for value in values if value > 0) if "log" in each["distribution"] else min(values)
        assert each["min"] <= low
        assert max(values) <= each["max"]
        assert each["min"] < each["max"]


def test_whole_numbers_that_double_are_a_list_of_powers() -> None:
    assert domain(16, 64, 256) == {"values": [16, 32, 64, 128, 256]}
    assert domain(1, 2, 4) == {"min": 1, "max": 4}


def test_text_truth_and_mixtures_are_choices() -> None:
    assert domain("sgd", "adam", "sgd") == {"values": ["adam", "sgd"]}
    assert domain(True, False) == {"values": [False, True]}
    assert domain(None, 3) == {"values": [None, 3]}
    assert domain([1, 2], [1, 3]) == {"values": [[1, 2], [1, 3]]}


def test_a_zero_beside_a_log_scale_is_said_to_fall_out() -> None:
    each = found(*({"decay": value} for value in (0, 1e-6, 1e-2)))["decay"]
    assert each.domain == {"distribution": "log_uniform_values", "min": 1e-6, "max": 0.01}
    assert "cannot hold the 0" in each.why


def test_what_is_the_same_everywhere_is_a_constant_and_1_is_1_point_0() -> None:
    assert found({"epochs": 1}, {"epochs": 1.0})["epochs"] == Constant(("epochs",), 1.0)


def test_seeds_names_and_mappings_are_left_out_with_a_reason() -> None:
    runs = [{"seed": n, "file": f"out/{n}", "net": {"depth": n} if n else "none", "lr": n / 7} for n in range(7)]
    left = {name: each.why for name, each in found(*runs).items() if isinstance(each, Left)}
    assert left == {
        "seed": "7 values, but no hyperparameter by its name",
        "file": "7 different values in 7 runs, too many to choose from",
        "net": "a mapping in some runs, a plain value in others",
    }


def test_a_parameter_of_some_choices_alone_becomes_conditional() -> None:
    runs = [
        {"opt": "adam", "lr": 0.1},
        {"opt": "sgd", "lr": 0.2, "momentum": 0.9},
        {"opt": "sgd", "lr": 0.3, "momentum": 0.5},
    ]
    assert found(*runs)["momentum"].when == {"opt": ["sgd"]}
    assert found(*runs, {"opt": "adam", "momentum": 0.1})["momentum"].when == {}
    assert "2 of 4 runs did not say it" in found(*runs, {"opt": "sgd", "lr": 0.3})["momentum"].why


def test_the_proposal_reads_as_a_configuration_with_nested_parameters(root: Path) -> None:
    got = proposed(
        root,
        {"optimizer": {"name": "adam", "lr": 1e-4}, "epochs": 3, "_wandb": {}},
        {"optimizer": {"name": "sgd", "lr": 1e-1, "momentum": 0.5}, "epochs": 3},
        {"optimizer": {"name": "sgd", "lr": 1e-2, "momentum": 0.9}, "epochs": 3},
    )
    assert got == {
        "project": "p",
        "method": "bayes",
        "metric": {"name": "loss", "goal": "minimize"},
        "parameters": {
            "optimizer": {
                "parameters": {
                    "name": {"values": ["adam", "sgd"]},
                    "lr": {"distribution": "log_uniform_values", "min": 1e-4, "max": 0.1},
                    "momentum": {"distribution": "uniform", "min": 0.5, "max": 0.9, "when": {"optimizer.name": "sgd"}},
                }
            }
        },
        "prior_runs": ["r0", "r1", "r2"],
    }
    assert parse_sweep(got).prior_runs == ("r0", "r1", "r2")


def test_the_filter_chooses_the_runs_as_ls_does(root: Path) -> None:
    got = proposed(root, *({"lr": lr} for lr in (0.1, 0.2, 0.9)), where="config.lr < 0.5")
    assert got["parameters"]["lr"] == {"distribution": "uniform", "min": 0.1, "max": 0.2}
    assert got["prior_runs"] == ["r0", "r1"]


def test_a_metric_of_held_out_data_comes_before_others_and_its_name_tells_the_goal(root: Path) -> None:
    summary = {"epoch": 3, "train/loss": 0.1, "val/accuracy": 0.9}
    got = yaml12.load(propose(project_of(root, {f"r{n}": ({"lr": n / 10}, summary) for n in range(2)}), None).text)
    assert got["metric"] == {"name": "val/accuracy", "goal": "maximize"}


def test_a_goal_that_the_runs_defined_comes_before_a_guess(root: Path) -> None:
    runs = {f"r{n}": ({"lr": n / 10}, {"val/loss": 0.5, "speed.best": 9.0}) for n in range(3)}
    defined = "- name: speed\n  summary: [best]\n  goal: maximize\n"
    got = yaml12.load(propose(project_of(root, runs, **{"metrics.yaml": defined}), None).text)
    assert got["metric"] == {"name": "speed", "goal": "maximize"}


def test_a_metric_can_be_given_and_a_wrong_one_is_one_clear_line(root: Path) -> None:
    project = project_of(root, {f"r{n}": ({"lr": n / 10}, {"loss": 1, "f1": 0.5}) for n in range(2)})
    assert yaml12.load(propose(project, None, "f1").text)["metric"] == {"name": "f1", "goal": "maximize"}
    assert yaml12.load(propose(project, None, "f1", "minimize").text)["metric"]["goal"] == "minimize"
    with pytest.raises(SweepError, match=r"^the metric: no run logged 'f2'; there is 'loss', 'f1'$"):
        propose(project, None, "f2")


def test_only_runs_that_tell_the_search_something_are_prior_runs(root: Path) -> None:
    runs: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "good": ({"lr": 0.1}, {"loss": 1}),
        "also": ({"lr": 0.2}, {"loss": 2}),
        "silent": ({"lr": 0.3}, {}),
        "other": ({"depth": 3}, {"loss": 1}),
    }
    project_of(root, runs)
    write_run(root, "p", "failed", None, {"lr": 0.4}, state={"state": "failed", "exit_code": 1})
    (project,) = read_store(root).projects
    assert set(propose(project, "id != 'other'").runs) == {"good", "also", "failed"}
    assert "prior_runs" not in yaml12.load(propose(project, "id IN ('also', 'other')").text)


def test_without_a_metric_the_search_is_random_and_takes_no_prior_runs(root: Path) -> None:
    project = project_of(root, {f"r{n}": ({"lr": n / 10}, {"note": "x"}) for n in range(2)})
    got = yaml12.load(propose(project, None).text)
    assert got["method"] == "random"
    assert "metric" not in got
    assert "prior_runs" not in got


def test_the_program_is_named_from_where_it_was_started(root: Path) -> None:
    def program(**provenance: Any) -> Any:
        runs = {f"r{n}": ({"lr": n / 10}, {"loss": 1}) for n in range(2)}
        return yaml12.load(propose(project_of(root, runs, **{"provenance.json": provenance}), None).text)

    assert program(program="/home/me/code/src/train.py", cwd="/home/me/code")["program"] == "src/train.py"
    assert program(program="/opt/train.py", cwd="/home/me")["program"] == "/opt/train.py"
    assert program(program="-m pack.train", cwd="/home/me")["command"][2:4] == ["-m", "pack.train"]
    assert "program" not in program()


def test_comments_name_the_constants_and_what_was_left_out(root: Path) -> None:
    runs = {f"r{n}": ({"lr": n / 10, "seed": n, "data": "a\nb: [", "1st": n}, {"loss": 1}) for n in range(3)}
    text = propose(project_of(root, runs), None).text
    assert '#   data: "a\\nb: ["\n' in text
    assert "#   seed: 3 values, but no hyperparameter by its name\n" in text
    assert "#   1st: no parameter can have this name\n" in text
    assert "  lr:  # 3 values from 0 to 0.2\n" in text


ODD = st.text(st.characters(codec="utf-8"), max_size=8)
VALUES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), ODD, st.lists(st.one_of(ODD, st.integers())))


@given(st.lists(st.dictionaries(ODD, VALUES, max_size=4), min_size=1, max_size=5))
def test_whatever_configs_hold_the_proposal_is_yaml_or_one_clear_line(configs: list[dict[str, Any]]) -> None:
    text = _text_of(configs)
    loaded = yaml12.load(text) if text else None
    if loaded:
        parse_sweep({"method": "random", **loaded})
    for each in findings(configs):
        if loaded and isinstance(each, Parameter):
            given = loaded["parameters"][each.path[0]]
            assert repr(given) == repr({key: list(v) if isinstance(v, tuple) else v for key, v in each.domain.items()})


def _text_of(configs: list[dict[str, Any]]) -> str:
    found = findings(configs)
    if not any(isinstance(each, Parameter) for each in found):
        return ""
    return "\n".join([*parameter_lines(found), *closing_lines(found)]) + "\n"


def test_no_run_nothing_that_varies_and_a_broken_filter_are_one_clear_line_each(root: Path) -> None:
    project = project_of(root, {f"r{n}": ({"lr": 0.1}, {"loss": 1}) for n in range(2)})
    with pytest.raises(SweepError, match="found 2 runs whose configs hold nothing to search"):
        propose(project, None)
    with pytest.raises(SweepError, match="found no such run in p"):
        propose(project, "state = 'failed'")
    with pytest.raises(UsageError):
        propose(project, "lr >")


def test_a_run_that_still_goes_shapes_the_ranges_but_is_no_result(root: Path) -> None:
    project_of(root, {f"r{n}": ({"lr": n / 10}, {"loss": 1}) for n in range(2)})
    live = write_run(root, "p", "live", None, {"lr": 0.9}, files={"summary.json": {"loss": 2}})
    write_heartbeat(live, {"pid": 1, "host": "node7", "boot": "b"}, time.time())
    (project,) = read_store(root).projects
    made = propose(project, None)
    assert made.runs == ("r0", "r1")
    assert yaml12.load(made.text)["parameters"]["lr"]["max"] == 0.9
