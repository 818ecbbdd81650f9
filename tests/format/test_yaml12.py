"""YAML: the 1.2 core schema, safely, in the order it was written."""

import datetime
import math
import string
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from runstore.format import yaml12, yaml_core, yaml_text

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.text(
    string.ascii_letters + string.digits + " \n\t:#-'\"{}[]&*!|>%@`,?~.=<", max_size=30
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=12
)


@given(VALUES)
def test_what_is_dumped_is_what_is_loaded(value: Any) -> None:
    assert repr(yaml12.load(yaml12.dump(value))) == repr(value)


WORDS = st.sampled_from(
    ["yes", "No", "a b", "a (b", "1e5", "1_0", "0x1", ".5", "-", "- a", "a: b", "a #", "~", "=", "<<"]
)
NUMBERS = st.integers() | st.floats() | st.sampled_from([2**63, -(2**63), 1e-5, 1e16, -0.0, 5e-324])
SIMPLE = st.none() | st.booleans() | NUMBERS | TEXTS | WORDS
MAPPINGS = st.recursive(
    st.dictionaries(TEXTS | WORDS, SIMPLE | st.lists(SIMPLE, max_size=3), max_size=5),
    lambda inner: st.dictionaries(TEXTS | WORDS, inner | SIMPLE, max_size=3),
    max_leaves=4,
)


@given(MAPPINGS)
def test_what_is_written_without_the_library_is_what_the_library_writes(value: dict[str, Any]) -> None:
    assert yaml_text.dump(value) in (None, yaml_core.dump(value))


@given(MAPPINGS | st.dictionaries(TEXTS | WORDS, SIMPLE, max_size=4))
def test_what_is_read_without_the_library_is_what_the_library_reads(value: dict[str, Any]) -> None:
    text = yaml_core.dump(value)
    assert repr(yaml_text.load(text)) in (repr(None), repr(yaml_core.load(text)))


@given(st.lists(st.tuples(TEXTS | WORDS, TEXTS | WORDS | st.integers().map(str)), max_size=4))
def test_lines_of_a_person_are_read_as_the_library_reads_them(pairs: list[tuple[str, str]]) -> None:
    text = "".join(f"{key}: {word}\n" for key, word in pairs)
    found = yaml_text.load(text)
    assert found is None or repr(found) == repr(yaml_core.load(text))


INDENTS = st.sampled_from(["", "", "  ", "  ", "    ", " "])
STARTS = st.sampled_from(["a:", "b:", "c.d:", "train/loss:", "-", "- a:", "a :", "#", "", "1:", '"q":', "yes:"])
ENDS = st.sampled_from(["1", "-1e-4", "word", "two words", "'q'", '"q"', "''", "[a, 1, 'b']", "[]", "[[a], b]", "{}"])
LINES = st.tuples(
    INDENTS, STARTS, st.just("") | ENDS.map(lambda end: f" {end}") | (WORDS | TEXTS).map(lambda w: f" {w}")
)


@given(st.lists(LINES, max_size=7))
def test_lines_with_any_indent_are_read_as_the_library_reads_them(lines: list[tuple[str, str, str]]) -> None:
    text = "".join(f"{''.join(line)}\n" for line in lines)
    found = yaml_text.load(text)
    assert found is None or repr(found) == repr(yaml_core.load(text))


def test_the_files_of_a_store_need_no_library() -> None:
    run = {"id": "abc", "name": "a-b-1", "created": "2026-11-20T10:00:00.000Z", "tags": ["a", "b c"], "notes": ""}
    config = {"lr": 1e-5, "on": True, "model": {"layers": 3, "name": None, "kinds": []}, "path": "/tmp/x"}
    for value in (run, config):
        assert yaml_text.dump(value) == yaml_core.dump(value)
    assert yaml_text.load(yaml_core.dump(run)) == run
    by_hand = "at: '10:00'\ntags: [a, b]\nlr: 1e-4\nmodel:\n  kinds:\n    - a\n    - 2\n  depth: 3\nnotes:\n"
    assert yaml_text.load(by_hand) == yaml_core.load(by_hand)
    assert yaml_text.load(by_hand) is not None
    assert yaml_text.load(text := 'format: 1\nentity: ""\nartifacts: commit\n') == yaml_core.load(text)


