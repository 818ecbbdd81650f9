"""Where in the store stands what was found in the site: a page is made from files, and those are what a person mends.

Only what a finding tells of is looked for, and only once there is one: most publications read nothing here.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from runstore.reading.store import Project, Store
from sitegen import urls
from sitegen.publishing.secrets import Finding
from sitegen.reported import read_reports
from sitegen.tree import folders

MOST_READ: Final = 1 << 30
"""So many bytes of the store are looked through for all findings together."""
_LARGEST: Final = 64 << 20
"""So many bytes of one file."""


def placed(findings: Iterable[Finding], store: Store) -> list[Finding]:
    """The findings, each with the file and line of the store at which its secret stands, where that is found."""
    found = list(findings)
    if not found:
        return []
    search = _Search(store)
    return [replace(each, source=search.source(each.file, each.secret)) for each in found]


@dataclass
class _Search:
    """A search through a store, which remembers what it was asked for."""

    store: Store
    left: int = MOST_READ
    known: dict[tuple[Path, str], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._projects = {urls.project_dir(project.name): project for project in self.store.projects}
        self._reports = {urls.report_dir(file.project, file.slug): file.path for file in read_reports(self.store).files}

    def source(self, page: str, secret: str) -> str:
        """Where a secret stands that is in a file of the site; "" where it is not found as it is there."""
        return next(filter(None, (self._at(place, secret) for place in self._places(page))), "")

    def _places(self, page: str) -> Iterator[Path]:
        """What a file of the site is made from, first the least of it: a run or a report, its project, the store."""
        folder, *below = page.split("/")
        report = "/".join(page.split("/")[: 2 if folder == urls.REPORTS else 3])
        if report in self._reports:
            yield self._reports[report]
        if folder in self._projects:
            yield from _of_project(self._projects[folder], below)
        yield self.store.layout.root

    def _at(self, place: Path, secret: str) -> str:
        if (place, secret) not in self.known:
            self.known[place, secret] = next(self._lines(place, secret.encode()), "")
        return self.known[place, secret]

    def _lines(self, place: Path, secret: bytes) -> Iterator[str]:
        for path in _files(place):
            content = self._read(path)
            if (at := content.find(secret)) >= 0:
                line = content.count(b"\n", 0, at) + 1
                yield f"{self.store.relative(path)}, line {line}"

    def _read(self, path: Path) -> bytes:
        """The beginning of a file; nothing of one that cannot be read: it made no page either."""
        try:
            with open(path, "rb") as file:
                content = file.read(min(_LARGEST, self.left))
        except OSError:
            return b""
        self.left -= len(content)
        return content


def _of_project(project: Project, below: list[str]) -> Iterator[Path]:
    own: Mapping[str, Path] = {run.id: run.layout.path for run in project.runs}
    if below[:1] == ["runs"] and len(below) > 1 and below[1] in own:
        yield own[below[1]]
    yield project.layout.path


def _files(place: Path) -> Iterator[Path]:
    """A file, or those in a folder but for caches; none behind a link."""
    if not place.is_dir():
        yield place
        return
    try:
        for _, _, files in folders(os.fspath(place), _is_cache):
            yield from (Path(entry.path) for entry in files if entry.is_file(follow_symlinks=False))
    except OSError:
        return


def _is_cache(folder: str) -> bool:
    return folder.rpartition("/")[2].startswith(".")
