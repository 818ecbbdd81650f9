"""Deleting runs: a tombstone that everybody's clone of the store sees, and a trash on this machine until it is emptied.

The tombstone keeps the id from ever being used again, and is taken away only when the run is restored.
"""

import os
import shutil
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from runstore.errors import StoreError, UsageError
from runstore.format.layout import StoreLayout, make_below
from runstore.format.names import check_project_name, check_run_id
from runstore.format.records import (
    Tombstone,
    dump_tombstone,
    load_run,
    load_tombstone,
    parse_time,
    write_atomically,
)
from runstore.format.run_layout import RunLayout
from runstore.manage.edit import author, refuse_running, unwritable
from runstore.reading.store import RunRecord
from runstore.remote.arriving import refuse_change


@dataclass(frozen=True, slots=True)
class Deleted:
    """A run in the trash. `deleted` is epoch s, None when unknown; `size` counts the bytes of its files."""

    project: str
    id: str
    name: str
    deleted: float | None
    by: str
    size: int
    path: Path

    @property
    def deleted_at(self) -> str | None:
        """When it was deleted, ISO 8601 in UTC."""
        return None if self.deleted is None else datetime.fromtimestamp(self.deleted, UTC).isoformat(timespec="seconds")


def delete(store: StoreLayout, run: RunRecord, *, force: bool = False) -> Path:
    """Puts a run into the trash and its tombstone into the store; where it lies now.

    A live run is refused without `force`. Raises `UsageError` or `StoreError`; then everything is as it was.
    """
    refuse_change(store.root)
    if not force:
        refuse_running(run, "deleted")
    tombstone = store.project(run.project).deleted(run.id)
    trashed = store.trashed_run(run.project, run.id)
    if os.path.lexists(trashed):
        raise UsageError(f"{trashed}: a run of this id lies in the trash already; empty the trash first")
    record = Tombstone(run.id, datetime.now(UTC).isoformat(timespec="seconds"), author())
    try:
        make_below(store.root, trashed.parent)
        make_below(store.root, tombstone.parent)
        write_atomically(tombstone, dump_tombstone(record))
        os.rename(run.layout.path, trashed)
    except OSError as error:
        if run.layout.path.is_dir():
            tombstone.unlink(missing_ok=True)
        raise unwritable(trashed, error) from None
    return trashed


def restore(store: StoreLayout, project: str, run_id: str) -> RunLayout:
    """Takes a run out of the trash, and its tombstone away. Raises `UsageError` or `StoreError`."""
    layout = store.project(project).run(run_id)
    trashed = store.trashed_run(project, run_id)
    if not _is_directory(trashed):
        if os.path.lexists(store.project(project).deleted(run_id)):
            raise UsageError(f"{trashed}: the run was deleted, but lies in another clone's trash; copy it from there")
        raise UsageError(f"{trashed}: found no such run in the trash; `runstore trash` lists those there are")
    if os.path.lexists(layout.path):
        raise UsageError(f"{layout.path}: a run of this id is there; move it away first")
    try:
        layout.path.parent.mkdir(parents=True, exist_ok=True)
        os.rename(trashed, layout.path)
        store.project(project).deleted(run_id).unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(layout.path, error) from None
    return layout


def find(store: StoreLayout, name: str) -> Deleted:
    """The run in the trash with this id, `project/id` or name. Raises `StoreError` when there is none or several."""
    everything = list(contents(store))
    for match in (
        [each for each in everything if name in (each.id, f"{each.project}/{each.id}")],
        [each for each in everything if each.name == name],
    ):
        if len(match) == 1:
            return match[0]
        if match:
            paths = ", ".join(f"{each.project}/{each.id}" for each in match[:5])
            raise StoreError(f"{store.trash_dir}: {len(match)} runs are called {name!r} ({paths}); name one of these")
    raise StoreError(f"{store.trash_dir}: found no run {name!r}; `runstore trash` lists those there are")


def contents(store: StoreLayout) -> Iterator[Deleted]:
    """The runs in the trash, by project and id. A link is not followed."""
    for path in store.trashed_runs():
        project = path.parent.parent.name
        if _is_name(project, path.name):
            yield _describe(store, project, path)


def _is_name(project: str, run_id: str) -> bool:
    try:
        return bool(check_project_name(project) and check_run_id(run_id))
    except UsageError:
        return False


def _describe(store: StoreLayout, project: str, path: Path) -> Deleted:
    tombstone = store.project(project).deleted(path.name)
    name, by, moment = path.name, "", None
    try:
        name = load_run(RunLayout(path).run_yaml, []).name or path.name
        record = load_tombstone(tombstone)
        by, moment = record.by, parse_time(record.deleted)
    except StoreError:
        pass  # It lies there all the same.
    return Deleted(project, path.name, name, moment, by, _size(path), path)


def is_older(run: Deleted, seconds: float) -> bool:
    """Whether a run was deleted at least so many seconds ago."""
    moment = run.deleted if run.deleted is not None else run.path.lstat().st_mtime
    return time.time() - moment >= seconds


def empty(runs: Iterable[Deleted], told: Callable[[], None] = lambda: None) -> tuple[int, int]:
    """Deletes runs of the trash for good; how many, and their bytes.

    Their tombstones stay. `told` is called after each. Raises `StoreError`.
    """
    count = size = 0
    for run in runs:
        try:
            shutil.rmtree(run.path)
        except OSError as error:
            raise unwritable(run.path, error) from None
        count, size = count + 1, size + run.size
        told()
    return count, size


def _is_directory(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def _size(path: Path) -> int:
    return sum(os.lstat(os.path.join(folder, name)).st_size for folder, _, names in os.walk(path) for name in names)
