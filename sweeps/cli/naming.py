"""What the commands of sweeps share: how a sweep is named, and finding it."""

from pathlib import Path
from typing import Any

import click

from runstore.cli.stores import store_option
from sweeps.agent.places import Place, find_sweep

sweep_argument = click.argument("sweep")
project_option = click.option("--project", "-p", default="", metavar="NAME", help="The project that the sweep is in.")
entity_option = click.option("--entity", "-e", default="", metavar="NAME", help="Taken for W&B's scripts; no effect.")


def sweep_options(command: Any) -> Any:
    """SWEEP, --project, --entity and --store, for a command that means one sweep; see `found`."""
    for option in (entity_option, project_option, store_option, sweep_argument):
        command = option(command)
    return command


def found(sweep: str, store: Path | None, project: str) -> Place:
    """The sweep that a command names. Raises `SweepError` in one line."""
    return find_sweep(sweep, store, project)
