"""The files of a console log: plain text that anything can read, and beside it when each line was written.

`output.log` holds the first lines, as they were shown. A log that grows past half of its largest size goes on in
`output-2.log`, `output-3.log`, …, each an eighth of that size, of which the last four are kept: the beginning and the
end of a long log are there, its middle is not.

`lines.jsonl` says when: `{"line": 120, "_timestamp": 1770000000.5, "source": "stderr"}` means that line 120 of the log
(they count from 0 through all its files, those that are gone too) and those after it, until the next such entry, came
from stderr, in the second from that time on. An entry with `"part": 2` names the first line of `output-2.log`.
"""

import time
from pathlib import Path
from typing import Any, Final

import orjson

from runstore.format.run_layout import WriterLayout
from runstore.recording.linefile import LineFile
from runstore.recording.trouble import Trouble

_KEPT_PARTS: Final = 4
_SECONDS_AN_ENTRY: Final = 1.0


class OutputLog:
    """The console log of one writer. Not safe for threads; trouble with the disk is said, never raised."""

    def __init__(self, writer: WriterLayout, trouble: Trouble, most_bytes: int) -> None:
        """Opens the first file. Raises `OSError`."""
        self._writer = writer
        self._trouble = trouble
        self._most_bytes = most_bytes
        self._file = LineFile(writer.output, trouble)
        self._index: LineFile | None = None
        self._part = 1
        self._line = 0
        self._entered = -_SECONDS_AN_ENTRY
        self._source = ""

    @property
    def path(self) -> Path:
        """The file that is being written."""
        return self._file.path

    def append(self, lines: list[str], source: str) -> None:
        """Adds lines that came from `source`."""
        data = _encode("\n".join(lines) + "\n")
        if len(lines) > 1 and len(data) > self._most_bytes // (2 * _KEPT_PARTS):
            half = len(lines) // 2
            self.append(lines[:half], source)
            self.append(lines[half:], source)
            return
        self._turn_over(len(data))
        self._file.append(data)
        now = time.monotonic()
        if source != self._source or now - self._entered >= _SECONDS_AN_ENTRY:
            self._source, self._entered = source, now
            self._enter({"line": self._line, "_timestamp": round(time.time(), 3), "source": source})
        self._line += len(lines)

    def show_open(self, lines: list[str]) -> None:
        """Shows lines that are not finished at the file's end, in place of what was shown there before."""
        self._file.replace_tail(_encode("\n".join(lines)))

    def retry(self) -> None:
        """Writes what waits."""
        self._file.retry()
        if self._index is not None:
            self._index.retry()

    def restore(self) -> None:
        """Brings the files back that are being written, if somebody deleted them."""
        self._file.restore()
        if self._index is not None:
            self._index.restore()

    def close(self) -> None:
        self._file.close()
        if self._index is not None:
            self._index.close()

    def _turn_over(self, size: int) -> None:
        """Goes on in a new file, where this one is full."""
        most = self._most_bytes // (2 if self._part == 1 else 2 * _KEPT_PARTS)
        if not self._file.end or self._file.end + size <= most or self._file.waiting:
            return
        path = self._writer.output_part(self._part + 1)
        try:
            following = LineFile(path, self._trouble)
        except OSError as error:
            self._trouble.failed(path, error)
            return
        self._file.replace_tail(b"")
        self._file.close()
        self._file = following
        self._part += 1
        self._enter({"line": self._line, "_timestamp": round(time.time(), 3), "part": self._part})
        if self._part - _KEPT_PARTS > 1:
            try:
                self._writer.output_part(self._part - _KEPT_PARTS).unlink(missing_ok=True)
            except OSError:
                pass  # It stays: nothing is lost but room.

    def _enter(self, entry: dict[str, Any]) -> None:
        if self._index is None:
            try:
                self._writer.path.mkdir(parents=True, exist_ok=True)  # Somebody may have deleted it meanwhile.
                self._index = LineFile(self._writer.lines, self._trouble)
            except OSError as error:
                self._trouble.failed(self._writer.lines, error)
                return
        self._index.append(orjson.dumps(entry) + b"\n")


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")
