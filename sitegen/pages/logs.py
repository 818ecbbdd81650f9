"""A run's console logs: their files, and every line of them in data files that the page loads as somebody scrolls."""

import hashlib
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from runstore.format.run_layout import is_attempt, output_part, writer_order
from runstore.reading.beside import rows_of, writer_files
from runstore.reading.disclosure import Disclosure
from runstore.reading.rows import number
from runstore.reading.store import RunRecord
from sitegen import urls
from sitegen.data.shards import shard
from sitegen.pages.ansi import Pen, Span
from sitegen.pages.context import Link

MAX_BYTES: Final = 32 << 20
"""Of a longer log (bytes, a writer) the end is on the page, and the whole in the download."""
MAX_LINES: Final = 1_000_000
MAX_LINE: Final = 5_000
_SHARD: Final = 256_000
_ANSI: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)")
_SOURCES: Final = ("", "stdout", "stderr")

Mark = tuple[int, float | None, int]
"""Of a line (from 0) and those after it: when it came (epoch s), and the place of its stream in `_SOURCES`."""


@dataclass(frozen=True, slots=True)
class LogFile:
    """One file of a console log: its writer, which part of that writer's log it is (from 1), where it is copied to."""

    writer: str
    part: int
    path: Path

    @property
    def target(self) -> str:
        return f"{self.path.name}.txt"


@dataclass(frozen=True, slots=True)
class LogHead:
    """One writer's log as the page names it: "" for a run's only writer; `files` lead to the whole of it."""

    title: str
    files: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class _Piece:
    """Whole lines of one file; `first` (from 0) is the number of the first of them."""

    first: int
    lines: list[bytes]


def writer_name(writer: str) -> str:
    """What a reader calls a writer: its attempt, or its rank."""
    if not is_attempt(writer):
        return writer
    return f"Attempt {writer or 1}"


def log_files(run: RunRecord) -> list[LogFile]:
    """The files of a run's console logs that hold anything, writer by writer (`files` knows no links)."""
    names = (name for name in run.files if name.startswith("output"))
    found = [LogFile(writer, 1, path) for writer, path in writer_files(run, "output")]
    found += [LogFile(*place, run.layout.path / name) for name in names if (place := output_part(name))]
    found = [file for file in found if run.files[file.path.name]]
    return sorted(found, key=lambda file: (writer_order(file.writer), file.part))


def log_heads(run: RunRecord) -> tuple[LogHead, ...]:
    """Each writer's log with its files."""
    heads = []
    by_writer = _by_writer(run)
    for writer, files in by_writer.items():
        title = writer_name(writer) if len(by_writer) > 1 else ""
        heads.append(LogHead(title, tuple(Link(file.path.name, file.target) for file in files)))
    return tuple(heads)


def log_index(run: RunRecord) -> str | None:
    """Where the page finds its logs' lines, from its own folder; None where there is no log."""
    sizes = [(file.path.name, run.files[file.path.name]) for file in log_files(run)]
    return f"{urls.LOG_INDEX}?v={urls.digest(str(sizes))}" if sizes else None


def log_copy(run: RunRecord, path: Path) -> bytes | Path:
    """What is offered for download: the file as it is, or of one that is told in part as much as the page shows."""
    if run.disclosure.is_whole:
        return path
    piece = _end_of(path, 0, MAX_BYTES, MAX_LINES)
    return b"" if piece is None else b"".join(line + b"\n" for line in _told(piece, run.disclosure).lines)


def log_data(run: RunRecord) -> Iterator[tuple[str, bytes]]:
    """The data files of a run's logs, by where they lie in the run's folder: the lines, and last the list of them."""
    logs = []
    for place, (writer, files) in enumerate(_by_writer(run).items()):
        marks, starts = line_marks(run, writer)
        pieces = [_told(piece, run.disclosure) for piece in _pieces(files, starts)]
        shards = []
        for at, payload in enumerate(_shards(pieces, marks)):
            name = f"log {place} {at}"
            content = shard(name, payload)
            path = urls.log_shard(place, at)
            yield path, content
            stamp = hashlib.sha256(content).hexdigest()[:8]
            shards.append([name, f"{path}?v={stamp}", payload["first"], len(payload["lines"])])
        logs.append(
            {
                "title": writer_name(writer),
                "hidden": pieces[0].first if pieces else 0,
                "timed": any(time is not None for _, time, _ in marks),
                "shards": shards,
            }
        )
    if logs:
        yield urls.LOG_INDEX, shard("log", logs)


def line_marks(run: RunRecord, writer: str) -> tuple[list[Mark], dict[int, int]]:
    """When the lines of a writer's log came, and the first line of each of its parts."""
    path = next((path for name, path in writer_files(run, "lines") if name == writer), None)
    marks: list[Mark] = []
    starts = {1: 0}
    for _, row in rows_of(path) if path else ():
        line, part = row.get("line"), row.get("part")
        if type(line) is not int or line < 0:
            continue
        if type(part) is int:
            starts[part] = line
        elif not marks or line >= marks[-1][0]:
            source = row.get("source")
            marks.append((line, number(row.get("_timestamp")), _SOURCES.index(source) if source in _SOURCES else 0))
    return marks, starts


