"""Patches as a page shows them: file by file, with what each line does."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

MAX_PATCH_LINES: Final = 5000
_MAX_LINE: Final = 5000
_MAX_BYTES: Final = 16 << 20
_HUNK: Final = re.compile(r"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@")

PatchKind = Literal["add", "del", "hunk", "file", "same"]


@dataclass(frozen=True, slots=True)
class PatchLine:
    """One line of a patch, what it does, and its number in the old and in the new file ("" where it is in none)."""

    kind: PatchKind
    text: str
    old: str = ""
    new: str = ""


@dataclass(frozen=True, slots=True)
class PatchFile:
    """What a patch does to one file; `path` is "" for lines before the first."""

    path: str
    status: str
    added: int
    removed: int
    lines: tuple[PatchLine, ...]


@dataclass(frozen=True, slots=True)
class PatchView:
    """A patch file by file; `hidden` lines are in the download alone, where `href` leads."""

    files: tuple[PatchFile, ...]
    added: int
    removed: int
    hidden: int
    href: str

    @property
    def lines(self) -> tuple[PatchLine, ...]:
        return tuple(line for file in self.files for line in file.lines)


def patch_view(path: Path, href: str) -> PatchView | None:
    """A patch's files, None when there is no patch or it is empty."""
    try:
        with path.open("rb") as file:
            text = file.read(_MAX_BYTES).decode("utf-8", errors="replace")
            rest = sum(piece.count(b"\n") for piece in iter(lambda: file.read(1 << 20), b""))
    except OSError:
        return None
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    if not lines:
        return None
    files, room = [], MAX_PATCH_LINES
    for part in _by_file(lines):
        files.append(_file(part, room))
        room = max(0, room - len(part))
    shown = sum(len(file.lines) for file in files)
    added, removed = sum(file.added for file in files), sum(file.removed for file in files)
    return PatchView(tuple(files), added, removed, len(lines) - shown + rest, href)


def _by_file(lines: Iterable[str]) -> list[list[str]]:
    parts: list[list[str]] = []
    for line in lines:
        if line.startswith("diff ") or not parts:
            parts.append([])
        parts[-1].append(line)
    return parts


def _file(lines: list[str], room: int) -> PatchFile:
    known = list(_lines(lines))
    heads = [line.text for line in known if line.kind == "file"]
    added, removed = (sum(line.kind == kind for line in known) for kind in ("add", "del"))
    return PatchFile(_path(heads), _status(heads), added, removed, tuple(known[:room]))


def _lines(lines: Iterable[str]) -> Iterator[PatchLine]:
    old = new = left_old = left_new = 0
    in_head = False
    for line in lines:
        shown = line[:_MAX_LINE]
        if line.startswith("diff "):
            in_head = True
        if left_old <= 0 and left_new <= 0 and (match := _HUNK.match(line)):
            old, new = int(match[1]), int(match[3])
            left_old, left_new = int(match[2] or 1), int(match[4] or 1)
            in_head = False
            yield PatchLine("hunk", shown)
        elif left_old <= 0 and left_new <= 0 and (in_head or line.startswith(("--- ", "+++ "))):
            yield PatchLine("file", shown)
        elif line.startswith("+"):
            yield PatchLine("add", shown, "", str(new) if new else "")
            new, left_new = new + 1, left_new - 1
        elif line.startswith("-"):
            yield PatchLine("del", shown, str(old) if old else "", "")
            old, left_old = old + 1, left_old - 1
        elif line.startswith("\\"):
            yield PatchLine("same", shown)
        else:
            yield PatchLine("same", shown, str(old) if old else "", str(new) if new else "")
            old, new, left_old, left_new = old + 1, new + 1, left_old - 1, left_new - 1


def _path(heads: list[str]) -> str:
    """The file's path in the new tree, in the old one where it was deleted."""
    for start in ("+++ ", "--- "):
        for head in heads:
            name = head.removeprefix(start).split("\t")[0].strip('"')
            if head.startswith(start) and name != "/dev/null":
                return name[2:] if name[:2] in ("a/", "b/") else name
    return heads[0].rpartition(" b/")[2].strip('"') if heads and " b/" in heads[0] else ""


def _status(heads: list[str]) -> str:
    for start, word in (("new file", "new"), ("deleted file", "deleted"), ("rename ", "renamed"), ("Binary", "binary")):
        if any(head.startswith(start) for head in heads):
            return word
    return "binary" if any(head.startswith("GIT binary") for head in heads) else ""
