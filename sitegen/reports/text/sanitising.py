"""The last door of a report's text: what leaves it are elements, classes and addresses of a short list.

Formulas, panels and images are made by us and put in afterwards, in place of marks that no text can foresee.
"""

import re
import secrets
from html import unescape
from typing import Final

import nh3
from markupsafe import Markup

from sitegen.reports.links import SCHEMES
from sitegen.reports.text.highlighting import CLASSES
from sitegen.reports.text.structure import CALLOUTS

_BLOCKS: Final = "blockquote dd details div dl dt figcaption figure h2 h3 h4 h5 h6 hr li ol p pre section summary ul"
_TABLES: Final = "table tbody td th thead tr"
_WORDS: Final = "a br code del em input s span strong sub sup"
TAGS: Final = frozenset(f"{_BLOCKS} {_TABLES} {_WORDS}".split())
"""The elements of a text, beside those of formulas and images."""
CLASSES_OF: Final[dict[str, frozenset[str]]] = {
    "a": frozenset({"anchor", "cross-link", "note-back"}),
    "div": frozenset({"callout", "table-wide", "equation", *(f"callout-{kind}" for kind in CALLOUTS)}),
    "details": frozenset({"callout", *(f"callout-{kind}" for kind in CALLOUTS)}),
    "dl": frozenset({"terms"}),
    "figure": frozenset({"image"}),
    "li": frozenset({"task"}),
    "p": frozenset({"callout-title"}),
    "pre": frozenset({"code"}),
    "section": frozenset({"notes", "references"}),
    "span": frozenset(
        {"value", "citation", "mistake", "mistake-why", "claim", "claim-badge", "aside", "equation-number"}
        | {f"claim-{state}" for state in ("holds", "fails", "unknown")}
        | CLASSES
    ),
    "summary": frozenset({"callout-title"}),
    "sup": frozenset({"note-ref"}),
    "td": frozenset({"align-left", "align-center", "align-right"}),
    "th": frozenset({"align-left", "align-center", "align-right"}),
}
_ATTRIBUTES: Final = {
    "a": {"href", "title", "id"},
    "ol": {"start"},
    "span": {"title"},
    "figure": {"id"},
    "div": {"id"},
    "li": {"id"},
    **{f"h{level}": {"id"} for level in range(2, 7)},
}
_VALUES: Final = {
    "a": {"aria-label": {"Link to this section", "Back to the text"}},
    "details": {"open": {""}},
    "div": {"role": {"note"}, "tabindex": {"0"}},
    "input": {"type": {"checkbox"}, "checked": {""}, "disabled": {""}, "aria-label": {"done", "to do"}},
    "pre": {"tabindex": {"0"}},
}
_MARKUP: Final = re.compile(r"<sup\b.*?</sup>|<a class=\"anchor\".*?</a>|<[^>]*>", re.DOTALL)


def cleaned(html: str) -> str:
    """HTML with nothing but what the lists above name, in characters that can be written."""
    return nh3.clean(
        _writable(html),
        tags=set(TAGS),
        attributes=_ATTRIBUTES,
        tag_attribute_values=_VALUES,
        allowed_classes={tag: set(names) for tag, names in CLASSES_OF.items()},
        url_schemes=set(SCHEMES),
        link_rel="noopener noreferrer",
    )


def _writable(text: str) -> str:
    """A text as UTF-8 has it: JSON may hold halves of characters."""
    return text.encode("utf-8", "backslashreplace").decode()


class Pieces:
    """Parts of a page that are made by us: each is held back while the text around it is cleaned.

    The marks in their places are drawn at random for each page, so no text can hold one.
    """

    def __init__(self) -> None:
        self._secret = secrets.token_hex(12)
        self._marks = re.compile(rf"piece-{self._secret}-(\d+)-")
        self._kept: list[tuple[str, str]] = []

    def hold(self, html: Markup, plain: str = "") -> str:
        """The mark that stands for `html`; `plain` is what it says where there is only text."""
        self._kept.append((_writable(str(html)), plain))
        return f"piece-{self._secret}-{len(self._kept) - 1}-"

    def fill(self, mark: str, html: Markup) -> None:
        """Gives a mark its part when that is known only later."""
        found = self._marks.fullmatch(mark)
        if found:
            self._kept[int(found[1])] = (str(html), "")

    def put_in(self, html: str) -> Markup:
        """Cleans a text, and puts the parts in."""
        return Markup(self._marks.sub(lambda found: self._kept[int(found[1])][0], cleaned(html)))  # noqa: S704

    def text_of(self, html: str) -> str:
        """What a part of a text says, without elements and notes."""
        plain = self._marks.sub(lambda found: self._kept[int(found[1])][1], unescape(_MARKUP.sub("", html)))
        return " ".join(plain.split())
