"""The files of an artifact while it is filled: what it will hold, and where the bytes wait until then."""

import os
from collections.abc import Mapping
from typing import Literal

from runstore.artifacts import blobs, references, staging
from runstore.artifacts.blobs import Content
from runstore.artifacts.errors import ArtifactError
from runstore.artifacts.manifest import FileEntry
from runstore.artifacts.names import check_path

Policy = Literal["mutable", "immutable"]


class DraftFiles:
    """Entries by their path in the artifact, in the order they were added."""

    def __init__(self, entries: Mapping[str, FileEntry] | None = None) -> None:
        self.entries: dict[str, FileEntry] = {}
        self._folders: set[str] = set()
        for entry in (entries or {}).values():
            self._put(entry, overwrite=True)
        self.contents: dict[str, Content] = {}
        self._added: dict[str, str] = {}

    def add_file(self, path: str, name: str, *, policy: str | None, overwrite: bool, is_tmp: bool = False) -> FileEntry:
        """Adds a file of the script's own as `name`. Raises `ArtifactError` (a `ValueError`)."""
        mutable = _is_mutable(policy)
        place = check_path(name)
        if not os.path.isfile(path):
            raise ArtifactError(f"{path}: is no file; pass the path of one, or add_dir() for a directory")
        try:
            content = staging.take(path, mutable=mutable)
        except OSError as error:
            raise blobs.unreadable_source(path, error) from None
        return self._add(_hashed(place, content) if is_tmp else place, content, path, overwrite=overwrite)

    def add_dir(self, folder: str, prefix: str, *, policy: str | None, merge: bool) -> None:
        """Adds all files below a directory. Raises `ArtifactError` (a `ValueError`)."""
        _is_mutable(policy)
        if not os.path.isdir(folder):
            raise ArtifactError(f"{folder}: is no directory; pass the path of one, or add_file() for a file")
        try:
            found = list(references.walk(folder, stores=False))
        except OSError as error:
            raise blobs.unreadable_source(str(error.filename or folder), error) from None
        for path, inside in found:
            name = "/".join(part for part in (prefix.strip("/"), inside) if part)
            self.add_file(path, name, policy=policy, overwrite=merge)

    def adopt(self, path: str, name: str, *, overwrite: bool) -> FileEntry:
        """Adds a file that `staging.new_path` named, which may be moved into the store. Raises `ArtifactError`."""
        try:
            content = staging.adopt(path)
        except OSError as error:
            raise blobs.unreadable_source(path, error) from None
        return self._add(check_path(name), content, path, overwrite=overwrite)

    def add_known(self, entry: FileEntry, content: Content | None, *, overwrite: bool = True) -> FileEntry:
        """Adds what is in a store already, or lies elsewhere. Raises `ArtifactError`."""
        self._put(entry, overwrite=overwrite)
        if content is not None:
            self.contents.setdefault(content.sha256, content)
        return entry

    def remove(self, path: str) -> None:
        """Removes a file, or all below a directory. Raises `FileNotFoundError`."""
        below = [each for each in self.entries if each == path or each.startswith(f"{path}/")]
        if not below:
            raise FileNotFoundError(f"{path}: is neither a file nor a directory of the artifact")
        for each in below:
            del self.entries[each]
        self._folders = {folder for each in self.entries for folder in _above(each)}

    def name_of(self, path: str) -> str | None:
        """Where a file of the script's own was added."""
        return self._added.get(os.fspath(path))

    def path_of(self, entry: FileEntry) -> str | None:
        """Where the bytes of an entry lie, None for what is only known by its address."""
        content = self.contents.get(entry.sha256)
        return None if content is None else content.path

    def _add(self, name: str, content: Content, path: str, *, overwrite: bool) -> FileEntry:
        entry = FileEntry(name, content.sha256, content.size)
        self._put(entry, overwrite=overwrite)
        self.contents[content.sha256] = content
        self._added[path] = name
        return entry

    def _put(self, entry: FileEntry, *, overwrite: bool) -> None:
        there = self.entries.get(entry.path)
        if there is not None and not overwrite and there.digest != entry.digest:
            raise ArtifactError(
                f"the artifact already holds another {entry.path!r}; pass overwrite=True (add_dir: merge=True), "
                "or add it under another name"
            )
        above = _above(entry.path)
        if file := next((folder for folder in above if folder in self.entries), ""):
            raise ArtifactError(
                f"{entry.path!r} lies below {file!r}, which is a file of the artifact; rename one of them"
            )
        if entry.path in self._folders:
            raise ArtifactError(f"{entry.path!r} is a directory of the artifact already; use another name")
        self._folders.update(above)
        self.entries[entry.path] = entry


def _above(path: str) -> list[str]:
    """The directories that a path lies in."""
    return [path[:at] for at, letter in enumerate(path) if letter == "/"]


def _is_mutable(policy: str | None) -> bool:
    if policy not in (None, "mutable", "immutable"):
        raise ArtifactError(f"policy is {policy!r}, expected 'mutable' or 'immutable'")
    return policy != "immutable"


def _hashed(name: str, content: Content) -> str:
    """`folder/name.ext` with the content's digest for the name, as W&B names what it calls temporary."""
    folder, _, file = name.rpartition("/")
    _, *endings = file.split(".")
    return "/".join(part for part in (folder, ".".join([content.sha256[:20], *endings])) if part)
