"""The pipeline: read the store, plan the site, make what changed, write what differs."""

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from runstore.errors import StoreError
from runstore.reading.problems import Problem
from runstore.reading.revision import store_at
from runstore.reading.store import Store, read_store
from sitegen.compiling import Wanted
from sitegen.data.sparkline import Sparkline
from sitegen.executors import Workers
from sitegen.extras import News, PublicSite, extra_files
from sitegen.histories import Chunk, Histories
from sitegen.looks import BuildReport as BuildReport
from sitegen.looks import Look
from sitegen.looks import Progress as Progress
from sitegen.output import Output
from sitegen.overviews import Overviews
from sitegen.pinned import Pin, over, pinned_files, plan_pinned, without
from sitegen.plan import ProjectPlan, Render, RunPlan, SitePlan, plan_site
from sitegen.planned import PlannedFile
from sitegen.public import public_store
from sitegen.releases import load_release
from sitegen.reported import PinnedReports, ReportPlan, unread
from sitegen.spreading import Spread, put_histories, put_projects

if TYPE_CHECKING:
    from sitegen.reports.figures.known import Subject
    from sitegen.reports.report import Report


_MOST_BYTES: Final = 500_000_000
"""Of files of runs whose rows are in memory at a time."""


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
    workers: Workers | None = None,
) -> BuildReport:
    """Compiles the store at `store_root` into `out`, writing only what changed since the last build there.

    `look` is one that was taken just now of these two, `kept` what the last build of this process left. With `public`
    the site is one for the world, without what is to stay in the store; `look` was taken for such a site then. With
    `workers` they compile its parts, and the site is the same. Raises `StoreError` in one line when there is no store,
    when `out` holds something else than a site of ours or cannot be written. Whatever is wrong inside the store is in
    the report, and on the pages.
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
        told = progress or (lambda *_: None)
        kept.plan, notes, remarks = _write_site(shown, output, told, public, workers)
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreError(f"{error.filename or out}: cannot write the site ({reason}); choose another -o") from None
    finally:
        gc.unfreeze()
    report = _report(output, store, shown, notes, remarks)
    kept.store = store
    look.note(report, lasting=_is_lasting(store), says_commit=kept.plan.reports.any)
    return report


def _report(
    output: Output, store: Store, shown: Store, notes: Sequence[Problem], remarks: tuple[str, ...]
) -> BuildReport:
    """What was done to make pages of what is `shown` of a store."""
    return BuildReport(
        output.path,
        runs=sum(len(project.runs) for project in shown.projects),
        projects=len(shown.projects),
        bytes_read=sum(project.catalog.bytes_read for project in store.projects),
        written=tuple(output.written),
        removed=tuple(output.removed),
        unchanged=output.unchanged,
        problems=(*shown.all_problems(), *notes),
        remarks=remarks,
    )


def _is_lasting(store: Store) -> bool:
    """Whether what was read stays true as long as no file changes: no run lives whose process may end."""
    return all(run.state != "running" for project in store.projects for run in project.runs)


def _write_site(
    store: Store, output: Output, progress: Progress, public: PublicSite | None, workers: Workers | None
) -> tuple[SitePlan, list[Problem], tuple[str, ...]]:
    """Writes what changed; returns the plan, what could not be drawn, and what workers could not do."""
    found = load_release(public)
    release, render = found.name, found.render
    sparklines: dict[str, Sparkline | None] = {}
    plan = plan_site(store, list(found.assets.files.items()), release, render, sparklines)
    output.begin()
    spread = None if workers is None else Spread.over(workers, store.layout.root, public, release)
    if spread is not None:
        problems = _spread_projects(plan, output, render, progress, spread)
    else:
        problems = _put_projects(plan, output, render, progress)
    for project in plan.projects:
        remembered = output.notes(project.name)
        sparklines[project.project.name] = Sparkline(*remembered) if len(remembered) == 2 else None
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
    return plan, problems, () if spread is None else tuple(spread.remarks)


def _put_projects(plan: SitePlan, output: Output, render: Render, progress: Progress) -> list[Problem]:
    problems: list[Problem] = []
    for number, project in enumerate(plan.projects):
        problems += _put_project(project, output, render, progress)
        progress("projects", number + 1, len(plan.projects))
    return problems


def _spread_projects(
    plan: SitePlan, output: Output, render: Render, progress: Progress, spread: Spread
) -> list[Problem]:
    """The same by workers: the data of all projects first, then the pages that name them."""

    def here(project: ProjectPlan, wanted: Wanted) -> None:
        _put_here(project, wanted, output, render)

    put_histories(plan.projects, output, spread, here)
    for project in plan.projects:
        _put_overviews(project.histories, output)
    return put_projects(plan.projects, output, spread, here, progress)


def _put_here(project: ProjectPlan, wanted: Wanted, output: Output, render: Render) -> None:
    """Makes a part that no worker made."""
    for chunk in project.histories.chunks:
        if chunk.name == wanted.name:
            _put_chunks([chunk], project.histories, output)
    for sweep in project.sweeps.plans:
        if sweep.name == wanted.name:
            output.put(sweep.name, sweep.digest, sweep.files(render))
    if project.name == wanted.name:
        _put_pages(project, output, render)
    elif wanted.name.startswith("run:"):
        run = project.run(int(wanted.key))
        notes: list[str] = []
        output.put(run.name, run.digest, run.files(render, notes, output.digest_of), notes)


def _put_project(project: ProjectPlan, output: Output, render: Render, progress: Progress) -> list[Problem]:
    """Makes the files of a project that are not as they should be; returns what could not be drawn."""
    _put_histories(project.histories, output)
    if not output.keep(project.name, project.digest):
        _put_pages(project, output, render)
    for sweep in project.sweeps.plans:
        if not output.keep(sweep.name, sweep.digest):
            output.put(sweep.name, sweep.digest, sweep.files(render))
    wrong = [problem for sweep in project.sweeps.plans for problem in sweep.sweep.problems]
    return [*wrong, *(problem for run in project.runs() for problem in _put_run(run, output, render, progress))]


def _put_pages(project: ProjectPlan, output: Output, render: Render) -> None:
    """Makes the pages of a project itself; the front page's picture is noted on the way."""
    noted: list[str] = []
    output.put(project.name, project.digest, project.files(render, noted), noted)


