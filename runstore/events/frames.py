"""TFRecord files: a length (8 bytes), its checksum (4), that many bytes, and their checksum (4), again and again.

The checksums are CRC-32C, masked. A file may still be written, or its writer may have been killed: what is not whole
yet is left where it is, and read the next time. A record whose own bytes are damaged is passed over; where a length
is, nothing says where the next record begins, and the file ends there.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

_PIECE: Final = 4 << 20
_HEAD: Final = 12
_NONE: Final = frozenset[int]()
_MOST_BYTES: Final = 1 << 31
_head = struct.Struct("<QI").unpack_from
_checksum = struct.Struct("<I").unpack_from


@cache
def checksum() -> Callable[[bytes], int]:
    """What makes the checksum of bytes as TFRecord has it (TensorFlow, core/lib/hash/crc32c.h)."""
    from google_crc32c import value  # Not at the top: who follows files of its own process needs it not.

    def masked(data: bytes) -> int:
        crc: int = value(data)
        return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF

    return masked


@dataclass(frozen=True, slots=True)
class Damage:
    """What of a file cannot be used: `lost` bytes from `offset` on, and why."""

    offset: int
    lost: int
    why: str


@dataclass(slots=True)
class Frames:
    """The records of one file, each read once, in as many calls as it grows in.

    `offset` is the end of the last whole record so far. `damage` lists what was passed over; with a `broken` length
    nothing more is read. `seen` is given the bytes of all records, as they are read. Where a file was checked before,
    `known` names the damage that was found, and checksums are not looked at again.
    """

    path: Path
    offset: int = 0
    until: int | None = None
    seen: Callable[[bytes], Any] | None = None
    known: frozenset[int] | None = None
    damage: list[Damage] = field(default_factory=list)
    broken: bool = False

    def batches(self) -> Iterator[list[bytes]]:
        """The contents of the records that were not read yet, many at a time. Raises `OSError`."""
        with open(self.path, "rb", buffering=0) as file:
            file.seek(self.offset)
            carry = b""
            while not self.broken and (piece := self._piece(file, len(carry))):
                data = carry + piece if carry else piece
                begun = self.offset
                found = self._whole(data)
                used = self.offset - begun
                if self.seen is not None:
                    self.seen(data[:used])
                carry = data[used:]
                yield found

    def read(self) -> Iterator[bytes]:
        """The same, one at a time. Raises `OSError`."""
        for batch in self.batches():
            yield from batch

    def rest(self) -> int:
        """How many bytes lie behind the last whole record. Raises `OSError`."""
        return self.path.stat().st_size - self.offset

    def _piece(self, file: Any, held: int) -> bytes:
        left = _PIECE if self.until is None else min(_PIECE, self.until - self.offset - held)
        found: bytes = file.read(left) if left > 0 else b""
        return found

    def _whole(self, data: bytes) -> list[bytes]:
        """The contents of the whole records in `data`; `offset` goes on to the end of the last one."""
        at, size, base = 0, len(data), self.offset
        masked, known = (checksum(), _NONE) if self.known is None else (None, self.known)
        found: list[bytes] = []
        while at + _HEAD <= size:
            length, crc = _head(data, at)
            if masked is not None and (length > _MOST_BYTES or crc != masked(data[at : at + 8])):
                self._break(base + at)
                break
            last = at + _HEAD + length
            if last + 4 > size:
                break
            content = data[at + _HEAD : last]
            if _checksum(data, last)[0] == masked(content) if masked is not None else base + at not in known:
                found.append(content)
            else:
                self.damage.append(Damage(base + at, last + 4 - at, "the checksum of a record is wrong"))
            at = last + 4
        self.offset = base + at
        return found

    def _break(self, offset: int) -> None:
        self.broken = True
        lost = self.path.stat().st_size - offset
        self.damage.append(Damage(offset, lost, "no record begins here, and nothing says where the next one does"))
