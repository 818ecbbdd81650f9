"""`runstore gc`: removing what nothing in a store needs any more."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from runstore.cli.choosing import as_array, ticking
from runstore.cli.examples import examples
from runstore.cli.stores import store_option
from runstore.cli.terminal import print_table, show_size
from runstore.cli.words import counted, printable
from runstore.format.layout import StoreLayout
from runstore.format.locate import existing_store
from runstore.manage.tidying import Waste, find_waste, remove
from runstore.settings import from_environment


@click.command(
    short_help="Remove what nothing in the store needs.",
    epilog=examples("runstore gc  # what would go", "runstore gc --yes  # it goes", "runstore gc --keep-caches --yes"),
)
@click.option("--yes", "-y", is_flag=True, help="Remove it. Without it nothing changes.")
@click.option("--keep-caches", is_flag=True, help="Leave the caches, which the next build would have to make again.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array, one object a thing.")
@store_option
@click.pass_context
def gc(context: click.Context, yes: bool, keep_caches: bool, as_json: bool, store: Path | None) -> None:
    """List what can go, with its size: caches, temporary files and locks of killed processes, heartbeats of runs that
    ended, blobs that no artifact holds. With --yes it goes.

    Nothing younger than a day is touched but caches, and nothing that a run has logged.
    """
    layout = existing_store(store if store is not None else from_environment().store_root())
    waste = find_waste(layout, caches=not keep_caches)
    kept = _removed(layout, waste) if yes else {}
    if as_json:
        click.echo(as_array([_describe(each, layout, kept, gone=yes) for each in waste]))
    else:
        _tell(waste, layout, kept, gone=yes)
    context.exit(2 if kept else 0)


def _removed(layout: StoreLayout, waste: Sequence[Waste]) -> dict[Path, str]:
    """What stayed, and why."""
    with ticking(len(waste)) as tick:
        kept = {}
        for each, trouble in remove(layout, waste):
            if trouble:
                kept[each.path] = trouble
            tick()
    return kept


def _describe(waste: Waste, layout: StoreLayout, kept: dict[Path, str], *, gone: bool) -> dict[str, Any]:
    return {
        "kind": waste.kind,
        "path": os.path.relpath(waste.path, layout.root),
        "size": waste.size,
        "files": waste.files,
        "removed": gone and waste.path not in kept,
        "why_not": kept.get(waste.path, ""),
    }


def _tell(waste: Sequence[Waste], layout: StoreLayout, kept: dict[Path, str], *, gone: bool) -> None:
    rows = [
        [each.kind, os.path.relpath(each.path, layout.root), str(each.files), show_size(each.size)] for each in waste
    ]
    if rows:
        print_table(["WHAT", "WHERE", "FILES", "SIZE"], rows, right=("FILES", "SIZE"))
    for path, trouble in kept.items():
        click.echo(printable(f"runstore: error: {os.path.relpath(path, layout.root)}: {trouble}"), err=True)
    done = [each for each in waste if each.path not in kept]
    files, size = sum(each.files for each in done), show_size(sum(each.size for each in done))
    verb = "removed" if gone else "would remove"
    hint = "" if gone or not waste else "; pass --yes to remove them"
    click.echo(f"{verb} {counted(files, 'file')}, {size}{hint}")
