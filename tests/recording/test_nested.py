"""Lists and mappings inside config and summary: what is in memory is in the file, or the change is refused."""

import contextlib
import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

import runstore
from runstore.errors import ConfigError
from runstore.format.records import load_config
from runstore.recording.run import Run
from tests.processes import load
from tests.recording.conftest import folder_of

START = {"m": {"a": 1, "b": {"c": 2}}, "l": [3, 1, 2], "rows": [{"x": 1}]}


def set_item(config: Any) -> None:
    config["m"]["a"] = 9


def delete_item(config: Any) -> None:
    del config["m"]["a"]


def delete_from_list(config: Any) -> None:
    del config["l"][0]


def set_list_item(config: Any) -> None:
    config["l"][0] = 9


def merge_in_place(config: Any) -> None:
    config["m"] |= {"d": (4, 5)}


def grow_in_place(config: Any) -> None:
    config["l"] += [4]


def repeat_in_place(config: Any) -> None:
    config["l"] *= 2


CHANGES: list[Callable[[Any], Any]] = [
    set_item,
    delete_item,
    delete_from_list,
    set_list_item,
    merge_in_place,
    grow_in_place,
    repeat_in_place,
    lambda config: config["m"].update({"a": 5}, d=6),
    lambda config: config["m"].pop("a"),
    lambda config: config["m"].popitem(),
    lambda config: config["m"].clear(),
    lambda config: config["m"].setdefault("new", []).append(1),
    lambda config: config["m"]["b"].update(c=7, d={"e": []}),
    lambda config: config["m"].update({1: "one"}),
    lambda config: config["l"].append({"x": 1}),
    lambda config: config["l"].extend((4, 5)),
    lambda config: config["l"].insert(0, 7),
    lambda config: config["l"].pop(),
    lambda config: config["l"].remove(1),
    lambda config: config["l"].sort(key=lambda value: -value),
    lambda config: config["l"].reverse(),
    lambda config: config["l"].clear(),
    lambda config: config["rows"][0].update(x=2),
    lambda config: config["rows"].append({}) or config["rows"][1].update(y=3),
]


def expected(change: Callable[[Any], Any]) -> Any:
    """What `change` makes of plain dicts and lists, as a file holds it."""
    plain = copy.deepcopy(START)
    change(plain)
    if 1 in plain["m"]:
        plain["m"]["1"] = plain["m"].pop(1)  # type: ignore[call-overload, index]
    if "d" in plain["m"] and isinstance(plain["m"]["d"], tuple):  # type: ignore[operator]
        plain["m"]["d"] = list(plain["m"]["d"])  # type: ignore[index]
    return plain


@pytest.mark.parametrize("change", CHANGES)
def test_every_way_to_change_a_nested_value_reaches_config_yaml(
    begin: Callable[..., Run], change: Callable[[Any], Any]
) -> None:
    run = begin(config=copy.deepcopy(START), allow_val_change=True)
    change(run.config)
    assert load_config(folder_of(run) / "config.yaml") == run.config.as_dict() == expected(change)


@pytest.mark.parametrize("change", CHANGES)
def test_every_way_to_change_a_nested_value_reaches_summary_json(run: Run, change: Callable[[Any], Any]) -> None:
    run.summary.update(copy.deepcopy(START))
    change(run.summary)
    assert load(folder_of(run) / "summary.json") == run.summary.as_dict() == expected(change)


@pytest.mark.parametrize("change", CHANGES)
def test_without_allow_val_change_memory_and_file_stay_equal_whatever_is_tried(
    begin: Callable[..., Run], change: Callable[[Any], Any]
) -> None:
    run = begin(config=copy.deepcopy(START))
    with contextlib.suppress(ConfigError):
        change(run.config)
    assert load_config(folder_of(run) / "config.yaml") == run.config.as_dict()


def test_nested_values_change_only_when_that_is_meant(begin: Callable[..., Run]) -> None:
    config = begin(config=copy.deepcopy(START)).config
    with pytest.raises(ConfigError, match=r"config.m.b.c is 2 and would become 3; pass allow_val_change=True"):
        config.m.b.c = 3
    with pytest.raises(ConfigError, match=r"config.l is \[3, 1, 2\] and would become \[3, 1, 2, 4\]; .*a copy"):
        config.l.append(4)
    config.m.b.c = 2
    config.m.b.new = 1
    assert config.m.b == {"c": 2, "new": 1}


def test_what_a_script_holds_stays_the_configs_own(begin: Callable[..., Run]) -> None:
    run = begin(config=copy.deepcopy(START))
    inner = run.config.m
    run.config.update({"m": {"a": 1, "b": {"c": 2}}})
    run.config["m"] |= {"d": 1}
    inner.e = 2
    assert load_config(folder_of(run) / "config.yaml")["m"] == {"a": 1, "b": {"c": 2}, "d": 1, "e": 2}


def test_a_nested_assignment_holds_over_what_was_logged_before(run: Run) -> None:
    run.log({"val": {"loss": 1}})
    inner = run.summary["val"]
    run.log({"val": {"loss": 2}})
    inner["loss"] = 10
    assert run.summary["val"]["loss"] == 10


COPIES: list[Callable[[Any], Any]] = [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value)), dict]


@pytest.mark.parametrize("take", COPIES, ids=["copy", "deepcopy", "pickle", "dict"])
def test_config_and_summary_are_copied_to_plain_dicts_and_compared_with_them(
    run: Run, take: Callable[[Any], Any]
) -> None:
    run.config.update(copy.deepcopy(START))
    run.summary.update(copy.deepcopy(START))
    for value in (run.config, run.summary, runstore.config):
        copied = take(value)
        assert type(copied) is dict
        assert copied == value == START
        assert value != {}
        assert value != 3
    assert run.config == run.summary


@pytest.mark.parametrize("take", COPIES[1:3], ids=["deepcopy", "pickle"])
def test_a_deep_copy_is_plain_throughout_and_nothing_watches_it(run: Run, take: Callable[[Any], Any]) -> None:
    run.config.update(copy.deepcopy(START))
    copied = take({"whole": run.config, "inner": run.config.m, "list": run.config.l})
    copied["whole"]["m"]["a"] = copied["inner"]["b"]["c"] = 9
    copied["list"].append(9)
    assert (type(copied["inner"]), type(copied["inner"]["b"]), type(copied["list"])) == (dict, dict, list)
    assert run.config == START
