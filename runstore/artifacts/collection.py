"""The versions of an artifact as readers see them: numbered, aliased, with what could not be read listed.

A version is its id. Its number is the directory that it lies in, unless branches that were merged both took that
number: then the older keeps it, and the other gets the next free one, by reading alone. `latest` is the highest
number there is; any other alias belongs to the version that got it last.
"""

import itertools
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runstore.artifacts import manifest
from runstore.artifacts.errors import ArtifactError, ContentError
from runstore.artifacts.manifest import FileEntry, Head, Source
from runstore.artifacts.names import LATEST, Spec, check_name, parse_spec, version_number
from runstore.errors import FormatError, StoreError
from runstore.format.layout import ProjectLayout, StoreLayout
from runstore.format.records import parse_time


@dataclass(frozen=True, slots=True)
class Version:
    """One version. `aliases` are those that it has now, `latest` first; `path` is the manifest that describes it."""

    store: StoreLayout
    project: str
    number: int
    head: Head
    aliases: tuple[str, ...]
    path: Path

    @property
    def id(self) -> str:
        return self.head.id

    @property
    def collection(self) -> str:
        """The artifact's name, without a version."""
        return self.path.parent.parent.name

    @property
    def name(self) -> str:
        """`model:v3`."""
        return f"{self.collection}:{self.version}"

    @property
    def version(self) -> str:
        """`v3`."""
        return f"v{self.number}"

    @property
    def qualified_name(self) -> str:
        """`project/model:v3`."""
        return f"{self.project}/{self.name}"

    @property
    def type(self) -> str:
        return self.head.type

    @property
    def digest(self) -> str:
        return self.head.digest

    @property
    def size(self) -> int:
        """Bytes in all files whose size is known."""
        return self.head.size

    @property
    def file_count(self) -> int:
        return self.head.files

    @property
    def run(self) -> str:
        """The id of the run that logged it, "" when no run did."""
        return self.head.run

    @property
    def source(self) -> Source | None:
        """The version that this one links to."""
        return self.head.source

    @property
    def created(self) -> float | None:
        """Epoch s, None when it does not say."""
        return parse_time(self.head.created)

    @property
    def expires(self) -> float | None:
        """When its lifetime is over, epoch s; None for never."""
        return None if self.head.ttl is None or self.created is None else self.created + self.head.ttl

    def entries(self, mistakes: list[FormatError] | None = None) -> Mapping[str, FileEntry]:
        """Its files by path. Raises `StoreError` when the manifest cannot be read any more."""
        for record in manifest.load(self.path, [] if mistakes is None else mistakes):
            if record.head.id == self.id:
                return record.entries
        raise ContentError(f"{self.path}: found nothing of version {self.id}, expected its files; restore the file")

    def describe(self) -> dict[str, Any]:
        """Its facts as plain values, for `--json` and pages."""
        head = self.head
        return {
            "project": self.project,
            "name": self.collection,
            "version": self.version,
            "id": self.id,
            "type": head.type,
            "aliases": list(self.aliases),
            "tags": list(head.tags),
            "description": head.description or None,
            "metadata": dict(head.metadata),
            "created": head.created or None,
            "run": head.run or None,
            "digest": head.digest,
            "files": head.files,
            "size": head.size,
            "ttl": head.ttl,
            "source": f"{head.source.project}/{head.source.name}:{head.source.version}" if head.source else None,
        }


@dataclass(frozen=True, slots=True)
class Collection:
    """One artifact: its versions by number, oldest first, those that were deleted, and what could not be read."""

    project: str
    name: str
    path: Path
    versions: tuple[Version, ...]
    deleted: tuple[Version, ...] = ()
    problems: tuple[StoreError, ...] = ()
    _aliases: Mapping[str, Version] = field(default_factory=dict, repr=False)

    @property
    def type(self) -> str:
        """The type of its latest version, "" when there is none."""
        return self.versions[-1].type if self.versions else ""

    @property
    def latest(self) -> Version | None:
        return self.versions[-1] if self.versions else None

    @property
    def aliases(self) -> Mapping[str, Version]:
        """The version that each alias stands for, `latest` among them."""
        return self._aliases

    @property
    def next_number(self) -> int:
        """The first number that no version has or had."""
        return max((version.number for version in (*self.versions, *self.deleted)), default=-1) + 1

    def find(self, alias: str) -> Version | None:
        """The version `v3`, or the one with this alias or id; None when there is none."""
        number = version_number(alias)
        if number is not None:
            return next((version for version in self.versions if version.number == number), None)
        return self._aliases.get(alias) or next((each for each in self.versions if each.id == alias), None)


def read_collection(store: StoreLayout, project: ProjectLayout, name: str) -> Collection:
    """The artifact `name` of a project; one without versions when there is none. Raises nothing but `UsageError`."""
    layout = project.artifact(name)
    problems: list[StoreError] = []
    found: list[tuple[int, Head, Path]] = []
    try:
        numbers = layout.numbers()
    except OSError as error:
        problems.append(manifest.problem_of(layout.path, error))
        numbers = []
    for number in numbers:
        path = layout.manifest(number)
        try:
            heads, mistakes = _heads(path)
            found += [(number, head, path) for head in heads]
            problems += mistakes
        except StoreError as error:
            problems.append(error)
    versions = [Version(store, project.name, number, head, (), path) for number, head, path in _number(found, numbers)]
    return _with_aliases(project.name, layout.path, versions, problems)


