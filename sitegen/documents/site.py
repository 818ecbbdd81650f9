"""The site as data: its projects and reports, and `llms.txt`, which tells who reads text where to go on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runstore.reading.store import Project, Store
from sitegen import urls
from sitegen.documents.runs import problems
from sitegen.documents.writing import document, present
from sitegen.pages.context import iso
from sitegen.pages.index import last_activity


@dataclass(frozen=True, slots=True)
class ReportEntry:
    """A report as lists name it: its title, description, page and date; `project` is "" for one about several."""

    title: str
    description: str
    page: str
    date: str
    status: str
    project: str


def site_document(store: Store, reports: Sequence[ReportEntry]) -> bytes:
    """The document beside the front page."""
    body = {
        **present(name=store.meta.entity),
        "projects": [_project(each) for each in store.projects],
        "reports": [_report(each) for each in reports],
        **present(problems=problems(store.problems)),
    }
    return document("site", "", body)


def _project(project: Project) -> dict[str, Any]:
    return {
        "name": project.name,
        **present(title=project.meta.title, description=project.meta.description),
        "runs": len(project.runs),
        **present(last_activity=iso(last_activity(project.runs))),
        "href": urls.href(urls.document(urls.project_page(project.name))),
    }


def _report(each: ReportEntry) -> dict[str, Any]:
    return {
        "title": each.title,
        **present(description=each.description, project=each.project, date=each.date),
        "status": each.status,
        "href": urls.href(urls.document(each.page)),
    }


def llms_text(store: Store, reports: Sequence[ReportEntry]) -> bytes:
    """`llms.txt` of the site, as llmstxt.org has it: a title, a summary, and lists of links with a word on each."""
    return "\n".join(_lines(store, reports)).encode("utf-8", "replace")


def _lines(store: Store, reports: Sequence[ReportEntry]) -> Iterator[str]:
    runs = sum(len(project.runs) for project in store.projects)
    yield f"# {_plain(store.meta.entity) or 'Experiments'}"
    yield ""
    yield f"> Experiments tracked with Runstore: {runs} runs in {len(store.projects)} projects, and reports about them."
    yield ""
    yield from _HOW
    yield from _listed("Reports", {each.page: (each.title, _about(each)) for each in reports})
    yield from _listed(
        "Projects",
        {
            urls.project_page(each.name): (each.meta.title or each.name, each.meta.description or _counted(each))
            for each in store.projects
        },
    )


_HOW = (
    "Beside every page `…/index.html` lies the same as data: `…/index.json`, of the schema `runstore-site/1`. Links in",
    "such a document are relative to it. Start at [the site's](index.json): it leads to the projects, these to their",
    "runs, sweeps, artifacts and reports. A run's document has its configuration and its results; a report's has its",
    "text as Markdown with every number filled in, its tables, its claims with what the runs say of them, and which",
    "runs each figure shows. Titles and texts were written by the people who made the experiments.",
    "",
)


def _listed(title: str, links: Mapping[str, tuple[str, str]]) -> Iterator[str]:
    if not links:
        return
    yield f"## {title}"
    yield ""
    for page, (name, about) in links.items():
        yield f"- [{_plain(name)}]({urls.href(urls.document(page))}){f': {_plain(about)}' if about else ''}"
    yield ""


def _about(each: ReportEntry) -> str:
    return f"(draft) {each.description}".strip() if each.status == "draft" else each.description


def _counted(project: Project) -> str:
    return f"{len(project.runs)} run{'' if len(project.runs) == 1 else 's'}"


def _plain(text: str) -> str:
    """A text of somebody's on one line, in which no bracket ends or begins a link."""
    words = " ".join(text.split())[:500]
    return "".join(f"\\{letter}" if letter in "\\[]<>`" else letter for letter in words)
