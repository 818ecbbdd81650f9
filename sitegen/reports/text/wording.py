"""The words of a report as HTML: text, values, links, citations, claims and formulas inside a paragraph."""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from html import escape
from itertools import accumulate
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from markupsafe import Markup

from runstore.errors import UsageError
from sitegen.reports.links import is_allowed
from sitegen.reports.mistakes import Mistake, ReportError
from sitegen.reports.text.mathematics import mathml
from sitegen.reports.text.sanitising import Pieces
from sitegen.reports.text.scope import Label, Scope
from sitegen.reports.text.sources import Sources

if TYPE_CHECKING:
    from markdown_it.token import Token

_MOST_FORMULAS: Final = 5_000
_SIGNS: Final = {"holds": ("✓", "claim holds"), "fails": ("✗", "claim fails"), "unknown": ("?", "claim not checked")}
_LABELS: Final = ("fig-", "tbl-", "tab-", "eq-", "sec-")


class Place:
    """Where a run of text stands in the file: the line of each of its characters."""

    def __init__(self, first: int, text: str) -> None:
        self._first = first
        self._text = text
        self._ends: list[int] | None = None

    def line(self, at: int) -> int:
        if self._ends is None:
            self._ends = list(accumulate(len(line) + 1 for line in self._text.split("\n")))
        return self._first + min(bisect_left(self._ends, at + 1), len(self._ends) - 1)


