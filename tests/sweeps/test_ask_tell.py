"""The search as plain Python: ask, tell, fail; the same with the same seed, and nothing twice."""

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sweeps
from runstore.errors import UsageError
from sweeps.config.sweep import parse_sweep
from sweeps.errors import SweepError
from sweeps.search.ask_tell import Search
from sweeps.search.random import Random
from sweeps.search.registry import engine_names
from sweeps.search.view import Known, Told
from sweeps.space.space import Space

BOWL: dict[str, Any] = {
    "method": "random",
    "seed": 3,
    "metric": {"name": "loss"},
    "parameters": {
        "x": {"min": -1.0, "max": 1.0},
        "model": {"parameters": {"width": {"values": [8, 16]}}},
        "n": {"value": 4},
    },
}


def run(config: dict[str, Any], count: int) -> list[dict[str, Any]]:
    search = Search(config)
    points = []
    for _ in range(count):
        trial = search.ask()
        if trial is None:
            break
        points.append(dict(trial.params))
        search.tell(trial, trial.number)
    return points


def test_a_trial_has_nested_parameters_constants_and_a_number() -> None:
    search = Search(BOWL)
    trial = search.ask()
    assert trial is not None
    assert trial.number == 0
    assert set(trial.params) == {"x", "model", "n"}
    assert trial.params["model"]["width"] in (8, 16)
    assert trial.params["n"] == 4
    search.tell(trial, 0.5)
    assert search.best == search.trials[0]
    assert (search.trials[0].state, search.trials[0].value) == ("done", 0.5)


def test_the_best_is_by_the_goal_and_nan_is_no_value() -> None:
    for goal, best in (("minimize", 1), ("maximize", 2)):
        search = Search({**BOWL, "metric": {"name": "loss", "goal": goal}})
        for value in (0.5, 0.1, 0.9, math.nan):
            trial = search.ask()
            assert trial is not None
            search.tell(trial, value)
        failed = search.ask()
        assert failed is not None
        search.fail(failed)
        assert search.best is not None
        assert search.best.number == best
        assert search.trials[4].state == "failed"


def test_the_same_seed_gives_the_same_points_and_another_others() -> None:
    assert run(BOWL, 10) == run(BOWL, 10)
    assert run(BOWL, 10) != run({**BOWL, "seed": 4}, 10)


def test_the_same_points_come_one_by_one_and_together() -> None:
    together = Search(BOWL).ask(count=10)
    assert [dict(trial.params) for trial in together] == run(BOWL, 10)


def test_the_search_ends_with_the_run_cap() -> None:
    search = Search({**BOWL, "run_cap": 5})
    assert len(search.ask(count=3)) == 3
    assert len(search.ask(count=3)) == 2
    assert search.ask() is None
    assert search.ask(count=1) == []


@pytest.mark.parametrize(("goal", "value"), [("minimize", 0.01), ("maximize", 0.99)])
def test_the_search_ends_when_the_target_is_reached(goal: str, value: float) -> None:
    search = Search({**BOWL, "metric": {"name": "loss", "goal": goal, "target": value}})
    first, second = search.ask(count=2)
    search.tell(first, 0.5)
    assert search.ask() is not None
    search.tell(second, value)
    assert search.is_over
    assert search.ask() is None


def test_a_grid_is_over_when_all_points_were_asked_for() -> None:
    search = Search({"method": "grid", "parameters": {"a": {"values": [1, 2]}, "b": {"min": 1, "max": 3}}})
    points = [trial.params for trial in search.ask(count=9)]
    assert [(point["a"], point["b"]) for point in points] == [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 3)]
    assert search.ask() is None


def test_what_is_known_from_before_is_not_asked_again_in_a_grid() -> None:
    config = {"method": "grid", "parameters": {"o": {"parameters": {"a": {"values": [1, 2, 3]}}}}}
    search = Search(config, prior=[({"o": {"a": 2}}, 0.3), ({"o.a": 3}, 0.1)])
    assert [trial.params for trial in search.ask(count=9)] == [{"o": {"a": 1}}]
    assert search.best is None


def test_wrong_calls_are_one_clear_line() -> None:
    search = Search(BOWL)
    trial = search.ask()
    for call, said in (
        (lambda: search.tell(7, 0.5), "found the trial 7, expected one that ask"),
        (lambda: search.fail("a"), "found the trial 'a'"),
        (lambda: search.tell(trial, "good"), "found the value 'good', expected a number"),
        (lambda: search.ask(count=0), "found count=0, expected a whole number from 1 up"),
        (lambda: Search({"method": "random"}), "found no 'parameters'"),
    ):
        with pytest.raises((UsageError, SweepError), match=said):
            call()


def test_deprecated_forms_warn() -> None:
    config = {"method": "random", "parameters": {"lr": {"distribution": "log_uniform", "min": 0.001, "max": 0.1}}}
    with pytest.warns(UserWarning, match="did you mean distribution: log_uniform_values"):
        Search(config)


