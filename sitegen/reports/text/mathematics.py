"""Formulas: TeX to MathML while the site is built, so a page needs neither a script nor a font for them.

What latex2mathml makes of a formula is never passed on: a tree of elements, attributes and values that are known is
built from it, and text is text.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from html import escape, unescape
from typing import Final
from xml.etree.ElementTree import Element

from markupsafe import Markup

from sitegen.reports.mistakes import ReportError
from sitegen.reports.text.alphabets import in_font
from sitegen.reports.text.tex import ENVIRONMENT, for_converter

LONGEST: Final = 5_000
"""Characters that a formula may have."""
LARGEST: Final = 20_000
"""Elements that a formula may become."""
_DEEPEST: Final = 60

_PARTS: Final[Mapping[str, int]] = {
    "mfrac": 2,
    "mroot": 2,
    "msub": 2,
    "msup": 2,
    "mover": 2,
    "munder": 2,
    "msubsup": 3,
    "munderover": 3,
}
_OTHERS: Final = "math menclose mi mn mo mpadded mphantom mrow mspace msqrt mstyle mtable mtd mtext mtr"
_ELEMENTS: Final = frozenset({*_PARTS, *_OTHERS.split()})
"""The elements that a formula is made of, and how many parts those have that need so many."""

_DANGEROUS: Final = "class def DeclareMathOperator fcolorbox href newcommand newenvironment renewcommand style unicode"
_REFUSED: Final = frozenset(f"\\{name}" for name in _DANGEROUS.split())
_COMMAND: Final = re.compile(r"\\(?:[A-Za-z]+|.)", re.DOTALL)
_UNKNOWN: Final = re.compile(r"\\[A-Za-z]+")
_MATRICES: Final = "matrix pmatrix bmatrix Bmatrix vmatrix Vmatrix smallmatrix array cases dcases"
_ENVIRONMENTS: Final = frozenset({*_MATRICES.split(), "split", "align", "aligned", "gather", "gathered", "equation"})
_LENGTH: Final = re.compile(r"([+-]?)(\d{0,4}(?:\.\d{0,6})?)(em|ex|px|pt|mu|in|cm|mm|width)?")
_IN_EM: Final = {"em": 1, "ex": 0.5, "px": 1 / 16, "pt": 1 / 12, "mu": 1 / 18, "in": 6, "cm": 2.4, "mm": 0.24}
_WIDEST_EM: Final = 20
_NAMED_SPACES: Final = {
    "negativethinmathspace": "-0.167em",
    "negativemediummathspace": "-0.222em",
    "negativethickmathspace": "-0.278em",
    "thinmathspace": "0.167em",
    "thickmathspace": "0.278em",
}
_THIN_SPACE: Final = '<mspace width="0.167em"></mspace>'
_QUANTITIES: Final = frozenset("∀∁∂∃∄∅∆∇∞⊤⊥")  # noqa: RUF001
"""Signs of Unicode's mathematics that stand for something, and do not relate or join two things."""
_ESCAPED: Final = re.compile(r"\\([_%&#${} ])")


@lru_cache(4096)
def mathml(tex: str, *, display: bool = False) -> Markup:
    """A formula as MathML, on a line of its own with `display`. Raises `ReportError` for one that is not understood."""
    _check(tex)
    root = _converted(for_converter(tex), display)
    try:
        return Markup("".join(_Rebuilding().element(root, 0)))  # noqa: S704 (known words, and escaped text)
    except RecursionError:
        raise ReportError("found a formula that is nested too deeply; split it") from None


def _check(tex: str) -> None:
    """What the converter would take without a word, or take too long over."""
    if len(tex) > LONGEST:
        raise ReportError(f"found a formula of {len(tex)} characters, expected at most {LONGEST}; split it")
    if not tex.strip():
        raise ReportError(r"found an empty formula; write one, or \$ for the sign")
    for command in _COMMAND.findall(tex):
        if command in _REFUSED:
            raise ReportError(f"found {command} in a formula, which formulas of reports may not use; write it out")
        if command == r"\label":
            raise ReportError(r"found \label in a formula; write it without, and {#eq-name} after the closing $$")
    for kind, name in ENVIRONMENT.findall(tex):
        if name.rstrip("*") not in _ENVIRONMENTS:
            raise ReportError(
                f"found \\{kind}{{{name[:40]}}} in a formula, expected one of {', '.join(sorted(_ENVIRONMENTS))}"
            )
    _check_braces(tex)


