"""`runstore completion`: what a shell needs to complete commands, options, runs, sweeps and reports."""

import os
from pathlib import Path
from typing import Final

import click
from click.shell_completion import get_completion_class

from runstore.cli.examples import examples
from runstore.errors import UsageError

SHELLS: Final = ("bash", "zsh", "fish")
_VARIABLE: Final = "_RUNSTORE_COMPLETE"


@click.command(
    short_help="Teach your shell to complete runstore.",
    epilog=examples(
        "runstore completion zsh --install",
        'eval "$(runstore completion bash)"  # for this shell alone',
    ),
)
@click.argument("shell", required=False, type=click.Choice(SHELLS))
@click.option("--install", is_flag=True, help="Write it to where the shell looks for it, for you alone.")
@click.pass_context
def completion(context: click.Context, shell: str | None, install: bool) -> None:
    """Print the script that teaches SHELL to complete `runstore`. Without SHELL: the one that you use."""
    name = shell or Path(os.environ.get("SHELL", "")).name
    if name not in SHELLS:
        raise UsageError(f"found the shell {name!r}, expected {', '.join(SHELLS)}; name one")
    text = _script(context, name)
    if not install:
        click.echo(text)
        return
    from runstore.manage.export import save  # Not at the top: what is printed needs no Polars.

    target = _target(name)
    save(target, text.encode())
    click.echo(f"{target}: written; new shells complete runstore")
    if name == "zsh":
        click.echo(f"if they do not, put this into ~/.zshrc before compinit: fpath=({target.parent} $fpath)")


def _script(context: click.Context, shell: str) -> str:
    found = get_completion_class(shell)
    if found is None:
        raise UsageError(f"click knows no completion for {shell}; update click")
    return found(context.find_root().command, {}, "runstore", _VARIABLE).source()


def _target(shell: str) -> Path:
    """Where a shell looks for completions of a single user."""
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return {
        "bash": data / "bash-completion" / "completions" / "runstore",
        "zsh": data / "zsh" / "site-functions" / "_runstore",
        "fish": config / "fish" / "completions" / "runstore.fish",
    }[shell]
