"""The page that puts runs of a project side by side, and what it knows of each of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runstore.reading.store import Project, RunRecord
from sitegen import urls
from sitegen.pages.context import PageContext
from sitegen.pages.run import Field
from sitegen.pages.values import MAX_SHOWN, flat, short


@dataclass(frozen=True, slots=True)
class ComparePage(PageContext):
    """Context of `compare.html`; `data` leads to the names of the project's runs."""

    project: str
    runs: int
    data: str


def compare_page(project: Project, data: str) -> ComparePage:
    """The compare page of a project: which runs it shows is in its address."""
    root = urls.up(urls.compare_page(project.name))
    project_href = urls.href(urls.project_page(project.name), root)
    return ComparePage(
        title=f"Compare · {project.name}",
        root=root,
        crumbs=((project.name, project_href), ("Compare", None)),
        project=project.name,
        runs=len(project.runs),
        data=f"../data/{data}",
        path=urls.compare_page(project.name),
    )


def names_payload(project: Project) -> dict[str, list[Any]]:
    """The runs of a project, newest first, by what a person knows them: small enough for ten thousand."""
    runs = project.runs
    return {
        "id": [run.id for run in runs],
        "name": [short(run.name, 200) for run in runs],
        "state": [run.state for run in runs],
        "group": [run.meta.group or None for run in runs],
        "job_type": [run.meta.job_type or None for run in runs],
        "sweep": [run.meta.sweep or None for run in runs],
    }


def about_run(run: RunRecord, said: Sequence[Field]) -> dict[str, Any]:
    """What a comparison says of a run beside its curves, `said` in its overview: pairs, because no key of a user's is
    a property's name."""
    return {
        "id": run.id,
        "overview": [[field.label, _text(field.value), field.kind] for field in said],
        "config": _pairs(flat(run.config)),
        "summary": _pairs(flat(run.summary)),
    }


def _text(value: Any) -> Any:
    return ", ".join(value) if isinstance(value, tuple) else short(value, MAX_SHOWN)


def _pairs(values: Mapping[str, Any]) -> list[list[Any]]:
    return [[key, short(value, MAX_SHOWN)] for key, value in values.items()]
