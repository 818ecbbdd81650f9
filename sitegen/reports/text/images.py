"""The images that a report shows: files below the reports' folder, known by their first bytes."""

import hashlib
import struct
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from runstore.format.records import write_atomically
from runstore.media.pixels import size_of
from sitegen.assets import cache_dir
from sitegen.reports.mistakes import ReportError
from sitegen.reports.text.beside import read_beside
from sitegen.reports.text.drawings import Drawing, drawn

LARGEST: Final = 20_000_000
"""Bytes that an image may have."""
WIDEST: Final = 30_000
"""Pixels that an image may have on a side."""
FORMATS: Final = ("png", "jpg", "gif", "webp", "avif")

_VERSION: Final = 2
"""Of how drawings are drawn: another one draws all of them again."""
_AVIF: Final = (b"ftypavif", b"ftypavis")
_SIZE_IN_AVIF: Final = b"ispe\0\0\0\0"


@dataclass(frozen=True, slots=True)
class StoredImage:
    """An image as the site stores it: a name made of its content, its bytes, and the size at which it is shown."""

    name: str
    content: bytes
    width: int
    height: int


class ReportImages:
    """The images below a folder of reports. Each file is read once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._found: dict[str, StoredImage] = {}

    def find(self, name: str, line: int = 0) -> StoredImage:
        """The image that a report names on a line; SVG becomes PNG. Raises `ReportError`."""
        if name not in self._found:
            try:
                self._found[name] = _stored(read_beside(self._folder, name, LARGEST), name)
            except ReportError as error:
                raise ReportError(str(error), line) from None
        return self._found[name]


def _stored(content: bytes, name: str) -> StoredImage:
    if _is_svg(content):
        drawing = _kept(content, lambda: drawn(content))
        return StoredImage(_named(drawing.png, "png"), drawing.png, drawing.width, drawing.height)
    found = _avif_size(content) or size_of(content)
    if found is None or found[0] not in FORMATS:
        raise ReportError(f"found {name[:80]!r}, which is none of {', '.join(FORMATS)} and svg; convert it")
    kind, width, height = found
    if not (0 < width <= WIDEST and 0 < height <= WIDEST):
        raise ReportError(f"found {name[:80]!r} with {width} x {height} pixels, expected 1 to {WIDEST}; scale it")
    return StoredImage(_named(content, kind), content, width, height)


def _named(content: bytes, kind: str) -> str:
    return f"{hashlib.blake2b(content, digest_size=10).hexdigest()}.{kind}"


def _is_svg(content: bytes) -> bool:
    head = content[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    return head.startswith(b"<") and b"<svg" in head


def _avif_size(content: bytes) -> tuple[str, int, int] | None:
    """The format and size of an AVIF file: the largest of the images in it, as HEIF has them (ISO/IEC 23008-12)."""
    if content[4:12] not in _AVIF:
        return None
    head, sizes, at = content[: 1 << 16], [(0, 0)], 0
    while (at := head.find(_SIZE_IN_AVIF, at)) >= 0:
        at += len(_SIZE_IN_AVIF)
        if at + 8 <= len(head):
            sizes.append(struct.unpack_from(">II", head, at))
    return ("avif", *max(sizes))


def _kept(content: bytes, draw: Callable[[], Drawing]) -> Drawing:
    """A drawing from the user's cache, or drawn and put there. A cache that cannot be used costs time, nothing else."""
    key = hashlib.sha256(f"{version('vl-convert-python')} {_VERSION} ".encode() + content).hexdigest()[:32]
    path = cache_dir() / "drawings" / f"{key}.drawing"
    try:
        width, height, png = path.read_bytes().split(b"\n", 2)
        return Drawing(png, int(width), int(height))
    except (OSError, ValueError):
        made = draw()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, f"{made.width}\n{made.height}\n".encode() + made.png)
    except OSError:
        pass
    return made
