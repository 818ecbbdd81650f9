"""A report as LaTeX for a paper: sections, tables with booktabs, figures as PDF beside it, citations for BibTeX.

The text is anybody's. Nothing of it is a command: texts are escaped, and a formula is kept as it was written only
where it is made of nothing but the commands that a report's page knows, which neither read, write nor define.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import quote

from sitegen.reports.figures.drawn import Drawn
from sitegen.reports.figures.table_html import latex_text, table_latex
from sitegen.reports.figures.tables import TableBlock
from sitegen.reports.mistakes import ReportError
from sitegen.reports.report import Report
from sitegen.reports.text.mathematics import mathml
from sitegen.reports.text.tex import for_latex
from sitegen.reports.writing.walking import Node, Pictures, Places, Shown, Walking

_PREAMBLE: Final = r"""\documentclass{article}
\usepackage{iftex}
\ifPDFTeX
  \usepackage[utf8]{inputenc}
  \usepackage[T1]{fontenc}
\else
  \usepackage{fontspec}
\fi
\usepackage{amsmath,amssymb,bm,booktabs,graphicx,mathtools}
\usepackage[normalem]{ulem}
\usepackage[hyphens]{url}
\usepackage{hyperref}
\providecommand{\argmax}{\operatorname*{arg\,max}}
\providecommand{\argmin}{\operatorname*{arg\,min}}
\providecommand{\mathbbm}{\mathbf}
\providecommand{\mathds}{\mathbf}
"""
_SECTIONS: Final = ("section", "section", "subsection", "subsubsection", "paragraph", "subparagraph")
_ID: Final = re.compile(r"[A-Za-z][A-Za-z0-9:_-]{0,99}")
_KEY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9:._+/-]{0,199}")
_FILE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9./_-]{0,199}")
_SHOWABLE: Final = (".png", ".jpg", ".pdf")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]")
_SMALL: Final = "0.23\\linewidth"
_LINE_LENGTH: Final = 100


def latex(report: Report, places: Places, sources: Sequence[str] = ()) -> str:
    """The report as a document of its own. `sources` are the names of the BibTeX files beside it."""
    writing = _Writing(report, places)
    body = writing.text()
    parts = [
        _PREAMBLE + "\n".join(_title(report)),
        "\\begin{document}\n\\maketitle",
        *_abstract(report),
        *writing.claimed(),
        body,
        *_bibliography(sources if writing.is_citing else ()),
        "\\end{document}\n",
    ]
    return "\n\n".join(parts)


def _title(report: Report) -> Iterator[str]:
    front = report.file.front
    authors = " \\and ".join(map(_text, front.authors))
    yield f"\\title{{{_text(report.file.title)}}}"
    yield f"\\author{{{authors}}}"
    yield f"\\date{{{_text(front.date)}}}"


def _abstract(report: Report) -> Iterator[str]:
    if report.file.front.description:
        yield f"\\begin{{abstract}}\n{_text(report.file.front.description)}\n\\end{{abstract}}"


def _bibliography(sources: Sequence[str]) -> Iterator[str]:
    names = [name.removesuffix(".bib") for name in sources if _FILE.fullmatch(name)]
    if names:
        yield f"\\bibliographystyle{{plain}}\n\\bibliography{{{','.join(names)}}}"


def _text(text: str) -> str:
    return latex_text(_CONTROL.sub("", text))


def is_plain_math(tex: str) -> bool:
    """Whether a formula can stand in a document as it was written: it ends nothing, and calls nothing unknown."""
    if "^^" in tex or "%" in tex or "#" in tex or re.search(r"(?<!\\)\$", tex) or _CONTROL.search(tex):
        return False
    try:
        mathml(tex)
    except ReportError:
        return False
    return True


class _Writing(Walking):
    is_citing = False

    def plain(self, text: str) -> str:
        lines = _CONTROL.sub("", text).split("\n")
        return "\n".join(_kept_spaces(line) for line in lines)

    # Words

    def _softbreak(self, node: Node) -> str:
        return "\n"

    def _hardbreak(self, node: Node) -> str:
        return "\\\\\n"

    def _strong(self, node: Node) -> str:
        return f"\\textbf{{{self.inline(node)}}}"

    def _em(self, node: Node) -> str:
        return f"\\emph{{{self.inline(node)}}}"

    def _s(self, node: Node) -> str:
        return f"\\sout{{{self.inline(node)}}}"

    def _code_inline(self, node: Node) -> str:
        return f"\\texttt{{{self.plain(node.content)}}}"

    def _formula(self, node: Node) -> str:
        tex = node.content.strip()
        if not is_plain_math(tex):
            return f"\\texttt{{{self.plain(tex)}}}"
        tex = for_latex(tex)
        return f"\\[{tex}\\]" if node.meta["display"] else f"${tex}$"

    def _link(self, node: Node) -> str:
        return self._linked(self.inline(node), str(node.attrs.get("href", "")))

    def _linked(self, text: str, href: str) -> str:
        if href.startswith("#"):
            found = self.target(href[1:])
            return text or (self._reference(href[1:]) if found else "")
        address = self.places.address(href)
        return f"\\href{{{_address(address)}}}{{{text}}}" if address else text

    def _cross_link(self, node: Node) -> str:
        def ask(line: int) -> str:
            found = self.scope.link(node.content, line)
            text = node.meta["shown"] or (found.text if found else node.content)
            return self._linked(self.plain(text), found.href) if found else self.plain(text)

        return self.asked(node.markup, ask)

    def _image(self, node: Node) -> str:
        return self._picture(self.image_of(node)) or self.inline(node)

    def _picture(self, file: str | None, width: str = "\\linewidth") -> str:
        if not file or not _FILE.fullmatch(file) or not file.endswith(_SHOWABLE):
            return ""
        return f"\\includegraphics[width={width},keepaspectratio]{{{file}}}"

    def _claim_open(self, node: Node) -> str:
        return ""

    def _claim_close(self, node: Node) -> str:
        return ""

    # Citations, references and notes

    def _citation(self, node: Node) -> str:
        parts = []
        for before, key, after in node.meta["items"]:
            words = (self.plain(before), self._cited(key), self.plain(after))
            parts.append(" ".join(part for part in words if part))
        return "; ".join(parts)

    def _cited(self, key: str) -> str:
        if self.target(key):
            return self._reference(key)
        if not self.has_source(key) or not _KEY.fullmatch(key):
            return self.plain(f"@{key}")
        self.is_citing = True
        return f"\\cite{{{key}}}"

    def _narrative(self, node: Node) -> str:
        key = node.content
        if self.target(key) or not self.has_source(key):
            return self._reference(key) if self.target(key) else self.plain(node.markup)
        found = self.scope.bibliography
        names = self.asked(key, lambda line: self.plain(found.authors(key)) if found else "")
        return f"{names}~{self._cited(key)}"

    def _reference(self, name: str) -> str:
        """A figure, table, equation or section by its number."""
        found = self.target(name)
        label = found.href.removeprefix("#") if found else ""
        if found is None or not _ID.fullmatch(label):
            return self.plain(found.text if found else name)
        word = found.text.rpartition(" ")[0] if label in self.scope.labels else "Section"
        return f"{self.plain(word)}~\\ref{{{label}}}"

    def _references_marker(self, node: Node) -> str:
        return ""

    def _toc_marker(self, node: Node) -> str:
        return "\\tableofcontents"

    def _footnote_ref(self, node: Node) -> str:
        return f"\\footnotemark[{node.meta['id'] + 1}]"

    def _footnote_block(self, node: Node) -> str:
        return self.blocks(node)

    def _footnote(self, node: Node) -> str:
        return f"\\footnotetext[{node.meta['id'] + 1}]{{{self.blocks(node)}}}"

    def _footnote_anchor(self, node: Node) -> str:
        return ""

    # Blocks

    def _heading(self, node: Node) -> str:
        level = _SECTIONS[min(int(node.tag[1]) - 1, len(_SECTIONS) - 1)]
        name = str(node.meta.get("id", ""))
        label = f"\\label{{{name}}}" if _ID.fullmatch(name) else ""
        return f"\\{level}{{{self.inline(node)}}}{label}"

    def _hr(self, node: Node) -> str:
        return "\\noindent\\hrulefill"

    def _blockquote(self, node: Node) -> str:
        return _environment("quote", self.blocks(node))

    def _admonition(self, node: Node) -> str:
        title, *rest = node.children
        body = "\n\n".join(self.block(child) for child in rest)
        return _environment("quote", f"\\textbf{{{self.inline(title)}}}\n\n{body}")

    def _bullet_list(self, node: Node) -> str:
        return _environment("itemize", "\n".join(self._item(item) for item in node.children))

    def _ordered_list(self, node: Node) -> str:
        return _environment("enumerate", "\n".join(self._item(item) for item in node.children))

    def _item(self, node: Node) -> str:
        done = node.meta.get("checked")
        box = "" if done is None else "[$\\boxtimes$]" if done else "[$\\square$]"
        # What begins with a bracket is no option of the item.
        return f"\\item{box}{{}} {self.blocks(node)}"

    def _dl(self, node: Node) -> str:
        return _environment("description", "\n".join(self.block(child) for child in node.children))

    def _dt(self, node: Node) -> str:
        return f"\\item[{{{self.inline(node)}}}]"

    def _dd(self, node: Node) -> str:
        return self.blocks(node)

    def _table(self, node: Node) -> str:
        rows = [[self.inline(cell) for cell in row.children] for part in node.children for row in part.children]
        if not rows:
            return ""
        lines = [" & ".join(row) + r" \\" for row in rows]
        body = "\n".join(["\\toprule", lines[0], "\\midrule", *lines[1:], "\\bottomrule"])
        columns = "l" * len(rows[0])
        return _environment("center", f"\\begin{{tabular}}{{{columns}}}\n{body}\n\\end{{tabular}}")

    def _equation(self, node: Node) -> str:
        return self.math(node.content, str(node.meta.get("id", "")))

    def math(self, tex: str, name: str) -> str:
        tex = tex.strip()
        if not is_plain_math(tex):
            return self.code(tex, "")
        tex = for_latex(tex)
        if _ID.fullmatch(name):
            return f"\\begin{{equation}}\\label{{{name}}}\n{tex}\n\\end{{equation}}"
        return f"\\[\n{tex}\n\\]"

    def code(self, code: str, language: str) -> str:
        """Line by line: what ends a `verbatim` may stand in any code."""
        lines = (f"\\texttt{{{self.plain(part)}}}" for line in code.rstrip().split("\n") for part in _cut(line))
        return "\\begin{flushleft}\n" + "\\\\\n".join(f"\\mbox{{}}{line}" for line in lines) + "\n\\end{flushleft}"

    # Figures and tables

    def _figure(self, node: Node) -> str:
        image = node.children[0]
        shown = self._picture(self.image_of(image))
        caption = self.inline(image)
        return _float("figure", shown, caption, str(node.meta.get("id", ""))) if shown else caption

    def figure(self, drawn: Drawn) -> str:
        panels = list(self.panels(drawn))
        width = "\\linewidth" if drawn.grid.columns == 1 or len(panels) == 1 else "0.48\\linewidth"
        head = drawn.grid.head
        body = "\n".join(_boxed(words) if each is None else self._panel(each, width) for each, words in panels)
        caption = self.caption(head.caption, head.caption_line)
        return _float("figure", body, caption, head.id, is_numbered=drawn.number is not None)

    def _panel(self, each: Shown, width: str) -> str:
        if isinstance(each, TableBlock):
            return f"\\resizebox{{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}}{{!}}{{{_tabular(each)}}}"
        if isinstance(each, Pictures):
            shown = "\n".join(self._picture(file, _SMALL) for _, file in each.files)
            return f"{shown}\n\n\\emph{{{self.plain(each.said)}}}" if each.said else shown
        return self._picture(each, width) if isinstance(each, str) else f"\\emph{{{self.plain(str(each))}}}"

    def claimed(self) -> Iterator[str]:
        """What the front matter claims, as a list."""
        lines = [f"\\item{{}} \\texttt{{{_text(check)}}}: {_text(said)}" for check, said in self.claims()]
        if lines:
            yield "\\paragraph{Claims}\n" + _environment("itemize", "\n".join(lines))

    def table(self, table: TableBlock) -> str:
        caption = self.caption(table.head.caption, table.head.caption_line)
        name = table.head.id if _ID.fullmatch(table.head.id) else ""
        return table_latex(table, caption, name, is_written=True).rstrip()


def _kept_spaces(line: str) -> str:
    """A line escaped, with the blanks at its ends."""
    shown = latex_text(line)
    before = " " if line[:1].isspace() and shown else ""
    after = " " if line[-1:].isspace() and shown else ""
    return f"{before}{shown}{after}" or (" " if line else "")


def _address(address: str) -> str:
    """An address with nothing in it that TeX would take for more than a letter."""
    safe = quote(address, safe=":/?=&;@+,!*'()~.-_#%")
    return "".join(f"\\{letter}" if letter in "%#&_" else letter for letter in safe if letter not in "{}\\^~$")


def _boxed(words: str) -> str:
    return _environment("minipage", words).replace("{minipage}", "{minipage}{\\linewidth}", 1)


def _tabular(table: TableBlock) -> str:
    """The lines of a table without what makes it one with a caption of its own."""
    text = table_latex(table)
    end = "\\end{tabular}"
    return text[text.index("\\begin{tabular}") : text.index(end) + len(end)]


def _environment(name: str, body: str) -> str:
    return f"\\begin{{{name}}}\n{body}\n\\end{{{name}}}"


def _float(name: str, body: str, caption: str, label: str, *, is_numbered: bool = True) -> str:
    words = f"\\caption{{{caption}}}\n" if caption and is_numbered else f"{caption}\n" if caption else ""
    mark = f"\\label{{{label}}}\n" if _ID.fullmatch(label) else ""
    return f"\\begin{{{name}}}[tbp]\n\\centering\n{body}\n{words}{mark}\\end{{{name}}}"


def _cut(line: str) -> Iterator[str]:
    if not line:
        yield ""
    for at in range(0, len(line), _LINE_LENGTH):
        yield line[at : at + _LINE_LENGTH]
