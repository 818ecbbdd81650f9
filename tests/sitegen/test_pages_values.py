"""Values on pages: every one has a text, none is lost, none breaks a file."""

import json
import math
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitegen.pages.values import as_json, cell, column_type, flat, shared_and_varying, show, shown_items, told_apart

ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab.", max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(ANY)
def test_every_value_has_a_cell_that_json_and_a_browser_hold(value: Any) -> None:
    found = cell(value)
    assert found is None or isinstance(found, bool | int | float | str)
    assert json.loads(orjson.dumps(found)) == found
    assert isinstance(found, bool | str | None) or abs(found) <= 2**53 or isinstance(found, float)
    assert isinstance(show(found), str)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (0.1, "0.1"),
        (1e-4, "0.0001"),
        (7, "7"),
        (2**60, str(2**60)),
        (math.nan, "NaN"),
        (-math.inf, "-Infinity"),
        ([1, "a", None], '[1,"a",null]'),
        ({"a": 1}, '{"a":1}'),
        ("<script>", "<script>"),
    ],
)
def test_values_are_shown_as_they_were_written(value: Any, text: str) -> None:
    assert show(cell(value)) == text


def test_a_list_with_numbers_that_json_has_no_room_for_is_still_text() -> None:
    assert as_json([10**400]) == str([10**400])


def test_a_configuration_is_flat_with_dotted_keys_and_without_media() -> None:
    config = {"model": {"depth": 2, "act": None}, "t": {"_type": "table-file"}, "tags": ["a"], "__proto__": {"x": 1}}
    assert flat(config) == {"model.depth": 2, "tags": '["a"]', "__proto__.x": 1}


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 0.5, None], "number"),
        ([1, "NaN", "-Infinity"], "number"),
        (["NaN", "Infinity"], "number"),
        (["NaN", "a"], "text"),
        ([True, None], "bool"),
        (["a", "b"], "text"),
        ([1, "a"], "mixed"),
        ([1, True], "mixed"),
        ([None], "text"),
        ([], "text"),
    ],
)
def test_a_columns_type_is_what_all_its_values_are(values: list[Any], kind: str) -> None:
    assert column_type(values) == kind


def test_items_are_shown_in_their_order() -> None:
    assert shown_items({"b": 1, "a": {"z": None, "y": False}}) == (("b", "1"), ("a.y", "false"))


def test_what_configurations_share_and_where_they_differ() -> None:
    configs = [{"lr": 1, "opt": "sgd"}, {"lr": 2, "opt": "sgd"}, {"lr": 2, "opt": "sgd", "x": 1}]
    shared, varying = shared_and_varying(configs)
    assert shared == (("opt", "sgd"),)
    assert varying == (("lr", 2), ("x", 2))


def test_no_configurations_share_nothing() -> None:
    assert shared_and_varying([]) == ((), ())


@given(
    st.lists(st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "1", "-2", "true", "(none)", "a"]))
)
def test_values_that_differ_are_told_apart(values: list[Any]) -> None:
    named = dict(zip(((type(value), value) for value in values), told_apart(values), strict=True))
    assert len(set(named.values())) == len(named)


def test_a_text_stands_in_quotes_only_beside_what_reads_like_it() -> None:
    assert told_apart(["1", "(none)", "a"]) == ["1", "(none)", "a"]
    assert told_apart(["1", 1, "(none)", None, True]) == ["'1'", "1", "'(none)'", "(none)", "true"]
    assert shared_and_varying([{"x": "1", "y": 2}, {"x": 1, "y": 2}]) == ((("y", "2"),), (("x", 2),))
