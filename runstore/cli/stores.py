"""Which store a command means, and reading it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from runstore.errors import StoreError
from runstore.settings import from_environment

if TYPE_CHECKING:
    from runstore.reading.store import Project, Store

store_option = click.option(
    "--store",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The store's directory. Default: RUNSTORE_DIR, else the experiments/ that belongs to the working directory.",
)


def open_store(path: Path | None) -> "Store":
    """Reads the store at `path`, or the one a script started here would log to. Raises `StoreError`."""
    # Not at the top: a command that has nothing to do need not wait for them.
    from rich.console import Console

    from runstore.reading.store import read_store

    root = path if path is not None else from_environment().store_root()
    with Console(stderr=True).status(f"Reading {root}"):
        return read_store(root)


def find_project(store: "Store", name: str) -> "Project":
    """Raises `StoreError` for a project that there is not."""
    for project in store.projects:
        if project.name == name:
            return project
    known = ", ".join(project.name for project in store.projects[:10]) or "no project yet"
    raise StoreError(f"{store.layout.root}: found no project {name!r}; there is {known}")
