"""One line of a history: the rows it holds, however it was damaged."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstore.reading.rows import decode_line, flatten, number

ROW = st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), st.integers(0, 9), max_size=3)


def test_a_sound_line_is_one_row_and_no_damage() -> None:
    assert decode_line(b'{"loss": 0.5, "_step": 3}') == ([{"loss": 0.5, "_step": 3}], None)


def test_bare_nan_and_infinity_are_no_damage() -> None:
    ((row,), found) = decode_line(b'{"loss": NaN, "top": Infinity, "low": -Infinity}')
    assert found is None
    assert math.isnan(row["loss"])
    assert (row["top"], row["low"]) == (math.inf, -math.inf)


@pytest.mark.parametrize("line", [b"", b"   ", b"\t", b"\r", b" \r"])
def test_a_blank_line_holds_no_row_and_is_no_damage(line: bytes) -> None:
    assert decode_line(line) == ([], None)


def test_crlf_and_a_byte_order_mark_are_no_damage() -> None:
    assert decode_line(b'\xef\xbb\xbf{"a": 1}\r') == ([{"a": 1}], None)


@pytest.mark.parametrize(
    ("line", "rows", "found"),
    [
        (b"\0\0\0\0", [], "NUL bytes"),
        (b'\0\0{"a": 1}', [{"a": 1}], "NUL bytes"),
        (b'{"a": 1}\0\0', [{"a": 1}], "NUL bytes"),
        (b'{"a": "caf\xe9"}', [{"a": "caf\ufffd"}], "bytes that are not UTF-8"),
        (b'{"a": 1', [], "broken JSON"),
        (b"hello", [], "broken JSON"),
        (b"[1, 2]", [], "a JSON array"),
        (b"3", [], "a JSON number"),
        (b'"x"', [], "a JSON string"),
        (b"null", [], "a JSON null"),
        (b"true", [], "a JSON boolean"),
        (b"NaN", [], "a JSON number"),
        (b'{"a":' * 200 + b"1" + b"}" * 200, [], "nesting deeper than 100 levels"),
        (b'{"a":' + b"[" * 500_000, [], "nesting deeper than 100 levels"),
    ],
)
def test_damage_is_named_and_what_can_be_read_is_read(line: bytes, rows: list[Any], found: str) -> None:
    assert decode_line(line) == (rows, found)


def test_glued_rows_are_all_given_back() -> None:
    assert decode_line(b'{"a": 1}{"a": 2} {"b": NaN}')[0][:2] == [{"a": 1}, {"a": 2}]
    assert decode_line(b'{"a": 1}{"a": 2}') == ([{"a": 1}, {"a": 2}], "2 rows on one line")


@given(st.lists(ROW, min_size=2, max_size=120))
def test_any_number_of_glued_rows_is_given_back(rows: list[dict[str, int]]) -> None:
    line = b"".join(json.dumps(row).encode() for row in rows)
    assert decode_line(line) == (rows, f"{len(rows)} rows on one line")


def test_a_row_behind_a_torn_one_is_given_back_when_it_carries_its_step() -> None:
    torn = b'{"_step": 1, "image": {"path": "x", "si'
    assert decode_line(torn + b'{"_step": 2, "loss": 1}') == ([{"_step": 2, "loss": 1}], "broken JSON")


def test_a_fragment_of_a_torn_row_is_not_taken_for_one() -> None:
    assert decode_line(b'{"_step": 1, "table": {"_type": "table-file"}, "lo') == ([], "broken JSON")


@given(ROW, st.data())
def test_a_torn_row_never_becomes_another_row(row: dict[str, int], data: st.DataObject) -> None:
    line = json.dumps(row).encode()
    cut = data.draw(st.integers(1, len(line) - 1))
    assert decode_line(line[:cut])[0] == []


@given(st.binary(max_size=60) | st.text('{}[]:,"_step01\\ud8N \0', max_size=60).map(str.encode))
def test_any_line_gives_rows_that_can_be_written_again(line: bytes) -> None:
    rows, found = decode_line(line)
    json.dumps(rows, ensure_ascii=False).encode()
    assert rows or found or not line.strip(b" \t\r\n\xef\xbb\xbf")


def test_half_a_surrogate_pair_becomes_its_escapes_text() -> None:
    assert decode_line(rb'{"\ud800": "\udfff"}') == ([{r"\ud800": r"\udfff"}], None)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        *((1, 1.0), (True, 1.0), (0.5, 0.5), ("Infinity", math.inf), ("-Infinity", -math.inf), (10**400, math.inf)),
        *((None, None), ("1", None), ("nan", None), ([1], None), ({}, None)),
    ],
)
def test_a_cell_is_a_number_or_it_is_none(cell: Any, value: float | None) -> None:
    assert number(cell) == value


def test_the_name_of_nan_is_a_number() -> None:
    assert math.isnan(number("NaN") or 0)


def test_nested_values_get_dotted_keys_and_typed_ones_stay_whole() -> None:
    typed = {"_type": "table-file", "path": "x"}
    row = {"a": {"b": {"c": 1}, "t": typed, "e": {}}, "d": [1]}
    assert list(flatten(row)) == [("a.b.c", 1), ("a.t", typed), ("a.e", {}), ("d", [1])]
