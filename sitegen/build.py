"""The pipeline: read the store, plan the site, make what changed, write what differs."""

import gc
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from runstore.errors import StoreError
from runstore.reading.problems import Problem
from runstore.reading.revision import store_at
from runstore.reading.store import Store, read_store
from sitegen.assets import AssetSet, load_assets, plotly_version, templates_dir
from sitegen.data.sparkline import Sparkline
from sitegen.extras import News, PublicSite, extra_files
from sitegen.histories import Histories
from sitegen.looks import BuildReport as BuildReport
from sitegen.looks import Look
from sitegen.looks import Progress as Progress
from sitegen.output import Output
from sitegen.overviews import Overviews
from sitegen.pages.context import PageContext
from sitegen.pinned import Pin, over, pinned_files, plan_pinned, without
from sitegen.plan import ProjectPlan, Render, RunPlan, SitePlan, folder_digest, plan_site
from sitegen.planned import PlannedFile, fingerprint
from sitegen.public import public_store
from sitegen.reported import PinnedReports, ReportPlan, unread

if TYPE_CHECKING:
    from sitegen.render import Renderer
    from sitegen.reports.figures.known import Subject
    from sitegen.reports.report import Report

_renderers: dict[str, "Renderer"] = {}


@dataclass(slots=True)
class Kept:
    """What a process keeps between its builds of one store: the store, so that each reads only what changed, and the
    plan of the site."""

    store: Store | None = None
    plan: SitePlan | None = None


def build_site(
    store_root: Path,
    out: Path,
    *,
    progress: Progress | None = None,
    look: Look | None = None,
    kept: Kept | None = None,
    public: PublicSite | None = None,
) -> BuildReport:
    """Compiles the store at `store_root` into `out`, writing only what changed since the last build there.

    `look` is one that was taken just now of these two, `kept` what the last build of this process left. With `public`
    the site is one for the world, without what is to stay in the store; `look` was taken for such a site then. Raises
    `StoreError` in one line when there is no store, when `out` holds something else than a site of ours or cannot be
    written. Whatever is wrong inside the store is in the report, and on the pages.
    """
    if look is None:
        look = Look(store_root, out, public)
        if (done := look.unchanged()) is not None:
            return done
    look.begin()
    kept = Kept() if kept is None else kept
    # What fails leaves nothing behind: a store that was half read again is not the one that it was.
    known, kept.store = kept.store, None
    store = read_store(store_root, known=known)
    # What was read stays until the end: looking through it for garbage, time after time, takes longer than all else.
    gc.freeze()
    try:
        output = Output(out, store.layout)
        shown = store if public is None else public_store(store)
        kept.plan, notes = _write_site(shown, output, progress or (lambda *_: None), public)
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreError(f"{error.filename or out}: cannot write the site ({reason}); choose another -o") from None
    finally:
        gc.unfreeze()
    report = BuildReport(
        out,
        runs=sum(len(project.runs) for project in shown.projects),
        projects=len(shown.projects),
        bytes_read=sum(project.catalog.bytes_read for project in store.projects),
        written=tuple(output.written),
        removed=tuple(output.removed),
        unchanged=output.unchanged,
        problems=(*shown.all_problems(), *notes),
    )
    kept.store = store
    look.note(report, lasting=_is_lasting(store), says_commit=kept.plan.reports.any)
    return report


def _is_lasting(store: Store) -> bool:
    """Whether what was read stays true as long as no file changes: no run lives whose process may end."""
    return all(run.state != "running" for project in store.projects for run in project.runs)


def _write_site(
    store: Store, output: Output, progress: Progress, public: PublicSite | None
) -> tuple[SitePlan, list[Problem]]:
    """Writes what changed; returns the plan, and what could not be drawn."""
    assets = load_assets()
    code = (folder_digest(templates_dir(), "*"), folder_digest(Path(__file__).parent, "*.py"))
    release = fingerprint(assets.digest, plotly_version(), repr(public), *code)
    render = _renderer(assets, release, public)
    sparklines: dict[str, Sparkline | None] = {}
    plan = plan_site(store, list(assets.files.items()), release, render, sparklines)
    output.begin()
    problems: list[Problem] = []
    for number, project in enumerate(plan.projects):
        problems += _put_project(project, output, render, progress)
        remembered = output.notes(project.name)
        sparklines[project.project.name] = Sparkline(*remembered) if len(remembered) == 2 else None
        progress("projects", number + 1, len(plan.projects))
    for report in plan.reports.plans:
        problems += _put_report(report, output, render, public)
    for pinned in plan.reports.pinned:
        problems += _put_pinned(pinned, store, output, render, release, public)
    problems += plan.reports.problems
    if plan.frame:
        output.put("frame", release, plan.frame)
    output.put("front", release, plan.front)
    if public is not None:
        output.put("extras", release, _extras(public, store, plan, output, release, render))
    output.finish()
    return plan, problems


