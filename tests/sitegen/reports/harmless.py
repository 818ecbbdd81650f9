"""Whether HTML holds only what a report's page may hold: read by a parser of its own, not by the code under test."""

import re
from html.parser import HTMLParser

_TEXT = (
    "a blockquote br code dd del details div dl dt em figcaption figure h2 h3 h4 h5 h6 hr img input li nav ol p pre s "
    "section span strong sub summary sup table tbody td th thead tr ul"
)
_FORMULA = (
    "math mfrac mi mn mo mover mpadded mphantom mroot mrow mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr "
    "munder munderover"
)
_ATTRIBUTES = (
    "alt aria-label checked class decoding disabled height href id loading open rel role src start tabindex title type "
    "width accent depth display displaystyle fence form linethickness lspace mathbackground mathcolor mathsize "
    "mathvariant maxsize minsize movablelimits rspace scriptlevel separator stretchy voffset"
)
TAGS, ATTRIBUTES = frozenset(f"{_TEXT} {_FORMULA}".split()), frozenset(_ATTRIBUTES.split())
ADDRESS = re.compile(r"(?:https?:|mailto:|[^:]*(?:[/?#]|$))", re.IGNORECASE)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            self.wrong.append(f"<{tag}>")
        for name, value in attrs:
            if name not in ATTRIBUTES:
                self.wrong.append(f"{tag} {name}")
            if name in ("href", "src") and not is_harmless(value or ""):
                self.wrong.append(f"{tag} {name}={value!r}")

    def handle_comment(self, data: str) -> None:
        self.wrong.append("a comment")

    def handle_decl(self, decl: str) -> None:
        self.wrong.append("a declaration")

    def unknown_decl(self, data: str) -> None:
        self.wrong.append("a declaration")

    def handle_pi(self, data: str) -> None:
        self.wrong.append("an instruction")


def is_harmless(address: str) -> bool:
    """As a browser reads it: without blanks and control characters before the scheme, `\\` as `/`."""
    read = re.sub(r"[\x00-\x20]", "", address).replace("\\", "/")
    return ADDRESS.match(read) is not None and not read.startswith("//")


def dangers(html: str) -> list[str]:
    """What is in the HTML that should not be."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.wrong
