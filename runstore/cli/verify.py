"""`runstore verify`: what in a store cannot be read or is not as it was logged, with file and line."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from runstore.cli.stores import open_store
from runstore.cli.terminal import counted, printable
from runstore.reading.media import verify_store


@click.command()
@click.argument("store", required=False, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array, one object a problem.")
@click.pass_context
def verify(context: click.Context, store: Path | None, as_json: bool) -> None:
    """Check every file of STORE; list what is broken, and exit with 1 if anything is."""
    found = open_store(store)
    problems = list(verify_store(found))
    if as_json:
        click.echo(json.dumps([asdict(problem) for problem in problems], indent=2, ensure_ascii=False))
    else:
        for problem in problems:
            click.echo(printable(str(problem)))
        runs = sum(len(project.runs) for project in found.projects)
        counts = (counted(runs, "run"), counted(len(found.projects), "project"), counted(len(problems), "problem"))
        click.echo(", ".join(counts))
    context.exit(1 if problems else 0)
