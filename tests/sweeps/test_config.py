"""A sweep's configuration: all of W&B's loads as it is, our own keys do, and each mistake is one line that helps."""

import math
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstore.errors import RunstoreError
from sweeps.config.parts import MACROS, METRIC_KEYS, RULE_KEYS
from sweeps.config.sweep import (
    OWN_KEYS,
    WANDB_KEYS,
    WITHOUT_EFFECT,
    EarlyTerminate,
    Metric,
    SweepConfig,
    load_sweep,
    parse_sweep,
)
from sweeps.errors import SweepError
from sweeps.space.reading import KEYS

WHOLE = """\
# Every key there is.
kind: sweep
apiVersion: "1"
controller:
  type: local
method: bayes
name: digits
description: how far a small network gets
project: digits
entity: vision
program: train.py
command:
  - ${env}
  - python
  - ${program}
  - --workers
  - 4
  - ${args}
metric:
  name: loss
  goal: minimize
  target: 0.01
  impute: best
  impute_while_running: latest
early_terminate:
  type: hyperband
  min_iter: 3
  max_iter: 27
  s: 2
  eta: 3
  strict: false
run_cap: 40
seed: 7
on_crash: skip
max_retries: 2
heartbeat: 10
term_timeout: 5
engine: optuna-tpe
prior_runs: [a1, b2]
parameters:
  optimizer:
    values: [sgd, adam]
  lr:
    distribution: log_uniform_values
    min: 1e-5
    max: 0.1
  width:
    distribution: q_log_uniform_values
    min: 16
    max: 512
    q: 16
  sgd:
    when: {optimizer: sgd}
    parameters:
      momentum:
        min: 0.0
        max: 0.99
  noise:
    distribution: normal
    mu: 0.5
    sigma: 0.1
  keep:
    distribution: beta
    a: 2
    b: 3
  layers:
    values: [1, 2, 3]
    probabilities: [0.5, 0.25, 0.25]
  epochs:
    value: 5
constraints:
  - width * layers <= 1024
"""

