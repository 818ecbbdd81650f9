"""The command of a trial: W&B's macros, one by one."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeps.agent.command import build_command, needs_json_file
from sweeps.errors import SweepError

PARAMS: dict[str, Any] = {"lr": 0.1, "d": None, "a": True, "b": False, "optimizer": {"name": "sgd"}, "x": "two words"}
JSON_FILE = Path("/s/config.json")


def built(*command: Any, params: dict[str, Any] = PARAMS, **environ: str) -> list[str]:
    return build_command(command or None, "train.py", params, JSON_FILE, environ)


def test_the_default_is_wandbs() -> None:
    assert built() == [
        *("/usr/bin/env", "python", "train.py", "--lr=0.1", "--d=None", "--a=True", "--b=False"),
        *("--optimizer={'name': 'sgd'}", "--x=two words"),
    ]


@pytest.mark.parametrize(
    ("macro", "expected"),
    [
        ("${env}", ["/usr/bin/env"]),
        ("${interpreter}", ["python"]),
        ("${program}", ["train.py"]),
        ("${args_no_hyphens}", ["lr=0.1", "a=True", "b=False"]),
        ("${args_no_boolean_flags}", ["--lr=0.1", "--a"]),
        ("${args_no_equals}", ["--lr", "0.1", "--a", "True", "--b", "False"]),
        ("${args_append_hydra}", ["+lr=0.1", "+a=True", "+b=False"]),
        ("${args_override_hydra}", ["++lr=0.1", "++a=True", "++b=False"]),
        ("${args_json}", ['{"lr": 0.1, "a": true, "b": false}']),
        ("${args_json_file}", ["/s/config.json"]),
        ("${no_such_macro}", []),
    ],
)
def test_a_macro_alone_becomes_its_arguments(macro: str, expected: list[str]) -> None:
    assert built("run", macro, "end", params={"lr": 0.1, "a": True, "b": False}) == ["run", *expected, "end"]


def test_a_macro_inside_of_a_text_stays_but_for_variables() -> None:
    assert built("echo", "-${args}-", "${envvar:HOME}/x", "${envvar:NOT_THERE}", HOME="/h") == [
        *("echo", "-${args}-", "/h/x", "NOT_THERE")
    ]


def test_what_is_no_text_is_written_as_text() -> None:
    assert built("sleep", 3, "${args_json}", params={}) == ["sleep", "3", "{}"]


def test_the_json_file_is_only_written_where_it_is_asked_for() -> None:
    assert needs_json_file(["a", "${args_json_file}"])
    assert not needs_json_file(None)
    assert not needs_json_file(["a ${args_json_file}"])


def test_what_cannot_be_started_is_said_before_anything_is() -> None:
    with pytest.raises(SweepError, match="has no program"):
        build_command(None, "", {}, JSON_FILE)
    with pytest.raises(SweepError, match="nothing is left"):
        built("${args}", params={})


@given(st.dictionaries(st.text(min_size=1), st.one_of(st.none(), st.booleans(), st.integers(), st.text()), max_size=5))
def test_arguments_are_never_split_or_joined_by_what_they_hold(params: dict[str, Any]) -> None:
    assert built("${args}", "end", params=params) == [*(f"--{name}={value}" for name, value in params.items()), "end"]
    assert json.loads(built("${args_json}", params=params)[0]) == params
