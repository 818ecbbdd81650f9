"""`runstore build`, `publish`, `serve`, `demo` and `export figure`: each parses, calls one function and prints."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from runstore.cli.stores import find_project, open_store, store_option
from runstore.cli.words import counted, printable
from runstore.settings import from_environment
from sitegen.data.bands import AGGREGATES, SHADES, SMOOTHERS
from sitegen.looks import BuildReport, Look, Progress
from sitegen.publishing.branch import MESSAGE

_MOST_PROBLEMS = 20


@click.command()
@click.argument("store", required=False, type=click.Path(path_type=Path))
@click.option(
    "-o", "--out", default="_site", type=click.Path(path_type=Path), show_default=True, help="The site's directory."
)
@click.option("--strict", is_flag=True, help="Exit with 1 when the store has any problem.")
@click.option("--public", is_flag=True, help="Only what the world may see: public projects, without what names people.")
@click.pass_context
def build(context: click.Context, store: Path | None, out: Path, strict: bool, public: bool) -> None:
    """Compile STORE into a static site. Without STORE: the one that a script started here would log to."""
    root, site = store if store is not None else from_environment().store_root(), None
    if public:
        from sitegen.extras import PublicSite

        site = PublicSite()
    look = Look(root, out, site)
    done = look.unchanged()
    if done is None:
        from sitegen.build import build_site

        with _progress() as report:
            done = build_site(root, out, progress=report, look=look, public=site)
    _print(done)
    context.exit(1 if strict and done.problems else 0)


@click.command()
@click.argument("store", required=False, type=click.Path(path_type=Path))
@click.option("--to", "folder", type=click.Path(path_type=Path), metavar="FOLDER", help="Into this folder.")
@click.option("--branch", metavar="NAME", help="Onto this branch of --remote, as one commit: gh-pages, say.")
@click.option("--remote", default="origin", show_default=True, help="The remote whose branch it is.")
@click.option("--force", is_flag=True, help="Overwrite the branch, whatever it holds and whoever pushed onto it.")
@click.option("--message", default=MESSAGE, show_default=True, help="Of the commit.")
@click.option("--url", default="", metavar="URL", help="Where the site will stand: for its sitemap and links to it.")
@click.option("--cname", default="", metavar="DOMAIN", help="The domain that GitHub Pages is to serve it at.")
@click.option("--robots", type=click.Choice(["allow", "deny"]), help="What search engines are told. Default: nothing.")
@click.option("--allow", multiple=True, metavar="KIND:FILE", help="A finding that is no secret. FILE may hold * and ?.")
@click.option("--dry-run", is_flag=True, help="Only say what would go out, and what stays in.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def publish(
    context: click.Context, /, store: Path | None, allow: tuple[str, ...], as_json: bool, **chosen: Any
) -> None:
    """Build the public site of STORE, look through it for secrets, and put it into a folder or onto a branch.

    Only projects with visibility: public go out, without what names people, machines and places. Exit code 1: what
    looks like a secret was found, and nothing was published.
    """
    from sitegen.extras import public_site
    from sitegen.publishing.publish import Allowed, Target, prepared, send
    from sitegen.publishing.summary import as_lines, as_values

    target = Target.chosen(
        **{name: chosen[name] for name in ("folder", "branch", "remote", "force", "message", "dry_run")}
    )
    site = public_site(chosen["url"], chosen["cname"], chosen["robots"])
    root = store if store is not None else from_environment().store_root()
    with _progress() as report, prepared(root, site, [Allowed.parse(text) for text in allow], report) as found:
        sent = None if found.blocking else send(found, target)
    if as_json:
        click.echo(json.dumps(as_values(found, target, sent), indent=2, ensure_ascii=False))
    for line in () if as_json else as_lines(found, target, sent):
        click.echo(printable(line))
    context.exit(1 if found.blocking else 0)


@click.command()
@click.argument("store", required=False, type=click.Path(path_type=Path))
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="The address to serve at.",
)
@click.option("--port", type=click.IntRange(0, 65535), help="The port. Default: the first free one from 8000 on.")
@click.option("--open/--no-open", "open_browser", default=False, help="Open the site in a browser.")
@click.option("--poll", is_flag=True, help="Look for changes every second, as network file systems need.")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="The site's directory. Default: one in your cache.")
def serve(store: Path | None, host: str, port: int | None, open_browser: bool, poll: bool, out: Path | None) -> None:
    """Serve the site of STORE on this machine, and keep it and the open pages up to date. Ctrl-C ends it."""
    from sitegen.serve import Serving
    from sitegen.serve import serve as run

    root = store if store is not None else from_environment().store_root()
    run(Serving(root, out, host, port, open_browser, poll), _say, _progress)


@click.command()
@click.argument("project")
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


def _say(line: str) -> None:
    click.echo(f"runstore: {printable(line)}", err=line.startswith("warning"))


@click.command()
@click.argument("directory", default="runstore-demo", type=click.Path(path_type=Path))
def demo(directory: Path) -> None:
    """Train small real models into DIRECTORY, then compile its site."""
    from sitegen.build import build_site
    from sitegen.demo import run_demo

    with _progress() as report:
        store = run_demo(directory, progress=report)
        done = build_site(store, directory / "_site", progress=report)
    _print(done)


@contextmanager
def _progress() -> Iterator[Progress]:
    """A bar for each kind of work, on the terminal's stderr; nothing is left of it, nor shown where there is none."""
    from rich import progress
    from rich.console import Console

    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TimeElapsedColumn(),
    )
    tasks: dict[str, progress.TaskID] = {}
    terminal = Console(stderr=True)
    with progress.Progress(*columns, console=terminal, transient=True, disable=not terminal.is_terminal) as bars:

        def report(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(printable(what), total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield report


def _print(done: BuildReport) -> None:
    for problem in done.problems[:_MOST_PROBLEMS]:
        click.echo(f"runstore: problem: {printable(str(problem))}", err=True)
    if len(done.problems) > _MOST_PROBLEMS:
        more = len(done.problems) - _MOST_PROBLEMS
        click.echo(f"runstore: and {counted(more, 'more problem')}; `runstore verify` lists them all", err=True)
    files = f"{counted(len(done.written), 'file')} written, {done.unchanged} unchanged, {len(done.removed)} removed"
    click.echo(f"{counted(done.runs, 'run')} in {counted(done.projects, 'project')}: {files}")
    click.echo(str(done.index.resolve()))
