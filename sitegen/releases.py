"""What pages are made of beside the store: templates, scripts, styles, and this code."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sitegen.assets import AssetSet, load_assets, plotly_version, templates_dir
from sitegen.extras import PublicSite
from sitegen.pages.context import PageContext
from sitegen.plan import Render, folder_digest
from sitegen.planned import fingerprint

if TYPE_CHECKING:
    from sitegen.render import Renderer

_renderers: dict[str, "Renderer"] = {}


@dataclass(frozen=True, slots=True)
class Release:
    """Stands for everything but the store that pages are made of: `name` is another where any of it is."""

    name: str
    assets: AssetSet
    render: Render


def load_release(public: PublicSite | None) -> Release:
    """The release of this installation, for a site of one kind."""
    assets = load_assets()
    code = (folder_digest(templates_dir(), "*"), folder_digest(Path(__file__).parent, "*.py"))
    name = fingerprint(assets.digest, plotly_version(), repr(public), *code)
    return Release(name, assets, _renderer(assets, name, public))


def _renderer(assets: AssetSet, release: str, public: PublicSite | None) -> Render:
    """Renders a page; Jinja2 is loaded with the first one, since a build that changes nothing renders none.

    What it compiled is kept for the process's next build.
    """

    def render(template: str, page: PageContext) -> bytes:
        if release not in _renderers:
            from sitegen.render import Renderer

            _renderers.clear()
            _renderers[release] = Renderer(templates_dir(), assets, public)
        return _renderers[release].render(template, page)

    return render
