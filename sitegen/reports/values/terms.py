"""What a check states, as a tree of terms; as text, each is what `checks` reads back."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

P_VALUE: Final = "p_value"
BARE: Final = re.compile(r"[^,()'\"`]+")
"""A column's name that needs no quotes."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it is written."""

    text: str

    @property
    def value(self) -> float:
        return float(self.text[:-1]) / 100 if self.text.endswith("%") else float(self.text)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Runs:
    """Runs that a call is over: of the set `of`, "" for the usual one, those of the condition `over`, "" for all."""

    of: str = ""
    over: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """An aggregate of a column over runs; `column` is "" for `count()`."""

    name: str
    column: str
    runs: Runs = Runs()

    def __str__(self) -> str:
        of = f" of {self.runs.of}" if self.runs.of else ""
        over = f" over {self.runs.over}" if self.runs.over else ""
        return f"{self.name}({_column_text(self.column)}){of}{over}"


@dataclass(frozen=True, slots=True)
class PValue:
    """The p-value of two choices of runs having the same mean. `test` is "" for the usual one, `by` pairs runs."""

    column: str
    one: Runs
    other: Runs
    of: str = ""
    test: str = ""
    by: str = ""

    def __str__(self) -> str:
        runs = [each.over or each.of for each in (self.one, self.other)]
        test = [f"{self.test} by {_column_text(self.by)}" if self.by else self.test] if self.test else []
        arguments = ", ".join([_column_text(self.column), *runs, *test])
        return f"{P_VALUE}({arguments})" + (f" of {self.of}" if self.of else "")


@dataclass(frozen=True, slots=True)
class Negative:
    """Minus a term."""

    inner: "Term"

    def __str__(self) -> str:
        return f"-({self.inner})"


@dataclass(frozen=True, slots=True)
class Operation:
    """Two terms with `+`, `-`, `*` or `/` between them."""

    left: "Term"
    sign: str
    right: "Term"

    def __str__(self) -> str:
        return f"({self.left}) {self.sign} ({self.right})"


Term = Number | Call | PValue | Negative | Operation


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two terms of which one is said to be above, below or equal to the other, give or take the tolerance."""

    left: Term
    sign: str
    right: Term
    tolerance: Term | None = None

    def __str__(self) -> str:
        within = f" ± {self.tolerance}" if self.tolerance is not None else ""
        return f"({self.left}) {self.sign} ({self.right}){within}"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a check states: that all of its comparisons hold."""

    comparisons: tuple[Comparison, ...]

    def __str__(self) -> str:
        return " and ".join(map(str, self.comparisons))


def calls(term: Term | None) -> Iterator[Call | PValue]:
    """Every call of a term, from left to right."""
    match term:
        case Call() | PValue():
            yield term
        case Negative():
            yield from calls(term.inner)
        case Operation():
            yield from calls(term.left)
            yield from calls(term.right)


def _column_text(name: str) -> str:
    plain = not name or (BARE.fullmatch(name) and name == name.strip())
    return name if plain else '"' + name.replace('"', '""') + '"'
