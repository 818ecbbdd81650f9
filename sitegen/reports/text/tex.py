"""The TeX that papers write in the words that others know: those of the converter to MathML, and those of LaTeX."""

import re
from itertools import pairwise
from typing import Final

ENVIRONMENT: Final = re.compile(r"\\(begin|end)\s*\{([^{}]*)\}")
_SAME_AS: Final = {
    "aligned": "split",
    "align": "align*",
    "dcases": "cases",
    **dict.fromkeys(("gather", "gather*", "gathered"), "matrix"),
}
_IN_FORMULAS: Final = {"align": "aligned", "align*": "aligned", "gather": "gathered", "gather*": "gathered"}
"""LaTeX's environments that stand for a formula, by those that stand inside one."""
_BEGIN_OR_END: Final = re.compile(r"\\(?:(begin|end)\s*\{([^{}]*)\}|.)", re.DOTALL)
_INDEX: Final = re.compile(r"\s*[\^_']")
_BEGINS: Final = r"(?<!(?<!\\)\\)\\"
"""A backslash that begins a command: a second one would end a line."""


def _limit(found: re.Match[str]) -> str:
    return f"\\arg{found[1] or found[2]} "


_WRITTEN_ANEW: Final = tuple(
    (re.compile(_BEGINS + pattern), instead)
    for pattern, instead in (
        (r"(?:nonumber|notag)(?![A-Za-z])", ""),
        (r"ensuremath(?=\s*\{)", ""),
        (r"math(?:bbm|ds)(?![A-Za-z])", r"\\mathbb"),
        (r"(?:operatorname\*?\s*\{arg(?:\\[,; ]|~| )\s*(max|min)\}|arg\s*\\(max|min)(?![A-Za-z]))", _limit),
        (r"arg(?![A-Za-z])", r"\\operatorname{arg}"),
    )
)
"""What papers write and the converter does not know, with what it does."""


def for_converter(tex: str) -> str:
    """A formula as the converter knows it; nothing numbers the lines of an equation."""
    for pattern, instead in _WRITTEN_ANEW:
        tex = pattern.sub(instead, tex)
    # It shows a lone letter in \mathrm{…} without its font, so browsers slant it; with a blank it does not.
    return _renamed(_braced(tex), _SAME_AS).replace(r"\mathrm{", r"\mathrm {")


def for_latex(tex: str) -> str:
    """A formula as it can stand between LaTeX's own signs of one: lines that line up are no formula in the formula."""
    return _renamed(tex, _IN_FORMULAS)


def _renamed(tex: str, names: dict[str, str]) -> str:
    def known(match: re.Match[str]) -> str:
        name = names.get(match[2], match[2])
        return "" if name.startswith("equation") else f"\\{match[1]}{{{name}}}"

    return ENVIRONMENT.sub(known, tex)


def _braced(tex: str) -> str:
    """Braces around each environment with an index or a power: the converter gives it to the last bracket alone."""
    begins: list[tuple[int, str]] = []
    braces: dict[int, str] = {}
    for found in _BEGIN_OR_END.finditer(tex):
        if found[1] == "begin":
            begins.append((found.start(), found[2]))
        elif found[1] == "end" and begins and begins[-1][1] == found[2]:
            start, _ = begins.pop()
            if _INDEX.match(tex, found.end()):
                braces |= {start: "{", found.end(): "}"}
    cuts = [0, *sorted(braces), len(tex)]
    return "".join(braces.get(one, "") + tex[one:other] for one, other in pairwise(cuts))
