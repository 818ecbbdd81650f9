"""Scripts and styles of the site: our own from `templates/assets`, and what the installed libraries carry.

Vega comes out of vl-convert-python, wrapped into a classic script, because a browser loads no module from `file://`.
What is made is kept in the user's cache, by the versions it was made of.
"""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path
from typing import Final

from runstore.format.caches import cache_dir as cache_dir
from runstore.format.records import write_atomically
from sitegen import urls
from sitegen.bundles import bundled

_HERE: Final = Path(__file__).parent
_SNIPPET: Final = """\
import * as V from "https://cdn.jsdelivr.net/npm/vega@{vega}/+esm";
import * as I from "https://cdn.jsdelivr.net/npm/vega-interpreter@{interpreter}/+esm";
window.vega = V;
window.vegaInterpreter = I.expressionInterpreter;
"""
_LITE: Final = """\
import * as L from "https://cdn.jsdelivr.net/npm/vega-lite@{lite}/+esm";
runstore.put("vega_lite", L);
"""
# The modules inside vl-convert have no other address than these; nothing is fetched from it.
_MODULES: Final = {"vega": "6.2.0", "interpreter": "2.0.0", "lite": "6.4.1"}
_PLOTLY: Final = "plotly/package_data/plotly.min.js"
_FRAME_POLICY: Final = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; "
    "media-src data: blob:; font-src data:; base-uri 'none'; form-action 'none'"
)


@dataclass(frozen=True)
class AssetSet:
    """The site's static files by name."""

    files: dict[str, bytes]

    @cached_property
    def digest(self) -> str:
        state = hashlib.blake2b(digest_size=12)
        for name in sorted(self.files):
            state.update(f"{name}\0{self._digests[name]}\0".encode())
        return state.hexdigest()

    @cached_property
    def _digests(self) -> dict[str, str]:
        return {name: hashlib.blake2b(data, digest_size=4).hexdigest() for name, data in self.files.items()}

    def url(self, root: str, name: str) -> str:
        """The address of an asset from a page whose way to the site's root is `root`; it changes with the content."""
        return f"{urls.href(urls.static_file(name), root)}?v={self._digests[name]}"


def templates_dir() -> Path:
    """Where the templates lie: inside the installed package, or beside it in a checkout."""
    installed = _HERE / "_templates"
    return installed if installed.is_dir() else _HERE.parent / "templates"


def load_assets() -> AssetSet:
    """Every asset: our own as bundles, and what the libraries carry."""
    folder = templates_dir()
    own = {path.name: path.read_bytes() for path in sorted((folder / "assets").iterdir()) if path.is_file()}
    made = {name: _cached(name, make, key()) for name, (make, key) in _MADE.items()}
    return AssetSet({**bundled(folder, own), **made})


def _cached(name: str, make: Callable[[], bytes], key: str) -> bytes:
    """The asset from the cache, or made and put there. A cache that cannot be used costs time, nothing else."""
    digest = hashlib.sha256(f"{name} {key}".encode()).hexdigest()[:16]
    path = cache_dir() / "assets" / f"{digest}-{name}"
    try:
        return path.read_bytes()
    except OSError:
        data = make()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, data)
    except OSError:
        pass
    return data


def _vega() -> bytes:
    """Vega with the interpreter that runs its expressions without `eval`, as the globals `vega`, `vegaInterpreter`."""
    import vl_convert

    bundle = vl_convert.javascript_bundle(_SNIPPET.format(**_MODULES))
    return _classic(bundle).encode()


def _vega_lite() -> bytes:
    """The compiler of Vega-Lite, for pages that meet such a spec: what they load is `vega_lite`."""
    import vl_convert

    return _classic(vl_convert.javascript_bundle(_LITE.format(**_MODULES))).encode()


def _charts() -> bytes:
    from sitegen.charts import compiled_charts

    return b'runstore.put("charts",' + json.dumps(compiled_charts(), separators=(",", ":")).encode() + b");\n"


def _plots() -> bytes:
    from sitegen.charts import compiled_plots

    return b'runstore.put("plots",' + json.dumps(compiled_plots(), separators=(",", ":")).encode() + b");\n"


def _panel_charts() -> bytes:
    from sitegen.panel_charts import panel_specs

    return b'runstore.put("panel_charts",' + json.dumps(panel_specs(), separators=(",", ":")).encode() + b");\n"


def plotly_version() -> str | None:
    """The version of the Plotly package that is installed, None without one (or without the script inside it)."""
    try:
        found = distribution("plotly")
    except PackageNotFoundError:
        return None
    return found.version if os.path.isfile(str(found.locate_file(_PLOTLY))) else None


def plotly_data() -> bytes:
    """Plotly's own script as a text that a page hands to its frame. Raises `OSError` where `plotly_version` is None."""
    source = Path(str(distribution("plotly").locate_file(_PLOTLY))).read_text(encoding="utf-8")
    return b'runstore.put("plotly",' + json.dumps(source).encode() + b");\n"


def frame_page() -> bytes:
    """The page that shows logged HTML and Plotly's figures, for frames without rights.

    A frame without an origin loads nothing from `file://`, not even a script beside it: all that it needs is in it.
    What its policy allows, it allows to nobody: outside such a frame the page does nothing, and it reaches no network.
    """
    script, style = (
        (templates_dir() / "frame" / name).read_text(encoding="utf-8") for name in ("frame.js", "frame.css")
    )
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_FRAME_POLICY}">\n<title>What was logged</title>\n'
        f"<style>\n{style}</style>\n</head>\n<body>\n<script>\n{script}</script>\n</body>\n</html>\n"
    ).encode()


def _classic(module: str) -> str:
    return f'(function () {{\n"use strict";\n{module}\n}})();\n'


def _versions(*packages: str) -> Callable[[], str]:
    return lambda: " ".join(f"{package}-{version(package)}" for package in packages) + f" {_source_digest()}"


def _source_digest() -> str:
    sources = (Path(__file__), _HERE / "charts.py", _HERE / "panel_charts.py")
    return hashlib.blake2b(b"".join(path.read_bytes() for path in sources), digest_size=8).hexdigest()


_MADE: Final[dict[str, tuple[Callable[[], bytes], Callable[[], str]]]] = {
    "vega.js": (_vega, _versions("vl-convert-python")),
    "vega-lite.js": (_vega_lite, _versions("vl-convert-python")),
    "charts.js": (_charts, _versions("vl-convert-python", "altair")),
    "plots.js": (_plots, _versions("vl-convert-python", "altair")),
    "panel-charts.js": (_panel_charts, _versions("vl-convert-python", "altair")),
}
