"""Artifacts as W&B's Api shows them: what a run logged and used, versions, collections and types."""

import secrets
import time
from collections.abc import Collection
from dataclasses import replace
from functools import partial
from typing import Any, Literal

from runstore.api.errors import NotFoundError, Unsupported
from runstore.api.pages import Pages
from runstore.api.source import Source
from runstore.artifacts import lineage, publishing
from runstore.artifacts.artifact import Artifact, find, unwritten
from runstore.artifacts.collection import Collection as Versions
from runstore.artifacts.collection import Version, iter_collections, read_collection
from runstore.artifacts.names import check_tags
from runstore.errors import BadTypeError, UnsupportedError, UsageError
from runstore.manage.edit import unwritable
from runstore.reading.store import RunRecord
from runstore.remote.arriving import refuse_change

Direction = Literal["input", "output"]


def one(source: Source, project: str, text: str, kind: str | None = None) -> Artifact:
    """The artifact that `name:alias` means, the latest version without an alias.

    Raises `ValueError` when there is none, or it is of another type.
    """
    found = find(source.layout, text if ":" in text.split("/")[-1] else f"{text}:latest", project, source.open_run)
    if kind is not None and found.type != kind:
        raise NotFoundError(f"{text} is of type {found.type!r}, not {kind!r}; leave type out, or correct it")
    return found


def of_run(source: Source, run: RunRecord, direction: Direction) -> list[Artifact]:
    """The versions that a run logged (`output`) or used; those that were deleted since are left out."""
    found = []
    for use in lineage.uses_of(run.layout, run.project):
        if use.direction != direction:
            continue
        try:
            versions = read_collection(source.layout, source.layout.project(use.project), use.name)
        except UsageError:
            continue  # A line that was not written by a run: `runstore verify` lists it.
        version = versions.find(use.id) if use.id else versions.find(use.version)
        if version is not None:
            found.append(Artifact.of(version, source.open_run))
    return found


def note_use(run: RunRecord, artifact: Any, direction: Direction, use_as: str = "") -> Any:
    """Leaves a line in the run's directory that it used, or logged, an artifact of the store.

    The line goes into a file of this call's own: a run's other files have their one writer. Raises `StoreError`.
    """
    if not isinstance(artifact, Artifact):
        raise BadTypeError(f"found a {type(artifact).__name__}, expected an artifact, as api.artifact() returns it")
    version = _version(artifact)
    path = run.layout.writer(f"api-{secrets.token_hex(4)}").lineage
    refuse_change(path)
    try:
        path.write_bytes(lineage.dump_line(direction, version, run.project, time.time(), use_as))
    except OSError as error:
        raise unwritable(path, error) from None
    return artifact


def _version(artifact: Artifact) -> Version:
    if artifact.is_draft():
        raise UsageError("the artifact is a draft; log it first: run.log_artifact(artifact)")
    found = artifact.collection.find(artifact.version)
    if found is None:
        raise NotFoundError(f"{artifact.name} was deleted; restore it first")
    return found


def log(source: Source, run: RunRecord, artifact: Any, aliases: Collection[str], tags: Collection[str]) -> Any:
    """Logs a draft in the run's project, as this run's; one that is in the store gets the aliases and tags.

    Raises `StoreError` for trouble with the disk.
    """
    if not isinstance(artifact, Artifact):
        raise BadTypeError(f"log_artifact takes an Artifact, found a {type(artifact).__name__}")
    store = source.layout
    try:
        if artifact.is_draft():
            artifact.finalize()
            step = None if run.last_step is None else int(run.last_step)
            release = artifact.release(tuple(aliases), tuple(tags), run=run.id, step=step)
            artifact.become(publishing.publish(store, run.project, release), source.open_run)
        elif aliases or tags:
            publishing.label(_version(artifact), tuple(aliases), tuple(tags))
    except OSError as error:
        raise unwritten(store, error) from None
    return note_use(run, artifact, "output")