def _heads(path: Path) -> tuple[list[Head], list[FormatError]]:
    """The versions that a manifest describes, and its mistakes. Raises `StoreError`.

    What was read is remembered as long as the file stays the same: a run that logs a thousand versions reads each once.
    """
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return [], []
    except OSError as error:
        raise manifest.problem_of(path, error) from None
    stamp = (found.st_ino, found.st_mtime_ns, found.st_size)
    known = _remembered.get(path)
    if known is not None and known[0] == stamp:
        return known[1], known[2]
    mistakes: list[FormatError] = []
    heads = [record.head for record in manifest.load(path, mistakes, entries=False)]
    if len(_remembered) >= _MOST_REMEMBERED:
        _remembered.clear()
    _remembered[path] = (stamp, heads, mistakes)
    return heads, mistakes


_MOST_REMEMBERED = 20_000
_remembered: dict[Path, tuple[tuple[int, int, int], list[Head], list[FormatError]]] = {}


def _number(found: list[tuple[int, Head, Path]], taken: list[int]) -> list[tuple[int, Head, Path]]:
    """Gives each version a number of its own: the oldest in a directory keeps it, others get the next ones free.

    A version that stands in two directories is taken from the first.
    """
    kept: dict[int, tuple[int, Head, Path]] = {}
    moved, known = [], set()
    for number, head, path in sorted(found, key=lambda item: (item[0], item[1].age_order)):
        if head.id in known:
            continue
        known.add(head.id)
        if number in kept:
            moved.append((number, head, path))
        else:
            kept[number] = (number, head, path)
    used = set(taken)
    for number, head, path in sorted(moved, key=lambda item: item[1].age_order):
        # Numbers that a directory has later stay its own, so what was read once stays so.
        free = next(each for each in itertools.count(number + 1) if each not in used)
        used.add(free)
        kept[free] = (free, head, path)
    return list(kept.values())


def _with_aliases(project: str, path: Path, versions: list[Version], problems: list[StoreError]) -> Collection:
    live = sorted((each for each in versions if not each.head.is_deleted), key=lambda version: version.number)
    owners: dict[str, tuple[tuple[str, int], Version]] = {}
    for version in live:
        for alias, since in version.head.aliases.items():
            if since > version.head.unaliased.get(alias, "") and alias != LATEST:
                rank = (since, version.number)
                if alias not in owners or rank > owners[alias][0]:
                    owners[alias] = (rank, version)
    owned: dict[str, list[str]] = {}
    for alias, (_, version) in owners.items():
        owned.setdefault(version.id, []).append(alias)
    named = []
    for version in live:
        own = sorted(owned.get(version.id, ()))
        aliases = (LATEST, *own) if version is live[-1] else tuple(own)
        named.append(Version(version.store, version.project, version.number, version.head, aliases, version.path))
    return Collection(
        project,
        path.name,
        path,
        tuple(named),
        tuple(each for each in versions if each.head.is_deleted),
        tuple(problems),
        {alias: version for version in named for alias in version.aliases},
    )


def read_collections(store: StoreLayout, project: str | None = None) -> list[Collection]:
    """Every artifact of a project, or of all projects, by name. Raises `StoreError` when they cannot be listed."""
    return list(iter_collections(store, project))


def iter_collections(store: StoreLayout, project: str | None = None) -> Iterator[Collection]:
    """The same, one after the other."""
    try:
        projects = [store.project(project)] if project is not None else store.projects()
        for layout in projects:
            for artifact in layout.artifacts():
                if _is_name(artifact.name):
                    yield read_collection(store, layout, artifact.name)
    except OSError as error:
        raise manifest.problem_of(store.root, error) from None


def _is_name(name: str) -> bool:
    try:
        return bool(check_name(name))
    except ArtifactError:
        return False


def find_version(store: StoreLayout, spec: Spec | str, project: str) -> Version:
    """The version that `name:alias` or `other-project/name:v3` names, in `project` where none is named.

    Raises `ArtifactError`, which says what there is, when there is no such version.
    """
    wanted = parse_spec(spec) if isinstance(spec, str) else spec
    place = wanted.project or project
    collection = read_collection(store, store.project(place), wanted.name)
    if (version := collection.find(wanted.alias)) is not None:
        return version
    gone = [each.version for each in collection.deleted]
    if gone and (wanted.alias in gone or not collection.versions):
        which = wanted.alias if wanted.alias in gone else gone[-1]
        raise ArtifactError(
            f"{store.root}: {place}/{wanted.name}:{which} was deleted; `runstore artifact restore` brings it back from "
            "the trash"
        )
    if not collection.versions:
        known = ", ".join(each.name for each in store.project(place).artifacts()[:10]) or "none yet"
        raise ArtifactError(f"{store.root}: project {place!r} has no artifact {wanted.name!r}; there is {known}")
    known = ", ".join([f"v0 to {collection.versions[-1].version}", *sorted(collection.aliases)][:12])
    raise ArtifactError(f"{store.root}: {place}/{wanted.name} has no version {wanted.alias!r}; there is {known}")


def find_by_id(store: StoreLayout, version_id: str) -> Version | None:
    """The version with this id, wherever it is; None when there is none."""
    for collection in iter_collections(store):
        for version in collection.versions:
            if version.id == version_id:
                return version
    return None
