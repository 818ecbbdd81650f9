"""Which runs a command means, asking before it changes many, and showing how far it is."""

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.progress import Progress

from runstore.cli.stores import find_project
from runstore.cli.words import counted, printable
from runstore.errors import RunstoreError, UsageError
from runstore.reading.query import select
from runstore.reading.store import RunRecord, Store

EXIT_NOTHING = 1
_SHOWN = 10
_QUIET_SECONDS = 1.0
_C = TypeVar("_C", bound=Callable[..., Any])

filter_option = click.option(
    "--filter",
    "where",
    metavar="SQL",
    help="Take the runs for which this holds, such as \"state = 'failed' AND config.lr > 0.1\".",
)


def changing_options(command: _C) -> _C:
    """The options of commands that change runs: --filter, --dry-run, --yes, --json."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print a JSON array, one object a run."),
        click.option("--yes", "-y", is_flag=True, help="Don't ask, even where several runs change."),
        click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing."),
        filter_option,
    ):
        command = option(command)
    return command


def in_project(store: Store, project: str | None) -> list[RunRecord]:
    """The runs of a project, or of all. Raises `StoreError` for a project that there is not."""
    projects = store.projects if project is None else (find_project(store, project),)
    return [run for found in projects for run in found.runs]


def chosen(store: Store, names: Sequence[str], where: str | None) -> list[RunRecord]:
    """The runs of these ids, paths or names, each once, and those of them, or of all, for which the filter holds.

    Raises `StoreError` for a name that no run has, `UsageError` where neither names nor a filter were given.
    """
    if not names and where is None:
        raise UsageError("found no run to take; name runs, or pass --filter")
    if not names:
        return select(in_project(store, None), where)
    found = list({(run.project, run.id): run for run in map(store.find_run, names)}.values())
    return select(found, where)


def agreed(
    runs: Sequence[RunRecord], what: str, *, yes: bool, dry_run: bool, as_json: bool = False, always: bool = False
) -> bool:
    """Whether to go on with changing these runs. `what` says what happens to them, as in "delete".

    Several runs (with `always` one too) are listed, and on a terminal it asks; elsewhere only `yes` goes on. Raises
    `UsageError` where nobody can be asked.
    """
    if not runs:
        click.echo("no runs match", err=True)
    if as_json and (dry_run or not runs):
        click.echo(as_array([_values(run) | {"name": run.name, "would": what} for run in runs]))
        return False
    if not runs:
        return False
    if dry_run or (not yes and (always or len(runs) > 1)):
        _list(runs, what, dry_run=dry_run)
    if dry_run:
        return False
    if yes or (len(runs) == 1 and not always):
        return True
    if not sys.stdin.isatty():
        raise UsageError(f"this would {what} {counted(len(runs), 'run')}; pass --yes to go on without being asked")
    return click.confirm("Go on?", err=True)


def _list(runs: Sequence[RunRecord], what: str, *, dry_run: bool) -> None:
    verb = f"would {what}" if dry_run else f"will {what}"
    click.echo(f"{verb} {counted(len(runs), 'run')}:", err=not dry_run)
    shown = runs if dry_run else runs[:_SHOWN]
    for run in shown:
        click.echo(f"  {printable(f'{run.project}/{run.id}')}  {printable(run.name)}  {run.state}", err=not dry_run)
    if len(shown) < len(runs):
        click.echo(f"  … and {len(runs) - len(shown)} more", err=not dry_run)


def apply(runs: Sequence[RunRecord], act: Callable[[RunRecord], str], *, as_json: bool = False) -> int:
    """Does something to each run, and says what `act` says of it; the exit code. A run that refuses stops no other."""
    said: list[dict[str, Any]] = []
    with ticking(len(runs)) as tick:
        for run in runs:
            try:
                said.append(_values(run) | {"done": act(run)})
            except RunstoreError as error:
                said.append(_values(run) | {"error": str(error)})
                click.echo(f"runstore: error: {error}", err=True)
            else:
                if not as_json:
                    click.echo(printable(f"{run.project}/{run.id}: {said[-1]['done']}"))
            tick()
    if as_json:
        click.echo(as_array(said))
    return 2 if any("error" in each for each in said) else 0


def as_array(values: Sequence[Any]) -> str:
    """What `--json` prints of a list."""
    return json.dumps(values, indent=2, ensure_ascii=False)


def _values(run: RunRecord) -> dict[str, Any]:
    return {"project": run.project, "id": run.id}


@contextmanager
def ticking(total: int) -> Iterator[Callable[[], None]]:
    """A bar on a terminal's standard error for what takes longer than a second: call what it gives after each step."""
    progress = Progress(console=Console(stderr=True), transient=True)
    begun, done = time.monotonic(), 0
    task: Any = None

    def tick() -> None:
        nonlocal done, task
        done += 1
        if task is None and done < total and time.monotonic() - begun > _QUIET_SECONDS and sys.stderr.isatty():
            progress.start()
            task = progress.add_task("", total=total)
        if task is not None:
            progress.update(task, completed=done)

    try:
        yield tick
    finally:
        if task is not None:
            progress.stop()


def joined(values: Iterable[str]) -> list[str]:
    """Words given several times, or joined by commas."""
    return [part for value in values for part in (part.strip() for part in value.split(",")) if part]
