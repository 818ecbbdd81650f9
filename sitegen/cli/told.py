"""What commands that build say on the terminal: how far they are, and what came of it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import click

from runstore.cli.words import counted, printable
from sitegen.looks import BuildReport, Progress

MOST_PROBLEMS: Final = 20


@contextmanager
def progress() -> Iterator[Progress]:
    """A bar for each kind of work, on the terminal's stderr; nothing is left of it, nor shown where there is none."""
    from rich import progress as bars_of
    from rich.console import Console

    columns = (
        bars_of.TextColumn("{task.description}"),
        bars_of.BarColumn(),
        bars_of.MofNCompleteColumn(),
        bars_of.TimeElapsedColumn(),
    )
    tasks: dict[str, bars_of.TaskID] = {}
    terminal = Console(stderr=True)
    with bars_of.Progress(*columns, console=terminal, transient=True, disable=not terminal.is_terminal) as bars:

        def report(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(printable(what), total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield report


def print_report(done: BuildReport, *, as_json: bool = False) -> None:
    for remark in done.remarks:
        click.echo(f"runstore: warning: {printable(remark)}", err=True)
    if as_json:
        click.echo(json.dumps(_values(done), indent=2, ensure_ascii=False))
        return
    for problem in done.problems[:MOST_PROBLEMS]:
        click.echo(f"runstore: problem: {printable(str(problem))}", err=True)
    if len(done.problems) > MOST_PROBLEMS:
        more = len(done.problems) - MOST_PROBLEMS
        click.echo(f"runstore: and {counted(more, 'more problem')}; `runstore verify` lists them all", err=True)
    files = f"{counted(len(done.written), 'file')} written, {done.unchanged} unchanged, {len(done.removed)} removed"
    click.echo(f"{counted(done.runs, 'run')} in {counted(done.projects, 'project')}: {files}")
    click.echo(str(done.index.resolve()))


def _values(done: BuildReport) -> dict[str, Any]:
    """What a build did, as `--json` prints it: paths are relative to `out`, and to the store for problems."""
    return {
        "out": str(done.out.resolve()),
        "index": str(done.index.resolve()),
        "projects": done.projects,
        "runs": done.runs,
        "written": list(done.written),
        "removed": list(done.removed),
        "unchanged": done.unchanged,
        "problems": [{"file": each.path, "line": each.line or None, "message": each.message} for each in done.problems],
    }
