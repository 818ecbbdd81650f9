"""Filters in SQL: `state = 'finished' AND config.lr < 0.01 AND 'baseline' IN tags`.

A text stands in single quotes; double quotes hold one too, or the name of a column that begins with `config.` or
`summary.`. Conditions and how they join are read here, so that a mistake is told with its place and columns compare as
`conditions` says; what stands between comparisons (arithmetic, functions, CASE) is left to Polars' own SQL.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

import polars as pl

from runstore.errors import UsageError
from runstore.reading import conditions
from runstore.reading.columns import ALIASES, FIELDS, Columns, canonical, is_free
from runstore.reading.conditions import OPERATORS, Column, Formula, Literal, Operand, compare

_MAX_LENGTH = 20_000
_MAX_DEPTH = 60
_MAX_FORMULA = 200  # Words and signs; Polars works a formula out by recursion, and some thousands end the process.
_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<text>'(?:[^']|'')*')
    |(?P<quoted>"(?:[^"]|"")*"|`[^`]*`)
    |(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![A-Za-z_\d]))
    |(?P<word>[^\W\d]\w*(?:\.\w+)*)
    |(?P<operator><>|!=|==|<=|>=|!~\*|!~|~\*|~|\|\||[=<>+*/%(),-])""",
    re.VERBOSE,
)
_PREFIXED = re.compile(r"""((?:config|summary|summary_metrics)\.)("(?:[^"]|"")+"|`[^`]+`)""")
_FREE = re.compile(r"(?:config|summary|summary_metrics)\.[^\s'\"`(),=<>!~*+%]+")
_COMPARISONS: Final = {"==": "=", "<>": "!=", **{each: each for each in OPERATORS}}
_PATTERNS: Final = {"LIKE", "ILIKE", "REGEXP", "RLIKE", "~", "~*", "!~", "!~*"}
_KEYWORDS: Final = frozenset({"AND", "OR", "NOT", "IN", "IS", "BETWEEN", "LIKE", "ILIKE", "REGEXP", "RLIKE"})
_CONSTANTS: Final[dict[str, Any]] = {"TRUE": True, "FALSE": False, "NULL": None}
_NO_CALLS: Final = frozenset({"CASE", "WHEN", "THEN", "ELSE", "AND", "OR", "NOT", "IN", "OVER", "BETWEEN", "LIKE"})
"""Words of a formula that may stand before a bracket without being a function."""
_FUNCTIONS: Final = frozenset(
    """
    abs ceil ceiling floor round sign sqrt cbrt exp ln log log2 log10 log1p pow power mod div pi degrees radians sin cos
    tan greatest least coalesce nullif if ifnull lower upper initcap length char_length character_length octet_length
    bit_length trim ltrim rtrim left right substr starts_with ends_with strpos split_part reverse concat concat_ws
    regexp_like cast try_cast date date_part date_trunc strftime array_contains array_length array_get
    min max avg sum count median stddev stdev stddev_samp var variance var_samp first last quantile_cont
    """.upper().split()
)
"""What a formula may call: filters stand in reports that strangers send, and others of Polars' functions (`lpad`,
`generate_series`, `replace` in `replace`) make more of a value than there is memory."""


