"""The grammar of checks: `mean(summary.val_acc) over group = 'baseline' >= 0.95`.

    check       comparison { and comparison }
    comparison  sum ( = != < <= > >= ) sum [ ( ± | +- | within ) sum ]
    sum         numbers and calls with + - * / and round brackets; 95% is 0.95
    call        mean(column) [ of SET ] [ over ( CONDITION | all ) ]
                and likewise median std sem min max sum best worst; count(), or count(column)
    call        p_value(column, RUNS, RUNS [, welch | mannwhitney | paired by column ]) [ of SET ]

RUNS is a condition or the name of a run set. A condition is a filter as everywhere. It goes on as far as it can, and
ends where a comparison follows a complete one. Where something else is to follow, call and condition stand in round
brackets: `(mean(loss) over group = 'a') - (mean(loss) over group = 'b') < 0.1`.
"""

import math
import re
from collections.abc import Callable
from typing import Final, NoReturn

from runstore.errors import UsageError
from runstore.format.sections import meant
from sitegen.reports.mistakes import ReportError
from sitegen.reports.values.statistics import TESTS
from sitegen.reports.values.terms import (
    BARE,
    P_VALUE,
    Call,
    Claim,
    Comparison,
    Negative,
    Number,
    Operation,
    PValue,
    Runs,
    Term,
    calls,
)

MOST_CHARACTERS: Final = 2_000
AGGREGATES: Final = ("mean", "median", "std", "sem", "min", "max", "sum", "count", "best", "worst")
_CALLS: Final = (*AGGREGATES, P_VALUE)
_DEEPEST: Final = 40
_MOST_OPERATIONS: Final = 100
_SPACE: Final = re.compile(r"\s*")
_NUMBER: Final = re.compile(r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.])%?")
_WORD: Final = re.compile(r"[^\W\d]\w*")
_NAME: Final = re.compile(r"[^\W\d][\w-]*")
_COMPARISON: Final = re.compile(r"[<>!=]=|<>|[=<>≤≥≠]")
_TOLERANCE: Final = re.compile(r"±|\+/-|\+-|within\b", re.IGNORECASE)
_QUOTED: Final = re.compile(r"\"(?:[^\"]|\"\")*\"|'(?:[^']|'')*'|`[^`]*`")
_SPELLED: Final = {"==": "=", "<>": "!=", "≠": "!=", "≤": "<=", "≥": ">="}

EndOfCondition = Callable[[str, str, int], int]
"""Where the condition ends that begins at a place of a text, over the run set of a name. Raises `ReportError` or
`UsageError`."""


def parse(text: str, end_of_condition: EndOfCondition) -> Claim:
    """Reads a check. Raises `ReportError` that names the character where it cannot be read."""
    if len(text) > MOST_CHARACTERS:
        raise ReportError(f"the check has {len(text):,} characters, at most {MOST_CHARACTERS:,} are allowed; split it")
    return _Parser(text, end_of_condition).claim()


