"""`runstore schema`: the format of a store's files, and of what people write, as JSON Schema."""

import json
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Final

import click

from runstore.cli.examples import examples
from runstore.cli.words import counted
from runstore.errors import UsageError
from runstore.format.schema import NAMES, schema
from runstore.format.sections import meant
from runstore.format.sweep_schema import SWEEP_SCHEMAS

OFFERED: Final = "runstore.schemas"
"""Entry points by which packages above this one add the schemas of what they read."""


@click.command(
    short_help="Print the JSON Schema of a file of the store.",
    name="schema",
    epilog=examples(
        "runstore schema run",
        "runstore schema --save schemas  # a file each, for an editor",
    ),
)
@click.argument("name", required=False)
@click.option(
    "--save",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write each schema into DIR, as NAME.json, where editors find it.",
)
def show_schema(name: str | None, folder: Path | None) -> None:
    """Print the JSON Schema of a record; without NAME an object with all of them.

    NAME is sweep for sweep.yaml, report for a report's front matter, project for project.yaml, or one of the records
    that the documentation's pages on the formats name: store, run, sweep-claim, …
    """
    names = _names()
    if name is not None and name not in names:
        raise UsageError(f"found the record {name!r}; {meant(name, names) or 'expected one of ' + ', '.join(names)}")
    chosen = (name,) if name else names
    if folder is not None:
        _save(folder, {each: _schema(each) for each in chosen})
    else:
        click.echo(_dumps(_schema(name) if name else {each: _schema(each) for each in names}), nl=False)


def _names() -> list[str]:
    return [*NAMES, *SWEEP_SCHEMAS, *sorted(point.name for point in entry_points(group=OFFERED))]


def _schema(name: str) -> dict[str, Any]:
    for point in entry_points(group=OFFERED, name=name):
        offered: dict[str, Any] = point.load()
        return offered
    return SWEEP_SCHEMAS[name] if name in SWEEP_SCHEMAS else schema(name)


def _save(folder: Path, schemas: dict[str, dict[str, Any]]) -> None:
    from runstore.manage.export import save  # Not at the top: what is printed needs no Polars.

    for name, values in schemas.items():
        save(folder / f"{name}.json", _dumps(values).encode())
    click.echo(f"{folder}: {counted(len(schemas), 'schema')}")


def _dumps(values: Any) -> str:
    return json.dumps(values, indent=2, ensure_ascii=False) + "\n"
