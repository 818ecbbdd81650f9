"""The artifacts of a store: their pages, and what a run's page says of those that went in and out of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from markupsafe import Markup

from runstore.artifacts.collection import Collection, Version, read_collections
from runstore.artifacts.lineage import INPUT, OUTPUT, Use, uses_of
from runstore.artifacts.manifest import FileEntry
from runstore.errors import StoreError
from runstore.reading.beside import writer_files
from runstore.reading.disclosure import WHOLE, Disclosure
from runstore.reading.store import Project, RunRecord, Store
from sitegen import urls
from sitegen.data.markup import markdown_html
from sitegen.pages.context import Link, PageContext, ProblemRow, iso
from sitegen.pages.values import shown_items

MAX_FILES = 200
MAX_COMPARED = 5_000
"""Files of a version that a comparison knows."""
MAX_DRAWN = 30


@dataclass(frozen=True, slots=True)
class UseRow:
    """An artifact that a run used or made; `href` is None where no version of it is in the store."""

    name: str
    type: str
    use_as: str
    time: str | None
    href: str | None


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """One file of a version; `digest` names its content, or where a reference leads."""

    path: str
    size: int | None
    digest: str


@dataclass(frozen=True, slots=True)
class VersionView:
    """One version as its page shows it. `run` and `used_by` have no `href` where a run is gone."""

    version: str
    id: str
    aliases: tuple[str, ...]
    tags: tuple[str, ...]
    created: str | None
    expires: str | None
    run: Link | None
    used_by: tuple[Link, ...]
    size: int
    digest: str
    description: Markup
    metadata: tuple[tuple[str, str], ...]
    source: str | None
    file_count: int
    files: tuple[StoredEntry, ...]
    hidden: int


@dataclass(frozen=True, slots=True)
class Box:
    """A node of the graph: its corner and width in pixels, its label and where it leads."""

    x: int
    y: int
    width: int
    kind: str
    label: str
    href: str

    @property
    def text_x(self) -> int:
        return self.x + 12

    @property
    def text_y(self) -> int:
        return self.y + 19


@dataclass(frozen=True, slots=True)
class Graph:
    """Runs that made versions, the versions, and the runs that used them, from left to right."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    paths: tuple[str, ...]
    hidden: int


@dataclass(frozen=True, slots=True)
class ArtifactPage(PageContext):
    """Context of `artifact.html`."""

    name: str
    type: str
    project: str
    versions: tuple[VersionView, ...]
    graph: Graph
    compared: str | None
    problems: tuple[ProblemRow, ...]


@dataclass(slots=True)
class ArtifactIndex:
    """Every artifact of a store, read once a build: by project and name, versions by id, and who used and made each."""

    by_project: dict[str, list[Collection]] = field(default_factory=dict)
    slugs: dict[str, dict[str, str]] = field(default_factory=dict)
    versions: dict[str, Version] = field(default_factory=dict)
    uses: dict[str, list[tuple[Use, RunRecord]]] = field(default_factory=dict)
    runs: dict[tuple[str, str], RunRecord] = field(default_factory=dict)
    by_run: dict[tuple[str, str], list[Use]] = field(default_factory=dict)
    disclosures: dict[str, Disclosure] = field(default_factory=dict)

    def disclosure(self, project: str) -> Disclosure:
        """What may be told of a project's artifacts."""
        return self.disclosures.get(project, WHOLE)

    def state(self, project: str) -> list[object]:
        """What a project's artifact pages are made of, for a digest."""
        collections = self.by_project.get(project, [])
        known = [version for each in collections for version in (*each.versions, *each.deleted)]
        return [
            [(version.describe(), str(version.expires)) for version in known],
            [
                (use.direction, use.id, run.project, run.id, run.name)
                for version in known
                for use, run in self.uses.get(version.id, ())
            ],
            [str(problem) for each in collections for problem in each.problems],
        ]

    def run_state(self, run: RunRecord) -> list[object]:
        """The same for the page of a run."""
        rows = [self.row(use, "") for use in self.by_run.get((run.project, run.id), ())]
        return [(row.name, row.href) for row in rows]

    def row(self, use: Use, root: str) -> UseRow:
        version = self.versions.get(use.id)
        href = None if version is None else f"{self.href(version, root)}#{version.version}"
        name = version.name if version else f"{use.name}:{use.version}"
        shown = name if use.project == use.run_project else f"{use.project}/{name}"
        return UseRow(shown, use.type, use.use_as, iso(use.moment), href)

    def rows(self, run: RunRecord, direction: str, root: str) -> tuple[UseRow, ...]:
        """The artifacts that went into a run ("input"), or came out of it ("output")."""
        uses = self.by_run.get((run.project, run.id), ())
        return tuple(self.row(use, root) for use in uses if use.direction == direction)

    def href(self, version: Version, root: str) -> str:
        slug = self.slugs[version.project][version.collection]
        return urls.href(urls.artifact_page(version.project, slug), root)

    def links(self, project: str) -> tuple[tuple[str, str, int], ...]:
        """Name, page below the project and number of versions of each artifact."""
        return tuple(
            (each.name, urls.href(f"artifacts/{self.slugs[project][each.name]}/index.html"), len(each.versions))
            for each in self.by_project.get(project, ())
        )


