"""A report as plain Markdown: its values filled in, its tables as tables, its figures as pictures beside it."""

import re
from typing import Final

from sitegen.reports.figures.drawn import Drawn
from sitegen.reports.figures.table_html import markdown_text, table_markdown
from sitegen.reports.figures.tables import TableBlock
from sitegen.reports.mistakes import ReportError
from sitegen.reports.report import Report
from sitegen.reports.writing.walking import Node, Pictures, Places, Shown, Walking

_SIGNS: Final = str.maketrans({letter: f"\\{letter}" for letter in "\\`*_[]<>|$#~"})

_MARK: Final = re.compile(r"^([ \t]*(?:\d+(?=[.)]\s))?)([-+=.)])(?=\s|$)", re.MULTILINE)
"""What begins a list at the start of a line."""


def markdown(report: Report, places: Places, *, heading: bool = True) -> str:
    """The report; with a `heading` its title, authors and date stand above its text."""
    writing = _Writing(report, places)
    body = writing.text()
    sources = writing.sources() if writing.scope.cited and not writing.has_list else ""
    above = (*_heading(report), writing.claimed()) if heading else ()
    parts = [*above, body, sources]
    return "\n\n".join(part for part in parts if part) + "\n"


def _heading(report: Report) -> list[str]:
    front = report.file.front
    by = " · ".join(part for part in (", ".join(front.authors), front.date) if part)
    parts = (f"# {markdown_text(report.file.title)}", markdown_text(by), markdown_text(front.description))
    return [part for part in parts if part]


