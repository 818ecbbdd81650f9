"""What becomes of a trial whose agent is gone: its run may have ended by itself; else somebody tries again."""

import math
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from runstore.archive.opening import open_lines
from runstore.errors import StoreError, UsageError
from runstore.format.layout import ProjectLayout
from runstore.format.records import RunState, load_heartbeat, load_state, read_json_object
from runstore.format.run_layout import RunLayout
from runstore.format.sweep_layout import SweepLayout
from runstore.format.sweep_records import Outcome, TrialState, number_of
from runstore.reading.states import process_alive
from runstore.reading.sweeps.trials import Trial
from sweeps.config.sweep import SweepConfig


class Remains:
    """What an attempt left of its run."""

    def __init__(self, layout: SweepLayout, trial: Trial) -> None:
        self._trial = trial
        self._run: RunLayout | None = None
        with suppress(UsageError):
            self._run = ProjectLayout(layout.path.parent.parent).run(trial.run)
        self._state = self._load_state()

    @property
    def goes_on(self) -> bool:
        """Whether the run's process outlived its agent on this host: it may end well yet."""
        if self._run is None or self._state is None or self._state.state != "running":
            return False
        beat = load_heartbeat(self._run.heartbeat)
        return beat is not None and process_alive(beat) is True

    @property
    def was_preempted(self) -> bool:
        """Whether the run knew that its machine was about to be taken away: that is no fault of the trial."""
        return self._state is not None and self._state.preempting

    @property
    def ended(self) -> TrialState | None:
        """How the run ended by itself; None where it did not, or where that was before somebody wanted it again."""
        state = self._state
        if state is None or self._trial.claim.retry or state.preempting:
            return None
        return "finished" if state.state == "finished" else "failed" if state.state == "failed" else None

    def outcome(self, config: SweepConfig, by: str) -> Outcome | None:
        """What there is to record of a run that ended by itself; None of any other."""
        state, ended = self._state, self.ended
        if self._run is None or state is None or ended is None:
            return None
        value, count = best_value(self._run, config)
        claim = self._trial.claim
        return Outcome(
            n=claim.n,
            run=claim.run,
            agent=claim.agent,
            state=ended,
            attempt=claim.attempt,
            value=value,
            count=count,
            exit=state.exit_code,
            reason="its agent was gone when it ended",
            by=by,
            time=state.finished,
        )

    def _load_state(self) -> RunState | None:
        try:
            return load_state(self._run.state_json) if self._run is not None else None
        except (StoreError, OSError):
            return None


def best_value(run: RunLayout, config: SweepConfig) -> tuple[float | None, int]:
    """The metric at its best over a run's history and summary, None where it was never logged; how often it was."""
    if config.metric is None:
        return None, 0
    key = config.metric.name
    logged: list[float] = []
    summed: list[float] = []
    for path in run.histories():
        logged.extend(_logged(path, key))
    with suppress(StoreError, OSError):
        value = read_json_object(run.summary_json).get(key)
        each = value.values() if isinstance(value, dict) else [value]
        summed = [number for inner in each if (number := _number(inner)) is not None]
    values = [value for value in logged + summed if not math.isnan(value)]
    if not values:
        return (math.nan if logged or summed else None), len(logged)
    return (min(values) if config.sign > 0 else max(values)), len(logged)


def _logged(path: Path, key: str) -> Iterator[float]:
    try:
        with open_lines(path) as file:
            for line in file:
                with suppress(orjson.JSONDecodeError):
                    row = orjson.loads(line)
                    if isinstance(row, dict) and (value := _number(row.get(key))) is not None:
                        yield value
    except OSError:
        return


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    with suppress(ValueError):
        return number_of(value) if not isinstance(value, str) or value in ("NaN", "Infinity", "-Infinity") else None
    return None
