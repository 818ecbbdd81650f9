"""What stands around the text of a page that shows something of ours: its style, its scripts, and what these need."""

from functools import cache
from typing import Final

from markupsafe import Markup

from sitegen import urls
from sitegen.assets import AssetSet, templates_dir
from sitegen.embedded import BASE, SCRIPTS, START, STYLES
from sitegen.mkdocs.page import FOLDER, Page

_DRAWING: Final = (BASE, "vega.js", "charts.js", "panel-charts.js", SCRIPTS)
_VIEWING: Final = ("plots.js", "viewers.js")
_AROUND: Final = Markup(
    '<link rel="stylesheet" href="{style}">\n{html}\n'
    '<div class="runstore" data-home="{data}" data-viewers="{viewers}" data-viewers-style="{style}"'
    ' data-vega-lite="{lite}"{pageless}>\n{icons}</div>\n<script src="{start}" data-scripts="{scripts}"></script>\n'
)


def surrounded(html: str, page: Page, address: str, assets: AssetSet, *, pages: bool) -> str:
    """The HTML of a page, which is at `address` in the site, with all that it loads; `pages`: whether runs have any."""
    root = urls.up(address)
    ours = root + FOLDER
    beside = [assets.url("", name).removeprefix(f"{urls.STATIC}/") for name in _DRAWING]
    return _AROUND.format(
        html=Markup(html),  # noqa: S704 (it is the page itself)
        style=assets.url(ours, STYLES),
        data=root + page.data if page.is_drawn else "",
        viewers=" ".join(assets.url(ours, name) for name in _VIEWING),
        pageless="" if pages else Markup(" data-pageless"),
        lite=assets.url(ours, "vega-lite.js"),
        icons=_icons() if page.is_drawn else "",
        start=assets.url(ours, START),
        scripts=" ".join(beside) if page.is_drawn else "",
    )


@cache
def _icons() -> Markup:
    return Markup((templates_dir() / "partials" / "icons.jinja").read_text(encoding="utf-8"))  # noqa: S704 (ours)
