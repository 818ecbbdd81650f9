"""A report's text in another form than HTML: its tokens as a tree, walked over the same scope that its page has.

Each form says how a kind of node is written; what is asked of the store, and what can go wrong, is the same in all.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urljoin

from runstore.errors import UsageError
from sitegen.reports.figures.blocks import PanelGrid
from sitegen.reports.figures.drawn import Drawn
from sitegen.reports.figures.lineage import LineageBlock
from sitegen.reports.figures.panels import PanelSpec
from sitegen.reports.figures.tables import TableBlock
from sitegen.reports.links import is_allowed
from sitegen.reports.mistakes import ReportError
from sitegen.reports.report import Claim, Report
from sitegen.reports.text.scope import Label, Scope

if TYPE_CHECKING:
    from markdown_it.tree import SyntaxTreeNode

Node = Any
"""A node of the tree: markdown-it's `SyntaxTreeNode`."""
STATES: Final = {"holds": "holds", "fails": "does not hold", "unknown": "cannot be checked"}
SIGNS: Final = {"holds": "claim holds", "fails": "claim fails", "unknown": "claim not checked"}


@dataclass(frozen=True, slots=True)
class Pictures:
    """Pictures that runs logged: their files by the runs' names, and what to say below them."""

    files: Sequence[tuple[str, str]]
    said: str = ""


Shown = str | Pictures | TableBlock | Exception
"""What stands for a panel."""


def is_text(panel: PanelSpec) -> bool:
    """Whether a panel is words and nothing to draw."""
    return panel.kind == "markdown" and not panel.mistake


@dataclass(frozen=True, slots=True)
class Places:
    """Where things lie, from what is written: `page` is the address of the report's page, "" where links that lead into
    the site have to be left out, `pictures` what stands for each panel of a figure, by the figure's place among the
    grids: its file, pictures, a table, or why there is nothing; `images` is the folder of the report's images. A panel
    of Markdown is written as text, whatever stands for it."""

    page: str = ""
    pictures: "Mapping[int, Sequence[Shown]]" = field(default_factory=dict)
    images: str = "images/"

    def address(self, href: str) -> str:
        """Where a link leads, "" for one that leads nowhere outside of the site."""
        if not is_allowed(href):
            return ""
        is_whole = href.startswith(("http://", "https://", "mailto:", "#"))
        return href if is_whole else urljoin(self.page, href) if self.page else ""