Wrong = tuple[str, str, str]
WRONG: list[Wrong] = [
    # The line as it is, as it is written wrong, and what the message says (after the file, the line and the key).
    ("kind: sweep", "kind: swep", "kind: found 'swep', expected one of sweep; did you mean 'sweep'?"),
    ('apiVersion: "1"', "apiVersion: 1", "apiVersion: found 1, expected text; put it in quotes"),
    ("  type: local", "  type: lokal", "controller.type: found 'lokal', expected one of local, cloud; did you mean"),
    ("method: bayes", "method: baies", "method: found 'baies', expected one of grid, random, bayes; did you mean"),
    ("method: bayes", "method: custom", "method: found 'custom', expected grid, random or bayes; an engine of"),
    ("method: bayes", "method: [bayes]", "method: found a list, expected one of grid, random, bayes"),
    ("name: digits", "name: 3", "name: found 3, expected text; put it in quotes"),
    ("name: digits", "name:", "name: found nothing, expected text"),
    ("description: how far a small network gets", "description: {a: b}", "description: found a mapping, expected text"),
    ("project: digits", "project: a/b", "project: the project name 'a/b' holds '/'"),
    ("entity: vision", "entity: true", "entity: found true, expected text; put it in quotes"),
    ("program: train.py", "program: [train.py]", "program: found a list, expected text"),
    ("  - ${program}", "  - ${programm}", "command[2]: found the macro ${programm}, expected one of ${env}"),
    ("  - ${program}", "  - ${progam}", "${envvar:NAME}; did you mean '${program}'?"),
    ("  - 4", "  - [4]", "command[4]: found a list, expected text"),
    ("  name: loss", "  name: 1", "metric.name: found 1, expected text"),
    ("  name: loss", "  name: ''", "metric.name: found '', expected the name that the metric is logged under"),
    ("  goal: minimize", "  goal: minimise", "metric.goal: found 'minimise', expected one of minimize, maximize; did"),
    ("  target: 0.01", "  target: '0.01'", "metric.target: found '0.01', expected a number; take the quotes off"),
    ("  target: 0.01", "  target: .nan", "metric.target: found nan, expected a number"),
    ("  impute: best", "  impute: wurst", "metric.impute: found 'wurst', expected one of latest, best, worst; did"),
    ("  impute_while_running: latest", "  impute_while_running: last", "metric.impute_while_running: found 'last'"),
    ("  type: hyperband", "  type: hyperbad", "early_terminate.type: found 'hyperbad', expected one of hyperband"),
    ("  min_iter: 3", "  min_iter: 0", "early_terminate.min_iter: found 0, expected a whole number from 1 up"),
    ("  max_iter: 27", "  max_iter: 2.5", "early_terminate.max_iter: found 2.5, expected a whole number from 1 up"),
    ("  s: 2", "  s: two", "early_terminate.s: found 'two', expected a whole number from 1 up"),
    ("  eta: 3", "  eta: 1", "early_terminate.eta: found 1, expected a number greater than 1"),
    ("  strict: false", "  strict: no", "early_terminate.strict: found 'no', expected true or false"),
    ("run_cap: 40", "run_cap: 0", "run_cap: found 0, expected a whole number from 1 up"),
    ("run_cap: 40", "run_cap: true", "run_cap: found true, expected a whole number"),
    ("run_cap: 40", "run_cap: '40'", "run_cap: found '40', expected a whole number from 1 up; take the quotes off"),
    ("seed: 7", "seed: -1", "seed: found -1, expected a whole number from 0 up"),
    ("on_crash: skip", "on_crash: retry", "on_crash: found 'retry', expected one of requeue, skip"),
    ("max_retries: 2", "max_retries: many", "max_retries: found 'many', expected a whole number from 0 up"),
    ("heartbeat: 10", "heartbeat: 0", "heartbeat: found 0, expected a number greater than 0"),
    ("heartbeat: 10", "heartbeat: .inf", "heartbeat: found inf, expected a number"),
    ("term_timeout: 5", "term_timeout: -5", "term_timeout: found -5, expected a number of seconds, 0 or more"),
    ("engine: optuna-tpe", "engine: 3", "engine: found 3, expected text"),
    ("engine: optuna-tpe", "engine: ''", "engine: found '', expected the name of an engine"),
    ("prior_runs: [a1, b2]", "prior_runs: a1", "prior_runs: found 'a1', expected a list"),
    ("prior_runs: [a1, b2]", "prior_runs: [a1, 2]", "prior_runs[1]: found 2, expected text"),
    ("    values: [sgd, adam]", "    values: sgd", "parameters.optimizer.values: found 'sgd', expected a list"),
    ("    values: [sgd, adam]", "    values: []", "parameters.optimizer.values: found an empty list, expected a list"),
    (
        "    distribution: log_uniform_values",
        "    distribution: loguniform_values",
        "parameters.lr.distribution: found",
    ),
    ("    min: 1e-5", "    min: 0", "parameters.lr.min: found 0, expected more than 0"),
    ("    min: 1e-5", "    min: 1", "parameters.lr.min: found 1 with max 0.1, expected min less than max"),
    ("    max: 0.1", "    max: high", "parameters.lr.max: found 'high', expected a number"),
    ("    max: 0.1", "    max: '0.1'", "parameters.lr.max: found '0.1', expected a number; take the quotes off"),
    ("    q: 16", "    q: 0", "parameters.width.q: found 0, expected a number greater than 0"),
    ("    when: {optimizer: sgd}", "    when: {optimiser: sgd}", "parameters.sgd.when.optimiser: found"),
    ("    when: {optimizer: sgd}", "    when: {optimizer: sgdd}", "when.optimizer: found 'sgdd', expected a value of"),
    ("    when: {optimizer: sgd}", "    when: sgd", "parameters.sgd.when: found 'sgd', expected a mapping; write the"),
    ("    when: {optimizer: sgd}", "    when: {}", "parameters.sgd.when: found no condition, expected a parameter"),
    ("    when: {optimizer: sgd}", "    when: {lr: 0.1}", "parameters.sgd.when.lr: found 'lr', which is a log_uniform"),
    ("    mu: 0.5", "    mu: [0.5]", "parameters.noise.mu: found a list, expected a number"),
    ("    sigma: 0.1", "    sigma: -0.1", "parameters.noise.sigma: found -0.1, expected at least 0"),
    ("    a: 2", "    a: 0", "parameters.keep.a: found 0, expected a number greater than 0"),
    ("    b: 3", "    b: b", "parameters.keep.b: found 'b', expected a number"),
    (
        "    probabilities: [0.5, 0.25, 0.25]",
        "    probabilities: [0.5, 0.5]",
        "parameters.layers.probabilities: found 2",
    ),
    ("    probabilities: [0.5, 0.25, 0.25]", "    probabilities: [0.5, 0.5, 0.5]", "layers.probabilities: found a sum"),
    (
        "    probabilities: [0.5, 0.25, 0.25]",
        "    probabilities: [0.5, -1, 1.5]",
        "probabilities[1]: found -1, expected",
    ),
    ("    value: 5", "    valu: 5", "parameters.epochs.valu: found the unknown key 'valu'; did you mean 'value'?"),
    ("  - width * layers <= 1024", "  - width * layer <= 1024", "constraints[0]: found 'layer' in 'width * layer"),
    ("  - width * layers <= 1024", "  - width +", "constraints[0]: found 'width +', expected an expression"),
    ("  - width * layers <= 1024", "  - 3", "constraints[0]: found 3, expected text"),
]


