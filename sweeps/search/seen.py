"""How far an engine has looked at the trials, so that each is looked at once."""

from collections.abc import Sequence

from sweeps.search.view import Told, View


class Seen:
    """Remembers the last trial that was looked at.

    A view usually is the one before with more trials behind. After two branches were merged it may not be: then all
    trials are new.
    """

    def __init__(self) -> None:
        self._count = 0
        self._last: Told | None = None

    def fresh(self, view: View) -> tuple[bool, Sequence[Told]]:
        """Whether everything has to be looked at again, and the trials that were not looked at."""
        is_new = not self._fits(view)
        begin = 0 if is_new else self._count
        self._count = len(view.trials)
        self._last = view.trials[-1] if view.trials else None
        return is_new, view.trials[begin:]

    def _fits(self, view: View) -> bool:
        if self._last is None:
            return True
        if len(view.trials) < self._count:
            return False
        there = view.trials[self._count - 1]
        return there.number == self._last.number and there.params == self._last.params
