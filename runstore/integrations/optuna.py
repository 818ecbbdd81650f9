"""Optuna: a callback of a study. All trials are rows of one run, or each is a run of its own."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import optuna
from optuna.trial import FrozenTrial, Trial

from runstore.errors import UsageError
from runstore.recording import current, start
from runstore.recording.run import Run

Objective = Callable[[Trial], float | Sequence[float]]


class RunstoreCallback:
    """Logs each trial's parameters and values: `study.optimize(objective, callbacks=[RunstoreCallback("loss")])`.

    Values get the name `metric_name`, several of them one name each, or the one name with a number behind it. All
    trials are rows of one run, which begins now, at the step that is the trial's number; with `as_multirun` each is a
    run, whose config has the parameters. `track` makes that run the current one while the objective computes. The other
    arguments are those of `runstore.init`. Of a trial that failed or was pruned the parameters alone are logged.
    """

    def __init__(self, metric_name: str | Sequence[str] = "value", as_multirun: bool = False, **init: Any) -> None:
        self._names = metric_name
        self._each = as_multirun
        self._init = init
        if not as_multirun:
            start.init(**init)

    def __call__(self, study: optuna.study.Study, trial: FrozenTrial) -> None:
        values = dict(zip(self._named(trial.values or []), trial.values or [], strict=True))
        run = self._begun(trial.number)
        facts = {"direction": [direction.name for direction in study.directions]}
        if not self._each:
            run.log({**trial.params, **values}, step=trial.number)
            run.config.update(facts, allow_val_change=True)
            return
        run.log({**trial.params, **values, "trial_number": trial.number})
        run.config.update({**facts, **trial.params}, allow_val_change=True)
        run.tags = (*run.tags, study.study_name)
        run.finish(exit_code=1 if trial.state == optuna.trial.TrialState.FAIL else 0)

    def track(self, objective: Objective) -> Objective:
        """The objective, with the run of its trial as the current one: what it logs goes there."""

        @wraps(objective)
        def tracked(trial: Trial) -> float | Sequence[float]:
            self._begun(trial.number)
            return objective(trial)

        return tracked

    def _begun(self, number: int) -> Run:
        run = current.get()
        if run is None:
            run = start.init(**{"name": f"trial/{number}", **self._init} if self._each else self._init)
        return run

    def _named(self, values: Sequence[float]) -> list[str]:
        """A name for each value. Raises `UsageError` where there are as many names as values neither way."""
        if isinstance(self._names, str):
            return [self._names] if len(values) == 1 else [f"{self._names}_{at}" for at in range(len(values))]
        if values and len(self._names) != len(values):
            raise UsageError(
                f"RunstoreCallback: metric_name has {len(self._names)} names, the study {len(values)} values; "
                "name each, or give one name"
            )
        return list(self._names)[: len(values)]
