"""JSON as strangers write it: taken where its meaning is clear, and always fit to be written again."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstore.format import lenient

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters()), inner, max_size=3),
    max_leaves=10,
)


@given(JSON)
def test_whatever_python_writes_can_be_read_and_written_again(value: Any) -> None:
    text = json.dumps(value, ensure_ascii=True)
    found = lenient.loads(text.encode())
    json.dumps(found, ensure_ascii=False).encode()
    if "\\ud" not in text:
        assert repr(found) == repr(value)


@given(st.binary(max_size=50) | st.text('{}[]:," \\u0aNI-1.e', max_size=40).map(str.encode))
def test_any_bytes_are_read_or_refused_with_a_value_error(data: bytes) -> None:
    try:
        json.dumps(lenient.loads(data), ensure_ascii=False).encode()
    except ValueError:
        return


def test_bare_nan_and_infinity_are_read() -> None:
    found = lenient.loads(b'{"a": NaN, "b": -Infinity}')
    assert math.isnan(found["a"])
    assert found["b"] == -math.inf


def test_a_byte_order_mark_is_passed_over() -> None:
    assert lenient.loads(b"\xef\xbb\xbf[1]") == [1]


def test_half_a_surrogate_pair_becomes_its_escapes_text() -> None:
    assert lenient.loads(rb'{"\ud800": ["\udc00x"]}') == {r"\ud800": [r"\udc00x"]}


def test_whole_surrogate_pairs_are_characters() -> None:
    assert lenient.loads(rb'["\ud83d\ude00", NaN]')[0] == "😀"


@pytest.mark.parametrize("data", [b"[1] 2", b"", b"{", b"\xff", b"nan"])
def test_what_is_no_json_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        lenient.loads(data)


def test_nesting_is_read_to_100_levels() -> None:
    assert lenient.loads(b"[" * 100 + b"]" * 100)
    for depth in (102, 1000, 1_000_000):
        with pytest.raises(lenient.TooDeepError):
            lenient.loads(b"[" * depth + b"]" * depth)


def test_wide_values_are_not_deep() -> None:
    assert len(lenient.loads(b"[" + b"[],{}," * 1000 + b"1]")) == 2001
