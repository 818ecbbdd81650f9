"""A page of MkDocs with what our blocks, values and claims in it come to."""

import hashlib
import json
import posixpath
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from runstore.errors import RunstoreError
from runstore.format import yaml12
from runstore.format.sections import Section
from runstore.format.yaml_text import YamlError
from sitegen import urls
from sitegen.data.shards import shard
from sitegen.mkdocs.text import Inline, Part, blocks_alone, names, parts, plain, written
from sitegen.plan import Known, SitePlan
from sitegen.reports import front as fronts
from sitegen.reports.figures.known import Subject
from sitegen.reports.files import ReportFile
from sitegen.reports.front import Front, Parted
from sitegen.reports.mistakes import FollowsError, Mistakes, ReportError, ReportSource
from sitegen.reports.page import curve_files, figure_spec, versioned_payload
from sitegen.reports.report import Basis, Report, compile_report
from sitegen.reports.runsets import DEFAULT
from sitegen.reports.values.expressions import FUNCTIONS

FOLDER: Final = "runstore/"
"""Where everything of ours lies in a site of MkDocs."""
KEYS: Final = ("project", "runs", "checks")
"""What a page's front matter, and the plugin's configuration but for the checks, say below `runstore:`."""

_TO_PAGES: Final = re.compile(r'<a (?:class="[^"]*" )?href="[^"]*index\.html(?:#[^"]*)?"[^>]*>(.*?)</a>', re.DOTALL)
_SIGNS: Final = {"holds": ("✓", "holds"), "fails": ("✗", "does not hold"), "unknown": ("?", "cannot be checked")}


@dataclass(frozen=True)
class PageFile(ReportFile):
    """A page of MkDocs as a report of which only the blocks are ours. `address` is its file in the site of MkDocs."""

    address: str = ""
    said: Front = field(default_factory=Front)

    @cached_property
    def parts(self) -> Parted:
        return Parted("", 1, self.text, 1)

    @cached_property
    def front(self) -> Front:
        return self.said

    @property
    def page(self) -> str:
        return self.address

    @property
    def site(self) -> str:
        return FOLDER

    @property
    def folder(self) -> str:
        """Where the files of the page itself lie, in the site of MkDocs."""
        return f"{FOLDER}{urls.EMBEDDED}/{self.address.removesuffix('.html')}"

    @property
    def own(self) -> str:
        return urls.href(self.folder, urls.up(self.address)) + "/"


@dataclass(frozen=True, slots=True)
class Source:
    """A page as it was written: `markdown` without its front matter, `content` the whole file, `relative` its path as
    messages name it, `address` its file in the site."""

    path: Path
    relative: str
    address: str
    content: str
    markdown: str

    @property
    def first(self) -> int:
        """The line of the file on which the Markdown begins."""
        whole = self.content.removeprefix("\ufeff")
        return whole[: len(whole) - len(self.markdown)].count("\n") + 1 if whole.endswith(self.markdown) else 1


@dataclass(frozen=True, slots=True)
class Page:
    """A page's Markdown for MkDocs; its blocks, by the words that keep their places; its own files, by their paths in
    the site of MkDocs; the `ids` of its figures; what is wrong with it, by line.

    `is_ours` says whether anything on it is made here, `is_drawn` whether scripts have to draw something.
    """

    markdown: str
    blocks: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    ids: tuple[str, ...] = ()
    mistakes: tuple[tuple[int, str], ...] = ()
    is_drawn: bool = False
    is_ours: bool = False

    def placed(self, html: str, *, pages: bool) -> str:
        """The page's HTML with its blocks in it; without `pages` of runs and projects nothing in these links to any."""
        for word, made in self.blocks.items():
            block = made if pages else _TO_PAGES.sub(r"<span>\1</span>", made)
            html = re.sub(rf"<p>\s*{word}\s*</p>|{word}", lambda _, block=block: block, html)  # type: ignore[misc]
        return html

    @property
    def data(self) -> str:
        """The address in the site of what its figures draw, with a mark of its content."""
        path = next(path for path in self.files if path.endswith("/report.js"))
        return urls.versioned(urls.href(path), self.files[path])


def make_page(source: Source, plan: SitePlan, given: Front, known: Known) -> Page:
    """The page; `given` is what the configuration says for all pages, `known` the SHA-256 of files of our site."""
    found = tuple(parts(source.markdown, source.first))
    mistakes = Mistakes()
    said = _front(source, given, mistakes)
    if said is None or not _is_ours(found, said, given):
        return Page(source.markdown, mistakes=tuple(mistakes.found))
    name = source.address.removesuffix(".html")
    file = PageFile(
        name, name, "", source.path, source.relative, blocks_alone(found), mistakes, address=source.address, said=said
    )
    report = compile_report(file, plan.subjects, plan.targets, Basis(FOLDER))
    return _Maker(source, file, report, found, plan.subjects, known).page()


