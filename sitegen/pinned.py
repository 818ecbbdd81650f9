"""Pages of a store as it was at a commit, below a folder of its own: what pinned reports show and link to.

What lies there never changes, so that it is made once and kept. Nothing of it is linked from the pages of today.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from runstore.reading.store import Store
from sitegen import urls
from sitegen.overviews import Overviews
from sitegen.pages.artifacts import ArtifactIndex
from sitegen.pages.context import PageContext
from sitegen.pages.report import Origin
from sitegen.plan import ProjectPlan, Render, SitePlan, plan_site, subjects_of
from sitegen.planned import PlannedFile, fingerprint
from sitegen.reported import ReportPlan, targets_of

DigestOf = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Pin:
    """A commit that reports are pinned to, and the projects that they name. `digest` stays while these are the same."""

    sha: str
    projects: tuple[str, ...]
    release: str

    @property
    def name(self) -> str:
        """What a build remembers its files under."""
        return f"pin:{self.sha}"

    @property
    def base(self) -> str:
        """Where its pages lie."""
        return urls.pinned_dir(self.sha)

    @property
    def digest(self) -> str:
        return fingerprint(self.release, self.sha, self.projects)


def plan_pinned(store: Store, release: str, render: Render) -> SitePlan:
    """The plan of the pages of a store as it was."""
    return plan_site(store, [], release, render)


def over(report: ReportPlan, plan: SitePlan) -> ReportPlan:
    """A report over the projects as they were."""
    subjects = subjects_of(plan.projects)
    artifacts = plan.projects[0].artifacts if plan.projects else ArtifactIndex()
    targets = replace(targets_of(subjects, artifacts), reports=report.targets.reports)
    return replace(report, subjects=subjects, targets=targets)


def without(report: ReportPlan, why: str) -> ReportPlan:
    """A report whose commit cannot be read now: it says why, and is made anew as soon as that is over."""
    told = Origin("Pinned to a commit that cannot be read")
    return replace(report, digest=fingerprint(report.digest, why), origin=told, base="", gone=why)


def pinned_files(pin: Pin, plan: SitePlan, render: Render, digest_of: DigestOf) -> Iterator[PlannedFile]:
    """The files of the projects and of their runs, below the pin's folder."""
    below = _Below(pin.base, render)
    known: DigestOf = lambda path: digest_of(pin.base + path)  # noqa: E731
    for project in plan.projects:
        yield from map(below.file, _histories(project))
        yield from map(below.file, project.files(below.render))
        for sweep in project.sweeps.plans:
            yield from map(below.file, sweep.files(below.render))
        for run in project.runs():
            yield from map(below.file, run.files(below.render, [], known))
    yield from map(below.file, plan.frame)


def _histories(project: ProjectPlan) -> Iterable[PlannedFile]:
    histories = project.histories
    for _, file in histories.files(histories.chunks):
        yield file
    yield from Overviews(histories).files([], lambda _: None)


@dataclass(frozen=True, slots=True)
class _Below:
    """What changes for files that lie deeper than their plans say: their paths, and the way from them to the assets."""

    base: str
    page: Render

    def file(self, planned: PlannedFile) -> PlannedFile:
        return replace(planned, path=self.base + planned.path)

    def render(self, template: str, page: PageContext) -> bytes:
        return self.page(template, replace(page, root=urls.up(self.base) + page.root))
