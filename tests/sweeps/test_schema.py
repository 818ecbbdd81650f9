"""The schema of sweep.yaml for editors: it takes what the reader takes, and knows each key, word and distribution."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from runstore.format import yaml12
from sweeps.config.parts import METRIC_KEYS, RULE_KEYS
from sweeps.config.schema import SWEEP_YAML
from sweeps.config.sweep import OWN_KEYS, WANDB_KEYS, WITHOUT_EFFECT, parse_sweep
from sweeps.errors import SweepError
from sweeps.space.reading import DISTRIBUTIONS, KEYS

DOCS = Path(__file__).resolve().parents[2] / "site" / "docs"
TEXTS = [
    block
    for page in ("sweep-configuration.md", "sweeps.md")
    for block in re.findall(
        r"^```yaml\n(.*?)^```$", (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    if "parameters:" in block
]
WHOLE = {"method": "random", "parameters": {"lr": {"min": 0.1, "max": 0.2}}}
VALID = Draft202012Validator(SWEEP_YAML)

numbers = st.integers(-3, 9) | st.floats(0.01, 5)
of_parameter = st.fixed_dictionaries(
    {},
    optional={
        "distribution": st.sampled_from([*DISTRIBUTIONS, "nothing"]),
        "value": numbers | st.text(max_size=3),
        "values": st.lists(numbers, max_size=3),
        "probabilities": st.just([0.5, 0.5]),
        **dict.fromkeys(("min", "max", "q", "mu", "sigma", "a", "b"), numbers),
        "when": st.just({"other": 1}),
        "typo": numbers,
    },
)
parameters = st.recursive(
    of_parameter, lambda inner: st.fixed_dictionaries({"parameters": st.dictionaries(st.sampled_from("ab"), inner)})
)
configurations = st.fixed_dictionaries(
    {
        "method": st.sampled_from(["random", "grid", "bayes", "tpe"]),
        "parameters": st.fixed_dictionaries({"lr": parameters, "other": st.just({"values": [1, 2]})}),
    },
    optional={
        "metric": st.fixed_dictionaries(
            {"name": st.sampled_from(["loss", ""])},
            optional={"goal": st.sampled_from(["minimize", "lower"]), "target": numbers, "goals": st.just(1)},
        ),
        "early_terminate": st.fixed_dictionaries(
            {"type": st.sampled_from([*RULE_KEYS, "none"])},
            optional=dict.fromkeys(("min_iter", "max_iter", "s", "eta", "min_runs"), numbers),
        ),
        "run_cap": st.integers(-1, 5),
        "heartbeat": st.integers(-1, 5),
        "on_crash": st.sampled_from(["requeue", "skip", "ignore"]),
        "constraints": st.just(["lr < 5"]),
        "typo": st.just(1),
    },
)


def accepted(values: Any) -> bool:
    try:
        parse_sweep(values)
    except SweepError:
        return False
    return True


def test_the_schema_is_sound_and_has_every_key() -> None:
    Draft202012Validator.check_schema(SWEEP_YAML)
    assert set(SWEEP_YAML["properties"]) == {*WANDB_KEYS, *OWN_KEYS, *WITHOUT_EFFECT}
    assert set(SWEEP_YAML["properties"]["metric"]["properties"]) == set(METRIC_KEYS)
    forms = SWEEP_YAML["$defs"]["parameter"]["anyOf"]
    assert {key for form in forms for key in form["properties"]} == set(KEYS)
    assert {form["properties"].get("distribution", {}).get("const") for form in forms} == {*DISTRIBUTIONS, None}


def test_each_key_says_what_it_means() -> None:
    for schema in SWEEP_YAML["properties"].values():
        assert "description" in schema or schema == {"$ref": "#/$defs/parameters"}


@given(configurations)
def test_what_the_reader_takes_the_schema_takes(values: dict[str, Any]) -> None:
    assert VALID.is_valid(values) or not accepted(values)


@pytest.mark.parametrize("text", TEXTS)
def test_examples_of_the_documentation_are_valid(text: str) -> None:
    assert VALID.is_valid({"method": "random", **yaml12.load(text)})


@pytest.mark.parametrize(
    "wrong",
    [
        {"metod": "grid"},
        {"method": "tpe"},
        {"metric": "loss"},
        {"metric": {"name": "loss", "goal": "min"}},
        {"early_terminate": {"type": "hyperband", "min_runs": 3}},
        {"parameters": {"lr": {"min": 0.1}}},
        {"parameters": {"lr": {"distribution": "log", "min": 0.1, "max": 1}}},
        {"parameters": {"lr": {"distribution": "normal", "min": 0.1}}},
        {"parameters": {"lr": {"value": 1, "parameters": {}}}},
        {"parameters": {}},
        {"run_cap": 0},
    ],
)
def test_what_is_wrong_by_itself_is_marked(wrong: dict[str, Any]) -> None:
    assert VALID.is_valid(WHOLE)
    assert not VALID.is_valid(WHOLE | wrong)
