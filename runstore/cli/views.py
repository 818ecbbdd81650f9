"""`runstore view`: the named views of a project's page."""

from dataclasses import asdict
from pathlib import Path

import click

from runstore.cli.choosing import as_array
from runstore.cli.completing import PROJECT
from runstore.cli.examples import examples
from runstore.cli.stores import find_project, open_store, store_option
from runstore.cli.words import printable
from runstore.errors import UsageError
from runstore.format.views import View, saved_views
from runstore.manage.views import address_parts, remove_view, save_view
from runstore.reading.store import Project, Store

project_option = click.option(
    "--project",
    metavar="NAME",
    type=PROJECT,
    help="The project. Default: the one of the address, else the store's only one.",
)


@click.group(short_help="Save, list and remove views of a project's page.")
def view() -> None:
    """Save, list and remove named views of a project's page: its filters, groups, columns and panels."""


@view.command(
    "save",
    epilog=examples(
        "runstore view save 'by optimizer' 'digits/index.html#group=config.optimizer'",
        "runstore view save start '_site/digits/index.html#smooth=0.6' --default",
    ),
)
@click.argument("name")
@click.argument("url")
@click.option("--default", "as_default", is_flag=True, help="Open the page with this view.")
@project_option
@store_option
def save(name: str, url: str, as_default: bool, project: str | None, store: Path | None) -> None:
    """Save under NAME what the page's address URL shows. A view of that name is replaced."""
    found = open_store(store)
    named, fragment = address_parts(url)
    target = _project(found, project or (named if any(each.name == named for each in found.projects) else None))
    replaced = save_view(target.layout, View(name, fragment, as_default))
    what = "replaced" if replaced else "saved"
    click.echo(f"{what} the view {printable(name)} of {target.name}; it is a tab of the page after the next build")


@view.command(
    "ls",
    epilog=examples(
        "runstore view ls digits",
    ),
)
@click.argument("project", required=False, type=PROJECT)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array, one object a view.")
@store_option
def list_views(project: str | None, as_json: bool, store: Path | None) -> None:
    """List the views of PROJECT, or of every project."""
    found = open_store(store)
    projects = found.projects if project is None else (find_project(found, project),)
    if as_json:
        values = [{"project": each.name, **asdict(view)} for each in projects for view in saved_views(each.meta)]
        click.echo(as_array(values))
        return
    lines = [
        f"{each.name}  {printable(view.name)}{'  (default)' if view.default else ''}  #{printable(view.fragment)}"
        for each in projects
        for view in saved_views(each.meta)
    ]
    click.echo("\n".join(lines) if lines else "no views yet")


@view.command(
    "rm",
    epilog=examples(
        "runstore view rm 'by optimizer'",
    ),
)
@click.argument("name")
@project_option
@store_option
def remove(name: str, project: str | None, store: Path | None) -> None:
    """Remove the view NAME."""
    found = open_store(store)
    having = [each for each in found.projects if any(view.name == name for view in saved_views(each.meta))]
    target = having[0] if project is None and len(having) == 1 else _project(found, project)
    remove_view(target.layout, name)
    click.echo(f"removed the view {printable(name)} of {target.name}")


def _project(store: Store, name: str | None) -> Project:
    if name is not None:
        return find_project(store, name)
    if len(store.projects) == 1:
        return store.projects[0]
    raise UsageError("found no project to take; pass --project, or an address of its page")
