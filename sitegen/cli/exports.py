"""`runstore report export` and `report table`: each parses, calls one function and prints."""

from pathlib import Path

import click

from runstore.cli.completing import REPORT
from runstore.cli.examples import examples
from runstore.cli.stores import store_option
from runstore.cli.words import counted, printable
from runstore.settings import from_environment


@click.command(
    "export",
    epilog=examples(
        "runstore report export digits/first-look -o first-look.html",
        "runstore report export digits/first-look -o paper.zip  # LaTeX, figures, bibliography",
    ),
)
@click.argument("name", type=REPORT)
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where to: .html (one file that loads nothing), .pdf, .tex, .zip (LaTeX and all beside it), or .md.",
)
@click.option("--url", default="", metavar="URL", help="Where the site stands, for links to its other pages.")
@click.option("--browser", metavar="PROGRAM", help="The Chromium that prints. Default: RUNSTORE_BROWSER, else on PATH.")
@store_option
def export_report(name: str, output: Path, url: str, browser: str | None, store: Path | None) -> None:
    """Take the report NAME out of the store, for a colleague or for a paper. Figures and images lie beside it."""
    from sitegen.exports.saving import export_report as export

    root = store if store is not None else from_environment().store_root()
    saved = export(root, name, output, url=url, browser=browser)
    for line in saved.problems:
        click.echo(f"runstore: {printable(line)}", err=True)
    beside = len(saved.paths) - 1
    click.echo(f"{saved.paths[0]}" + (f", and {counted(beside, 'file')} beside it" if beside else ""))


@click.command(
    "table",
    epilog=examples(
        "runstore report table digits/first-look 1 --format csv",
    ),
)
@click.argument("name", type=REPORT)
@click.argument("table", metavar="ID")
@click.option(
    "--format",
    "form",
    type=click.Choice(["latex", "markdown", "csv"]),
    default="latex",
    show_default=True,
    help="LaTeX wants the packages booktabs and amsmath.",
)
@store_option
def report_table(name: str, table: str, form: str, store: Path | None) -> None:
    """Print the table with this ID, or number, of the report NAME."""
    from sitegen.exports.opening import opened
    from sitegen.exports.tables import table_of

    root = store if store is not None else from_environment().store_root()
    with opened(root, name) as found:
        click.echo(table_of(found.report.report, table, form), nl=False)  # type: ignore[arg-type]
