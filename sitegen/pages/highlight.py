"""YAML in colours: each line in pieces, and what each piece is."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

MAX_LINES: Final = 3000
_MAX_LINE: Final = 2000
_PIECE: Final = re.compile(
    r"""(?P<comment>(?:^|(?<=\s))\#.*)
    |(?P<key>(?:"[^"\\]{0,80}"|'[^']{0,80}'|[A-Za-z_][\w./-]{0,80})(?=[ ]?:(?:\s|$)))
    |(?P<text>"(?:[^"\\]|\\.)*"|'[^']*')
    |(?P<macro>\$\{[^{}]{0,80}\})
    |(?P<number>(?<![\w.$-])[-+]?(?:\d[\d_]{0,40}\.?\d{0,40}|\.\d{1,40})(?:[eE][-+]?\d{1,5})?(?![\w.]))
    |(?P<word>(?<![\w.-])(?:true|false|null)(?![\w.-]))""",
    re.VERBOSE,
)


class Piece(NamedTuple):
    """A piece of a line: `comment`, `key`, `text`, `macro`, `number`, `word`, or "" for all else."""

    kind: str
    text: str


def yaml_lines(text: str) -> tuple[tuple[Piece, ...], ...]:
    """The first lines of a YAML text in pieces; long lines have one."""
    lines = text.removesuffix("\n").split("\n")[:MAX_LINES] if text else []
    return tuple(tuple(_pieces(line.rstrip("\r"))) for line in lines)


def _pieces(line: str) -> Iterator[Piece]:
    if len(line) > _MAX_LINE:
        yield Piece("", f"{line[:_MAX_LINE]}…")
        return
    at = 0
    for found in _PIECE.finditer(line):
        if found.start() > at:
            yield Piece("", line[at : found.start()])
        yield Piece(found.lastgroup or "", found[0])
        at = found.end()
    if at < len(line):
        yield Piece("", line[at:])
