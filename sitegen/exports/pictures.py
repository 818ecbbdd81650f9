"""The figures and images of a report as files beside it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sitegen.drawings.drawing import UndrawableError
from sitegen.drawings.panels import Kind, drawings, file_of
from sitegen.exports.panel_media import panel_pictures
from sitegen.exports.panel_tables import panel_table
from sitegen.reports.figures.drawn import Drawn
from sitegen.reports.figures.known import Subject
from sitegen.reports.figures.panels import PanelSpec
from sitegen.reports.report import Report
from sitegen.reports.writing.walking import Pictures as Logged
from sitegen.reports.writing.walking import Shown, is_text

Pictures = Mapping[int, Sequence[Shown]]
_SAFE: Final = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Files:
    """Files by their paths, and for each figure what stands for its panels: a file, a table, or why there is neither;
    "" for one of words."""

    files: Mapping[str, bytes]
    pictures: Pictures

    @property
    def problems(self) -> list[str]:
        """What could not be drawn, in lines."""
        return [
            f"figure {at + 1}: {each}"
            for at, own in self.pictures.items()
            for each in own
            if isinstance(each, Exception)
        ]


def figure_files(report: Report, subjects: Mapping[str, Subject], kind: Kind, folder: str, page: str = "") -> Files:
    """Every figure of a report below a folder, and the images that its text shows. `page` is the address of the
    report's page, "" for one that is nowhere."""
    files = {f"{folder}images/{name}": image.content for name, image in report.images.items()}
    pictures: dict[int, list[Shown]] = {}
    for drawn in report.grids:
        own = pictures.setdefault(drawn.at, [])
        made = _drawn(drawn, subjects[drawn.grid.sets[0].project.name], kind)
        for panel, (path, content) in zip(drawn.grid.panels, made, strict=True):
            if isinstance(content, bytes):
                files[f"{folder}{path}"] = content
                own.append(f"{folder}{path}")
                continue
            logged, shown = _logged(panel, drawn, f"{folder}{path.rpartition('.')[0]}", page)
            files |= logged
            own.append(shown or panel_table(panel, drawn.grid) or ("" if is_text(panel) else _told(content, page)))
    return Files(files, pictures)


def _logged(panel: PanelSpec, drawn: Drawn, path: str, page: str) -> tuple[dict[str, bytes], Logged | None]:
    """The pictures of a panel of media as files whose paths begin with `path`."""
    found, runs = panel_pictures(panel, drawn.grid)
    if not found:
        return {}, None
    named = {f"{path}-{at}.{each.kind}": each for at, each in enumerate(found, 1)}
    more = f"Of {len(found)} of {runs} runs" + (f"; more: {page}" if page else "")
    shown = Logged([(each.run, file) for file, each in named.items()], more if len(found) < runs else "")
    return {file: each.content for file, each in named.items()}, shown


def _told(error: UndrawableError, page: str) -> UndrawableError:
    """Why there is no picture, and where there is more."""
    return UndrawableError(f"{error}: {page}") if page else error


def _drawn(drawn: Drawn, subject: Subject, kind: Kind) -> Iterator[tuple[str, bytes | UndrawableError]]:
    found = drawings(drawn, subject)
    name = safe_name(drawn.grid.head.id) or f"figure-{drawn.at + 1}"
    for at, each in enumerate(found, 1):
        path = f"{name}-{at}.{kind}" if len(found) > 1 else f"{name}.{kind}"
        if isinstance(each, UndrawableError):
            yield path, each
            continue
        try:
            yield path, file_of(each, kind)
        except UndrawableError as error:
            yield path, error


def safe_name(name: str) -> str:
    """A name of anybody's as one of a file that every system and TeX takes."""
    return _SAFE.sub("-", name).strip("-")[:60]
