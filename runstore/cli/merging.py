"""`runstore merge-driver`: what git calls to merge a run's and a project's small files by what they mean."""

from pathlib import Path

import click

from runstore.cli.examples import examples
from runstore.cli.words import printable
from runstore.manage.merging import merge_files

EXIT_CONFLICT = 1


@click.command(
    "merge-driver",
    short_help="Merge a small file by what it means, for git.",
    epilog=examples("runstore merge-driver base.yaml ours.yaml theirs.yaml experiments/p/runs/r/run.yaml"),
)
@click.argument("base", type=click.Path(path_type=Path))
@click.argument("ours", type=click.Path(path_type=Path))
@click.argument("theirs", type=click.Path(path_type=Path))
@click.argument("path")
@click.pass_context
def merge_driver(context: click.Context, base: Path, ours: Path, theirs: Path, path: str) -> None:
    """Merge three versions of the file at PATH into OURS, as git's %O %A %B %P; `runstore init` sets it up.

    Exits with 1 where a person has to choose; then the file holds git's markers.
    """
    merged = merge_files(base, ours, theirs, path)
    ours.write_bytes(merged.text)
    for conflict in merged.conflicts:
        click.echo(printable(f"runstore: conflict: {path}: {conflict}"), err=True)
    if merged.by_lines:
        click.echo(printable(f"runstore: {path}: a version cannot be read, so it was merged by lines"), err=True)
    context.exit(0 if merged.is_clean else EXIT_CONFLICT)
