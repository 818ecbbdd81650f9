"""`runstore gc`: what lies in a store and nothing needs any more: caches, left-overs of killed processes, blobs."""

import os
import shutil
import stat
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from filelock import FileLock, Timeout

from runstore.artifacts import gc
from runstore.errors import StoreError
from runstore.format import records
from runstore.format.layout import StoreLayout
from runstore.format.run_layout import RunLayout, is_heartbeat, is_temporary

LEFT_OVER_SECONDS: Final = 86_400.0
"""What is younger may be somebody's work."""

Kind = Literal["cache", "temporary file", "lock", "heartbeat", "orphan blobs"]


@dataclass(frozen=True, slots=True)
class Waste:
    """Something that can go: its bytes, and how many files it is."""

    kind: Kind
    path: Path
    size: int
    files: int = 1


def find_waste(store: StoreLayout, *, caches: bool = True, now: float | None = None) -> list[Waste]:
    """What can go. Raises `StoreError` for a manifest that cannot be read: then nobody knows what blobs are needed."""
    moment = time.time() if now is None else now
    found = list(_caches(store)) if caches else []
    found += _left_overs(store, moment)
    blobs = gc.collect(store, dry_run=True)
    return [*found, Waste("orphan blobs", store.objects_dir, blobs.size, blobs.blobs)] if blobs.blobs else found


def remove(store: StoreLayout, waste: Sequence[Waste]) -> Iterator[tuple[Waste, str]]:
    """Removes it, and says of each why not, "" where it is gone. What somebody took up meanwhile stays."""
    for each in waste:
        try:
            yield each, _remove(store, each)
        except (OSError, StoreError) as error:
            yield each, str(getattr(error, "strerror", None) or error)


def _remove(store: StoreLayout, waste: Waste) -> str:
    if waste.kind == "orphan blobs":
        gc.collect(store)
    elif waste.kind == "cache":
        shutil.rmtree(waste.path)
    elif waste.kind == "lock":
        return _remove_lock(waste.path)
    else:
        waste.path.unlink(missing_ok=True)
    return ""


def _remove_lock(path: Path) -> str:
    try:
        with FileLock(path, timeout=0):
            path.unlink(missing_ok=True)
    except Timeout:
        return "is held by a process"
    return ""


def _caches(store: StoreLayout) -> Iterator[Waste]:
    """What is below the cache's directory, but for files on their way into the store and what unfinished runs are."""
    kept = {store.staging_dir, store.unfinished("x").parent}
    if store.cache_dir.is_symlink() or not store.cache_dir.is_dir():
        return
    for path in sorted(store.cache_dir.iterdir()):
        if path not in kept and path.is_dir() and not path.is_symlink():
            sizes = [
                os.lstat(os.path.join(folder, name)).st_size for folder, _, names in os.walk(path) for name in names
            ]
            yield Waste("cache", path, sum(sizes), len(sizes))


def _left_overs(store: StoreLayout, now: float) -> Iterator[Waste]:
    """What killed processes left behind, in the order of their paths."""
    hidden = {store.cache_dir, store.trash_dir, store.repair_dir, store.root / ".git"}
    for folder, inner, names in os.walk(store.root):
        here = Path(folder)
        inner[:] = sorted(name for name in inner if here / name not in hidden and not (here / name).is_symlink())
        for name in sorted(names):
            if (found := _left_over(here / name, now)) is not None:
                yield found


def _left_over(path: Path, now: float) -> Waste | None:
    try:
        found = path.lstat()
    except OSError:
        return None
    old = now - found.st_mtime > LEFT_OVER_SECONDS
    if old and is_temporary(path.name):
        return Waste("temporary file", path, found.st_size)
    if old and _is_our_lock(path) and stat.S_ISREG(found.st_mode):
        return Waste("lock", path, found.st_size)
    if old and is_heartbeat(path.name) and path.parent.parent.name == "runs" and _has_ended(path):
        return Waste("heartbeat", path, found.st_size)
    return None


def _is_our_lock(path: Path) -> bool:
    """Whether it is the lock of a sweep: a `uv.lock` among a run's files is the run's."""
    return path.name.endswith(".lock") and path.parent.name == "locks" and path.parent.parent.parent.name == "sweeps"


def _has_ended(path: Path) -> bool:
    """Whether a heartbeat is of a run that recorded its end: of one that did not it tells when it crashed."""
    try:
        state = records.load_state(RunLayout(path.parent).state_json)
        return state is not None and state.state != "running"
    except StoreError:
        return False