class _Writing(Walking):
    has_list = False

    def plain(self, text: str) -> str:
        return text.translate(_SIGNS)

    # Words

    def _paragraph(self, node: Node) -> str:
        return _MARK.sub(r"\1\\\2", self.inline(node))

    def _softbreak(self, node: Node) -> str:
        return "\n"

    def _hardbreak(self, node: Node) -> str:
        return "\\\n"

    def _strong(self, node: Node) -> str:
        return f"**{self.inline(node)}**"

    def _em(self, node: Node) -> str:
        return f"*{self.inline(node)}*"

    def _s(self, node: Node) -> str:
        return f"~~{self.inline(node)}~~"

    def _code_inline(self, node: Node) -> str:
        return self._code_of(node.content)

    def _code_of(self, code: str) -> str:
        fence = "`" * (_longest_run(code) + 1)
        room = " " if code.startswith("`") or code.endswith("`") else ""
        return f"{fence}{room}{code}{room}{fence}"

    def _formula(self, node: Node) -> str:
        sign = "$$" if node.meta["display"] else "$"
        return f"{sign}{node.content.strip()}{sign}"

    def _link(self, node: Node) -> str:
        return self._linked(self.inline(node), str(node.attrs.get("href", "")))

    def _linked(self, text: str, href: str) -> str:
        if href.startswith("#"):
            found = self.target(href[1:])
            return text or (self.plain(found.text) if found else "")
        address = self.places.address(href)
        return f"[{text}](<{address.replace('<', '%3C').replace('>', '%3E')}>)" if address else text

    def _cross_link(self, node: Node) -> str:
        def ask(line: int) -> str:
            found = self.scope.link(node.content, line)
            text = node.meta["shown"] or (found.text if found else node.content)
            return self._linked(self.plain(text), found.href) if found else self.plain(text)

        return self.asked(node.markup, ask)

    def _image(self, node: Node) -> str:
        said, file = self.inline(node), self.image_of(node)
        return f"![{said}](<{file}>)" if file else said

    def _claim_open(self, node: Node) -> str:
        self._check = node.content
        return ""

    def _claim_close(self, node: Node) -> str:
        return f" ({self.plain(self.said_of(self._check))})"

    def claimed(self) -> str:
        """What the front matter claims, as a list."""
        lines = [f"- {self._code_of(check)}: {self.plain(said)}" for check, said in self.claims()]
        return "\n".join(["**Claims**", "", *lines]) if lines else ""

    # Citations and notes

    def _citation(self, node: Node) -> str:
        items = [(before, self._cited(key), after) for before, key, after in node.meta["items"]]
        parts = [f"{before} {text}".strip() + (f", {after}" if after else "") for before, text, after in items]
        shown = "; ".join(parts)
        return self.plain(shown if all(self.target(key) for _, key, _ in node.meta["items"]) else f"[{shown}]")

    def _cited(self, key: str) -> str:
        if found := self.target(key):
            return found.text
        if not self.has_source(key):
            return f"@{key}"
        return str(self.scope.cited.setdefault(key, len(self.scope.cited) + 1))

    def _narrative(self, node: Node) -> str:
        key = node.content
        if found := self.target(key):
            return self.plain(found.text)
        if not self.has_source(key) or self.scope.bibliography is None:
            return self.plain(node.markup)
        names = self.asked(key, lambda line: self.scope.bibliography.authors(key) if self.scope.bibliography else key)
        return f"{self.plain(names)} {self.plain(f'[{self._cited(key)}]')}"

    def sources(self) -> str:
        """The list of what was cited."""
        return "\n".join(["## References\n", *(f"{number}. {self._source(key)}" for key, number in self._known())])

    def _known(self) -> list[tuple[str, int]]:
        return sorted(self.scope.cited.items(), key=lambda each: each[1])

    def _source(self, key: str) -> str:
        found = self.scope.bibliography
        try:
            return self.plain(found.reference(key).striptags()) if found else self.plain(key)
        except ReportError:
            return self.plain(key)

    def _references_marker(self, node: Node) -> str:
        self.has_list = True
        return "\n".join(f"{number}. {self._source(key)}" for key, number in self._known())

    def _toc_marker(self, node: Node) -> str:
        return ""

    def _footnote_ref(self, node: Node) -> str:
        return f"[^{node.meta['id'] + 1}]"

    def _footnote_block(self, node: Node) -> str:
        return self.blocks(node)

    def _footnote(self, node: Node) -> str:
        return _indented(self.blocks(node), f"[^{node.meta['id'] + 1}]: ", 4)

    def _footnote_anchor(self, node: Node) -> str:
        return ""

    # Blocks

    def _heading(self, node: Node) -> str:
        return f"{'#' * int(node.tag[1])} {self.inline(node)}"

    def _hr(self, node: Node) -> str:
        return "---"

    def _blockquote(self, node: Node) -> str:
        return "\n".join(f"> {line}".rstrip() for line in self.blocks(node).split("\n"))

    def _admonition(self, node: Node) -> str:
        title, *rest = node.children
        body = "\n\n".join(self.block(child) for child in rest)
        lines = f"**{self.inline(title)}**\n\n{body}".split("\n")
        return "\n".join(f"> {line}".rstrip() for line in lines)

    def _bullet_list(self, node: Node) -> str:
        return "\n".join(_indented(self._item(item), "- ", 2) for item in node.children)

    def _ordered_list(self, node: Node) -> str:
        start = int(node.attrs.get("start", 1))
        return "\n".join(_indented(self._item(item), f"{at}. ", 4) for at, item in enumerate(node.children, start))

    def _item(self, node: Node) -> str:
        done = node.meta.get("checked")
        box = "" if done is None else "[x] " if done else "[ ] "
        return box + self.blocks(node)

    def _dl(self, node: Node) -> str:
        return "\n".join(self.block(child) for child in node.children)

    def _dt(self, node: Node) -> str:
        return f"**{self.inline(node)}**"

    def _dd(self, node: Node) -> str:
        return _indented(self.blocks(node), ": ", 2)

    def _table(self, node: Node) -> str:
        rows = [[self.inline(cell) for cell in row.children] for part in node.children for row in part.children]
        if not rows:
            return ""
        lines = [f"| {' | '.join(row)} |" for row in rows]
        return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]])

    def _equation(self, node: Node) -> str:
        return self.math(node.content, "")

    def math(self, tex: str, name: str) -> str:
        return f"$$\n{tex.strip()}\n$$"

    def code(self, code: str, language: str) -> str:
        fence = "`" * max(3, _longest_run(code) + 1)
        word = "".join(letter for letter in language.partition(" ")[0] if letter.isalnum())
        return f"{fence}{word}\n{code.rstrip()}\n{fence}"

    # Figures and tables

    def _figure(self, node: Node) -> str:
        image = node.children[0]
        said, file = self.inline(image), self.image_of(image)
        return f"![{said}](<{file}>)\n\n*{said}*" if file else said

    def figure(self, drawn: Drawn) -> str:
        shown = [words if each is None else self._panel(each) for each, words in self.panels(drawn)]
        return "\n\n".join([*shown, self._captioned("Figure", drawn.number, self.report_caption(drawn))]).strip()

    def _panel(self, each: Shown) -> str:
        if isinstance(each, TableBlock):
            return table_markdown(each).rstrip()
        if isinstance(each, Pictures):
            shown = " ".join(f"![{self.plain(name)}](<{file}>)" for name, file in each.files)
            return "\n\n".join([shown, *([f"*{self.plain(each.said)}*"] if each.said else [])])
        return f"![{each}](<{each}>)" if isinstance(each, str) else f"*{self.plain(str(each))}*"

    def report_caption(self, drawn: Drawn) -> str:
        head = drawn.grid.head
        return self.caption(head.caption, head.caption_line)

    def table(self, table: TableBlock) -> str:
        number = next((number for block, number in self.report.tables if block is table), None)
        caption = self._captioned("Table", number, self.caption(table.head.caption, table.head.caption_line))
        return "\n\n".join(part for part in (caption, table_markdown(table).rstrip()) if part)

    def _captioned(self, word: str, number: int | None, caption: str) -> str:
        return f"**{word} {number}.** {caption}".strip() if number else caption


def _longest_run(text: str) -> int:
    """Backquotes that follow each other."""
    longest = run = 0
    for letter in text:
        run = run + 1 if letter == "`" else 0
        longest = max(longest, run)
    return longest


def _indented(text: str, mark: str, by: int) -> str:
    first, *rest = text.split("\n")
    return "\n".join([mark + first, *((" " * by + line).rstrip() for line in rest)])
