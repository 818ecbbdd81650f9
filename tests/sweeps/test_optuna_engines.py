"""Optuna's samplers as engines."""

import importlib.util
from typing import Any

import numpy as np
import pytest

from sweeps.config.sweep import parse_sweep
from sweeps.errors import SweepError
from sweeps.search.ask_tell import Search
from sweeps.search.registry import make_engine
from sweeps.search.view import Known, Told

PARAMETERS = {
    "rate": {"distribution": "log_uniform_values", "min": 1e-5, "max": 1.0},
    "layers": {"min": 1, "max": 8},
    "width": {"distribution": "q_log_uniform_values", "q": 8, "min": 8, "max": 1024},
    "shift": {"distribution": "normal", "mu": 0.0, "sigma": 1.0},
    "optimizer": {"values": ["sgd", "adam"]},
    "momentum": {"min": 0.0, "max": 1.0, "when": {"optimizer": "sgd"}},
}


def configuration(engine: str, **more: Any) -> dict[str, Any]:
    base = {"method": "bayes", "metric": {"name": "loss", "goal": "minimize"}, "parameters": PARAMETERS, "seed": 3}
    return {**base, "engine": engine, **more}


@pytest.mark.parametrize("engine", ["optuna-tpe", "optuna-gp"])
def test_points_are_in_the_space_allowed_new_and_reproducible(engine: str) -> None:
    config = parse_sweep(configuration(engine, constraints=["layers * width <= 2000"]))
    points = []
    for _ in range(2):
        search = Search(config)
        for number in range(13):
            trial = search.ask()
            assert trial is not None
            point = search.params_of(trial)
            assert config.space.allows(point)
            assert set(point) == set(config.space.active(point))
            assert all(config.space.by_name[name].contains(value) for name, value in point.items())
            if number == 4:
                search.fail(trial)
            elif number == 5:
                search.tell(trial, float("nan"))
            elif number != 6:
                search.tell(trial, (point["layers"] - 4) ** 2 + abs(point["shift"]))
        points.append([config.space.key(search.params_of(number)) for number in range(13)])
    assert points[0] == points[1]
    assert len(set(points[0])) == 13


def test_what_was_told_is_learned_from() -> None:
    config = parse_sweep(configuration("optuna-tpe"))
    engine, rng = make_engine(config), np.random.default_rng(0)
    points = [config.space.draw(rng) for _ in range(40)]
    told = [Told(n, point, "done", float(point["layers"])) for n, point in enumerate(points)]
    layers = [engine.suggest(Known(number, told), 1)[0].params["layers"] for number in range(40, 52)]
    assert sum(layers) / len(layers) < 3.5


def test_a_finite_space_ends() -> None:
    search = Search(configuration("optuna-tpe", parameters={"a": {"values": ["x", "y"]}, "n": {"min": 1, "max": 3}}))
    seen = []
    while (trial := search.ask()) is not None:
        seen.append((trial.params["a"], trial.params["n"]))
        search.tell(trial, 1.0)
    assert len(seen) == len(set(seen)) == 6


@pytest.mark.parametrize(("engine", "missing"), [("optuna-tpe", "optuna"), ("optuna-gp", "torch")])
def test_without_optuna_one_line_says_what_to_install(
    engine: str, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == missing else find(name))
    with pytest.raises(
        SweepError, match=f"needs {missing}, which is not installed here; pip install {missing}"
    ) as raised:
        make_engine(parse_sweep(configuration(engine)))
    assert "\n" not in str(raised.value)
