"""Making versions, and changing what is said of them. What a version holds never changes.

A version appears in one step: its manifest is written in a directory beside, which is then renamed to `v<N>`; that
fails where the number is taken, and the next one is tried. Changes to a manifest that is there are made under a lock
of its directory, where the file system has such locks; without one the last of two changes at the same moment wins.
"""

import contextlib
import errno
import fcntl
import hashlib
import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from runstore.artifacts import manifest
from runstore.artifacts.blobs import Blobs, Content
from runstore.artifacts.collection import Collection, Version, read_collection
from runstore.artifacts.errors import ArtifactError, ContentError
from runstore.artifacts.manifest import FileEntry, Head, Record, Source
from runstore.artifacts.names import LATEST
from runstore.format.layout import MANIFEST, ArtifactLayout, StoreLayout, make_below
from runstore.format.records import write_atomically
from runstore.remote.arriving import refuse_change

_TAKEN = frozenset({errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR})


@dataclass(frozen=True, slots=True)
class Release:
    """What is to become a version. `contents` says by SHA-256 where bytes come from that the store may lack.

    An `incremental` one adds its files to those of the latest version.
    """

    name: str
    type: str
    entries: Mapping[str, FileEntry]
    contents: Mapping[str, Content] = field(default_factory=dict)
    description: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    ttl: float | None = None
    use_as: str = ""
    incremental: bool = False
    run: str = ""
    step: int | None = None
    source: Source | None = None


def digest_of(entries: Mapping[str, FileEntry]) -> str:
    """The digest of a version's content: of its paths in order, each with the digest of what it holds."""
    found = hashlib.sha256()
    for path in sorted(entries):
        found.update(f"{path}\0{entries[path].digest}\n".encode())
    return found.hexdigest()


def publish(store: StoreLayout, project: str, release: Release) -> Version:
    """The new version that holds what `release` does, or the latest one when that holds the same.

    Aliases and tags are given to either. Raises `ArtifactError` when the artifact has another type, `ContentError`
    when content has gone, `OSError` for trouble with the disk.
    """
    refuse_change(store.root)
    layout = store.project(project).artifact(release.name)
    collection = read_collection(store, store.project(project), release.name)
    check_type(collection, release.type)
    keep_contents(store, release.entries, release.contents)
    tried = -1
    while True:
        entries = {**_latest_entries(collection), **release.entries} if release.incremental else release.entries
        digest = digest_of(entries)
        latest = collection.latest
        if latest is not None and latest.digest == digest and (latest.source is None) == (release.source is None):
            return label(latest, release.aliases, release.tags)
        number = max(collection.next_number, tried + 1)
        head = _head_of(release, entries, digest)
        if _claim(layout, number, manifest.dump(Record(head, entries))):
            aliases = (LATEST, *sorted(release.aliases))
            return Version(store, project, number, head, aliases, layout.manifest(number))
        tried = number
        collection = read_collection(store, store.project(project), release.name)


def check_type(collection: Collection, kind: str) -> None:
    """Raises `ArtifactError` when the versions there are have another type."""
    if collection.type and collection.type != kind:
        raise ArtifactError(
            f"artifact {collection.name} has the type {collection.type!r}; it cannot get a version of type {kind!r}: "
            "choose another name, or that type"
        )


def keep_contents(store: StoreLayout, entries: Mapping[str, FileEntry], contents: Mapping[str, Content]) -> None:
    """Brings into the store what entries name. Raises as `publish` does."""
    blobs, done = Blobs(store), set[str]()
    for entry in entries.values():
        if not entry.sha256 or entry.sha256 in done or entry.ref:
            continue
        done.add(entry.sha256)
        if (content := contents.get(entry.sha256)) is not None:
            blobs.keep(content)
        elif not blobs.renew(entry.sha256, entry.size) and (
            wrong := blobs.problem(entry.sha256, entry.size, deep=False)
        ):
            raise ContentError(f"{entry.path}: {wrong}")


def _latest_entries(collection: Collection) -> Mapping[str, FileEntry]:
    return collection.latest.entries() if collection.latest is not None else {}


