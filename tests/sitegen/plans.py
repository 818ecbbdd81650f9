"""A store's plan with contexts in place of HTML: what each page would show, and every file of the site."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runstore.reading.problems import Problem
from runstore.reading.store import read_store
from sitegen.overviews import Overviews
from sitegen.pages.context import PageContext
from sitegen.plan import plan_site
from sitegen.planned import PlannedFile


@dataclass
class PlannedSite:
    """Every planned file by path, made: `pages` as contexts, `files` as bytes or what is copied."""

    digests: dict[str, str] = field(default_factory=dict)
    pages: dict[str, Any] = field(default_factory=dict)
    files: dict[str, bytes | Path] = field(default_factory=dict)
    projects: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def content(self, path: str) -> bytes | None:
        """Of an earlier site: there is none."""
        return None


def plan(root: Path, *, now: float | None = None, release: str = "1") -> PlannedSite:
    """Plans and makes the site of the store at `root`."""
    site = PlannedSite()
    rendered: list[PageContext] = []

    def render(template: str, page: PageContext) -> bytes:
        rendered.append(page)
        return f"{template} {page!r}".encode()

    def make(file: PlannedFile) -> None:
        assert file.path not in site.files
        count = len(rendered)
        site.digests[file.path] = file.digest
        site.files[file.path] = file.make()
        if len(rendered) > count:
            site.pages[file.path] = rendered[-1]

    planned = plan_site(read_store(root, now=now), [("site.css", b"body {}")], release, render)
    for file in (*planned.front, *planned.frame):
        make(file)
    for project in planned.projects:
        site.projects[project.project.name] = project.digest
        for _, file in project.histories.files(project.histories.chunks):
            make(file)
        for file in Overviews(project.histories).files([], site.content):
            make(file)
        for file in project.files(render):
            make(file)
        for sweep in project.sweeps.plans:
            for file in sweep.files(render):
                make(file)
        for run in project.runs():
            notes: list[str] = []
            for file in run.files(render, notes):
                make(file)
            site.problems += run.problems(notes)
    return site
