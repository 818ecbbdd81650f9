"""Help: sections, whole first sentences, and examples that the commands themselves take."""

import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from runstore.cli.main import commands
from tests.cli.terminal import Terminal

WITHOUT_JSON = {
    "agent": "tells as it goes",
    "completion": "prints a script",
    "demo": "a show",
    "exec": "becomes another program",
    "export": "writes a file",
    "export figure": "writes a file",
    "merge-driver": "writes a file, for git",
    "migrate": "a few lines, once",
    "report clone": "prints a path",
    "report export": "prints a path",
    "report freeze": "prints a path",
    "report new": "prints a path",
    "report table": "prints a table, as CSV too",
    "schema": "prints JSON anyway",
    "serve": "tells as it goes",
    "view rm": "says that it was done",
    "view save": "says that it was done",
}
"""Commands without --json, and why."""


def below(words: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """The commands that do something, each with its words."""
    if not isinstance(command, click.Group):
        yield words.strip(), command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        assert found is not None
        yield from below(f"{words} {name}", found)


COMMANDS = dict(below("", commands))


def lines(command: click.Command) -> list[str]:
    """The examples of a command."""
    epilog = command.epilog or ""
    return [line.strip() for line in epilog.splitlines() if line.startswith("  ")]


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_has_examples_that_it_takes(words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sweep.yaml").write_text("method: random\n")
    assert lines(COMMANDS[words])
    for line in lines(COMMANDS[words]):
        told = shlex.split(line.partition("  # ")[0])
        if told[0] == "eval":
            told = shlex.split(told[1].removeprefix("$(").partition(")")[0])
        assert told[0] == "runstore"
        parse(told[1:])


def parse(arguments: list[str]) -> None:
    """Has a command line parsed, and nothing run."""
    context = commands.make_context("runstore", list(arguments))
    group: click.Command = commands
    while isinstance(group, click.Group):
        name, found, rest = group.resolve_command(context, [*context._protected_args, *context.args])
        assert found is not None
        assert name is not None
        context = found.make_context(name, rest, parent=context)
        group = found


@pytest.mark.parametrize("words", COMMANDS)
def test_what_lists_or_changes_something_has_json(words: str) -> None:
    options = {option for each in COMMANDS[words].params for option in each.opts}
    assert ("--json" in options) != (words in WITHOUT_JSON), "say in WITHOUT_JSON why it has none"


def test_commands_stand_in_sections_with_whole_sentences(terminal: Terminal) -> None:
    _, _, out = terminal("--help").out.partition("COMMAND [ARGS]...")
    assert "\nMore:\n" not in out, "give the new command a section in runstore.cli.main"
    assert [line for line in out.splitlines() if line.endswith("...")] == []
    assert "Runs:\n  ls " in out
