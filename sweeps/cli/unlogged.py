"""Why a sweep has no best trial, as its records and the runs of its trials tell."""

from contextlib import suppress
from typing import Final

from runstore.errors import UsageError
from runstore.format.run_layout import RunLayout
from runstore.reading.sweeps import SweepState, Trial
from runstore.reading.sweeps.unlogged import why_no_best
from sweeps.agent.metric import MetricTail
from sweeps.agent.places import Place

_LOOKED_AT: Final = 3
"""So many runs are asked what they logged."""


def without_best(place: Place, state: SweepState, metric: str) -> str:
    """The reason in a line; "" for a sweep that has a best trial or no metric, or of which no trial ended."""
    if state.best is not None or not metric:
        return ""
    over = [trial for trial in state.trials if trial.is_over]
    names: list[str] = []
    as_text = False
    for run in _runs(place, [trial for trial in over if trial.value is None][-_LOOKED_AT:]):
        tail = MetricTail(run, metric)
        names += tail.names()
        as_text = as_text or metric in tail.summary()
    return why_no_best(metric, [(trial.state, trial.value) for trial in over], names, as_text=as_text)


def _runs(place: Place, trials: list[Trial]) -> list[RunLayout]:
    found = []
    for trial in trials:
        with suppress(UsageError):
            found.append(place.project.run(trial.run))
    return found