def _by_writer(run: RunRecord) -> dict[str, list[LogFile]]:
    found: dict[str, list[LogFile]] = {}
    for file in log_files(run):
        found.setdefault(file.writer, []).append(file)
    return found


def _pieces(files: list[LogFile], starts: dict[int, int]) -> list[_Piece]:
    """The end of a log, file by file; what cannot be read is left out."""
    firsts, following = [], 0
    for file in files:
        following = starts.get(file.part, following)
        firsts.append(following)
        following += 0 if file.part + 1 in starts else _newlines(file.path, sys.maxsize)
    room, lines = MAX_BYTES, MAX_LINES
    pieces: list[_Piece] = []
    for file, first in zip(reversed(files), reversed(firsts), strict=True):
        if room <= 0 or lines <= 0:
            break
        piece = _end_of(file.path, first, room, lines)
        if piece is None:
            continue
        pieces.append(piece)
        room -= sum(len(line) + 1 for line in piece.lines)
        lines -= len(piece.lines)
    return pieces[::-1]


def _told(piece: _Piece, disclosure: Disclosure) -> _Piece:
    """The piece as its readers may see it."""
    if disclosure.is_whole:
        return piece
    lines = [told_text(line.decode("utf-8", "replace"), disclosure).encode() for line in piece.lines]
    return replace(piece, lines=lines)


def told_text(text: str, disclosure: Disclosure) -> str:
    """A text of a terminal without what stays in the store, and then without its colours: these may cut a word."""
    plain = _ANSI.sub("", text)
    told = disclosure.text(plain)
    return text if told == plain else told


def _end_of(path: Path, first: int, room: int, most: int) -> _Piece | None:
    """At most so many bytes and lines from the end of a file whose first line has the number `first`."""
    try:
        with path.open("rb") as file:
            skipped = max(0, os.fstat(file.fileno()).st_size - room)
            file.seek(skipped)
            lines = file.read(room).split(b"\n")
    except OSError:
        return None
    if lines[-1] == b"":
        lines.pop()
    cut = max(0, len(lines) - most)
    if skipped and not cut:
        # The first line of the part that was read may be half a line.
        cut = min(1, len(lines) - 1)
    before = _newlines(path, skipped) if skipped else 0
    return _Piece(first + before + cut, lines[cut:]) if lines else None


def _newlines(path: Path, stop: int) -> int:
    count = 0
    try:
        with path.open("rb") as file:
            while stop > 0 and (piece := file.read(min(1 << 20, stop))):
                count += piece.count(b"\n")
                stop -= len(piece)
    except OSError:
        pass
    return count


def _shards(pieces: list[_Piece], marks: list[Mark]) -> Iterator[dict[str, Any]]:
    """The lines as a page reads them: a text each, or for one with colours its spans, text and classes by turns.

    `first` counts from 1; `marks` say of a line (its place in the shard) and those after it when it came, by which
    stream.
    """
    pen, at = Pen(), 0
    for piece in pieces:
        lines: list[Any] = []
        first, size = piece.first, 0
        for raw in piece.lines:
            lines.append(shown_line(pen, raw))
            size += min(len(raw), 4 * MAX_LINE) + 8
            if size > _SHARD:
                at, own = _marks_of(marks, at, first, len(lines))
                yield {"first": first + 1, "lines": lines, "marks": own}
                first, size, lines = first + len(lines), 0, []
        if lines:
            at, own = _marks_of(marks, at, first, len(lines))
            yield {"first": first + 1, "lines": lines, "marks": own}


def _marks_of(marks: list[Mark], at: int, first: int, count: int) -> tuple[int, list[list[Any]]]:
    """The marks that hold for `count` lines from `first` on; `at` is the last that held before them."""
    found: list[list[Any]] = []
    while at < len(marks) and marks[at][0] < first + count:
        line, time, source = marks[at]
        if line <= first:
            found.clear()
        found.append([max(0, line - first), time, source])
        at += 1
    # The last of them may hold beyond this shard.
    return max(0, at - 1), found


def shown_line(pen: Pen, raw: bytes) -> str | list[str]:
    """One line as a terminal shows it in the end, cut to what a page has room for."""
    text = raw.decode("utf-8", "replace")
    size = len(text)
    if size > 4 * MAX_LINE:
        # What carriage returns overwrote is not seen: of such a line the end counts.
        text = text[-4 * MAX_LINE :] if "\r" in text[-4 * MAX_LINE :] else text[: 4 * MAX_LINE]
    if pen.plain and "\x1b" not in text and "\r" not in text:
        return text if size <= MAX_LINE else f"{text[:MAX_LINE]}{_more(size)}"
    spans = _cut(pen.line(text), size)
    if all(not span.style for span in spans):
        return "".join(span.text for span in spans)
    return [part for span in spans for part in (span.text, span.style)]


def _cut(spans: tuple[Span, ...], size: int) -> tuple[Span, ...]:
    if sum(len(span.text) for span in spans) <= MAX_LINE:
        return spans
    kept, room = [], MAX_LINE
    for span in spans:
        kept.append(Span(span.text[:room], span.style))
        room -= len(kept[-1].text)
    return (*kept, Span(_more(size)))


def _more(size: int) -> str:
    return f"… ({size - MAX_LINE} more characters)"
