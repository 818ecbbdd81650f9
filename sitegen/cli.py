"""`runstore build` and `runstore demo`: each parses, calls one function and prints."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from runstore.cli.terminal import counted, printable
from runstore.settings import from_environment
from sitegen.build import BuildReport, build_site
from sitegen.build import Progress as Report

_MOST_PROBLEMS = 20


@click.command()
@click.argument("store", required=False, type=click.Path(path_type=Path))
@click.option(
    "-o", "--out", default="_site", type=click.Path(path_type=Path), show_default=True, help="The site's directory."
)
@click.option("--strict", is_flag=True, help="Exit with 1 when the store has any problem.")
@click.pass_context
def build(context: click.Context, store: Path | None, out: Path, strict: bool) -> None:
    """Compile STORE into a static site. Without STORE: the one that a script started here would log to."""
    root = store if store is not None else from_environment().store_root()
    with _progress() as report:
        done = build_site(root, out, progress=report)
    _print(done)
    context.exit(1 if strict and done.problems else 0)


@click.command()
@click.argument("directory", default="runstore-demo", type=click.Path(path_type=Path))
def demo(directory: Path) -> None:
    """Train small real models into DIRECTORY, then compile its site."""
    from sitegen.demo import run_demo

    with _progress() as report:
        store = run_demo(directory, progress=report)
        done = build_site(store, directory / "_site", progress=report)
    _print(done)


@contextmanager
def _progress() -> Iterator[Report]:
    """A bar for each kind of work, on the terminal's stderr; nothing is left of it, nor shown where there is none."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    tasks: dict[str, TaskID] = {}
    terminal = Console(stderr=True)
    with Progress(*columns, console=terminal, transient=True, disable=not terminal.is_terminal) as bars:

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
