"""How a writer spelled its rows: what stands between things, how text is escaped, how floats are written.

JSON says the same number and the same row in many ways. A pack keeps values and one spelling, and gives the bytes back
that were there. Digits are the shortest that name the float, in all spellings; where an exponent begins differs.
"""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, Final

import numpy as np
import orjson
import polars as pl

from runstore.format.values import NOT_FINITE

_NAMES: Final = {"NaN": '"NaN"', "inf": '"Infinity"', "-inf": '"-Infinity"'}
"""What the store writes for the floats that JSON has no words for, by how Python names them."""
_LEAST, _MOST = 1e-4, 1e16
"""Between these every spelling writes a float without an exponent."""
_SAMPLE: Final = 20


@dataclass(frozen=True, slots=True)
class Spelling:
    """One way to write a row. `text` writes any value or key, `number` a float that has an exponent in some spelling;
    `known` says that Polars writes all floats so."""

    name: str
    comma: str
    colon: str
    text: Callable[[Any], str]
    number: Callable[[float], str]
    known: bool = False

    def row(self, values: dict[str, Any]) -> str:
        """A whole row, one value at a time."""
        cells = (f"{self.text(key)}{self.colon}{self._cell(value)}" for key, value in values.items())
        return "{" + self.comma.join(cells) + "}"

    def _cell(self, value: Any) -> str:
        return self.number(value) if type(value) is float else self.text(value)

    def floats(self, series: pl.Series, *, slowly: bool = False) -> pl.Series:
        """The texts of floats; of null null. With `slowly` none is left to Polars, whose next release may write other
        digits' exponents than the one that a pack was made with."""
        texts = series.cast(pl.String)
        odd = self._odd(series, slowly=slowly)
        if not odd:
            return texts
        cells = texts.to_list()
        for at, value in odd:
            cells[at] = self.number(value) if math.isfinite(value) else _named(value)
        return pl.Series(series.name, cells, dtype=pl.String)

    def _odd(self, series: pl.Series, *, slowly: bool) -> list[tuple[int, float]]:
        """The floats that Polars does not write as this spelling does, with their places."""
        if slowly:
            return [(at, value) for at, value in enumerate(series) if value is not None]
        values = series.to_numpy()
        with np.errstate(invalid="ignore"):
            size = np.abs(values)
            usual = np.isfinite(values) if self.known else ((size >= _LEAST) & (size < _MOST)) | (size == 0.0)
        if usual.all():
            return []
        found = ((int(at), series[int(at)]) for at in np.flatnonzero(~usual))
        return [(at, value) for at, value in found if value is not None]


def _named(value: float) -> str:
    return _NAMES["NaN"] if math.isnan(value) else _NAMES[repr(value)]


def shortest(value: float) -> str:
    """A finite float as orjson writes it: an exponent only below 1e-5 and from 1e16 on, without a sign for a plus's
    sake where the digits are few."""
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    text = "".join(map(str, digits))
    point = len(text) + int(exponent)
    return "-" * sign + _placed(text, point)


def _placed(text: str, point: int) -> str:
    """Digits with the decimal point behind the first `point` of them."""
    if text == "0":
        return "0.0"
    if -5 < point <= 0:
        return "0." + "0" * -point + text
    if 0 < point <= 16:
        whole = text.ljust(point, "0")
        return f"{whole[:point]}.{whole[point:] or '0'}"
    rest = f".{text[1:]}" if len(text) > 1 else ""
    return f"{text[0]}{rest}e{point - 1:+d}" if point > 0 else f"{text[0]}{rest}e{point - 1}"


def _compact(value: Any) -> str:
    return orjson.dumps(value).decode()


_ESCAPED = partial(json.dumps, allow_nan=False)
_UNESCAPED = partial(json.dumps, allow_nan=False, ensure_ascii=False)

SPELLINGS: Final = {
    spelling.name: spelling
    for spelling in (
        Spelling("compact", ",", ":", _compact, shortest, known=True),
        Spelling("python", ", ", ": ", _ESCAPED, repr),
        Spelling("python-utf8", ", ", ": ", _UNESCAPED, repr),
    )
}
"""The spellings there are: the recorder's own, and the two of Python's json module."""


def guess(lines: Sequence[bytes]) -> Spelling:
    """The spelling that most of the first of these lines have."""
    rows = [(line, row) for line in lines[:_SAMPLE] if (row := _row(line)) is not None]
    scores: dict[str, int] = {}
    for name, spelling in SPELLINGS.items():
        scores[name] = sum(_spells(spelling, row, line) for line, row in rows)
        if scores[name] == len(rows):
            return spelling
    return SPELLINGS[max(scores, key=lambda name: scores[name])]


def _row(line: bytes) -> dict[str, Any] | None:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return row if isinstance(row, dict) else None


def _spells(spelling: Spelling, row: dict[str, Any], line: bytes) -> bool:
    try:
        return spelling.row(row).encode() == line
    except (ValueError, TypeError, RecursionError):
        return False


def is_named(value: Any) -> bool:
    """Whether a value is a word for a float that is not finite."""
    return type(value) is str and value in NOT_FINITE
