"""What a shell offers where a command expects something that the store has: runs, projects, sweeps, reports, artifacts.

Only directories are listed, and of runs the line of their name is read: nobody waits for a key that was pressed.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import click
from click.shell_completion import CompletionItem

from runstore.errors import RunstoreError
from runstore.format.layout import ProjectLayout, StoreLayout
from runstore.format.locate import existing_store
from runstore.format.run_layout import RunLayout
from runstore.remote.addresses import Address
from runstore.settings import from_environment

_MOST_NAMES: Final = 2_000
_HEAD_BYTES: Final = 2_000
_NAME: Final = re.compile(r"^name: *([\"']?)([\w.+-]+)\1 *\r?$", re.MULTILINE)
"""A plain name: shells would take one with spaces for several words."""

Items = Iterable[CompletionItem]


class _InStore(click.types.StringParamType):
    """A text for which the shell is offered what `find` finds in the store; any other is taken too."""

    def __init__(self, find: Callable[[StoreLayout, str], Items]) -> None:
        self._find = find

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        given = ctx.params.get("store")
        if isinstance(given, Address):
            return []  # Nobody waits for a network either.
        with suppress(RunstoreError, OSError):  # A key that was pressed is no place for an error.
            root = Path(given) if given else from_environment().store_root()
            return [each for each in self._find(existing_store(root), incomplete) if each.value.startswith(incomplete)]
        return []


def _projects(store: StoreLayout, _: str) -> Items:
    return [CompletionItem(project.name) for project in store.projects()]


def _runs(store: StoreLayout, incomplete: str) -> Iterator[CompletionItem]:
    """Runs by id and by name; behind `project/`, those of the project by their ids."""
    wanted, _, _ = incomplete.rpartition("/")
    read = 0
    for project in store.projects():
        if wanted and project.name != wanted:
            continue
        for run in project.runs():
            read += 1
            name = _name(run) if read <= _MOST_NAMES else ""
            yield CompletionItem(f"{project.name}/{run.path.name}" if wanted else run.path.name, help=name)
            if name and not wanted:
                yield CompletionItem(name, help=f"{project.name}/{run.path.name}")


def _name(run: RunLayout) -> str:
    try:
        with open(run.run_yaml, "rb") as file:
            found = _NAME.search(file.read(_HEAD_BYTES).decode("utf-8", "replace"))
    except OSError:
        return ""
    return found[2] if found else ""


def _below(listed: Callable[[ProjectLayout], Iterable[str]]) -> Callable[[StoreLayout, str], Items]:
    """Finds what projects have by name; behind `project/`, by path."""

    def find(store: StoreLayout, incomplete: str) -> Iterator[CompletionItem]:
        for project in store.projects():
            for name in listed(project):
                path = f"{project.name}/{name}"
                yield CompletionItem(path) if "/" in incomplete else CompletionItem(name, help=project.name)

    return find


def _reports(store: StoreLayout, _: str) -> Iterator[CompletionItem]:
    yield from (CompletionItem(path.stem) for path in store.reports())
    for project in store.projects():
        yield from (CompletionItem(f"{project.name}/{path.stem}") for path in project.reports())


def _deleted(store: StoreLayout, _: str) -> Iterator[CompletionItem]:
    for path in store.trashed_runs():
        yield CompletionItem(path.name, help=path.parent.parent.name)


PROJECT: Final = _InStore(_projects)
RUN: Final = _InStore(_runs)
DELETED: Final = _InStore(_deleted)
"""A run in the trash."""
SWEEP: Final = _InStore(_below(lambda project: project.sweep_ids()))
ARTIFACT: Final = _InStore(_below(lambda project: (each.name for each in project.artifacts())))
REPORT: Final = _InStore(_reports)