def load(path: Path, text: str) -> SweepConfig:
    file = path / "sweep.yaml"
    file.write_text(text, encoding="utf-8")
    return load_sweep(file)


def mistake(path: Path, text: str) -> str:
    with pytest.raises(SweepError) as caught:
        load(path, text)
    said = str(caught.value)
    assert "\n" not in said
    assert said.startswith(f"{path / 'sweep.yaml'}")
    return said.removeprefix(str(path / "sweep.yaml"))


def test_every_key_is_read(tmp_path: Path) -> None:
    config = load(tmp_path, WHOLE)
    assert config.method == "bayes"
    assert config.metric == Metric("loss", "minimize", 0.01, "best", "latest")
    assert config.early_terminate == EarlyTerminate("hyperband", 3, 27, 2, 3, False)
    assert config.command == ("${env}", "python", "${program}", "--workers", "4", "${args}")
    assert (config.name, config.project, config.entity, config.program) == ("digits", "digits", "vision", "train.py")
    assert (config.run_cap, config.seed, config.on_crash, config.max_retries) == (40, 7, "skip", 2)
    assert (config.heartbeat, config.lease, config.term_timeout) == (10, 100, 5)
    assert (config.engine, config.prior_runs, config.remarks) == ("optuna-tpe", ("a1", "b2"), ())
    assert [each.name for each in config.space.parameters] == [
        *("optimizer", "lr", "width", "sgd.momentum", "noise", "keep", "layers", "epochs")
    ]
    assert [each.kind for each in config.space.parameters][:4] == [
        *("categorical", "log_uniform_values", "q_log_uniform_values", "uniform")
    ]


