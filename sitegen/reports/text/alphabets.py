"""Letters of fonts: browsers know `mathvariant="normal"` alone, and Unicode has bold letters of their own."""

import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from typing import Final

_FONTS: Final = {
    "BOLD": "bold",
    "ITALIC": "italic",
    "BOLD ITALIC": "bold-italic",
    "SCRIPT": "script",
    "FRAKTUR": "fraktur",
    "BLACK-LETTER": "fraktur",
    "DOUBLE-STRUCK": "double-struck",
    "SANS-SERIF": "sans-serif",
    "SANS-SERIF BOLD": "bold-sans-serif",
    "SANS-SERIF ITALIC": "sans-serif-italic",
    "MONOSPACE": "monospace",
}
"""How Unicode calls the fonts of MathML."""


def in_font(text: str, font: str) -> str:
    """A text in the letters of a font of MathML; what Unicode has no letter for stays as it is."""
    return text.translate(_alphabets().get(font, {}))


@cache
def _alphabets() -> Mapping[str, Mapping[int, str]]:
    """The mathematical letters of Unicode by font and plain letter."""
    found: dict[str, dict[int, str]] = {font: {} for font in _FONTS.values()}
    for letter in map(chr, (*range(0x2100, 0x2150), *range(0x1D400, 0x1D800))):
        kind, _, plain = unicodedata.decomposition(letter).partition(" ")
        if kind == "<font>" and (font := _font(unicodedata.name(letter))):
            found[font].setdefault(int(plain, 16), letter)
    return found


def _font(name: str) -> str:
    words = re.split(r" (?:CAPITAL|SMALL|DIGIT|EPSILON|NABLA|PARTIAL) ?", name.removeprefix("MATHEMATICAL "))[0]
    return "italic" if name == "PLANCK CONSTANT" else _FONTS.get(words, "")
