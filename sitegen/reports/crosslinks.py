"""Cross-links of a report: to runs by id or name, to sweeps, artifacts and other reports, and to projects."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from runstore.reading.store import Project
from sitegen import urls
from sitegen.data.sweeps import Sweep
from sitegen.pages.artifacts import ArtifactIndex
from sitegen.reports.files import ReportFile
from sitegen.reports.runsets import find_run
from sitegen.reports.text.scope import Link

_PLACES: Final = ("sweeps", "reports", "artifacts")


@dataclass(frozen=True)
class Targets:
    """What reports may speak of beside runs, by project: `sweeps` by id, `artifacts`, and every report of the store by
    project and name."""

    projects: Mapping[str, Project]
    sweeps: Mapping[str, Mapping[str, Sweep]]
    artifacts: ArtifactIndex
    reports: Mapping[tuple[str, str], ReportFile]


@dataclass(frozen=True)
class CrossLinks:
    """The links of one report, whose page is at `page`; names without a project are of `usual`, "" for none. What it
    speaks of lies below `base`, reports below `site`, "" for the top of what its page is in."""

    targets: Targets
    usual: str
    page: str
    base: str = ""
    site: str = ""

    def find(self, name: str) -> Link | None:
        """What a name in double brackets means; None for nothing.

        A run's id or name, or `sweeps/id`, `reports/name`, `artifacts/name`; of another project behind its name and a
        slash; a project's name.
        """
        for project, rest in self._readings(name):
            found = self._inside(project, rest)
            if found:
                text, path = found
                return Link(text, urls.href(path, urls.up(self.page)))
        return None

    def _readings(self, name: str) -> list[tuple[str, str]]:
        """The projects that a name may speak of, each with what is left of it."""
        head, slash, rest = name.partition("/")
        readings = [(self.usual, name)]
        if head in self.targets.projects:
            readings.append((head, rest if slash else ""))
        return readings

    def _inside(self, project: str, name: str) -> tuple[str, str] | None:
        """Text and file of a page of a project."""
        place, _, rest = name.partition("/")
        if place in _PLACES and rest:
            return self._beside(project, place, rest)
        if project not in self.targets.projects:
            return None
        known = self.targets.projects[project]
        if not name:
            return known.meta.title or project, self.base + urls.project_page(project)
        run = find_run(name.removeprefix("runs/"), known.runs)
        return (run.name, self.base + urls.run_page(project, run.id)) if run else None

    def _beside(self, project: str, place: str, name: str) -> tuple[str, str] | None:
        if place == "sweeps":
            sweep = self.targets.sweeps.get(project, {}).get(name)
            return (sweep.name, self.base + urls.sweep_page(project, sweep.slug)) if sweep else None
        if place == "artifacts":
            slug = self.targets.artifacts.slugs.get(project, {}).get(name)
            return (name, self.base + urls.artifact_page(project, slug)) if slug else None
        report = self.targets.reports.get((project, name)) or self.targets.reports.get(("", name))
        return (report.title, self.site + urls.report_page(report.project, report.slug)) if report else None
