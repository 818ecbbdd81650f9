"""Bayesian search as a whole: what it is told, what it suggests, and what it says about it."""

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sweeps.config.sweep import SweepConfig, parse_sweep
from sweeps.search import bayes
from sweeps.search.ask_tell import Search
from sweeps.search.bayes import Bayes, observe
from sweeps.search.cube import Cube
from sweeps.search.view import PRIOR, Known, Told
from sweeps.space.space import Params

PLANE = {"x": {"min": 0.0, "max": 1.0}, "y": {"min": -5.0, "max": 5.0}}
MIXED = {
    "rate": {"distribution": "log_uniform_values", "min": 1e-5, "max": 1.0},
    "layers": {"min": 1, "max": 8},
    "optimizer": {"values": ["sgd", "adam"]},
    "momentum": {"min": 0.0, "max": 1.0, "when": {"optimizer": "sgd"}},
    "batch": {"values": [16, 32, 64, 128]},
}


def config(parameters: dict[str, Any], **more: Any) -> SweepConfig:
    values = {"method": "bayes", "metric": {"name": "loss", "goal": "minimize"}, "parameters": parameters, "seed": 7}
    return parse_sweep({**values, **more})


def told(settings_: SweepConfig, count: int, seed: int = 0) -> list[Told]:
    rng = np.random.default_rng(seed)
    points = [settings_.space.draw(rng) for _ in range(count)]
    return [Told(number, point, "done", value(point)) for number, point in enumerate(points)]


def value(point: Params) -> float:
    numbers = [each for each in point.values() if isinstance(each, int | float)]
    return sum(math.sin(3 * each) + each / 10 for each in numbers) + (point.get("optimizer") == "sgd")


def test_the_same_view_gives_the_same_points_in_any_process() -> None:
    settings_ = config(MIXED)
    view = Known(20, told(settings_, 20))
    first = Bayes(settings_, settings_.space).suggest(view, 3)
    used = Bayes(settings_, settings_.space)
    used.suggest(Known(25, told(settings_, 25, seed=3)), 2)
    assert used.suggest(view, 3) == first


def test_several_points_at_once_are_those_that_come_one_by_one() -> None:
    settings_ = config(MIXED)
    trials = told(settings_, 15)
    together = Bayes(settings_, settings_.space).suggest(Known(15, trials), 3)
    for number in range(15, 18):
        alone = Bayes(settings_, settings_.space).suggest(Known(number, trials), 1)[0]
        assert alone == together[number - 15]
        trials.append(Told(number, dict(alone.params), "pending"))


def test_the_start_is_a_sobol_sequence_that_depends_on_seed_and_number_only() -> None:
    settings_ = config(PLANE)
    engine = Bayes(settings_, settings_.space)
    together = [each.params for each in engine.suggest(Known(0, []), 4)]
    apart = [Bayes(settings_, settings_.space).suggest(Known(n, []), 1)[0].params for n in range(4)]
    assert together == apart
    other = config(PLANE, seed=8)
    assert Bayes(other, other.space).suggest(Known(0, []), 4)[0].params != together[0]
    # Of four points of such a sequence, one lies in each quarter of an axis.
    assert sorted(int(4 * point["x"]) for point in together) == [0, 1, 2, 3]


def test_prior_runs_stand_in_for_the_start() -> None:
    settings_ = config(PLANE)
    prior = [Told(PRIOR, each.params, "done", each.value) for each in told(settings_, 6)]
    assert Bayes(settings_, settings_.space).suggest(Known(0, prior), 1)[0].info["by"] == "model"


def test_no_number_and_failures_count_as_the_worst() -> None:
    settings_ = config(PLANE)
    trials = [
        Told(0, {"x": 0.1, "y": 0.0}, "done", 3.0),
        Told(1, {"x": 0.2, "y": 0.0}, "done", math.nan),
        Told(2, {"x": 0.3, "y": 0.0}, "done", math.inf),
        Told(3, {"x": 0.4, "y": 0.0}, "failed"),
        Told(4, {"x": 0.5, "y": 0.0}, "done", 5.0),
        Told(5, {"x": 0.6, "y": 0.0}, "pending", 1.0),
        Told(6, {"x": 0.1, "y": 0.0}, "done", 4.0),
    ]
    seen = observe(Cube(settings_.space), trials, settings_)
    assert seen.values.tolist() == [3.5, 5.0, 5.0, 5.0, 5.0]
    assert seen.weights.tolist() == [2.0, 1.0, 1.0, 1.0, 1.0]
    assert len(seen.pending) == 1


@pytest.mark.parametrize(("how", "expected"), [("worst", 5.0), ("best", 3.0), ("latest", 4.5)])
def test_impute_says_what_failed_and_running_trials_count_with(how: str, expected: float) -> None:
    metric = {"name": "loss", "goal": "minimize", "impute": how, "impute_while_running": how}
    settings_ = config(PLANE, metric=metric)
    trials = [
        Told(0, {"x": 0.1, "y": 0.0}, "done", 3.0),
        Told(1, {"x": 0.2, "y": 0.0}, "done", 5.0),
        Told(2, {"x": 0.3, "y": 0.0}, "failed", 4.5),
        Told(3, {"x": 0.4, "y": 0.0}, "pending", 4.5),
    ]
    seen = observe(Cube(settings_.space), trials, settings_)
    assert seen.values.tolist() == [3.0, 5.0, expected, expected]