def artifact_index(store: Store) -> ArtifactIndex:
    """Reads the artifacts of a store, and the runs' lines about them."""
    index = ArtifactIndex()
    for project in store.projects:
        if project.layout.artifacts_dir.is_dir():
            _add_project(index, store, project)
        for run in project.runs:
            index.runs[run.project, run.id] = run
            if writer_files(run, "lineage"):
                uses = _told_uses(run)
                index.by_run[run.project, run.id] = uses
                for use in uses:
                    index.uses.setdefault(use.id, []).append((use, run))
    return index


def _told_uses(run: RunRecord) -> list[Use]:
    """A run's lines about artifacts, without those of projects that nothing may be told of."""
    tell = run.disclosure
    uses = [use for use in uses_of(run.layout, run.project) if tell.knows(use.project)]
    return (
        uses
        if tell.is_whole
        else [replace(use, type=tell.text(use.type), use_as=tell.text(use.use_as)) for use in uses]
    )


def _add_project(index: ArtifactIndex, store: Store, project: Project) -> None:
    try:
        read = read_collections(store.layout, project.name)
    except StoreError:
        return
    collections = [_told(each, project.disclosure) for each in read if each.versions]
    index.disclosures[project.name] = project.disclosure
    index.by_project[project.name] = collections
    index.slugs[project.name] = urls.slugs(each.name for each in collections)
    index.versions |= {version.id: version for each in collections for version in each.versions}


def _told(collection: Collection, disclosure: Disclosure) -> Collection:
    """An artifact with what may be told of its versions."""
    if disclosure.is_whole:
        return collection
    versions = tuple(_told_version(version, disclosure) for version in collection.versions)
    return replace(collection, versions=versions, deleted=())


def _told_version(version: Version, disclosure: Disclosure) -> Version:
    head = version.head
    hides = head.source is not None and not disclosure.knows(head.source.project)
    told = replace(
        head,
        type=disclosure.text(head.type),
        description=disclosure.value(head.description),
        metadata=disclosure.value(head.metadata),
        tags=tuple(map(disclosure.text, head.tags)),
        source=None if hides else head.source,
    )
    return replace(version, head=told, aliases=tuple(map(disclosure.text, version.aliases)))


def versions_payload(collection: Collection, disclosure: Disclosure = WHOLE) -> list[dict[str, Any]]:
    """The versions of an artifact, the newest first, with all that a comparison of two of them needs."""
    return [
        {
            "version": version.version,
            "aliases": list(version.aliases),
            "metadata": [list(item) for item in shown_items(version.head.metadata)],
            "files": [
                [entry.path, entry.size, disclosure.text(_content(entry))] for entry in _entries(version)[:MAX_COMPARED]
            ],
            "hidden": max(0, len(_entries(version)) - MAX_COMPARED),
        }
        for version in collection.versions[::-1]
    ]


def _entries(version: Version) -> list[FileEntry]:
    try:
        return list(version.entries().values())
    except StoreError:
        return []


def _content(entry: FileEntry) -> str:
    """What names an entry's content: for a reference where it leads, and what it held."""
    return f"{entry.ref} {entry.etag or ''}".strip() if entry.ref else entry.sha256 or entry.etag


def artifact_page(
    index: ArtifactIndex, store: Store, collection: Collection, compared: str | None = None
) -> ArtifactPage:
    """The page of one artifact: its versions, the newest first. `compared` leads to the data of their comparison."""
    slug = index.slugs[collection.project][collection.name]
    path = urls.artifact_page(collection.project, slug)
    root = urls.up(path)
    project_href = urls.href(urls.project_page(collection.project), root)
    newest = collection.versions[::-1]
    tell = index.disclosure(collection.project).text
    return ArtifactPage(
        title=f"{collection.name} · {collection.project}",
        root=root,
        crumbs=((collection.project, project_href), (collection.name, None)),
        name=collection.name,
        type=collection.type,
        project=collection.project,
        versions=tuple(_version(index, version, root) for version in newest),
        graph=graph(index, newest, root),
        compared=compared,
        problems=tuple(
            ProblemRow(collection.name, tell(str(each).replace(f"{store.layout.root}/", "")))
            for each in collection.problems
        ),
        path=path,
    )


