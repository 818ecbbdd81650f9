"""A report as one HTML file that loads nothing: its scripts, styles, images and the data of its panels are in it.

Its policy allows what is in it by digest, and nothing else. Data lie in it as text, which `runstore.load` finds there.
"""

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from html import escape, unescape
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urljoin

from runstore.errors import UsageError
from sitegen import urls
from sitegen.assets import AssetSet, load_assets, templates_dir
from sitegen.exports.carried import LOGGED, Carried, content_of, of_project, of_report
from sitegen.exports.opening import Opened, Render, opened
from sitegen.media_types import type_of
from sitegen.reports.report import Report

LARGEST: Final = 200_000_000
"""Bytes that such a file may have."""

_SCRIPT: Final = re.compile(r'<script src="([^"]+)"></script>')
_STYLE: Final = re.compile(r'<link rel="stylesheet" href="([^"]+)">')
_OTHER: Final = re.compile(r'<link rel="(?:icon|alternate)"[^>]*>\n?')
_POLICY: Final = re.compile(r'(<meta http-equiv="Content-Security-Policy" content=")[^"]*(">)')
_LINK: Final = re.compile(r'(<a\b[^>]*?) href="([^"]*)"')
_IMAGE: Final = re.compile(r'(<img\b[^>]*?src=")([^"]*)(")')
_LAZY: Final = re.compile(r' data-(viewers|viewers-style|vega-lite)="([^"]*)"')
_ROOT: Final = re.compile(r'<html lang="en"')


def single_file(root: Path, name: str, url: str = "") -> bytes:
    """The report as one file. Links to other pages lead below `url`, where the site stands; without one they are text.

    Raises `UsageError` where its data are too much for one file, `StoreError` where there is no such report.
    """
    from sitegen.render import Renderer

    assets = load_assets()
    render = Renderer(templates_dir(), assets).render
    with opened(root, name, render) as found:
        return _Whole(found, assets, render, f"{url.rstrip('/')}/" if url else "").made()


