"""Filling an artifact: files, directories, references, media, until it is finalized or logged."""

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from runstore.artifacts import objects, references, staging
from runstore.artifacts.blobs import UNSHARED, Blobs, Content
from runstore.artifacts.draft import Policy
from runstore.artifacts.entries import ArtifactManifestEntry
from runstore.artifacts.errors import ArtifactError
from runstore.artifacts.facts import Facts
from runstore.artifacts.manifest import FileEntry
from runstore.artifacts.names import check_path


class Filling(Facts, ABC):
    """What changes the files of a draft."""

    @abstractmethod
    def _entry(self, entry: FileEntry) -> ArtifactManifestEntry: ...

    def add_file(
        self,
        local_path: str | os.PathLike[str],
        name: str | None = None,
        is_tmp: bool | None = False,
        skip_cache: bool | None = False,
        policy: Policy | None = "mutable",
        overwrite: bool = False,
    ) -> ArtifactManifestEntry:
        """Adds a file, as `name` (default: its own).

        It is read now. With policy "mutable" a copy is kept until the artifact is logged, so the file may change
        meanwhile; with "immutable" it is not copied if that can be avoided: one of your own on the store's disk becomes
        read-only and is shared with the store. Raises `ValueError` for what is no file or cannot be read, and where
        another file has that name, unless `overwrite`.
        """
        self._check_open("add_file")
        path = os.fspath(local_path)
        place = name or os.path.basename(path)
        return self._entry(self._files.add_file(path, place, policy=policy, overwrite=overwrite, is_tmp=bool(is_tmp)))

    def add_dir(
        self,
        local_path: str | os.PathLike[str],
        name: str | None = None,
        skip_cache: bool | None = False,
        policy: Policy | None = "mutable",
        merge: bool = False,
    ) -> None:
        """Adds all files below a directory, under `name/` or at the top; see `add_file`. A store below it is left out.

        Raises `ValueError` where another file has one's place, unless `merge`.
        """
        self._check_open("add_dir")
        self._files.add_dir(os.fspath(local_path), name or "", policy=policy, merge=merge)

    def add_reference(
        self,
        uri: "str | ArtifactManifestEntry",
        name: str | os.PathLike[str] | None = None,
        checksum: bool = True,
        max_objects: int | None = None,
    ) -> Sequence[ArtifactManifestEntry]:
        """Records where files are, without taking them: `file://` (read for digest and size, unless `checksum` is
        False; a directory gives an entry a file, at most `max_objects`), or any other address, which is not asked.

        An entry of another artifact gives this one the same file, without a copy. Raises `ValueError`.
        """
        self._check_open("add_reference")
        place = None if name is None else os.fspath(name)
        if isinstance(uri, ArtifactManifestEntry):
            return [self._entry(self._add_entry_of(uri, place))]
        found = references.entries_for(str(uri), place, checksum=checksum, max_objects=max_objects)
        return [self._entry(self._files.add_known(entry, None, overwrite=False)) for entry in found]

    def _add_entry_of(self, given: ArtifactManifestEntry, place: str | None) -> FileEntry:
        record = given.record
        entry = FileEntry(check_path(place or record.path), record.sha256, record.size, record.ref, record.etag)
        path = None if record.ref else given.local_path
        if path is None:
            return self._files.add_known(entry, None, overwrite=False)
        content = Content(entry.sha256, entry.size or 0, path, False, path, UNSHARED)
        return self._files.add_known(entry, content, overwrite=False)

    @contextmanager
    def new_file(
        self, name: str, mode: str = "x", encoding: str | None = None, policy: Policy = "mutable"
    ) -> Iterator[IO[Any]]:
        """Opens a new file of the artifact for writing, in a `with` block; it is added when the block is left.

        Raises `ValueError` where the artifact has a file of that name and `mode` starts with "x".
        """
        self._check_open("new_file")
        place = check_path(name)
        if "x" in mode and place in self._files.entries:
            raise ArtifactError(f"the artifact already holds {place!r}; pass mode='w' to replace it")
        path = staging.new_path(place.rpartition("/")[2][-80:])
        text = "b" not in mode
        with open(path, mode, encoding=(encoding or "utf-8") if text else None) as file:
            yield file
        self._files.adopt(path, place, overwrite="x" not in mode)

    def add(self, obj: Any, name: str | os.PathLike[str], overwrite: bool = False) -> ArtifactManifestEntry:
        """Adds a table, a picture or other media, which `get(name)` gives back.

        Raises `TypeError` for a value that is no media; gives the entry there is where the name is taken, unless
        `overwrite`.
        """
        self._check_open("add")
        return self._entry(objects.add(self._files, obj, check_path(name), overwrite=overwrite))

    def __setitem__(self, name: str, item: Any) -> None:
        self.add(item, name)

    def remove(self, item: "str | os.PathLike[str] | ArtifactManifestEntry") -> None:
        """Removes a file, or all below a directory. Raises `FileNotFoundError`."""
        self._check_open("remove")
        self._files.remove(item.path if isinstance(item, ArtifactManifestEntry) else check_path(item))

    def get_added_local_path_name(self, local_path: str) -> str | None:
        """Where in the artifact a file of yours was added."""
        return self._files.name_of(local_path)

    def finalize(self) -> None:
        """Ends the filling: from now on its files cannot be changed."""
        self._final = True

    def _fill_from(self, entries: Mapping[str, FileEntry], blobs: Blobs) -> None:
        """Takes the files of a version that a store has."""
        for entry in entries.values():
            content = None
            if entry.sha256 and not entry.ref:
                path = os.fspath(blobs.path(entry.sha256))
                if not blobs.behind_link(Path(path)):
                    content = Content(entry.sha256, entry.size or 0, path, False, path, UNSHARED)
            self._files.add_known(entry, content)
