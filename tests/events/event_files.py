"""Event files made by hand, for what no real writer can be brought to: any bytes at any place."""

import struct
from pathlib import Path

from runstore.events.frames import checksum


def record(data: bytes) -> bytes:
    """One TFRecord."""
    length, masked = struct.pack("<Q", len(data)), checksum()
    return length + struct.pack("<I", masked(length)) + data + struct.pack("<I", masked(data))


def varint(number: int) -> bytes:
    number &= (1 << 64) - 1
    found = b""
    while number > 127:
        found += bytes([number & 127 | 128])
        number >>= 7
    return found + bytes([number])


def field(number: int, data: bytes) -> bytes:
    """A field of bytes, text or an inner message."""
    return varint(number << 3 | 2) + varint(len(data)) + data


def double(number: int, value: float) -> bytes:
    return varint(number << 3 | 1) + struct.pack("<d", value)


def scalar(step: int, tag: str, value: float, time: float = 1000.0) -> bytes:
    """An event with one scalar, as every writer makes it: a step of 0 is left out."""
    summary = field(1, field(1, tag.encode()) + b"\x15" + struct.pack("<f", value))
    return double(1, time) + (b"\x10" + varint(step) if step else b"") + field(5, summary)


def version(number: int = 2, time: float = 1000.0) -> bytes:
    return double(1, time) + field(3, f"brain.Event:{number}".encode())


def restart(step: int, time: float = 1000.0) -> bytes:
    """An event of a program that was stopped and begins again."""
    return double(1, time) + b"\x10" + varint(step) + field(7, b"\x08\x01")


def write(path: Path, *events: bytes) -> Path:
    """A file with these events."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(map(record, events)))
    return path
