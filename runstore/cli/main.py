"""The `runstore` command: a group of the commands that installed packages offer, and one place where errors end.

A package offers a command through an entry point of the group `runstore.commands`: its name is the command's, its
object a `click.Command`. Only the command that was asked for is loaded.
"""

import os
import sys
from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points, version
from typing import Final

import click
from click.shell_completion import CompletionItem

from runstore.errors import RunstoreError, UsageError

COMMANDS = "runstore.commands"

EXIT_ERROR = 2
EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141


_FILES: Final = "runs are files from the start, with a network or without"
_OF_WANDB: Final = {
    "login": "there is no account to log in to",
    "online": _FILES,
    "offline": _FILES,
    "disabled": "set RUNSTORE_MODE=disabled",
    "enabled": "unset RUNSTORE_MODE",
    "status": "`runstore settings` says what is set, and where",
    "pull": "a run's files lie in the store; `runstore show` says where",
    "controller": "agents find the next trial by themselves; start them with `runstore agent SWEEP`",
}
"""Commands of W&B that there are not here, and what there is instead."""


_SECTIONS: Final = {
    "Runs": ("ls", "show", "diff", "export", "rename", "tag", "note", "move", "stop", "delete", "restore", "trash"),
    "Site": ("build", "serve", "publish", "report", "view", "demo"),
    "Search": ("sweep", "agent"),
    "Artifacts": ("artifact",),
    "Other tools": ("exec", "import"),
    "Store": ("init", "verify", "gate", "archive", "size", "gc", "sync", "merge-driver", "migrate"),
    "Setup": ("settings", "schema", "completion"),
}
"""How `--help` arranges commands; those that other packages add come last."""


class OfferedCommands(click.Group):
    """A group whose commands come from entry points. One that cannot be loaded costs a warning, not the others."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({point.name for point in entry_points(group=COMMANDS)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        commands = (_load(point) for point in entry_points(group=COMMANDS, name=cmd_name))
        return next((command for command in commands if command is not None), None)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands in sections, each with its first sentence."""
        found = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        told = {name: each for name, each in found.items() if each is not None and not each.hidden}
        known = [name for names in _SECTIONS.values() for name in names]
        sections = {**_SECTIONS, "More": tuple(name for name in told if name not in known)}
        widest = formatter.width - 6 - max(map(len, told), default=0)
        for title, names in sections.items():
            rows = [(name, told[name].get_short_help_str(widest)) for name in names if name in told]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The commands by name, without loading them: nobody waits for a key that was pressed."""
        names = [name for name in self.list_commands(ctx) if name.startswith(incomplete)]
        return [*map(CompletionItem, names), *click.Command.shell_complete(self, ctx, incomplete)]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] in _OF_WANDB and self.get_command(ctx, args[0]) is None:
            raise UsageError(f"no such command {args[0]!r}, which W&B has: {_OF_WANDB[args[0]]}")
        return super().resolve_command(ctx, args)


def _load(point: EntryPoint) -> click.Command | None:
    """The command behind an entry point, or None with one line of warning."""
    try:
        command = point.load()
    except Exception as error:  # whatever a plug-in raises while it is imported, the other commands work
        _warn(point, f"{type(error).__name__}: {error}")
        return None
    if not isinstance(command, click.Command):
        _warn(point, f"found a {type(command).__name__}, expected a click.Command")
        return None
    return command


def _warn(point: EntryPoint, why: str) -> None:
    package = point.dist.name if point.dist else point.module
    _say("warning", f"the command {point.name!r} of {package} cannot be loaded ({why}); update or uninstall {package}")


@click.command(cls=OfferedCommands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(version("runstore"), prog_name="runstore")
def commands() -> None:
    """Keep track of experiments in a directory tree, and compile it into a static site."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line and exits: 0 done, 1 a check found something, 2 an error, 130 interrupted."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A terminal that cannot show a run's name shows its escape instead of stopping the command.
            stream.reconfigure(errors="backslashreplace")
    sys.exit(_run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    try:
        code = commands.main(arguments, prog_name="runstore", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return EXIT_ERROR
    except click.UsageError as error:
        message = _expecting(error).rstrip(".")
        return _fail(f"{message[:1].lower()}{message[1:]}{_help_hint(error.ctx, message)}")
    except click.ClickException as error:
        return _fail(error.format_message())
    except (click.Abort, KeyboardInterrupt):
        _say("interrupted", "stopped before it was done")
        return EXIT_INTERRUPTED
    except RunstoreError as error:
        return _fail(str(error))
    except BrokenPipeError:
        # Whoever read our output has gone; Python's own flush at exit must not complain about it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_BROKEN_PIPE
    except OSError as error:
        return _fail(_describe(error))
    return code if isinstance(code, int) else 0


def _help_hint(context: click.Context | None, message: str) -> str:
    if context is None:
        return ""
    return f"{' See' if message.endswith('?') else '; see'} `{context.command_path} --help`"


def _expecting(error: click.UsageError) -> str:
    """What click says of a mistake; of a number that is none, also what was expected."""
    message = error.format_message()
    kind = getattr(getattr(error, "param", None), "type", None)
    if not isinstance(kind, click.types.IntParamType | click.types.FloatParamType):
        return message
    expected = "a whole number" if isinstance(kind, click.types.IntParamType) else "a number"
    low, high = getattr(kind, "min", None), getattr(kind, "max", None)
    limits = "" if low is None else f" from {low:g} up" if high is None else f" from {low:g} to {high:g}"
    return message.replace(f"is not a valid {kind.name}", f"is not {expected}{limits}")


def _describe(error: OSError) -> str:
    reason = error.strerror or type(error).__name__
    return f"{error.filename}: {reason.lower()}; check the path and its permissions" if error.filename else reason


def _fail(message: str) -> int:
    _say("error", message)
    return EXIT_ERROR


def _say(kind: str, message: str) -> None:
    click.echo(f"runstore: {kind}: {' '.join(message.split())}", err=True)
