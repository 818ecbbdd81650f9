"""Keeps what a repair or a migration replaces, so that it can be taken back byte for byte.

    .repair/<when>-<random>/journal.jsonl   one line a file, written before the file is touched
    .repair/<when>-<random>/files/<path>    the file as it was

The file as it was is the same file under another name (a hard link, where there are such), so that keeping it costs
nothing but its old bytes.
"""

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Final

from runstore.errors import StoreError
from runstore.format.layout import StoreLayout
from runstore.format.records import write_atomically

_JOURNAL: Final = "journal.jsonl"
_FILES: Final = "files"
_NOTHING: Final = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One file that was replaced or removed: its path in the store, and SHA-256 before and after ("" for no file)."""

    path: str
    before: str
    after: str


class Aside:
    """The changes of one repair. Nothing is made on the disk before the first."""

    def __init__(self, store: StoreLayout) -> None:
        self._store = store
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        self.folder = store.repair_dir / f"{stamp}-{secrets.token_hex(3)}"
        self.changes: list[Change] = []

    def replace(self, path: Path, data: bytes) -> None:
        """Writes `data` in the place of a file, which is kept. Raises `OSError`."""
        self._keep(path, hashlib.sha256(data).hexdigest())
        write_atomically(path, data, sync=True)

    def remove(self, path: Path) -> None:
        """Takes a file away, and keeps it. Raises `OSError`."""
        self._keep(path, _NOTHING)
        path.unlink()

    def _keep(self, path: Path, after: str) -> None:
        relative = path.relative_to(self._store.root)
        kept = self.folder / _FILES / relative
        _refuse_link(self._store.repair_dir)
        kept.parent.mkdir(parents=True, exist_ok=True)
        if not self.changes:
            write_atomically(self._store.repair_dir / ".gitignore", b"*\n")
        change = Change(relative.as_posix(), _digest(path), after)
        try:
            os.link(path, kept, follow_symlinks=False)
        except OSError:
            shutil.copy2(path, kept, follow_symlinks=False)
        with open(self.folder / _JOURNAL, "ab") as journal:
            journal.write(json.dumps(asdict(change)).encode() + b"\n")
            journal.flush()
            os.fsync(journal.fileno())
        self.changes.append(change)


def latest(store: StoreLayout) -> Path | None:
    """The directory of the last repair that was not taken back."""
    try:
        folders = sorted(path for path in store.repair_dir.iterdir() if (path / _JOURNAL).is_file())
    except OSError:
        return None
    return folders[-1] if folders else None


def undo(store: StoreLayout) -> Iterator[tuple[str, str]]:
    """Takes the last repair back, the last change first: each path, and what stood in the way, "" when nothing did.

    A file that was changed since the repair stays as it is, and the old one stays aside. Raises `StoreError` when
    there is no repair to take back.
    """
    _refuse_link(store.repair_dir)
    folder = latest(store)
    if folder is None:
        raise StoreError(f"{store.root}: found no repair to take back; `runstore verify --repair` makes one")
    left = False
    for change in reversed(_changes(folder)):
        trouble = _take_back(store, folder, change)
        left = left or bool(trouble)
        yield change.path, trouble
    if not left:
        shutil.rmtree(folder)


def _take_back(store: StoreLayout, folder: Path, change: Change) -> str:
    path, kept = store.root / change.path, folder / _FILES / change.path
    if not kept.exists():
        return ""  # Taken back before, by an undo that was cut short.
    now = _digest(path)
    if now == change.before:
        kept.unlink()  # The repair was cut short before it came to this file.
        return ""
    if now != change.after:
        return f"found a file that was changed since, expected the repaired one; the old one is {kept}"
    path.parent.mkdir(parents=True, exist_ok=True)
    os.replace(kept, path)
    return ""


def _changes(folder: Path) -> list[Change]:
    found = []
    for line in (folder / _JOURNAL).read_bytes().splitlines():
        try:
            change = Change(**json.loads(line))
        except (ValueError, TypeError):
            continue  # Torn: its file was not touched.
        parts = PurePosixPath(change.path).parts
        if parts and not change.path.startswith("/") and ".." not in parts:
            found.append(change)
    return found


def _digest(path: Path) -> str:
    """SHA-256 of a plain file, "" when there is none."""
    try:
        with open(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return _NOTHING


def _refuse_link(folder: Path) -> None:
    if folder.is_symlink():
        raise StoreError(f"{folder}: found a link, which is not followed; remove it")
