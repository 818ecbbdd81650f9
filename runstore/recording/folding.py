"""What a terminal shows in the end of what was written to it, as lines of text.

A carriage return goes back to the line's start, so a progress bar leaves its last state, not each of them. Where bars
stand one above the other, the cursor moves up to redraw them: then the last few lines stay open until it can no longer
come back to them. Colours are kept.
"""

import re
import time
from typing import Final

_LONGEST_LINE: Final = 1 << 16
_MOST_ROWS: Final = 100
_SETTLED_SECONDS: Final = 5.0
_MOVES: Final = re.compile(r"(\n|\x1b\[\d*[ABEF])")
_UP: Final = re.compile(r"\x1b\[\d*[AF]")
_MODE: Final = re.compile(r"\x1b\[\?[\d;]*[hl]")  # The cursor is hidden, and the like.
_ERASE: Final = re.compile(r"\x1b\[[0-2]?[KJ]")


class Folding:
    """The lines of one stream. Not safe for threads."""

    def __init__(self) -> None:
        self._rest = ""
        # Rows that the cursor may come back to; None for one that was given away before it did.
        self._rows: list[str | None] = []
        self._at = 0
        self._reach = 0
        self._moved = 0.0

    def feed(self, text: str) -> list[str]:
        """Takes what was written; gives the lines that nothing can change any more."""
        if self._rows or ("\x1b[" in text and _UP.search(text)):
            return self._redraw(text)
        whole, newline, rest = (self._rest + text).rpartition("\n")
        self._rest = fold(rest) if len(rest) > _LONGEST_LINE else rest
        return [fold(line) for line in whole.split("\n")] if newline else []

    def shown(self) -> list[str]:
        """The lines that are still open, as far as they are known."""
        rows = self._rows or [self._rest]
        if not rows[-1]:
            rows = rows[:-1]
        return [fold(row) for row in rows if not _is_gone(row)]

    def close(self) -> list[str]:
        """The same, and begins anew."""
        lines = self.shown()
        self._rest, self._rows, self._at, self._reach = "", [], 0, 0
        return lines

    def _redraw(self, text: str) -> list[str]:
        lines = self._settle(_SETTLED_SECONDS) if self._rows else []
        if not self._rows:
            *whole, self._rest = (self._rest + text[: (found := _first_up(text))]).split("\n")
            lines += map(fold, whole)
            if found == len(text):
                return lines
            self._rows, self._at, self._rest, text = [self._rest], 0, "", text[found:]
        for piece in _MOVES.split(text):
            if piece == "\n":
                self._go(self._at + 1)
            elif match := _MOVES.fullmatch(piece):
                count = min(int(match[0][2:-1] or 1), _MOST_ROWS)
                self._go(self._at + (-count if piece[-1] in "AF" else count))
            elif piece:
                row = (self._rows[self._at] or "") + piece
                self._rows[self._at] = fold(row) if len(row) > _LONGEST_LINE else row
        while self._at > self._reach:
            first = self._rows.pop(0)
            self._at -= 1
            if not _is_gone(first):
                lines.append(fold(first))
        return lines

    def _go(self, row: int) -> None:
        """Moves the cursor to a row, to its start."""
        if row < self._at:
            self._moved = time.monotonic()
        while row < 0:
            self._rows.insert(0, None)
            row += 1
        while row >= len(self._rows):
            self._rows.append("")
        self._at = row
        self._reach = min(max(self._reach, len(self._rows) - 1 - row), _MOST_ROWS)
        if self._rows[row]:
            self._rows[row] = fold(self._rows[row]) + "\r"

    def release(self) -> list[str]:
        """Gives the lines that are held back though the cursor stands below them: something else comes now."""
        return self._settle(0.0) if self._rows and not self._rows[-1] else []

    def _settle(self, seconds: float) -> list[str]:
        """Gives away all lines but the last, once nothing was redrawn for so long."""
        if self._at != len(self._rows) - 1 or time.monotonic() - self._moved < seconds:
            return []
        *rows, last = self._rows
        self._rest, self._rows, self._at, self._reach = last or "", [], 0, 0
        return [fold(row) for row in rows if not _is_gone(row)]


def fold(line: str | None) -> str:
    """What a terminal shows of a line with carriage returns in it."""
    if not line:
        return ""
    if "\x1b[?" in line:
        line = _MODE.sub("", line)
    if "\r" not in line:
        return line
    shown = ""
    for part in line.split("\r"):
        # An escape sequence (clearing the line, colours) makes columns uncountable: the later text stands alone.
        plain = part.strip("\b")
        shown = _ERASE.sub("", plain) if "\x1b" in plain else plain + shown[len(plain) :]
    return shown.rstrip()


def _first_up(text: str) -> int:
    """Where the cursor first moves up, the end of the text when it does not."""
    match = _UP.search(text)
    return match.start() if match else len(text)


def _is_gone(row: str | None) -> bool:
    """Whether a row was given away before, or holds nothing but what was wiped out."""
    return row is None or ("\r" in row and not fold(row))
