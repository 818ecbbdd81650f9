"""`runstore diff`: in what runs differ."""

import json
from pathlib import Path
from typing import Any

import click
from rich.text import Text

from runstore.cli.completing import RUN
from runstore.cli.examples import examples
from runstore.cli.stores import Place, open_store, readable_store_option
from runstore.cli.terminal import clip, console, print_table, show_value
from runstore.cli.words import printable
from runstore.errors import UsageError
from runstore.manage.diff import Comparison, compare
from runstore.reading.store import Store

_LONGEST = 60


@click.command(
    short_help="Compare runs, or the store at two commits.",
    epilog=examples(
        "runstore diff a1b2c3d4 e5f6g7h8",
        "runstore diff main..HEAD  # what a branch adds",
        "runstore diff a1b2c3d4 e5f6g7h8 --json",
    ),
)
@click.argument("runs", nargs=-1, required=True, type=RUN)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--markdown", "as_markdown", is_flag=True, help="Of revisions: print Markdown, for a pull request.")
@click.option("--pictures", type=click.Path(path_type=Path), metavar="DIR", help="Write curves there as SVG files.")
@click.option("--pictures-url", metavar="URL", help="Where the Markdown will find them, if not in that directory.")
@readable_store_option
@click.pass_context
def diff(
    context: click.Context,
    runs: tuple[str, ...],
    as_json: bool,
    as_markdown: bool,
    pictures: Path | None,
    pictures_url: str | None,
    store: Place | None,
) -> None:
    """Compare two or more RUNS: config, summary, code, requirements, provenance. Exits with 1 where they differ.

    With BASE..HEAD instead: what the store at one revision has that it lacks at another. BASE.. means the working tree.
    """
    if as_json and as_markdown:
        raise UsageError("found both --json and --markdown; choose one")
    opened = open_store(store, "runs")
    if len(runs) == 1 and ".." in runs[0] and not _is_run(opened, runs[0]):
        from runstore.cli.branch import Shown, diff_revisions  # Not at the top: two runs are compared without git.

        diff_revisions(opened, runs[0], Shown(as_json, as_markdown, pictures, pictures_url))
        return
    if as_markdown or pictures or pictures_url:
        raise UsageError("--markdown and --pictures go with revisions; write BASE..HEAD, or leave them out")
    if len(runs) < 2:
        raise UsageError("found one run, expected two or more to compare; name another, or revisions as in BASE..HEAD")
    found = compare([opened.find_run(name) for name in runs])
    if as_json:
        click.echo(json.dumps(found.as_dict(), indent=2, ensure_ascii=False))
    else:
        _print(found)
    context.exit(1 if found.differences or found.patch else 0)


def _is_run(store: Store, name: str) -> bool:
    return any(name in (run.id, run.name, f"{run.project}/{run.id}") for each in store.projects for run in each.runs)


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
