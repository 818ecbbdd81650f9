"""Protocol buffers as they lie in files: the numbered fields of a message, read without its definition.

Google's "Encoding" (protobuf.dev) says how. Only what this house reads of others' files is here; nothing is written.
"""

import struct
from collections.abc import Iterator
from typing import Any, Final

VARINT: Final = 0
FIXED64: Final = 1
BYTES: Final = 2
FIXED32: Final = 5

_double = struct.Struct("<d").unpack_from
_float = struct.Struct("<f").unpack_from
_MOST_SHIFT: Final = 63


class WireError(ValueError):
    """Bytes that are no message. Its text says what is wrong, and where."""


Field = tuple[int, int, Any]
"""A field's number, its kind on the wire, and its value: a whole number (`VARINT`) or bytes (all others)."""


def fields(data: bytes) -> Iterator[Field]:
    """The fields of a message in their order. Raises `WireError` for bytes that are none."""
    at, end = 0, len(data)
    while at < end:
        key, at = varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            value, at = varint(data, at)
            yield number, kind, value
            continue
        if kind == BYTES:
            size, at = varint(data, at)
        elif kind == FIXED64:
            size = 8
        elif kind == FIXED32:
            size = 4
        else:
            raise WireError(f"byte {at}: found the wire type {kind}, expected 0, 1, 2 or 5")
        if number == 0 or size > end - at:
            raise WireError(f"byte {at}: field {number} of {size} bytes does not fit into {end}")
        yield number, kind, data[at : at + size]
        at += size


def varint(data: bytes, at: int) -> tuple[int, int]:
    """The whole number from 0 up that begins at `at`, and where it ends. Raises `WireError`."""
    value = shift = 0
    try:
        while (byte := data[at]) > 127:
            value |= (byte & 127) << shift
            shift += 7
            at += 1
            if shift > _MOST_SHIFT:
                raise WireError(f"byte {at}: found a number of more than 64 bits")
    except IndexError:
        raise WireError(f"byte {at}: the message ends inside a number") from None
    return value | byte << shift, at + 1


def signed(value: int) -> int:
    """What an int32 or int64 is that was read as a number from 0 up."""
    return value - (1 << 64) if value >> 63 else value


def double(value: Any) -> float:
    """What the bytes of a double stand for. Raises `WireError`."""
    if type(value) is not bytes or len(value) != 8:
        raise WireError(f"found {value!r:.40}, expected the eight bytes of a double")
    return float(_double(value)[0])


def single(value: Any) -> float:
    """What the bytes of a float stand for. Raises `WireError`."""
    if type(value) is not bytes or len(value) != 4:
        raise WireError(f"found {value!r:.40}, expected the four bytes of a float")
    return float(_float(value)[0])


def text(value: Any) -> str:
    """What the bytes of a string stand for; what is not UTF-8 among them becomes an escape's text."""
    return body(value).decode("utf-8", "backslashreplace")


def body(value: Any) -> bytes:
    """The bytes of an inner message, a string or bytes. Raises `WireError` where a number stands instead."""
    if type(value) is not bytes:
        raise WireError(f"found {value!r:.40}, expected bytes")
    return value


def whole(value: Any) -> int:
    """A whole number. Raises `WireError` where bytes stand instead."""
    if type(value) is not int:
        raise WireError(f"found {value!r:.40}, expected a whole number")
    return value


def packed(kind: int, value: Any, of: int) -> Iterator[Any]:
    """The items of a repeated field, packed into one or each by itself; `of` is the kind that each has."""
    if kind != BYTES:
        yield value
    elif of == VARINT:
        at = 0
        while at < len(value):
            item, at = varint(value, at)
            yield item
    else:
        size = 8 if of == FIXED64 else 4
        yield from (value[at : at + size] for at in range(0, len(value) - size + 1, size))