def test_the_least_is_a_method_and_a_parameter(tmp_path: Path) -> None:
    config = load(tmp_path, "method: random\nparameters: {lr: {min: 0.0, max: 1.0}}\n")
    assert (config.metric, config.early_terminate, config.run_cap, config.command) == (None, None, None, ())
    assert (config.on_crash, config.max_retries, config.heartbeat, config.term_timeout) == ("requeue", 1, 30, 30)
    assert config.engine == "gp"
    assert config.seed != load(tmp_path, "method: random\nparameters: {lr: {min: 0.0, max: 1.0}}\n").seed


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong[1].strip())
def test_each_key_wrong_in_turn_is_one_line_with_its_place(wrong: Wrong, tmp_path: Path) -> None:
    old, new, expected = wrong
    lines = WHOLE.splitlines()
    lines[lines.index(old)] = new
    said = mistake(tmp_path, "\n".join(lines))
    assert f", line {lines.index(new) + 1}: " in said
    assert expected in said
    assert "expected" in said or "did you mean" in said or "holds '/'" in said


def test_every_key_was_wrong_in_turn() -> None:
    tried = {old.strip().removeprefix("- ").split(":")[0] for old, _, _ in WRONG}
    keys = {*WANDB_KEYS, *OWN_KEYS, *WITHOUT_EFFECT, *METRIC_KEYS, *RULE_KEYS["hyperband"], *KEYS}
    outer = {"metric", "early_terminate", "controller", "command", "constraints", "parameters", "settings"}
    assert keys - outer <= tried


KEY_LINES = [
    number
    for number, line in enumerate(WHOLE.splitlines())
    if (key := line.strip().split(":")[0]) in {*WANDB_KEYS, *OWN_KEYS, *METRIC_KEYS, *RULE_KEYS["hyperband"], *KEYS}
    and len(key) > 3
    and ":" in line
]


@pytest.mark.parametrize("number", KEY_LINES)
def test_a_typo_in_any_key_suggests_the_right_one(number: int, tmp_path: Path) -> None:
    lines = WHOLE.splitlines()
    key = lines[number].strip().split(":")[0]
    typo = key[:2] + key[3] + key[2] + key[4:] if key[2] != key[3] else key + "x"
    lines[number] = lines[number].replace(key, typo, 1)
    said = mistake(tmp_path, "\n".join(lines))
    assert f", line {number + 1}: " in said
    assert f"found the unknown key {typo!r}" in said
    assert f"did you mean {key!r}?" in said


