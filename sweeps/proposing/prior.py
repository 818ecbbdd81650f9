"""Prior runs: results from before the sweep, with which its search starts."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runstore.errors import StoreError
from runstore.format.metrics import find
from runstore.reading.store import Project, RunRecord, Store
from sweeps.config.sweep import Metric, SweepConfig
from sweeps.errors import SweepError


class PriorError(SweepError):
    """A prior run that cannot be read: `name` is how it was named."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(f"prior_runs: {text}")
        self.name = name


@dataclass(frozen=True, slots=True)
class Prior:
    """What earlier runs tell a sweep. `runs` are the entries of a `prior` control: `run`, `project`, `params` (nested,
    as the sweep would give them), `value` (the metric's best over history and summary, None where there is none) and
    `state`. `left_out` has one line for each run that tells nothing."""

    runs: tuple[Mapping[str, Any], ...]
    left_out: tuple[str, ...]


def read_prior(store: Store, project: str, config: SweepConfig) -> Prior:
    """The results of `config.prior_runs`: ids of runs of `project`, or `project/id`.

    Runs that are still going, that lack a parameter of the space, and finished ones that never logged the metric are
    left out. Raises `SweepError` for a run that is not there, and where prior runs are named without a metric.
    """
    if not config.prior_runs:
        return Prior((), ())
    metric = metric_of(config)
    found = _found(store, project, config.prior_runs)
    values = {run.layout.path: value for run, value in zip(found, best_values(store, found, metric), strict=True)}
    entries, left_out = [], []
    for run in found:
        value = values[run.layout.path]
        why = _unfit(run, value, config, metric)
        if why:
            left_out.append(f"{run.project}/{run.id}: {why}")
        else:
            params = config.space.nest(config.space.flatten(run.config))
            entry = {"run": run.id, "project": run.project, "params": params, "value": value, "state": run.state}
            entries.append(entry)
    return Prior(tuple(entries), tuple(left_out))


def metric_of(config: SweepConfig) -> Metric:
    """What prior runs are compared by. Raises `SweepError` where the configuration names none."""
    if config.metric is None:
        text = "found runs but no metric, expected the one that their results are; add `metric:`"
        raise PriorError(config.prior_runs[0], text)
    return config.metric


def best_values(store: Store, runs: Sequence[RunRecord], metric: Metric) -> list[float | None]:
    """The best value that each run has of the metric, over its history and its summary, as a sweep counts it.

    None where it was never logged; NaN or infinite where nothing else was. Runs may be of several projects.
    """
    logged: dict[tuple[str, str], list[float]] = {(run.project, run.id): _in_summary(run, metric.name) for run in runs}
    for project in store.projects:
        wanted = [number for number, run in enumerate(project.runs) if (project.name, run.id) in logged]
        if wanted:
            for number, values in _in_history(project, wanted, metric.name):
                logged[project.name, project.runs[number].id] += values
    return [_best(logged[run.project, run.id], metric) for run in runs]


def _in_history(project: Project, runs: Sequence[int], name: str) -> Iterable[tuple[int, list[float]]]:
    column = f"={name}"
    for frame in project.history(runs, [name]):
        if column not in frame.columns:
            continue
        present = frame.drop_nulls(column)
        for (number,), part in present.partition_by("run", as_dict=True).items():
            yield int(number), part[column].to_list()


def _in_summary(run: RunRecord, name: str) -> list[float]:
    metric = find(run.metrics, name)
    kinds = metric.aggregates if metric is not None else ()
    found = [run.summary.get(key) for key in (name, *(f"{name}.{kind}" for kind in kinds))]
    return [float(value) for value in found if isinstance(value, int | float) and not isinstance(value, bool)]


def _best(values: Sequence[float], metric: Metric) -> float | None:
    known = [value for value in values if math.isfinite(value)]
    if not known:
        return values[0] if values else None
    return max(known) if metric.goal == "maximize" else min(known)


def _found(store: Store, project: str, names: Sequence[str]) -> list[RunRecord]:
    """The runs of these names, each once."""
    by_id = {run.id: run for each in store.projects if each.name == project for run in each.runs}
    found: dict[tuple[str, str], RunRecord] = {}
    for name in names:
        try:
            run = by_id.get(name) or store.find_run(name)
        except StoreError as error:
            raise PriorError(name, str(error)) from None
        found.setdefault((run.project, run.id), run)
    return list(found.values())


def _unfit(run: RunRecord, value: float | None, config: SweepConfig, metric: Metric) -> str:
    """Why a run tells the search nothing; "" where it does."""
    if run.state == "running":
        return "still running"
    if value is None and run.state == "finished":
        return f"never logged {metric.name!r}"
    params = config.space.flatten(run.config)
    missing = [name for name in config.space.active(params) if name not in params]
    return f"its config has no {', '.join(missing)} that the search could use" if missing else ""
