"""The data files that the panels of a report load, as a page carries them that is one file: by what they show alone.

Images, sound and film become data files of their bytes. What only a frame with scripts of its own can show is left out.
"""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sitegen import urls
from sitegen.data.attached import FRAMED
from sitegen.data.stubs import MAX_BYTES
from sitegen.media_types import type_of
from sitegen.overviews import Overviews
from sitegen.plan import ProjectPlan, Render, RunPlan
from sitegen.planned import PlannedFile
from sitegen.reports.figures.drawn import Drawn

LOGGED: Final[Mapping[str, str]] = {"media": "media", "table": "tables"}
"""The kinds of panels that show what was logged beside numbers, and the place where runs list it."""
_OF_ALL: Final = frozenset({"importance", "comparer", "parallel"})
_IN_FRAMES: Final = frozenset(each.removesuffix("-file") for each in FRAMED)
_PANELS: Final = "panels.js"
_PUT: Final = "runstore.put("


@dataclass(frozen=True, slots=True)
class Carried:
    """A data file: its path on the site, what it hands to the page, as JSON, and of what it is, in words."""

    path: str
    payload: str = field(repr=False)
    about: str


def of_report(folder: str, files: Mapping[str, bytes]) -> Iterator[Carried]:
    """The data files among those of a report whose page lies in `folder`."""
    for path, content in files.items():
        if path.startswith(f"{folder}data/"):
            yield Carried(path, payload(content), "its own curves")


def of_project(project: ProjectPlan, grids: Sequence[Drawn], render: Render) -> Iterator[Carried]:
    """The data files of a project that the panels of some figures may load."""
    about = f"the numbers of {project.project.name}"
    for path, text in _numbers(project, grids, render):
        yield Carried(path, text, about)
    showing = [drawn for drawn in grids if _kinds(drawn) & LOGGED.keys()]
    shown = {run.id for drawn in showing for each in drawn.grid.sets for run in each.runs}
    keys = _keys(grids)
    for plan in project.runs():
        if plan.run.id in shown:
            folder = f"{urls.run_dir(plan.run.project, plan.run.id)}/"
            for path, text in _of_run(plan, folder, keys, render):
                yield Carried(folder + path, text, f"the media and tables of run {plan.run.id}")


def payload(content: bytes) -> str:
    """What a data file hands to `runstore.put`, as JSON."""
    text = content.decode().strip().removeprefix(_PUT).removesuffix(");")
    _, end = json.JSONDecoder().raw_decode(text)
    return text[end + 1 :]


def content_of(file: PlannedFile) -> bytes:
    made = file.make()
    return made if isinstance(made, bytes) else made.read_bytes()


# Numbers


def _numbers(project: ProjectPlan, grids: Sequence[Drawn], render: Render) -> Iterator[tuple[str, str]]:
    histories = {file.path: file for file in _histories(project)}
    files = {file.path: file for file in project.files(render) if file.path.endswith(".js")}
    runs_path = urls.data_file(project.project.name, "runs")
    runs = payload(content_of(files[runs_path]))
    yield runs_path, runs
    for name in _wanted(json.loads(runs), grids):
        path = urls.data_file(project.project.name, name)
        found = files.get(path) or histories.get(path)
        if found is not None:
            yield path, payload(content_of(found))
    for sweep in project.sweeps.plans:
        if any(drawn.grid.sweep is not None and drawn.grid.sweep.id == sweep.sweep.id for drawn in grids):
            data = next(file for file in sweep.files(render) if file.path.endswith(".js"))
            yield data.path, payload(content_of(data))


def _histories(project: ProjectPlan) -> Iterator[PlannedFile]:
    histories = project.histories
    for _, file in histories.files(histories.chunks):
        yield file
    yield from Overviews(histories).files([], lambda _: None)


def _kinds(drawn: Drawn) -> set[str]:
    return {panel.kind for panel in drawn.grid.panels}


def _wanted(runs: Mapping[str, Any], grids: Sequence[Drawn]) -> list[str]:
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
    for metric in [*runs["metrics"], *runs["hidden"]]:
        if everything or json.dumps(metric["key"])[1:-1] in said:
            names += [
                metric["overview"],
                *(part.get(key) for part in metric["parts"] for key in ("name", "times", "fine")),
            ]
    if kinds & LOGGED.keys() and runs.get("logged"):
        names.append(runs["logged"]["name"])
    return list(dict.fromkeys(name for name in names if name))


# What runs logged beside numbers


def _keys(grids: Iterable[Drawn]) -> set[tuple[str, str]]:
    """The place and the key of everything that panels show of what was logged: readers cannot choose another."""
    panels = (panel for drawn in grids for panel in drawn.grid.panels)
    return {(LOGGED[panel.kind], str(panel.set.get("key"))) for panel in panels if panel.kind in LOGGED}


def _of_run(plan: RunPlan, folder: str, keys: set[tuple[str, str]], render: Render) -> Iterator[tuple[str, str]]:
    """The files of a run's folder behind its panels of some keys."""
    files = {file.path.removeprefix(folder): file for file in plan.files(render, [])}
    if _PANELS not in files:
        return
    heads = payload(content_of(files[_PANELS]))
    yield _PANELS, heads
    left = [head["url"] for head in json.loads(heads) if (head["place"], head["key"]) in keys]
    media = _Media({path: file for path, file in files.items() if path.startswith("media/")}, left)
    yield from media.taken()


@dataclass(slots=True)
class _Media:
    """The files behind the panels of a run by their paths in its folder, and those that are `left` to be taken."""

    files: Mapping[str, PlannedFile]
    left: list[str]

    def taken(self) -> Iterator[tuple[str, str]]:
        """Each file that is left, and each that one of them leads to, once."""
        done: set[str] = set()
        while self.left:
            path = self.left.pop()
            if path in self.files and path not in done:
                done.add(path)
                yield path, self._text(path)

    def _text(self, path: str) -> str:
        content = content_of(self.files[path])
        if type_of(path):
            return json.dumps(base64.b64encode(content).decode())
        text = payload(content)
        # A text by itself is the bytes of a file.
        return text if text.startswith('"') else json.dumps(self._alone(json.loads(text)), ensure_ascii=False)

    def _alone(self, node: Any) -> Any:
        """A part of a panel's data as a page takes it that is one file; the files that it leads to are `left`."""
        if isinstance(node, list):
            return [self._alone(each) for each in node]
        if not isinstance(node, dict):
            return node
        framed = node.get("kind") in _IN_FRAMES
        made = {key: self._alone(each) for key, each in node.items() if not (framed and key == "bytes")}
        if isinstance(made.get("url"), str):
            self.left.append(made["url"])
        source = made.get("src")
        if isinstance(source, str) and source in self.files and (kind := type_of(source)):
            del made["src"]
            if self._size(source) <= MAX_BYTES:
                self.left.append(source)
                made |= {"bytes": {"name": f"file {source}", "url": source}, "mime": kind}
        return made

    def _size(self, path: str) -> int:
        made = self.files[path].make()
        return made.stat().st_size if isinstance(made, Path) else len(made)
