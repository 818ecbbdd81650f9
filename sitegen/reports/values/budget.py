"""How much a report may have worked out: counted, not timed, so that it is the same on every machine."""

from typing import Final

from sitegen.reports.mistakes import ReportError

MOST: Final = 5_000_000
"""What the expressions and checks of one report may cost together: about as many values of runs may be looked at."""
START: Final = 1_000
"""What it costs to begin: to read an expression, a check, a filter, or to carry out a test."""


class Budget:
    """What is left of it."""

    def __init__(self, most: int = MOST) -> None:
        self._most = self._left = most

    def spend(self, cost: int) -> None:
        """Takes `cost` off. Raises `ReportError`, now and ever after, where less is left."""
        self._left -= cost
        if self._left < 0:
            self._left = 0
            raise ReportError(
                f"the values and checks of this report look at more than {self._most:,} values of runs; "
                "ask for fewer of them, or split the report"
            )
