"""`runstore sweep create --from-runs`: shows a configuration proposed from runs that are there, or writes it."""

from pathlib import Path
from typing import Any, Literal

import click

from runstore.cli.stores import find_project, open_store
from runstore.cli.words import counted, printable
from runstore.errors import StoreError, UsageError
from runstore.reading.store import Project, Store
from sweeps.proposing.proposal import propose


def from_runs_options(command: Any) -> Any:
    """--from-runs, --metric and --goal."""
    for option in (
        click.option("--goal", type=click.Choice(["minimize", "maximize"]), help="With --from-runs: its goal."),
        click.option("--metric", default="", metavar="NAME", help="With --from-runs: the metric; else it is guessed."),
        click.option(
            "--from-runs",
            metavar="SQL",
            help="Create nothing: propose a configuration from the runs for which this holds, and write it to CONFIG, "
            "or to the terminal without one.",
        ),
    ):
        command = option(command)
    return command


def propose_from_runs(
    where: str,
    target: Path | None,
    store: Path | None,
    project: str,
    metric: str,
    goal: Literal["minimize", "maximize"] | None,
) -> None:
    """Shows the proposal, or writes it to `target`, which must not exist. Raises `RunstoreError` in one line."""
    if target is not None and target.exists():
        raise UsageError(f"{target}: there is a file already; name a new one, or leave it out to see the proposal")
    found = open_store(store)
    proposal = propose(_project(found, project), where, metric or None, goal)
    if target is None:
        click.echo(proposal.text, nl=False)
        return
    try:
        with target.open("x", encoding="utf-8") as file:
            file.write(proposal.text)
    except OSError as error:
        raise UsageError(f"{target}: cannot be written ({error.strerror or error})") from None
    click.echo(
        f"{printable(str(target))}: proposed from {counted(len(proposal.runs), 'run')} with results; look it over"
    )
    click.echo(f"then: runstore sweep create {printable(str(target))}")


def _project(store: Store, name: str) -> Project:
    """The project that is named, or the only one. Raises `StoreError`."""
    if name:
        return find_project(store, name)
    if len(store.projects) == 1:
        return store.projects[0]
    known = ", ".join(project.name for project in store.projects[:10]) or "no project yet"
    raise StoreError(f"{store.layout.root}: which project's runs? pass --project; there is {known}")
