"""`run.config`: what it takes, how it is read and set, and what config.yaml then says."""

import argparse
import dataclasses
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

import runstore
from runstore.errors import ConfigError, UsageError
from runstore.format.records import load_config
from runstore.recording.config import Config
from runstore.recording.run import Run
from tests.recording.conftest import folder_of


def saved(run: Run) -> dict[str, Any]:
    return load_config(folder_of(run) / "config.yaml")


@dataclasses.dataclass
class Options:
    lr: float = 0.1
    layers: tuple[int, ...] = (1, 2)


class Flags:
    """As absl's FLAGS."""

    def flag_values_dict(self) -> dict[str, Any]:
        return {"lr": 0.1, "layers": [1, 2]}


class Plain:
    def __init__(self) -> None:
        self.lr = 0.1
        self.layers = [1, 2]


@pytest.mark.parametrize(
    "config",
    [
        {"lr": 0.1, "layers": [1, 2]},
        argparse.Namespace(lr=0.1, layers=[1, 2]),
        Options(),
        Flags(),
        Plain(),
        {"--lr": 0.1, "-layers": (1, 2)},
    ],
    ids=["dict", "Namespace", "dataclass", "absl flags", "object", "dashes"],
)
def test_config_takes_whatever_scripts_keep_their_options_in(begin: Callable[..., Run], config: Any) -> None:
    run = begin(config=config)
    assert run.config.as_dict() == {"lr": 0.1, "layers": [1, 2]}
    assert saved(run) == {"lr": 0.1, "layers": [1, 2]}


