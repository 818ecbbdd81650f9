"""Console logs and patches as a page shows them: a readable part, and a link to the whole."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Literal

MAX_LOG_LINES: Final = 1000
MAX_PATCH_LINES: Final = 2000
_TAIL_BYTES: Final = 512 << 10
_MAX_LINE: Final = 5000
# CSI and OSC sequences: colours, cursor movements, titles.
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")

PatchKind = Literal["add", "del", "hunk", "file", "same"]


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a console log; `number` counts from 1."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class LogView:
    """The end of a console log; `hidden` lines stand before it, `href` leads to the whole."""

    lines: tuple[LogLine, ...]
    hidden: int
    href: str


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


def log_view(path: Path, href: str) -> LogView | None:
    """The last lines of a log, None when there is no log or it is empty. Terminal escapes are taken out."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            start = max(0, size - _TAIL_BYTES)
            before = _newlines(file, start)
            file.seek(start)
            data = file.read(_TAIL_BYTES)
    except OSError:
        return None
    if not size:
        return None
    lines = data.decode("utf-8", errors="replace").split("\n")
    if lines[-1] == "":
        lines.pop()
    cut = max(0, len(lines) - MAX_LOG_LINES)
    if start and not cut:
        # The first line of the part that was read may be half a line.
        cut = min(1, len(lines) - 1)
    shown = tuple(LogLine(before + number + 1, _printable(line)) for number, line in enumerate(lines) if number >= cut)
    return LogView(shown, before + cut, href)


def _newlines(file: BinaryIO, stop: int) -> int:
    count = 0
    while stop > 0:
        piece = file.read(min(1 << 20, stop))
        if not piece:
            break
        count += piece.count(b"\n")
        stop -= len(piece)
    return count


def _printable(line: str) -> str:
    """What a terminal would show in the end: no escapes, and of what carriage returns overwrote the last."""
    text = _ESCAPES.sub("", line.rstrip("\r"))
    parts = [part for part in text.split("\r") if part]
    text = parts[-1] if parts else ""
    return text if len(text) <= _MAX_LINE else f"{text[:_MAX_LINE]}… ({len(text) - _MAX_LINE} more characters)"


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
