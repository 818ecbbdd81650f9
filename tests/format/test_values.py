"""Values: what was logged in Python survives as plain JSON."""

import datetime
import enum
import json
import math
import pathlib
import uuid
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstore.format import values
from runstore.format.values import Unserialisable

KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
TEXTS = KEYS.filter(lambda text: text not in values.NOT_FINITE)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=10,
)


class Colour(enum.Enum):
    RED = "red"
    BOTH = (1, 2)


@dataclass
class Point:
    x: int
    y: float


@given(st.dictionaries(KEYS, PLAIN | st.integers(), max_size=5))
def test_a_row_comes_back_as_it_was_logged(row: dict[str, Any]) -> None:
    line = values.dump_line(values.plain(row))
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    back = values.revive(values.parse_line(line))
    assert repr(back) == repr(row)


@given(st.floats())
def test_a_float_keeps_every_bit_and_a_non_finite_one_its_name(number: float) -> None:
    named = values.name_float(number)
    json.dumps(named, allow_nan=False)
    back = values.revive(named)
    assert back == number or (math.isnan(back) and math.isnan(number))
    assert math.copysign(1, back) == math.copysign(1, number) or math.isnan(number)


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (np.float32(0.5), 0.5),
        (np.int64(7), 7),
        (np.bool_(True), True),
        (np.array([1.0, math.nan]), [1.0, "NaN"]),
        (np.zeros((2, 1)), [[0.0], [0.0]]),
        (Colour.RED, "red"),
        (Colour.BOTH, "BOTH"),
        (Point(1, math.inf), {"x": 1, "y": "Infinity"}),
        ((1, 2), [1, 2]),
        ({3, 1, 2}, [1, 2, 3]),
        (range(3), [0, 1, 2]),
        ({"a": 1, "b": 2}.values(), [1, 2]),
        (datetime.date(2026, 11, 20), "2026-11-20"),
        (datetime.timedelta(minutes=1), 60.0),
        (b"caf\xc3\xa9\xff", "café\\xff"),
        (Decimal("0.5"), 0.5),
        (Fraction(1, 2), 0.5),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (pathlib.PurePosixPath("/a"), "/a"),
        ({1: {None: 2}}, {"1": {"None": 2}}),
    ],
)
def test_values_of_other_classes_have_a_plain_form(value: Any, plain: Any) -> None:
    assert values.plain(value) == plain


@pytest.mark.parametrize("value", [object(), lambda: 1, 1j, [object()]])
def test_a_value_without_a_plain_form_says_what_to_do(value: Any) -> None:
    with pytest.raises(Unserialisable, match="log a number, text, list or dict"):
        values.plain(value)


def test_a_value_that_holds_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(Unserialisable, match="100 levels"):
        values.plain(loop)


def test_a_lone_surrogate_becomes_its_escapes_text() -> None:
    assert values.parse_line(values.dump_line({"a\ud800": "\udc00"})) == {"a\\ud800": "\\udc00"}


def test_whole_numbers_of_any_size_survive() -> None:
    row = {"a": 2**63 - 1, "b": -(2**80), "c": 2**64}
    assert values.parse_line(values.dump_line(row)) == row


def test_nested_mappings_are_walked_to_their_values() -> None:
    found = list(values.flatten({"a": {"b": 1, 2: {}}, "c": [{"d": 1}]}))
    assert found == [(("a", "b"), 1), (("a", "2"), {}), (("c",), [{"d": 1}])]
