"""SVG files that a report shows, as PNG: no page gets strangers' SVG, and drawing one reaches no other file.

A drawing is checked and written anew before the library sees it, and drawn by a process of its own, which ends when it
takes too much: a few lines of SVG can ask for hours.
"""

import base64
import binascii
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree

from runstore.media.pixels import size_of
from sitegen.reports.mistakes import ReportError

LARGEST: Final = 5_000_000
"""Bytes that a drawing may have."""
WIDEST: Final = 4_000
"""Pixels that a drawing may have on a side."""
_SECONDS: Final = 30
_MEMORY: Final = 4 << 30
_SHARPNESS: Final = 2

_SVG: Final = "{http://www.w3.org/2000/svg}svg"
_LENGTH: Final = re.compile(r"\s*(\d{1,7}(?:\.\d{0,9})?)\s*(px|pt|pc|in|cm|mm|)\s*")
_IN_PX: Final = {"": 1.0, "px": 1.0, "pt": 4 / 3, "pc": 16.0, "in": 96.0, "cm": 96 / 2.54, "mm": 96 / 25.4}
_INSIDE: Final = re.compile(r"\s*#[^\s]+\s*")
_PICTURE: Final = re.compile(r"\s*data:image/(?:png|jpe?g|gif|webp);base64,([A-Za-z0-9+/=\s]+)")
_URL: Final = re.compile(r"url\s*\(\s*[\"']?\s*(?!#)", re.IGNORECASE)
_REFUSED: Final = frozenset({"script", "foreignObject", "filter", "feImage", "iframe", "audio", "video"})
_FONT: Final = "sans-serif"
_FONTS: Final = re.compile(
    r"""(?<![\w-])(font(?:-family)?\s{0,9}:\s{0,9})((?:"[^"]{0,200}"|'[^']{0,200}'|[^;{}"'!]){1,400})"""
)
_GENERIC: Final = ((re.compile(r"mono|courier|consol|typewriter", re.I), "monospace"),
                   (re.compile(r"(?<!sans.)serif|times|roman|georgia|cmr", re.I), "serif"))  # fmt: skip
_KEPT: Final = ("inherit", "initial", "unset", "revert")
_MEND: Final = "export the drawing as PNG, and show that"


@dataclass(frozen=True, slots=True)
class Drawing:
    """A drawing as PNG, and the size at which it is shown, in pixels of a page. The PNG may have more."""

    png: bytes
    width: int
    height: int


def drawn(content: bytes) -> Drawing:
    """An SVG file as PNG. Raises `ReportError` for what is none, asks for other files, or takes too long."""
    root = _root(content)
    for element in root.iter():
        _check(element)
    width, height = _size(root)
    root.set("width", str(width))
    root.set("height", str(height))
    _set_fonts(root)
    sharpness = _SHARPNESS if max(width, height) * _SHARPNESS <= WIDEST else 1
    return Drawing(_in_process(_written(root), sharpness), width, height)


def _root(content: bytes) -> ElementTree.Element:
    if len(content) > LARGEST:
        raise ReportError(f"found a drawing of {len(content):,} bytes, expected at most {LARGEST:,}; {_MEND}")
    try:
        text = content.decode("utf-8-sig")
        if "<!ENTITY" in text:
            raise ReportError(f"found a drawing that defines entities, expected plain SVG; {_MEND}")
        root = ElementTree.fromstring(text)  # noqa: S314 (no entities)
    except (ElementTree.ParseError, ValueError, RecursionError) as error:
        raise ReportError(f"found a drawing that cannot be read ({str(error)[:100]}); {_MEND}") from None
    if root.tag != _SVG:
        raise ReportError(f"found XML that is no SVG; {_MEND}")
    return root


def _written(root: ElementTree.Element) -> bytes:
    try:
        return ElementTree.tostring(root)
    except RecursionError:
        raise ReportError(f"found a drawing that is nested too deeply; {_MEND}") from None


def _check(element: ElementTree.Element) -> None:
    """Raises `ReportError` for an element that asks for anything outside the file, or does more than draw."""
    name = _local(element.tag)
    if name in _REFUSED:
        raise ReportError(f"found <{name}> in a drawing, expected shapes and text; {_MEND}")
    for key, value in element.attrib.items():
        if _local(key) in ("href", "src") and name != "a":
            _check_address(value)
        elif not _is_plain(value):
            raise ReportError(f"found {key} with an address in a drawing, expected nothing outside it; {_MEND}")
    if name == "style" and not _is_plain("".join(element.itertext())):
        raise ReportError(f"found a style with an address in a drawing, expected nothing outside it; {_MEND}")