@given(st.dictionaries(TEXTS, SCALARS, max_size=8))
def test_the_order_of_keys_survives(value: dict[str, Any]) -> None:
    assert list(yaml12.load(yaml12.dump(value)) or {}) == list(value)


@given(st.dictionaries(TEXTS, st.integers() | st.booleans() | st.floats(allow_nan=False) | TEXTS, max_size=5))
def test_a_reader_of_yaml_1_1_takes_what_we_dump_for_the_same(value: dict[str, Any]) -> None:
    assert yaml.safe_load(yaml12.dump(value)) == value


@given(st.binary(max_size=60) | st.text("abc: -[]{}&*!|>'\"\n#?,~<", max_size=60).map(str.encode))
def test_any_bytes_are_loaded_or_refused_in_one_line(data: bytes) -> None:
    error = _refusal(data)
    assert error is None or "\n" not in str(error)
    assert error is None or 0 <= error.line <= max(1, len(data.decode(errors="replace").splitlines()))


def _refusal(data: bytes) -> yaml12.YamlError | None:
    try:
        yaml12.load(data)
    except yaml12.YamlError as error:
        return error
    return None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-4", 1e-4),
        ("1E5", 1e5),
        ("1.", 1.0),
        (".5", 0.5),
        ("-.inf", -math.inf),
        ("+12", 12),
        ("0o17", 15),
        ("0x1F", 31),
        ("017", 17),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
    ],
)
def test_core_schema_reads(text: str, value: Any) -> None:
    assert yaml12.load(f"key: {text}") == {"key": value}


@pytest.mark.parametrize(
    "text", ["no", "yes", "off", "N", "1_000", "1:30", "0b11", "1e", "2026-11-20", ".", "nan", "="]
)
def test_core_schema_leaves_text(text: str) -> None:
    assert yaml12.load(f"key: {text}") == {"key": text}


def test_a_hand_written_learning_rate_is_a_number_and_no_is_a_word() -> None:
    assert yaml12.load(b"lr: 1e-4\nflag: no\n") == {"lr": 0.0001, "flag": "no"}


def test_nan_is_a_number() -> None:
    assert math.isnan(yaml12.load("x: .nan")["x"])


def test_a_byte_order_mark_is_no_part_of_the_first_key() -> None:
    assert yaml12.load(b"\xef\xbb\xbflr: 1\n") == {"lr": 1}


def test_crlf_ends_lines() -> None:
    assert yaml12.load(b"lr: 1\r\nname: a\r\n") == {"lr": 1, "name": "a"}


def test_keys_are_the_text_they_were_written_as() -> None:
    text = "1: a\ntrue: b\n1e-4: c\nnull: d\n01: e\n"
    assert yaml12.load(text) == {"1": "a", "true": "b", "1e-4": "c", "null": "d", "01": "e"}


def test_an_alias_of_a_key_is_still_its_value() -> None:
    assert yaml12.load("&k 1: a\nb: *k\n") == {"1": "a", "b": 1}


def test_merge_keys_are_unfolded() -> None:
    text = "base: &b {lr: 1, wd: 2}\nrun:\n  <<: *b\n  lr: 3\n"
    assert yaml12.load(text)["run"] == {"lr": 3, "wd": 2}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\nb: [1, 2\nc: 3\n", 3),
        ("a: 1\na: 2\n", 2),
        ("a:\n  b: 1\n  b: 2\n", 3),
        ("a: 1\n\tb: 2\n", 2),
        ("x: !!python/object:os.system {}\n", 1),
        ("x: !!set {a}\n", 1),
        ("x: !!binary aGk=\n", 1),
        ("x: !custom 1\n", 1),
        ("a: *nowhere\n", 1),
        ("a: 1\n---\nb: 2\n", 2),
        (b"a: 1\nb: \xff\n", 2),
        (b"a: \x00\n", 0),
    ],
)
def test_broken_yaml_names_its_line(text: str | bytes, line: int) -> None:
    with pytest.raises(yaml12.YamlError) as caught:
        yaml12.load(text)
    assert caught.value.line == line


