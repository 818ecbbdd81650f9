"""What an artifact says of itself: the properties of a draft, and those that it has once it is logged."""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any, NoReturn

from runstore.artifacts import names
from runstore.artifacts.collection import Version
from runstore.artifacts.draft import DraftFiles
from runstore.artifacts.errors import ArtifactError, ArtifactFinalizedError, ArtifactNotLoggedError, ContentError
from runstore.artifacts.manifest import FileEntry
from runstore.artifacts.names import ArtifactTTL
from runstore.artifacts.publishing import Release, digest_of, refresh
from runstore.format.values import revive

OpenRun = Callable[[str, str], Any]
"""Gives the run of a project and id, as whoever made the artifact shows runs."""


class Facts:
    """The state of an artifact, and what can be read of it. `version` is what it became when it was logged."""

    def __init__(
        self,
        name: str,
        type: str,  # noqa: A002 - W&B's name
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        incremental: bool = False,
        use_as: str | None = None,
    ) -> None:
        self._name = names.check_name(name)
        self._type = names.check_type(type)
        self._description = description
        self._metadata = names.check_metadata(metadata)
        self._ttl: float | None = None
        self._aliases: list[str] = []
        self._tags: list[str] = []
        self._incremental = bool(incremental)
        self._use_as = use_as
        self._distributed_id: str | None = None
        self._files = DraftFiles()
        self._final = False
        self._on_disk = True
        self._logged: Version | None = None
        self._entries: Mapping[str, FileEntry] | None = None
        self._open_run: OpenRun | None = None

    def _version(self, asked: str) -> Version:
        """The version that it became. Raises `ArtifactNotLoggedError`."""
        if self._logged is None:
            raise ArtifactNotLoggedError(asked)
        return self._logged

    def _check_open(self, asked: str) -> None:
        if self._final:
            raise ArtifactFinalizedError(asked)

    def _take(self, version: Version) -> None:
        """Takes over what the store says of the version."""
        self._logged = version
        self._final = True
        self._description = version.head.description or None
        self._metadata = revive(dict(version.head.metadata))
        self._ttl = version.head.ttl
        self._aliases = list(version.aliases)
        self._tags = list(version.head.tags)
        self._use_as = version.head.use_as or self._use_as

    def _contents(self) -> Mapping[str, FileEntry]:
        """Its entries by path. Raises `StoreError` when the store cannot tell them any more."""
        if self._logged is None:
            return self._files.entries
        if self._entries is None:
            self._entries = self._logged.entries()
        return self._entries

    def release(self, aliases: Iterable[str], tags: Iterable[str], run: str = "", step: int | None = None) -> Release:
        """What is to be stored of a draft."""
        return Release(
            name=self._name,
            type=self._type,
            entries=dict(self._files.entries),
            contents=dict(self._files.contents),
            description=self._description or "",
            metadata=names.check_metadata(self._metadata),
            aliases=names.check_aliases(aliases),
            tags=names.check_tags(tags),
            ttl=self._ttl,
            use_as=self._use_as or "",
            incremental=self._incremental,
            run=run,
            step=step,
        )

    def become(self, version: Version, open_run: OpenRun | None = None, *, on_disk: bool = True) -> None:
        """Makes a draft the version that it was stored as. For whoever logs it.

        Without `on_disk` it was not: its files stay where they are.
        """
        self._on_disk = on_disk
        self._open_run = open_run
        if not on_disk:
            self._entries = dict(self._files.entries)
        else:
            self._files = DraftFiles()
        self._take(version)

    @property
    def stored_version(self) -> Version | None:
        """The version in a store that it is, None while it is none."""
        return self._logged if self._on_disk else None

    def is_draft(self) -> bool:
        """Whether it was not logged yet."""
        return self._logged is None

    @property
    def id(self) -> str | None:
        return None if self._logged is None else self._logged.id

    @property
    def name(self) -> str:
        """`model` of a draft, `model:v3` once it is logged."""
        return self._name if self._logged is None else self._logged.name

    @property
    def type(self) -> str:
        return self._type

    @property
    def version(self) -> str:
        """`v3`."""
        return self._version("version").version

    @property
    def project(self) -> str:
        return self._version("project").project

    @property
    def entity(self) -> str:
        """The store's entity, "" when it names none."""
        from runstore.format.records import load_store

        version = self._version("entity")
        return load_store(version.store.store_yaml).entity if self._on_disk else ""

    @property
    def qualified_name(self) -> str:
        """`entity/project/model:v3`."""
        return self.name if self._logged is None else self._qualified(self.project, self.name)

    def _qualified(self, project: str, name: str) -> str:
        return "/".join(part for part in (self.entity, project, name) if part)

    @property
    def is_link(self) -> bool:
        """Whether it stands for a version of another artifact."""
        return self._logged is not None and self._logged.source is not None

    @property
    def source_entity(self) -> str:
        return self.entity

    @property
    def source_project(self) -> str:
        version = self._version("source_project")
        return version.source.project if version.source else version.project

    @property
    def source_name(self) -> str:
        if self._logged is None or self._logged.source is None:
            return self.name
        return f"{self._logged.source.name}:{self._logged.source.version}"

    @property
    def source_version(self) -> str:
        version = self._version("source_version")
        return version.source.version if version.source else version.version

    @property
    def source_qualified_name(self) -> str:
        return self.name if self._logged is None else self._qualified(self.source_project, self.source_name)

    @property
    def description(self) -> str | None:
        return self._description

    @description.setter
    def description(self, description: str | None) -> None:
        self._description = None if description is None else str(description)

    @property
    def metadata(self) -> dict[str, Any]:
        """Values to find it by. A logged artifact keeps changes with `save()`."""
        return self._metadata

    @metadata.setter
    def metadata(self, metadata: Mapping[str, Any]) -> None:
        self._metadata = names.check_metadata(metadata)

    @property
    def ttl(self) -> timedelta | None:
        """How long it is wanted: then `runstore artifact gc --expired` deletes it. None for ever."""
        return None if self._ttl is None else timedelta(seconds=self._ttl)

    @ttl.setter
    def ttl(self, ttl: timedelta | ArtifactTTL | None) -> None:
        self._ttl = names.seconds_of(ttl)

    @property
    def aliases(self) -> list[str]:
        """Names for this version. Changes of the list are kept with `save()`."""
        self._version("aliases")
        return self._aliases

    @aliases.setter
    def aliases(self, aliases: Iterable[str]) -> None:
        self._version("aliases")
        self._aliases = [aliases] if isinstance(aliases, str) else list(aliases)
        names.check_aliases(self._aliases)

    @property
    def tags(self) -> list[str]:
        """Words to find it by. Changes of the list are kept with `save()`."""
        self._version("tags")
        return self._tags

    @tags.setter
    def tags(self, tags: Iterable[str]) -> None:
        self._version("tags")
        self._tags = list(names.check_tags(tags))

    @property
    def incremental(self) -> bool:
        """Whether logging it adds to what the latest version holds."""
        return self._incremental

    @property
    def use_as(self) -> str | None:
        return self._use_as

    @property
    def distributed_id(self) -> str | None:
        """What the runs call it that fill it together."""
        return self._distributed_id

    @distributed_id.setter
    def distributed_id(self, distributed_id: str | None) -> None:
        self._distributed_id = distributed_id

    @property
    def state(self) -> str:
        """`PENDING`, `COMMITTED` or `DELETED`."""
        if self._logged is None:
            return "PENDING"
        if not self._on_disk:
            return "COMMITTED"
        try:
            refresh(self._logged)
        except ContentError:
            return "DELETED"
        return "COMMITTED"

    @property
    def digest(self) -> str:
        """The SHA-256 of its files' paths and contents."""
        return digest_of(self._contents()) if self._logged is None else self._logged.digest

    @property
    def digest_algorithm(self) -> str:
        return "SHA256"

    @property
    def size(self) -> int:
        """Bytes in all files whose size is known."""
        return sum(entry.size or 0 for entry in self._contents().values())

    @property
    def commit_hash(self) -> str:
        """The digest: there is no other that names the content."""
        return self._version("commit_hash").digest

    @property
    def file_count(self) -> int:
        return len(self._contents()) if self._version("file_count") else 0

    @property
    def created_at(self) -> str:
        """ISO 8601, UTC."""
        return self._version("created_at").head.created

    @property
    def updated_at(self) -> str:
        """When it was last changed: ISO 8601, UTC."""
        head = self._version("updated_at").head
        return head.edited or head.created

    @property
    def linked_at(self) -> str | None:
        """When a link was made, None for what is no link."""
        version = self._version("linked_at")
        return version.head.created if version.source else None

    @property
    def history_step(self) -> int | None:
        """The step at which its run logged it."""
        return self._version("history_step").head.step

    @property
    def url(self) -> str:
        """The address of the version's directory."""
        return self._version("url").path.parent.absolute().as_uri()

    def _refuse(self, what: str, instead: str) -> NoReturn:
        raise ArtifactError(f"Artifact.{what}; {instead}")
