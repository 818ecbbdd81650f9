"""`runstore export figure`: parses, calls one function and prints."""

from pathlib import Path
from typing import Any

import click

from runstore.cli.completing import PROJECT
from runstore.cli.examples import examples
from runstore.cli.stores import find_project, open_store, store_option
from runstore.cli.words import counted
from sitegen.data.bands import AGGREGATES, SHADES, SMOOTHERS


@click.command(
    epilog=examples(
        "runstore export figure digits loss -o loss.pdf",
        "runstore export figure digits loss accuracy --group group --shade stderr --smooth 0.6 -o both.svg",
    )
)
@click.argument("project", type=PROJECT)
@click.argument("metrics", nargs=-1, required=True, metavar="METRIC...")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where to: .svg, .pdf, .png, or .json for the Vega-Lite spec.",
)
@click.option("--group", metavar="COLUMN", help="A line for each value of this column instead of one for each run.")
@click.option("--agg", type=click.Choice(AGGREGATES), default="mean", show_default=True, help="The line of a group.")
@click.option(
    "--shade",
    type=click.Choice(SHADES),
    default="std",
    show_default=True,
    help="The band of a group; ci: 95 % interval of the mean.",
)
@click.option(
    "--smooth", type=click.FloatRange(0, 0.999), default=0.0, help="Weight of what came before, from 0 to 0.999."
)
@click.option(
    "--smoother",
    type=click.Choice(SMOOTHERS),
    default="ema",
    show_default=True,
    help="What smooths; twema: exponential by distance.",
)
@click.option("--filter", "where", metavar="SQL", help="The runs for which this holds, as in `runstore ls`.")
@click.option("--x", default="_step", show_default=True, metavar="KEY", help="_step, _runtime, _timestamp or a metric.")
@click.option("--log", is_flag=True, help="A logarithmic y axis.")
@click.option("--width", type=click.IntRange(50, 4000), default=360, show_default=True, help="Of a plot, in pixels.")
@click.option("--height", type=click.IntRange(50, 4000), default=240, show_default=True, help="The same.")
@click.option("--theme", type=click.Choice(["light", "dark"]), default="light", show_default=True, help="Its colours.")
@store_option
def figure(project: str, output: Path, store: Path | None, **chosen: Any) -> None:
    """Draw the METRICs of PROJECT into a file, for a paper: a plot for each, with the lines of the site's charts."""
    from runstore.manage.export import save
    from sitegen.figures import Figure, figure_bytes, figure_chart, figure_lines, kind_of

    kind = kind_of(output)
    found = find_project(open_store(store), project)
    wanted = Figure(**chosen)
    lines = figure_lines(found, wanted)
    save(output, figure_bytes(figure_chart(lines, wanted), kind))
    click.echo(f"{output}: {counted(len(lines), 'line')}")
