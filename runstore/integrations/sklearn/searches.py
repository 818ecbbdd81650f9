"""A search over parameters that scikit-learn carried out, as runs: each candidate one, all of them a group."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from runstore.errors import BadTypeError, BadValueError
from runstore.media.charts import CustomChart
from runstore.media.table import Table
from runstore.recording import current
from runstore.recording.naming import generate_id
from runstore.recording.start import init

_FOLD: Final = re.compile(r"split(\d+)_(test|train)_(\w+)")
_LONGEST_NAME: Final = 100
_QUIET: Final = {"silent": True, "console": "off", "disable_stats": True, "disable_code": True}


@dataclass(frozen=True, slots=True)
class Candidate:
    """One point of a search: its parameters, its scores over all folds, and by fold, keys as in `cv_results_` without
    `split<n>_`."""

    params: Mapping[str, Any]
    scores: Mapping[str, float]
    folds: Sequence[Mapping[str, float]]


def record_search(
    search: Any,
    *,
    project: str | None = None,
    group: str | None = None,
    job_type: str = "candidate",
    dir: str | None = None,  # noqa: A002 - as in `init`
    tags: Sequence[str] | None = None,
) -> list[str]:
    """Records a fitted `GridSearchCV`, `RandomizedSearchCV` or the like: each candidate becomes a run of one group.

    A candidate's config is its parameters with the estimator's name; its history has a row a fold (`test_score`,
    `train_score`), its step the fold's number; its summary the means, deviations, ranks and times of `cv_results_`. The
    best one is tagged `best`. `group` is else named after search and estimator and the current run. Where a run is
    current, the candidates join its project, and it gets the table of all as `search`, a chart as `search_scores`, and
    `best_score` and `best_params` into its summary; a trial of a sweep, which is one run, gets these alone. Gives the
    runs' ids, in the order of `cv_results_`.

    Raises `BadTypeError` for what is no search, `BadValueError` for one that was not fitted.
    """
    found = candidates(search)
    run = current.get()
    estimator = type(search.estimator).__name__
    kind = f"{type(search).__name__} of {estimator}"
    where = {
        "project": project or (run.project if run is not None else None),
        "dir": dir or (str(run.settings.store_root()) if run is not None else None),
        "group": group or (f"{kind}, {run.name}" if run is not None else kind),
        "job_type": job_type,
    }
    best = getattr(search, "best_index_", None)
    is_trial = run is not None and run.sweep_id is not None
    ids = [
        _record(each, estimator, {**where, "tags": [*(tags or ()), *(["best"] if at == best else [])]})
        for at, each in enumerate([] if is_trial else found)
    ]
    if run is not None:
        labels = ids or [str(at) for at in range(len(found))]
        run.log({"search": _table(found, labels), "search_scores": _chart(found, labels)})
        if best is not None:
            run.summary.update({"best_params": _plain(found[best].params)})
            if (score := getattr(search, "best_score_", None)) is not None:
                run.summary.update({"best_score": float(score)})
    return ids


def candidates(search: Any) -> list[Candidate]:
    """What a search found, in its order. Raises as `record_search` does."""
    if not hasattr(search, "estimator") or not hasattr(search, "fit"):
        raise BadTypeError(
            f"found a {type(search).__name__}, expected a search such as sklearn.model_selection.GridSearchCV"
        )
    results = getattr(search, "cv_results_", None)
    if not results:
        raise BadValueError(f"the {type(search).__name__} is not fitted; call fit first")
    scores = {key: values for key, values in results.items() if not key.startswith("param") and not _FOLD.match(key)}
    folds: dict[int, dict[str, Any]] = {}
    for key, values in results.items():
        if match := _FOLD.match(key):
            folds.setdefault(int(match[1]), {})[f"{match[2]}_{match[3]}"] = values
    return [
        Candidate(
            params,
            {key: float(values[at]) for key, values in scores.items()},
            [{key: float(values[at]) for key, values in folds[fold].items()} for fold in sorted(folds)],
        )
        for at, params in enumerate(results["params"])
    ]


def _record(candidate: Candidate, estimator: str, arguments: Mapping[str, Any]) -> str:
    config = {"estimator": estimator, **_plain(candidate.params)}
    name = _called(candidate)[:_LONGEST_NAME] or None
    with init(config=config, id=generate_id(), name=name, reinit="create_new", settings=_QUIET, **arguments) as run:
        for key in dict.fromkeys(key for fold in candidate.folds for key in fold):
            run.define_metric(key, summary="none")  # The last fold's says nothing.
        for fold in candidate.folds:
            run.log(fold)
        run.summary.update(candidate.scores)
        return run.id


def _called(candidate: Candidate) -> str:
    return ", ".join(f"{name}={value}" for name, value in _plain(candidate.params).items())


def _plain(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as a config takes them: estimators and functions by what they say of themselves."""
    simple = (bool, int, float, str, type(None))
    plain = {key: value.item() if hasattr(value, "item") else value for key, value in params.items()}
    return {key: value if isinstance(value, simple) else str(value) for key, value in plain.items()}


def _table(found: Sequence[Candidate], ids: Sequence[str]) -> Table:
    params = list(dict.fromkeys(key for each in found for key in each.params))
    scores = list(dict.fromkeys(key for each in found for key in each.scores))
    rows = [
        [run_id, *(_plain(each.params).get(key) for key in params), *(each.scores.get(key) for key in scores)]
        for run_id, each in zip(ids, found, strict=True)
    ]
    return Table(["run", *params, *scores], rows, allow_mixed_types=True)


def _chart(found: Sequence[Candidate], ids: Sequence[str]) -> CustomChart:
    """The candidates' mean score on the folds left out, best first."""
    key = next((key for key in found[0].scores if key.startswith("mean_test_")), "mean_test_score")
    ranked = sorted(zip(found, ids, strict=True), key=lambda each: _downwards(each[0].scores.get(key, math.nan)))
    table = Table(["candidate", key], [[_called(each) or run_id, each.scores.get(key)] for each, run_id in ranked])
    return CustomChart(table, "bar", None, {"label": "candidate", "value": key}, {"title": "Candidates"})


def _downwards(score: float) -> float:
    return math.inf if math.isnan(score) else -score