def _check_braces(tex: str) -> None:
    depth = 0
    for brace in re.findall(r"\\.|[{}]", tex, re.DOTALL):
        depth += (brace == "{") - (brace == "}")
        if depth < 0:
            raise ReportError("found } without its { in a formula; add the {, or write \\}")
        if depth > _DEEPEST:
            raise ReportError(f"found a formula with more than {_DEEPEST} braces in each other; split it")
    if depth:
        raise ReportError("found { without its } in a formula; add the }, or write \\{")


def _converted(tex: str, display: bool) -> Element:
    from latex2mathml.converter import Converter  # Not at the top: it reads a table of all symbols.

    try:
        return Converter(display="block" if display else "inline").convert_to_element(tex)
    except RecursionError:
        raise ReportError("found a formula that is nested too deeply; split it") from None
    except Exception as error:  # It ends in any of these: IndexError, KeyError, StopIteration, errors of its own.
        raise ReportError(f"found a formula that cannot be read ({_reason(error)}); mend its TeX") from None


def _reason(error: Exception) -> str:
    """`DoubleSubscriptsError` in words."""
    name = type(error).__name__
    if not type(error).__module__.startswith("latex2mathml"):
        return "something is missing, or out of place"
    return " ".join(re.findall(r"[A-Z][a-z]+", name.removesuffix("Error"))).lower()


class _Rebuilding:
    """A formula's tree in harmless words."""

    def __init__(self) -> None:
        self._count = 0

    def element(self, element: Element, depth: int, font: str = "") -> Iterator[str]:
        """An element as HTML. Raises `ReportError` for what no formula should hold."""
        self._count += 1
        if self._count > LARGEST or depth > 4 * _DEEPEST:
            raise ReportError("found a formula that is too large; split it")
        if element.tag not in _ELEMENTS:
            raise ReportError(f"found a formula with an element {element.tag}, which browsers do not show; rewrite it")
        if len(element) != _PARTS.get(element.tag, len(element)):
            raise ReportError("found a formula in which a part is missing after a command, as in \\frac{a}; add it")
        font = element.get("mathvariant") or font
        text = _text(element)
        tag = _tag(element.tag, text)
        yield f"<{tag}{''.join(_attributes(element, font))}>{escape(_in_font(text, font, tag), quote=False)}"
        before: Element | None = None
        for child in element:
            if before is not None and tag not in _PARTS and _needs_space(before, child):
                yield _THIN_SPACE
            yield from self.element(child, depth + 1, font)
            before = child
        yield f"</{tag}>"


def _needs_space(one: Element, other: Element) -> bool:
    """Whether TeX has a thin space between two parts: around names of functions, but not at signs and brackets."""
    if not (_is_function(one) or _is_function(other)):
        return False
    return not any(part.tag in ("mo", "mspace") or _is_bracketed(part) for part in (one, other))


def _is_function(element: Element) -> bool:
    """Whether this is `log`, or one such with an index: the only letters that stand together."""
    if element.tag in ("msub", "msup", "msubsup") and len(element):
        return _is_function(element[0])
    return element.tag == "mi" and len(element.text or "") > 1 and (element.text or "").isalpha()


def _is_bracketed(element: Element) -> bool:
    return element.tag == "mrow" and len(element) > 0 and element[0].tag == "mo"


def _tag(tag: str, text: str) -> str:
    """latex2mathml takes some relations for letters; browsers have no `menclose`."""
    if tag == "mi" and len(text) == 1 and unicodedata.category(text) == "Sm" and text not in _QUANTITIES:
        return "mo"
    return "mrow" if tag == "menclose" else tag


