"""The sources of a report as a BibTeX file, without what TeX would carry out: the file is anybody's, too."""

import re
from typing import Final

from sitegen.reports.text.citations import Bibliography

_COMMAND: Final = re.compile(r"\\([A-Za-z@]+)[ \t]*|\\(.)", re.DOTALL)
# Letters, accents and fonts; whatever else has a name can read, write or define something.
_LETTERS: Final = frozenset(
    (
        *("aa", "AA", "ae", "AE", "oe", "OE", "o", "O", "l", "L", "ss", "i", "j", "c", "d", "b", "r", "u", "v", "H"),
        *("k", "t", "textendash", "textemdash", "emph", "textbf", "textit", "textsc", "ldots", "dots"),
        *("alpha", "beta", "gamma", "delta", "epsilon", "lambda", "mu", "pi", "sigma"),
    )
)
_ACCENTS: Final = frozenset("\"'`^~=.&%$#_{}- ")


def bib_file(found: Bibliography) -> str:
    """The entries of a bibliography and its abbreviations; comments and preambles are left out already."""
    texts = [*(entry.text for entry in found.strings), *(entry.text for entry in found.entries.values())]
    return "\n\n".join(harmless(text).strip() for text in texts) + "\n"


def harmless(text: str) -> str:
    """A BibTeX entry in which every command is one of a letter, an accent or a font."""
    while "^^" in text:
        text = text.replace("^^", "^")
    return _COMMAND.sub(_kept, text)


def _kept(match: re.Match[str]) -> str:
    name, sign = match[1], match[2]
    if name is not None:
        return match[0] if name in _LETTERS else name
    return match[0] if sign in _ACCENTS else ""
