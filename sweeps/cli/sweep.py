"""`runstore sweep`: create a sweep, look at it, steer it."""

import json
from difflib import get_close_matches
from pathlib import Path
from typing import Final, Literal

import click

from runstore.cli.examples import examples
from runstore.cli.stores import store_option
from runstore.cli.words import printable
from runstore.errors import UsageError
from runstore.recording import terminal
from sweeps.cli import status as status_
from sweeps.cli import steer
from sweeps.cli.doctor import doctor
from sweeps.cli.launch import launch_command
from sweeps.cli.naming import Command
from sweeps.cli.propose import from_runs_options, propose_from_runs
from sweeps.cli.trials import trials
from sweeps.creating import Wanted, from_file

_FLAGS: Final = ("--pause", "--resume", "--stop", "--cancel")


class SweepCommands(click.Group):
    """The group; what follows is taken for `create` where it is no command, as `wandb sweep sweep.yaml` is, and W&B's
    `--pause ID` for `pause ID`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if flag := next((each for each in args if each in _FLAGS), None):
            args = [flag[2:], *(each for each in args if each != flag)]
        elif args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            if not Path(args[0]).exists() and (close := get_close_matches(args[0], self.commands, 1, 0.7)):
                raise UsageError(
                    f"runstore sweep has no command {args[0]!r}, nor is there such a file; did you mean {close[0]}?"
                )
            args = ["create", *args]
        return super().parse_args(ctx, args)


@click.group(short_help="Search hyperparameters: create, look at, steer.", cls=SweepCommands)
def sweep() -> None:
    """Search hyperparameters: create a sweep, then start agents anywhere that sees the store.

    `runstore sweep sweep.yaml` creates one, and `runstore agent SWEEP` runs its trials. A SWEEP is named by its id,
    PROJECT/ID, or its directory.
    """


@click.command(
    cls=Command,
    epilog=examples(
        "runstore sweep create sweep.yaml",
        "runstore sweep create sweep.yaml --project digits --name 'learning rates'",
        "runstore sweep create --from-runs \"state = 'finished'\" --metric loss  # propose one",
    ),
)
@click.argument("config", type=click.Path(path_type=Path), required=False)
@store_option
@click.option("--project", "-p", default="", metavar="NAME", help="The project; else what the configuration says.")
@click.option("--entity", "-e", default="", metavar="NAME", help="Whose it is; noted in a new store.")
@click.option("--name", default="", help="The sweep's name, to be shown.")
@click.option("--program", default="", metavar="FILE", help="The program, in place of the configuration's.")
@click.option(
    "--prior-run", "--prior_run", "-R", "prior_runs", multiple=True, metavar="RUN", help="A run whose result is known."
)
@click.option("--id", "id_", default="", metavar="ID", help="The sweep's id; one by chance without it.")
@from_runs_options
@click.option("--json", "json_", is_flag=True, help="Print one JSON object.")
def create(
    config: Path | None,
    store: Path | None,
    project: str,
    entity: str,
    name: str,
    program: str,
    prior_runs: tuple[str, ...],
    id_: str,
    from_runs: str | None,
    metric: str,
    goal: Literal["minimize", "maximize"] | None,
    json_: bool,
) -> None:
    """Create a sweep from the YAML file CONFIG, in the words of W&B's sweep configuration."""
    if from_runs is not None:
        propose_from_runs(from_runs, config, store, project, metric, goal)
        return
    if config is None:
        raise UsageError("found no configuration; name its YAML file, or pass --from-runs to have one proposed")
    if metric or goal:
        raise UsageError("--metric and --goal go with --from-runs; write them into the configuration")
    wanted = Wanted(project, entity, name, program, prior_runs, store, id_)
    made = from_file(config, wanted, terminal.warn)
    if json_:
        values = {
            "sweep": made.sweep.id,
            "id": made.sweep.id,
            "project": made.project.name,
            "path": str(made.sweep.path),
        }
        click.echo(json.dumps(values, indent=2))
        return
    click.echo(f"Created sweep with ID: {made.sweep.id}")
    click.echo(f"Its files: {printable(str(made.sweep.path))}")
    click.echo(f"Run agents with: runstore agent {printable(made.name)}")


for _command in (
    create,
    status_.status,
    steer.pause,
    steer.resume,
    steer.stop,
    steer.cancel,
    steer.best,
    trials,
    steer.add,
    steer.extend,
    steer.retry,
    launch_command,
    doctor,
):
    sweep.add_command(_command)