def _text(element: Element) -> str:
    text = unescape(element.text or "")
    if element.tag == "mtext":
        return _plain(text)
    if element.tag in ("mi", "mo") and (unknown := _UNKNOWN.fullmatch(text)):
        raise ReportError(f"found {unknown[0]} in a formula, a command that is not known; write it otherwise")
    return "\N{TILDE OPERATOR}" if element.tag == "mi" and text == "~" else text


def _plain(text: str) -> str:
    """The text inside `\\text{…}`, in which the converter understands neither commands nor formulas."""
    plain = _ESCAPED.sub(r"\1", text)
    if (inner := _UNKNOWN.search(plain)) or "$" in text.replace("\\$", ""):
        found = inner[0] if inner else "a formula"
        raise ReportError(f"found {found} in a text of a formula; end the \\text{{…}} before it")
    return plain


def _attributes(element: Element, font: str) -> Iterator[str]:
    found = dict(element.attrib)
    if element.tag == "mi" and font == "normal":
        yield ' mathvariant="normal"'
    if name := _class(element.tag, found):
        yield f' class="{name}"'
    for key, value in found.items():
        if key in _READ and (shown := _READ[key](value)) is not None:
            yield f' {key}="{escape(shown)}"'


def _class(tag: str, found: Mapping[str, str]) -> str:
    """What MathML in browsers lacks is left to the style sheet: columns that line up, boxes, struck out parts."""
    if (side := found.get("columnalign")) in ("left", "right"):
        return f"math-{side}"
    if tag == "mtext" and (font := found.get("mathvariant")) in _TEXT_FONTS:
        return f"math-{font}"
    return " ".join(f"math-{word}" for word in found.get("notation", "").split() if word in _NOTATIONS)


_TEXT_FONTS: Final = frozenset({"bold", "italic", "monospace", "sans-serif"})
_NOTATIONS: Final = frozenset({"box", "updiagonalstrike", "downdiagonalstrike", "horizontalstrike"})


def _one_of(*values: str) -> Callable[[str], str | None]:
    return lambda value: value if value in values else None


def _length(value: str) -> str | None:
    """A length, None for one that is no such. Raises `ReportError` where it would cover more than the formula."""
    value = _NAMED_SPACES.get(value, value.strip())
    found = _LENGTH.fullmatch(value)
    if found is None or found[2] in ("", "."):
        raise ReportError(f"found the length {value[:40]!r} in a formula, expected one such as 2em")
    if float(found[2]) * _IN_EM.get(found[3] or "em", 1) > _WIDEST_EM:
        raise ReportError(f"found a length of {value} in a formula, expected at most {_WIDEST_EM}em")
    return None if found[3] == "width" else value.removeprefix("+").replace("mu", "px")


def _colour(value: str) -> str | None:
    if re.fullmatch(r"[A-Za-z]{1,30}|#[0-9A-Fa-f]{3}|#[0-9A-Fa-f]{6}", value):
        return value
    raise ReportError(f"found the colour {value[:40]!r} in a formula, expected a name or #rrggbb")


_FLAG: Final = _one_of("true", "false")
_READ: Final[Mapping[str, Callable[[str], str | None]]] = {
    "display": _one_of("block", "inline"),
    **dict.fromkeys(("stretchy", "fence", "accent", "displaystyle", "separator", "movablelimits"), _FLAG),
    "form": _one_of("prefix", "infix", "postfix"),
    "scriptlevel": _one_of("0", "1", "2"),
    "mathcolor": _colour,
    "mathbackground": _colour,
    **dict.fromkeys(("width", "height", "depth", "lspace", "rspace", "voffset"), _length),
    **dict.fromkeys(("linethickness", "minsize", "maxsize", "mathsize"), _length),
}
"""The attributes that are kept, with what reads their values: None leaves one out."""


def _in_font(text: str, font: str, tag: str) -> str:
    """A letter, number or sign in its font; texts have a class for it."""
    return in_font(text, font) if font and tag in ("mi", "mn", "mo") else text
