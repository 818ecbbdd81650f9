"""`runstore export`: runs as a table, their histories as one, or their directories as an archive."""

import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import click

from runstore.cli.choosing import EXIT_NOTHING, chosen, filter_option, in_project, joined, ticking
from runstore.cli.completing import PROJECT, RUN
from runstore.cli.examples import examples
from runstore.cli.stores import Place, open_store, readable_store_option
from runstore.cli.words import counted
from runstore.errors import UsageError
from runstore.manage import export as exporting
from runstore.reading.query import sort
from runstore.reading.store import RunRecord, Store

EXPORTS = "runstore.exports"
"""Entry points of what else there is to export: the first word after `runstore export` that names one leads to it."""


class _Export(click.Command):
    """`export RUN…`, or one of the commands that installed packages offer below it. A run named so follows a `--`."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        for point in entry_points(group=EXPORTS, name=args[0]) if args else ():
            command: click.Command = point.load()
            return command.make_context(f"{info_name} {args[0]}", args[1:], parent, **extra)
        return super().make_context(info_name, args, parent, **extra)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_epilog(ctx, formatter)
        offered = sorted({point.name for point in entry_points(group=EXPORTS)})
        with formatter.section("Commands"):
            formatter.write_dl([(name, f"See `{ctx.command_path} {name} --help`.") for name in offered])


@click.command(
    short_help="Write runs to a table, or their directories to an archive.",
    cls=_Export,
    epilog=examples(
        "runstore export -o runs.parquet",
        "runstore export -o runs.csv --project digits --filter \"state = 'finished'\"",
        "runstore export -o loss.parquet --histories --columns loss",
        "runstore export a1b2c3d4 -o run.tar.gz  # its whole directory",
    ),
)
@click.argument("runs", nargs=-1, type=RUN)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="Where to: .csv, .json, .jsonl or .parquet for a table, .tar.gz or .zip for whole runs; - prints CSV.",
)
@click.option("--histories", is_flag=True, help="The rows of the runs' histories instead of a row a run.")
@click.option("--columns", multiple=True, metavar="NAMES", help="These columns (or, with --histories, keys) alone.")
@click.option("--sort", "order", metavar="COLUMN", help="Order the runs; -COLUMN turns it around.")
@click.option("--project", metavar="NAME", type=PROJECT, help="The runs of this project.")
@filter_option
@readable_store_option
@click.pass_context
def export(
    context: click.Context,
    runs: tuple[str, ...],
    output: Path,
    histories: bool,
    columns: tuple[str, ...],
    order: str | None,
    project: str | None,
    where: str | None,
    store: Place | None,
) -> None:
    """Write RUNS, or all runs, to a file: a table, or an archive of their directories."""
    kind = "csv" if str(output) == "-" else exporting.kind_of(output)
    found = _runs(open_store(store, "all" if kind in exporting.ARCHIVES else "runs"), runs, where, project)
    if not found:
        click.echo("no runs match", err=True)
        context.exit(EXIT_NOTHING)
    if order:
        found = sort(found, order)
    names = joined(columns) or None
    with ticking(len(found)) as tick:
        if kind in exporting.ARCHIVES:
            if histories or names:
                raise UsageError(f"{output}: an archive holds whole runs; leave --histories and --columns out")
            count = exporting.archive(found, output, tick)
            click.echo(f"{output}: {counted(len(found), 'run')}, {counted(count, 'file')}")
            return
        table = exporting.histories_table(found, names, tick) if histories else exporting.runs_table(found, names)
    data = exporting.write_table(table, kind)
    if str(output) == "-":
        sys.stdout.write(data.decode())
        return
    exporting.save(output, data)
    click.echo(f"{output}: {counted(table.height, 'row')}, {counted(table.width, 'column')}")


def _runs(store: Store, names: tuple[str, ...], where: str | None, project: str | None) -> list[RunRecord]:
    if not names and where is None:
        return in_project(store, project)
    return [run for run in chosen(store, names, where) if project in (None, run.project)]
