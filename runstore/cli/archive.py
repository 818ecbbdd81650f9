"""`runstore archive`: histories of old runs packed into Parquet, in their place; and back, byte for byte."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from runstore.cli.choosing import EXIT_NOTHING, agreed, as_array, changing_options, chosen, in_project, ticking
from runstore.cli.examples import examples
from runstore.cli.stores import open_store, store_option
from runstore.cli.terminal import print_table, show_size
from runstore.cli.words import counted, printable, seconds_of_age
from runstore.errors import UsageError
from runstore.manage.archiving import (
    Outcome,
    is_older,
    lines_in,
    pack_runs,
    packs_in,
    unpack_runs,
    why_not,
)
from runstore.reading.query import select
from runstore.reading.store import RunRecord, Store


@click.command(
    short_help="Pack the histories of old runs into Parquet, and back.",
    epilog=examples(
        "runstore archive --older-than 30d  # what ended a month ago",
        "runstore archive --project digits --yes  # all of a project, unasked",
        "runstore archive --all --undo  # everything as it was, byte for byte",
    ),
)
@click.argument("runs", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Take every run that has ended.")
@click.option("--project", metavar="NAME", help="Take the runs of this project.")
@click.option("--older-than", metavar="AGE", help="Take runs that ended longer ago than 12h, 30d, 8w.")
@click.option("--undo", is_flag=True, help="Give the runs back the very files that they had.")
@changing_options
@store_option
@click.pass_context
def archive(
    context: click.Context,
    runs: tuple[str, ...],
    every: bool,
    project: str | None,
    older_than: str | None,
    undo: bool,
    where: str | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    store: Path | None,
) -> None:
    """Pack the histories and system metrics of RUNS into Parquet, in place: smaller, and read as before.

    Runs that still run are left alone. --undo gives back the very files that there were.
    """
    age = None if older_than is None else seconds_of_age(older_than, "--older-than")
    found = _chosen(open_store(store), runs, where, project, every=every or age is not None)
    now = time.time()
    found = [run for run in found if age is None or is_older(run, age, now)]
    found = [run for run in found if packs_in(run)] if undo else _ended(found, now, named=bool(runs))
    if not agreed(found, "unpack" if undo else "pack", yes=yes, dry_run=dry_run, as_json=as_json):
        context.exit(0 if dry_run else EXIT_NOTHING)
    outcomes = _carried_out(found, undo=undo)
    if as_json:
        click.echo(as_array([_describe(each) for each in outcomes]))
    else:
        _tell(outcomes, undo=undo)
    context.exit(2 if any(each.error for each in outcomes) else 0)


def _chosen(
    store: Store, names: Sequence[str], where: str | None, project: str | None, *, every: bool
) -> list[RunRecord]:
    """The runs that the words and options name, together."""
    if names and (every or project is not None):
        raise UsageError("found runs beside --all, --project or --older-than; name runs, or choose them by options")
    if names or not (every or project is not None):
        return chosen(store, names, where)
    return select(in_project(store, project), where)


def _ended(runs: Sequence[RunRecord], now: float, *, named: bool) -> list[RunRecord]:
    """Those that can be archived and have something to archive. Of runs that somebody named the others are told of."""
    found = []
    for run in runs:
        if reason := why_not(run, now):
            if named:
                click.echo(printable(f"{run.project}/{run.id} {reason}"), err=True)
        elif lines_in(run):
            found.append(run)
    return found


def _carried_out(runs: Sequence[RunRecord], *, undo: bool) -> list[Outcome]:
    files = sum(len(packs_in(run) if undo else lines_in(run)) for run in runs)
    with ticking(files) as tick:
        outcomes = list((unpack_runs if undo else pack_runs)(runs, tick))
    return sorted(outcomes, key=lambda each: each.path)


def _describe(outcome: Outcome) -> dict[str, Any]:
    replaced = outcome.replaced
    return {
        "project": outcome.run.project,
        "run": outcome.run.id,
        "file": outcome.path.name,
        "replaced_by": replaced.path.name if replaced and replaced.done else None,
        "before": replaced.before if replaced else None,
        "after": replaced.after if replaced else None,
        "why_not": outcome.error or (replaced.why if replaced else ""),
    }


def _tell(outcomes: Sequence[Outcome], *, undo: bool) -> None:
    done = [each.replaced for each in outcomes if each.replaced and each.replaced.done]
    left = [each.replaced for each in outcomes if each.replaced and not each.replaced.done]
    rows = [
        [
            f"{each.run.project}/{each.run.id}",
            each.path.name,
            show_size(each.replaced.before),
            show_size(each.replaced.after),
        ]
        for each in outcomes
        if each.replaced and each.replaced.done
    ]
    if rows:
        print_table(["RUN", "FILE", "BEFORE", "AFTER"], rows, right=("BEFORE", "AFTER"))
    for each in outcomes:
        if each.error:
            click.echo(printable(f"runstore: error: {each.error}"), err=True)
    before, after = sum(each.before for each in done), sum(each.after for each in done)
    times = f", {before / after:.1f} times smaller" if done and not undo and after else ""
    verb = "unpacked" if undo else "packed"
    kept = f"; {counted(len(left), 'file')} stay as they are, too small to gain" if left else ""
    click.echo(f"{verb} {counted(len(done), 'file')}: {show_size(before)} became {show_size(after)}{times}{kept}")