class FilterError(UsageError):
    """A filter that cannot be read or means nothing. Its text names the place."""


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the filter: `kind` as the pattern calls it (`column` for a name in its own form), `place` from 1."""

    kind: str
    text: str
    place: int

    @property
    def upper(self) -> str:
        return self.text.upper() if self.kind == "word" else self.text if self.kind == "operator" else ""


def condition(text: str, columns: Columns) -> pl.Expr:
    """The condition that a filter states, over `columns.frame()`. Raises `FilterError`."""
    if len(text) > _MAX_LENGTH:
        raise FilterError(f"the filter has {len(text)} characters, at most {_MAX_LENGTH} are allowed; shorten it")
    tokens = list(_tokens(text, columns))
    if tokens and tokens[-1].kind == "unread":
        raise FilterError(tokens[-1].text)
    return _Parser(tokens, columns).parse()


def end_of_condition(text: str, columns: Columns, start: int = 0) -> int:
    """Where the condition ends that begins at `start` of a longer text, such as a report's check; both count from 0.

    It ends before what cannot continue it: a comparison behind a complete one (`state = 'failed' >= 2` is the condition
    `state = 'failed'`), a comma, a closing bracket, any other word or sign. Raises `FilterError`, whose places are
    those of the longer text.
    """
    parser = _Parser(list(_tokens(text[: start + _MAX_LENGTH], columns, start)), columns, inside=True)
    end = parser.end()
    return len(text) if end is None else end.place - 1


def _tokens(text: str, columns: Columns, at: int = 0) -> Iterator[Token]:
    """The pieces of a filter from character `at` on. What cannot be read is the last: a token `unread`, whose text says
    why."""
    while at < len(text):
        if (part := _PREFIXED.match(text, at)) is not None:
            yield Token("column", part[1] + _inside(part[2]), at + 1)
            at = part.end()
            continue
        if (free := _FREE.match(text, at)) and (name := _longest(free.group(), columns)):
            yield Token("column", name, at + 1)
            at += len(name)
            continue
        match = _TOKEN.match(text, at)
        if match is None:
            why = f"{_unknown(text[at])} at character {at + 1} of the filter: …{text[at : at + 20]}"
            yield Token("unread", why, at + 1)
            return
        kind, found = str(match.lastgroup), match.group()
        if kind == "quoted":
            yield _quoted(found, at + 1)
        elif kind == "word" and _is_column(found):
            yield Token("column", found, at + 1)
        elif kind != "space":
            yield Token(kind, found, at + 1)
        at = match.end()


def _quoted(found: str, place: int) -> Token:
    """What stands in double quotes or backticks."""
    inner = _inside(found)
    if found[0] == '"' and not is_free(canonical(inner)):
        return Token("text", "'" + inner.replace("'", "''") + "'", place)
    return Token("column", inner, place)


def _inside(found: str) -> str:
    return found[1:-1].replace('""', '"') if found[0] == '"' else found[1:-1]


def _unknown(letter: str) -> str:
    if letter == "'":
        return "found a text that does not end; close it with '"
    if letter in '"`':
        return f"found a name that does not end; close it with {letter}"
    return f"found {letter!r}, which means nothing"


def _longest(found: str, columns: Columns) -> str:
    """The longest start of `found` that is a column: a metric's name may hold / and -, which are signs too."""
    if found.replace(".", "").isidentifier():
        return found
    for end in range(len(found), 0, -1):
        if (end == len(found) or not (found[end].isalnum() or found[end] == "_")) and columns.has(
            canonical(found[:end])
        ):
            return found[:end]
    return ""


def _is_column(word: str) -> bool:
    return word in FIELDS or word in ALIASES or is_free(canonical(word))


