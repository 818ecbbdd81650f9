"""Markdown that strangers wrote, as trees of harmless elements: sanitised here, built as nodes by the page.

No HTML reaches a script: what a page gets is `[tag, href or None, children]`, and text is text.
"""

from functools import cache
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any, Final

import nh3
from markupsafe import Markup

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

Node = Any
"""A text, or a list of tag, link (None but for `a`) and child nodes."""

_WORDS: Final = (
    "p br hr em strong del s code pre blockquote ul ol li a h1 h2 h3 h4 h5 h6 table thead tbody tr th td sup sub"
)
TAGS: Final = frozenset(_WORDS.split())
_VOID: Final = frozenset({"br", "hr"})


@cache
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt  # Not at the top: most stores have no Markdown.

    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def markdown_html(text: str) -> Markup:
    """Markdown as clean HTML: no raw HTML, no images, links to http, https and mailto alone."""
    return Markup(_clean(text))  # noqa: S704 (sanitised by nh3)


def _clean(text: str) -> str:
    return nh3.clean(
        _parser().render(text),
        tags=set(TAGS),
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
    )


def markdown_nodes(text: str) -> list[Node]:
    """The same as nodes that a script builds elements from."""
    tree = _Tree()
    tree.feed(_clean(text))
    tree.close()
    return tree.root


class _Tree(HTMLParser):
    """Clean HTML as nested lists."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root: list[Node] = []
        self._open: list[tuple[str, list[Node]]] = [("", self.root)]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        children: list[Node] = []
        self._open[-1][1].append([tag, dict(attrs).get("href"), children])
        if tag not in _VOID:
            self._open.append((tag, children))

    def handle_endtag(self, tag: str) -> None:
        if len(self._open) > 1 and self._open[-1][0] == tag:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1][1].append(data)
