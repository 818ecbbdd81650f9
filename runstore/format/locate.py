"""Which store is meant: by the working directory, by a path inside one, by a path that a person gave."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from runstore.errors import StoreError
from runstore.format.layout import STORE_DIR, STORE_FILE, ProjectLayout, StoreLayout
from runstore.format.run_layout import RunLayout

_HEAD: Final = 1 << 16
_URL: Final = re.compile(r"^[A-Za-z][A-Za-z0-9+.:-]+://")


def is_url(text: str) -> bool:
    """Whether a text that stands for a store is an address, as in `s3://bucket/store`, and no path."""
    return _URL.match(text) is not None


def default_store_root(start: Path) -> Path:
    """The store that belongs to the directory `start` when nobody named one.

    The nearest ancestor's `experiments/` that holds a `store.yaml`, else `experiments/` at the top of the git
    repository, else in `start` itself. It need not exist.
    """
    for folder in _upwards(start):
        if (folder / STORE_DIR / STORE_FILE).is_file():
            return folder / STORE_DIR
        if folder.name == STORE_DIR and (folder / STORE_FILE).is_file():
            return folder
    for folder in _upwards(start):
        if (folder / ".git").exists():
            return folder / STORE_DIR
    return start / STORE_DIR


def enclosing_store(path: Path) -> Path | None:
    """The nearest directory of a store, one of its projects or runs that `path` is or lies in; None outside of all.

    A store written by hand need not have a `store.yaml`: there a project is known by its runs' histories.
    """
    start = path.resolve()
    if any(project.holds_a_history() for project in _listed(start)):
        return start
    return next((folder for folder in _upwards(start) if _is_a_stores(folder)), None)


def is_store(folder: str) -> bool:
    """Whether a directory is a store that says so: its `store.yaml` has a format."""
    try:
        with open(os.path.join(folder, STORE_FILE), "rb") as file:
            return re.search(rb"^format: *\d+\s*$", file.read(_HEAD), re.MULTILINE) is not None
    except OSError:
        return False


def _is_a_stores(folder: Path) -> bool:
    """Whether `folder` is a store that says so, or a project or run of any."""
    project = ProjectLayout(folder)
    return (
        os.path.isfile(folder / STORE_FILE)
        or (os.path.isfile(project.project_yaml) and os.path.isdir(project.runs_dir))
        or project.holds_a_history()
        or (folder.parent.name == "runs" and RunLayout(folder).has_history())
    )


def _listed(root: Path) -> list[ProjectLayout]:
    try:
        return StoreLayout(root).projects()
    except OSError:
        return []


def _upwards(start: Path) -> Iterator[Path]:
    yield start
    yield from start.parents


def existing_store(path: Path) -> StoreLayout:
    """The store at `path`, or at `path/experiments`; raises `StoreError` in one line when there is none."""
    try:
        layouts = (StoreLayout(path), StoreLayout(path / STORE_DIR))
        # A store says so itself; only one that was written by hand is known by what it holds.
        for is_one in (lambda layout: layout.store_yaml.is_file(), lambda layout: bool(layout.projects())):
            for layout in layouts:
                if is_one(layout):
                    return layout
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error.strerror or error}); check its permissions") from None
    if not path.exists():
        raise StoreError(f"{path}: no such directory; name the store's directory (it holds {STORE_FILE})")
    if not path.is_dir():
        raise StoreError(f"{path}: found a file, expected a store's directory; name the directory itself")
    raise StoreError(
        f"{path}: found no {STORE_FILE} and no project with runs/, expected a store; "
        "name its directory, or log a run first"
    )
