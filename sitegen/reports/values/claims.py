"""Whether the store supports what a check states."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from operator import add, mul, sub, truediv
from typing import Final, Literal

from runstore.errors import RunstoreError
from runstore.format.sections import meant
from runstore.reading import sql
from runstore.reading.store import RunRecord
from sitegen.reports.mistakes import FollowsError, ReportError
from sitegen.reports.runsets import DEFAULT
from sitegen.reports.values import checks, statistics
from sitegen.reports.values.comparing import p_value
from sitegen.reports.values.seen_runs import SeenRuns
from sitegen.reports.values.terms import Call, Claim, Comparison, Negative, Number, Operation, PValue, Runs, Term, calls

ClaimState = Literal["holds", "fails", "unknown"]
_SLACK: Final = 1e-12
"""Numbers that differ by less than this share of what they come from are the same: what is behind it is rounding."""
_FLIPPED: Final = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_SIGNS: Final[Mapping[str, Callable[[float, float], float]]] = {"+": add, "-": sub, "*": mul, "/": truediv}
_NONE: Final[Mapping[str, ReportError]] = {}
_AGGREGATES: Final[Mapping[str, Callable[[tuple[float, ...]], float]]] = {
    "mean": statistics.mean,
    "median": statistics.median,
    "std": statistics.std,
    "sem": statistics.sem,
    "min": min,
    "max": max,
    "sum": statistics.total,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a check.

    `unknown`: it cannot be read, or there is nothing to judge by; that counts as not supported. `found` is what the
    store says ("0.9431 from 5 runs"), `message` why it does not hold ("" where it does), `runs` are the ids of the
    runs that it rests on. `follows` says that all that is wrong is told elsewhere: of a run set that it names.
    """

    text: str
    state: ClaimState
    found: str
    message: str
    runs: tuple[str, ...]
    follows: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call came to: `source` says from how many runs (`from 5 runs`)."""

    value: float
    source: str
    runs: tuple[RunRecord, ...]


def judge(text: str, sets: Mapping[str, SeenRuns], unusable: Mapping[str, ReportError] = _NONE) -> Verdict:
    """Reads a check and holds it against run sets by name; for a name that is `unusable` the error is given. Never
    raises."""
    known = _Named(sets, unusable)
    try:
        claim = checks.parse(text, _Ends(known))
        return _judged(text, claim, _Answers(known))
    except RunstoreError as error:
        return Verdict(text, "unknown", "", str(error), (), isinstance(error, FollowsError))
    except ZeroDivisionError:
        return Verdict(text, "unknown", "", "it divides by zero", ())
    except ArithmeticError:
        return Verdict(text, "unknown", "", "it comes to a number that is too large", ())


def _judged(text: str, claim: Claim, answers: "_Answers") -> Verdict:
    judged = [_Judged(each, answers) for each in claim.comparisons]
    wrong = [each.message() for each in judged if not each.holds]
    found = "; ".join(each.found() for each in judged)
    return Verdict(text, "fails" if wrong else "holds", found, "; ".join(wrong), answers.run_ids())


@dataclass(frozen=True, slots=True)
class _Named:
    """Run sets by name, and those that are wrong, each with what to say of it."""

    sets: Mapping[str, SeenRuns]
    unusable: Mapping[str, ReportError]

    def find(self, name: str) -> SeenRuns:
        """The run set of a name, "" being the usual one. Raises `ReportError`."""
        name = name or DEFAULT
        if name in self.sets:
            return self.sets[name]
        if name in self.unusable:
            raise self.unusable[name].with_traceback(None)
        known = meant(name[:60], self.sets) or f"there are {', '.join(self.sets)}"
        raise ReportError(f"found no run set {name[:60]!r}; {known}")


class _Ends:
    """Where conditions of a check end, by the columns of the runs that they are about."""

    def __init__(self, sets: _Named) -> None:
        self._sets = sets

    def __call__(self, name: str, text: str, start: int) -> int:
        runs = self._sets.find(name)
        runs.pay_filter(text[start:])
        return sql.end_of_condition(text, runs.columns, start)


class _Answers:
    """What the calls of one check come to, each asked once."""

    def __init__(self, sets: _Named) -> None:
        self._sets = sets
        self._known: dict[Call | PValue, Answer] = {}

    def run_ids(self) -> tuple[str, ...]:
        """The runs that answered, each once."""
        return tuple(dict.fromkeys(run.id for answer in self._known.values() for run in answer.runs))

    def value(self, term: Term) -> float:
        """Raises `ReportError` where there is none, `ArithmeticError` where it is no number."""
        match term:
            case Number():
                return term.value
            case Negative():
                return -self.value(term.inner)
            case Operation():
                return _SIGNS[term.sign](self.value(term.left), self.value(term.right))
        return self.of(term).value

    def of(self, call: Call | PValue) -> Answer:
        if call not in self._known:
            self._known[call] = self._p_value(call) if isinstance(call, PValue) else self._aggregate(call)
        return self._known[call]

    def _aggregate(self, call: Call) -> Answer:
        whole = self._sets.find(call.runs.of)
        runs = whole.where(call.runs.over) if call.runs.over else whole
        if call.name == "count":
            counted = runs.having(call.column) if call.column else runs.runs
            return Answer(len(counted), f"of {_runs_text(len(whole))}", counted)
        _check_some(runs)
        found = runs.sample(call.column)
        if call.name in ("best", "worst"):
            value = runs.best_value(call.column, worst=call.name == "worst")
        else:
            value = _AGGREGATES[call.name](found.numbers)
        return Answer(value, f"from {found.size}", found.runs)

    def _p_value(self, call: PValue) -> Answer:
        sets = [self._chosen(runs, call.of) for runs in (call.one, call.other)]
        value = p_value(sets[0], sets[1], call.column, call.test or None, call.by or None)
        samples = [each.sample(call.column) for each in sets]
        return Answer(value, f"from {samples[0].size} and {samples[1].size}", samples[0].runs + samples[1].runs)

    def _chosen(self, runs: Runs, of: str) -> SeenRuns:
        if runs.of:
            return self._sets.find(runs.of)
        found = self._sets.find(of).where(runs.over)
        _check_some(found)
        return found


def _check_some(runs: SeenRuns) -> None:
    if not runs.runs:
        raise ReportError(f"{runs.what} holds no runs, so there is nothing to judge by")


def _runs_text(count: int) -> str:
    return f"{count} run{'' if count == 1 else 's'}"


class _Judged:
    """One comparison with its two sides worked out."""

    def __init__(self, comparison: Comparison, answers: _Answers) -> None:
        self._answers = answers
        self._comparison = comparison
        self._left = answers.value(comparison.left)
        self._right = answers.value(comparison.right)
        self._tolerance = 0.0 if comparison.tolerance is None else answers.value(comparison.tolerance)
        asked = [answers.of(call).value for side in (comparison.left, comparison.right) for call in calls(side)]
        # Of what was worked out, not of what is left of it: 0.3 - 0.1 - 0.2 is rounding alone.
        self._slack = _SLACK * max(map(abs, (self._left, self._right, *asked)))
        if not all(map(math.isfinite, (self._left, self._right, self._tolerance))):
            raise ReportError("it comes to what is no finite number")
        if self._tolerance < 0:
            raise ReportError(f"the tolerance is {self._tolerance:g}, expected one that is not below zero")

    @property
    def holds(self) -> bool:
        """With a tolerance each comparison is as much more lenient, and `!=` as much stricter."""
        gap = self._left - self._right
        slack = self._slack
        equal = abs(gap) <= self._tolerance + slack
        match self._comparison.sign:
            case "=":
                return equal
            case "!=":
                return not equal
            case "<=":
                return gap <= self._tolerance + slack
            case ">=":
                return gap >= -self._tolerance - slack
            case "<":
                return gap < self._tolerance - slack
        return gap > slack - self._tolerance

    def found(self) -> str:
        """What the store says: `0.9431 from 5 runs`."""
        left, right = self._side(self._comparison.left, self._left), self._side(self._comparison.right, self._right)
        return f"{left} against {right}" if left and right else left or right

    def message(self) -> str:
        """`0.9431 from 5 runs, expected >= 0.95`."""
        sign, other = self._comparison.sign, str(self._comparison.right)
        if not any(calls(self._comparison.left)):
            sign, other = _FLIPPED[sign], str(self._comparison.left)
        elif any(calls(self._comparison.right)):
            other = "that"
        within = f" ± {self._comparison.tolerance}" if self._comparison.tolerance is not None else ""
        exact = sign == "=" and self._comparison.tolerance is None
        near = exact and math.isclose(self._left, self._right, rel_tol=0.01)
        hint = "; write behind it what rounding leaves, as in = 0.95 ± 0.005" if near else ""
        return f"{self.found()}, expected {sign} {other}{within}{hint}"

    def _side(self, term: Term, value: float) -> str:
        """A side with where it comes from; "" for one that asks no runs."""
        asked = list(dict.fromkeys(calls(term)))
        if not asked:
            return ""
        text = self._told(value)
        if isinstance(term, Call | PValue):
            return f"{text} {self._answers.of(term).source}"
        return f"{text} ({'; '.join(self._parts(asked))})"

    def _parts(self, asked: list[Call | PValue]) -> Iterator[str]:
        for call in asked:
            answer = self._answers.of(call)
            yield f"{call} is {answer.value:.4g} {answer.source}"

    def _told(self, value: float) -> str:
        """A value with four digits that count, or as many as set it apart from what it is compared with."""
        others = {self._left, self._right} - {value}
        edges = [each + side * self._tolerance for each in others for side in (-1, 0, 1)]
        for digits in range(4, 17):
            text = f"{value:.{digits}g}"
            if all(self._order(float(text), edge) == self._order(value, edge) for edge in edges):
                return text
        return repr(value)

    def _order(self, one: float, other: float) -> int:
        """-1, 0 or 1 where the first number is below, equal to or above the other, but for rounding."""
        return 0 if abs(one - other) <= self._slack else 1 if one > other else -1
