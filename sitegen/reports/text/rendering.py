"""Tokens of a report's text as HTML: one small method a kind of block."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from sitegen.reports.text.highlighting import highlighted
from sitegen.reports.text.sanitising import cleaned
from sitegen.reports.text.scope import Scope
from sitegen.reports.text.wording import Wording, from_note, plain, quoted

if TYPE_CHECKING:
    from markdown_it.token import Token

_MOST_COLOURED: Final = 500_000
"""Characters of code that one report has coloured."""
_DEEPEST_IN_TOC: Final = 3
_TITLE: Final = "References"


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of a text: its level, from 2, what it says, and its id on the page."""

    level: int
    text: str
    id: str


class Rendering(Wording):
    """One text on its way to HTML."""

    def __init__(self, scope: Scope, sections: Mapping[str, str], first_line: int) -> None:
        super().__init__(scope, sections, first_line)
        self.headings: list[Heading] = []
        self._first = first_line
        self._tocs: list[str] = []
        self._lists: list[str] = []
        self._titles: list[str] = []
        self._coloured = 0

    def finished(self, html: str) -> Markup:
        """The whole text, cleaned, with all that we made in its places, and its sources below."""
        if not self._lists and self._scope.cited:
            html += self._own_list()
        listed = Markup(cleaned(self.sources.listed(self.note)))  # noqa: S704 (cleaned)
        for mark in self._lists:
            self.pieces.fill(mark, listed)
        for mark in self._tocs:
            self.pieces.fill(mark, contents(self.headings))
        return self.pieces.put_in(html)

    def _own_list(self) -> str:
        """The sources below a text that has no place for them; it may end with a heading for them."""
        title = ""
        if not self.headings or self.headings[-1].text.lower() not in (_TITLE.lower(), "bibliography", "sources"):
            name = "sec-references" if "sec-references" not in self._sections else "sec-references-list"
            self.headings.append(Heading(2, _TITLE, name))
            title = f'<h2 id="{name}">{_TITLE}</h2>\n'
        return f'<section class="references">\n{title}{self._references_mark()}\n</section>\n'

    def _references_mark(self) -> str:
        self._lists.append(self.pieces.hold(Markup("")))
        return self._lists[-1]

    def _line_of(self, token: "Token") -> int:
        return self._first + (token.map[0] if token.map else 0)

    def _other(self, token: "Token") -> str:
        """Elements without more. Those of blocks stand on lines of their own."""
        if token.hidden or not token.tag:
            return ""
        after = "\n" if token.block and (token.nesting == -1 or token.tag not in ("p", "dt", "dd")) else ""
        return super()._other(token) + after

    # Text

    def _inline(self, token: "Token") -> str:
        return self.words(token.content, token.children or (), self._line_of(token))

    def _heading(self, token: "Token") -> str:
        said = self.words(token.content, token.children or (), self._line_of(token))
        name, level = quoted(token.meta["id"]), int(token.tag[1])
        self.headings.append(Heading(level, self.pieces.text_of(said), token.meta["id"]))
        anchor = f'<a class="anchor" href="#{name}" aria-label="Link to this section">#</a>'
        return f'<h{level} id="{name}">{said} {anchor}</h{level}>\n'

    def _hr(self, token: "Token") -> str:
        return "<hr>\n"

    def _ordered_list_open(self, token: "Token") -> str:
        start = token.attrs.get("start")
        return f'<ol start="{int(start)}">\n' if start is not None else "<ol>\n"

    def _list_item_open(self, token: "Token") -> str:
        done = token.meta.get("checked")
        if done is None:
            return "<li>"
        state = 'checked="" aria-label="done"' if done else 'aria-label="to do"'
        return f'<li class="task"><input type="checkbox" disabled="" {state}> '

    def _dl_open(self, token: "Token") -> str:
        return '<dl class="terms">\n'

    # Tables

    def _table_open(self, token: "Token") -> str:
        return '<div class="table-wide" tabindex="0"><table>\n'

    def _table_close(self, token: "Token") -> str:
        return "</table></div>\n"

    def _th_open(self, token: "Token") -> str:
        side = str(token.attrs.get("style", "")).removeprefix("text-align:")
        return f'<{token.tag} class="align-{quoted(side)}">' if side else f"<{token.tag}>"

    _td_open = _th_open

    # Code and formulas

    def _fence(self, token: "Token") -> str:
        word = (token.info.split(maxsplit=1) or [""])[0].strip("{}.")
        if (block := token.meta.get("block")) is not None:
            try:
                return self.pieces.hold(self._scope.blocks[block]) + "\n"
            except IndexError:
                pass  # Nobody made anything of it: it shows as it was written.
        if word == "math":
            return self._display(token.content, "", self._line_of(token) + 1)
        return self._code(token.content, word)

    def _code_block(self, token: "Token") -> str:
        return self._code(token.content, "")

    def _code(self, code: str, language: str) -> str:
        self._coloured += len(code) if language else 0
        shown = highlighted(code, language if self._coloured <= _MOST_COLOURED else "")
        return f'<pre class="code" tabindex="0"><code>{shown}</code></pre>\n'

    def _equation(self, token: "Token") -> str:
        return self._display(token.content, token.meta["id"], self._line_of(token))

    def _display(self, tex: str, name: str, line: int) -> str:
        tex = tex.strip()
        shown = self._tried(line, tex, lambda: self._math(tex, display=True))
        label = self._scope.labels.get(name) if name else None
        number = f'<span class="equation-number">({plain(label.text.rpartition(" ")[2])})</span>' if label else ""
        return f'<div class="equation"{_id(name)}>{shown}{number}</div>\n'

    # Figures

    def _figure(self, token: "Token") -> str:
        image = (token.children or [])[0]
        name, line = token.meta["id"], self._line_of(token)
        said = self.aside(image.children or (), line)
        shown = self.image(image, line, self.pieces.text_of(said))
        below = plain(str(image.attrs.get("title", ""))) or said
        if label := self._scope.labels.get(name) if name else None:
            below = f"<strong>{plain(label.text)}.</strong> {below}"
        caption = f"<figcaption>{below}</figcaption>" if below.strip() else ""
        return f'<figure class="image"{_id(name)}>{shown}{caption}</figure>\n'

    # Callouts

    def _admonition_open(self, token: "Token") -> str:
        kind = token.meta["kind"]
        if not token.markup.startswith("?"):
            self._titles.append("p")
            return f'<div class="callout callout-{kind}" role="note">\n'
        self._titles.append("summary")
        return f'<details class="callout callout-{kind}"{" open" * token.markup.endswith("+")}>\n'

    def _admonition_close(self, token: "Token") -> str:
        return "</div>\n" if self._titles.pop() == "p" else "</details>\n"

    def _admonition_title_open(self, token: "Token") -> str:
        return f'<{self._titles[-1]} class="callout-title">'

    def _admonition_title_close(self, token: "Token") -> str:
        return f"</{self._titles[-1]}>\n"

    # Footnotes

    def _footnote_block_open(self, token: "Token") -> str:
        return '<section class="notes">\n<ol>\n'

    def _footnote_block_close(self, token: "Token") -> str:
        return "</ol>\n</section>\n"

    def _footnote_open(self, token: "Token") -> str:
        return f'<li id="note-{token.meta["id"] + 1}">'

    def _footnote_close(self, token: "Token") -> str:
        return "</li>\n"

    def _footnote_anchor(self, token: "Token") -> str:
        place = from_note(token.meta["id"] + 1, token.meta["subId"])
        return f' <a class="note-back" href="#{place}" aria-label="Back to the text">↩</a>'

    # Lists of what is in the text

    def _toc_marker(self, token: "Token") -> str:
        self._tocs.append(self.pieces.hold(Markup("")))
        return f"{self._tocs[-1]}\n"

    def _references_marker(self, token: "Token") -> str:
        return f'<section class="references">\n{self._references_mark()}\n</section>\n'


def contents(headings: "list[Heading]") -> Markup:
    """The headings down to the third level as a list of links."""
    shown = [heading for heading in headings if heading.level <= _DEEPEST_IN_TOC]
    if not shown:
        return Markup("")
    items = (
        f'<li class="toc-{heading.level}"><a href="#{quoted(heading.id)}">{plain(heading.text)}</a></li>\n'
        for heading in shown
    )
    return Markup(f'<nav class="toc" aria-label="Contents"><ul>\n{"".join(items)}</ul></nav>')  # noqa: S704 (escaped)


def _id(name: str) -> str:
    return f' id="{quoted(name)}"' if name else ""