class _Parser:
    """Reads a check from left to right."""

    def __init__(self, text: str, end_of_condition: EndOfCondition) -> None:
        self._text = text
        self._end_of_condition = end_of_condition
        self._at = 0
        self._depth = 0
        self._operations = 0

    def claim(self) -> Claim:
        comparisons = [self._comparison()]
        while self._takes("and"):
            comparisons.append(self._comparison())
        if self._rest():
            self._fail("'and' or the end")
        return Claim(tuple(comparisons))

    def _comparison(self) -> Comparison:
        start = self._at
        left = self._sum()
        sign = self._match(_COMPARISON)
        if not sign:
            self._fail("a comparison, one of = != < <= > >=")
        right = self._sum()
        if not any(True for side in (left, right) for _ in calls(side)):
            self._at = start
            self._fail("a comparison that asks runs for something, such as mean(val_acc) >= 0.95")
        tolerance = self._sum() if self._match(_TOLERANCE) else None
        return Comparison(left, _SPELLED.get(sign, sign), right, tolerance)

    def _sum(self) -> Term:
        found = self._product()
        while not self._sees(_TOLERANCE) and (sign := self._sign("+-")):
            found = self._operation(found, sign, self._product())
        return found

    def _product(self) -> Term:
        found = self._factor()
        while sign := self._sign("*/"):
            found = self._operation(found, sign, self._factor())
        return found

    def _operation(self, left: Term, sign: str, right: Term) -> Operation:
        self._operations += 1
        if self._operations > _MOST_OPERATIONS:
            raise ReportError(f"the check has more than {_MOST_OPERATIONS} of + - * /; write a shorter one")
        return Operation(left, sign, right)

    def _factor(self) -> Term:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ReportError(f"the check is nested deeper than {_DEEPEST} levels; write it flatter")
        try:
            if self._sign("-"):
                return Negative(self._factor())
            if self._sign("("):
                found = self._sum()
                self._expect(")")
                return found
            return self._number() or self._call()
        finally:
            self._depth -= 1

    def _number(self) -> Number | None:
        start = self._at
        found = self._match(_NUMBER)
        if found and not math.isfinite(Number(found).value):
            self._at = start
            self._fail("a number that is not too large")
        return Number(found) if found else None

    def _call(self) -> Call | PValue:
        name = self._peek(_WORD)
        if name not in _CALLS:
            self._fail(f"a number, or one of {', '.join(_CALLS)}", meant(name, _CALLS) if name else "")
        self._match(_WORD)
        self._expect("(")
        return self._p_value() if name == P_VALUE else self._aggregate(name)

    def _aggregate(self, name: str) -> Call:
        column = "" if name == "count" and self._sees(re.compile(r"\)")) else self._column()
        self._expect(")")
        of = self._of()
        over = ""
        if self._takes("over") and not self._takes("all"):
            over = self._condition(of)
        return Call(name, column, Runs(of, over))

    def _p_value(self) -> PValue:
        # The set is named behind the brackets, and the conditions inside are read with its columns.
        before = self._at
        found = self._p_value_of("")
        if not found.of:
            return found
        self._at = before
        return self._p_value_of(found.of)

    def _p_value_of(self, name: str) -> PValue:
        column = self._column()
        self._expect(",")
        one = self._runs(name)
        self._expect(",")
        other = self._runs(name)
        test, by = self._test() if self._sign(",") else ("", "")
        self._expect(")")
        return PValue(column, one, other, self._of(), test, by)

    def _runs(self, of: str) -> Runs:
        """A condition, or the name of a run set: one word up to the next comma or bracket."""
        name = self._peek(_NAME)
        if name and self._text[self._at + len(name) :].lstrip()[:1] in (",", ")"):
            self._match(_NAME)
            return Runs(name)
        return Runs("", self._condition(of))

    def _test(self) -> tuple[str, str]:
        test = self._match(_WORD)
        if test not in TESTS:
            self._at -= len(test)
            self._fail(f"a test, one of {', '.join(TESTS)}")
        if test != "paired":
            return test, ""
        if not self._takes("by"):
            self._fail("'by' and the column by which runs are pairs, such as config.seed")
        return test, self._column()

    def _of(self) -> str:
        """The run set named behind a call, "" where none is."""
        if not self._takes("of") and not self._takes("in"):
            return ""
        return self._match(_NAME) or self._fail("the name of a run set")

    def _column(self) -> str:
        quoted = self._match(_QUOTED)
        if quoted:
            return quoted[1:-1].replace(quoted[0] * 2, quoted[0]) or self._fail("the name of a column in the quotes")
        return self._match(BARE).strip() or self._fail("the name of a column, such as summary.val_acc")

    def _condition(self, of: str) -> str:
        self._rest()
        try:
            end = self._end_of_condition(of, self._text, self._at)
        except UsageError as error:
            raise ReportError(str(error).replace("the filter", "the check")) from None
        found = self._text[self._at : end].strip()
        self._at = end
        return found

    def _rest(self) -> str:
        """What is left to read."""
        space = _SPACE.match(self._text, self._at)
        self._at = space.end() if space else self._at
        return self._text[self._at :]

    def _peek(self, pattern: re.Pattern[str]) -> str:
        """What of the pattern is next, "" where it is not."""
        self._rest()
        found = pattern.match(self._text, self._at)
        return found.group() if found else ""

    def _match(self, pattern: re.Pattern[str]) -> str:
        """The same, and goes past it."""
        found = self._peek(pattern)
        self._at += len(found)
        return found

    def _sees(self, pattern: re.Pattern[str]) -> bool:
        return bool(self._peek(pattern))

    def _takes(self, word: str) -> bool:
        """Whether a word is next; goes past it then."""
        seen = self._peek(_WORD).lower() == word
        self._at += len(word) * seen
        return seen

    def _sign(self, signs: str) -> str:
        """The sign that is next and one of these; goes past it."""
        found = self._rest()[:1]
        taken = found if found and found in signs else ""
        self._at += len(taken)
        return taken

    def _expect(self, sign: str) -> None:
        if not self._sign(sign):
            self._fail(f"{sign!r}")

    def _fail(self, expected: str, hint: str = "") -> NoReturn:
        rest = self._rest()
        more = f"; {hint}" if hint else ""
        if not rest:
            raise ReportError(f"the check ends too early, expected {expected}{more}")
        found = self._peek(_WORD) or self._peek(_NUMBER) or rest[0]
        raise ReportError(f"found {found[:40]!r} at character {self._at + 1} of the check, expected {expected}{more}")