@pytest.mark.parametrize(
    "text",
    ["lr: 1e-4\nflag: no\n", "wandb_version: 1\nlr:\n  desc: null\n  value: 1e-4\nflag:\n  value: 'no'\n"],
    ids=["plain", "W&B's"],
)
def test_config_takes_the_path_of_a_yaml_file(begin: Callable[..., Run], tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    for given_ in (path, str(path)):
        run = begin(config=given_, reinit=True)
        assert run.config.as_dict() == {"lr": 1e-4, "flag": "no"}


def test_a_path_that_is_not_there_or_broken_is_one_clear_error(begin: Callable[..., Run], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        begin(config="missing.yaml")
    (tmp_path / "broken.yaml").write_text("a: [1\n")
    with pytest.raises(ConfigError, match=r"broken.yaml.*line"):
        begin(config=tmp_path / "broken.yaml")
    with pytest.raises(ConfigError, match="config is a int"):
        begin(config=3)


def test_keys_can_be_chosen_or_left_out(begin: Callable[..., Run]) -> None:
    config = {"a": 1, "b": 2, "c": 3}
    assert begin(config=config, config_include_keys=["a", "c"], reinit=True).config.as_dict() == {"a": 1, "c": 3}
    assert begin(config=config, config_exclude_keys=["a"], reinit=True).config.as_dict() == {"b": 2, "c": 3}
    with pytest.raises(UsageError, match="exclude each other"):
        begin(config=config, config_include_keys=["a"], config_exclude_keys=["b"], reinit=True)


def test_config_is_read_by_item_attribute_get_and_as_a_mapping(begin: Callable[..., Run]) -> None:
    config = begin(config={"lr": 0.1, "opt": {"name": "adam", "betas": [0.9, 0.99]}}).config
    assert (config["lr"], config.lr, config.get("lr"), config.get("no", 7)) == (0.1, 0.1, 0.1, 7)
    assert config.opt.name == config["opt"]["name"] == "adam"
    assert "lr" in config
    assert "no" not in config
    assert dict(config) == {"lr": 0.1, "opt": {"name": "adam", "betas": [0.9, 0.99]}}
    assert dict(**config) == dict(config)
    assert (list(config), len(config), list(config.keys())) == (["lr", "opt"], 2, ["lr", "opt"])
    with pytest.raises(AttributeError, match="no 'no'"):
        _ = config.no
    with pytest.raises(KeyError):
        _ = config["no"]
    with pytest.raises(AttributeError, match=r"opt.no"):
        _ = config.opt.no


def test_every_change_is_saved_at_once_nested_ones_too(run: Run) -> None:
    run.config.lr = 0.1
    assert saved(run) == {"lr": 0.1}
    run.config["opt"] = {}
    run.config.opt.name = "sgd"
    run.config.opt["momentum"] = 0.9
    run.config.update({"epochs": 5})
    run.config.setdefaults({"epochs": 9, "seed": 1})
    assert saved(run) == {"lr": 0.1, "opt": {"name": "sgd", "momentum": 0.9}, "epochs": 5, "seed": 1}
    del run.config["lr"]
    assert "lr" not in saved(run)


def test_a_value_changes_only_when_that_is_meant(run: Run, begin: Callable[..., Run]) -> None:
    run.config.lr = 0.1
    run.config.lr = 0.1
    with pytest.raises(ConfigError, match=r"config.lr is 0.1 and would become 0.2; pass allow_val_change=True"):
        run.config.lr = 0.2
    with pytest.raises(ConfigError):
        run.config.update({"new": 1, "lr": 0.2})
    assert saved(run) == {"lr": 0.1}
    run.config.update({"lr": 0.2}, allow_val_change=True)
    assert saved(run) == {"lr": 0.2}
    free = begin(config={"lr": 0.1}, allow_val_change=True, reinit=True)
    free.config.lr = 0.3
    assert saved(free) == {"lr": 0.3}


def test_nan_equals_itself_and_true_is_not_one(run: Run) -> None:
    run.config.update({"a": math.nan, "b": 1})
    run.config.a = math.nan
    with pytest.raises(ConfigError):
        run.config.b = True


def test_values_are_kept_in_plain_form(run: Run) -> None:
    run.config.update({"a": numpy.float32(0.5), "b": (1, 2), "c": Path("x/y"), "d": int, "e": {1: math.inf}})
    assert saved(run) == {"a": 0.5, "b": [1, 2], "c": "x/y", "d": "<class 'int'>", "e": {"1": math.inf}}


def test_a_whole_number_too_long_for_python_to_write_is_kept_in_hexadecimal(run: Run) -> None:
    run.config.update({"a": 10**100, "b": [1 << 20_000]})
    assert saved(run) == {"a": 10**100, "b": ["0x1" + "0" * 5000]}


def test_media_is_no_config(run: Run) -> None:
    with pytest.raises(TypeError, match=r"config.table is a Table; log it instead"):
        run.config.table = runstore.Table()


def test_keys_with_an_underscore_in_front_are_kept_but_not_listed(run: Run) -> None:
    run.config.update({"_secret": 1, "a": 2})
    assert list(run.config.keys()) == ["a"]
    assert run.config["_secret"] == 1
    assert saved(run) == {"_secret": 1, "a": 2}


def test_the_module_has_the_current_runs_config(run: Run) -> None:
    runstore.config.lr = 0.1
    runstore.config["seed"] = 1
    runstore.config.update({"epochs": 3})
    assert run.config.as_dict() == {"lr": 0.1, "seed": 1, "epochs": 3}
    assert (runstore.config.lr, "lr" in runstore.config, len(runstore.config)) == (0.1, True, 3)


def test_the_modules_config_and_summary_without_a_run_say_what_to_call() -> None:
    for use in (lambda: runstore.config.lr, lambda: runstore.summary["a"], lambda: len(runstore.config)):
        with pytest.raises(runstore.Error, match=r"call runstore.init\(\) before runstore"):
            use()
    with pytest.raises(runstore.Error):
        runstore.config.lr = 1


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.sampled_from(
        ["1e-4", "no", "~", "0x1f", "1_000", "null", ".nan", "2026-11-21", "- a", "a: b", "# c", " x ", "\n"]
    ),
)
CONFIGS = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(lambda key: key.strip("-") == key),
    st.recursive(
        SCALARS,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=3)
        ),
        max_leaves=8,
    ),
    max_size=4,
)


@given(data=CONFIGS)
def test_config_yaml_gives_back_what_was_set(tmp_path: Path, data: dict[str, Any]) -> None:
    path = tmp_path / "config.yaml"
    config = Config()
    config.update(data)
    path.write_bytes(config.dump())
    found = load_config(path)
    assert repr(found) == repr(data)
    assert list(found) == list(data)
