"""What the commands of sweeps share: how a sweep is named, and finding it."""

from pathlib import Path
from typing import Any

import click

from runstore.cli.completing import PROJECT, SWEEP
from runstore.cli.stores import store_option
from runstore.errors import UsageError
from sweeps.agent.places import Place, find_sweep


class Command(click.Command):
    """A command whose options are given once each, but for those that may be repeated: of two values click would take
    the last one, and not say so."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            order = self.make_parser(ctx).parse_args(args=list(args))[2]
        except click.UsageError:
            order = []  # It is told below.
        for each in order:
            is_one = isinstance(each, click.Option) and not (each.multiple or each.count or each.is_flag)
            if is_one and order.count(each) > 1:
                raise UsageError(f"found {each.opts[0]} twice; give it one value")
        return super().parse_args(ctx, args)


sweep_argument = click.argument("sweep", type=SWEEP)
project_option = click.option(
    "--project", "-p", default="", metavar="NAME", type=PROJECT, help="The project that the sweep is in."
)
entity_option = click.option("--entity", "-e", default="", metavar="NAME", help="Taken for W&B's scripts; no effect.")


def sweep_options(command: Any) -> Any:
    """SWEEP, --project, --entity and --store, for a command that means one sweep; see `found`."""
    for option in (entity_option, project_option, store_option, sweep_argument):
        command = option(command)
    return command


def found(sweep: str, store: Path | None, project: str) -> Place:
    """The sweep that a command names. Raises `SweepError` in one line."""
    return find_sweep(sweep, store, project)
