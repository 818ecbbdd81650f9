"""The trials of a figure's sweep as its panels take them (`sweep-data.js`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from runstore.reading.store import RunRecord
from runstore.reading.sweeps.trials import COMPARABLE
from sitegen.data.sweeps import Sweep, TrialRow
from sitegen.drawings.numbers import wants_log
from sitegen.pages.sweep import sweep_payload, told


@dataclass(frozen=True, slots=True)
class Trial:
    """A trial by its place among all of its sweep, and what the records say of it.

    `run` is its run's place in the project, None for one that is not there; `value` its metric where that is a finite
    number; `params` has a value for each parameter of the sweep, None where the trial lacks it.
    """

    at: int
    row: TrialRow = field(repr=False)
    run: int | None
    value: float | None
    params: tuple[Any, ...]

    @property
    def counts(self) -> bool:
        """Whether its value says how good its parameters are."""
        return self.row.over and self.value is not None and self.row.state in COMPARABLE


@dataclass(frozen=True)
class Trials:
    """The trials of a sweep, by number. `shown` are those of runs that the figure shows, and those that have no run.

    `payload` is what the page of the sweep is handed: its parameters, the bands of early stopping, the model.
    """

    metric: str
    maximize: bool
    target: float | None
    all: tuple[Trial, ...] = field(repr=False)
    shown: tuple[Trial, ...] = field(repr=False)
    payload: Mapping[str, Any] = field(repr=False)

    @property
    def label(self) -> str:
        """What the metric is called."""
        return self.metric or "value"

    @cached_property
    def finite(self) -> list[float]:
        """The values that there are."""
        return [trial.value for trial in self.all if trial.value is not None]

    def wants_log(self, values: Sequence[float]) -> bool:
        """Whether a log scale tells values better apart: where the highest count it would press them together."""
        return not self.maximize and wants_log(values)

    def is_better(self, one: float, other: float) -> bool:
        return one > other if self.maximize else one < other

    def best(self, some: Sequence[Trial]) -> Trial | None:
        """The first of the best of some trials."""
        known = [(trial.value, trial) for trial in some if trial.counts and trial.value is not None]
        if not known:
            return None
        return (max if self.maximize else min)(known, key=lambda each: each[0])[1]


def trials_of(sweep: Sweep, runs: Sequence[RunRecord], charted: Sequence[int]) -> Trials:
    """The trials of a sweep for a figure that shows these of a project's runs."""
    known = told(sweep)
    payload = sweep_payload(known)
    places = {run.id: at for at, run in enumerate(runs)}
    columns = payload["params"]
    found = tuple(
        Trial(at, row, places.get(row.run), value, tuple(own[at] for own in columns))
        for at, (row, value) in enumerate(zip(known.trials, payload["trials"]["value"], strict=True))
    )
    seen = frozenset(charted)
    shown = tuple(trial for trial in found if trial.run is None or trial.run in seen)
    return Trials(known.metric, known.maximize, payload["target"], found, shown, payload)
