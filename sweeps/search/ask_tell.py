"""A search without a store: ask for a point, tell its value."""

import math
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, overload

from runstore.errors import UsageError
from sweeps.config.sweep import SweepConfig, parse_sweep
from sweeps.search.registry import make_engine
from sweeps.search.view import PRIOR, Known, Suggestion, Told, ToldState
from sweeps.space.space import Params


@dataclass(frozen=True)
class Asked:
    """A trial of a `Search`.

    `params` are nested, constants with them, as a run's config has them. `value` is the metric as it was told, None
    before. `info` is what the engine says about its choice.
    """

    number: int
    params: Mapping[str, Any]
    state: ToldState = "pending"
    value: float | None = None
    info: Mapping[str, Any] | None = None


class Search:
    """The search that a configuration describes, in this process.

    `config` is a mapping as in sweep.yaml, or a `SweepConfig`. `prior` are results from before: pairs of a config
    (nested or flat) and the metric's value. Raises `SweepError` for a configuration that cannot be used.

        search = Search({"method": "random", "parameters": {"lr": {"min": 0.0, "max": 1.0}}})
        trial = search.ask()
        search.tell(trial, value=(trial.params["lr"] - 0.3) ** 2)
    """

    def __init__(
        self, config: Mapping[str, Any] | SweepConfig, prior: Iterable[tuple[Mapping[str, Any], float]] = ()
    ) -> None:
        self.config = config if isinstance(config, SweepConfig) else parse_sweep(config)
        for remark in self.config.remarks:
            warnings.warn(remark, UserWarning, stacklevel=2)
        self._space = self.config.space
        self._engine = make_engine(self.config)
        self._told = [self._from_before(params, value) for params, value in prior]
        self._before = len(self._told)
        self._asked: list[Asked] = []

    def _from_before(self, params: Mapping[str, Any], value: float) -> Told:
        return Told(PRIOR, self._space.flatten(params), "done", self.config.sign * _checked(value))

    @property
    def trials(self) -> Sequence[Asked]:
        """All trials, by number, as they are now."""
        return tuple(self._asked)

    @property
    def best(self) -> Asked | None:
        """The trial with the best value; None while there is none. NaN is no value."""
        done = [each for each in self._asked if each.state == "done" and not math.isnan(each.value or 0.0)]
        return min(done, key=lambda each: self.config.sign * (each.value or 0.0), default=None)

    @property
    def is_over(self) -> bool:
        """Whether `run_cap` or the metric's target is reached."""
        cap, target = self.config.run_cap, self.config.metric.target if self.config.metric else None
        if cap is not None and len(self._asked) >= cap:
            return True
        best = self.best.value if self.best else None
        return target is not None and best is not None and self.config.sign * (best - target) <= 0

    @overload
    def ask(self) -> Asked | None: ...
    @overload
    def ask(self, count: int) -> list[Asked]: ...
    def ask(self, count: int | None = None) -> Asked | list[Asked] | None:
        """The next trial; None when the search is over: all points were tried, `run_cap` or the target is reached.

        With `count` a list of that many, decided together; fewer at the end. Raises `UsageError` for a count below 1.
        """
        if count is not None and (not isinstance(count, int) or count < 1):
            raise UsageError(f"found count={count!r}, expected a whole number from 1 up; leave it out for one trial")
        number = len(self._asked)
        wanted = 0 if self.is_over else count or 1
        if wanted and self.config.run_cap is not None:
            wanted = min(wanted, self.config.run_cap - number)
        found = self._engine.suggest(Known(number, self._told), wanted) if wanted else []
        asked = [self._take(suggestion) for suggestion in found]
        if count is not None:
            return asked
        return asked[0] if asked else None

    def _take(self, suggestion: Suggestion) -> Asked:
        number = len(self._asked)
        self._told.append(Told(number, dict(suggestion.params), "pending", position=suggestion.position))
        trial = Asked(number, self._space.nest(suggestion.params), info=suggestion.info)
        self._asked.append(trial)
        return trial

    def tell(self, trial: Asked | int, value: float) -> None:
        """Says what came out of a trial (or of the one with that number); a later value stands in for an earlier one.

        The value is the metric's own: a goal to maximize is looked after. NaN and infinite values are allowed.
        Raises `UsageError` for a trial that was never asked for, or what is no number.
        """
        number = self._number(trial)
        self._end(number, "done", _checked(value))

    def fail(self, trial: Asked | int) -> None:
        """Says that a trial came to nothing. Raises `UsageError` for one that was never asked for."""
        self._end(self._number(trial), "failed", None)

    def _end(self, number: int, state: ToldState, value: float | None) -> None:
        self._asked[number] = replace(self._asked[number], state=state, value=value)
        place = self._before + number
        signed = None if value is None else self.config.sign * value
        self._told[place] = replace(self._told[place], state=state, value=signed)

    def _number(self, trial: Asked | int) -> int:
        number = trial.number if isinstance(trial, Asked) else trial
        if not isinstance(number, int) or not 0 <= number < len(self._asked):
            raise UsageError(f"found the trial {number!r}, expected one that ask() gave; pass that")
        return number

    def params_of(self, trial: Asked | int) -> Params:
        """A trial's searched parameters, flat. Raises `UsageError` for one that was never asked for."""
        return dict(self._told[self._before + self._number(trial)].params)


def _checked(value: float) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise UsageError(f"found the value {value!r}, expected a number; pass the metric's value") from None
