"""Optuna's samplers as engines, where Optuna is installed: `engine: optuna-tpe` and `engine: optuna-gp`.

Every decision asks a new study in memory, which is told all that is known, in the coordinates of our own cube.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from sweeps.config.sweep import SweepConfig
from sweeps.errors import SweepError
from sweeps.search.cube import Column, Cube, Floats
from sweeps.search.imputing import counted, finite_values
from sweeps.search.random import unseen
from sweeps.search.view import Suggestion, Told, View
from sweeps.space.space import Params, Space

if TYPE_CHECKING:
    from optuna import Study
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial

_TRIES: Final = 5


class OptunaTPE:
    """Tree-structured Parzen estimators."""

    name = "optuna-tpe"
    needs: tuple[str, ...] = ("optuna",)

    def __init__(self, config: SweepConfig, space: Space) -> None:
        """Raises `SweepError` where what it needs is not installed."""
        _check(self.name, self.needs)
        self._config = config
        self._space = space
        self._cube = Cube(space)

    def sampler(self, seed: int) -> "BaseSampler":
        """Optuna's own."""
        import optuna

        return optuna.samplers.TPESampler(seed=seed)

    def suggest(self, view: View, count: int) -> list[Suggestion]:
        """The next points; each is decided as if those before it were under way. Fewer: no other is left."""
        told, found = list(view.trials), list[Suggestion]()
        taken = {self._space.key(each.params) for each in told}
        for number in range(view.number, view.number + count):
            params = self._next(number, told, taken) if self._space.searched else {}
            if params is None:
                break
            found.append(Suggestion(params, info={"by": self.name}))
            taken.add(self._space.key(params))
            told.append(Told(number, params, "pending"))
        return found

    def _next(self, number: int, told: Sequence[Told], taken: set[str]) -> Params | None:
        """Optuna's choice; one drawn at random where that was tried before or is not allowed."""
        rng = np.random.default_rng(np.random.SeedSequence([self._config.seed, number]))
        for seed in rng.integers(2**31, size=_TRIES).tolist():
            params = self._cube.params(self._ask(self._study(seed, told)))
            if self._space.allows(params) and self._space.key(params) not in taken:
                return params
        return self._space.draw(rng) if self._space.lattice is None else unseen(self._space, rng, taken)

    def _study(self, seed: int, told: Sequence[Told]) -> "Study":
        import optuna

        level = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        try:
            study = optuna.create_study(sampler=self.sampler(seed))
            study.add_trials(self._trials(told))
        finally:
            optuna.logging.set_verbosity(level)
        return study

    def _trials(self, told: Sequence[Told]) -> Iterable["FrozenTrial"]:
        from optuna.trial import TrialState, create_trial

        finite = finite_values(told)
        for each in told:
            row = self._cube.row(each.params)
            value = counted(each, finite, self._config)
            if row is None or (value is None and each.state != "pending"):
                continue
            columns = np.flatnonzero(self._cube.active(row))
            yield create_trial(
                state=TrialState.RUNNING if value is None else TrialState.COMPLETE,
                value=value,
                params={self._cube.columns[c].name: _choice(self._cube.columns[c], row[c]) for c in columns},
                distributions=self._distributions(columns),
            )

    def _distributions(self, columns: Iterable[int]) -> dict[str, "BaseDistribution"]:
        return {self._cube.columns[column].name: _distribution(self._cube.columns[column]) for column in columns}

    def _ask(self, study: "Study") -> Floats:
        """A row, parents before what depends on them."""
        from optuna.distributions import CategoricalDistribution, IntDistribution

        trial = study.ask()
        row = np.array([each.rest for each in self._cube.columns])
        for column in self._cube.order:
            if not self._cube.active(row)[column]:
                continue
            each = self._cube.columns[column]
            law = _distribution(each)
            if isinstance(law, CategoricalDistribution):
                chosen: Any = trial.suggest_categorical(each.name, law.choices)
            elif isinstance(law, IntDistribution):
                chosen = trial.suggest_int(each.name, law.low, law.high)
            else:
                row[column] = trial.suggest_float(each.name, 0.0, 1.0)
                row[column] = each.nearest(row[[column]])[0]
                continue
            assert each.places is not None
            row[column] = each.places[chosen]
        return row


class OptunaGP(OptunaTPE):
    """Gaussian processes, as Optuna has them on torch."""

    name = "optuna-gp"
    needs = ("optuna", "torch")

    def sampler(self, seed: int) -> "BaseSampler":
        """Optuna's own."""
        import optuna

        return optuna.samplers.GPSampler(seed=seed, warn_independent_sampling=False)


def _check(name: str, needs: Iterable[str]) -> None:
    from importlib.util import find_spec

    missing = [each for each in needs if find_spec(each) is None]
    if missing:
        raise SweepError(
            f"engine: {name!r} needs {' and '.join(missing)}, which is not installed here; "
            f"pip install {' '.join(missing)}, or leave engine out to search with the engine that is built in"
        )


def _is_even(column: Column) -> bool:
    places = column.places
    return places is not None and bool(np.allclose(np.diff(places), 1 / len(places)))


def _distribution(column: Column) -> "BaseDistribution":
    """Places by their number: as whole numbers where they lie evenly; else coordinates between 0 and 1."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if column.places is not None and not column.is_ordered:
        return CategoricalDistribution(range(len(column.places)))
    if column.places is not None and _is_even(column):
        return IntDistribution(0, len(column.places) - 1)
    return FloatDistribution(0.0, 1.0)


def _choice(column: Column, coordinate: float) -> float | int:
    if column.places is None or (column.is_ordered and not _is_even(column)):
        return float(coordinate)
    return int(column.index(np.array([coordinate]))[0])
