"""`runstore migrate`: takes a store of an older format to this release's."""

from pathlib import Path

import click

from runstore.cli.examples import examples
from runstore.cli.stores import STORE
from runstore.cli.words import counted, printable
from runstore.format.locate import existing_store
from runstore.format.records import FORMAT, store_version
from runstore.manage import migrations
from runstore.settings import from_environment


@click.command(
    short_help="Take an older store to this release's format.",
    epilog=examples(
        "runstore migrate --dry-run",
        "runstore migrate experiments",
    ),
)
@click.argument("store", required=False, type=STORE)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and change nothing.")
def migrate(store: Path | None, dry_run: bool) -> None:
    """Take STORE to the format of this release; each file is kept as it was, in .repair/.

    Nothing else ever changes a store's format: a store of an older one is refused until you run this.
    """
    layout = existing_store(store if store is not None else from_environment().store_root())
    version = store_version(layout.store_yaml)
    needed = migrations.steps(layout)
    if not needed:
        click.echo(f"format {version} is this release's; nothing to do")
        return
    for number, step in needed:
        click.echo(printable(f"{number} → {number + 1}: {step.meaning}"))
    if dry_run:
        files = sum(1 for _, step in needed for _ in step.files(layout))
        click.echo(f"would rewrite {counted(files, 'file')}; nothing was changed")
        return
    aside = migrations.migrate(layout)
    kept = aside.folder.relative_to(layout.root.parent)
    click.echo(printable(f"format {FORMAT} now; as it was: {kept}; `runstore verify --undo` puts it back"))
