"""Configurations in the forms that W&B's documentation and examples have load as they are, and mean the same."""

from pathlib import Path

import pytest

from sweeps.config.sweep import SweepConfig, load_sweep
from sweeps.search.ask_tell import Search

STRUCTURE = """\
program: train.py
name: sweepdemo
method: bayes
metric:
  goal: minimize
  name: validation_loss
parameters:
  learning_rate:
    min: 0.0001
    max: 0.1
  batch_size:
    values: [16, 32, 64]
  epochs:
    values: [5, 10, 15]
  optimizer:
    values: ["adam", "sgd"]
"""
NESTED = """\
description: nested parameters
program: train-nested.py
project: sweeps-examples
method: grid
metric: {name: loss, goal: minimize}
parameters:
  batch_size:
    values: [32, 64]
  optimizer:
    parameters:
      lr:
        values: [0.001, 0.0001]
      nadam:
        parameters:
          beta:
            values: [0.9, 0.95]
"""
LOCAL_HYPERBAND = """\
program: train-local.py
method: grid
controller:
  type: local
metric:
  name: loss_metric
  goal: minimize
early_terminate:
  type: hyperband
  max_iter: 10
  s: 2
  eta: 3
parameters:
  epochs: {value: 20}
  sleep: {value: 0.5}
  base: {values: [10,15,20]}
  direction: {values: [-1,0.1,1]}
"""
HYDRA = """\
---
program: main.py
metric:
  name: val_loss
  goal: minimize
method: bayes
parameters:
  optimizer.config.learning_rate:
    min: !!float 1e-5
    max: 0.1
  dataset:
    values: [cifar10]
  dataset.train_batch:
    values: [8, 16, 32]
command:
- ${env}
- ${interpreter}
- ${program}
- ${args_no_hyphens}
- +num_gpus=1
"""
DISTRIBUTIONS = """\
program: train.py
method: random
metric: {name: accuracy, goal: maximize, target: 0.99}
run_cap: 30
parameters:
  epochs: {distribution: constant, value: 20}
  dropout: {distribution: uniform, min: 0, max: 1}
  one_cycle: {distribution: categorical, values: [True, False]}
  hidden: {distribution: int_uniform, min: 32, max: 128}
  batch: {distribution: q_log_uniform_values, q: 8, min: 32, max: 256}
  decay: {values: [1e-5, 1e-6, 1e-7]}
  weighted: {values: [1, 2, 3], probabilities: [0.1, 0.2, 0.7]}
  noise: {distribution: normal, mu: 100, sigma: 10}
  scale: {distribution: q_normal, mu: 0, sigma: 2.5, q: 0.5}
early_terminate:
  type: hyperband
  min_iter: 3
command:
  - ${env}
  - CUDA_VISIBLE_DEVICES=0
  - python3
  - ${program}
  - "--seed=${envvar:SEED}"
  - ${args_no_boolean_flags}
"""
EXPONENTS = """\
program: train_sweep.py
method: bayes
metric: {name: accuracy, goal: maximize}
parameters:
  learning_rate:
    distribution: log_uniform
    min: -11
    max: -2
"""
DICTIONARIES = """\
method: grid
parameters:
  environment:
    values:
      - {name: Env-v0, steps: 1000}
      - {name: Env-v1, steps: 2000}
  v: {values: ["", [9, 5], null]}
"""


def load(path: Path, text: str) -> SweepConfig:
    (path / "sweep.yaml").write_text(text, encoding="utf-8")
    return load_sweep(path / "sweep.yaml")


@pytest.mark.parametrize("text", [STRUCTURE, NESTED, LOCAL_HYPERBAND, HYDRA, DISTRIBUTIONS, DICTIONARIES])
def test_it_loads_without_a_remark_and_comes_back(text: str, tmp_path: Path) -> None:
    config = load(tmp_path, text)
    assert config.remarks == ()
    assert SweepConfig.from_json(config.to_json()) == config


def test_early_termination_is_strict_as_the_engine_has_it(tmp_path: Path) -> None:
    rule = load(tmp_path, DISTRIBUTIONS).early_terminate
    assert rule is not None
    assert (rule.min_iter, rule.eta, rule.strict) == (3, 3.0, True)


def test_nested_parameters_arrive_nested(tmp_path: Path) -> None:
    search = Search(load(tmp_path, NESTED))
    assert [trial.params for trial in search.ask(count=3)] == [
        {"batch_size": 32, "optimizer": {"lr": 0.001, "nadam": {"beta": 0.9}}},
        {"batch_size": 32, "optimizer": {"lr": 0.001, "nadam": {"beta": 0.95}}},
        {"batch_size": 32, "optimizer": {"lr": 0.0001, "nadam": {"beta": 0.9}}},
    ]


def test_names_with_dots_stay_one_key(tmp_path: Path) -> None:
    config = load(tmp_path, HYDRA)
    assert config.space.nest(
        {"dataset": "cifar10", "dataset.train_batch": 8, "optimizer.config.learning_rate": 0.01}
    ) == {
        "optimizer.config.learning_rate": 0.01,
        "dataset": "cifar10",
        "dataset.train_batch": 8,
    }
    assert config.space.by_name["optimizer.config.learning_rate"].bounds == (1e-5, 0.1)


def test_each_value_has_its_type(tmp_path: Path) -> None:
    kinds = {"epochs": int, "dropout": float, "one_cycle": bool, "hidden": int, "batch": int, "decay": float}
    for trial in Search(load(tmp_path, DISTRIBUTIONS)).ask(count=20):
        assert {name: type(trial.params[name]) for name in kinds} == kinds
        assert 32 <= trial.params["batch"] <= 256
        assert trial.params["batch"] % 8 == 0
        assert trial.params["scale"] % 0.5 == 0


def test_exponents_load_with_a_warning(tmp_path: Path) -> None:
    config = load(tmp_path, EXPONENTS)
    assert "log_uniform_values" in config.remarks[0]
    assert config.space.parameters[0].bounds == pytest.approx((1.67e-5, 0.1353), rel=1e-2)


def test_a_configuration_in_python_needs_no_program() -> None:
    search = Search({"method": "random", "parameters": {"x": {"max": 0.1, "min": 0.01}, "y": {"values": (1, 3, 7)}}})
    trial = search.ask()
    assert trial is not None
    assert trial.params["y"] in (1, 3, 7)
