"""Pages from contexts: the one room that knows Jinja2."""

from functools import cached_property
from pathlib import Path

import jinja2

from sitegen.assets import AssetSet
from sitegen.pages.context import PageContext


class Renderer:
    """Renders page contexts with the templates in `folder`; what a template does not find is an error, not a blank."""

    def __init__(self, folder: Path, assets: AssetSet) -> None:
        self._folder = folder
        self._assets = assets

    @cached_property
    def _environment(self) -> jinja2.Environment:
        return jinja2.Environment(
            loader=jinja2.FileSystemLoader(self._folder),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )

    def render(self, template: str, page: PageContext) -> bytes:
        """The page as UTF-8 HTML. In the template `page` is the context and `asset(name)` an asset's URL."""
        text = self._environment.get_template(template).render(
            page=page, asset=lambda name: self._assets.url(page.root, name)
        )
        return text.encode("utf-8", "replace")