class ArtifactCollection:
    """One artifact with all its versions. `description` and `tags` may be changed: `save()` keeps it."""

    def __init__(self, source: Source, versions: Versions) -> None:
        self._source = source
        self._take(versions)

    def _take(self, versions: Versions) -> None:
        self._versions = versions
        latest = versions.latest
        self.description: str | None = latest.head.description or None if latest is not None else None
        self._tags = self._said_tags()
        self.tags: list[str] = list(self._tags)

    def _said_tags(self) -> list[str]:
        return sorted({tag for version in self._versions.versions for tag in version.head.tags})

    @property
    def name(self) -> str:
        return self._versions.name

    @name.setter
    def name(self, name: str) -> None:
        raise UnsupportedError(f"{self.id} cannot be renamed: runs name it; log or link it as {name!r}")

    @property
    def id(self) -> str:
        return f"{self.project}/{self.name}"

    @property
    def type(self) -> str:
        return self._versions.type

    @type.setter  # noqa: A003 - W&B's name
    def type(self, kind: str) -> None:
        raise UnsupportedError(f"{self.id}: the type is part of each version; log it under another name as a {kind!r}")

    @property
    def project(self) -> str:
        return self._versions.project

    @property
    def entity(self) -> str:
        return self._source.entity

    @property
    def aliases(self) -> list[str]:
        return sorted(self._versions.aliases)

    @property
    def created_at(self) -> str | None:
        """When its first version was logged, ISO 8601."""
        versions = self._versions.versions
        return versions[0].head.created or None if versions else None

    def artifacts(self, per_page: int = 50, start: str | None = None) -> Pages[Artifact]:
        """Its versions, newest first."""
        return versions_of(self._source, self._versions, per_page)

    versions = artifacts

    @property
    def updated_at(self) -> str | None:
        """When a version was logged or changed last, ISO 8601."""
        heads = [version.head for version in self._versions.versions]
        return max((max(head.created, head.edited) for head in heads), default="") or None

    def load(self, *path: str) -> dict[str, Any]:
        """What it says, as a dict, read again; changes that were not saved are dropped. Paths mean nothing."""
        self._take(read_collection(self._source.layout, self._source.layout.project(self.project), self.name))
        return {"name": self.name, "type": self.type, "description": self.description, "tags": self.tags}

    def save(self) -> None:
        """Writes what was changed of description and tags to the store.

        Its latest version gets the description and new tags; a tag that was taken away is taken from every version.
        Raises `UsageError` for a tag that cannot be one, `StoreError` where nothing can be written.
        """
        wanted = check_tags(self.tags)
        added, gone = set(wanted) - set(self._tags), set(self._tags) - set(wanted)
        description = self.description or ""
        try:
            for version in self._versions.versions:
                latest = version is self._versions.latest
                tags = tuple(tag for tag in version.head.tags if tag not in gone)
                tags += tuple(sorted(added - set(tags))) if latest else ()
                said = description if latest else version.head.description
                if (tags, said) != (version.head.tags, version.head.description):
                    publishing.edit(version, partial(replace, tags=tags, description=said))
        except OSError as error:
            raise unwritten(self._source.layout, error) from None
        self.load()

    change_type = Unsupported("the type is part of each version: log it under another name")
    project_id = Unsupported("name and project say which it is", "is W&B's own number")
    project_internal_id = Unsupported("name and project say which it is", "is W&B's own number")

    def is_sequence(self) -> bool:
        """True: a store has no portfolios."""
        return True

    def delete(self) -> None:
        """Moves every version to the trash."""
        for artifact in self.artifacts():
            artifact.delete(delete_aliases=True)

    def __repr__(self) -> str:
        return f"<ArtifactCollection {self.name} ({self.type})>"


class ArtifactType:
    """All artifacts of one type in a project."""

    def __init__(self, source: Source, project: str, name: str) -> None:
        self._source = source
        self.project = project
        self.name = name

    @property
    def id(self) -> str:
        return f"{self.project}/{self.name}"

    @property
    def type(self) -> str:
        """The same as `name`."""
        return self.name

    @property
    def entity(self) -> str:
        return self._source.entity

    def load(self) -> dict[str, Any]:
        """What the type says, as a dict."""
        return {"id": self.id, "name": self.name}

    def collections(
        self, filters: Any = None, order: str | None = None, per_page: int = 50, start: str | None = None
    ) -> Pages[ArtifactCollection]:
        """The artifacts of this type. `filters` and `order` are W&B's server's, and not understood here."""
        if filters or order:
            raise UsageError("collections() takes neither filters nor order here; filter the list that it returns")
        return collections(self._source, self.project, self.name, per_page)

    def collection(self, name: str) -> ArtifactCollection:
        """One of them. Raises `ValueError` when there is none."""
        return collection(self._source, self.project, self.name, name)

    def __repr__(self) -> str:
        return f"<ArtifactType {self.name}>"


def collections(source: Source, project: str, kind: str | None, per_page: int) -> Pages[ArtifactCollection]:
    """The artifacts of a project, of one type where that is given."""

    def find_all() -> list[Versions]:
        everything = iter_collections(source.layout, project or None)
        return [each for each in everything if each.versions and kind in (None, each.type)]

    return Pages(find_all, lambda each: ArtifactCollection(source, each), per_page)


def collection(source: Source, project: str, kind: str | None, name: str) -> ArtifactCollection:
    """One artifact. Raises `NotFoundError` when there is none, or it is of another type."""
    for each in collections(source, project, kind, 50):
        if each.name == name:
            return each
    shown = f" of type {kind!r}" if kind else ""
    raise NotFoundError(f"{source.root}: project {project!r} has no artifact {name!r}{shown}; log it first")


def types(source: Source, project: str) -> Pages[ArtifactType]:
    """The types of artifacts that a project has."""
    found = {each.type for each in iter_collections(source.layout, project or None) if each.versions}
    return Pages(lambda: sorted(found), lambda name: ArtifactType(source, project, name))


def versions_of(
    source: Source, versions: Versions, per_page: int, tags: Collection[str] = (), order: str | None = None
) -> Pages[Artifact]:
    """The versions of an artifact, newest first, or oldest with `order="+created_at"`; those with all these tags."""
    found = [each for each in versions.versions if set(tags) <= set(each.head.tags)]
    if order is None or order.startswith("-"):
        found.reverse()
    return Pages(lambda: found, lambda each: Artifact.of(each, source.open_run), per_page)
