"""A run as data: what its page says of it, and where the numbers, files and logs behind it lie."""

from collections.abc import Iterable, Sequence
from typing import Any

from runstore.reading.problems import Problem
from runstore.reading.store import RunRecord
from sitegen import urls
from sitegen.documents.writing import document, present, section, to_project
from sitegen.pages.context import iso
from sitegen.pages.files import StoredFile, shown_name
from sitegen.pages.run import Field


def run_document(
    run: RunRecord, said: Sequence[Field], metrics: Sequence[str], data: str, files: Sequence[StoredFile]
) -> bytes:
    """The document beside a run's page. `said` is its overview, `data` leads to the points of its `metrics`."""
    page = urls.run_page(run.project, run.id)
    body = {
        **head(run),
        **to_project(run.project, page),
        **present(notes=run.meta.notes, runtime=run.runtime, exit_code=run.exit_code, rows=run.rows),
        "config": section(run.config),
        "summary": section(run.summary),
        "about": [[each.label, _texts(each.value)] for each in said],
        "metrics": list(metrics),
        "data": data,
        **present(files=[_file(each) for each in files], problems=problems(run.problems)),
    }
    return document("run", f"{run.project}/runs/{run.id}", body)


def head(run: RunRecord) -> dict[str, Any]:
    """What a list says of a run: who it is, how it stands, where it belongs. Times are ISO 8601 in UTC."""
    return {
        "id": run.id,
        "name": run.name,
        "state": run.state,
        **present(
            created=iso(run.created),
            finished=iso(run.finished),
            group=run.meta.group,
            job_type=run.meta.job_type,
            tags=list(run.meta.tags),
            sweep=run.meta.sweep,
        ),
    }


def problems(found: Iterable[Problem]) -> list[dict[str, Any]]:
    """What is wrong, with file and line; the line is 0 where all of the file is meant."""
    return [{"file": each.path, "line": each.line, "message": each.message} for each in found]


def _texts(value: str | float | tuple[str, ...]) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _file(each: StoredFile) -> dict[str, Any]:
    target = each.target
    return {"path": shown_name(each.path), "size": each.size, **present(href=urls.href(target) if target else None)}