class Wording:
    """Renders what is inside paragraphs. Whatever cannot be shown is noted, and told in its place."""

    def __init__(self, scope: Scope, sections: Mapping[str, str], line: int) -> None:
        self.pieces = Pieces()
        self.mistakes: list[Mistake] = []
        self.sources = Sources(scope)
        self._scope = scope
        self._sections = sections
        self._place = Place(line, "")
        self._after: Token | None = None
        self._ends: list[str] = []
        self._formulas = 0
        self._methods: dict[str, Callable[[Token], str]] = {}

    def html(self, tokens: "Sequence[Token]") -> str:
        """Tokens as HTML that is still to be cleaned."""
        done = []
        for at, token in enumerate(tokens):
            self._after = tokens[at + 1] if at + 1 < len(tokens) else None
            done.append(self._method(token.type)(token))
        return "".join(done)

    def _method(self, kind: str) -> "Callable[[Token], str]":
        if kind not in self._methods:
            self._methods[kind] = getattr(self, f"_{kind}", self._other)
        return self._methods[kind]

    def words(self, text: str, tokens: "Sequence[Token]", line: int) -> str:
        """The tokens of a paragraph with this text, which begins on this line of the file."""
        self._place = Place(line, text)
        return self.html(tokens)

    def _other(self, token: "Token") -> str:
        """Elements without more: `em`, `strong` and `s`."""
        return f"<{token.tag}>" if token.nesting == 1 else f"</{token.tag}>" if token.nesting == -1 else ""

    # What can go wrong

    def _line(self, token: "Token") -> int:
        return self._place.line(token.meta.get("at", 0))

    def _tried(self, line: int, source: str, make: Callable[[], str]) -> str:
        """What `make` gives; where it cannot, the mistake in its place."""
        try:
            return make()
        except ReportError as error:
            return self._mistake(error.line or line, str(error), source)
        except UsageError as error:
            return self._mistake(line, str(error), source)

    def note(self, line: int, message: str) -> None:
        self.mistakes.append(Mistake(line, message))

    def _mistake(self, line: int, message: str, source: str) -> str:
        self.note(line, message)
        shown = f"<code>{plain(source)}</code> " if source else ""
        return f'<span class="mistake">{shown}<span class="mistake-why">{plain(message)}</span></span>'

    # Words

    def _text(self, token: "Token") -> str:
        return plain(token.content)

    def _softbreak(self, token: "Token") -> str:
        return "\n"

    def _hardbreak(self, token: "Token") -> str:
        return "<br>\n"

    def _code_inline(self, token: "Token") -> str:
        return f"<code>{plain(token.content)}</code>"

    def _value(self, token: "Token") -> str:
        line = self._line(token)
        make = lambda: f'<span class="value">{plain(self._scope.value(token.content, line))}</span>'  # noqa: E731
        return self._tried(line, token.markup, make)

    def _formula(self, token: "Token") -> str:
        make = lambda: self._math(token.content.strip(), token.meta["display"])  # noqa: E731
        return self._tried(self._line(token), token.markup, make)

    def _math(self, tex: str, display: bool) -> str:
        self._formulas += 1
        if self._formulas > _MOST_FORMULAS:
            raise ReportError(f"found more than {_MOST_FORMULAS:,} formulas in a report; split it")
        return self.pieces.hold(mathml(tex, display=display), tex)

    def _footnote_ref(self, token: "Token") -> str:
        number, again = token.meta["id"] + 1, token.meta["subId"]
        return f'<sup class="note-ref"><a id="{from_note(number, again)}" href="#note-{number}">{number}</a></sup>'

    # Links

    def _link_open(self, token: "Token") -> str:
        address, line = str(token.attrs.get("href", "")), self._line(token)
        shown = ""
        if address.startswith("#"):
            label = self._target(unquote(address[1:]))
            if label is None:
                self._ends.append("")
                return self._mistake(line, _nowhere(address[1:]), "")
            address = label.href
            shown = label.text if self._after and self._after.type == "link_close" else ""
        elif not is_allowed(address):
            self._ends.append("")
            return self._mistake(line, f"found a link to {_cut(address)}, expected http, https, mailto or a path", "")
        self._ends.append("</a>")
        title = f' title="{quoted(str(token.attrs["title"]))}"' if "title" in token.attrs else ""
        return f'<a href="{quoted(address)}"{title}>{plain(shown)}'

    def _link_close(self, token: "Token") -> str:
        return self._ends.pop() if self._ends else ""

    def _target(self, name: str) -> Label | None:
        """The figure, table, equation or section that a name means."""
        if found := self._scope.labels.get(name):
            return found
        for section in (name, f"sec-{name}"):
            if section in self._sections:
                return Label(self._sections[section], f"#{section}")
        return None

    def _cross_link(self, token: "Token") -> str:
        line = self._line(token)

        def make() -> str:
            found = self._scope.link(token.content, line)
            if found is None:
                raise ReportError(f"found no run or report named {token.content!r}; correct the name")
            shown = plain(token.meta["shown"] or found.text)
            return f'<a class="cross-link" href="{quoted(found.href)}">{shown}</a>'

        return self._tried(line, token.markup, make)

    # Citations and references

    def _citation(self, token: "Token") -> str:
        line = self._line(token)
        items: list[tuple[str, str, str]] = token.meta["items"]
        between = "; " if any(before or after for before, _, after in items) else ", "
        shown = between.join(self._cited(*item, line) for item in items)
        if all(self._target(key) for _, key, _ in items):
            return shown
        return f'<span class="citation">[{shown}]</span>'

    def _cited(self, before: str, key: str, after: str, line: int) -> str:
        number = self._tried(line, f"@{key}", lambda: self._reference(key) or self.sources.link(key, line))
        return f"{plain(before)} {number}".strip() + (f", {plain(after)}" if after else "")

    def _reference(self, key: str) -> str:
        """A link to a figure, table, equation or section with its name; "" for what is none. Raises `ReportError`."""
        if found := self._target(key):
            return f'<a href="{quoted(found.href)}">{plain(found.text)}</a>'
        if key.startswith(_LABELS):
            raise ReportError(_nowhere(key))
        return ""

    def _narrative(self, token: "Token") -> str:
        line, key = self._line(token), token.content
        if self._scope.bibliography is None and self._target(key) is None and not key.startswith(_LABELS):
            return plain(token.markup)

        def make() -> str:
            if found := self._reference(key):
                return found
            number = self.sources.link(key, line)
            return f'{plain(self.sources.authors(key))} <span class="citation">[{number}]</span>'

        return self._tried(line, token.markup, make)

    # Claims

    def _claim_open(self, token: "Token") -> str:
        line = self._line(token)
        try:
            shown = self._scope.claim(token.content, line)
        except (ReportError, UsageError) as error:
            self._ends.append(self._mistake(getattr(error, "line", 0) or line, str(error), "") + "</span>")
            return '<span class="claim claim-unknown">'
        sign, says = _SIGNS[shown.state]
        self._ends.append(
            f'<span class="claim-badge" title="{quoted(f"{says}: {shown.said}")}">{sign}'
            f'<span class="aside"> ({plain(says)}: {plain(shown.said)})</span></span></span>'
        )
        return f'<span class="claim claim-{shown.state}">'

    def _claim_close(self, token: "Token") -> str:
        return self._ends.pop() if self._ends else ""

    # Images

    def _image(self, token: "Token") -> str:
        line = self._line(token)
        return self.image(token, line, self.pieces.text_of(self.aside(token.children or (), line)))

    def image(self, token: "Token", line: int, said: str) -> str:
        """An image; `said` is for who does not see it."""
        name = unquote(str(token.attrs.get("src", "")))

        def make() -> str:
            found = self._scope.image(name, line)
            if found is None:
                raise ReportError(f"found no image {_cut(name)} beside the report; correct the path, or add the file")
            image = Markup('<img src="{}" alt="{}" width="{}" height="{}" loading="lazy" decoding="async">')
            return self.pieces.hold(image.format(found.src, said, int(found.width), int(found.height)), said)

        return self._tried(line, f"![{said}]({name})", make)

    def aside(self, tokens: "Sequence[Token]", line: int) -> str:
        """Words whose own places are not known: all of them stand on `line`."""
        outer, self._place = self._place, Place(line, "")
        try:
            return self.html(tokens)
        finally:
            self._place = outer


def plain(text: str) -> str:
    """A text as HTML."""
    return escape(text, quote=False)


def quoted(text: str) -> str:
    """A text as the value of an attribute."""
    return escape(text)


def from_note(number: int, again: int) -> str:
    """The id of the place from where a footnote is mentioned, for the first time and again."""
    return f"note-{number}-from" + (f"-{again + 1}" if again else "")


def _nowhere(name: str) -> str:
    return f"found a reference to {_cut(name)}, which no figure, table, equation or heading has; correct it"


def _cut(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:77]}…")
