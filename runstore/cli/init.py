"""`runstore init`: a git repository made ready for runs."""

from dataclasses import asdict
from pathlib import Path

import click

from runstore.cli.choosing import as_array
from runstore.cli.examples import examples
from runstore.cli.terminal import print_table
from runstore.cli.words import printable
from runstore.manage.setting_up import Service, Step, left, set_up


@click.command(
    short_help="Make a git repository ready for runs.",
    epilog=examples(
        "runstore init",
        "runstore init ~/digits --ci github  # and a workflow that checks and publishes",
        "runstore init --lfs  # media and artifacts go to git-lfs",
    ),
)
@click.argument("directory", default=".", type=click.Path(path_type=Path, file_okay=False))
@click.option("--lfs", is_flag=True, help="Keep media, artifacts and archived histories in git-lfs.")
@click.option("--ci", "service", type=click.Choice(["github", "gitlab"]), help="Write a recipe for this service.")
@click.option("--hook/--no-hook", default=True, help="Check the runs of each commit before it is made. Default: yes.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array, one object a step.")
def init(directory: Path, lfs: bool, service: Service | None, hook: bool, as_json: bool) -> None:
    """Set up DIRECTORY for runs: a store, what git has to know of it, a hook, a recipe for CI.

    Lines of yours stay as they are, and a second time changes nothing. Each clone runs it once: git takes merge drivers
    and hooks from nobody else.
    """
    steps = list(set_up(directory, lfs=lfs, service=service, hook=hook))
    if as_json:
        click.echo(as_array([asdict(step) for step in steps]))
        return
    print_table(["", "WHAT", ""], [[step.did, step.path, "" if step.did == "left" else step.note] for step in steps])
    _tell(left(steps))


def _tell(steps: list[Step]) -> None:
    for step in steps:
        click.echo(printable(f"left to you: {step.path}: {step.note}"), err=True)