A = "parameters: {a: {value: 1}}\n"
PAIRS: list[tuple[str, str]] = [
    ("", ": found nothing, expected a mapping"),
    ("- a\n", ": found a list, expected a mapping"),
    ("method: [random\n", "found broken YAML"),
    ("method: random\nmethod: grid\n", ", line 2: found broken YAML: the key 'method' stands twice"),
    ("method: random\n", ": found no 'parameters', expected"),
    (A, ": found no 'method', expected method: one of grid, random, bayes"),
    ("method: random\nparameters:\n", ", line 2: parameters: found nothing, expected a mapping"),
    ("method: random\nparameters: {}\n", ", line 2: parameters: found no parameter, expected at least one"),
    ("method: bayes\n" + A, "found no 'metric', expected one with method: bayes"),
    ("method: bayes\nmetric: {name: x}\n" + A, "found only constants, expected a parameter"),
    ("method: grid\nparameters:\n  a: {min: 0.0, max: 1.0}\n", ", line 3: parameters.a: found uniform in a grid"),
    ("method: grid\nengine: gp\n" + A, "engine: found engine: gp with method: grid"),
    ("method: random\nearly_terminate: {type: hyperband, min_iter: 1}\n" + A, "found no 'metric'"),
    ("method: random\njob: a/b\n" + A, "line 2: job: found the key 'job'"),
    ("method: random\nscheduler: {engine: optuna}\n" + A, "optuna-gp or optuna-tpe"),
    ("method: random\nmetrics: [{name: a}, {name: b}]\n" + A, "a sweep has one metric"),
    ("method: random\ncommand: python train.py\n" + A, "command: found 'python train.py', expected a list"),
    ("method: random\nmetric: loss\n" + A, "metric: found 'loss', expected a mapping; write metric: {name"),
    ("method: random\nmetric: {goal: minimize}\n" + A, "metric: found no 'name', expected name"),
    (
        "method: random\nmetric: {name: x}\nearly_terminate: {type: hyperband, max_iter: 9}\n" + A,
        ", line 3: early_terminate: found max_iter, expected min_iter, or max_iter and s",
    ),
    (
        "method: random\nmetric: {name: x}\nearly_terminate: {type: asha, s: 9}\n" + A,
        "early_terminate.s: found the key 's', expected one of type min_iter max_iter eta; asha has no such key",
    ),
]
OF_PARAMETERS: list[tuple[str, str]] = [
    ("lr: 0.1", ", line 3: parameters.lr: found 0.1, expected a mapping; write {value: 0.1}"),
    ("lr: [1, 2]", "expected a mapping; write {values: [...]} around the list"),
    ("lr: {}", "parameters.lr: found nothing, expected value, values, or min and max"),
    ("lr: {min: 1}", "parameters.lr: found only min, expected min and max; add max"),
    ("lr: {mu: 1}", "found only mu, expected a distribution; add distribution: normal"),
    ("lr: {min: 0, max: 9, q: 2}", "distribution: q_uniform or q_log_uniform_values"),
    ("lr: {distribution: uniform, values: [1]}", "for these keys write distribution: categorical"),
    ("o: {lr: {min: 0, max: 1}}", "to nest parameters write o: {parameters: {...}}"),
    ("o: {parameters: 3}", "parameters.o.parameters: found 3, expected a mapping"),
    ("o: {value: 3, parameters: {a: {value: 1}}}", "found the unknown key 'value'"),
    ("9a: {value: 1}", "found the name '9a', expected a letter or _ first"),
    ("n: {distribution: int_uniform, min: 1.5, max: 3}", "n.min: found 1.5, expected a whole number"),
    ("n: {min: true, max: 3}", "n.min: found true, expected a number"),
    ("n: {distribution: int_uniform, max: 3}", "parameters.n: found no 'min', expected min: a number"),
    ("a: {value: 1, when: {b: 1}}\n  b: {values: [1], when: {a: 1}}", "in a circle, a → b → a"),
    ("a.b: {value: 1}\n  a: {parameters: {b: {value: 2}}}", "found 'a.b' twice"),
]
PAIRS += [(f"method: random\nparameters:\n  {text}\n", said) for text, said in OF_PARAMETERS]


@pytest.mark.parametrize(("text", "said"), PAIRS)
def test_what_is_missing_or_does_not_go_together_is_one_line(text: str, said: str, tmp_path: Path) -> None:
    assert said in mistake(tmp_path, text)


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    (tmp_path / "sweep.yaml").write_bytes(b"method: random\nname: \xff\n")
    with pytest.raises(SweepError, match=r"sweep\.yaml, line 2: found broken YAML: bytes that are not UTF-8"):
        load_sweep(tmp_path / "sweep.yaml")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SweepError, match=r"nowhere\.yaml: cannot be read: No such file"):
        load_sweep(tmp_path / "nowhere.yaml")


def test_a_mapping_needs_no_file_and_names_the_key() -> None:
    with pytest.raises(
        SweepError, match=r"^the sweep configuration: parameters\.lr\.max: found 'x', expected a number"
    ):
        parse_sweep({"method": "random", "parameters": {"lr": {"min": 0, "max": "x"}}})
    with pytest.raises(SweepError, match="found the key 3, expected text"):
        parse_sweep({"method": "random", "parameters": {3: {"value": 1}}})
    with pytest.raises(SweepError, match=r"parameters\.a\.values\[0\]: found set"):
        parse_sweep({"method": "random", "parameters": {"a": {"values": [{1, 2}]}}})


