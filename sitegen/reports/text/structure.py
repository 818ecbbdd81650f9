"""The shape of a report's text, read off its tokens once: sections, callouts, figures, places for lists."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from sitegen.reports.text.syntax import ID
from sitegen.reports.text.typos import MOST, near

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

CALLOUTS: Final = ("note", "tip", "important", "warning", "caution")
_SAME_AS: Final = {
    **dict.fromkeys(("info", "abstract", "summary", "question", "example", "quote", "todo"), "note"),
    **dict.fromkeys(("hint", "success", "check", "done"), "tip"),
    **dict.fromkeys(("attention",), "warning"),
    **dict.fromkeys(("danger", "error", "failure", "fail", "bug"), "caution"),
}
"""MkDocs' names of callouts by the one of ours that looks like them."""
_CALLOUT: Final = re.compile(rf"\[!({'|'.join(CALLOUTS)})\][ \t]*([^\n]*)(?:\n|$)", re.IGNORECASE)
_OTHER_CALLOUT: Final = re.compile(r"\[!([A-Za-z][\w-]{0,30})\](?![(\[{:])")
_HEADING_ID: Final = re.compile(rf"\{{#({ID})\}}")
_FIGURE_ID: Final = re.compile(rf"\s*\{{#({ID})\}}\s*")
_MARKERS: Final = {"[toc]": "toc_marker", "[references]": "references_marker"}
_SECTION: Final = "sec-"
_LONGEST_SLUG: Final = 80


@dataclass
class Shape:
    """What is known of a text before it is rendered: the titles of its sections by id, the labels of its figures and
    equations in their order, each with its line from 0, and the mistakes."""

    sections: dict[str, str] = field(default_factory=dict)
    labels: dict[str, int] = field(default_factory=dict)
    mistakes: list[tuple[int, str]] = field(default_factory=list)

    def label(self, name: str, kind: str, line: int) -> str:
        """`name`, when it can label a figure ("fig") or an equation ("eq"), else "", which is a mistake."""
        if not name or (name.startswith(f"{kind}-") and name not in self.labels):
            self.labels.update({name: line} if name else {})
            return name
        if name in self.labels:
            self.mistakes.append((line, f"found the label {name!r} again; give one of the two another"))
        else:
            self.mistakes.append((line, f"found the label {name!r}, expected one such as {kind}-{name}; rename it"))
        return ""


def use_structure(md: "MarkdownIt") -> None:
    """Teaches a parser all of it. What it finds is in `env["shape"]`."""
    md.core.ruler.after("uncover", "structure", _before_inline)
    md.core.ruler.push("figures", _after_inline)


def _shape(state: StateCore) -> Shape:
    shape: Shape = state.env["shape"]
    return shape


def _before_inline(state: StateCore) -> None:
    _headings(state.tokens, _shape(state))
    state.tokens = list(_callouts(state.tokens, _shape(state)))
    state.tokens = list(_markers(state.tokens))


def _headings(tokens: Sequence[Token], shape: Shape) -> None:
    """Headings get ids that no other part of a page has, and start at the second level: the first is the page's."""
    opened = [at for at, token in enumerate(tokens) if token.type == "heading_open"]
    shift = int(any(tokens[at].tag == "h1" for at in opened))
    counts: dict[str, int] = {}
    for at in opened:
        content = tokens[at + 1]
        said, brace, rest = content.content.rpartition("{#")
        explicit = _HEADING_ID.fullmatch(brace + rest)
        if explicit:
            content.content = said.rstrip()
        name = _free(explicit[1] if explicit else _slug(content.content), shape.sections, counts)
        shape.sections[name] = _readable(content.content)
        tokens[at].meta["id"] = name
        for token in (tokens[at], tokens[at + 2]):
            token.tag = f"h{min(6, int(token.tag[1]) + shift)}"


def _readable(text: str) -> str:
    return re.sub(r"[*_`\[\]]", "", text)


def _slug(text: str) -> str:
    """What a heading says, as a part of an address; values and where links lead are left out."""
    said = re.sub(r"\{\{.*?\}\}|\]\([^)]*\)", " ", text[: 4 * _LONGEST_SLUG])
    return re.sub(r"[\W_]+", "-", unicodedata.normalize("NFKC", said).lower())[:_LONGEST_SLUG].strip("-") or "section"


def _free(name: str, taken: dict[str, str], counts: dict[str, int]) -> str:
    name = _SECTION + name.removeprefix(_SECTION)
    tried = name
    while tried in taken:
        counts[name] = counts.get(name, 1) + 1
        tried = f"{name}-{counts[name]}"
    return tried


def _callouts(tokens: Sequence[Token], shape: Shape) -> Iterator[Token]:
    """Quotes that begin with `[!NOTE]` become what `!!! note` gives."""
    open_quotes: list[Token | None] = []
    skip = 0
    for at, token in enumerate(tokens):
        if skip:
            skip -= 1
        elif token.type == "blockquote_open":
            found = _callout(tokens, at)
            open_quotes.append(found[0] if found else None)
            if found is None:
                shape.mistakes += _almost_callout(tokens, at) if len(shape.mistakes) < MOST else ()
                yield token
            else:
                yield from found
                skip = _cut_title(tokens, at)
        elif token.type == "blockquote_close" and (opened := open_quotes.pop()):
            yield _token("admonition_close", -1, opened.map)
        else:
            yield token