def test_a_finite_space_is_searched_without_a_point_twice_until_it_is_empty() -> None:
    config = {
        **BOWL,
        "parameters": {"a": {"min": 1, "max": 12}, "b": {"values": [1, 1.0, 2]}},
        "constraints": ["a > b"],
    }
    points = run(config, 100)
    assert len(points) == 11 + 10
    assert len({(point["a"], point["b"]) for point in points}) == 21
    assert points == run(config, 100)


def test_a_finite_space_is_walked_through_once(monkeypatch: pytest.MonkeyPatch) -> None:
    keys: list[Any] = []
    real = Space.key

    def key(space: Space, params: Any) -> str:
        keys.append(params)
        return real(space, params)

    monkeypatch.setattr(Space, "key", key)
    search = Search({"method": "random", "parameters": {"x": {"values": list(range(400))}}})
    assert len(search.ask(400)) == 400
    search.ask()
    keys.clear()
    assert search.ask() is None
    assert len(keys) < 100


def test_constants_alone_are_tried_as_often_as_asked() -> None:
    assert run({**BOWL, "parameters": {"a": {"value": 1}}, "run_cap": 5}, 9) == [{"a": 1}] * 5


def test_a_point_depends_on_the_seed_and_the_number_alone() -> None:
    config = parse_sweep(BOWL)
    known = (Told(0, {"x": 0.5, "model.width": 8}, "done", 1.0),)
    one = Random(config, config.space).suggest(Known(7, known), 1)
    assert Random(config, config.space).suggest(Known(5, ()), 5)[2].params == one[0].params
    rng = np.random.default_rng(np.random.SeedSequence([3, 7]))
    assert config.space.draw(rng) == one[0].params


@settings(max_examples=30)
@given(st.lists(st.integers(1, 6), min_size=1, max_size=3), st.integers(0, 99), st.data())
def test_in_any_finite_space_random_search_tries_each_point_once(
    sizes: list[int], seed: int, data: st.DataObject
) -> None:
    parameters = {f"p{index}": {"values": list(range(size))} for index, size in enumerate(sizes)}
    search = Search({"method": "random", "seed": seed, "parameters": parameters})
    found: list[Any] = []
    while some := search.ask(count=data.draw(st.integers(1, 5))):
        found += [tuple(trial.params.values()) for trial in some]
    assert len(found) == len(set(found)) == math.prod(sizes)


CORNER = """
from sweeps.search.view import Suggestion

class Corner:
    def __init__(self, config, space):
        self.space = space

    def suggest(self, view, count):
        return [Suggestion({each.name: each.ppf(0.0) for each in self.space.searched})] * count
"""


def test_another_package_can_offer_an_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "corner.py").write_text(CORNER)
    (tmp_path / "corner-1.0.dist-info").mkdir()
    (tmp_path / "corner-1.0.dist-info" / "METADATA").write_text("Name: corner\nVersion: 1.0\n")
    (tmp_path / "corner-1.0.dist-info" / "entry_points.txt").write_text("[runstore.search]\ncorner = corner:Corner\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert "corner" in engine_names()
    trial = Search({**BOWL, "method": "bayes", "engine": "corner"}).ask()
    assert trial is not None
    assert trial.params["x"] == -1.0


def test_an_engine_that_nobody_offers_is_one_line() -> None:
    with pytest.raises(SweepError, match="found 'optuna-tep', expected one of gp, optuna-gp, optuna-tpe; did you mean"):
        Search({**BOWL, "method": "bayes", "engine": "optuna-tep"})


def test_the_public_names_are_there_and_load_nothing_before() -> None:
    assert set(sweeps.__all__) == {"Search", "SweepConfig", "SweepError", "load_sweep"}
    for name in sweeps.__all__:
        assert getattr(sweeps, name).__name__ == name
    code = "import sys, sweeps, sweeps.errors; print(*sorted({'numpy', 'yaml', 'scipy', 'sklearn'} & set(sys.modules)))"
    root = Path(__file__).resolve().parent.parent.parent
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_bayes_asks_for_points_of_the_space_and_the_same_ones_with_the_same_seed() -> None:
    parameters = {
        "optimizer": {"values": ["sgd", "adam"]},
        "lr": {"distribution": "log_uniform_values", "min": 1e-4, "max": 1.0},
        "momentum": {"min": 0.0, "max": 0.9, "when": {"optimizer": "sgd"}},
        "layers": {"min": 1, "max": 4},
    }
    config = {"method": "bayes", "seed": 1, "metric": {"name": "loss"}, "parameters": parameters}
    searches = Search(config), Search(config)
    for _ in range(6):
        for search in searches:
            trial = search.ask()
            assert trial is not None
            assert search.config.space.complete(search.params_of(trial)) == search.params_of(trial)
            assert ("momentum" in trial.params) == (trial.params["optimizer"] == "sgd")
            if trial.number == 3:
                search.fail(trial)
            else:
                search.tell(trial, abs(math.log10(trial.params["lr"]) + 2) + trial.params["layers"])
    first, second = ([trial.params for trial in search.trials] for search in searches)
    assert first == second
