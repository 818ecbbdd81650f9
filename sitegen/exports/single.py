"""A report as one HTML file that loads nothing: its scripts, styles, images and the data of its panels are in it.

Its policy allows what is in it by digest, and nothing else. Data lie in it as text, which `runstore.load` finds there.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path, PurePosixPath
from typing import Any, Final
from urllib.parse import unquote, urljoin

from runstore.errors import UsageError
from sitegen import urls
from sitegen.assets import AssetSet, load_assets, templates_dir
from sitegen.exports.opening import Opened, Render, opened
from sitegen.overviews import Overviews
from sitegen.plan import ProjectPlan, RunPlan
from sitegen.planned import PlannedFile
from sitegen.reports.figures import Drawn
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
_PUT: Final = "runstore.put("
_TYPES: Final = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "avif": "image/avif",
}
_OF_ALL: Final = frozenset({"importance", "comparer", "parallel"})
_LOGGED: Final = frozenset({"media", "table"})


def single_file(root: Path, name: str, url: str = "") -> bytes:
    """The report as one file. Links to other pages lead below `url`, where the site stands; without one they are text.

    Raises `UsageError` where its data are too much for one file, `StoreError` where there is no such report.
    """
    from sitegen.render import Renderer

    assets = load_assets()
    with opened(root, name, Renderer(templates_dir(), assets).render) as found:
        return _Whole(found, assets, Renderer(templates_dir(), assets).render, url).made()


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

    @property
    def page(self) -> str:
        file = self.found.report.file
        return urls.report_page(file.project, file.slug)

    def made(self) -> bytes:
        self.own = {file.path: _content(file) for file in self.found.report.files(self.render, [])}
        html = self.own[self.page].decode()
        html = _OTHER.sub("", html)
        html = _LAZY.sub(self._lazy, html)
        html = _STYLE.sub(lambda match: self._style(match[1]), html)
        html = _IMAGE.sub(self._image, html)
        html = _LINK.sub(self._link, html)
        head, body = html.split("</head>", 1)
        head = _SCRIPT.sub(lambda match: self._script(match[1]), head)
        html = f"{head}</head>{self._with_scripts(body)}"
        html = _ROOT.sub(f'<html lang="en" data-carries="{urls.href(self.page)}"', html, count=1)
        whole = _POLICY.sub(lambda match: f"{match[1]}{self._policy()}{match[2]}", html, count=1).encode()
        if len(whole) > LARGEST:
            raise UsageError(
                f"{self.found.report.file.relative}: its page would be one file of {len(whole) / 1e6:.0f} MB, expected "
                f"at most {LARGEST / 1e6:.0f}; show fewer runs, or publish the site"
            )
        return whole

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
        kind = _TYPES.get(PurePosixPath(self._path(match[2])).suffix[1:])
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
        return f'{match[1]} href="{urls.href(self._path(address), self.url.rstrip("/") + "/")}"'

    def _lazy(self, match: re.Match[str]) -> str:
        """What a page loads when it is needed is in this one, or is not needed."""
        return f' data-{match[1]}=""'

    def _viewers(self) -> str:
        """The scripts that some kinds of panels load by themselves."""
        kinds = {panel.kind for drawn in self._report.grids for panel in drawn.grid.panels}
        made = []
        if kinds & _LOGGED:
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
        """The files that panels load, as text that is no script."""
        blocks = []
        for path, payload in self._data():
            text = payload.replace("<", "\\u003c")
            blocks.append(f'<script type="application/json" data-path="{_attribute(path)}">{text}</script>')
        return "\n".join(blocks)

    def _data(self) -> Iterator[tuple[str, str]]:
        folder = self.page.removesuffix(urls.index_page())
        for path, content in self.own.items():
            if path.startswith(f"{folder}data/"):
                yield path, _payload(content)
        for project in self.found.plan.projects:
            own = [each for each in self._report.grids if each.grid.sets[0].project.name == project.project.name]
            if own:
                yield from _of_project(project, own, self.render)


def _of_project(project: ProjectPlan, grids: Iterable[Drawn], render: Render) -> Iterator[tuple[str, str]]:
    """The data files of a project that the panels of some figures may load."""
    histories = {file.path: file for file in _histories(project)}
    files = {file.path: file for file in project.files(render) if file.path.endswith(".js")}
    folder = f"{urls.project_dir(project.project.name)}/"
    runs_path = urls.data_file(project.project.name, "runs")
    runs = _payload(_content(files[runs_path]))
    yield runs_path, runs
    wanted = _wanted(json.loads(runs), list(grids))
    for name in wanted:
        path = urls.data_file(project.project.name, name)
        found = files.get(path) or histories.get(path)
        if found is not None:
            yield path, _payload(_content(found))
    for sweep in project.sweeps.plans:
        if any(drawn.grid.sweep is not None and drawn.grid.sweep.id == sweep.sweep.id for drawn in grids):
            data = next(file for file in sweep.files(render) if file.path.endswith(".js"))
            yield data.path, _payload(_content(data))
    shown = {run.id for drawn in grids if _kinds(drawn) & _LOGGED for each in drawn.grid.sets for run in each.runs}
    for plan in project.runs():
        if plan.run.id in shown:
            yield from _of_run(plan, render, folder)


def _histories(project: ProjectPlan) -> Iterator[PlannedFile]:
    histories = project.histories
    for _, file in histories.files(histories.chunks):
        yield file
    yield from Overviews(histories).files([], lambda _: None)


def _kinds(drawn: Drawn) -> set[str]:
    return {panel.kind for panel in drawn.grid.panels}


def _wanted(runs: Mapping[str, Any], grids: list[Drawn]) -> list[str]:
    """The names of the data files that panels of some figures may ask for: columns, points, and what was logged."""
    said = json.dumps([[dict(panel.set) for panel in drawn.grid.panels] for drawn in grids])
    said += json.dumps([[[*each.group], each.order] for drawn in grids for each in drawn.grid.sets])
    kinds = {kind for drawn in grids for kind in _kinds(drawn)}
    parts = {
        column["part"]
        for column in runs["columns"]
        if "part" in column and (kinds & _OF_ALL or json.dumps(column["key"])[1:-1] in said)
    }
    names = [runs["parts"][part] for part in sorted(parts)]
    everything = any(panel.set.get("pattern") or panel.set.get("formula") for d in grids for panel in d.grid.panels)
    for metric in runs["metrics"]:
        if everything or json.dumps(metric["key"])[1:-1] in said:
            names += [
                metric["overview"],
                *(part.get(key) for part in metric["parts"] for key in ("name", "times", "fine")),
            ]
    if kinds & _LOGGED and runs.get("logged"):
        names.append(runs["logged"]["name"])
    return list(dict.fromkeys(name for name in names if name))


def _of_run(plan: RunPlan, render: Render, folder: str) -> Iterator[tuple[str, str]]:
    """What a run logged beside numbers; images as the bytes that scripts know to show."""
    start = f"{urls.run_dir(plan.run.project, plan.run.id)}/"
    for file in plan.files(render, []):
        inside = file.path.removeprefix(start)
        kind = _TYPES.get(PurePosixPath(inside).suffix[1:])
        if inside == "panels.js":
            yield file.path, _payload(_content(file))
        elif inside.startswith("media/") and inside.endswith(".js"):
            yield file.path, _with_bytes(_payload(_content(file)))
        elif inside.startswith("media/") and kind:
            yield file.path, json.dumps(base64.b64encode(_content(file)).decode())


def _with_bytes(payload: str) -> str:
    def changed(node: Any) -> Any:
        if isinstance(node, list):
            return [changed(each) for each in node]
        if not isinstance(node, dict):
            return node
        made = {key: changed(each) for key, each in node.items()}
        source = made.get("src")
        kind = _TYPES.get(PurePosixPath(source).suffix[1:]) if isinstance(source, str) else None
        if kind:
            del made["src"]
            made |= {"bytes": {"name": f"file {source}", "url": source}, "mime": kind}
        return made

    return json.dumps(changed(json.loads(payload)), ensure_ascii=False)


def _payload(content: bytes) -> str:
    """What a data file hands to `runstore.put`, as JSON."""
    text = content.decode().strip().removeprefix(_PUT).removesuffix(");")
    _, end = json.JSONDecoder().raw_decode(text)
    return text[end + 1 :]


def _content(file: PlannedFile) -> bytes:
    made = file.make()
    return made if isinstance(made, bytes) else made.read_bytes()


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _attribute(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;")