class _Parser:
    """Reads tokens from left to right: OR of ANDs of NOTs of comparisons.

    `inside`: the filter is the beginning of a longer text.
    """

    def __init__(self, tokens: list[Token], columns: Columns, *, inside: bool = False) -> None:
        self._tokens = tokens
        self._columns = columns
        self._inside = inside
        self._at = 0
        self._depth = 0

    def parse(self) -> pl.Expr:
        if not self._tokens:
            raise FilterError("the filter is empty; write a condition such as state = 'finished'")
        found = self._either()
        if (token := self._next) is not None:
            raise self._error(token, "expected AND, OR or the end")
        return found

    def end(self) -> Token | None:
        """What follows the condition that the tokens begin with."""
        self._either()
        return self._next

    @property
    def _next(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _sees(self, *words: str) -> bool:
        return self._next is not None and self._next.upper in words

    def _takes(self, *words: str) -> bool:
        """Whether one of the words is next; goes past it then."""
        seen = self._sees(*words)
        self._at += seen
        return seen

    def _error(self, token: Token | None, expected: str) -> FilterError:
        if token is None:
            return FilterError(f"the filter ends too early: {expected}")
        if token.kind == "unread":
            return FilterError(token.text)
        return FilterError(f"found {token.text!r} at character {token.place} of the filter, {expected}")

    def _expect(self, word: str) -> None:
        if not self._takes(word):
            raise self._error(self._next, f"expected {word}")

    def _either(self) -> pl.Expr:
        found = [self._both()]
        while self._takes("OR"):
            found.append(self._both())
        # All at once: what Polars does to a chain of ORs takes time with the cube of its length.
        return pl.any_horizontal(found) if len(found) > 1 else found[0]

    def _both(self) -> pl.Expr:
        found = [self._negated()]
        while self._takes("AND"):
            found.append(self._negated())
        return pl.all_horizontal(found) if len(found) > 1 else found[0]

    def _negated(self) -> pl.Expr:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise FilterError(f"the filter is nested deeper than {_MAX_DEPTH} levels; write it flatter")
        try:
            if self._takes("NOT"):
                return ~self._negated()
            if self._sees("(") and (inner := self._group()) is not None:
                return inner
            return self._predicate()
        finally:
            self._depth -= 1

    def _group(self) -> pl.Expr | None:
        """A condition in brackets; None when they hold part of a formula."""
        end = self._closing(self._at)
        after = self._tokens[end + 1] if end + 1 < len(self._tokens) else None
        if after is not None and after.upper not in ("AND", "OR", ")") and not self._holds_condition(self._at, end):
            return None
        self._at += 1
        found = self._either()
        self._expect(")")
        return found

    def _holds_condition(self, start: int, end: int) -> bool:
        """Whether brackets inside a longer text hold a comparison, so that what follows them is no part of a filter."""
        words = {*_COMPARISONS, *_PATTERNS, "IN", "IS", "BETWEEN"}
        return self._inside and any(token.upper in words for token in self._tokens[start:end])

    def _closing(self, start: int) -> int:
        depth = 0
        for at in range(start, len(self._tokens)):
            depth += {"(": 1, ")": -1}.get(self._tokens[at].upper, 0)
            if depth == 0:
                return at
        raise self._error(self._tokens[start], "which is never closed; add )")

    def _predicate(self) -> pl.Expr:
        start = self._next
        left = self._operand()
        try:
            return self._compared(left)
        except FilterError:
            raise
        except UsageError as error:
            place = start.place if start else 0
            raise FilterError(f"{error} (at character {place} of the filter)") from None

    def _compared(self, left: Operand) -> pl.Expr:
        token = self._next
        if token is not None and token.upper in _COMPARISONS:
            self._at += 1
            return compare(self._columns, left, _COMPARISONS[token.upper], self._value_for(token))
        if self._takes("IS"):
            negated = self._takes("NOT")
            return self._is(left, negated)
        negated = self._takes("NOT")
        found = self._word_predicate(left)
        if found is None:
            if negated:
                raise self._error(self._next, "expected IN, BETWEEN or LIKE after NOT")
            return conditions.truth(self._columns, left)
        return ~found if negated else found

    def _value_for(self, operator: Token) -> Operand:
        """What stands behind a comparison."""
        right = self._operand()
        if isinstance(right, Literal) and right.value is None:
            raise self._error(operator, "which never holds for NULL; write IS NULL or IS NOT NULL")
        return right

    def _is(self, left: Operand, negated: bool) -> pl.Expr:
        if self._takes("NULL"):
            present = conditions.presence(self._columns, left)
            return present if negated else ~present
        if self._takes("TRUE", "FALSE"):
            wanted = self._tokens[self._at - 1].upper == "TRUE"
            found = compare(self._columns, left, "=", Literal(wanted)).fill_null(False)
        elif self._takes("DISTINCT"):
            self._expect("FROM")
            found = ~compare(self._columns, left, "=", self._operand()).fill_null(False)
        else:
            raise self._error(self._next, "expected NULL, TRUE, FALSE or DISTINCT FROM")
        return ~found if negated else found

    def _word_predicate(self, left: Operand) -> pl.Expr | None:
        if self._takes("IN"):
            return self._in(left)
        if self._takes("BETWEEN"):
            low = self._operand()
            self._expect("AND")
            high = self._operand()
            return compare(self._columns, left, ">=", low) & compare(self._columns, left, "<=", high)
        token = self._next
        if token is None or token.upper not in _PATTERNS:
            return None
        self._at += 1
        return self._matches(left, token)

    def _matches(self, left: Operand, token: Token) -> pl.Expr:
        pattern = self._operand()
        if not isinstance(pattern, Literal) or not isinstance(pattern.value, str):
            raise self._error(token, "expected a text in single quotes behind it")
        if token.upper in ("LIKE", "ILIKE"):
            text = conditions.like_pattern(pattern.value, ignore_case=token.upper == "ILIKE")
        else:
            text = f"(?i){pattern.value}" if token.upper.endswith("*") else pattern.value
        found = conditions.matches(self._columns, left, text)
        return ~found if token.upper.startswith("!") else found

    def _in(self, left: Operand) -> pl.Expr:
        """`x IN (1, 2)`, or `'x' IN tags`."""
        if not self._takes("("):
            return compare(self._columns, self._operand(), "=", left)
        found: list[pl.Expr] = []
        while not self._takes(")"):
            if found:
                self._expect(",")
            found.append(compare(self._columns, left, "=", self._operand()))
        if not found:
            raise self._error(self._tokens[self._at - 1], "expected a value in the brackets after IN")
        present = conditions.presence(self._columns, left)
        return pl.when(present).then(conditions.any_of(each.fill_null(False) for each in found))

    def _operand(self) -> Operand:
        """All up to the next word or sign of a condition: a column, a value, or a formula."""
        start = self._at
        self._skip_operand()
        tokens = self._tokens[start : self._at]
        if not tokens:
            raise self._error(self._next, "expected a column or a value")
        if len(tokens) == 1 and (simple := self._simple(tokens[0])) is not None:
            return simple
        if len(tokens) == 2 and tokens[0].text in "+-" and tokens[1].kind == "number":
            value = _number(tokens[1].text)
            return Literal(-value if tokens[0].text == "-" else value)
        return self._formula(tokens)

    def _skip_operand(self) -> None:
        cases = 0
        while (token := self._next) is not None and token.kind != "unread":
            if cases == 0 and (token.upper in _KEYWORDS or token.upper in _COMPARISONS or token.upper in _PATTERNS):
                return
            if token.upper in (")", ",") and cases == 0:
                return
            if token.upper == "(":
                self._at = self._closing(self._at)
            cases += {"CASE": 1, "END": -1}.get(token.upper, 0)
            self._at += 1

    def _simple(self, token: Token) -> Operand | None:
        if token.kind == "text":
            return Literal(token.text[1:-1].replace("''", "'"))
        if token.kind == "number":
            return Literal(_number(token.text))
        if token.kind == "column":
            return Column(self._check(token))
        if token.upper in _CONSTANTS:
            return Literal(_CONSTANTS[token.upper])
        if token.kind == "word":
            self._check(token)
        return None

    def _check(self, token: Token) -> str:
        """A column's own name. Raises `FilterError` with the nearest names."""
        try:
            return self._columns.check(token.text)
        except UsageError as error:
            raise FilterError(f"{error} (at character {token.place} of the filter)") from None

    def _formula(self, tokens: list[Token]) -> Formula:
        """Polars' own reading of these tokens."""
        if len(tokens) > _MAX_FORMULA:
            found = f"a formula of {len(tokens)} words and signs at character {tokens[0].place} of the filter"
            raise FilterError(f"found {found}, at most {_MAX_FORMULA} are allowed; write a shorter one")
        parts = []
        signs = [*(token.upper for token in tokens), "", ""]
        for at, token in enumerate(tokens):
            called = signs[at + 1] == "("
            if called and token.kind in ("word", "column"):
                _check_function(token, empty=signs[at + 2] == ")")
            if token.kind == "column" and not called:
                name = self._check(token)
                self._columns.natural(name)
                parts.append('"' + name.replace('"', '""') + '"')
            else:
                parts.append(token.text)
        text = " ".join(parts)
        try:
            expression = pl.sql_expr(f"({text})")
            frame = self._columns.frame()
            dtype = frame.lazy().select(expression.alias("formula")).collect_schema()["formula"]
            frame.head(0).select(expression)
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, TypeError, ValueError) as error:
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise FilterError(f"cannot read {text!r} at character {tokens[0].place} of the filter ({reason})") from None
        return Formula(expression, conditions.kind_of_type(dtype))


def _check_function(token: Token, *, empty: bool) -> None:
    """Raises `FilterError` for a word before a bracket that is no function of filters, or lacks what it is about."""
    name = token.text.upper()
    if empty and name != "PI":
        raise FilterError(f"found nothing in the brackets of {token.text!r} at character {token.place} of the filter")
    if name not in _FUNCTIONS and name not in _NO_CALLS:
        near = get_close_matches(name[:40], sorted(_FUNCTIONS), n=2)
        hint = f"did you mean {' or '.join(near).lower()}?" if near else "there are abs, round, lower, max and others"
        raise FilterError(f"found no function {token.text!r} at character {token.place} of the filter; {hint}")


def _number(text: str) -> float:
    return int(text) if text.isdecimal() else float(text)
