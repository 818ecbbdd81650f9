"""A panel of a report as a drawing, and a drawing as a file: by vl-convert, with no browser and no network."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import Final, Literal

from sitegen.data.series import Series
from sitegen.drawings import theme
from sitegen.drawings.aside import drawn_aside
from sitegen.drawings.bars import bars
from sitegen.drawings.causes import causes
from sitegen.drawings.contour import contour
from sitegen.drawings.coordinates import coordinates
from sitegen.drawings.custom import custom, is_vega
from sitegen.drawings.distributions import boxes, histogram
from sitegen.drawings.drawing import Drawing, UndrawableError
from sitegen.drawings.groups import Scene, scene_of
from sitegen.drawings.lines import lines
from sitegen.drawings.points import points
from sitegen.drawings.progress import progress
from sitegen.drawings.scalars import scalars
from sitegen.drawings.subject import Panel
from sitegen.drawings.timeline import timeline
from sitegen.figures import picture
from sitegen.pages.project import place
from sitegen.reports.figures.drawn import Drawn
from sitegen.reports.figures.known import Subject
from sitegen.reports.figures.panels import PanelSpec

Kind = Literal["svg", "pdf", "png"]
WIDTH: Final = 720
"""Pixels of a figure as wide as the text."""

_Draw = Callable[[Scene, Panel], Drawing]
_KINDS: Final[Mapping[str, _Draw]] = {
    "line": lines,
    "bar": bars,
    "scatter": points,
    "box": boxes,
    "histogram": histogram,
    "scalar": scalars,
    "parallel": coordinates,
    "importance": causes,
    "vega": custom,
    "progress": progress,
    "timeline": timeline,
    "contour": contour,
}
_REGROUPS: Final = frozenset({"bar", "scatter", "box", "histogram"})
_ELSEWHERE: Final = {
    "media": "media are files already: they lie beside its page",
    "table": "a logged table is a table: its page offers it as CSV",
    "comparer": "it is a table, which its page offers as CSV",
    "markdown": "it is text",
    "trials": "it is a table, which its page offers as CSV",
}


_CLIP: Final = re.compile(rb'((?:<clipPath id="|clip-path="url\(#)clip)(\d+)')


def drawings(drawn: Drawn, subject: Subject) -> list[Drawing | UndrawableError]:
    """The panels of a figure in their order; in place of one that cannot be drawn, why."""
    scene = scene_of(drawn)
    return [
        UndrawableError(each.mistake) if each.mistake else _drawn(scene, _panel(each, drawn.grid.columns, subject))
        for each in drawn.grid.panels
    ]


def _drawn(scene: Scene, panel: Panel) -> Drawing | UndrawableError:
    draw = _KINDS.get(panel.kind)
    if draw is None:
        return UndrawableError(f"there is no picture of a panel of the kind {panel.kind}: {_ELSEWHERE[panel.kind]}")
    try:
        own = scene.grouped(panel.set.get("group")) if panel.kind in _REGROUPS else scene
        return _titled(draw(own, panel))
    except UndrawableError as error:
        return error


def _titled(drawing: Drawing) -> Drawing:
    """The drawing with its title above it, unless its specification is the report's own."""
    if drawing.is_foreign or not drawing.title:
        return drawing
    ink = theme.inks()
    title = {"text": drawing.title, "anchor": "start", "color": ink["strong"], "font": ink["font"], "fontSize": 13}
    return replace(drawing, spec={**drawing.spec, "title": title})


def _panel(each: PanelSpec, columns: int, subject: Subject) -> Panel:
    width = WIDTH * min(each.width or 1, columns) // columns
    return Panel(each.kind, each.title, each.set, width, each.height, _metrics(subject), _series(subject))


def _metrics(subject: Subject) -> tuple[str, ...]:
    return tuple(sorted(subject.metrics, key=place))


def _series(subject: Subject) -> Callable[[str], Series | None]:
    """The points of a metric over all runs of a project, each read once."""
    everything = range(len(subject.project.runs))
    return cache(lambda key: subject.histories.series(key, everything))


def file_of(drawing: Drawing, kind: Kind) -> bytes:
    """The drawing as a file. Raises `UndrawableError` for a specification that Vega cannot draw."""
    if drawing.is_foreign:
        return drawn_aside(drawing.spec, kind, is_vega=is_vega(drawing.spec))
    try:
        return _numbered(picture(drawing.spec, kind)) if kind == "svg" else picture(drawing.spec, kind)
    except ValueError as error:
        reason = " ".join(str(error).split())[:200]
        raise UndrawableError(f"Vega cannot draw it ({reason}); correct its specification") from None


def _numbered(svg: bytes) -> bytes:
    """The same with its clips counted from 1: Vega counts on from one picture to the next."""
    known: dict[bytes, bytes] = {}
    return _CLIP.sub(lambda found: found[1] + known.setdefault(found[2], b"%d" % (len(known) + 1)), svg)