class Walking(ABC):
    """One report on its way. Methods are named by the kinds of nodes; `line_of` is never 0."""

    def __init__(self, report: Report, places: Places) -> None:
        self.report, self.places = report, places
        self.scope: Scope = replace(report.scope, cited={})
        self._blocks = {block.head.line: block for block in report.blocks}
        self._numbers = {id(drawn.grid): drawn for drawn in report.grids}
        self._line = 1

    def text(self) -> str:
        """The whole text."""
        return self.blocks(self.report.text.tree())

    def blocks(self, node: Node) -> str:
        """The blocks inside a node, with a blank line between two."""
        found = (self.block(child) for child in node.children)
        return "\n\n".join(each.strip("\n") for each in found if each.strip())

    def block(self, node: Node) -> str:
        self._line = self._line_of(node)
        return str(self._method(node)(node))

    def inline(self, node: Node) -> str:
        """What is inside a paragraph, a heading or a cell."""
        return "".join(str(self._method(child)(child)) for child in node.children)

    def _method(self, node: Node) -> Callable[[Node], str]:
        method: Callable[[Node], str] = getattr(self, f"_{node.type}", self.inline)
        return method

    def _inline(self, node: Node) -> str:
        return self.inline(node)

    def _paragraph(self, node: Node) -> str:
        return self.inline(node)

    def _line_of(self, node: Node) -> int:
        lines = (
            node.token.map if node.token is not None else node.nester_tokens.opening.map if node.nester_tokens else None
        )
        return self.report.text.line(lines[0]) if lines else self._line

    # What is asked of the store

    def asked(self, source: str, ask: Callable[[int], str]) -> str:
        """What the store answers; where it cannot, what the report says instead: its page tells why."""
        try:
            return ask(self._line)
        except (ReportError, UsageError):
            return self.plain(source)

    @abstractmethod
    def plain(self, text: str) -> str:
        """A text of anybody's, in which nothing is markup."""

    def _text(self, node: Node) -> str:
        return self.plain(node.content)

    def _value(self, node: Node) -> str:
        return self.asked(node.markup, lambda line: self.plain(self.scope.value(node.content, line)))

    def target(self, name: str) -> Label | None:
        """The figure, table, equation or section that a name means."""
        if found := self.scope.labels.get(name):
            return found
        titles = self.report.text.sections
        section = next((each for each in (name, f"sec-{name}") if each in titles), None)
        return Label(titles[section], f"#{section}") if section else None

    def has_source(self, key: str) -> bool:
        """Whether a key of a citation is one of the bibliography."""
        return self.scope.bibliography is not None and key in self.scope.bibliography.entries

    def said_of(self, check: str) -> str:
        """What a claim comes to, in words."""
        try:
            shown = self.scope.claim(check, self._line)
        except (ReportError, UsageError):
            return SIGNS["unknown"]
        return f"{SIGNS[shown.state]}: {shown.said}" if shown.said else SIGNS[shown.state]

    def image_of(self, node: Node) -> str | None:
        """The file of an image, None for one that is not there."""
        try:
            found = self.scope.image(unquote(str(node.attrs.get("src", ""))), self._line)
        except ReportError:
            return None
        return None if found is None else f"{self.places.images}{found.src.rpartition('/')[2]}"

    # Blocks of panels and tables

    def _fence(self, node: Node) -> str:
        token = node.token
        if token.meta.get("block") is None:
            return (
                self.math(token.content, "") if token.info.strip() == "math" else self.code(token.content, token.info)
            )
        found = self._blocks.get(self._line_of(node) + 1)
        if isinstance(found, TableBlock):
            return self.table(found)
        if isinstance(found, PanelGrid):
            return self.figure(self._numbers[id(found)])
        if isinstance(found, LineageBlock):
            return self.table(found.table)
        return ""

    def _code_block(self, node: Node) -> str:
        return self.code(node.content, "")

    @abstractmethod
    def code(self, code: str, language: str) -> str:
        """A block of code in a language, "" for none."""

    @abstractmethod
    def math(self, tex: str, name: str) -> str:
        """A formula that stands alone; `name` labels it, "" for none."""

    @abstractmethod
    def table(self, table: TableBlock) -> str:
        """A table with its caption."""

    @abstractmethod
    def figure(self, drawn: Drawn) -> str:
        """A figure with its caption."""

    def panels(self, drawn: Drawn) -> "Iterator[tuple[Shown | None, str]]":
        """What stands for each panel of a figure, None for one of words, and these words."""
        shown = self.places.pictures.get(drawn.at, ())
        for at, panel in enumerate(drawn.grid.panels):
            if is_text(panel):
                yield None, self._words_of(panel)
            elif at < len(shown):
                yield shown[at], ""

    def _words_of(self, panel: PanelSpec) -> str:
        """A panel of Markdown: its page knows neither the values nor the labels of the report in it."""
        from sitegen.reports.text.markdown import Markdown

        outer, self.scope = self.scope, Scope()
        try:
            return self.blocks(Markdown(str(panel.set.get("text", ""))).tree())
        finally:
            self.scope = outer

    def claims(self) -> list[tuple[str, str]]:
        """What the front matter claims, each with what the store says of it, in words."""
        found = (each for each in self.report.claims if not each.is_inline)
        return [(each.verdict.text, _verdict(each)) for each in found]

    def caption(self, text: str, line: int) -> str:
        """A caption, which is Markdown of one line."""
        self._line = line
        return self.inline(inline_tree(text)) if text else ""


def _verdict(claim: Claim) -> str:
    if not claim.is_checked:
        return "not checked"
    said = claim.verdict.message or claim.verdict.found
    word = STATES[claim.verdict.state]
    return f"{word}: {said}" if said else word


def inline_tree(text: str) -> "SyntaxTreeNode":
    """A text of one line as a tree."""
    from markdown_it.tree import SyntaxTreeNode

    from sitegen.reports.text.markdown import inline_tokens

    return SyntaxTreeNode(list(inline_tokens(text)))