def test_numbers_of_numpy_are_numbers() -> None:
    import numpy as np

    given = (
        {"values": np.arange(3)},
        {"values": [np.float64(0.5), np.int64(2)]},
        {"min": np.int64(1), "max": np.int64(4)},
    )
    config = parse_sweep({"method": "grid", "parameters": dict(zip("abc", given, strict=True))})
    assert [each.choices for each in config.space.parameters] == [(0, 1, 2), (0.5, 2), range(1, 5)]
    orjson.dumps(config.to_json())


VALUES = "write distribution: log_uniform_values, min: 0.0001"
MEANT = "look like values: did you mean distribution: log_uniform_values, min: 0.0001, max: 0.1?"
EXPONENTS: list[tuple[dict[str, Any], tuple[float, float], str]] = [
    ({"distribution": "log_uniform", "min": -9.21, "max": -2.3}, (1e-4, 0.1003), VALUES),
    ({"distribution": "log_uniform", "min": 0.0001, "max": 0.1}, (1.0001, 1.105), MEANT),
    ({"distribution": "q_log_uniform", "min": 0, "max": 3}, (1, 20.09), "distribution: q_log_uniform_values"),
    ({"distribution": "inv_log_uniform", "min": 0, "max": 3}, (0.0498, 1), "distribution: inv_log_uniform_values"),
]


@pytest.mark.parametrize(("given", "drawn", "written"), EXPONENTS)
def test_exponents_work_as_wandb_says_with_a_warning(
    given: dict[str, Any], drawn: tuple[float, float], written: str, tmp_path: Path
) -> None:
    text = f"method: random\nparameters:\n  lr: {orjson.dumps(given).decode()}\n"
    config = load(tmp_path, text)
    (remark,) = config.remarks
    assert "sweep.yaml, line 3: parameters.lr: " in remark
    assert f"{given['distribution']} is deprecated: its min and max are exponents of e" in remark
    assert written in remark
    assert config.space.parameters[0].bounds == pytest.approx(drawn, rel=2e-3)


def test_exponents_that_no_number_has_are_refused(tmp_path: Path) -> None:
    text = "method: random\nparameters:\n  n: {distribution: log_uniform, min: 1, max: 1000}\n"
    assert "found 1000, expected an exponent of e; for values write distribution: log_uniform_values" in mistake(
        tmp_path, text
    )


def test_words_of_wandb_that_yaml_takes_for_truth_values_are_understood(tmp_path: Path) -> None:
    text = "method: random\nmetric: {name: loss, impute_while_running: false}\nparameters: {a: {value: 1}}\n"
    assert load(tmp_path, text).metric == Metric("loss")


def test_settings_of_wandbs_command_line_say_that_they_have_no_effect(tmp_path: Path) -> None:
    config = load(tmp_path, "method: random\nsettings: {a: 1}\nparameters: {a: {value: 1}}\n")
    assert ", line 2: settings: has no effect here" in config.remarks[0]


def test_words_that_wandb_takes_for_truth_values_are_texts_with_a_remark(tmp_path: Path) -> None:
    config = load(tmp_path, "method: grid\nparameters:\n  flag: {values: [yes, no]}\n  mode: {values: [on, slow]}\n")
    assert config.space.parameters[0].choices == ("yes", "no")
    (remark,) = config.remarks
    assert ", line 3: parameters.flag: found 'yes' and 'no', which are texts here" in remark


def test_conditions_name_the_nearest_parameter(tmp_path: Path) -> None:
    text = """\
method: random
parameters:
  kind: {values: [a, b]}
  inner:
    parameters:
      kind: {values: [x, y]}
      one: {value: 1, when: {kind: x}}
      deep:
        parameters:
          two: {value: 2, when: {kind: [y], inner.kind: y}}
  outer: {value: 3, when: {inner.kind: x, kind: b}}
"""
    by_name = load(tmp_path, text).space.by_name
    conditions = {name: each.when.tests for name, each in by_name.items() if each.when}
    assert conditions == {
        "inner.one": (("inner.kind", ("x",)),),
        "inner.deep.two": (("inner.kind", ("y",)), ("inner.kind", ("y",))),
        "outer": (("inner.kind", ("x",)), ("kind", ("b",))),
    }


