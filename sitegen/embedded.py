"""Our scripts and styles for figures on pages of somebody else's: none of theirs reaches ours, and none of ours theirs.

Styles are the same as on our own pages, each rule below an element of the class `runstore`. Where our layers stand
above each other, these rules do by the number of ids in their selectors; so they stand above all that a page's own
styles, which know no layers, say of its elements, tags and classes.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from sitegen.assets import templates_dir
from sitegen.bundles import parts, smaller

START: Final = "embed-start.js"
"""The script that a page names; it loads the others: `BASE`, what these draw with, and `SCRIPTS`."""
BASE: Final = "embed-base.js"
SCRIPTS: Final = "embed.js"
STYLES: Final = "embed.css"

_BASE: Final = ("core.js", "format.js", "apart.js", "printing.js")
# The ids are those of no element.
_ROOT: Final = ":is(.runstore, {}:not(*)) {{"
_LAYERS: Final = {"surroundings": "#a", "base": "#a", "page": "#a#a"}
_LAYER: Final = re.compile(r"^@layer (\w+) \{$", re.MULTILINE)
_ORDER: Final = re.compile(r"^@layer [\w, ]+;$\n", re.MULTILINE)
_WHOLE_PAGE: Final = re.compile(r"^(?:html|body|@page) \{[^{}]*\}$\n", re.MULTILINE)
_TOP: Final = re.compile(r"^:root(\S*) \{$", re.MULTILINE)
_TEXT: Final = "@scope (.report-body) to (.report-grid) {"
_REM: Final = re.compile(r"(?<![\w.])(\d*\.?\d+)rem\b")
_REM_IN_PX: Final = 14


@cache
def embedded_files() -> dict[str, bytes]:
    """The files by name, beside which the site's other assets lie."""
    folder = templates_dir()
    own = {path.name: path.read_bytes() for place in ("assets", "embed") for path in (folder / place).glob("*.*s")}
    scripts = [*parts(folder, "partials/figure_scripts.jinja"), "pages.js"]
    return {
        START: smaller("start.js", own["start.js"]),
        BASE: _joined(_BASE, own),
        SCRIPTS: _joined(scripts, own),
        STYLES: scoped(own["embed.css"].decode(), _styles(folder, own).decode()).encode(),
    }


def _joined(names: Sequence[str], own: Mapping[str, bytes]) -> bytes:
    return b"\n".join(smaller(name, own[name]) for name in names) + b"\n"


def _styles(folder: Path, own: Mapping[str, bytes]) -> bytes:
    return _joined([name for kind in ("report", "viewers") for name in _listed(folder, kind)], own)


def _listed(folder: Path, kind: str) -> Iterator[str]:
    return parts(folder, f"partials/{kind}_styles.jinja")


def scoped(surroundings: str, styles: str) -> str:
    """The styles of a page of ours, for elements of the class `runstore` and what is in them."""
    text = f"@layer surroundings {{\n{smaller('.css', surroundings.encode()).decode()}}}\n{styles}"
    text = _WHOLE_PAGE.sub("", _ORDER.sub("", text))
    text = _LAYER.sub(lambda found: _ROOT.format(_LAYERS[found[1]]), text)
    text = _TOP.sub(lambda found: f":root{found[1]} & {{" if found[1] else "& {", text)
    # Rules inside of a scope would stand below all others.
    text = text.replace(_TEXT, ".report-text {")
    return _REM.sub(lambda found: f"{float(found[1]) * _REM_IN_PX:g}px", text)
