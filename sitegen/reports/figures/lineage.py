"""The lineage of an artifact in a report: who made its versions, and who used them."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from runstore.artifacts.collection import Collection, Version
from runstore.format.sections import Section, meant
from runstore.reading.store import RunRecord
from sitegen import urls
from sitegen.pages.artifacts import ArtifactIndex, Graph, graph, makers, users
from sitegen.reports.figures.blocks import Head
from sitegen.reports.figures.drawn import id_of, numbered
from sitegen.reports.figures.tables import Cell, TableBlock
from sitegen.reports.mistakes import NOTHING


@dataclass(frozen=True, slots=True)
class LineageBlock:
    """An artifact whose newest versions a figure shows; `rows` are their names, and those of the runs on both sides."""

    head: Head
    collection: Collection
    most: int
    rows: tuple[tuple[str, str, str], ...]

    @property
    def table(self) -> TableBlock:
        """The same in words: each version with the runs that made and used it."""
        rows = tuple(tuple(map(Cell, row)) for row in self.rows)
        return TableBlock(self.head, ("Version", "Made by", "Used by"), 3, rows, 0, (), "")

    @property
    def projects(self) -> set[str]:
        """The project that it shows something of."""
        return {self.collection.project}


def read_lineage(section: Section, head: Head, index: ArtifactIndex, usual: str) -> LineageBlock:
    """A block from its YAML; an artifact without a project is of `usual`. Raises `ReportError`."""
    section.only(("id", "caption", "artifact", "most"))
    section.required("artifact", "the name of one")
    project, _, name = section.text("artifact").rpartition("/")
    known: Sequence[Collection] = index.by_project.get(project or usual, ())
    found = next((each for each in known if each.name == name), None)
    if found is None:
        names = [each.name for each in known]
        mend = meant(name, names) or (f"there are: {', '.join(names[:8])}" if names else "the project has none")
        section.fail("artifact", f"no artifact {name!r}", "the name of one", mend)
    most = section.integer("most", 10, least=1, most=30)
    return LineageBlock(head, found, most, tuple(_row(index, each) for each in found.versions[::-1][:most]))


def _row(index: ArtifactIndex, version: Version) -> tuple[str, str, str]:
    label = ", ".join((version.version, *version.aliases))
    return label, _names(makers(index, version)), _names(users(index, version))


def _names(runs: Sequence[RunRecord]) -> str:
    return ", ".join(run.name for run in runs) or NOTHING


def lineage_html(
    block: LineageBlock, index: ArtifactIndex, number: int | None, caption: Markup, page: str, base: str
) -> Markup:
    """The figure, on the report at `page`; what it links to lies below `base`."""
    root = urls.href(base, urls.up(page))
    own = block.collection
    newest = own.versions[::-1][: block.most]
    drawn = graph(index, newest, root, index.href(newest[0], root))
    return Markup(
        '<figure class="report-figure"{id}>\n<div class="graph-scroll" tabindex="0" role="region" aria-label="{label}">'
        '<svg class="graph" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="group"'
        ' aria-label="{label}">{paths}{boxes}</svg></div>\n<figcaption>{number}{caption}</figcaption>\n</figure>\n'
    ).format(
        id=id_of(block.head),
        label=f"Runs that made and used the versions of {own.name}",
        width=drawn.width,
        height=drawn.height,
        paths=_paths(drawn),
        boxes=_boxes(drawn),
        number=numbered("Figure", number),
        caption=caption,
    )


def _paths(drawn: Graph) -> Markup:
    return Markup("").join(Markup('<path d="{}"/>').format(path) for path in drawn.paths)


def _boxes(drawn: Graph) -> Markup:
    return Markup("").join(
        Markup(
            '<a href="{}" class="graph-{}"><rect x="{}" y="{}" width="{}" height="30" rx="6"/>'
            '<text x="{}" y="{}">{}</text></a>'
        ).format(box.href, box.kind, box.x, box.y, box.width, box.text_x, box.text_y, box.label)
        for box in drawn.boxes
    )