def _callout(tokens: Sequence[Token], at: int) -> list[Token] | None:
    """The tokens that open a callout in place of a quote, None for a quote."""
    found = _CALLOUT.match(tokens[at + 2].content) if _begins_with_text(tokens, at) else None
    if found is None:
        return None
    kind, line = found[1].lower(), (tokens[at + 2].map or [0, 0])[0]
    opened = _token("admonition_open", 1, tokens[at].map, {"tag": kind})
    title = _token("inline", 0, [line, line + 1], content=found[2].strip() or kind.capitalize())
    return [opened, _token("admonition_title_open", 1), title, _token("admonition_title_close", -1)]


def _almost_callout(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str]]:
    """A quote that begins with `[!NOTES]` or `[!INFO]` would be one with odd words in it."""
    found = _OTHER_CALLOUT.match(tokens[at + 2].content) if _begins_with_text(tokens, at) else None
    if found is None:
        return
    word = found[1].lower()
    meant = _SAME_AS.get(word) or near(word, CALLOUTS) or _SAME_AS.get(near(word, _SAME_AS), "")
    names = ", ".join(name.upper() for name in CALLOUTS)
    mend = f"did you mean [!{meant.upper()}]?" if meant else "write one of these"
    yield (tokens[at + 2].map or [0])[0], f"found a callout [!{found[1]}], expected one of {names}; {mend}"


def _almost_admonition(name: str) -> str:
    """What to say of `!!! noet`; a name that is near none of ours is the writer's own."""
    meant = near(name, {*CALLOUTS, *_SAME_AS})
    return f"found a callout {name[:40]!r}; did you mean {meant}?" if meant and meant != name.lower() else ""


def _begins_with_text(tokens: Sequence[Token], at: int) -> bool:
    return at + 2 < len(tokens) and [token.type for token in tokens[at + 1 : at + 3]] == ["paragraph_open", "inline"]


def _cut_title(tokens: Sequence[Token], at: int) -> int:
    """Takes the title's line out of the paragraph after the quote at `at`; says how many tokens are gone with it."""
    text = tokens[at + 2]
    found = _CALLOUT.match(text.content)
    rest = text.content[found.end() :] if found else text.content
    if not rest.strip():
        return 3
    first, last = text.map or (0, 1)
    text.content, text.map = rest, [first + 1, last]
    return 0


def _markers(tokens: Sequence[Token]) -> Iterator[Token]:
    """Paragraphs of nothing but `[toc]` or `[references]` are the places of these lists."""
    skip = 0
    for at, token in enumerate(tokens):
        if skip:
            skip -= 1
        elif token.type == "paragraph_open" and (kind := _MARKERS.get(tokens[at + 1].content.strip().lower())):
            yield _token(kind, 0, token.map)
            skip = 2
        else:
            yield token


def _after_inline(state: StateCore) -> None:
    shape = _shape(state)
    state.tokens = list(_whole(state.tokens, shape))
    for token in state.tokens:
        if token.type == "equation":
            token.meta["id"] = shape.label(token.meta["id"], "eq", (token.map or [0])[0])
        elif token.type == "admonition_open":
            token.meta["kind"] = kind_of_callout(token.meta["tag"])
            if len(shape.mistakes) < MOST and (said := _almost_admonition(token.meta["tag"])):
                shape.mistakes.append(((token.map or [0])[0], said))


def kind_of_callout(name: str) -> str:
    """How a callout of any name looks."""
    name = name.lower()
    return name if name in CALLOUTS else _SAME_AS.get(name, "note")


def _whole(tokens: Sequence[Token], shape: Shape) -> Iterator[Token]:
    """Headings as one token, and images alone in a paragraph as figures; `{#fig-name}` after one labels it."""
    skip = 0
    for at, token in enumerate(tokens):
        if skip:
            skip -= 1
        elif token.type == "heading_open":
            yield _joined("heading", token, tokens[at + 1], token.meta)
            skip = 2
        elif token.type == "paragraph_open" and not token.hidden and (label := _lone_image(tokens[at + 1])) is not None:
            meta = {"id": shape.label(label, "fig", (token.map or [0])[0])}
            yield _joined("figure", token, tokens[at + 1], meta)
            skip = 2
        else:
            yield token


def _joined(kind: str, opened: Token, inline: Token, meta: dict[str, Any]) -> Token:
    """One token of what opens a block and of what is in it."""
    token = _token(kind, 0, opened.map, meta, inline.content)
    token.tag, token.children = opened.tag, inline.children
    return token


def _lone_image(inline: Token) -> str | None:
    """The label of an image that is alone, "" without one; None where there is more than an image, or none."""
    match inline.children:
        case [Token(type="image")]:
            return ""
        case [Token(type="image"), Token(type="text", content=text)] if found := _FIGURE_ID.fullmatch(text):
            return found[1]
    return None


def _token(
    kind: str, nesting: Any, lines: list[int] | None = None, meta: dict[str, Any] | None = None, content: str = ""
) -> Token:
    token = Token(kind, "", nesting, map=lines, meta=meta or {}, content=content, block=True)
    token.children = [] if kind == "inline" else None
    return token
