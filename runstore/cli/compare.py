"""`runstore diff`: in what runs differ."""

import json
from pathlib import Path
from typing import Any

import click
from rich.text import Text

from runstore.cli.stores import open_store, store_option
from runstore.cli.terminal import clip, console, print_table, show_value
from runstore.cli.words import printable
from runstore.errors import UsageError
from runstore.manage.diff import Comparison, compare

_LONGEST = 60


@click.command()
@click.argument("runs", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@store_option
@click.pass_context
def diff(context: click.Context, runs: tuple[str, ...], as_json: bool, store: Path | None) -> None:
    """Compare two or more RUNS: config, summary, code, requirements, provenance. Exits with 1 where they differ."""
    if len(runs) < 2:
        raise UsageError("found one run, expected two or more to compare; name another")
    opened = open_store(store)
    found = compare([opened.find_run(name) for name in runs])
    if as_json:
        click.echo(json.dumps(found.as_dict(), indent=2, ensure_ascii=False))
    else:
        _print(found)
    context.exit(1 if found.differences or found.patch else 0)


def _print(found: Comparison) -> None:
    names = [f"{run.project}/{run.id}" for run in found.runs]
    sections = list(dict.fromkeys(each.section for each in found.differences))
    for section in sections:
        rows = [
            [clip(each.key, _LONGEST), *(_cell(value) for value in each.values)]
            for each in found.differences
            if each.section == section
        ]
        console().print(Text(section, style="bold"))
        print_table(["", *names], rows)
    if found.patch:
        console().print(Text("changes of the code", style="bold"))
        for line in found.patch.splitlines():
            click.echo(printable(line))
    same = ", ".join(f"{count} of {section}" for section, count in found.same.items())
    click.echo(f"alike: {same}" if same else "nothing alike")


def _cell(value: Any) -> str:
    return "-" if value is None else clip(show_value(value), _LONGEST)
