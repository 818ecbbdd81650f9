"""`runstore delete`, `restore` and `trash`: runs that are no longer wanted, and those that are again."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from runstore.artifacts import gc, lineage, publishing
from runstore.artifacts.collection import find_by_id
from runstore.cli.choosing import EXIT_NOTHING, agreed, apply, as_array, changing_options, chosen, ticking
from runstore.cli.completing import DELETED, RUN
from runstore.cli.examples import examples
from runstore.cli.stores import open_store, store_option
from runstore.cli.terminal import print_table, show_time
from runstore.cli.words import counted, printable, seconds_of_age
from runstore.errors import UsageError
from runstore.format.layout import StoreLayout
from runstore.manage import trash as bin_
from runstore.manage.trash import Deleted
from runstore.reading.store import RunRecord


@click.command(
    epilog=examples(
        "runstore delete a1b2c3d4",
        "runstore delete --filter \"state = 'crashed'\" --dry-run",
    )
)
@click.argument("runs", nargs=-1, type=RUN)
@click.option("--force", is_flag=True, help="Delete live runs too; their processes go on, and write nowhere.")
@click.option("--artifacts", is_flag=True, help="Delete the artifact versions that they logged, too.")
@changing_options
@store_option
@click.pass_context
def delete(
    context: click.Context,
    runs: tuple[str, ...],
    force: bool,
    artifacts: bool,
    where: str | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    store: Path | None,
) -> None:
    """Put RUNS into the trash. Their ids can never be used again, unless they are restored."""
    opened = open_store(store)
    found = chosen(opened, runs, where)
    if not agreed(found, "delete", yes=yes, dry_run=dry_run, as_json=as_json):
        context.exit(0 if dry_run else EXIT_NOTHING)

    def act(run: RunRecord) -> str:
        logged = lineage.outputs_of(run.layout, run.project) if artifacts else []
        bin_.delete(opened.layout, run, force=force)
        count = sum(_delete_version(opened.layout, use.id) for use in logged)
        return "deleted" + (f", and {counted(count, 'artifact version')}" if artifacts else "")

    context.exit(apply(found, act, as_json=as_json))


def _delete_version(store: StoreLayout, version_id: str) -> bool:
    version = find_by_id(store, version_id)
    if version is not None:
        publishing.delete(version)
    return version is not None


@click.command(
    epilog=examples(
        "runstore restore digits/a1b2c3d4",
    )
)
@click.argument("runs", nargs=-1, required=True, type=DELETED)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array, one object a run.")
@store_option
def restore(runs: tuple[str, ...], as_json: bool, store: Path | None) -> None:
    """Bring RUNS back out of the trash."""
    layout = open_store(store).layout
    found = [bin_.find(layout, name) for name in runs]
    for each in found:
        bin_.restore(layout, each.project, each.id)
        if not as_json:
            click.echo(printable(f"{each.project}/{each.id}: restored"))
    if as_json:
        click.echo(as_array([{"project": each.project, "id": each.id, "done": "restored"} for each in found]))


@click.command(
    epilog=examples(
        "runstore trash",
        "runstore trash --empty --older-than 4w --yes",
    )
)
@click.option("--empty", is_flag=True, help="Delete what lies there for good; ids stay refused.")
@click.option("--older-than", metavar="AGE", help="With --empty: what was deleted longer ago than 12h, 7d, 4w.")
@click.option("--dry-run", is_flag=True, help="With --empty: say what would go.")
@click.option("--yes", "-y", is_flag=True, help="With --empty: don't ask.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array, one object a run.")
@store_option
@click.pass_context
def trash(
    context: click.Context,
    empty: bool,
    older_than: str | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    store: Path | None,
) -> None:
    """List the deleted runs, or delete them for good."""
    layout = open_store(store).layout
    found = list(bin_.contents(layout))
    if not empty:
        if older_than is not None:
            raise UsageError("--older-than goes with --empty; add it, or leave --older-than out")
        _list(found, as_json=as_json)
        return
    age = 0.0 if older_than is None else seconds_of_age(older_than, "--older-than")
    old = [run for run in found if bin_.is_older(run, age)]
    _empty(context, layout, old, everything=older_than is None, dry_run=dry_run, yes=yes)


def _list(found: list[Deleted], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([_describe(run) for run in found], indent=2, ensure_ascii=False))
    elif not found:
        click.echo("the trash is empty")
    else:
        rows = [[run.project, run.id, run.name, show_time(run.deleted), run.by, str(run.size)] for run in found]
        print_table(["PROJECT", "ID", "NAME", "DELETED", "BY", "BYTES"], rows, right=["BYTES"])


def _describe(run: Deleted) -> dict[str, Any]:
    return asdict(run) | {"path": str(run.path), "deleted": run.deleted_at}


def _empty(
    context: click.Context, layout: StoreLayout, old: list[Deleted], *, everything: bool, dry_run: bool, yes: bool
) -> None:
    if not old and not everything:
        click.echo("no runs in the trash are that old")
        return
    click.echo(f"{'would delete' if dry_run else 'deleting'} {counted(len(old), 'run')} for good", err=not dry_run)
    if dry_run:
        for run in old:
            click.echo(f"  {printable(f'{run.project}/{run.id}')}  {printable(run.name)}")
        return
    if not yes and not sys.stdin.isatty():
        raise UsageError("nobody can be asked here; pass --yes to delete them for good")
    if not yes and not click.confirm("Go on?", err=True):
        context.exit(EXIT_NOTHING)
    with ticking(len(old)) as tick:
        count, size = bin_.empty(old, told=tick)
    versions = gc.empty_trash(layout) if everything else 0
    blobs = gc.collect(layout)
    parts = [f"{counted(count, 'run')} of {size} bytes"]
    parts += [counted(versions, "artifact version")] if versions else []
    parts += [f"{counted(blobs.blobs, 'blob')} of {blobs.size} bytes"] if blobs.blobs else []
    click.echo(f"deleted for good: {', '.join(parts)}")
