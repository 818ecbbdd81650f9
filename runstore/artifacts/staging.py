"""Where files wait between being added to a draft and being logged, so that the script may change its own meanwhile.

Best in the store that they will come to: there they only have to be renamed. The run that is current says which.
"""

import atexit
import os
import secrets
import shutil
import tempfile
from pathlib import Path

from runstore.artifacts import blobs
from runstore.artifacts.blobs import Content
from runstore.artifacts.host import host
from runstore.errors import RunstoreError, StoreError
from runstore.format.layout import StoreLayout, make_below
from runstore.settings import from_environment

_folders: dict[tuple[int, Path | None], str] = {}


def default_store() -> StoreLayout | None:
    """The store of the current run, else the one that a run started here would have; None when it is not there."""
    if (current := host()) is not None and current.on_disk:
        return current.store
    try:
        store = StoreLayout(from_environment().store_root())
    except RunstoreError:
        return None
    return store if store.store_yaml.is_file() else None


def take(path: str, *, mutable: bool) -> Content:
    """Hashes a file, and keeps a copy of it when it is `mutable`. Raises `OSError` when it cannot be read.

    A copy that cannot be made for want of space is left out: then the file itself has to stay until it is logged.
    """
    stamp = blobs.stamp_of(path)
    current = host()
    if mutable and (current is None or current.on_disk):
        target = ""
        try:
            target = new_path()
            sha256, size = blobs.copy_hashing(path, target)
            return Content(sha256, size, target, True, path, stamp)
        except OSError as error:
            if error.filename == path and error.filename != target:
                raise
    sha256, size = blobs.hash_file(path)
    return Content(sha256, size, path, False, path, blobs.UNSHARED if mutable else stamp)


def adopt(path: str) -> Content:
    """Hashes a file of our own, made by `new_path`, that may be moved into the store. Raises `OSError`."""
    sha256, size = blobs.hash_file(path)
    os.chmod(path, os.stat(path).st_mode & 0o444)
    return Content(sha256, size, path, True, path, blobs.stamp_of(path))


def new_path(name: str = "") -> str:
    """A path of our own for a file that does not exist yet; `name` is its end. Raises `OSError`."""
    return os.path.join(_folder(), f"{secrets.token_hex(8)}{name and '-'}{name}")


def _folder() -> str:
    """This process's own directory for files that wait. Raises `OSError`."""
    store = default_store()
    key = (os.getpid(), store.root if store is not None else None)
    found = _folders.get(key, "")
    if not found or not os.path.isdir(found):
        found = _folders[key] = _make_folder(store)
        atexit.register(_remove, key[0], found)
    return found


def _make_folder(store: StoreLayout | None) -> str:
    if store is not None:
        try:
            make_below(store.root, store.staging_dir)
            return tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=store.staging_dir)
        except (OSError, StoreError):
            pass  # A store that cannot be written to now may be, when the artifact is logged.
    return tempfile.mkdtemp(prefix="runstore-artifacts-")


def _remove(pid: int, folder: str) -> None:
    """Removes a directory of this process, not of the one that it was forked from."""
    if pid == os.getpid():
        shutil.rmtree(folder, ignore_errors=True)
