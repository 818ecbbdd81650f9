"""The public `Artifact`: filled as a draft, logged by a run, found again by its name, brought back to a directory."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, Self

from runstore.artifacts import downloading, lineage, names, objects, publishing, staging
from runstore.artifacts.blobs import Blobs
from runstore.artifacts.collection import Collection, Version, find_by_id, find_version, read_collection
from runstore.artifacts.entries import ArtifactFile, ArtifactManifest, ArtifactManifestEntry
from runstore.artifacts.errors import ArtifactError, ArtifactNotLoggedError, ContentError
from runstore.artifacts.facts import OpenRun
from runstore.artifacts.filling import Filling
from runstore.artifacts.host import host
from runstore.artifacts.manifest import FileEntry
from runstore.errors import StoreError
from runstore.format.layout import DEFAULT_PROJECT, StoreLayout
from runstore.format.records import unreadable
from runstore.settings import from_environment


class Artifact(Filling):
    """Named, versioned files that go into runs and come out of them.

        artifact = runstore.Artifact("digits", type="dataset")
        artifact.add_file("digits.csv")
        run.log_artifact(artifact)

    Made so it is a draft, and has what `run.use_artifact` returns once it is logged: version, aliases, `download`.
    Raises `ValueError` for a name or type that cannot be one.
    """

    def __init__(
        self,
        name: str,
        type: str,  # noqa: A002 - W&B's name
        description: str | None = None,
        metadata: dict[str, Any] | None = None,
        incremental: bool = False,
        use_as: str | None = None,
        storage_region: str | None = None,
        digest_algorithm: str | None = None,
    ) -> None:
        super().__init__(name, type, description, metadata, incremental, use_as)
        self._log_again: Callable[[], None] | None = None

    @classmethod
    def of(cls, version: Version, open_run: OpenRun | None = None) -> Self:
        """The artifact of a version that a store has. `open_run` is how `logged_by` and `used_by` show runs."""
        made = cls.__new__(cls)
        Artifact.__init__(made, version.collection, version.type)
        made.become(version, open_run)
        return made

    def waits(self, log_again: Callable[[], None] | None) -> None:
        """Notes that the disk did not take it yet; `log_again` tries once more. For whoever logs it."""
        self._log_again = log_again
        self._final = True

    def wait(self, timeout: int | None = None) -> Self:
        """Makes sure that it is logged. Raises `StoreError` when the disk still refuses it."""
        if self.is_draft() and self._log_again is not None:
            self._log_again()
        if self.is_draft():
            raise ArtifactNotLoggedError("wait")
        return self

    def save(self, project: str | None = None, settings: Any = None) -> None:
        """Logs a draft, by the current run where there is one; keeps changes of what a logged one says of itself.

        Raises `ValueError` for aliases or tags that cannot be such, `StoreError` for trouble with the disk.
        """
        if self._logged is not None:
            self._save_changes(self._logged)
        elif (current := host()) is not None:
            current.log(self)
        else:
            self._save_without_run(project)

    def _save_without_run(self, project: str | None) -> None:
        wish = from_environment()
        store = staging.default_store() or StoreLayout(wish.store_root())
        place = names.check_project(project or wish.project or DEFAULT_PROJECT)
        self.finalize()
        try:
            self.become(publishing.publish(store, place, self.release((), ())))
        except OSError as error:
            raise unwritten(store, error) from None

    def _save_changes(self, version: Version) -> None:
        if not self._on_disk:
            return
        aliases, tags = names.check_aliases(self._aliases), names.check_tags(self._tags)
        metadata = names.check_metadata(self._metadata)
        try:
            version = publishing.unlabel(version, [each for each in version.aliases if each not in self._aliases])
            version = publishing.label(version, aliases)
            said: dict[str, Any] = {
                "description": self._description or "",
                "metadata": metadata,
                "tags": tags,
                "ttl": self._ttl,
            }
            if replace(version.head, **said) != version.head:
                version = publishing.edit(version, lambda head: replace(head, **said))
        except OSError as error:
            raise unwritten(version.store, error) from None
        self._take(version)

    def new_draft(self) -> "Artifact":
        """A draft with the same name, facts and files, to change and log as the next version."""
        version = self._version("new_draft")
        draft = Artifact(version.collection, self._type, self._description, dict(self._metadata))
        draft._ttl = self._ttl
        draft._fill_from(self._contents(), Blobs(version.store))
        return draft

    @property
    def collection(self) -> Collection:
        """The artifact with all its versions."""
        version = self._version("collection")
        return read_collection(version.store, version.store.project(version.project), version.collection)

    @property
    def source_collection(self) -> Collection:
        return self.source_artifact.collection

    @property
    def source_artifact(self) -> "Artifact":
        """What a link stands for; itself when it is none. Raises `ValueError` when that was deleted."""
        version = self._version("source_artifact")
        if version.source is None:
            return self
        found = find_by_id(version.store, version.source.id)
        if found is None:
            raise ArtifactError(f"{self.name}: its source {self.source_qualified_name} was deleted; restore it")
        return Artifact.of(found, self._open_run)

    @property
    def linked_artifacts(self) -> list["Artifact"]:
        """The links that stand for it, or for its source."""
        from runstore.artifacts.collection import iter_collections

        version = self._version("linked_artifacts")
        source = version.source.id if version.source else version.id
        found = [each for collection in iter_collections(version.store) for each in collection.versions]
        return [Artifact.of(each, self._open_run) for each in found if each.source and each.source.id == source]

    @property
    def manifest(self) -> ArtifactManifest:
        """What it holds: `manifest.entries` by path."""
        return ArtifactManifest({path: self._entry(entry) for path, entry in self._contents().items()})

    def _entry(self, entry: FileEntry) -> ArtifactManifestEntry:
        return ArtifactManifestEntry(entry, self)

    def path_of(self, entry: FileEntry) -> str | None:
        """Where the bytes of an entry lie now, None when they are not in a store or waiting for one."""
        if entry.ref:
            return None
        if self._logged is None or not self._on_disk:
            return self._files.path_of(entry)
        return os.fspath(Blobs(self._logged.store).path(entry.sha256))

    def get_entry(self, name: str | os.PathLike[str]) -> ArtifactManifestEntry:
        """The file at a path, or that of the media added under that name. Raises `KeyError`."""
        from runstore.artifacts.errors import MissingEntryError

        path = os.fspath(name).replace(os.sep, "/")
        entries = self._contents()
        if path in entries:
            return self._entry(entries[path])
        if (found := objects.find(entries, path)) is not None:
            return self._entry(found[1])
        known = ", ".join(list(entries)[:8]) or "nothing"
        raise MissingEntryError(f"{self.name} does not hold {path!r}; it holds {known}")

    def get_path(self, name: str | os.PathLike[str]) -> ArtifactManifestEntry:
        """The same, as older scripts call it."""
        return self.get_entry(name)

    def get(self, name: str) -> Any:
        """The media that were added as `name`, None when there are none. Its files are downloaded."""
        self._version("get")
        found = objects.find(self._contents(), name)
        if found is None:
            return None
        from pathlib import Path

        kind, entry = found
        of_tables = kind in ("joined-table", "partitioned-table")
        wanted = [
            each
            for each in self._contents().values()
            if each.path.startswith("media/") or (of_tables and each.path.endswith(".table.json"))
        ]
        wanted.append(entry)
        root = downloading.default_root(self.name)
        self._bring(wanted, root, allow_missing_references=False)
        return objects.load(Path(root).absolute(), kind, entry)

    def __getitem__(self, name: str) -> Any:
        return self.get(name)

    def files(self, names: list[str] | None = None, per_page: int = 50, start: str | None = None) -> list[ArtifactFile]:
        """Its files and references, or those of these names."""
        self._version("files")
        found = self._contents()
        wanted = found if names is None else {name: found[name] for name in names if name in found}
        return [ArtifactFile(self._entry(entry)) for entry in wanted.values()]

    def download(
        self,
        root: str | os.PathLike[str] | None = None,
        allow_missing_references: bool = False,
        skip_cache: bool | None = None,
        path_prefix: str | os.PathLike[str] | None = None,
        multipart: bool | None = None,
    ) -> str:
        """Brings its files to `root` (default `./artifacts/model:v3`), and gives that path.

        What is there and the same is left alone, other files stay. With `path_prefix` only what starts so. Raises
        `StoreError` for content that is damaged or gone and for trouble with the disk, `ValueError` for references
        that cannot be fetched, unless `allow_missing_references`.
        """
        self._version("download")
        place = downloading.default_root(self.name) if root is None else os.fspath(root)
        prefix = "" if path_prefix is None else os.fspath(path_prefix).replace(os.sep, "/")
        wanted = [entry for path, entry in self._contents().items() if path.startswith(prefix)]
        self._bring(wanted, place, allow_missing_references=allow_missing_references)
        return place

    def _bring(self, wanted: Iterable[FileEntry], root: str, *, allow_missing_references: bool) -> None:
        version = self._version("download")
        try:
            os.makedirs(root, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{root}: cannot be made ({error.strerror}); download(root=…) to another place") from None
        if self._on_disk:
            downloading.download(version.store, wanted, root, allow_missing_references=allow_missing_references)
            return
        for entry in wanted:
            self._copy_unstored(entry, root)

    def _copy_unstored(self, entry: FileEntry, root: str) -> None:
        """Brings a file of a disabled run's artifact from where the script has it."""
        import shutil

        source, target = self._files.path_of(entry), downloading.place_in(root, entry.path)
        if source is not None and os.path.isfile(source):
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copyfile(source, target)

    def download_entry(self, entry: FileEntry, root: str | None) -> str:
        """Brings one file to `root`, and gives its path there."""
        self._version("download")
        place = downloading.default_root(self.name) if root is None else root
        self._bring([entry], place, allow_missing_references=False)
        return downloading.place_in(place, entry.path)

    def checkout(self, root: str | None = None) -> str:
        """Makes `root` (default `./artifacts/model`) hold its files and no others: what else is there is deleted."""
        version = self._version("checkout")
        place = downloading.default_root(version.collection) if root is None else root
        downloading.remove_others(self._contents().values(), place)
        return self.download(root=place)

    def verify(self, root: str | None = None) -> None:
        """Checks that a directory (default `./artifacts/model:v3`) holds its files, just these and word for word.

        Raises `ValueError` otherwise. References are not looked at.
        """
        self._version("verify")
        downloading.compare(dict(self._contents()), downloading.default_root(self.name) if root is None else root)

    def file(self, root: str | None = None) -> str:
        """Downloads the only file that it holds, and gives its path. Raises `ValueError` when there are several."""
        self._version("file")
        entries = list(self._contents().values())
        if len(entries) != 1:
            raise ArtifactError(
                f"{self.name} holds {len(entries)} files; use download(), or get_entry(name).download()"
            )
        return self.download_entry(entries[0], root)

    def link(self, target_path: str, aliases: Iterable[str] | None = None) -> "Artifact":
        """Links it into the collection `project/name`, or `name` in its own project; gives the link. Logs a draft.

        Raises `ValueError`, or `StoreError` for trouble with the disk.
        """
        project, name = names.parse_target(target_path)
        wanted = names.check_aliases(aliases)
        if self.is_draft():
            self.save()
            self.wait()
        version = self._version("link")
        if not self._on_disk:
            return self
        try:
            linked = publishing.link(version, project or version.project, name, wanted)
        except OSError as error:
            raise unwritten(version.store, error) from None
        return Artifact.of(linked, self._open_run)

    def unlink(self) -> None:
        """Deletes a link; what it stands for stays. Raises `ValueError` for what is no link."""
        if self._version("unlink").source is None:
            self._refuse("unlink", "this artifact is no link; use delete()")
        self._delete()

    def delete(self, delete_aliases: bool = False) -> None:
        """Moves this version to the trash, where it can be restored from until that is emptied.

        Raises `ValueError` when it has aliases of its own, unless `delete_aliases`.
        """
        version = publishing.refresh(self._version("delete")) if self._on_disk else self._version("delete")
        own = [alias for alias in version.aliases if alias != names.LATEST]
        if own and not delete_aliases:
            self._refuse("delete", f"{self.name} is called {', '.join(own)}; pass delete_aliases=True to delete it")
        if version.source is not None:
            self._refuse("delete", f"{self.name} is a link; use unlink(), or delete what it stands for")
        self._delete()

    def _delete(self) -> None:
        version = self._version("delete")
        if not self._on_disk:
            return
        self._contents()
        try:
            publishing.delete(version)
        except OSError as error:
            raise unwritten(version.store, error) from None

    def used_by(self) -> list[Any]:
        """The runs that used it, or a link to it."""
        version = self._version("used_by")
        uses = lineage.used_by(version) if self._on_disk else []
        return [self._run(use.run_project, use.run) for use in uses]

    def logged_by(self) -> Any:
        """The run that logged it; None when no run did."""
        version = self._version("logged_by")
        if not self._on_disk:
            return None
        use = lineage.logged_by(version)
        return None if use is None else self._run(use.run_project, use.run)

    def _run(self, project: str, run: str) -> Any:
        if self._open_run is not None:
            return self._open_run(project, run)
        from runstore.reading.store import read_store  # Not at the top: it reads every run.

        return read_store(self._version("logged_by").store.root).find_run(f"{project}/{run}")

    def json_encode(self) -> dict[str, Any]:
        """What stands for it in a config or a row."""
        version = self._version("json_encode")
        return {
            "_type": "artifactVersion",
            "id": version.id,
            "version": version.version,
            "sequenceName": version.collection,
            "usedAs": self._use_as,
        }

    def __iter__(self) -> Iterator[str]:
        raise TypeError("an Artifact is not iterable; use artifact.files(), or artifact.manifest.entries")

    def __repr__(self) -> str:
        return f"<Artifact {self.qualified_name}>"


def find(store: StoreLayout, text: str, project: str, open_run: OpenRun | None = None) -> Artifact:
    """The artifact that `name:alias` or `project/name:v3` means; in `project` where none is named.

    Raises `ValueError` when there is none.
    """
    return Artifact.of(find_version(store, text, project), open_run)


def unwritten(store: StoreLayout, error: OSError) -> ContentError:
    """The error for artifacts that the disk does not take."""
    if isinstance(error, FileNotFoundError | PermissionError) and error.filename:
        return ContentError(str(unreadable(error.filename, error)))
    return ContentError(f"{store.root}: cannot be written ({error.strerror or error}); make room, or wait() again")