@dataclass(slots=True)
class _Whole:
    """A page on its way into one file; the digests of what is in it are its policy."""

    found: Opened
    assets: AssetSet
    render: Render
    url: str
    scripts: list[str] = field(default_factory=list)
    styles: list[str] = field(default_factory=list)
    own: dict[str, bytes] = field(default_factory=dict)
    sizes: Counter[str] = field(default_factory=Counter)

    @property
    def page(self) -> str:
        file = self.found.report.file
        return urls.report_page(file.project, file.slug)

    def made(self) -> bytes:
        self.own = {file.path: content_of(file) for file in self.found.report.files(self.render, [])}
        html = self.own[self.page].decode()
        html = _OTHER.sub("", html)
        html = _LAZY.sub(self._lazy, html)
        html = _STYLE.sub(lambda match: self._style(match[1]), html)
        html = _IMAGE.sub(self._image, html)
        html = _LINK.sub(self._link, html)
        head, body = html.split("</head>", 1)
        head = _SCRIPT.sub(lambda match: self._script(match[1]), head)
        html = f"{head}</head>{self._with_scripts(body)}"
        html = _ROOT.sub(lambda match: f"{match[0]}{self._place()}", html, count=1)
        whole = _POLICY.sub(lambda match: f"{match[1]}{self._policy()}{match[2]}", html, count=1).encode()
        if len(whole) > LARGEST:
            raise self._too_large(self.sizes)
        return whole

    def _too_large(self, sizes: Counter[str]) -> UsageError:
        ((about, size),) = sizes.most_common(1) or [("its text", 0)]
        return UsageError(
            f"{self.found.report.file.relative}: found more than {LARGEST / 1e6:.0f} MB for its page as one file, of "
            f"which {about} are {size / 1e6:.0f}; show fewer runs or panels, or publish the site"
        )

    def _place(self) -> str:
        """Where the page would lie on the site, and where that stands, for its scripts."""
        site = f' data-site="{escape(self.url)}"' if self.url else ""
        return f' data-carries="{escape(urls.href(self.page))}"{site}'

    def _with_scripts(self, body: str) -> str:
        """The page's body with its scripts: what they look for stands before them."""
        places = [match.start() for match in _SCRIPT.finditer(body)]
        first, last = places[0], places[-1]
        early = _SCRIPT.sub(lambda match: self._script(match[1]), body[first:last])
        late = _SCRIPT.sub(lambda match: self._script(match[1]), body[last:])
        # Those that show what was logged use what the page's own define.
        late = late.replace("</body>", f"{self._viewers()}\n</body>")
        return f"{body[:first]}{self._carried()}\n{early}{late}"

    # What the page names

    def _asset(self, address: str) -> bytes:
        """The file of the site that an address of the page leads to."""
        path = self._path(address)
        name = path.removeprefix(f"{urls.STATIC}/")
        return self.assets.files[name] if path != name else self.own[path]

    def _path(self, address: str) -> str:
        return unquote(urljoin(f"/{urls.href(self.page)}", unescape(address).partition("?")[0]).lstrip("/"))

    def _script(self, address: str) -> str:
        return self._inline(self._asset(address).decode())

    def _inline(self, script: str) -> str:
        # Neither can end a script early, or begin a comment in it, inside the texts that may hold them.
        text = script.replace("</script", "<\\/script").replace("<!--", "<\\!--")
        self.scripts.append(text)
        return f"<script>{text}</script>"

    def _style(self, address: str) -> str:
        text = self._asset(address).decode().replace("</style", "<\\/style")
        self.styles.append(text)
        return f"<style>{text}</style>"

    def _image(self, match: re.Match[str]) -> str:
        content = self.own.get(self._path(match[2]))
        kind = type_of(self._path(match[2]))
        if content is None or kind is None:
            return match[0]
        return f"{match[1]}data:{kind};base64,{base64.b64encode(content).decode()}{match[3]}"

    def _link(self, match: re.Match[str]) -> str:
        """Links out of the site, and to places of the page, stay; others lead to the site, or nowhere."""
        address = unescape(match[2])
        if address.startswith(("http:", "https:", "mailto:", "#")):
            return match[0]
        if not self.url:
            return match[1]
        return f'{match[1]} href="{escape(urljoin(f"{self.url}{urls.href(self.page)}", address))}"'

    def _lazy(self, match: re.Match[str]) -> str:
        """What a page loads when it is needed is in this one, or is not needed."""
        return f' data-{match[1]}=""'

    def _viewers(self) -> str:
        """The scripts that some kinds of panels load by themselves."""
        kinds = {panel.kind for drawn in self._report.grids for panel in drawn.grid.panels}
        made = []
        if kinds & LOGGED.keys():
            made += [self._style_of("viewers.css"), self._script_of("plots.js"), self._script_of("viewers.js")]
        if "vega" in kinds:
            made.append(self._script_of("vega-lite.js"))
        return "\n".join(made)

    def _script_of(self, name: str) -> str:
        return self._inline(self.assets.files[name].decode())

    def _style_of(self, name: str) -> str:
        return self._style(urls.href(urls.static_file(name), urls.up(self.page)))

    def _policy(self) -> str:
        scripts, styles = (" ".join(map(_digest, texts)) or "'none'" for texts in (self.scripts, self.styles))
        return (
            f"default-src 'none'; script-src {scripts}; style-src {styles}; "
            "img-src data: blob:; media-src data: blob:; frame-src 'none'; font-src 'none'; connect-src 'none'; "
            "base-uri 'none'; form-action 'none'"
        )

    # What its panels load

    @property
    def _report(self) -> Report:
        return self.found.report.report

    def _carried(self) -> str:
        """The files that panels load, as text that is no script. Raises `UsageError` for too much of it."""
        blocks = []
        sizes: Counter[str] = Counter()
        for each in self._data():
            text = each.payload.replace("<", "\\u003c")
            blocks.append(f'<script type="application/json" data-path="{escape(each.path)}">{text}</script>')
            sizes[each.about] += len(text)
            if sizes.total() > LARGEST:
                raise self._too_large(sizes)
        self.sizes = sizes
        return "\n".join(blocks)

    def _data(self) -> Iterator[Carried]:
        yield from of_report(self.page.removesuffix(urls.index_page()), self.own)
        # What a pinned report speaks of lies where the site has it.
        base = self._report.base
        for project in self.found.plan.projects:
            own = [each for each in self._report.grids if each.grid.sets[0].project.name == project.project.name]
            for each in of_project(project, own, self.render) if own else ():
                yield replace(each, path=base + each.path)


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
