"""Projects and their groups as data: lists that lead to the documents of runs, sweeps, artifacts and reports."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runstore.format.views import saved_views
from runstore.reading.store import Project, RunRecord
from sitegen import urls
from sitegen.documents.runs import head, problems
from sitegen.documents.writing import document, present, to_project
from sitegen.pages.project import Metric, place
from sitegen.pages.values import shared_and_varying

Named = tuple[str, str, int]
"""Name, page below the project's, and how many runs or versions."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a project has beside its runs: the directories of its groups by name, artifacts, sweeps, and reports with
    their title, page and date (or "draft")."""

    groups: Mapping[str, str]
    artifacts: Sequence[Named] = ()
    sweeps: Sequence[Named] = ()
    reports: Sequence[tuple[str, str, str]] = ()


def project_document(project: Project, metrics: Sequence[Metric], parts: Parts) -> bytes:
    """The document beside a project's page. Configurations and summaries are in those of its runs."""
    body = {
        "name": project.name,
        **present(title=project.meta.title, description=project.meta.description),
        "runs": [_listed(run, f"runs/{run.id}/{urls.index_page()}") for run in project.runs],
        "metrics": [_metric(each) for each in sorted(metrics, key=lambda each: place(each.key))],
        "groups": [
            {"name": name, "href": _href(f"groups/{slug}/{urls.index_page()}")} for name, slug in parts.groups.items()
        ],
        "sweeps": [_named(each, "runs") for each in parts.sweeps],
        "artifacts": [_named(each, "versions") for each in parts.artifacts],
        "reports": [_report(*each) for each in parts.reports],
        **present(views=[view.record() for view in saved_views(project.meta)], problems=problems(project.problems)),
    }
    return document("project", project.name, body)


def group_document(project: Project, group: str, slug: str) -> bytes:
    """The document beside a group's page: its runs, and the configuration that all of them share."""
    page = urls.group_page(project.name, slug)
    runs = [run for run in project.runs if run.meta.group == group]
    shared, varying = shared_and_varying(run.config for run in runs)
    body = {
        "name": group,
        **to_project(project.name, page),
        "runs": [_listed(run, f"../../runs/{run.id}/{urls.index_page()}") for run in runs],
        "shared": dict(shared),
        "varying": dict(varying),
    }
    return document("group", project.name, body)


def _listed(run: RunRecord, page: str) -> dict[str, Any]:
    return {**head(run), "href": _href(page)}


def _href(page: str) -> str:
    """Where the document beside a page lies."""
    return urls.href(urls.document(page))


def _named(each: Named, what: str) -> dict[str, Any]:
    name, page, count = each
    return {"name": name, "href": urls.document(page), what: count}


def _report(title: str, page: str, date: str) -> dict[str, Any]:
    status = {"status": "draft"} if date == "draft" else {"status": "published", **present(date=date)}
    return {"title": title, "href": urls.document(page), **status}


def _metric(metric: Metric) -> dict[str, Any]:
    """A metric with the data files of its points, each for the runs of some ranks: the oldest is 0."""
    parts = [
        {
            "from": part.first,
            "to": part.last,
            "points": f"data/{part.name}.js",
            **present(times=part.times and f"data/{part.times}.js"),
        }
        for part in metric.parts
    ]
    return {"key": metric.key, "runs": metric.runs, **present(axis=metric.axis), "data": parts}
