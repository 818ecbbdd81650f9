"""Console logs and patches as a page shows them: a readable part, and a link to the whole."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Literal

from sitegen.pages.ansi import Pen, Span
from sitegen.pages.context import Link, iso

MAX_LOG_LINES: Final = 1000
MAX_PATCH_LINES: Final = 2000
_TAIL_BYTES: Final = 512 << 10
_MAX_LINE: Final = 5000
LineTimes = Sequence[tuple[int, float | None, str]]
"""Of a line and those after it: when it came (epoch s), and from which stream ("" where that is not known)."""

PatchKind = Literal["add", "del", "hunk", "file", "same"]


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a console log; `number` counts from 1. `time` is epoch s in ISO 8601, where the log says it."""

    number: int
    spans: tuple[Span, ...]
    source: str = ""
    time: str | None = None

    @property
    def text(self) -> str:
        return "".join(span.text for span in self.spans)


@dataclass(frozen=True, slots=True)
class LogView:
    """The end of a console log; `hidden` lines stand before it, `href` leads to the whole, `earlier` to the files
    that stand before this one. `title` names its writer, "" for a run's only one."""

    lines: tuple[LogLine, ...]
    hidden: int
    href: str
    title: str = ""
    earlier: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class PatchLine:
    """One line of a patch and what it does."""

    kind: PatchKind
    text: str


@dataclass(frozen=True, slots=True)
class PatchView:
    """The beginning of a patch; `hidden` lines follow it, `href` leads to the whole."""

    lines: tuple[PatchLine, ...]
    hidden: int
    href: str


def log_view(
    path: Path, href: str, *, title: str = "", earlier: tuple[Link, ...] = (), start: int = 0, times: LineTimes = ()
) -> LogView | None:
    """The last lines of a log, None when there is no log or it is empty. Of terminal escapes the colours remain.

    `start` lines were written before this file; `times` says of lines (from 0) when they came, and by which stream.
    """
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            skipped = max(0, size - _TAIL_BYTES)
            before = start + _newlines(file, skipped)
            file.seek(skipped)
            data = file.read(_TAIL_BYTES)
    except OSError:
        return None
    if not size:
        return None
    lines = data.decode("utf-8", errors="replace").split("\n")
    if lines[-1] == "":
        lines.pop()
    cut = max(0, len(lines) - MAX_LOG_LINES)
    if skipped and not cut:
        # The first line of the part that was read may be half a line.
        cut = min(1, len(lines) - 1)
    pen, marks = Pen(), iter([*times, (sys.maxsize, None, "")])
    at: tuple[int, float | None, str] = (0, None, "")
    following = next(marks)
    shown = []
    for number, line in enumerate(lines[cut:], before + cut):
        while following[0] <= number:
            at, following = following, next(marks)
        shown.append(LogLine(number + 1, _cut(pen.line(line[: 4 * _MAX_LINE]), len(line)), at[2], iso(at[1])))
    return LogView(tuple(shown), before + cut, href, title, earlier)


def _newlines(file: BinaryIO, stop: int) -> int:
    count = 0
    while stop > 0:
        piece = file.read(min(1 << 20, stop))
        if not piece:
            break
        count += piece.count(b"\n")
        stop -= len(piece)
    return count


def _cut(spans: tuple[Span, ...], size: int) -> tuple[Span, ...]:
    """The spans of a line without what no page has room for; `size` is the line's as it was written."""
    if sum(len(span.text) for span in spans) <= _MAX_LINE:
        return spans
    kept, room = [], _MAX_LINE
    for span in spans:
        kept.append(Span(span.text[:room], span.style))
        room -= len(kept[-1].text)
    return (*kept, Span(f"… ({size - _MAX_LINE} more characters)"))


def patch_view(path: Path, href: str) -> PatchView | None:
    """The first lines of a patch, None when there is none or it is empty."""
    try:
        text = path.read_bytes().decode("utf-8", errors="replace")
    except OSError:
        return None
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    if not lines:
        return None
    shown = tuple(PatchLine(_patch_kind(line), line[:_MAX_LINE]) for line in lines[:MAX_PATCH_LINES])
    return PatchView(shown, len(lines) - len(shown), href)


def _patch_kind(line: str) -> PatchKind:
    if line.startswith(("diff ", "index ", "--- ", "+++ ", "new file", "deleted file", "rename ", "similarity ")):
        return "file"
    if line.startswith("@@"):
        return "hunk"
    return "add" if line.startswith("+") else "del" if line.startswith("-") else "same"
