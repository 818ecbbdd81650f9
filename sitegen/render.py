"""Pages from contexts: the one room that knows Jinja2."""

import hashlib
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import jinja2
from jinja2.bccache import Bucket

from runstore.format.records import write_atomically
from sitegen.assets import AssetSet, cache_dir
from sitegen.extras import PublicSite
from sitegen.pages.context import PageContext

_OPTIONS: Final[dict[str, Any]] = {"trim_blocks": True, "lstrip_blocks": True}


class Renderer:
    """Renders page contexts with the templates in `folder`; what a template does not find is an error, not a blank."""

    def __init__(self, folder: Path, assets: AssetSet, site: PublicSite | None = None) -> None:
        """`site` says where a site for the world will stand."""
        self._folder = folder
        self._assets = assets
        self._site = site

    @cached_property
    def _environment(self) -> jinja2.Environment:
        return jinja2.Environment(
            loader=jinja2.FileSystemLoader(self._folder),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            auto_reload=False,
            bytecode_cache=_Compiled(),
            **_OPTIONS,
        )

    def render(self, template: str, page: PageContext) -> bytes:
        """The page as UTF-8 HTML. In the template `page` is the context, `asset(name)` an asset's URL, and `site` what
        is known of a site for the world, None for any other."""
        text = self._environment.get_template(template).render(
            page=page, site=self._site, asset=lambda name: self._assets.url(page.root, name)
        )
        return text.encode("utf-8", "replace")


class _Compiled(jinja2.BytecodeCache):
    """Templates as they were compiled, in the user's cache. One that cannot be used costs time, nothing else."""

    _options = hashlib.sha256(repr(sorted(_OPTIONS.items())).encode()).hexdigest()[:8]

    def load_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError), self._path(bucket).open("rb") as file:
            bucket.load_bytecode(file)

    def dump_bytecode(self, bucket: Bucket) -> None:
        path = self._path(bucket)
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, bucket.bytecode_to_string())

    def _path(self, bucket: Bucket) -> Path:
        return cache_dir() / "templates" / f"{bucket.key}-{self._options}"
