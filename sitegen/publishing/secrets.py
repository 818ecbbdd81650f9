"""A scanner for secrets in what is about to be published: a finding says where, of which kind, and how it begins.

Polars looks through everything for what may be a secret; where it finds something, in a few of thousands of pieces,
a second look says what it is. Text that data files carry in base64 is looked through as text.
"""

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import polars as pl

from sitegen.publishing.patterns import GROUPS, Pattern

SHOWN: Final = 4
"""Of a secret so many letters are shown."""
_BATCH: Final = 16 << 20
# A piece that may hold something is looked through once more in smaller ones: the slow engine sees little text.
_PIECE: Final = 1 << 13
_SMALL: Final = 1 << 8
# What a probe needs may begin in one piece and end in the next.
_OVERLAP: Final = 256
_ENCODED: Final = 44
_STRING: Final = r'"[A-Za-z0-9+/]{44}'
_BEGINNING: Final = re.compile(_STRING)
_COMPILED: Final = {pattern.kind: re.compile(pattern.text) for group in GROUPS for pattern in group.patterns}
_WORD: Final = re.compile(r"[A-Za-z0-9]")
# The name before a password may be a part of a longer one: `db_password`.
_KEYED: Final = frozenset({"password", "token", "option"})


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """What may be a secret: in which file, at which line from 1, of which kind, and its first letters.

    `secret` is the whole, which nobody prints; `source` says where in the store it stands, "" while nobody knows.
    """

    file: str
    line: int
    kind: str
    shown: str
    secret: str = field(default="", compare=False, repr=False)
    source: str = field(default="", compare=False)

    def __str__(self) -> str:
        look = f"; look in {self.source}" if self.source else ""
        return f"{self.file}, line {self.line}: {self.kind}, begins with {self.shown!r}{look}"


@dataclass(frozen=True, slots=True)
class _Text:
    """A text to look through. Of one that was carried inside another, `at` is its place there."""

    file: str
    text: str
    outer: str | None = None
    at: int = 0

    def line(self, at: int) -> int:
        return self.text.count("\n", 0, at) + 1 if self.outer is None else self.outer.count("\n", 0, self.at) + 1


_Span = tuple[_Text, int, int]


def scan_files(root: Path, paths: Iterable[str]) -> list[Finding]:
    """The findings in files below `root`, by their paths from there. Raises `OSError` for one that cannot be read."""
    return scan((path, (root / path).read_bytes()) for path in paths)


def scan(files: Iterable[tuple[str, bytes]]) -> list[Finding]:
    """The findings in files, by name and content: each secret once a file."""
    found: dict[tuple[str, str, str], Finding] = {}
    for batch in _batches(files):
        for text, at, kind, secret in _places(batch):
            place = (text.file, kind, secret)
            if place not in found:
                found[place] = Finding(text.file, text.line(at), kind, secret[:SHOWN], secret)
    return sorted(found.values())


def _batches(files: Iterable[tuple[str, bytes]]) -> Iterator[list[_Text]]:
    """Texts in batches: thousands of small ones are looked through at once."""
    batch: list[_Text] = []
    size = 0
    for name, data in files:
        batch.append(_Text(name, _as_text(data)))
        size += len(data)
        if size > _BATCH:
            yield batch
            batch, size = [], 0
    yield batch


def _places(texts: Sequence[_Text]) -> Iterator[tuple[_Text, int, str, str]]:
    """In which text a secret stands, where it begins, its kind, and the secret."""
    spans = _spans(((text, 0, len(text.text)) for text in texts), _PIECE)
    *hits, strings = _hit(spans, *(group.probe for group in GROUPS), _STRING)
    for group, found in zip(GROUPS, hits, strict=True):
        (close,) = _hit(_spans(found, _SMALL), group.probe)
        for text, start, stop in close:
            for pattern in group.patterns:
                for at, secret in _matches(pattern, text.text, start, stop, group.longest):
                    yield text, at, pattern.kind, secret
    if inner := [carried for span in strings for carried in _carried(*span)]:
        yield from _places(inner)


def _spans(spans: Iterable[_Span], size: int) -> list[_Span]:
    """Spans of texts in smaller ones."""
    return [(text, at, min(at + size, stop)) for text, start, stop in spans for at in range(start, stop, size)]


def _hit(spans: Sequence[_Span], *probes: str) -> list[list[_Span]]:
    """For each probe the spans in which it finds anything. Polars asks them beside each other."""
    pieces = [text.text[start : stop + _OVERLAP] for text, start, stop in spans]
    asked = (pl.col("piece").str.contains(probe).alias(str(at)) for at, probe in enumerate(probes))
    answers = pl.DataFrame({"piece": pieces}, schema={"piece": pl.String}).select(*asked)
    return [[spans[number] for number in answer.arg_true().to_list()] for answer in answers.iter_columns()]


def _matches(pattern: Pattern, text: str, start: int, stop: int, longest: int) -> Iterator[tuple[int, str]]:
    """Where secrets of one kind begin in a span or just behind it, and what they are."""
    compiled = _COMPILED[pattern.kind]
    group = "secret" if compiled.groupindex else 0
    for match in compiled.finditer(text, start, stop + _OVERLAP + longest):
        # `task-` ends like the beginning of a key.
        alone = pattern.kind in _KEYED or not _WORD.match(text[max(0, match.start() - 1) : match.start()])
        if alone and pattern.counts(match[group]):
            yield match.start(group), match[group]


def _carried(text: _Text, start: int, stop: int) -> Iterator[_Text]:
    """The texts that strings of a data file carry in base64, of those that begin in a span."""
    if text.outer is not None:
        return
    for match in _BEGINNING.finditer(text.text, start, stop + _ENCODED):
        if _is_text(match[0][1:]):
            first = match.start() + 1
            end = text.text.find('"', first)
            if (carried := _decoded(text.text[first : end if end > 0 else None])) is not None:
                yield _Text(text.file, carried, text.text, first)


def _is_text(encoded: str) -> bool:
    """Whether base64 begins as text does: of numbers and pictures most do not."""
    head = b64decode(encoded)
    # The cut may go through a letter of several bytes.
    return b"\0" not in head and "\N{REPLACEMENT CHARACTER}" not in head.decode("utf-8", "replace")[:-3]


def _decoded(encoded: str) -> str | None:
    """What base64 carries, None for what is none after all."""
    try:
        return _as_text(b64decode(encoded))
    except (Error, ValueError):
        return None


def _as_text(data: bytes) -> str:
    """Data as text; what is no UTF-8 a letter a byte: a log may hold anything, and a secret as well."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")
