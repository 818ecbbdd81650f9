"""`runstore settings`: what holds for a run that starts here, and where each value comes from."""

import json
from pathlib import Path

import click
from rich.text import Text

from runstore.cli.examples import examples
from runstore.cli.terminal import print_table
from runstore.cli.words import printable
from runstore.settings import SETTINGS, RunSettings, gather, show


@click.command(
    short_help="Print every setting, and where it comes from.",
    epilog=examples(
        "runstore settings",
        "runstore settings --set --json  # those that are set",
    ),
)
@click.option(
    "--store",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Read `settings:` of this store. Default: the store that a script started here would log to.",
)
@click.option("--set", "only_set", is_flag=True, help="Leave out settings that have their default.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object: name → value, origin, default, meaning.")
def settings(store: Path | None, only_set: bool, as_json: bool) -> None:
    """Print every setting, its value, and where it comes from.

    Strongest first: arguments of init, settings= in init, RUNSTORE_ variables, their WANDB_ twins, `settings:` in
    store.yaml, the default.
    """
    found, remarks = gather({"dir": store})
    for remark in remarks:
        click.echo(printable(f"runstore: warning: {remark}"), err=True)
    names = [name for name in SETTINGS if not only_set or found.origin(name) != "default"]
    if as_json:
        click.echo(json.dumps({name: _described(found, name) for name in names}, indent=2, ensure_ascii=False))
        return
    rows = [(name, _shown(found, name), _origin(found, name)) for name in names]
    print_table(("setting", "value", "from"), rows)
    click.echo(printable(f"store: {found.store_root()}"))


def _described(found: RunSettings, name: str) -> dict[str, object]:
    spec = SETTINGS[name]
    return {
        "value": show(getattr(found, name)),
        "origin": found.origin(name),
        "default": show(spec.default),
        "variables": list(spec.variables),
        "in_store": spec.in_store,
        "meaning": spec.meaning.replace("`", ""),
    }


def _shown(found: RunSettings, name: str) -> str:
    value = show(getattr(found, name))
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False) if not isinstance(value, str) else value


def _origin(found: RunSettings, name: str) -> Text:
    origin = found.origin(name)
    return Text(printable(origin), style="dim" if origin == "default" else "")