def _is_plain(style: str) -> bool:
    return not (_URL.search(style) or "@import" in style.lower() or ("\\" in style and "(" in style))


def _check_address(address: str) -> None:
    if not address.strip() or _INSIDE.fullmatch(address):
        return
    picture = _PICTURE.match(address)
    if picture is None:
        raise ReportError(f"found {address[:60]!r} in a drawing, expected nothing outside it; {_MEND}")
    try:
        size = size_of(base64.b64decode(picture[1]))
    except binascii.Error:
        size = None
    if size is None or max(size[1:]) > WIDEST:
        raise ReportError(f"found a picture inside a drawing that is none, or wider than {WIDEST} pixels; {_MEND}")


def _set_fonts(root: ElementTree.Element) -> None:
    """A family that is there behind each that is named: a text in a font that is not would vanish without a word."""
    for element in root.iter():
        if "font-family" in element.attrib:
            element.set("font-family", _with_generic(element.attrib["font-family"]))
        if "style" in element.attrib:
            element.set("style", _fonts_in(element.attrib["style"]))
        if _local(element.tag) == "style":
            element.text = _fonts_in(element.text or "")
    if "font-family" not in root.attrib:
        root.set("font-family", _FONT)


def _fonts_in(style: str) -> str:
    return _FONTS.sub(lambda found: found[1] + _with_generic(found[2]), style)


def _with_generic(families: str) -> str:
    if families.strip().lower() in _KEPT:
        return families
    generic = next((name for known, name in _GENERIC if known.search(families)), _FONT)
    return f"{families.rstrip().rstrip(',')}, {generic}"


def _size(root: ElementTree.Element) -> tuple[int, int]:
    """Width and height in pixels, from the `viewBox` where they are not said."""
    sides = [_pixels(root.get(name, "")) for name in ("width", "height")]
    box = [float(part) for part in re.findall(r"-?\d{1,7}(?:\.\d{1,9})?", root.get("viewBox", ""))]
    if len(box) == 4 and min(box[2:]) > 0:
        sides = list(_filled(sides, box[2] / box[3], box[2]))
    found = [round(side) for side in sides if side]
    if len(found) != 2 or not all(1 <= side <= WIDEST for side in found):
        raise ReportError(f"found a drawing without a size from 1 to {WIDEST} pixels; set its width and height")
    return found[0], found[1]


def _filled(sides: list[float | None], ratio: float, width: float) -> Iterator[float | None]:
    """The two sides, the missing ones from the others."""
    wide, high = sides
    yield wide or (high * ratio if high else width)
    yield high or (wide or width) / ratio


def _pixels(length: str) -> float | None:
    found = _LENGTH.fullmatch(length)
    return float(found[1]) * _IN_PX[found[2]] if found else None


def _local(name: object) -> str:
    return str(name).rpartition("}")[2]


def _in_process(svg: bytes, sharpness: int) -> bytes:
    """Has another Python draw: neither its time nor its memory is without end."""
    # -P: the working directory may be a stranger's, and holds no module of ours.
    command = [sys.executable, "-P", "-m", "sitegen.reports.text.drawings", str(sharpness), str(_SECONDS)]
    try:
        done = subprocess.run(command, input=svg, capture_output=True, timeout=4 * _SECONDS)
    except subprocess.TimeoutExpired:
        done = None
    if done is None or done.returncode or not done.stdout:
        raise ReportError(f"found a drawing that cannot be drawn, or not within {_SECONDS} s; {_MEND}")
    return done.stdout


def _draw() -> None:
    """What the other process does: SVG in, PNG out."""
    try:
        import resource

        seconds = int(sys.argv[2])
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    except (ImportError, ValueError, OSError):
        pass  # Not every system has such limits; the time that the other waits is one.
    import vl_convert

    svg = sys.stdin.buffer.read().decode()
    sys.stdout.buffer.write(vl_convert.svg_to_png(svg, scale=int(sys.argv[1])))


if __name__ == "__main__":
    _draw()
