"""`runstore schema`: the format of a store's files as JSON Schema."""

import json
from typing import Any

import click

from runstore.format.schema import NAMES, schema
from runstore.format.sweep_schema import SWEEP_SCHEMAS

_ALL = (*NAMES, *SWEEP_SCHEMAS)


@click.command(name="schema")
@click.argument("name", required=False, type=click.Choice(_ALL), metavar="[NAME]")
def show_schema(name: str | None) -> None:
    """Print the JSON Schema of a record; without NAME an object with all of them.

    NAME is one of the records that the documentation's pages on the formats name: store, run, sweep-claim, …
    """
    shown = _schema(name) if name else {each: _schema(each) for each in _ALL}
    click.echo(json.dumps(shown, indent=2, ensure_ascii=False))


def _schema(name: str) -> dict[str, Any]:
    return SWEEP_SCHEMAS[name] if name in SWEEP_SCHEMAS else schema(name)
