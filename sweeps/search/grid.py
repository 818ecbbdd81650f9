"""Grid search: every combination once, in W&B's order."""

from sweeps.config.sweep import SweepConfig
from sweeps.search.seen import Seen
from sweeps.search.view import Suggestion, View
from sweeps.space.space import Space


class Grid:
    """Suggests the points of the grid in their order. A trial that failed has had its turn, as with W&B.

    Points that were added by hand, or are known from before, are left out.
    """

    def __init__(self, config: SweepConfig, space: Space) -> None:
        self._space = space
        self._grid = space.grid()
        # In a space that was widened, the positions of earlier trials say nothing.
        self._has_positions = space == config.space
        self._seen = Seen()
        self._position = 0
        self._keys: set[str] = set()

    def suggest(self, view: View, count: int) -> list[Suggestion]:
        """The next points of the grid; fewer at its end."""
        self._look(view)
        found: list[Suggestion] = []
        position = self._grid.next(self._position)
        while position is not None and len(found) < count:
            params = self._grid.point(position) or {}
            if not self._keys or self._space.key(params) not in self._keys:
                found.append(Suggestion(params, position))
            elif not found:
                self._position = position + 1
            position = self._grid.next(position + 1)
        return found

    def _look(self, view: View) -> None:
        """Takes the position behind the last trial of the grid, and the keys of points from elsewhere."""
        is_new, trials = self._seen.fresh(view)
        if is_new:
            self._position, self._keys = 0, set()
        for told in trials:
            if told.position is not None and self._has_positions:
                self._position = max(self._position, told.position + 1)
            else:
                self._keys.add(self._space.key(told.params))