def _version(index: ArtifactIndex, version: Version, root: str) -> VersionView:
    entries = _entries(version)
    tell = index.disclosure(version.project).text
    return VersionView(
        version=version.version,
        id=version.id,
        aliases=version.aliases,
        tags=tuple(version.head.tags),
        created=iso(version.created),
        expires=iso(version.expires),
        run=_maker(index, version, root),
        used_by=tuple(_run_link(run, root) for run in users(index, version)),
        size=version.size,
        digest=version.digest,
        description=markdown_html(version.head.description or ""),
        metadata=shown_items(version.head.metadata),
        source=None if version.source is None else f"{version.source.project}/{version.source.name}",
        file_count=version.file_count,
        files=tuple(
            StoredEntry(entry.path, entry.size, tell(entry.ref) if entry.ref else entry.sha256 or entry.etag)
            for entry in entries[:MAX_FILES]
        ),
        hidden=max(0, len(entries) - MAX_FILES),
    )


def _runs(index: ArtifactIndex, version: Version, direction: str) -> list[RunRecord]:
    wanted = version.source.id if version.source is not None else version.id
    found = {(run.project, run.id): run for use, run in index.uses.get(wanted, ()) if use.direction == direction}
    return sorted(found.values(), key=lambda run: (run.created or 0.0, run.project, run.id))


def makers(index: ArtifactIndex, version: Version) -> list[RunRecord]:
    """The run that made a version; none where it is gone."""
    own = index.runs.get((version.project, version.run)) if version.run else None
    return [own] if own else _runs(index, version, OUTPUT)[:1]


def users(index: ArtifactIndex, version: Version) -> list[RunRecord]:
    """The runs that used a version, in the order that they began."""
    return _runs(index, version, INPUT)


def _maker(index: ArtifactIndex, version: Version, root: str) -> Link | None:
    found = makers(index, version)
    if found:
        return _run_link(found[0], root)
    return Link(version.run, "") if version.run else None


def _run_link(run: RunRecord, root: str) -> Link:
    return Link(run.name, urls.href(urls.run_page(run.project, run.id), root))


_ROW, _BOX, _GAP, _TOP = 40, 220, 90, 8


def graph(index: ArtifactIndex, versions: Iterable[Version], root: str, page: str = "") -> Graph:
    """The newest versions in the middle, beside them the runs that made and used them, in the same order every time.

    `page` leads to the artifact's own, "" from there.
    """
    shown = list(versions)
    drawn = shown[:MAX_DRAWN]
    left = _column(run for version in drawn for run in makers(index, version))
    right = _column(run for version in drawn for run in users(index, version))
    boxes = [_run_box(0, at, run, root) for at, run in left.values()]
    paths = []
    for at, version in enumerate(drawn):
        label = ", ".join((version.version, *version.aliases))
        boxes.append(Box(_BOX + _GAP, _TOP + at * _ROW, _BOX, "version", _short(label), f"{page}#{version.version}"))
        paths += [_path(0, left[run.project, run.id][0], at) for run in makers(index, version)]
        used = [right.get((run.project, run.id)) for run in users(index, version)]
        paths += [_path(1, at, place[0]) for place in used if place]
    boxes += [_run_box(2, at, run, root) for at, run in right.values()]
    height = _TOP * 2 + max(len(drawn), len(left), len(right), 1) * _ROW - (_ROW - 30)
    return Graph(3 * _BOX + 2 * _GAP, height, tuple(boxes), tuple(paths), len(shown) - len(drawn))


def _column(runs: Iterable[RunRecord]) -> Mapping[tuple[str, str], tuple[int, RunRecord]]:
    """Runs with their rows, each once, in the order that they come."""
    unique = {(run.project, run.id): run for run in runs}
    return {place: (at, run) for at, (place, run) in enumerate(list(unique.items())[: 3 * MAX_DRAWN])}


def _run_box(column: int, row: int, run: RunRecord, root: str) -> Box:
    return Box(column * (_BOX + _GAP), _TOP + row * _ROW, _BOX, "run", _short(run.name), _run_link(run, root).href)


def _path(column: int, left: int, right: int) -> str:
    x0, y0, y1 = column * (_BOX + _GAP) + _BOX, _TOP + left * _ROW + 15, _TOP + right * _ROW + 15
    middle = x0 + _GAP // 2
    return f"M{x0} {y0}C{middle} {y0} {middle} {y1} {x0 + _GAP} {y1}"


def _short(text: str) -> str:
    return text if len(text) <= 28 else f"{text[:27]}…"
