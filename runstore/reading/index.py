"""The catalogue as a file: a line for each run, so that a look writes anew only the lines of those that changed.

The first line says how the file is made, with a checksum of all that follows; the second one what is known of the
project as a whole.
"""

import json
import re
import zlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson

from runstore.format.records import write_atomically
from runstore.reading.entries import Entry, Facts

VERSION: Final = 6

_LONG = re.compile(rb"[ \[-][0-9]{20}")
_DIGITS_TO_ZEROS = bytes.maketrans(b"123456789", b"000000000")
_LONG_ZEROS = b"0" * 20


@dataclass(frozen=True, slots=True)
class Known:
    """What a catalogue knows: `entries` by run id, `facts` by the number of a source, the checksums of `segments` by
    name, and the number that the next source gets."""

    entries: dict[str, Entry]
    facts: dict[int, Facts]
    segments: dict[str, int]
    next_source: int


@dataclass(slots=True)
class Index:
    """The index file at `path`."""

    path: Path
    _lines: dict[str, bytes] = field(default_factory=dict)

    def read(self) -> Known | None:
        """What it holds; None where there is none, or anything odd in it."""
        try:
            head, _, body = self.path.read_bytes().partition(b"\n")
            if json.loads(head) != {"version": VERSION, "crc32": zlib.crc32(body)}:
                return None
            whole, *lines = body.split(b"\n")
            loads = _reader(body)
            about, runs = loads(whole), [loads(line) for line in lines]
            facts = {int(number): Facts(**known) for run in runs for number, known in run["facts"].items()}
            entries = {str(run["id"]): Entry.from_json(run["entry"]) for run in runs}
            segments = {Path(name).name: int(check) for name, check in about["segments"].items()}
            known = Known(entries, facts, segments, int(about["next_source"]))
            self._lines = dict(zip(entries, lines, strict=True))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None
        return known

    def write(self, known: Known, changed: Collection[str]) -> None:
        """Writes it, with the lines of the runs that did not change as they were. Raises `OSError`."""
        self._lines = {
            run_id: self._lines[run_id]
            if run_id in self._lines and run_id not in changed
            else _line(run_id, entry, known.facts)
            for run_id, entry in known.entries.items()
        }
        about = json.dumps({"next_source": known.next_source, "segments": known.segments}).encode()
        body = b"\n".join((about, *self._lines.values()))
        head = json.dumps({"version": VERSION, "crc32": zlib.crc32(body)}).encode()
        write_atomically(self.path, head + b"\n" + body)


def _line(run_id: str, entry: Entry, facts: Mapping[int, Facts]) -> bytes:
    own = {source.number: facts[source.number] for source in entry.sources.values()}
    return json.dumps({"id": run_id, "entry": entry, "facts": own}, default=as_json).encode()


def as_json(record: Any) -> Any:
    """A record's fields, or a set's items in order."""
    if isinstance(record, set):
        return sorted(record)
    return {name: getattr(record, name) for name in _names(record.__class__)}


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(each.name for each in fields(kind))


def _reader(body: bytes) -> Callable[[bytes], Any]:
    """What reads each line of `body` exactly: the fast reader does not where a whole number is past 64 bits."""
    # The first question is a tenth of the work of the second, and mostly answers it.
    if _LONG_ZEROS not in body.translate(_DIGITS_TO_ZEROS) or not _LONG.search(body):
        return _fast
    return json.loads


def _fast(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:  # NaN and Infinity, which JSON has no words for.
        return json.loads(line)
