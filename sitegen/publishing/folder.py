"""Publishing into a folder: it becomes the site, file by file, and keeps what it holds of anybody else.

The site's manifest tells which of the folder's files an earlier publication put there: these alone are ever changed or
removed.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from runstore.errors import StoreError
from runstore.format.records import write_atomically
from sitegen import urls

Digests = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Mirrored:
    """How many files were written, removed and left as they were."""

    written: int
    removed: int
    unchanged: int


def mirror(site: Path, target: Path) -> Mirrored:
    """Makes the folder `target` hold the site. Raises `StoreError` where a file of somebody else stands in the way, or
    the folder cannot be written; then what was there before is there still, and doing it again goes on."""
    try:
        return _mirror(site, target)
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreError(
            f"{error.filename or target}: cannot be published to ({reason}); choose another --to"
        ) from None


def _mirror(site: Path, target: Path) -> Mirrored:
    wanted, earlier = _manifest(site), _manifest(target)
    target.mkdir(parents=True, exist_ok=True)
    root = target.resolve()
    stale = [path for path in earlier if path not in wanted]
    changed = [path for path, digest in wanted.items() if not _is_there(root, path, earlier.get(path), digest)]
    foreign = [path for path in changed if path not in earlier and not _may_write(site, root, path)]
    if foreign:
        raise StoreError(
            f"{target / foreign[0]}: a file that is not of this site is in its way; move it, or choose another --to"
        )
    # Until all is done the folder's manifest names the files of both: what is cut short is known again.
    write_atomically(
        target / urls.MANIFEST, _dump({**earlier, **dict.fromkeys(changed, ""), **dict.fromkeys(stale, "")})
    )
    for path in changed:
        _put(site / path, _inside(root, path))
    for path in stale:
        _remove(root, path)
    write_atomically(target / urls.MANIFEST, (site / urls.MANIFEST).read_bytes())
    return Mirrored(len(changed), len(stale), len(wanted) - len(changed))


def _manifest(folder: Path) -> Digests:
    """The files of a site with their digests, none where the folder holds no site."""
    try:
        found = json.loads((folder / urls.MANIFEST).read_bytes())["files"]
        return {str(path): str(digest) for path, digest in found.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _inside(root: Path, path: str) -> Path:
    """A file's place in the folder. Raises `StoreError` where a link leads out of it."""
    found = root / path
    if ".." in Path(path).parts or not found.parent.resolve().is_relative_to(root) or found.is_symlink():
        raise StoreError(f"{found}: leads out of {root}; remove the link, or choose another --to")
    return found


def _is_there(root: Path, path: str, known: str | None, digest: str) -> bool:
    return known == digest and (root / path).is_file() and not (root / path).is_symlink()


def _may_write(site: Path, root: Path, path: str) -> bool:
    """Whether nothing stands at a path, or what the site has there."""
    there = root / path
    return not os.path.lexists(there) or (there.is_file() and _digest(there) == _digest(site / path))


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _put(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.tmp")
    shutil.copyfile(source, beside)
    beside.replace(target)


def _remove(root: Path, path: str) -> None:
    """Removes a file of an earlier publication, and the directories that are empty then. The manifest lies where
    anybody may write: it names no way out of the folder."""
    try:
        target = _inside(root, path)
    except StoreError:
        return
    target.unlink(missing_ok=True)
    for folder in target.parents:
        if folder == root or not folder.is_dir() or any(folder.iterdir()):
            return
        folder.rmdir()


def _dump(files: Digests) -> bytes:
    return json.dumps({"files": dict(sorted(files.items()))}, separators=(",\n", ": ")).encode() + b"\n"