def _put_project(project: ProjectPlan, output: Output, render: Render, progress: Progress) -> list[Problem]:
    """Makes the files of a project that are not as they should be; returns what could not be drawn."""
    _put_histories(project.histories, output)
    if not output.keep(project.name, project.digest):
        noted: list[str] = []
        output.put(project.name, project.digest, project.files(render, noted), noted)
    for sweep in project.sweeps.plans:
        if not output.keep(sweep.name, sweep.digest):
            output.put(sweep.name, sweep.digest, sweep.files(render))
    wrong = [problem for sweep in project.sweeps.plans for problem in sweep.sweep.problems]
    return [*wrong, *(problem for run in project.runs() for problem in _put_run(run, output, render, progress))]


def _put_histories(histories: Histories, output: Output) -> None:
    """Makes the data files of those chunks of a project in which a run changed, and then what its charts show first."""
    stale = []
    for chunk in histories.chunks:
        if output.keep(chunk.name, chunk.digest):
            histories.recall(chunk, output.notes(chunk.name))
        else:
            stale.append(chunk)
    for chunk in stale:
        output.start(chunk.name, chunk.digest)
    if stale:
        for chunk, file in histories.files(stale):
            output.add(chunk.name, file)
    for chunk in stale:
        output.notes(chunk.name).extend(histories.told(chunk))
    overviews = Overviews(histories)
    if output.keep(overviews.name, overviews.digest):
        overviews.recall(output.notes(overviews.name))
    else:
        notes: list[str] = []
        output.put(
            overviews.name, overviews.digest, overviews.files(output.earlier(overviews.name), output.read), notes
        )
        notes.extend(overviews.tell())


def _put_run(run: RunPlan, output: Output, render: Render, progress: Progress) -> list[Problem]:
    """Makes a run's page and the files behind it; returns what of them could not be drawn.

    Those of a run that did not change are not even listed.
    """
    name = f"run:{run.run.project}/{run.run.id}"
    if not output.keep(name, run.digest):
        notes: list[str] = []
        output.put(name, run.digest, run.files(render, notes, output.digest_of), notes)
        progress(run.run.project, run.number + 1, len(run.project.project.runs))
    noted = output.notes(name)
    return run.problems(noted) if noted else []


def _extras(
    public: PublicSite, store: Store, plan: SitePlan, output: Output, release: str, render: Render
) -> Iterator[PlannedFile]:
    """The files beside the pages of a public site; what its feeds tell is asked for where it has an address."""
    told: list[News] = []
    if public.url:
        from sitegen.news import news  # Not at the top: it looks for steps, with a library for that.

        told = news(store, plan.reports)
    return extra_files(public, output.paths(), release, render, store.meta.entity, told)


def _put_report(report: ReportPlan, output: Output, render: Render, public: PublicSite | None) -> list[Problem]:
    """Makes a report's page; returns what is wrong with the report."""
    if not output.keep(report.name, report.digest):
        notes: list[str] = []
        card = _card if public is not None and public.url else _no_card
        output.put(report.name, report.digest, report.files(render, notes, output.digest_of, card), notes)
    return report.problems(output.notes(report.name))


def _no_card(report: "Report", subjects: Mapping[str, "Subject"]) -> None:
    return None


def _card(report: "Report", subjects: Mapping[str, "Subject"]) -> bytes | None:
    from sitegen.cards import card  # Not at the top: what draws is large, and only sites with an address are shared.

    return card(report, subjects)


def _put_pinned(
    pinned: PinnedReports, store: Store, output: Output, render: Render, release: str, public: PublicSite | None
) -> list[Problem]:
    """Makes the pages of a commit and of the reports that are pinned to it; returns what is wrong with the reports."""
    pin = Pin(pinned.commit.sha, pinned.projects, release)
    late = [] if output.keep(pin.name, pin.digest) else [pin.name]
    late += [report.name for report in pinned.plans if not output.keep(report.name, report.digest)]
    if late:
        with ExitStack() as stack:
            try:
                found = stack.enter_context(store_at(store.layout.root, pin.sha, projects=pin.projects))
            except StoreError as error:
                why = unread(store, error)
                return [
                    each
                    for report in pinned.plans
                    for each in _put_report(without(report, why), output, render, public)
                ]
            shown = found.store if store.disclosure.is_whole else public_store(found.store, store)
            plan = plan_pinned(shown, release, render)
            if pin.name in late:
                output.put(pin.name, pin.digest, pinned_files(pin, plan, render, output.digest_of))
            for report in pinned.plans:
                if report.name in late:
                    _put_report(over(report, plan), output, render, public)
    return [problem for report in pinned.plans for problem in report.problems(output.notes(report.name))]


def _renderer(assets: AssetSet, release: str, public: PublicSite | None) -> Render:
    """Renders a page; Jinja2 is loaded with the first one, since a build that changes nothing renders none.

    What it compiled is kept for the process's next build.
    """

    def render(template: str, page: PageContext) -> bytes:
        if release not in _renderers:
            from sitegen.render import Renderer

            _renderers.clear()
            _renderers[release] = Renderer(templates_dir(), assets, public)
        return _renderers[release].render(template, page)

    return render
