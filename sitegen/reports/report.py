"""A report compiled: its text as HTML, its panels as what their script draws, its claims with what the store says."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup

from runstore.errors import RunstoreError
from runstore.reading.problems import Problem
from sitegen import urls
from sitegen.data.sweeps import Sweep
from sitegen.reports.crosslinks import CrossLinks, Targets
from sitegen.reports.figures.blocks import MOST, WORDS, PanelGrid, head_of, read_panels, section_of
from sitegen.reports.figures.drawn import Drawn, commit_html, figure_html, payload
from sitegen.reports.figures.known import RunSets, Subject
from sitegen.reports.figures.lineage import LineageBlock, lineage_html, read_lineage
from sitegen.reports.figures.table_html import table_html
from sitegen.reports.figures.tables import TableBlock, read_table
from sitegen.reports.files import ReportFile
from sitegen.reports.mistakes import NOTHING, FollowsError, Mistake, Mistakes, ReportError
from sitegen.reports.text.beside import read_beside
from sitegen.reports.text.citations import LARGEST, Bibliography, bibliography
from sitegen.reports.text.markdown import Fence, Markdown, inline
from sitegen.reports.text.scope import ClaimShown, ImageShown, Label, Link, Scope
from sitegen.reports.values.claims import Verdict
from sitegen.reports.values.expressions import Values

if TYPE_CHECKING:
    from sitegen.reports.text.images import ReportImages, StoredImage
    from sitegen.reports.text.rendering import Heading

WORDS_A_MINUTE: Final = 230
_EXPRESSION: Final = re.compile(r"\s*\{\{(.*)\}\}\s*", re.DOTALL)

Block = PanelGrid | TableBlock | LineageBlock


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim with what the store says of it; `line` is where it stands, `is_inline` whether that is in the text.

    One of a report whose commit is gone is not checked.
    """

    claim: str
    verdict: Verdict
    line: int
    is_inline: bool
    is_checked: bool = True

    @property
    def problem(self) -> str:
        """What is wrong with it, in one line; "" where it holds, and where that is told already."""
        if self.verdict.state == "holds" or self.verdict.follows or not self.is_checked:
            return ""
        said = self.verdict.message or f"found {self.verdict.found}"
        return f"the claim {self.verdict.text!r} {_WORDS[self.verdict.state]}: {said}; mend the claim, or the runs"


_WORDS: Final = {"holds": "holds", "fails": "does not hold", "unknown": "cannot be checked"}


@dataclass(frozen=True)
class Report:
    """A report with nothing left to compute. `grids` are what its script draws, `specs` what each of its figures is
    made from, `images` the pictures that its page shows. What it speaks of lies below `base`, "" for the site itself.
    `text` and `scope` are what other forms of it are written from."""

    file: ReportFile
    html: Markup
    toc: "tuple[Heading, ...]"
    words: int
    claims: tuple[Claim, ...]
    mistakes: tuple[Mistake, ...]
    blocks: tuple[Block, ...]
    grids: tuple[Drawn, ...]
    tables: tuple[tuple[TableBlock, int | None], ...]
    images: "Mapping[str, StoredImage]"
    cover: ImageShown | None
    base: str
    text: Markdown = field(repr=False)
    scope: Scope = field(repr=False)

    @property
    def problems(self) -> list[Problem]:
        """What is wrong with it, as problems of the store."""
        found = [*self.mistakes, *(Mistake(claim.line, claim.problem) for claim in self.claims if claim.problem)]
        return [Problem(self.file.relative, line, message) for line, message in sorted(found)]

    @property
    def minutes(self) -> int:
        return max(1, round(self.words / WORDS_A_MINUTE))

    @cached_property
    def payload(self) -> dict[str, Any] | None:
        """What the page's script draws; None where it has no panels."""
        if not self.grids:
            return None
        page = self.file.page
        projects = {grid.grid.sets[0].project.name for grid in self.grids}
        sweeps = {(sweep.project.name, sweep.id): sweep for sweep in self._sweeps()}
        return {
            "projects": [_project(name, page, self.base) for name in sorted(projects)],
            "sweeps": [_sweep(sweep, page, self.base) for _, sweep in sorted(sweeps.items())],
            "grids": [payload(grid) for grid in self.grids],
        }

    def _sweeps(self) -> Iterator[Sweep]:
        return (grid.grid.sweep for grid in self.grids if grid.grid.sweep is not None)


def _project(name: str, page: str, base: str) -> dict[str, Any]:
    root = urls.up(page)
    return {
        "name": name,
        "base": urls.href(base + urls.project_dir(name), root) + "/",
        "runs": urls.href(base + urls.data_file(name, "runs"), root),
    }


def _sweep(sweep: Sweep, page: str, base: str) -> dict[str, Any]:
    folder = base + urls.sweep_dir(sweep.project.name, sweep.slug)
    return {"project": sweep.project.name, "id": sweep.id, "data": urls.href(f"{folder}/sweep.js", urls.up(page))}


