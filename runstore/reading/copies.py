"""Where the copy of a store at a commit lies: for a moment, or kept for whoever reads that commit next.

A copy that is kept is complete, as it is renamed into its place, and never changes: a later reading finds the same
files with what the first one remembered of them.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import astuple
from pathlib import Path
from typing import Final

from runstore.reading.problems import Problem

MOST_KEPT: Final = 32
"""Of more copies those go first that were not read for the longest time."""
_STORE: Final = "store"
_LEFT_OUT: Final = "left-out.json"

Fill = Callable[[Path], list[Problem]]
"""Writes a copy into an empty directory, and says what it left out."""


@contextmanager
def copied(fill: Fill, kept: Path | None, name: str) -> Iterator[tuple[Path, list[Problem]]]:
    """The directory of a copy, and what was left out of it.

    With `kept` it is the one that lies there as `name`, made if need be; where that cannot be written, or is a link,
    and without `kept`, it is gone behind the block. Raises what `fill` raises.
    """
    found = None if kept is None else _kept(fill, kept, name)
    if found is not None:
        yield found
        return
    with tempfile.TemporaryDirectory(prefix="runstore-") as folder:
        store = Path(folder) / _STORE
        store.mkdir()
        yield store, fill(store)


def _kept(fill: Fill, kept: Path, name: str) -> tuple[Path, list[Problem]] | None:
    place = kept / name
    # A store may come from strangers: what they left in its cache is a file of ours, or nothing.
    if any(path.is_symlink() for path in (kept.parent, kept, place, place / _STORE, place / _LEFT_OUT)):
        return None
    if (left_out := _left_out(place)) is not None:
        return place / _STORE, left_out
    try:
        kept.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(dir=kept, prefix=".", suffix=".tmp"))
    except OSError:
        return None
    try:
        (beside / _STORE).mkdir()
        left_out = fill(beside / _STORE)
        (beside / _LEFT_OUT).write_text(json.dumps([astuple(problem) for problem in left_out]))
        _put(beside, place)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    _forget_oldest(kept)
    return place / _STORE, left_out


def _put(beside: Path, place: Path) -> None:
    """Gives a whole copy its name, where nobody did so meanwhile."""
    try:
        beside.rename(place)
    except OSError:
        if _left_out(place) is None:
            shutil.rmtree(place, ignore_errors=True)
            beside.rename(place)


def _left_out(place: Path) -> list[Problem] | None:
    """What was left out of a copy; None where there is no whole one."""
    try:
        told = [Problem(*each) for each in json.loads((place / _LEFT_OUT).read_bytes())]
        os.utime(place)
    except (OSError, ValueError, TypeError):
        return None
    return told if (place / _STORE).is_dir() else None


def _forget_oldest(kept: Path) -> None:
    try:
        copies = [path for path in kept.iterdir() if (path / _LEFT_OUT).is_file() and not path.is_symlink()]
        for path in sorted(copies, key=lambda path: -path.stat().st_mtime)[MOST_KEPT:]:
            shutil.rmtree(path, ignore_errors=True)
    except OSError:
        return  # Somebody else forgets them at the same time.
