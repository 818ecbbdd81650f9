"""`runstore schema`: the format of a store's files as JSON Schema."""

import json

import click

from runstore.format.schema import NAMES, schema


@click.command(name="schema")
@click.argument("name", required=False, type=click.Choice(NAMES), metavar="[NAME]")
def show_schema(name: str | None) -> None:
    """Print the JSON Schema of a record; without NAME an object with all of them.

    NAME is one of the records that the documentation's page on the format names: store, run, history, state, …
    """
    shown = schema(name) if name else {each: schema(each) for each in NAMES}
    click.echo(json.dumps(shown, indent=2, ensure_ascii=False))