@dataclass(frozen=True, slots=True)
class Basis:
    """What a report stands on. The pages of what it speaks of lie below `base`, "" for the site itself; `commit` and
    `commit_page` name the commit that this is, "" outside of git. `gone` says why there is nothing to speak of: the
    commit that the report is pinned to is not there; `amiss` is what else is known to be wrong."""

    base: str = ""
    commit: str = ""
    commit_page: str = ""
    gone: str = ""
    amiss: tuple[Mistake, ...] = ()


def compile_report(
    file: ReportFile, subjects: Mapping[str, Subject], targets: Targets, basis: Basis | None = None
) -> Report:
    """Everything of a report. What is wrong in it is among its mistakes, and said in its place."""
    return _Compiler(file, subjects, targets, basis or Basis()).report()


class _Compiler:
    """One report on its way: its blocks first, so that the text can speak of their numbers."""

    def __init__(self, file: ReportFile, subjects: Mapping[str, Subject], targets: Targets, basis: Basis) -> None:
        self.file, self.front = file, file.front
        self.basis, self.base, self.gone = basis, basis.base, basis.gone
        self.mistakes = Mistakes([*file.mistakes.found, *basis.amiss])
        self.page = file.page
        usual = self.front.project or file.project
        self.sets = RunSets(self.front.runs, subjects, usual)
        if self.gone:
            self.mistakes.add(self.front.lines.get("as_of", 0), self.gone)
        else:
            self.sets.check(self.mistakes)
        self.links = CrossLinks(targets, usual, self.page, self.base, file.site)
        there = {name: found.runs for name, found in self.sets.there().items()}
        self.values = Values(there, unusable={} if self.gone else self.sets.unusable())
        self.followed: set[Mistake] = set()
        self.images: dict[str, StoredImage] = {}
        self.claims = [self._claimed(check.text, check.claim, check.line) for check in self.front.checks]
        self.numbers: Counter[str] = Counter()
        self.labels: dict[str, Label] = {}
        self.cited: dict[str, int] = {}

    def report(self) -> Report:
        parts = self.file.parts
        text = Markdown(parts.body, parts.body_line, WORDS)
        found = [self._block(fence, at) for at, fence in enumerate(text.fences)]
        numbers = self._numbered(text, found)
        scope = self._scope()
        grids = tuple(self._drawn(found, numbers))
        blocks = tuple(
            self._shown(block, number, fence, grids, scope)
            for block, number, fence in zip(found, numbers, text.fences, strict=True)
        )
        whole = self._scope(blocks)
        cover = self._cover()
        rendered = text.render(whole)
        known = tuple(block for block in found if not isinstance(block, ReportError))
        tables = [(block, number) for block, number in zip(found, numbers, strict=True)]
        return Report(
            self.file,
            rendered.html,
            rendered.toc if self.front.toc else (),
            rendered.words,
            tuple(self.claims),
            tuple(sorted({*self.mistakes.found, *rendered.mistakes} - self.followed)),
            known,
            grids,
            tuple((block, number) for block, number in tables if isinstance(block, TableBlock)),
            self.images,
            cover,
            self.base,
            text,
            whole,
        )

    def _scope(self, blocks: Sequence[Markup] = ()) -> Scope:
        return Scope(
            blocks=blocks,
            labels=self.labels,
            value=self._value,
            claim=self._claim,
            link=self._link,
            image=self._image,
            bibliography=self._bibliography,
            cited=self.cited,
        )

    def _block(self, fence: Fence, at: int) -> Block | ReportError:
        if self.gone:
            return ReportError(self.gone, fence.line)
        try:
            if at >= MOST:
                raise ReportError(f"found more than {MOST} panels and tables; split the report", fence.line)
            if fence.word in ("panel", "panels"):
                grid = read_panels(fence.word, fence.text, fence.line, self.sets)
                self.mistakes.found += grid.mistakes
                return grid
            section = section_of(fence.text, fence.line)
            head = head_of(section, fence.line)
            if fence.word == "lineage":
                return read_lineage(section, head, self.links.targets.artifacts, self.sets.usual)
            return read_table(section, head, self.sets, fence.text, by_run=fence.word == "runs")
        except RunstoreError as error:
            line = error.line if isinstance(error, ReportError) and error.line else fence.line
            if not isinstance(error, FollowsError):
                self.mistakes.add(line, str(error))
            return ReportError(str(error), line)

    def _numbered(self, text: Markdown, found: Sequence[Block | ReportError]) -> list[int | None]:
        """The numbers of the blocks, counted together with the images and equations that the text labels itself."""
        places: list[tuple[int, int | str]] = [(fence.line, at) for at, fence in enumerate(text.fences)]
        places += [(line, name) for name, line in text.labels.items()]
        numbers: list[int | None] = [None] * len(found)
        for line, which in sorted(places, key=lambda place: place[0]):
            if isinstance(which, str):
                self._count("Equation" if which.startswith("eq-") else "Figure", which, line)
            else:
                numbers[which] = self._number(found[which])
        return numbers

    def _number(self, block: Block | ReportError) -> int | None:
        if isinstance(block, ReportError) or not block.head.is_numbered:
            return None
        return self._count("Table" if isinstance(block, TableBlock) else "Figure", block.head.id, block.head.line)

    def _count(self, word: str, name: str, line: int) -> int:
        """The next number of its kind, by which its id is known from then on."""
        self.numbers[word] += 1
        if name in self.labels:
            self.mistakes.add(line, f"found the id {name!r} twice; give each figure, table and equation its own")
        if name:
            self.labels[name] = Label(f"{word} {self.numbers[word]}", f"#{name}")
        return self.numbers[word]

    def _drawn(self, found: Sequence[Block | ReportError], numbers: Sequence[int | None]) -> Iterator[Drawn]:
        at = 0
        for block, number in zip(found, numbers, strict=True):
            if isinstance(block, PanelGrid):
                yield Drawn(block, at, number)
                at += 1

    def _shown(
        self, block: Block | ReportError, number: int | None, fence: Fence, grids: Sequence[Drawn], scope: Scope
    ) -> Markup:
        if isinstance(block, ReportError):
            return mistake_html(block, fence)
        caption, wrong = inline(block.head.caption, block.head.caption_line, scope)
        for mistake in wrong:
            self.mistakes.add(*mistake)
        if isinstance(block, LineageBlock):
            artifacts = self.links.targets.artifacts
            return lineage_html(block, artifacts, number, caption, self.page, self.base)
        if isinstance(block, TableBlock):
            return table_html(block, number, caption, self.page, self.base)
        drawn = next(each for each in grids if each.grid is block)
        spec = self.file.own + urls.figure_spec(drawn.at)
        commit = commit_html(self.basis.commit, self.basis.commit_page)
        return figure_html(drawn, caption, self.page, spec, self.base, commit)

    def _value(self, expression: str, line: int) -> str:
        """What an expression of the text comes to. Raises `ReportError`."""
        if self.gone:
            return NOTHING
        try:
            return self.values.inline(expression)
        except FollowsError as error:
            self.followed.add(Mistake(line, str(error)))
            raise

    def _claim(self, text: str, line: int) -> ClaimShown:
        """A claim of the text, which counts as one of the report's."""
        claim = self._claimed(text, "", line, is_inline=True)
        self.claims.append(claim)
        return ClaimShown(claim.verdict.state, claim.verdict.message or claim.verdict.found)

    def _claimed(self, text: str, words: str, line: int, *, is_inline: bool = False) -> Claim:
        verdict = Verdict(text, "unknown", "", self.gone, ()) if self.gone else self.values.check(text)
        return Claim(words, verdict, line, is_inline, not self.gone)

    def _link(self, name: str, line: int) -> Link | None:
        """Where a cross-link leads; what it names may be computed: `[[{{ runs.best('loss').id }}]]`."""
        if self.gone:
            return Link(NOTHING, "#")
        if computed := _EXPRESSION.fullmatch(name):
            name = self._value(computed[1], line)
        return self.links.find(name)

    def _image(self, path: str, line: int) -> ImageShown | None:
        stored = self._pictures.find(path, line)
        self.images[stored.name] = stored
        return ImageShown(self.file.own + urls.href(urls.report_image(stored.name)), stored.width, stored.height)

    def _cover(self) -> ImageShown | None:
        """The picture that stands for the report where its link is shared."""
        found, line = None, self.front.lines.get("cover", 0)
        if self.front.cover:
            with self.mistakes.caught(line):
                found = self._image(self.front.cover, line)
        return found

    @cached_property
    def _pictures(self) -> "ReportImages":
        from sitegen.reports.text.images import ReportImages  # Not at the top: few reports have images.

        return ReportImages(self.file.path.parent)

    @cached_property
    def _bibliography(self) -> Bibliography | None:
        if not self.front.bibliography:
            return None
        line = self.front.lines.get("bibliography", 0)
        texts = {}
        for name in self.front.bibliography:
            with self.mistakes.caught(line):
                texts[name] = read_beside(self.file.path.parent, name, LARGEST).decode("utf-8", "replace")
        found = bibliography(texts)
        for problem in found.problems:
            self.mistakes.add(line, f"{problem.name}, line {problem.line}: {problem.message}")
        return found


def mistake_html(error: ReportError, fence: Fence) -> Markup:
    """What stands in place of a block that cannot be used."""
    return Markup(
        '<div class="report-mistake" role="note"><p><strong>Line {}</strong>: {}</p><pre><code>{}</code></pre></div>\n'
    ).format(error.line, str(error), fence.text[:2000])
