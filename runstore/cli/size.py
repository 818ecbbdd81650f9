"""`runstore size`: what a store weighs, and what to do when that is too much for git."""

import json
from pathlib import Path
from typing import Any

import click

from runstore.cli.examples import examples
from runstore.cli.stores import store_option
from runstore.cli.terminal import print_table, show_size
from runstore.cli.words import counted, printable
from runstore.errors import StoreError
from runstore.format.locate import existing_store
from runstore.manage.sizes import KINDS, ProjectSize, StoreSize, Weight, advice, measure
from runstore.settings import from_environment

_LARGEST = 10


@click.command(
    short_help="Show what the store weighs.",
    epilog=examples(
        "runstore size",
        "runstore size --project digits  # run by run",
        "runstore size --json",
    ),
)
@click.option("--project", metavar="NAME", help="The runs of this project, the largest first.")
@click.option("--all", "every", is_flag=True, help="With --project: every run, and not only the ten largest.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
@store_option
def size(project: str | None, every: bool, as_json: bool, store: Path | None) -> None:
    """Show what the store weighs, by project or run and by kind of file, and what git keeps of all its commits.

    Where it outgrows git it says what to do.
    """
    layout = existing_store(store if store is not None else from_environment().store_root())
    found = measure(layout)
    if as_json:
        click.echo(json.dumps(_describe(found), indent=2, ensure_ascii=False))
    elif project is not None:
        _list_runs(_project(found, project), every=every)
    else:
        _list_projects(found)


def _project(found: StoreSize, name: str) -> ProjectSize:
    for project in found.projects:
        if project.name == name:
            return project
    known = ", ".join(project.name for project in found.projects[:10]) or "no project yet"
    raise StoreError(f"found no project {name!r}; there is {known}")


def _list_projects(found: StoreSize) -> None:
    kinds = _kinds(found.weight)
    rows = [_row(project.name, len(project.runs), project.weight, kinds) for project in found.projects]
    if found.artifacts.files:
        rows.append(_row("what artifacts hold", 0, found.artifacts, kinds))
    rows.append(_row("all", sum(len(project.runs) for project in found.projects), found.weight, kinds))
    columns = ["PROJECT", "RUNS", "FILES", "SIZE", *(kind.upper() for kind in kinds)]
    print_table(columns, rows, right=columns[1:])
    for what, amount in (("caches", found.cache), ("the trash", found.trash)):
        if amount:
            click.echo(f"{what}, on this machine alone: {show_size(amount)}")
    if found.in_git is not None:
        click.echo(f"git keeps {show_size(found.in_git)} of all commits")
    for each in advice(found, show_size):
        click.echo(printable(f"{each.found}: {each.do}"))


def _row(name: str, runs: int, weight: Weight, kinds: list[str]) -> list[str]:
    return [name, str(runs or ""), str(weight.files), show_size(weight.total), *_cells(weight, kinds)]


def _cells(weight: Weight, kinds: list[str]) -> list[str]:
    return [show_size(weight.kinds[kind]) if kind in weight.kinds else "" for kind in kinds]


def _kinds(weight: Weight) -> list[str]:
    """The kinds that there are any files of."""
    return [kind for kind in KINDS if kind in weight.kinds]


def _list_runs(project: ProjectSize, *, every: bool) -> None:
    runs = sorted(project.runs.items(), key=lambda item: (-item[1].total, item[0]))
    shown = runs if every else runs[:_LARGEST]
    kinds = _kinds(project.weight)
    rows = [[name, str(weight.files), show_size(weight.total), *_cells(weight, kinds)] for name, weight in shown]
    columns = ["RUN", "FILES", "SIZE", *(kind.upper() for kind in kinds)]
    print_table(columns, rows, right=columns[1:])
    if len(shown) < len(runs):
        click.echo(f"… and {counted(len(runs) - len(shown), 'smaller run')}; --all shows them")


def _describe(found: StoreSize) -> dict[str, Any]:
    return {
        **_weight(found.weight),
        "artifacts": found.artifacts.total,
        "cache": found.cache,
        "trash": found.trash,
        "in_git": found.in_git,
        "largest": {"path": found.largest[0], "size": found.largest[1]},
        "projects": [
            {
                "name": project.name,
                **_weight(project.weight),
                "runs": [{"id": run, **_weight(weight)} for run, weight in project.runs.items()],
            }
            for project in found.projects
        ],
        "advice": [{"found": each.found, "do": each.do} for each in advice(found, show_size)],
    }


def _weight(weight: Weight) -> dict[str, Any]:
    return {"size": weight.total, "files": weight.files, "kinds": weight.kinds}
