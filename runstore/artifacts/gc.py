"""Removing content that no version needs. What a version needs is never removed, even if a run logs it this moment.

Needed is every digest that a manifest holds: of versions, of those in the trash, of what runs are gathering. A
manifest that cannot be read stops the clean-up. Young blobs are left alone: whoever stores a version makes its blobs
young first.
"""

import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from runstore.artifacts import manifest, publishing
from runstore.artifacts.collection import Version, iter_collections
from runstore.format.layout import MANIFEST, StoreLayout, refuse_links

YOUNG_SECONDS: Final = 3600.0
_LEFT_OVER_SECONDS: Final = 86400.0
_DIGEST = re.compile(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_BLOB = re.compile(r"^[0-9a-f]{64}$")


@dataclass(frozen=True, slots=True)
class Collected:
    """What a clean-up removed, or would remove: blobs and their bytes, and versions whose lifetime was over.

    `kept` blobs are needed, `young` ones not, but may be soon.
    """

    blobs: int = 0
    size: int = 0
    kept: int = 0
    young: int = 0
    expired: tuple[str, ...] = ()


def collect(
    store: StoreLayout, *, dry_run: bool = False, expired: bool = False, young: float = YOUNG_SECONDS
) -> Collected:
    """Removes blobs that nothing needs and that are older than `young` seconds.

    With `expired`, versions past their lifetime are moved to the trash first (their content goes once that is emptied).
    With `dry_run` nothing is changed. Raises `StoreError` when a manifest or directory cannot be read or the blobs'
    directory is a link, `OSError`.
    """
    refuse_links(store.root, store.objects_dir)
    gone = expired_versions(store) if expired else []
    if not dry_run:
        for version in gone:
            publishing.delete(version)
        _remove_left_overs(store)
    needed = needed_digests(store)
    limit = time.time() - young
    counts = dict.fromkeys(("blobs", "size", "kept", "young"), 0)
    doomed: list[tuple[Path, int]] = []
    for path, found in _blobs(store):
        if path.name in needed:
            counts["kept"] += 1
        elif found.st_mtime > limit:
            counts["young"] += 1
        else:
            doomed.append((path, found.st_size))
    # A version that was written while we looked around keeps its content.
    needed = needed_digests(store) if doomed else needed
    for path, size in doomed:
        if path.name not in needed and (dry_run or _remove(path, limit)):
            counts["blobs"] += 1
            counts["size"] += size
    return Collected(**counts, expired=tuple(version.qualified_name for version in gone))


def expired_versions(store: StoreLayout, now: float | None = None) -> list[Version]:
    """The versions whose lifetime is over. Raises `StoreError`."""
    moment = time.time() if now is None else now
    found = [version for collection in iter_collections(store) for version in collection.versions]
    return [version for version in found if version.expires is not None and version.expires <= moment]


def needed_digests(store: StoreLayout) -> set[str]:
    """Every digest that some manifest holds, word for word. Raises `StoreError` when one cannot be read."""
    found: set[str] = set()
    for path in _manifests(store):
        found.update(digest.decode() for digest in _DIGEST.findall(manifest.read(path)))
    return found


def _manifests(store: StoreLayout) -> Iterator[Path]:
    """Every manifest, wherever it lies: of a version, of one on its way, of parts, and in the trash."""

    def fail(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            raise manifest.problem_of(Path(str(error.filename)), error)

    roots = [Path(entry.path) for entry in _scan(store.root) if entry.is_dir(follow_symlinks=False)]
    places = [root / "artifacts" for root in roots if not root.name.startswith(".")]
    for place in (*places, store.trash_dir):
        for folder, _, names in os.walk(place, onerror=fail):
            for name in names:
                if name == MANIFEST or name.endswith(".yaml"):
                    yield Path(folder, name)


def _scan(path: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(path) as entries:
            return list(entries)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise manifest.problem_of(path, error) from None


def _blobs(store: StoreLayout) -> Iterator[tuple[Path, os.stat_result]]:
    """The blobs there are. What else lies among them is not ours."""
    for folder in _scan(store.objects_dir):
        if folder.is_dir(follow_symlinks=False) and len(folder.name) == 2:
            for entry in _scan(Path(folder.path)):
                if _BLOB.match(entry.name) and entry.is_file(follow_symlinks=False):
                    yield Path(entry.path), entry.stat(follow_symlinks=False)


def _remove(path: Path, limit: float) -> bool:
    """Whether the blob was removed. One that somebody made young in the last moment is put back.

    It is taken out of the way first: who wants it from then on finds none, and stores it anew.
    """
    aside = path.with_name(f".{path.name[:12]}.{secrets.token_hex(4)}.tmp")
    try:
        os.rename(path, aside)
        if os.lstat(aside).st_mtime > limit:
            if os.path.lexists(path):
                os.unlink(aside)
            else:
                os.rename(aside, path)
            return False
        os.unlink(aside)
    except FileNotFoundError:
        return False
    return True


def _remove_left_overs(store: StoreLayout) -> None:
    """Removes what processes that were killed left behind a day ago or longer."""
    limit = time.time() - _LEFT_OVER_SECONDS
    for folder in _scan(store.objects_dir):
        for entry in _scan(Path(folder.path)) if folder.is_dir(follow_symlinks=False) else []:
            if entry.name.startswith(".") and entry.name.endswith(".tmp") and _is_old(entry, limit):
                os.unlink(entry.path)
    for entry in _scan(store.staging_dir):
        if _is_old(entry, limit) and not _is_live(entry.name):
            shutil.rmtree(entry.path, ignore_errors=True)


def _is_old(entry: os.DirEntry[str], limit: float) -> bool:
    try:
        return entry.stat(follow_symlinks=False).st_mtime <= limit
    except FileNotFoundError:
        return False


def _is_live(name: str) -> bool:
    """Whether a process of that number lives here; one elsewhere is known by its age alone."""
    number = name.partition("-")[0]
    try:
        os.kill(int(number), 0)
    except (ValueError, ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def empty_trash(store: StoreLayout) -> int:
    """Forgets the deleted versions for good, and says how many; `collect` removes what they held. Raises `OSError`."""
    found = store.trashed_versions()
    for path in found:
        path.unlink(missing_ok=True)
        for folder in (path.parent, path.parent.parent):
            try:
                folder.rmdir()
            except OSError:
                break  # It holds other versions.
    return len(found)
