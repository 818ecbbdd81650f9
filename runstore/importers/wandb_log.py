"""The file of a W&B run, `run-<id>.wandb`: a log of records in LevelDB's framing.

After seven bytes (`:W&B`, 0xBEE1, a version) it is made of blocks of 32 KiB (the first counts from the file's start).
In a block stands piece after piece: CRC-32 (of type and data), length, type (1 whole, 2 first, 3 middle, 4 last), data;
the last six bytes or fewer of a block are padding. A record in pieces goes on in the next block. What a killed writer
left unfinished ends the file; a damaged piece costs its record, and those up to the next block where its length is
damaged.
"""

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from runstore.errors import FormatError
from runstore.events.frames import Damage

_IDENT: Final = b":W&B"
_MAGIC: Final = 0xBEE1
_VERSIONS: Final = frozenset({0, 1})
_BLOCK: Final = 32768
_PIECE: Final = struct.Struct("<IHB")
_FILE: Final = struct.Struct("<4sHB")
_WHOLE, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
_SEEDS: Final = {kind: zlib.crc32(bytes([kind])) for kind in (_WHOLE, _FIRST, _MIDDLE, _LAST)}


@dataclass(slots=True)
class Log:
    """The records of one file. `end` is where the last whole one ends, `damage` what was passed over; `seen` is given
    the bytes of all records."""

    path: Path
    seen: Callable[[bytes], Any] = lambda data: None
    end: int = 0
    damage: list[Damage] = field(default_factory=list)
    _begun: int = 0
    _parts: list[bytes] = field(default_factory=list)

    def read(self) -> Iterator[bytes]:
        """The contents of every whole record. Raises `OSError`, and `FormatError` for a file of another kind."""
        with open(self.path, "rb") as file:
            block = file.read(_BLOCK)
            self._check_head(block)
            self.end = at = _FILE.size
            base = 0
            while block:
                for record in self._of_block(block, at, base):
                    self.seen(record)
                    yield record
                base += len(block)
                block, at = file.read(_BLOCK), 0
        self._note_rest(base)

    def _of_block(self, block: bytes, at: int, base: int) -> Iterator[bytes]:
        """The records that end in a block, which begins at byte `base` of the file, from `at` on."""
        while at + _PIECE.size <= len(block):
            crc, size, kind = _PIECE.unpack_from(block, at)
            stop = at + _PIECE.size + size
            if stop > len(block) or kind not in _SEEDS:
                if len(block) == _BLOCK:  # In the last block it is what a killed writer left.
                    self._pass_over(base + at, base + _BLOCK, "no piece of a record is here")
                return
            data = block[at + _PIECE.size : stop]
            if zlib.crc32(data, _SEEDS[kind]) != crc:
                self._pass_over(base + at, base + stop, "the checksum of a record is wrong")
            elif (record := self._joined(kind, data, base + at)) is not None:
                self.end = base + stop
                yield record
            at = stop

    def _joined(self, kind: int, data: bytes, place: int) -> bytes | None:
        """The record that a piece ends, None where it goes on, or its beginning was lost."""
        if kind in (_WHOLE, _FIRST):
            self._begun, self._parts = place, []
        elif not self._parts:
            return None
        self._parts.append(data)
        if kind in (_FIRST, _MIDDLE):
            return None
        record, self._parts = b"".join(self._parts), []
        return record

    def _check_head(self, block: bytes) -> None:
        found = _FILE.unpack_from(block) if len(block) >= _FILE.size else (block, 0, 0)
        if found[0] != _IDENT or found[1] != _MAGIC or found[2] not in _VERSIONS:
            raise FormatError(
                self.path, "byte 0", repr(block[:7]), "the file of a W&B run (:W&B, 0xBEE1)", "name another file"
            )

    def _pass_over(self, start: int, stop: int, why: str) -> None:
        self._parts = []
        self.damage.append(Damage(start, stop - start, why))

    def _note_rest(self, size: int) -> None:
        """Notes what is left at the end of the file, unless it is padding or was told."""
        told = max([self.end, *(each.offset + each.lost for each in self.damage)])
        begun = self._begun if self._parts else told
        is_padding = not self._parts and size - begun < _PIECE.size and size % _BLOCK == 0
        if size > begun and not is_padding:
            self.damage.append(Damage(begun, size - begun, "the record that begins here is not whole"))
