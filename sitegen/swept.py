"""The files of a sweep's page: made again when its records or its runs changed, whatever else did in its project."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

from runstore.reading.store import Project, RunRecord
from sitegen import urls
from sitegen.data.shards import shard
from sitegen.data.sweeps import Sweep, project_sweeps, sweep_ids
from sitegen.documents.sweeps import sweep_document
from sitegen.pages.context import PageContext
from sitegen.pages.run import SweepLink
from sitegen.pages.sweep import sweep_page, sweep_payload, told
from sitegen.planned import PlannedFile, fingerprint


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """The page of a sweep, and the file with its trials; `digest` stays while none of it changes."""

    sweep: Sweep
    digest: str

    @property
    def name(self) -> str:
        """What a build remembers its files under."""
        return f"sweep:{self.sweep.project.name}/{self.sweep.id}"

    def files(self, render: Callable[[str, PageContext], bytes]) -> Iterator[PlannedFile]:
        sweep = self.sweep
        known = cache(lambda: told(sweep))
        trials = cache(lambda: shard("sweep", sweep_payload(known())))
        folder = urls.sweep_dir(sweep.project.name, sweep.slug)
        yield PlannedFile(f"{folder}/sweep.js", self.digest, trials)

        def page() -> bytes:
            return render("sweep.html.jinja", sweep_page(known(), urls.versioned("sweep.js", trials())))

        yield PlannedFile(f"{folder}/index.html", self.digest, page)
        beside = urls.document(urls.sweep_page(sweep.project.name, sweep.slug))
        yield PlannedFile(beside, self.digest, lambda: sweep_document(known()))


@dataclass(frozen=True, slots=True)
class Sweeps:
    """The sweeps of a project. `state` changes when one comes, goes, gets a run or another name."""

    plans: tuple[SweepPlan, ...]
    state: str
    by_id: Mapping[str, Sweep] = field(repr=False)

    def links(self) -> list[tuple[str, str, int]]:
        """Name, page below the project's and number of runs of each; its id too, where it has another name."""
        sweeps = [plan.sweep for plan in self.plans]
        names = [sweep.name if sweep.name == sweep.id else f"{sweep.name} ({sweep.id})" for sweep in sweeps]
        pages = [urls.href(f"sweeps/{sweep.slug}/index.html") for sweep in sweeps]
        return [(name, page, len(sweep.runs)) for name, page, sweep in zip(names, pages, sweeps, strict=True)]

    def link(self, run: RunRecord) -> SweepLink | None:
        """The page of a run's sweep; None for a run of none."""
        if (sweep := self.by_id.get(run.meta.sweep)) is None:
            return None
        return SweepLink(urls.sweep_page(run.project, sweep.slug), sweep.numbers.get(run.id))


def plan_sweeps(project: Project, release: str) -> Sweeps:
    """Plans the sweeps' pages of a project."""
    sweeps = project_sweeps(project, urls.slugs(sweep_ids(project)))
    plans = tuple(SweepPlan(sweep, _digest(sweep, release)) for sweep in sweeps)
    state = fingerprint([(sweep.id, sweep.name, len(sweep.runs)) for sweep in sweeps]) if sweeps else ""
    return Sweeps(plans, state, {sweep.id: sweep for sweep in sweeps})


def _digest(sweep: Sweep, release: str) -> str:
    runs = [(run.id, run.digest) for run in sweep.runs]
    project = sweep.project
    return fingerprint(release, project.meta.title, project.disclosure.digest, sweep.slug, sweep.stamp, runs)
