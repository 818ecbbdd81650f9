"""The figures and images of a report as files beside it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sitegen.drawings.drawing import UndrawableError
from sitegen.drawings.panels import Kind, drawings, file_of
from sitegen.reports.figures.drawn import Drawn
from sitegen.reports.figures.known import Subject
from sitegen.reports.report import Report

Pictures = Mapping[int, Sequence[str | Exception]]
_SAFE: Final = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Files:
    """Files by their paths, and for each figure those of its panels, or why a panel has none."""

    files: Mapping[str, bytes]
    pictures: Pictures

    @property
    def problems(self) -> list[str]:
        """What could not be drawn, in lines."""
        return [
            f"figure {at + 1}: {each}" for at, own in self.pictures.items() for each in own if not isinstance(each, str)
        ]


def figure_files(report: Report, subjects: Mapping[str, Subject], kind: Kind, folder: str) -> Files:
    """Every figure of a report below a folder, and the images that its text shows."""
    files = {f"{folder}images/{name}": image.content for name, image in report.images.items()}
    pictures: dict[int, list[str | Exception]] = {}
    for drawn in report.grids:
        own = pictures.setdefault(drawn.at, [])
        for path, made in _drawn(drawn, subjects[drawn.grid.sets[0].project.name], kind):
            if isinstance(made, bytes):
                files[f"{folder}{path}"] = made
            own.append(f"{folder}{path}" if isinstance(made, bytes) else made)
    return Files(files, pictures)


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
