"""One script and one style file a page type, made of our own files in `templates/assets`.

What is in a bundle stands in a template that only lists it: `partials/workspace_scripts.jinja` names the parts of
`workspace.js` in their order, `partials/workspace_styles.jinja` those of `workspace.css`. A list may include another.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

_LISTS: Final = {"scripts": "js", "styles": "css"}
_BUNDLES: Final = {
    "scripts": ("base", "workspace", "viewers", "run", "compare", "sweep", "report"),
    "styles": ("index", "artifact", "workspace", "viewers", "run", "compare", "sweep", "report"),
}
_NAMED: Final = re.compile(r"""asset\('([^']+)'\)|include "([^"]+)\"""")
_COMMENTS: Final = re.compile(r"^[ \t]*(?:/\*.*?\*/[ \t]*|//[^\n]*)\n", re.MULTILINE | re.DOTALL)
_INDENTS: Final = re.compile(r"^(?:[ \t]+|\n)", re.MULTILINE)


def bundled(folder: Path, own: Mapping[str, bytes]) -> dict[str, bytes]:
    """Our files as pages load them: the bundles of the lists below `folder`, and what stands in none of them.

    Raises `KeyError` for a list that names what `own` lacks.
    """
    made: dict[str, bytes] = {}
    used: set[str] = set()
    for kind, pages in _BUNDLES.items():
        for page in pages:
            names = list(parts(folder, f"partials/{page}_{kind}.jinja"))
            used.update(names)
            made[f"{page}.{_LISTS[kind]}"] = b"\n".join(smaller(name, own[name]) for name in names) + b"\n"
    return {name: smaller(name, data) for name, data in own.items() if name not in used} | made


def parts(folder: Path, template: str) -> Iterator[str]:
    """The names of the assets that a template below `folder` lists, in order, those of lists it includes among them."""
    for name, included in _NAMED.findall((folder / template).read_text(encoding="utf-8")):
        if included:
            yield from parts(folder, included)
        else:
            yield name


def smaller(name: str, data: bytes) -> bytes:
    """A script or a style without comments that have lines of their own and without indents; anything else as it is.

    What a compressor would gain by more is 5 %; names and lines are what people read in an error's stack.
    """
    if not name.endswith((".js", ".css")):
        return data
    return _INDENTS.sub("", _COMMENTS.sub("", data.decode())).encode()
