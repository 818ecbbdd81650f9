"""The values and checked claims of one report: text that anyone may have sent, answered from its run sets.

A value is an inline expression, `{{ runs.best('val_acc').summary.val_acc | round(3) }}` (see `sandbox`, and `seen` for
what it can ask); a check is a sentence such as `mean(val_acc) over group = 'baseline' >= 0.95` (see `checks`).
"""

from collections.abc import Mapping, Sequence
from typing import Final

from runstore.reading.store import RunRecord
from sitegen.reports.mistakes import ReportError
from sitegen.reports.values import claims, comparing, sandbox
from sitegen.reports.values.budget import MOST, START, Budget
from sitegen.reports.values.claims import Verdict
from sitegen.reports.values.sandbox import Function
from sitegen.reports.values.seen_runs import SeenRuns

FUNCTIONS: Final[Mapping[str, Function]] = {
    "p_value": Function(comparing.p_value),
    "difference": Function(comparing.difference),
}
"""What expressions can call."""


class Values:
    """Answers the expressions and checks of one report, which share what they may cost."""

    def __init__(
        self,
        sets: Mapping[str, Sequence[RunRecord]],
        most: int = MOST,
        unusable: Mapping[str, ReportError] | None = None,
    ) -> None:
        """`sets` are run sets by name; `runs` is the one that a check is about which names none. `most` is what all may
        cost together. `unusable` are run sets that are wrong, with what to say where one is named."""
        self._budget = Budget(most)
        self._sets = {name: SeenRuns(runs, self._budget, name) for name, runs in sets.items()}
        functions = {name: each for name, each in FUNCTIONS.items() if name not in sets}
        self._unusable = unusable or {}
        self._names: Mapping[str, object] = {**self._sets, **functions}

    def inline(self, expression: str) -> str:
        """What an expression comes to, as plain text that is not escaped. Raises `ReportError`."""
        self._budget.spend(START)
        return sandbox.evaluate(expression, self._names, self._unusable)

    def check(self, text: str) -> Verdict:
        """Whether the runs support what a check states. Never raises."""
        try:
            self._budget.spend(START)
        except ReportError as error:
            return Verdict(text, "unknown", "", str(error), ())
        return claims.judge(text, self._sets, self._unusable)

    def names(self) -> tuple[str, ...]:
        """What an expression may name: the run sets and the functions."""
        return tuple(self._names)
