"""A sweep as data: its configuration as it was given, its trials, and the best of them."""

from typing import Any

from runstore.format import yaml12
from runstore.format.yaml_text import YamlError
from sitegen import urls
from sitegen.data.sweeps import TrialRow
from sitegen.documents.runs import problems
from sitegen.documents.writing import document, present, section, to_project, value_of
from sitegen.pages.context import iso
from sitegen.pages.sweep import Told


def sweep_document(known: Told) -> bytes:
    """The document beside a sweep's page."""
    sweep = known.sweep
    project = sweep.project.name
    best = known.best
    runs = {run.id for run in sweep.runs}
    body = {
        "id": sweep.id,
        "name": sweep.name,
        **to_project(project, urls.sweep_page(project, sweep.slug)),
        **present(description=sweep.config.description, method=sweep.config.method, metric=known.metric),
        "goal": "maximize" if known.maximize else "minimize",
        **present(target=value_of(sweep.config.target)),
        "config": _config(sweep.config.text),
        "parameters": [each.name for each in known.parameters],
        **present(best=None if best is None else best.number),
        "trials": [_trial(each, there=each.run in runs) for each in known.trials],
        **present(problems=problems(sweep.problems)),
    }
    return document("sweep", f"{project}/sweeps/{sweep.id}", body)


def _config(text: str) -> Any:
    """The configuration as values; a text that is no YAML as it stands."""
    try:
        return value_of(yaml12.load(text))
    except YamlError:
        return text


def _trial(each: TrialRow, *, there: bool) -> dict[str, Any]:
    return {
        "number": each.number,
        "run": each.run,
        **present(href=urls.href(f"../../runs/{each.run}/{urls.document(urls.index_page())}") if there else None),
        "state": each.state,
        "value": value_of(each.value),
        "params": section(each.params),
        **present(began=iso(each.began), ended=iso(each.ended), reason=each.reason),
        **({"attempt": each.attempt} if each.attempt > 1 else {}),
    }
