"""`runstore exec`: parses, calls one function, and becomes the program."""

import sys
from typing import Any

import click

from runstore.cli.examples import examples
from runstore.shim.run import execute, exports


@click.command(
    short_help="Run a program; its `import wandb` is Runstore.",
    name="exec",
    context_settings={"allow_interspersed_args": False, "ignore_unknown_options": False},
    epilog=examples(
        "runstore exec -- python train.py --lr 0.1",
        "runstore exec --project digits --tags try,wide -- torchrun --nproc-per-node 4 train.py",
        'eval "$(runstore exec --print)"; python train.py',
    ),
)
@click.option("--dir", metavar="DIR", help="The store that runs go to.")
@click.option("-p", "--project", metavar="NAME", help="The project of runs that name none themselves.")
@click.option("--name", metavar="NAME", help="The name of the run.")
@click.option("--group", "run_group", metavar="NAME", help="The group of its runs.")
@click.option("--job-type", metavar="NAME", help="What its runs are for: train, eval, …")
@click.option("--tags", metavar="TAGS", help="Tags of its runs, with commas between them.")
@click.option("--mode", type=click.Choice(["online", "offline", "disabled", "shared"]), help="As in runstore.init.")
@click.option("--print", "as_lines", is_flag=True, help="Print lines for a shell that do the same, and run nothing.")
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def run_as_wandb(command: tuple[str, ...], as_lines: bool, **chosen: Any) -> None:
    """Run COMMAND, any program that uses Python: where it says `import wandb`, it gets Runstore.

    The libraries that it uses, and the processes that it starts, get Runstore too: what they would send to W&B is
    logged to the store.
    """
    settings = {name: str(value) for name, value in chosen.items() if value is not None}
    if as_lines:
        click.echo(exports(settings))
    elif not command:
        raise click.UsageError("found no command to run; write: runstore exec -- python train.py")
    else:
        sys.exit(execute(command, settings))
