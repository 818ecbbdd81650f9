"""The page on the sweep configuration names every key, and its examples load."""

import re
from pathlib import Path

import pytest

from runstore.format import yaml12
from sweeps.config.parts import MACROS, METRIC_KEYS, RULE_KEYS
from sweeps.config.sweep import _NOT_HERE, OWN_KEYS, WANDB_KEYS, WITHOUT_EFFECT, parse_sweep
from sweeps.search.registry import engine_names
from sweeps.space.expression import _FUNCTIONS
from sweeps.space.reading import DISTRIBUTIONS, KEYS

PAGE = (Path(__file__).resolve().parent.parent.parent / "site/docs/sweep-configuration.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def section(title: str) -> str:
    return re.split(rf"^##+ {title}$", PAGE, flags=re.MULTILINE)[1].split("\n## ")[0]


def rows(title: str) -> set[str]:
    """The names in the first column of a section's tables."""
    cells = re.findall(r"^\| (.*?) \|", section(title).split("\n### ")[0], re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def test_every_key_has_its_row() -> None:
    assert rows("W&B's keys") == {*WANDB_KEYS, *WITHOUT_EFFECT}
    assert rows("Runstore's own keys") == set(OWN_KEYS)
    assert rows("The metric") == set(METRIC_KEYS)
    assert rows("Early termination") == {key for keys in RULE_KEYS.values() for key in keys}
    assert rows("The command") == {*(f"${{{macro}}}" for macro in MACROS), "${envvar:NAME}"}


def test_keys_that_are_not_there_are_named() -> None:
    assert all(f"`{key}`" in section("W&B's keys") for key in _NOT_HERE)


def test_every_distribution_and_every_key_of_a_parameter_is_named() -> None:
    text = section("Parameters")
    assert all(f"`{kind}`" in text for kind in DISTRIBUTIONS)
    assert all(re.search(rf"[`{{]({key})[`:]|, {key}[`:]|\b{key}: ", text) for key in KEYS)


def test_functions_and_engines_are_named() -> None:
    assert f"`{' '.join(sorted(_FUNCTIONS))}`" in section("Constraints")
    assert all(f"`{name}`" in section("Runstore's own keys") for name in engine_names())


@pytest.mark.parametrize("block", BLOCKS)
def test_examples_load(block: str) -> None:
    values = yaml12.load(block)
    assert parse_sweep({"method": "random", **values}).remarks == ()