def _is_ours(found: Iterable[Part], said: Front, given: Front) -> bool:
    return said.checks != given.checks or any(
        part.kind == "block" or (part.kind == "prose" and ("{{" in part.text or "]{check=" in part.text))
        for part in found
    )


def _front(source: Source, given: Front, mistakes: Mistakes) -> Front | None:
    """What holds for a page: what its own front matter says, and what the configuration says for all; None for a page
    that says `runstore: false`."""
    parted = fronts.parted(source.content, Mistakes())
    if "runstore" not in parted.front:
        return given
    try:
        values, lines = yaml12.load(parted.front), yaml12.lines(parted.front)
    except YamlError as error:
        mistakes.add(parted.front_line + max(error.line - 1, 0), f"found broken YAML: {error}; expected key: value")
        return given
    if not isinstance(values, Mapping) or values.get("runstore") is None:
        return given
    if values["runstore"] is False:
        return None
    own: dict[str, Any] = {}
    with mistakes.caught(parted.front_line):
        section = Section(
            values["runstore"], ReportSource("", lines, ReportError, parted.front_line), ("runstore",), "write runs: …"
        )
        own = fronts.read_keys(section, KEYS, mistakes, parted.front_line)
    return Front(
        project=own.get("project", given.project),
        runs={**given.runs, **own.get("runs", {})},
        checks=own.get("checks", ()),
    )


class _Maker:
    """One page on its way."""

    def __init__(
        self,
        source: Source,
        file: PageFile,
        report: Report,
        found: tuple[Part, ...],
        subjects: Mapping[str, Subject],
        known: Known,
    ) -> None:
        self.source, self.file, self.report, self.found, self.subjects = source, file, report, found, subjects
        self.known: Known = lambda path: known(path.removeprefix(FOLDER))
        self.names = {DEFAULT, *file.said.runs, *FUNCTIONS}
        self.mistakes = [(problem.line, problem.message) for problem in report.problems]
        self.mark = hashlib.sha256(source.relative.encode()).hexdigest()[:12]

    def page(self) -> Page:
        markdown = written(self.found, Inline(self._value, self._claim), self._word)
        return Page(
            markdown=markdown,
            blocks={self._word(at): self._wrapped(str(html)) for at, html in enumerate(self.report.scope.blocks)},
            files=dict(self._files()),
            ids=tuple(self.report.scope.labels),
            mistakes=tuple(sorted(set(self.mistakes))),
            is_drawn=bool(self.report.grids),
            is_ours=bool(self.report.scope.blocks) or markdown != self.source.markdown,
        )

    def _word(self, at: int) -> str:
        return f"runstoreblock{at}of{self.mark}"

    def _wrapped(self, html: str) -> str:
        """A block apart from the styles of the page; what is no panel looks as the text of reports does."""
        inner = html if "data-grid=" in html else f'<div class="report-text">{html}</div>'
        return f'<div class="runstore">{inner}</div>'

    def _value(self, expression: str, line: int) -> str | None:
        if names(expression).isdisjoint(self.names):
            return None
        return self._tried(line, f"{{{{ {expression} }}}}", lambda: plain(self.report.scope.value(expression, line)))

    def _claim(self, text: str, check: str, line: int) -> str:
        def shown() -> str:
            found = self.report.scope.claim(check, line)
            sign, says = _SIGNS[found.state]
            if found.state != "holds":
                self._note(line, f"the claim {check!r} {says}: {found.said}; mend the claim, or the runs")
            return (
                f'<span class="runstore runstore-inline"><span class="claim claim-{found.state}">{text}'
                f'<span class="claim-badge" title="{plain(f"{says}: {found.said}")}">{sign}'
                f'<span class="aside"> {plain(f"({says}: {found.said})")}</span></span></span></span>'
            )

        return self._tried(line, text, shown)

    def _tried(self, line: int, stands: str, make: Callable[[], str]) -> str:
        """What is made, or what is wrong in its place."""
        try:
            return make()
        except RunstoreError as error:
            if not isinstance(error, FollowsError):
                self._note(line, str(error))
            return (
                f'<span class="runstore runstore-inline"><span class="mistake">{plain(stands)}</span>'
                f'<span class="mistake-why">{plain(str(error))}</span></span>'
            )

    def _note(self, line: int, message: str) -> None:
        self.mistakes.append((line, message))

    def _files(self) -> Iterable[tuple[str, bytes]]:
        """The files of the page itself."""
        payload = versioned_payload(self.report.payload, posixpath.dirname(self.file.address), self.known)
        if payload is not None:
            for name, content in curve_files(self.report, self.subjects, payload):
                yield f"{self.file.folder}/data/{name}.js", content
            yield f"{self.file.folder}/report.js", shard("report", payload)
        for grid in self.report.grids:
            spec = json.dumps(figure_spec(self.report, grid.at), indent=1, ensure_ascii=False)
            yield f"{self.file.folder}/{urls.figure_spec(grid.at)}", spec.encode() + b"\n"
        for name, image in self.report.images.items():
            yield f"{self.file.folder}/{urls.report_image(name)}", image.content