@given(st.integers(0, 2**53), st.sampled_from(["grid", "random", "bayes"]), st.integers(1, 99))
def test_what_was_resolved_comes_back_as_it_was(seed: int, method: str, cap: int) -> None:
    values: dict[str, Any] = {
        "method": method,
        "seed": seed,
        "run_cap": cap,
        "metric": {"name": "loss", "goal": "maximize", "target": 0.5},
        "parameters": {
            "a": {"values": [1, math.inf, "NaN", {"x": [None, True]}]},
            "g": {"when": {"a": [1, "NaN"]}, "parameters": {"b": {"min": 1, "max": 3}, "c": {"value": -math.inf}}},
        },
        "constraints": ["g.b < 3 or a == 1"],
        "early_terminate": {"type": "median"},
    }
    config = parse_sweep(values)
    resolved = orjson.dumps(config.to_json())
    again = SweepConfig.from_json(orjson.loads(resolved))
    assert again == config
    assert orjson.dumps(again.to_json()) == resolved


def test_the_whole_configuration_comes_back_as_it_was(tmp_path: Path) -> None:
    config = load(tmp_path, WHOLE)
    assert SweepConfig.from_json(orjson.loads(orjson.dumps(config.to_json()))) == config


def test_conditions_come_back_as_they_were_where_a_group_has_its_own_name_again() -> None:
    group = {"parameters": {"b": {"values": [3, 4]}, "a": {"parameters": {"b": {"values": [1, 2]}}}}}
    group["parameters"]["c"] = {"value": 1, "when": {"b": 3}}
    config = parse_sweep({"method": "random", "parameters": {"a": group}})
    assert config.space.by_name["a.c"].when is not None
    assert config.space.by_name["a.c"].when.names == ("a.b",)
    assert SweepConfig.from_json(config.to_json()) == config


def test_a_resolved_configuration_that_was_changed_by_hand_is_one_line(tmp_path: Path) -> None:
    values = load(tmp_path, WHOLE).to_json()
    values["parameters"]["lr"]["min"] = "low"
    with pytest.raises(SweepError, match=r"^resolved\.json: parameters\.lr\.min: found 'low', expected a number"):
        SweepConfig.from_json(values, "resolved.json")


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)


@given(st.data())
def test_whatever_a_key_holds_it_is_read_or_refused_in_one_line(data: st.DataObject) -> None:
    values: dict[str, Any] = {
        "method": "bayes",
        "metric": {"name": "loss"},
        "early_terminate": {"type": "hyperband", "min_iter": 1},
        "parameters": {"a": {"min": 0.0, "max": 1.0}, "b": {"values": [1, 2], "when": {}}, "c": {"parameters": {}}},
    }
    path = data.draw(st.sampled_from([(), ("metric",), ("early_terminate",), ("parameters",), ("parameters", "a")]))
    inner = values
    for key in path:
        inner = inner[key]
    known = [*WANDB_KEYS, *OWN_KEYS, *WITHOUT_EFFECT, *METRIC_KEYS, *RULE_KEYS["hyperband"], *KEYS]
    inner[data.draw(st.sampled_from(known) | st.text(max_size=4))] = data.draw(junk)
    try:
        orjson.dumps(parse_sweep(values).to_json())
    except RunstoreError as error:
        assert len(str(error).splitlines()) == 1  # noqa: PT017


def test_every_macro_of_wandbs_is_known() -> None:
    command = [*(f"${{{macro}}}" for macro in MACROS), "${envvar:HOME}", "--path=${envvar:HOME}/x", "${odd"]
    config = parse_sweep({"method": "random", "command": command, "parameters": {"a": {"value": 1}}})
    assert config.command == tuple(command)
