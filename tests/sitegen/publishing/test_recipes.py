"""The recipes of the documentation: their YAML is YAML, and the commands in it are commands of ours that parse."""

import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest

from runstore.cli.main import commands
from runstore.format import yaml12
from runstore.format.records import PUBLISHABLE
from sitegen.publishing.patterns import KINDS

PAGE = (Path(__file__).parents[3] / "site" / "docs" / "publishing.md").read_text(encoding="utf-8")
RECIPES = [yaml12.load(text) for text in re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)]


def scripts(value: Any) -> list[str]:
    """Every line that a recipe runs."""
    if isinstance(value, dict):
        own = [line for key in ("run", "script") for line in lines_of(value.get(key))]
        return own + [line for each in value.values() for line in scripts(each)]
    return [line for each in value for line in scripts(each)] if isinstance(value, list) else []


def lines_of(value: Any) -> list[str]:
    return [line for text in ([value] if isinstance(value, str) else value or ()) for line in text.splitlines()]


COMMANDS = [line for recipe in RECIPES for line in scripts(recipe) if line.startswith("runstore ")]
COMMANDS += [line[2:] for line in re.findall(r"^\$ runstore .*$", PAGE, re.MULTILINE)]


def test_there_are_recipes() -> None:
    assert len(RECIPES) == 5
    assert len(COMMANDS) == 7
    assert {"GitHub Pages", "GitLab Pages"} <= set(re.findall(r"^## (.*)$", PAGE, re.MULTILINE))


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_a_recipe_parses(line: str) -> None:
    words = shlex.split(re.sub(r"\$\{\{.*?\}\}|\$\w+", "x", line))[1:]
    command = commands.get_command(click.Context(commands), words[0])
    assert command is not None
    command.make_context(words[0], words[1:])


@pytest.mark.parametrize("recipe", [recipe for recipe in RECIPES if "jobs" in recipe])
def test_a_workflow_asks_for_no_more_than_it_needs(recipe: dict[str, Any]) -> None:
    publishes = any("--branch" in line for line in scripts(recipe))
    assert recipe["permissions"] == {"contents": "write" if publishes else "read"}
    for job in recipe["jobs"].values():
        assert all({"uses", "run"} & step.keys() for step in job["steps"])


def test_every_name_that_lets_something_out_is_told() -> None:
    assert re.findall(r"^\| `([a-z]+)` \|", PAGE, re.MULTILINE) == list(PUBLISHABLE)
    assert all(kind in KINDS for kind in re.findall(r"--allow '(\w+):", PAGE))
