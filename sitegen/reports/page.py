"""What the page of a report is made of: its context, and the files that it loads beside those of its projects."""

import os
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from sitegen import urls
from sitegen.pages.context import Crumb
from sitegen.pages.report import ClaimRow, MistakeRow, Origin, ReportHeading, ReportPage
from sitegen.planned import fingerprint
from sitegen.reports.figures.known import Subject

if TYPE_CHECKING:
    from sitegen.reports.report import Claim, Report

Known = Callable[[str], str | None]
"""Gives the SHA-256 of a file of the site by its path, None where there is none."""

_DEEPEST: Final = 3
_STATES: Final = {"holds": "holds", "fails": "does not hold", "unknown": "not checked"}


def curve_files(
    report: "Report", subjects: Mapping[str, Subject], payload: dict[str, Any]
) -> Iterator[tuple[str, bytes]]:
    """The files of what line charts show first, each once, by their names in `data/`; the payload is told of them."""
    from sitegen.reports.figures.curves import curves

    made: set[str] = set()
    for drawn, told in zip(report.grids, payload["grids"], strict=True):
        histories = subjects[drawn.grid.sets[0].project.name].histories
        for panel, shown in zip(drawn.grid.panels, told["panels"], strict=True):
            for key, name, content, group in curves(drawn.grid, panel, histories):
                file = f"{report.file.own}data/{name}.js"
                shown["set"].setdefault("overviews", {})[key] = {"name": name, "group": group, "file": file}
                if name not in made:
                    made.add(name)
                    yield name, content


def versioned_payload(payload: dict[str, Any] | None, folder: str, known: Known) -> dict[str, Any] | None:
    """The payload whose addresses change with the files that they lead to."""
    if payload is None:
        return None

    def address(link: str) -> str:
        path = os.path.normpath(os.path.join(folder, link))
        digest = known(path.replace(os.sep, "/"))
        return f"{link}?v={digest[:8]}" if digest else link

    projects = [{**each, "runs": address(each["runs"])} for each in payload["projects"]]
    sweeps = [{**each, "data": address(each["data"])} for each in payload["sweeps"]]
    return {**payload, "projects": projects, "sweeps": sweeps}


def figure_spec(report: "Report", at: int) -> dict[str, Any]:
    """What a figure is made from: its block, and the runs by id."""
    drawn = report.grids[at]
    grid = drawn.grid
    return {
        "report": report.file.key,
        "figure": drawn.number,
        "id": grid.head.id or None,
        "caption": grid.head.caption or None,
        "project": grid.sets[0].project.name,
        "sweep": grid.sweep.id if grid.sweep else None,
        "runs": {each.name: [run.id for run in each.runs] for each in grid.sets},
        "group": list(grid.sets[0].group),
        "order": grid.sets[0].order or None,
        "panels": [{"type": panel.kind, **panel.set} for panel in grid.panels],
        "source": grid.source,
    }


def report_page(report: "Report", data: str | None, origin: Origin, *, has_card: bool = False) -> ReportPage:
    """The page; `data` leads to what its panels draw, `has_card` says that a picture of it lies beside it."""
    file, front = report.file, report.file.front
    path = urls.report_page(file.project, file.slug)
    root = urls.up(path)
    crumbs: tuple[Crumb, ...] = ((file.title, None),)
    if file.project:
        crumbs = ((file.project, urls.href(urls.project_page(file.project), root)), *crumbs)
    claims = tuple(map(_claim_row, report.claims))
    return ReportPage(
        title=file.title,
        root=root,
        path=path,
        crumbs=crumbs,
        status=front.status,
        authors=front.authors,
        date=front.date,
        description=front.description,
        minutes=report.minutes,
        file=file.relative,
        toc=tuple(_contents(report)),
        cover=report.cover,
        card=urls.CARD if has_card else report.cover.src if report.cover else "",
        html=report.html,
        claims=claims,
        mistakes=tuple(MistakeRow(*mistake) for mistake in report.mistakes),
        data=data,
        shape=fingerprint(report.html, file.digest, report.mistakes, claims)[:8],
        origin=origin,
    )


def _contents(report: "Report") -> list[ReportHeading]:
    """The entries of the contents; none of a text that has one section."""
    found = [ReportHeading(each.level, each.text, each.id) for each in report.toc if each.level <= _DEEPEST]
    return found if len(found) > 1 else []


def _claim_row(claim: "Claim") -> ClaimRow:
    verdict = claim.verdict
    return ClaimRow(
        claim.claim, verdict.text, verdict.state, _STATES[verdict.state], verdict.message or f"found {verdict.found}"
    )
