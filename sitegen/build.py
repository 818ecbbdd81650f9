"""The pipeline: read the store, plan the site, make what changed, write what differs."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from runstore.errors import StoreError
from runstore.reading.store import Problem, Store, read_store
from sitegen import urls
from sitegen.assets import AssetSet, load_assets, plotly_version, templates_dir
from sitegen.data.sparkline import Sparkline
from sitegen.output import Output
from sitegen.pages.context import PageContext
from sitegen.plan import PlannedFile, ProjectPlan, RunPlan, fingerprint, folder_digest, plan_site

if TYPE_CHECKING:
    from sitegen.render import Renderer

_renderers: dict[str, "Renderer"] = {}

Progress = Callable[[str, int, int], None]
"""Called with what is being made, and how much of it is done, of how much."""


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did. `written` and `removed` are paths relative to the site `out`; `bytes_read` is of histories."""

    out: Path
    runs: int
    projects: int
    bytes_read: int
    written: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: int
    problems: tuple[Problem, ...]

    @property
    def index(self) -> Path:
        return self.out / urls.index_page()


def build_site(store_root: Path, out: Path, *, progress: Progress | None = None) -> BuildReport:
    """Compiles the store at `store_root` into `out`, writing only what changed since the last build there.

    Raises `StoreError` in one line when there is no store, when `out` holds something else than a site of ours or
    cannot be written. Whatever is wrong inside the store is in the report, and on the pages.
    """
    store = read_store(store_root)
    try:
        output = Output(out, store.layout)
        notes = _write_site(store, output, progress or (lambda *_: None))
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreError(f"{error.filename or out}: cannot write the site ({reason}); choose another -o") from None
    return BuildReport(
        out,
        runs=sum(len(project.runs) for project in store.projects),
        projects=len(store.projects),
        bytes_read=sum(project.catalog.bytes_read for project in store.projects),
        written=tuple(output.written),
        removed=tuple(output.removed),
        unchanged=output.unchanged,
        problems=(*store.all_problems(), *notes),
    )


def _write_site(store: Store, output: Output, progress: Progress) -> list[Problem]:
    """Writes what changed; returns what could not be drawn."""
    assets = load_assets()
    code = (folder_digest(templates_dir(), "*"), folder_digest(Path(__file__).parent, "*.py"))
    release = fingerprint(assets.digest, plotly_version(), *code)
    render = _renderer(assets, release)
    sparklines: dict[str, Sparkline | None] = {}
    plan = plan_site(store, list(assets.files.items()), release, render, sparklines)
    problems: list[Problem] = []
    output.begin()
    for number, project in enumerate(plan.projects):
        name = f"project:{project.project.name}"
        if not output.keep(name, project.digest):
            noted: list[str] = []
            output.put(name, project.digest, _counted(project, render, progress, noted), noted)
        remembered = output.notes(name)
        sparklines[project.project.name] = Sparkline(*remembered) if len(remembered) == 2 else None
        for run in project.runs:
            problems.extend(_put_run(run, output))
        progress("projects", number + 1, len(plan.projects))
    if plan.frame:
        output.put("frame", release, plan.frame)
    output.put("front", release, plan.front)
    output.finish()
    return problems


def _put_run(run: RunPlan, output: Output) -> list[Problem]:
    """Makes the files behind a run's page; returns what of them could not be drawn.

    Those of a run that did not change are not even listed.
    """
    name = f"run:{run.run.project}/{run.run.id}"
    if not output.keep(name, run.digest):
        notes: list[str] = []
        output.put(name, run.digest, run.files(notes), notes)
    return run.problems(output.notes(name))


def _renderer(assets: AssetSet, release: str) -> Callable[[str, PageContext], bytes]:
    """Renders a page; Jinja2 is loaded with the first one, since a build that changes nothing renders none.

    What it compiled is kept for the process's next build.
    """

    def render(template: str, page: PageContext) -> bytes:
        if release not in _renderers:
            from sitegen.render import Renderer

            _renderers.clear()
            _renderers[release] = Renderer(templates_dir(), assets)
        return _renderers[release].render(template, page)

    return render


def _counted(
    plan: ProjectPlan, render: Callable[[str, PageContext], bytes], progress: Progress, notes: list[str]
) -> Iterable[PlannedFile]:
    """The files of a project, the pages among them told as progress; `notes` fills as `files` says."""
    pages, total = 0, len(plan.project.runs)
    for file in plan.files(render, notes):
        if file.path.endswith("/index.html"):
            pages += 1
            progress(plan.project.name, min(pages, total), total)
        yield file