def _put_histories(histories: Histories, output: Output) -> None:
    """Makes the data files of those chunks of a project in which a run changed, and then what its charts show first."""
    stale = []
    for chunk in histories.chunks:
        if output.keep(chunk.name, chunk.digest):
            histories.recall(chunk, output.notes(chunk.name))
        else:
            stale.append(chunk)
    _put_chunks(stale, histories, output)
    _put_overviews(histories, output)


def _put_chunks(stale: Sequence[Chunk], histories: Histories, output: Output) -> None:
    """Makes the data files of some chunks. Rows are read together as far as memory is not felt."""
    for together in _batches(stale, histories):
        for chunk in together:
            output.start(chunk.name, chunk.digest)
        for chunk, file in histories.files(together):
            output.add(chunk.name, file)
        for chunk in together:
            output.notes(chunk.name).extend(histories.told(chunk))


def _batches(chunks: Sequence[Chunk], histories: Histories) -> Iterator[list[Chunk]]:
    """The chunks by turns whose runs have not too many bytes together; one that alone has too many is by itself."""
    batch: list[Chunk] = []
    size = 0
    for chunk in chunks:
        own = sum(sum(histories.project.runs[run].files.values()) for run in chunk.runs)
        if batch and size + own > _MOST_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(chunk)
        size += own
    if batch:
        yield batch


def _put_overviews(histories: Histories, output: Output) -> None:
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
    if not output.keep(run.name, run.digest):
        notes: list[str] = []
        output.put(run.name, run.digest, run.files(render, notes, output.digest_of), notes)
        progress(run.run.project, run.number + 1, len(run.project.project.runs))
    noted = output.notes(run.name)
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
