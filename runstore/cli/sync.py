"""`runstore sync`: parses, has one store brought to another place, and says what was copied."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from rich.console import Console

from runstore.cli.choosing import joined
from runstore.cli.completing import PROJECT, RUN
from runstore.cli.examples import examples
from runstore.cli.stores import STORE_OR_URL, Place, warn_of
from runstore.cli.terminal import show_size
from runstore.cli.words import counted, printable
from runstore.errors import StoreError
from runstore.remote.addresses import Address
from runstore.remote.copying import Outcome, Progress
from runstore.remote.syncing import sync as sync_stores

_CONFLICT = 1
_SHOWN = ("new", "grown", "changed", "deleted", "kept")


@click.command(
    short_help="Bring a store to another place, or keep it there.",
    epilog=examples(
        "runstore sync experiments s3://bucket/experiments",
        "runstore sync sftp://node1/data/experiments experiments --project digits",
        "runstore sync experiments /shared/experiments --watch 30  # until Ctrl-C",
        "runstore sync experiments /backup/experiments --delete --dry-run",
    ),
)
@click.argument("source", metavar="SRC", type=STORE_OR_URL)
@click.argument("target", metavar="DST", type=STORE_OR_URL)
@click.option("--project", "projects", multiple=True, metavar="NAMES", type=PROJECT, help="These projects alone.")
@click.option("--run", "runs", multiple=True, metavar="IDS", type=RUN, help="These runs alone, by id or PROJECT/ID.")
@click.option("--delete", is_flag=True, help="Remove from DST what SRC has not.")
@click.option("--dry-run", is_flag=True, help="Say what would be copied, and change nothing.")
@click.option("--watch", type=click.FloatRange(min=1), metavar="SECONDS", help="Again after so long, until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a sync, each on a line with --watch.")
@click.pass_context
def sync(
    context: click.Context,
    source: Place,
    target: Place,
    projects: tuple[str, ...],
    runs: tuple[str, ...],
    delete: bool,
    dry_run: bool,
    watch: float | None,
    as_json: bool,
) -> None:
    """Copy what is new in the store SRC to DST. Each is a directory or a URL: s3://, gs://, sftp://; SRC also hf://.

    Safe while runs log. Exit code 1: a run has rows at either side that the other lacks; it is left as it is.
    """

    def once() -> Outcome:
        with _showing(source, target) as progress:
            done = sync_stores(
                _text(source),
                _text(target),
                projects=joined(projects),
                runs=joined(runs),
                delete=delete,
                dry_run=dry_run,
                progress=progress,
            )
        _tell(done, source, target, dry_run=dry_run, as_json=as_json, indent=None if watch else 2)
        return done

    done = once()
    if watch is not None:
        _again(once, watch)
    context.exit(_CONFLICT if done.conflicts else 0)


def _text(place: Place) -> str:
    return place.url if isinstance(place, Address) else str(place)


def _again(once: Any, seconds: float) -> None:
    """Syncs until it is interrupted. A place that cannot be reached now may be back the next time."""
    try:
        while True:
            time.sleep(seconds)
            try:
                once()
            except StoreError as error:
                click.echo(f"runstore: warning: {printable(str(error))}; trying again in {seconds:g} s", err=True)
    except KeyboardInterrupt:
        click.echo("runstore: stopped", err=True)


@contextmanager
def _showing(source: Place, target: Place) -> Iterator[Progress]:
    text = printable(f"Syncing {source} to {target}")
    with Console(stderr=True).status(text) as status:
        yield lambda done, total: status.update(f"{text}: {done} of {total} files")


def _tell(done: Outcome, source: Place, target: Place, *, dry_run: bool, as_json: bool, indent: int | None) -> None:
    if as_json:
        click.echo(json.dumps(_values(done, source, target, dry_run=dry_run), indent=indent, ensure_ascii=False))
    else:
        if dry_run:
            for step in done.steps:
                click.echo(printable(f"{step.change:<7}  {step.what.path}"))
        click.echo(printable(f"{target}: {_counts(done, dry_run=dry_run)}"))
    for run, why in done.left.items():
        click.echo(printable(f"runstore: warning: {run} {why}"), err=True)
    for run, why in done.conflicts.items():
        mend = "delete the run that is wrong, at one side, and sync again"
        click.echo(printable(f"runstore: error: {run}: {why}; {mend}"), err=True)
    warn_of(done.left_out, str(source))


def _counts(done: Outcome, *, dry_run: bool) -> str:
    found = Counter(str(step.change) for step in done.steps)
    told = [f"{found[change]} {change}" for change in _SHOWN if found[change]]
    if not told:
        return "up to date"
    files = counted(sum(found.values()) - found["kept"], "file")
    return f"{'would copy ' if dry_run else ''}{files} ({', '.join(told)}), {show_size(done.size)}"


def _values(done: Outcome, source: Place, target: Place, *, dry_run: bool) -> dict[str, Any]:
    return {
        "source": str(source),
        "target": str(target),
        "dry_run": dry_run,
        "files": [{"path": step.what.path, "change": step.change, "bytes": step.size} for step in done.steps],
        "bytes": done.size,
        "conflicts": [{"run": run, "why": why} for run, why in done.conflicts.items()],
        "left": [{"run": run, "why": why} for run, why in done.left.items()],
        "left_out": done.left_out,
    }
