"""A report as data: what it says of itself, its figures with the runs they show, its tables, its claims, its text."""

from collections.abc import Mapping
from typing import Any

from sitegen import urls
from sitegen.documents.runs import problems
from sitegen.documents.writing import document, present, to_project, value_of
from sitegen.reports.figures.drawn import Drawn
from sitegen.reports.figures.tables import Cell, TableBlock
from sitegen.reports.report import Claim, Report
from sitegen.reports.writing.as_markdown import markdown
from sitegen.reports.writing.walking import Places


def report_document(report: Report, built_from: Mapping[str, Any]) -> bytes:
    """The document beside a report's page. `built_from` says which commit its runs are of, where that is known."""
    file, front = report.file, report.file.front
    page = urls.report_page(file.project, file.slug)
    body = {
        "name": file.name,
        "title": file.title,
        **(to_project(file.project, page) if file.project else {}),
        **present(authors=list(front.authors), date=front.date, description=front.description, as_of=front.as_of),
        "status": front.status,
        "built_from": dict(built_from),
        "projects": {name: _project(name, report, page) for name in sorted(_projects(report))},
        "claims": [_claim(each) for each in report.claims],
        "figures": [_figure(each) for each in report.grids],
        "tables": [_table(each, number) for each, number in report.tables],
        "text": markdown(report, Places(urls.index_page()), heading=False),
        **present(problems=problems(report.problems)),
    }
    return document("report", file.relative, body)


def _projects(report: Report) -> set[str]:
    return {name for block in report.blocks for name in block.projects}


def _project(name: str, report: Report, page: str) -> str:
    """Where the document of a project lies whose runs the report shows: of a pinned one, as it was there."""
    return urls.href(urls.document(f"{report.base}{urls.project_page(name)}"), urls.up(page))


def _claim(each: Claim) -> dict[str, Any]:
    verdict = each.verdict
    said = present(claim=each.claim, found=verdict.found, why=verdict.message)
    return {"check": verdict.text, "verdict": verdict.state, **said, "line": each.line}


def _figure(drawn: Drawn) -> dict[str, Any]:
    """What a figure is made from: its panels with their settings, and its runs by id."""
    grid = drawn.grid
    return {
        **present(number=drawn.number, id=grid.head.id, caption=grid.head.caption),
        "project": grid.sets[0].project.name,
        **present(sweep=grid.sweep.id if grid.sweep else None, group=list(grid.sets[0].group)),
        "runs": {each.name: [run.id for run in each.runs] for each in grid.sets},
        "panels": [{"type": panel.kind, **value_of(dict(panel.set))} for panel in grid.panels],
        "spec": urls.figure_spec(drawn.at),
    }


def _table(table: TableBlock, number: int | None) -> dict[str, Any]:
    return {
        **present(number=number, id=table.head.id, caption=table.head.caption),
        "columns": list(table.heads),
        "rows": [[_cell(cell) for cell in row] for row in table.rows],
        **present(hidden=table.hidden),
    }


def _cell(cell: Cell) -> dict[str, Any]:
    """What stands in a cell; `value` is the number that it is compared by."""
    run = None if cell.run is None else cell.run.id
    best = {"best": True} if cell.is_best else {}
    return {"text": cell.text, **present(value=value_of(cell.value), run=run), **best}
