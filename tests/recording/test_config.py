"""`run.config`: what it takes, how it is read and set, and what config.yaml then says."""

import argparse
import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
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


class Attrs:
    """As a class of attrs with slots."""

    __slots__ = ("layers", "lr")
    __attrs_attrs__ = (argparse.Namespace(name="lr"), argparse.Namespace(name="layers"))

    def __init__(self) -> None:
        self.lr = 0.1
        self.layers = (1, 2)


class Model:
    """As a model of pydantic."""

    __slots__ = ()

    def model_dump(self) -> dict[str, Any]:
        return {"lr": 0.1, "layers": (1, 2)}


class Resolving(Mapping[str, Any]):
    """As OmegaConf's DictConfig: what is asked for by item is resolved, what lies inside is of its own kinds."""

    def __init__(self, **data: Any) -> None:
        self.__dict__["data"] = data

    def __getitem__(self, key: str) -> Any:
        found = self.data[key]
        return self[found[2:-1]] if isinstance(found, str) and found.startswith("${") else found

    def __iter__(self) -> Iterator[str]:
        return iter(self.data)

    def __len__(self) -> int:
        return len(self.data)


class Items(Sequence[int]):
    """As OmegaConf's ListConfig: a sequence that is no list."""

    def __getitem__(self, at: Any) -> Any:
        return (1, 2)[at]

    def __len__(self) -> int:
        return 2


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
        Attrs(),
        Model(),
        Resolving(lr="${rate}", layers=Items(), rate=0.1),
        {"--lr": 0.1, "-layers": (1, 2)},
    ],
    ids=["dict", "Namespace", "dataclass", "absl flags", "object", "attrs", "pydantic", "resolving", "dashes"],
)
def test_config_takes_whatever_scripts_keep_their_options_in(begin: Callable[..., Run], config: Any) -> None:
    run = begin(config=config, config_exclude_keys=["rate"])
    assert run.config.as_dict() == saved(run) == {"lr": 0.1, "layers": [1, 2]}
    again = begin(config={"all": config}, reinit="create_new")
    inner = again.config["all"]
    if not isinstance(config, Plain | Mapping):
        assert inner == {"lr": 0.1, "layers": [1, 2]}


def test_options_inside_options_are_resolved_too(begin: Callable[..., Run]) -> None:
    inner = Resolving(a="${b}", b=3)
    nested = argparse.Namespace(optim=argparse.Namespace(name="adam"), data=Resolving(inner=inner), model=Options())
    assert begin(config=nested).config.as_dict() == {
        "optim": {"name": "adam"},
        "data": {"inner": {"a": 3, "b": 3}},
        "model": {"lr": 0.1, "layers": [1, 2]},
    }


class Artifact:
    source_qualified_name = "team/project/data:v3"
    qualified_name = "team/registry/data:v0"


def test_an_artifact_in_the_config_is_its_name(begin: Callable[..., Run]) -> None:
    run = begin(config={"data": Artifact()})
    run.config.update({"more": {"inner": Artifact()}})
    assert saved(run) == {"data": "team/project/data:v3", "more": {"inner": "team/project/data:v3"}}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("variable", ["RUNSTORE_CONFIG_PATHS", "WANDB_CONFIG_PATHS"])
def test_each_source_of_values_comes_before_the_one_below_it(
    begin: Callable[..., Run], here: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    (here / "config-defaults.yaml").write_text("a: {value: 1, desc: null}\nb: {value: 1}\nwandb_version: 1\n")
    (here / "one.yaml").write_text("b: 2\nc: 2\nlr: 1e-4\n")
    (here / "two.yaml").write_text("c: {value: 3}\nd: {value: 3}\ne: {value: 3}\n")
    monkeypatch.setenv(variable, "one.yaml,two.yaml")
    run = begin(config={"d": 4, "f": 4})
    assert saved(run) == {"a": 1, "b": 2, "c": 3, "lr": 1e-4, "d": 4, "e": 3, "f": 4}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("config-defaults.yaml", "a: [", "broken YAML"),
        ("config-defaults.yaml", "wandb_version: 2\na: {value: 1}", "found wandb_version 2, expected 1"),
        ("other.yaml", "a: 1", "two.yaml: no such file"),
    ],
)
def test_a_file_with_values_that_cannot_be_used_is_one_clear_error_of_init(
    begin: Callable[..., Run], here: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str, message: str
) -> None:
    (here / name).write_text(text)
    if "no such file" in message:
        monkeypatch.setenv("RUNSTORE_CONFIG_PATHS", "two.yaml")
    with pytest.raises(ConfigError, match=message):
        begin()


def test_a_sweeps_parameters_are_merged_and_locked(
    begin: Callable[..., Run], here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The case that was observed in W&B, and what comes after it."""
    (here / "trial.yaml").write_text("wandb_version: 1\nlr: {value: 9}\nopt:\n  value: {a: 1}\n")
    monkeypatch.setenv("WANDB_SWEEP_PARAM_PATH", str(here / "trial.yaml"))
    run = begin({"silent": False}, config={"lr": 1, "opt": {"a": 0, "b": 2}, "z": 3})
    expected = {"lr": 9, "opt": {"a": 1, "b": 2}, "z": 3}
    assert saved(run) == expected
    run.config.lr = 5
    run.config["lr"] = 6
    run.config.update({"lr": 7, "y": 1}, allow_val_change=True)
    run.config.setdefaults({"lr": 8})
    run.config["opt"]["a"] = 5
    run.config.opt.update({"b": 5})
    del run.config["lr"]
    assert run.config.as_dict() == saved(run) == {**expected, "y": 1}
    said = capsys.readouterr().err
    assert said.count("Config item 'lr' was locked by 'sweep' (ignored update).") == 1
    assert said.count("was locked by") == 2


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
    with pytest.raises(ConfigError, match="config is of type int"):
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
    with pytest.raises(TypeError, match=r"config.table is of type Table; log it instead"):
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
