"""What is wrong with the artifacts of a store: content that is missing or damaged, manifests and lineage that lie."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from runstore.artifacts import lineage
from runstore.artifacts.blobs import Blobs
from runstore.artifacts.collection import Collection, Version, iter_collections
from runstore.artifacts.errors import ArtifactError
from runstore.artifacts.names import check_path
from runstore.errors import FormatError, StoreError
from runstore.format.layout import NO_LINKS, StoreLayout, link_among
from runstore.format.run_layout import linked
from runstore.reading.entries import located
from runstore.reading.problems import Problem


def problems(store: StoreLayout, *, deep: bool = True) -> Iterator[Problem]:
    """Every problem with artifacts, one after the other; with `deep` each blob is read and hashed, once."""
    known: set[str] = set()
    checked: dict[tuple[str, int | None], str] = {}
    behind = link_among(store.root, store.objects_dir)
    if behind is not None:
        yield Problem(_relative(store, behind), 0, NO_LINKS)
    try:
        for collection in iter_collections(store):
            known.update(version.id for version in (*collection.versions, *collection.deleted))
            yield from _collection_problems(store, collection, checked, deep=deep, contents=behind is None)
    except StoreError as error:
        yield problem(store, store.root, error)
    for link in _links(store):
        yield Problem(_relative(store, link), 0, linked("directory"))
    yield from _lineage_problems(store, known)


def _collection_problems(
    store: StoreLayout,
    collection: Collection,
    checked: dict[tuple[str, int | None], str],
    *,
    deep: bool,
    contents: bool,
) -> Iterator[Problem]:
    said = {str(error) for error in collection.problems}
    for error in collection.problems:
        yield problem(store, collection.path, error)
    for version in collection.versions:
        yield from version_problems(version, checked, said, deep=deep, contents=contents)


def version_problems(
    version: Version,
    checked: dict[tuple[str, int | None], str] | None = None,
    said: Iterable[str] = (),
    *,
    deep: bool = True,
    contents: bool = True,
) -> Iterator[Problem]:
    """The problems of one version but for those `said`. `checked` remembers what is known of blobs; without
    `contents` none is looked for."""
    known = {} if checked is None else checked
    store, mistakes = version.store, list[FormatError]()
    try:
        entries = version.entries(mistakes)
    except StoreError as error:
        yield problem(store, version.path, error)
        return
    for mistake in mistakes:
        if str(mistake) not in said:
            yield problem(store, version.path, mistake)
    if len(entries) != version.file_count and version.file_count:
        message = f"{version.name}: found {len(entries)} files, expected {version.file_count}; restore the manifest"
        yield Problem(_relative(store, version.path), 0, message)
    for entry in entries.values():
        try:
            check_path(entry.path)
        except ArtifactError as error:
            yield Problem(_relative(store, version.path), 0, f"{version.name}: {error}")
            continue
        if entry.ref or not entry.sha256 or not contents:
            continue
        key = (entry.sha256, entry.size)
        if key not in known:
            known[key] = Blobs(store).problem(*key, deep=deep)
        if known[key]:
            yield Problem(_relative(store, version.path), 0, f"{version.name}, {entry.path!r}: {known[key]}")


def _lineage_problems(store: StoreLayout, known: set[str]) -> Iterator[Problem]:
    mistakes: list[StoreError] = []
    for use in lineage.all_uses(store, mistakes):
        if use.id not in known and use.path is not None:
            what = f"{use.project}/{use.name}:{use.version} (id {use.id[:20]})"
            message = f"names {what}, which is not in the store; restore it from a copy, or delete the line"
            yield Problem(_relative(store, use.path), use.line, message)
    for error in mistakes:
        yield problem(store, store.root, error)


def _links(store: StoreLayout) -> list[Path]:
    """The links where artifacts, or their versions, belong: nobody follows them."""
    found = []
    try:
        for project in store.projects():
            places = [project.artifacts_dir, *project.artifacts_dir.glob("*"), *project.artifacts_dir.glob("*/v*")]
            found += [place for place in places if place.is_symlink()]
    except OSError:
        pass  # `iter_collections` has said so.
    return found


def problem(store: StoreLayout, path: Path, error: StoreError) -> Problem:
    """An error as what `verify` lists."""
    place = error.path if isinstance(error, FormatError) else path
    line, message = located(place, error)
    return Problem(_relative(store, place), line, message)


def _relative(store: StoreLayout, path: Path) -> str:
    try:
        return path.relative_to(store.root).as_posix() or "."
    except ValueError:
        return path.name
