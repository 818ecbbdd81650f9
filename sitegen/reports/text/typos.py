"""What a text means to say and does not: near misses of our own signs, which would show as words without a warning.

A claim that is no claim, a footnote that leads nowhere and HTML that is text are told on their lines; so are fences
and callouts whose names are almost ours.
"""

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from markdown_it.rules_core import StateCore

from sitegen.reports.text.highlighting import LANGUAGES

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

MOST: Final = 50
"""Near misses that are told of one text."""
_NEAR: Final = 0.8
_FOOTNOTE: Final = r"\[\^(?P<note>[^\s\]]{1,100})\]"
_CLAIM: Final = r"\]\{(?P<claim>[A-Za-z]{3,8})\s{0,3}="
_TAGS: Final = (
    "a abbr b blockquote br center code del details div em figure font h1 h2 h3 h4 h5 h6 hr i iframe img ins kbd li "
    "mark ol p picture pre s script small span strike strong style sub summary sup table tbody td th thead tr tt u ul "
    "video audio"
)
_TAG: Final = rf"<(?P<tag>{'|'.join(sorted(_TAGS.split(), key=len, reverse=True))})(?:\s[^<>]{{0,400}})?/?>"
_COMMENT: Final = r"(?P<comment><!--)"
_SIGN: Final = re.compile(f"{_FOOTNOTE}|{_CLAIM}|{_TAG}|{_COMMENT}", re.IGNORECASE)
_INSTEAD: Final = {
    **dict.fromkeys(("b", "strong"), "write **bold**"),
    **dict.fromkeys(("i", "em"), "write *italic*"),
    **dict.fromkeys(("s", "del", "strike"), "write ~~struck out~~"),
    **dict.fromkeys(("code", "tt", "kbd"), "write `code`"),
    **dict.fromkeys(("sub", "sup"), "write a formula, as $x_2$"),
    **dict.fromkeys(("img", "picture", "figure"), "write ![what it shows](file.png)"),
    **dict.fromkeys(("table", "tr", "td", "th"), "write | a | b |"),
    **dict.fromkeys(("ul", "li"), "write - before each item"),
    "a": "write [text](address)",
    "br": "end the line with \\",
    "hr": "write ---",
    "details": "write ??? note and indent what is in it",
    "pre": "write ``` around it",
}


def use_typos(md: "MarkdownIt") -> None:
    """Teaches a parser to tell them, in `env["shape"]`; escaped signs are still apart from text at that moment."""
    md.core.ruler.before("text_join", "typos", _tell)


def near(word: str, known: Iterable[str]) -> str:
    """The one of the known words that `word` is almost, "" for none and for one that is known."""
    names = sorted(known)
    tried = word.strip("{}.:").lower()
    if word in names or not tried:
        return ""
    found = get_close_matches(tried[:40], names, 1, _NEAR)
    return found[0] if found else ""


@lru_cache(256)
def of_fence(word: str, blocks: frozenset[str]) -> str:
    """What to say of a fence whose first word is almost one of ours, "" for any other: languages are none."""
    if not blocks or word == "math" or word.lower() in LANGUAGES:
        return ""
    meant = near(word, {*blocks, "math"})
    return f"found a fence {word[:40]!r}; did you mean {meant}?" if meant else ""


def _tell(state: StateCore) -> None:
    told: list[tuple[int, str]] = state.env["shape"].mistakes
    known = set(told)
    for token in state.tokens:
        if token.type != "inline" or len(told) >= MOST:
            continue
        for line, said in _of_paragraph(token):
            if (line, said) not in known and len(told) < MOST:
                known.add((line, said))
                told.append((line, said))


def _of_paragraph(token: "Token") -> Iterator[tuple[int, str]]:
    """The line, from 0, and the message of each near miss in the words of a paragraph."""
    line, at = (token.map or [0])[0], 0
    for child in token.children or ():
        for found in _SIGN.finditer(child.content) if child.type == "text" else ():
            place = token.content.find(found[0], at)
            if place < 0:
                return  # No words of the paragraph: whoever made them has said what is wrong.
            line, at = line + token.content.count("\n", at, place), place
            if said := _said(found):
                yield line, said


def _said(found: re.Match[str]) -> str:
    match found.lastgroup:
        case "note":
            return f"found the footnote {found[0]}, which nothing defines; add a line {found[0]}: with what it says"
        case "claim":
            return _said_of_claim(found["claim"])
        case "tag":
            mend = _INSTEAD.get(found["tag"].lower(), "write it in Markdown, or as `code`")
            return f"found <{found['tag']}>: HTML is shown as text; {mend}"
    return "found <!--: HTML is shown as text, a comment too; take it out"


def _said_of_claim(word: str) -> str:
    """A claim is lost by another word before its `=`, and by quotes that are none."""
    meant = 'write [text]{check="mean(summary.acc) > 0.9"}'
    if word.lower() == "check":
        return f"found a claim {{{word}= that cannot be read; {meant}"
    return f"found {{{word}=; did you mean check? A claim: {meant}" if near(word, {"check"}) else ""
