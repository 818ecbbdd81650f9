"""Random search: independent draws, each from the seed and the trial's number; in a finite space no point twice."""

from collections import ChainMap
from collections.abc import Container
from typing import Any

import numpy as np

from sweeps.config.sweep import SweepConfig
from sweeps.search.seen import Seen
from sweeps.search.view import Suggestion, View
from sweeps.space.space import Params, Space

_TRIES = 50
_LARGEST_WALK = 1_000_000


class Random:
    """Suggests random points. Where there are only finitely many, each is suggested once, until none is left.

    A space of constants only never ends: its one point is suggested again and again.
    """

    def __init__(self, config: SweepConfig, space: Space) -> None:
        self._seed = config.seed
        self._space = space
        self._is_finite = space.lattice is not None and bool(space.searched)
        self._seen = Seen()
        self._keys: dict[str, None] = {}
        self._left = Left(space, self._keys)

    def suggest(self, view: View, count: int) -> list[Suggestion]:
        """The next points; fewer where no other is left."""
        numbers = range(view.number, view.number + count)
        generators = (np.random.default_rng(np.random.SeedSequence([self._seed, number])) for number in numbers)
        if not self._is_finite:
            return [Suggestion(self._space.draw(rng)) for rng in generators]
        self._look(view)
        found: dict[str, Any] = {}
        taken = ChainMap(found, self._keys)
        for rng in generators:
            params = unseen(self._space, rng, taken, self._left)
            if params is None:
                break
            found[self._space.key(params)] = Suggestion(params)
        return list(found.values())

    def _look(self, view: View) -> None:
        is_new, trials = self._seen.fresh(view)
        if is_new:
            self._keys = {}
            self._left = Left(self._space, self._keys)
        self._keys.update(dict.fromkeys(self._space.key(told.params) for told in trials))


class Left:
    """The points of a finite space that are left. All are walked through once, from then on only those that were left
    the last time: `gone`, the keys of the others, only grows."""

    def __init__(self, space: Space, gone: Container[str]) -> None:
        self._space = space
        self._gone = gone
        self._kept: list[tuple[str, Params]] | None = None

    def points(self, taken: Container[str]) -> list[Params]:
        """The points whose keys are not among `taken` either, in the order of the space."""
        kept = self._kept
        if kept is None:
            kept = [(self._space.key(params), params) for params in self._space.lattice or ()]
        self._kept = [each for each in kept if each[0] not in self._gone]
        return [params for key, params in self._kept if key not in taken]


def unseen(space: Space, rng: np.random.Generator, taken: Container[str], left: Left | None = None) -> Params | None:
    """A random point of a finite space whose key is not among `taken`; None where there is none.

    A few draws, then, where nearly all points are taken, one of those that are left. In a space of more than a
    million points it is drawn, even where it may be one again. `left` may know what is left, from call to call.
    """
    for _ in range(_TRIES):
        params = space.draw(rng)
        if space.key(params) not in taken:
            return params
    lattice = space.lattice
    if lattice is None or lattice.size > _LARGEST_WALK:
        return space.draw(rng)
    points = (left or Left(space, ())).points(taken)
    return points[int(rng.integers(len(points)))] if points else None
