"""The files and artifacts of an imported run. One that is missing, or may not lie where it wants to, costs only
itself."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from runstore.artifacts import blobs, names
from runstore.artifacts.blobs import UNSHARED, Content
from runstore.artifacts.collection import Version, read_collection
from runstore.artifacts.lineage import OUTPUT, dump_line
from runstore.artifacts.manifest import FileEntry
from runstore.artifacts.publishing import Release, digest_of, edit, label, publish
from runstore.errors import RunstoreError, UsageError
from runstore.format.copying import copy_file, open_plain
from runstore.format.layout import StoreLayout
from runstore.format.records import write_atomically
from runstore.importers.identity import iso
from runstore.importers.sources import ImportedArtifact, ImportedFile, ImportedRun
from runstore.media.base import inside


def keep_files(run: ImportedRun, files: Iterable[ImportedFile], folder: Path) -> None:
    """Keeps files of the run below `folder`. Raises `OSError` for trouble with our own disk."""
    for file in files:
        try:
            target = inside(folder, file.place)
            _check_readable(file)
        except (UsageError, OSError) as error:
            run.problems.lose(f"{run.where}: the file {file.place} is left out: {_reason(error)}")
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(file.content, bytes):
            write_atomically(target, file.content)
        else:
            copy_file(file.content, target)


def _check_readable(file: ImportedFile) -> None:
    """Raises `OSError` where the source, not our disk, is the trouble."""
    if isinstance(file.content, Path):
        with open(open_plain(file.content), "rb"):
            pass


def keep_artifacts(run: ImportedRun, run_id: str, store: StoreLayout, project: str) -> bytes:
    """Publishes the versions that the run logged, each once, however often it is imported; the lines of its lineage.

    Raises `OSError` for trouble with our own disk.
    """
    lines = []
    for artifact in run.artifacts():
        try:
            version = _publish(run, artifact, run_id, store, project)
        except RunstoreError as error:
            run.problems.lose(f"{run.where}: the artifact {artifact.name} is left out: {error}")
            continue
        lines.append(dump_line(OUTPUT, version, project, artifact.time or run.created or 0.0))
    return b"".join(lines)


def _publish(run: ImportedRun, artifact: ImportedArtifact, run_id: str, store: StoreLayout, project: str) -> Version:
    release = _release(run, artifact, run_id)
    digest = digest_of(release.entries)
    name = names.check_name(artifact.name)
    for version in read_collection(store, store.project(project), name).versions:
        if version.head.run == run_id and version.digest == digest:
            return label(version, release.aliases, release.tags)
    version = publish(store, project, release)
    made = iso(artifact.time)
    if made and version.head.run == run_id:
        return edit(version, lambda head: replace(head, created=made))
    return version


def _release(run: ImportedRun, artifact: ImportedArtifact, run_id: str) -> Release:
    entries: dict[str, FileEntry] = {}
    contents: dict[str, Content] = {}
    for entry, content in _entries(run, artifact):
        entries[entry.path] = entry
        if content is not None:
            contents[content.sha256] = content
    aliases = [alias for alias in artifact.aliases if names.version_number(alias) is None]
    return Release(
        name=artifact.name,
        type=names.check_type(artifact.type or "unspecified"),
        entries=entries,
        contents=contents,
        description=artifact.description,
        metadata=names.check_metadata(dict(artifact.metadata)),
        aliases=names.check_aliases(aliases),
        tags=names.check_tags(artifact.tags),
        run=run_id,
    )


def _entries(run: ImportedRun, artifact: ImportedArtifact) -> Iterator[tuple[FileEntry, Content | None]]:
    for entry in artifact.entries:
        try:
            place = names.check_path(entry.path)
            if entry.file is None:
                yield FileEntry(place, size=entry.size, ref=entry.ref, etag=entry.etag), None
                continue
            path = str(entry.file)
            sha256, size = blobs.hash_file(path)
        except (RunstoreError, OSError) as error:
            run.problems.lose(f"{run.where}: {artifact.name} lacks its file {entry.path}: {_reason(error)}")
            continue
        yield FileEntry(place, sha256, size), Content(sha256, size, path, False, path, UNSHARED)


def _reason(error: Exception) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
