"""`runstore build`, `serve` and `demo`: each parses, calls one function and prints."""

from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from runstore.cli.examples import examples
from runstore.cli.stores import STORE_OR_URL, Place, directory_of, refresher
from runstore.cli.words import printable
from runstore.errors import UsageError
from runstore.remote.addresses import Address
from sitegen.cli.told import print_report, progress
from sitegen.looks import Look

if TYPE_CHECKING:
    from sitegen.executors import Workers


@click.command(
    epilog=examples(
        "runstore build",
        "runstore build experiments -o public --public --strict",
        "runstore build --jobs 8",
        "runstore build /shared/experiments --executor dask://node1:8786",
    )
)
@click.argument("store", required=False, type=STORE_OR_URL)
@click.option(
    "-o", "--out", default="_site", type=click.Path(path_type=Path), show_default=True, help="The site's directory."
)
@click.option("--strict", is_flag=True, help="Exit with 1 when the store has any problem.")
@click.option("--public", is_flag=True, help="Only what the world may see: public projects, without what names people.")
@click.option("--jobs", "-j", type=click.IntRange(1), metavar="N", help="Compile with N processes.")
@click.option("--executor", metavar="WHERE", help="Compile with local:N processes, or on the cluster dask://HOST:PORT.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: what was written, and every problem.")
@click.pass_context
def build(
    context: click.Context,
    store: Place | None,
    out: Path,
    strict: bool,
    public: bool,
    jobs: int | None,
    executor: str | None,
    as_json: bool,
) -> None:
    """Compile STORE into a static site. Without STORE: the one that a script started here would log to."""
    if jobs is not None and executor is not None:
        raise UsageError("found --jobs and --executor; --jobs N is short for --executor local:N: pass one")
    root, site = directory_of(store), None
    if public:
        from sitegen.extras import PublicSite

        site = PublicSite()
    look = Look(root, out, site)
    done = look.unchanged()
    if done is None:
        from sitegen.build import build_site

        given = executor or (f"local:{jobs}" if jobs is not None and jobs > 1 else None)
        with ExitStack() as stack:
            workers = None if given is None else stack.enter_context(_workers(given))
            report = stack.enter_context(progress())
            done = build_site(root, out, progress=report, look=look, public=site, workers=workers)
    print_report(done, as_json=as_json)
    context.exit(1 if strict and done.problems else 0)


def _workers(given: str) -> AbstractContextManager["Workers"]:
    from sitegen.executors import workers

    return workers(given)


@click.command(
    short_help="Serve the site here, and keep it up to date.",
    epilog=examples(
        "runstore serve --open",
        "runstore serve /shared/experiments --poll --port 9000",
    ),
)
@click.argument("store", required=False, type=STORE_OR_URL)
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
def serve(store: Place | None, host: str, port: int | None, open_browser: bool, poll: bool, out: Path | None) -> None:
    """Serve the site of STORE on this machine, and keep it and the open pages up to date. Ctrl-C ends it."""
    from sitegen.serve import Serving
    from sitegen.serve import serve as run

    refresh = refresher(store) if isinstance(store, Address) else None
    run(Serving(directory_of(store), out, host, port, open_browser, poll, refresh), _say, progress)


def _say(line: str) -> None:
    click.echo(f"runstore: {printable(line)}", err=line.startswith("warning"))


@click.command(
    short_help="Train small real models, then compile their site.",
    epilog=examples(
        "runstore demo",
        "runstore demo /tmp/look",
    ),
)
@click.argument("directory", default="runstore-demo", type=click.Path(path_type=Path))
def demo(directory: Path) -> None:
    """Train small real models into DIRECTORY, then compile its site."""
    from sitegen.build import build_site
    from sitegen.demo import run_demo

    with progress() as report:
        store = run_demo(directory, progress=report)
        done = build_site(store, directory / "_site", progress=report)
    print_report(done)