def _head_of(release: Release, entries: Mapping[str, FileEntry], digest: str) -> Head:
    moment = manifest.now()
    return Head(
        id=manifest.new_id(),
        name=release.name,
        type=release.type,
        created=moment,
        digest=digest,
        files=len(entries),
        size=sum(entry.size or 0 for entry in entries.values()),
        run=release.run,
        step=release.step,
        description=release.description,
        metadata=release.metadata,
        aliases=dict.fromkeys(release.aliases, moment),
        tags=release.tags,
        ttl=release.ttl,
        use_as=release.use_as,
        source=release.source,
    )


def _claim(layout: ArtifactLayout, number: int, data: bytes) -> bool:
    """Whether the version `v<number>` is ours now, complete. Raises `OSError`."""
    make_below(layout.path.parents[2], layout.path)
    beside = layout.path / f".v{number}.{secrets.token_hex(4)}.tmp"
    beside.mkdir()
    try:
        write_atomically(beside / MANIFEST, data)
        os.rename(beside, layout.version(number))
    except OSError as error:
        shutil.rmtree(beside, ignore_errors=True)
        if error.errno in _TAKEN:
            return False
        raise
    return True


def _again(store: StoreLayout, project: str, name: str, version_id: str) -> Version:
    """The version as readers see it now. Raises `ContentError` when it has gone."""
    collection = read_collection(store, store.project(project), name)
    for version in collection.versions:
        if version.id == version_id:
            return version
    raise ContentError(f"{collection.path}: found no version {version_id} any more; was it deleted meanwhile?")


def refresh(version: Version) -> Version:
    """The version as it is now. Raises `ContentError` when it has gone."""
    return _again(version.store, version.project, version.collection, version.id)


def label(version: Version, aliases: Iterable[str], tags: Iterable[str] = ()) -> Version:
    """Gives a version aliases, which others of its artifact lose, and tags. Raises `OSError`, `StoreError`."""
    wanted_tags = tuple(dict.fromkeys((*version.head.tags, *tags)))
    new = [alias for alias in aliases if alias not in version.aliases]
    if not new and wanted_tags == version.head.tags:
        return version
    moment = manifest.now()
    return edit(
        version,
        lambda head: replace(
            head,
            aliases={**head.aliases, **dict.fromkeys(new, moment)},
            tags=tuple(dict.fromkeys((*head.tags, *tags))),
        ),
    )


def unlabel(version: Version, aliases: Iterable[str]) -> Version:
    """Takes aliases away from a version. Raises `OSError`, `StoreError`."""
    gone = dict.fromkeys((alias for alias in aliases if alias in version.aliases), manifest.now())
    if not gone:
        return version
    return edit(version, lambda head: replace(head, unaliased={**head.unaliased, **gone}))


def edit(version: Version, change: Callable[[Head], Head]) -> Version:
    """Changes what a manifest says of a version, and gives it as it is then. Raises `OSError`, `StoreError`."""
    with _locked(version.path.parent):
        record = _record(version)
        head = replace(change(record.head), edited=manifest.now())
        _rewrite(version.path, Record(head, record.entries), files_too=False)
    return refresh(version)


def delete(version: Version) -> None:
    """Moves a version to the trash. Its number is never given again. Raises `OSError`, `StoreError`."""
    with _locked(version.path.parent):
        record = _record(version)
        kept = version.store.trashed_version(version.project, version.collection, version.number)
        make_below(version.store.root, kept.parent)
        write_atomically(kept, manifest.dump(record))
        head, moment = record.head, manifest.now()
        tombstone = Head(
            head.id,
            head.name,
            head.type,
            head.created,
            edited=moment,
            run=head.run,
            deleted=moment,
            restored=head.restored,
        )
        _rewrite(version.path, Record(tombstone, {}), files_too=True)


def restore(store: StoreLayout, project: str, name: str, number: int) -> Version:
    """Brings a version back out of the trash. Raises `ArtifactError` when it is not there; `OSError`, `StoreError`."""
    kept = store.trashed_version(project, name, number)
    mistakes: list[Any] = []
    records = manifest.load(kept, mistakes)
    if not records:
        known = ", ".join(f"{path.parent.parent.name}:{path.parent.name}" for path in store.trashed_versions()[:10])
        raise ArtifactError(f"{project}/{name}:v{number} is not in the trash; there is {known or 'nothing in it'}")
    record = records[0]
    keep_contents(store, record.entries, {})
    deleted = read_collection(store, store.project(project), name).deleted
    path = next((each.path for each in deleted if each.id == record.head.id), None)
    if path is None:
        path = store.project(project).artifact(name).manifest(number)
    make_below(store.root, path.parent)
    with _locked(path.parent):
        moment = manifest.now()
        _rewrite(path, Record(replace(record.head, edited=moment, restored=moment), record.entries), files_too=True)
    kept.unlink(missing_ok=True)
    return _again(store, project, name, record.head.id)