def test_a_bomb_of_aliases_is_refused() -> None:
    rungs = [f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(yaml12.YamlError, match="aliases"):
        yaml12.load("\n".join(["x0: &x0 [1]", *rungs]))


def test_an_alias_of_itself_is_refused() -> None:
    with pytest.raises(yaml12.YamlError, match="100 levels"):
        yaml12.load("a: &a [*a]")


@pytest.mark.parametrize("depth", [150, 100_000])
def test_deep_nesting_is_refused(depth: int) -> None:
    with pytest.raises(yaml12.YamlError, match="100 levels"):
        yaml12.load("[" * depth + "]" * depth)


def test_a_whole_number_too_long_to_read_is_refused_in_one_line() -> None:
    with pytest.raises(yaml12.YamlError):
        yaml12.load("x: " + "9" * 5000)


@pytest.mark.parametrize("value", [{1, 2}, b"x", datetime.date(2026, 1, 1), object(), 1j])
def test_what_load_would_refuse_is_not_dumped(value: Any) -> None:
    with pytest.raises(TypeError):
        yaml12.dump({"key": value})


def test_shared_values_are_written_out_without_aliases() -> None:
    shared = [1, 2]
    assert "&" not in yaml12.dump({"a": shared, "b": shared})


def test_many_lines_stand_as_a_block_that_a_person_can_read() -> None:
    assert yaml12.dump({"notes": "first\nsecond\n"}) == "notes: |\n  first\n  second\n"


def test_words_and_numbers_in_text_are_quoted() -> None:
    text = yaml12.dump({"a": "no", "b": "1e-4", "c": "null", "d": "plain words", "e": "2026-11-20"})
    assert text == 'a: "no"\nb: "1e-4"\nc: "null"\nd: plain words\ne: "2026-11-20"\n'


def test_the_line_of_each_key_and_item_is_known() -> None:
    text = "a: 1\nb:\n  - x\n  - c: 2\n    d: {e: 3,\n      f: 4}\n1: two\n"
    assert yaml12.lines(text) == {
        ("a",): 1,
        ("b",): 2,
        ("b", 0): 3,
        ("b", 1): 4,
        ("b", 1, "c"): 4,
        ("b", 1, "d"): 5,
        ("b", 1, "d", "e"): 5,
        ("b", 1, "d", "f"): 6,
        ("1",): 7,
    }
    assert yaml12.lines(b"\xef\xbb\xbfa: 1\n") == {("a",): 1}


def test_lines_of_merges_and_aliases_are_where_they_are_written() -> None:
    text = "one: &one\n  a: 1\n  b: 2\ntwo:\n  <<: *one\n  b: 3\nthree: *one\n"
    lines = yaml12.lines(text)
    assert (lines[("two", "a")], lines[("two", "b")]) == (2, 6)
    assert (lines[("three",)], lines[("three", "a")]) == (7, 2)


@pytest.mark.parametrize("text", ["", "a: [", "{" * 200, "\x00", b"\xff", "- &a [*a]", "a: 1\na: 2"])
def test_lines_of_what_cannot_be_read_are_no_error(text: str | bytes) -> None:
    assert isinstance(yaml12.lines(text), dict)


def test_lines_of_aliases_that_unfold_without_end_are_given_up() -> None:
    text = "a0: &a0 [1, 1]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))
    assert yaml12.lines(text) == {}
