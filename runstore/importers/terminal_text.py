"""Whole lines of what was written to a terminal in pieces, as the terminal showed them at the end."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from runstore.importers.sources import LogLine


@dataclass(slots=True)
class _Open:
    """A line that may go on: its text, and when its first part was written."""

    text: str = ""
    time: float | None = None


def lines_of(pieces: Iterable[LogLine]) -> Iterator[LogLine]:
    """The lines, each with the time of its first part. Of what a carriage return made the terminal write over, as
    progress bars do, the last counts."""
    waiting: dict[str, _Open] = {}
    for piece in pieces:
        line = waiting.setdefault(piece.source, _Open())
        *done, rest = piece.text.split("\n")
        for part in done:
            yield LogLine(_shown(line.text + part), line.time or piece.time, piece.source)
            line.text, line.time = "", None
        if rest:
            line.text = _shown(line.text) + rest if "\r" not in line.text else _last(line.text) + rest
            line.time = line.time or piece.time
    for source, line in waiting.items():
        if line.text:
            yield LogLine(_shown(line.text), line.time, source)


def _shown(text: str) -> str:
    """What is seen of a line in the end: a return at its very end hides nothing."""
    return text.rstrip("\r").rpartition("\r")[2] if "\r" in text else text


def _last(text: str) -> str:
    """What of an open line still counts: from its last return on."""
    return text[text.rindex("\r") :]