def link(version: Version, project: str, name: str, aliases: tuple[str, ...] = ()) -> Version:
    """Makes a version of `project/name` that stands for this one, or finds the one that does.

    It keeps what it holds even when its source is deleted. Raises as `publish` does.
    """
    source = version.source or Source(version.project, version.collection, version.version, version.id)
    collection = read_collection(version.store, version.store.project(project), name)
    for there in collection.versions:
        if there.source is not None and there.source.id == source.id:
            return label(there, aliases)
    head = version.head
    release = Release(
        name=name,
        type=head.type,
        entries=version.entries(),
        description=head.description,
        metadata=head.metadata,
        aliases=aliases,
        tags=head.tags,
        run=head.run,
        source=source,
    )
    return publish(version.store, project, release)


def add_part(store: StoreLayout, project: str, release: Release, shared_id: str) -> None:
    """Adds files to a version that several runs make together, and that `finish_parts` will finish.

    Raises as `publish` does.
    """
    check_type(read_collection(store, store.project(project), release.name), release.type)
    keep_contents(store, release.entries, release.contents)
    folder = _parts_folder(store, project, release.name, shared_id)
    make_below(store.root, folder)
    head = _head_of(release, release.entries, digest_of(release.entries))
    write_atomically(folder / f"{head.id}.yaml", manifest.dump(Record(head, release.entries)))


def finish_parts(store: StoreLayout, project: str, release: Release, shared_id: str) -> Version:
    """Makes a version of the files that were added under `shared_id`, and those of `release`, which go before.

    Raises as `publish` does; what was added then waits for another try.
    """
    folder = _parts_folder(store, project, release.name, shared_id)
    ours = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.tmp")
    try:
        os.rename(folder, ours)
    except FileNotFoundError:
        return publish(store, project, release)
    try:
        parts = [record for path in sorted(ours.glob("*.yaml")) for record in manifest.load(path, [])]
        parts.sort(key=lambda record: record.head.age_order)
        entries = {path: entry for record in parts for path, entry in record.entries.items()}
        heads = [record.head for record in parts]
        metadata = {key: value for head in heads for key, value in head.metadata.items()}
        aliases = dict.fromkeys(alias for head in heads for alias in head.aliases)
        whole = replace(
            release,
            entries={**entries, **release.entries},
            metadata={**metadata, **release.metadata},
            aliases=tuple(dict.fromkeys((*aliases, *release.aliases))),
            description=release.description or next((head.description for head in heads if head.description), ""),
        )
        version = publish(store, project, whole)
    except BaseException:
        with contextlib.suppress(OSError):
            os.rename(ours, folder)
        raise
    shutil.rmtree(ours, ignore_errors=True)
    return version


def _parts_folder(store: StoreLayout, project: str, name: str, shared_id: str) -> Path:
    # What scripts call it is any text.
    key = hashlib.sha256(shared_id.encode("utf-8", "backslashreplace")).hexdigest()[:20]
    return store.project(project).artifact(name).parts_dir / key


def _record(version: Version) -> Record:
    for record in manifest.load(version.path, []):
        if record.head.id == version.id:
            return record
    raise ContentError(f"{version.path}: found nothing of version {version.id}; was it deleted meanwhile?")


def _rewrite(path: Path, record: Record, *, files_too: bool) -> None:
    """Puts the lines of one version in place of those there are; lines of others stay as they are."""
    data = manifest.read(path)
    head = manifest.dump(record if files_too else Record(record.head, {}))
    kept = manifest.without(data, record.head.id, files_too=files_too)
    if kept is None:  # Laid out by hand: all of it is written anew, as we write it.
        others = [each for each in manifest.parse(path, data, []) if each.head.id != record.head.id]
        head, kept = manifest.dump(record), b"".join(manifest.lines_of(manifest.dump(each)) for each in others)
    write_atomically(path, head + kept)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keeps others from changing a version meanwhile, as far as the file system can."""
    refuse_change(folder)
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        yield
        return
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