def test_trials_that_all_failed_leave_the_search_at_its_start() -> None:
    settings_ = config(PLANE)
    trials = [Told(n, {"x": n / 40, "y": 0.0}, "failed") for n in range(30)]
    found = Bayes(settings_, settings_.space).suggest(Known(30, trials), 2)
    assert [each.info["by"] for each in found] == ["start", "start"]


def test_a_region_that_fails_is_left() -> None:
    search = Search(config(PLANE))
    failed = 0
    for number in range(30):
        trial = search.ask()
        assert trial is not None
        if trial.params["x"] < 0.5:
            failed += number >= 15
            search.fail(trial)
        else:
            search.tell(trial, (trial.params["x"] - 0.6) ** 2 + trial.params["y"] ** 2 / 100)
    assert failed <= 6
    assert search.best is not None
    assert search.best.value is not None
    assert search.best.value < 1e-3


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([[], ["layers * batch <= 256"]]))
def test_every_point_is_new_allowed_and_in_the_space(seed: int, constraints: list[str]) -> None:
    settings_ = config(MIXED, seed=seed, **({"constraints": constraints} if constraints else {}))
    search = Search(settings_)
    keys = set()
    for number in range(22):
        trial = search.ask()
        assert trial is not None
        point = search.params_of(trial)
        assert settings_.space.allows(point)
        assert set(point) == set(settings_.space.active(point))
        assert all(settings_.space.by_name[name].contains(each) for name, each in point.items())
        keys.add(settings_.space.key(point))
        if number % 3:
            search.tell(trial, value(point))
    assert len(keys) == 22


def test_a_finite_space_is_searched_to_its_end_without_a_repetition() -> None:
    parameters = {"a": {"values": ["x", "y", "z"]}, "n": {"min": 1, "max": 5}}
    settings_ = config(parameters, constraints=["n != 3"])
    search = Search(settings_)
    seen = []
    while (trial := search.ask()) is not None:
        seen.append(settings_.space.key(trial.params))
        search.tell(trial, trial.params["n"] + (trial.params["a"] == "y"))
    assert len(seen) == len(set(seen)) == 12
    assert len(search.ask(count=3) or []) == 0


def test_the_same_point_told_twice_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    settings_ = config(PLANE)
    trials = told(settings_, 8)
    trials += [Told(8, trials[0].params, "done", 1.0), Told(9, trials[0].params, "pending")]
    assert Bayes(settings_, settings_.space).suggest(Known(10, trials), 1)[0].info["by"] == "model"
    assert capsys.readouterr().out == ""


def test_info_is_in_the_metrics_own_sign_and_unit_and_is_small_json() -> None:
    settings_ = config(MIXED, metric={"name": "accuracy", "goal": "maximize"})
    search = Search(settings_)
    for _ in range(20):
        trial = search.ask()
        assert trial is not None
        point = search.params_of(trial)
        search.tell(trial, 70 + 20 * math.exp(-((math.log10(point["rate"]) + 3) ** 2)))
    trial = search.ask()
    assert trial is not None
    info = trial.info
    assert info is not None
    assert 65 < info["mean"] < 95
    assert 0 <= info["std"] < 15
    assert info["improvement"] >= 0
    assert set(info["model"]["scales"]) == set(MIXED)
    assert info["model"]["points"] == 20
    assert len(json.dumps(info)) < 700


def test_many_trials_are_thinned_to_the_best_the_newest_and_others() -> None:
    settings_ = config(PLANE)
    seen = observe(Cube(settings_.space), told(settings_, 1000), settings_)
    part = seen.part(np.random.default_rng(0))
    assert len(part.values) == bayes.MOST_POINTS
    assert sorted(part.values)[:100] == sorted(seen.values)[:100]
    kept = {row.tobytes() for row in part.rows}
    newest = [row.tobytes() for row, v in zip(seen.rows, seen.values, strict=True) if v > np.sort(seen.values)[99]][
        -100:
    ]
    assert kept >= set(newest)


def test_the_minimum_of_a_smooth_function_is_found() -> None:
    ends = []
    for seed in range(3):
        search = Search(config(PLANE, seed=seed))
        for _ in range(20):
            trial = search.ask()
            assert trial is not None
            search.tell(trial, (trial.params["x"] - 0.3) ** 2 + (trial.params["y"] - 1) ** 2 / 10)
        assert search.best is not None
        ends.append(search.best.value)
    assert float(np.median(np.array(ends, dtype=float))) < 1e-4


def test_a_huge_loss_now_and_then_does_not_hide_the_minimum() -> None:
    search = Search(config(PLANE))
    for _ in range(35):
        trial = search.ask()
        assert trial is not None
        loss = (trial.params["x"] - 0.3) ** 2 + (trial.params["y"] - 1) ** 2 / 10
        search.tell(trial, loss if trial.params["x"] < 0.8 else 1e12)
    assert search.best is not None
    assert search.best.value is not None
    assert search.best.value < 1e-3
