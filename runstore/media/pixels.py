"""Arrays as pictures, without a library for pictures: W&B's rules for what an array shows, a writer of PNG files, and
the size of a picture from its file's first bytes."""

import struct
import sys
import zlib
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from runstore.errors import BadTypeError, BadValueError

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_COLOURS: Final = {"L": (0, 1), "RGB": (2, 3), "RGBA": (6, 4)}
_HEAD_BYTES: Final = 1 << 18


def as_array(value: Any, what: str) -> Any:
    """The numpy array in an array or tensor of any library, wherever it lies. Raises `TypeError`."""
    import numpy

    for step in ("detach", "cpu", "resolve_conj", "resolve_neg"):
        if callable(take := getattr(value, step, None)):
            value = take()
    if str(getattr(value, "dtype", "")).endswith("bfloat16") and hasattr(value, "float"):
        value = value.float()
    try:
        array = numpy.asarray(value)
    except Exception as error:  # Any library may stand behind the value.
        raise BadTypeError(f"{what} from a {type(value).__name__}: no array can be made of it ({error})") from None
    if array.dtype.kind not in "biuf":
        raise BadTypeError(f"{what} from a {type(value).__name__}: found {array.dtype} values, expected numbers")
    return array


def is_torch(value: Any) -> bool:
    """Whether `value` is a tensor of torch, whose pictures have their channels first."""
    return type(value).__module__.partition(".")[0] == "torch" and hasattr(value, "permute")


def picture(value: Any, *, normalize: bool = True) -> Any:
    """The 8-bit array, height x width or height x width x 3 or 4, that an array or tensor shows. Raises `ValueError`.

    Arrays have their channels last, tensors of torch first. Fractions are stretched as W&B does it: those from 0 to 1
    by 255, those from -1 to 1 onto 0 to 255; others are cut off at 0 and 255, as whole numbers are. True is white.
    """
    array = as_array(value, "an image")
    shape = list(array.shape)
    if is_torch(value) and array.ndim >= 3:
        array = array.reshape(array.shape[-3:]) if array.size and set(array.shape[:-3]) <= {1} else array
        array = array.transpose(1, 2, 0) if array.ndim == 3 else array
    while array.ndim > 3 and array.shape[0] == 1:
        array = array[0]
    if array.ndim == 3 and array.shape[2] not in (1, 3, 4) and array.shape[0] == 1:
        array = array[0]
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)) or not array.size:
        raise BadValueError(
            f"Un-supported shape for image conversion {shape}; an array is height x width, with 1, 3 or 4 channels "
            "last (in a torch tensor first)"
        )
    return _bytes(array, normalize)


def _bytes(array: Any, normalize: bool) -> Any:
    import numpy

    if array.dtype == numpy.uint8:
        return numpy.ascontiguousarray(array)
    if array.dtype.kind == "b":
        return array.astype(numpy.uint8) * numpy.uint8(255)
    if array.dtype.kind == "f":
        array = numpy.nan_to_num(array.astype(numpy.float64), nan=0.0, posinf=255.0, neginf=0.0)
        low, high = float(array.min()), float(array.max())
        if normalize and low >= -1 and high <= 1:
            array = array * 255 if low >= 0 else (array + 1) * 127.5
    return array.clip(0, 255).astype(numpy.uint8)


def mode_of(array: Any) -> str:
    """Pillow's name for what `picture` gives."""
    return "L" if array.ndim == 2 else "RGB" if array.shape[2] == 3 else "RGBA"


def png(array: Any) -> bytes:
    """The PNG file of what `picture` gives: a byte a value, each line stored as the difference to the pixel left."""
    import numpy

    colour, channels = _COLOURS[mode_of(array)]
    height, width = array.shape[:2]
    lines = numpy.empty((height, 1 + width * channels), numpy.uint8)
    flat = array.reshape(height, width * channels)
    lines[:, 0] = 1
    lines[:, 1:] = flat
    lines[:, 1 + channels :] -= flat[:, :-channels]
    head = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    return _PNG + _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(lines.tobytes(), 6)) + _chunk(b"IEND", b"")


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def size_of(content: bytes | Path) -> tuple[str, int, int] | None:
    """The format, width and height of a picture's file, from its first bytes; None for one that is not known.

    Knows png, gif, jpg, webp and bmp. Raises `OSError`.
    """
    if isinstance(content, bytes):
        head = content[:_HEAD_BYTES]
    else:
        with open(content, "rb") as file:
            head = file.read(_HEAD_BYTES)
    try:
        return _size(head)
    except struct.error:
        return None


def _size(head: bytes) -> tuple[str, int, int] | None:
    if head.startswith(_PNG):
        return ("png", *struct.unpack_from(">II", head, 16))
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return ("gif", *struct.unpack_from("<HH", head, 6))
    if head.startswith(b"BM"):
        width, height = struct.unpack_from("<ii", head, 18)
        return ("bmp", width, abs(height))
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return _webp_size(head)
    return _jpeg_size(head) if head.startswith(b"\xff\xd8") else None


def _webp_size(head: bytes) -> tuple[str, int, int] | None:
    match head[12:16]:
        case b"VP8X":
            width, height = (int.from_bytes(head[at : at + 3], "little") + 1 for at in (24, 27))
        case b"VP8L":
            bits = int.from_bytes(head[21:25], "little")
            width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case _:
            width, height = (size & 0x3FFF for size in struct.unpack_from("<HH", head, 26))
    return ("webp", width, height)


def _jpeg_size(head: bytes) -> tuple[str, int, int] | None:
    at = 2
    while at + 9 < len(head):
        if head[at] != 0xFF:
            return None
        marker = head[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", head, at + 5)
            return ("jpg", width, height)
        at += 2 + (0 if marker == 0xFF or 0xD0 <= marker <= 0xD8 else struct.unpack_from(">H", head, at + 2)[0])
    return None


def instance_of(value: Any, module: str, name: str) -> bool:
    """Whether `value` is of a class of a library, which is not imported to know it."""
    found: ModuleType | None = sys.modules.get(module)
    kind = getattr(found, name, None)
    return isinstance(kind, type) and isinstance(value, kind)


def is_matplotlib(value: Any) -> bool:
    """Whether `value` is a figure, axes or another part of one, or pyplot itself with its current figure."""
    return instance_of(value, "matplotlib.artist", "Artist") or (
        isinstance(value, ModuleType) and value.__name__ == "matplotlib.pyplot"
    )


def is_pillow(value: Any) -> bool:
    return instance_of(value, "PIL.Image", "Image")


def figure_of(value: Any) -> Any:
    """The figure that something of matplotlib belongs to. Raises `ValueError`."""
    figure = value.gcf() if isinstance(value, ModuleType) else value
    if not instance_of(figure, "matplotlib.figure", "Figure"):
        figure = getattr(figure, "figure", None)
    if not hasattr(figure, "savefig"):
        raise BadValueError(f"found a {type(value).__name__} of no figure; pass a figure, its axes, or pyplot")
    return figure
