"""The Markdown of a page of MkDocs, before MkDocs reads it: which parts of it are ours, and on which lines they stand.

Our fences are taken out, and words stand in their places that no extension of Markdown touches. Values become text in
which nothing is Markdown or HTML; of a claim the words stay, between two tags.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final, Literal

from sitegen.reports.figures.blocks import WORDS

_FENCE: Final = re.compile(r"(?P<indent>[ \t]*)(?P<marks>`{3,}|~{3,})[ \t]*(?P<word>[\w+-]*)(?P<rest>[^`\n]*)$")
_CODE: Final = r"(?<!`)(?P<ticks>`{1,8})(?!`)(?:(?!\n[ \t]*\n)[^\0]){1,4000}?(?<!`)(?P=ticks)(?!`)"
_VALUE: Final = r"""(?<!\\)\{\{(?P<value>(?:[^{}"'\n]|"[^"\n]{0,500}"|'[^'\n]{0,500}'|\}(?!\})){1,2000}?)\}\}"""
_CLAIM: Final = (
    r"(?<!\\)\[(?P<claimed>(?:[^\[\]\\]|\\.|\[[^\[\]]{0,500}\]){1,2000}?)\]"
    r"""\{check=(?:"(?P<check>[^"]{1,2000})"|'(?P<check_>[^']{1,2000})')\}"""
)
_OURS: Final = re.compile(f"{_CODE}|{_VALUE}|{_CLAIM}", re.DOTALL)
_QUOTED: Final = re.compile(r""""[^"]*"|'[^']*'""")
_NAME: Final = re.compile(r"(?<![\w.])[A-Za-z_]\w*")
# What may stand as it is: nothing in it is Markdown, nor a part of an extension's syntax.
_PLAIN: Final = re.compile(r"[^A-Za-z0-9 .,:%\u0080-\U0010ffff-]")


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a page that begins on the file's line `line`: prose, code of no concern to us, or a block of ours."""

    kind: Literal["prose", "code", "block"]
    line: int
    text: str


def parts(markdown: str, first: int) -> Iterator[Part]:
    """The pieces of a text whose first line is the file's `first`, each of whole lines."""
    rows = markdown.split("\n")
    begun = at = 0
    while at < len(rows):
        found = _FENCE.fullmatch(rows[at])
        if found is None:
            at += 1
            continue
        if begun < at:
            yield Part("prose", first + begun, "\n".join(rows[begun:at]))
        begun = _after(rows, at, found)
        yield Part("block" if found["word"] in WORDS else "code", first + at, "\n".join(rows[at:begun]))
        at = begun
    if begun < len(rows):
        yield Part("prose", first + begun, "\n".join(rows[begun:]))


def _after(rows: Sequence[str], at: int, opened: re.Match[str]) -> int:
    """The line after a fence, which ends with the text at the latest."""
    marks = opened["marks"]
    ends = re.compile(rf"[ \t]*{marks[0]}{{{len(marks)},}}[ \t]*")
    return next((number + 1 for number in range(at + 1, len(rows)) if ends.fullmatch(rows[number])), len(rows))


def blocks_alone(found: Iterable[Part]) -> str:
    """The blocks of a page without what is around them, each on its own lines and at the margin."""
    rows: list[str] = []
    for part in found:
        if part.kind == "block":
            rows += [""] * (part.line - 1 - len(rows))
            rows += _at_the_margin(part.text.split("\n"))
    return "\n".join(rows)


def _at_the_margin(rows: Sequence[str]) -> Iterator[str]:
    indent = _indent(rows[0])
    yield rows[0].strip()
    for row in rows[1:-1]:
        yield row.removeprefix(indent) if row.startswith(indent) else row.lstrip()
    if len(rows) > 1:
        yield rows[-1].strip()


def _indent(row: str) -> str:
    return row[: len(row) - len(row.lstrip())]


@dataclass(frozen=True, slots=True)
class Inline:
    """What is shown in place of values and claims; each is given the file's line. A value that is nobody's, of which
    `value` says None, stays as it is."""

    value: Callable[[str, int], str | None]
    claim: Callable[[str, str, int], str]


def written(found: Iterable[Part], inline: Inline, place: Callable[[int], str]) -> str:
    """The text for MkDocs; `place` is the word that stands where a block did, by its number from 0."""
    numbers = count()

    def shown(part: Part) -> str:
        if part.kind == "block":
            # A paragraph of its own.
            return f"\n{_indent(part.text)}{place(next(numbers))}\n"
        return _said(part, inline) if part.kind == "prose" else part.text

    return "\n".join(map(shown, found))


def _said(part: Part, inline: Inline) -> str:
    if "{{" not in part.text and "]{check=" not in part.text:
        return part.text

    def replaced(found: re.Match[str]) -> str:
        line = part.line + part.text.count("\n", 0, found.start())
        if found["value"] is not None:
            shown = inline.value(found["value"].strip(), line)
            return found[0] if shown is None else shown
        if found["claimed"] is not None:
            return inline.claim(found["claimed"], (found["check"] or found["check_"]).strip(), line)
        return found[0]

    return _OURS.sub(replaced, part.text)


def names(expression: str) -> frozenset[str]:
    """The names that an expression begins with somewhere, those in quotes and behind points left out."""
    return frozenset(_NAME.findall(_QUOTED.sub(" ", expression)))


def plain(text: str) -> str:
    """A text in which Markdown, its extensions and HTML find nothing that they know; what cannot be seen is marked."""
    seen = "".join(each if each.isprintable() else "\ufffd" for each in " ".join(text.split()))
    return _PLAIN.sub(lambda found: f"&#{ord(found[0])};", seen)
