"""From lines to frames: as if every line had been read by itself, however the blocks fall."""

import json
import math
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstore.reading.ndjson import AXES, PREFIX, Block, Parsed, parse
from runstore.reading.rows import decode_line, flatten, number
from tests.stores import lines

KEYS = st.sampled_from(["a", "b", "loss", *AXES, "__proto__", "<script>", "ключ", 'q"', "\\", ""])
NUMBERS = st.integers(-5, 5) | st.floats() | st.sampled_from([2**53 + 1, 2**63, 10**25, 1e308, -0.0])
CLEAN = st.dictionaries(KEYS, NUMBERS, max_size=4)
MIXED = st.dictionaries(
    KEYS,
    NUMBERS
    | st.none()
    | st.booleans()
    | st.sampled_from(["NaN", "Infinity", "-Infinity", "text", "1.5", '"', ":", "null"])
    | st.lists(st.integers(), max_size=2)
    | st.dictionaries(KEYS, st.integers() | st.none(), max_size=2)
    | st.just({"_type": "table-file", "path": "media/t.json"}),
    max_size=4,
)
DIRT = st.sampled_from(
    [
        *(b"", b"  ", b"\r", b"\0\0", b"null", b"[1]", b'{"a": 1', b'{"a": 1}{"a": 2}', b'{"a": NaN, "b": -Infinity}'),
        *(b'{"a": "\xff"}', b'\xef\xbb\xbf{"a": 1}', b'{"a": 1}\0', b'{"a": 1, "a": 2}', b'{"a": 1}\r'),
        *(b'{"_step": {"x": 1}, "a": 1}', b'{"a": 1e999}', b'{"a": 01}', b'{"a":"NaN"}', b'{"a" : "NaN"}', b'{"a" :1}'),
        *(rb'{"\ud800": 1}', rb'{"\u0061": 1}', b'{"a": "x\x00"}', b"{}"),
    ]
)


def _line(row: dict[str, Any], compact: bool) -> bytes:
    return json.dumps(row, ensure_ascii=compact, separators=(",", ":") if compact else None).encode()


LINES = st.lists(
    st.builds(_line, CLEAN, st.booleans()) | st.builds(_line, MIXED, st.booleans()) | DIRT, max_size=12
) | st.lists(st.builds(_line, CLEAN, st.just(True)), max_size=12)


@given(st.lists(LINES, min_size=1, max_size=3), st.data())
def test_any_mix_of_lines_in_any_blocks_reads_as_line_by_line(sources: list[list[bytes]], data: st.DataObject) -> None:
    blocks = []
    for number_, rows in enumerate(sources):
        cuts = sorted(data.draw(st.lists(st.integers(0, len(rows)), max_size=3)))
        for start, stop in zip([0, *cuts], [*cuts, len(rows)], strict=True):
            if stop > start:
                blocks.append(Block(number_, start, b"".join(line + b"\n" for line in rows[start:stop])))
    parsed = parse(blocks)
    assert _cells(parsed) == _expected_cells(sources)
    assert _latest(parsed) == _expected_latest(sources)
    assert {bad.source for bad in parsed.bad} == {
        at for at, rows in enumerate(sources) if any(_is_bad(x) for x in rows)
    }


def _cells(parsed: Parsed) -> dict[tuple[int, int], list[str]]:
    """What each line held, as text, because NaN equals nothing."""
    found: dict[tuple[int, int], list[str]] = {}
    for frame in parsed.frames:
        for row in frame.iter_rows(named=True):
            place = (row.pop("source"), row.pop("line"))
            held = {key: value for key, value in row.items() if value is not None}
            found.setdefault(place, []).append(repr(sorted(held.items())))
    return {place: sorted(rows) for place, rows in found.items()}


def _expected_cells(sources: list[list[bytes]]) -> dict[tuple[int, int], list[str]]:
    expected: dict[tuple[int, int], list[str]] = {}
    for source, rows in enumerate(sources):
        for at, line in enumerate(rows):
            for row in decode_line(line)[0]:
                held = {AXES.get(key, PREFIX + key): value for key, value in _numbers(row)}
                expected.setdefault((source, at), []).append(repr(sorted(held.items())))
    return {place: sorted(found) for place, found in expected.items()}


def _numbers(row: dict[str, Any]) -> Iterator[tuple[str, float]]:
    for key, value in flatten(row):
        as_number = number(value)
        if as_number is not None:
            yield key, as_number


def _latest(parsed: Parsed) -> dict[int, dict[str, str]]:
    known = {source: _comparable(latest) for source, latest in parsed.latest.items()}
    return {source: latest for source, latest in known.items() if latest}


def _expected_latest(sources: list[list[bytes]]) -> dict[int, dict[str, str]]:
    expected: dict[int, dict[str, Any]] = {}
    for source, rows in enumerate(sources):
        for line in rows:
            for row in decode_line(line)[0]:
                for key, value in flatten(row):
                    if value is not None and key not in AXES:
                        typed = isinstance(value, dict) and "_type" in value
                        expected.setdefault(source, {})[key] = {**value, "_step": row.get("_step")} if typed else value
    return {source: _comparable(latest) for source, latest in expected.items()}


def _comparable(latest: dict[str, Any]) -> dict[str, str]:
    """Numbers as floats: what was a whole number in a frame need not know it."""
    floats = {key: number(value) for key, value in latest.items()}
    return {key: repr(value if floats[key] is None else floats[key]) for key, value in latest.items()}


def _is_bad(line: bytes) -> bool:
    rows, found = decode_line(line)
    return found is not None or any(row.get("_step") is not None and number(row["_step"]) is None for row in rows)


def _parse_one(data: bytes) -> Parsed:
    return parse([Block(0, 0, data)])


def _column(parsed: Parsed, key: str) -> dict[int, float]:
    name = AXES.get(key, PREFIX + key)
    return {
        line: value
        for frame in parsed.frames
        if name in frame.columns
        for line, value in frame.select("line", name).iter_rows()
        if value is not None
    }


def test_a_key_that_first_appears_late_is_read_whole() -> None:
    rows: list[dict[str, Any]] = [{"a": 1.0, "_step": step} for step in range(5000)]
    for step in range(1000, 2000):
        rows[step]["late"] = float(step)
    assert _column(_parse_one(lines(rows)), "late") == {step: float(step) for step in range(1000, 2000)}


def test_a_key_that_is_in_neither_the_first_nor_the_last_row_is_seen() -> None:
    parsed = _parse_one(b'{"a": 1}\n{"a": 2, "b": 3}\n{"a": 4}\n')
    assert _column(parsed, "b") == {1: 3.0}
    assert _column(parsed, "a") == {0: 1.0, 1: 2.0, 2: 4.0}


def test_ints_and_floats_of_one_key_are_one_column() -> None:
    assert _column(_parse_one(b'{"a": 1}\n{"a": 2.5}\n{"a": 3}\n'), "a") == {0: 1.0, 1: 2.5, 2: 3.0}


def test_objects_and_numbers_of_one_key_stay_apart() -> None:
    parsed = _parse_one(b'{"a": 1}\n{"a": {"b": 2}}\n{"a": 3}\n')
    assert _column(parsed, "a") == {0: 1.0, 2: 3.0}
    assert _column(parsed, "a.b") == {1: 2.0}


def test_the_names_of_non_finite_numbers_are_numbers_and_other_texts_are_not() -> None:
    column = _column(_parse_one(b'{"a":"NaN"}\n{"a":"-Infinity"}\n{"a": "Infinity"}\n{"a":"nan"}\n{"a":1}\n'), "a")
    assert repr(column) == repr({0: math.nan, 1: -math.inf, 2: math.inf, 4: 1.0})


def test_numbers_that_stand_for_names_while_reading_are_never_seen() -> None:
    column = _column(_parse_one(lines([{"a": value} for value in (1.0, math.nan, math.inf, -math.inf, 2.0)])), "a")
    assert repr(column) == repr({0: 1.0, 1: math.nan, 2: math.inf, 3: -math.inf, 4: 2.0})


@pytest.mark.parametrize("value", [1.2897314953572317e306, 1.3897314953572317e306, 1.4897314953572317e306])
def test_who_logs_one_of_these_numbers_gets_it_back(value: float) -> None:
    column = _column(_parse_one(lines([{"a": value}, {"a": math.nan}, {"a": 1.0}])), "a")
    assert repr(column) == repr({0: value, 1: math.nan, 2: 1.0})


def test_one_bad_line_hides_no_other() -> None:
    rows = lines({"a": step, "_step": step} for step in range(1000)).split(b"\n")
    rows[500] = rows[500][:7]
    parsed = _parse_one(b"\n".join(rows))
    assert _column(parsed, "a") == {step: float(step) for step in range(1000) if step != 500}
    assert [(bad.line, bad.found) for bad in parsed.bad] == [(501, "broken JSON")]


def test_many_bad_lines_are_counted_not_listed() -> None:
    parsed = _parse_one(b"x\n" * 1000)
    assert len(parsed.bad) == 21
    assert parsed.bad[-1].found == "980 more such lines"


def test_a_step_that_is_no_number_is_a_bad_line_whose_metrics_count() -> None:
    parsed = _parse_one(b'{"_step": "three", "a": 1}\n')
    assert _column(parsed, "a") == {0: 1.0}
    assert [(bad.line, bad.found) for bad in parsed.bad] == [(1, "the step 'three', which is no number")]


def test_a_row_of_ten_thousand_keys_is_read_whole() -> None:
    row = {f"key/{at}": at for at in range(10_000)}
    parsed = _parse_one(lines([row, row]))
    assert sum(frame.width for frame in parsed.frames) == 10_000 + 5
    assert parsed.latest[0] == row


def test_many_rows_of_many_different_keys_take_space_by_their_cells() -> None:
    rows = [{f"key/{at}": float(at)} for at in range(3000)]
    frames = _parse_one(lines([{"x": "text"}, *rows])).frames
    assert sum(frame.height * frame.width for frame in frames) < 50_000
    assert sum(frame.height for frame in frames) == 3001


def test_whole_numbers_beyond_64_bits_keep_their_size() -> None:
    assert _column(_parse_one(b'{"a": 123456789012345678901234567890}\n'), "a") == {0: 123456789012345678901234567890.0}


def test_the_last_whole_number_of_a_key_is_kept_word_for_word() -> None:
    parsed = _parse_one(b'{"epoch": 1, "n": 9007199254740993}\n{"epoch": 2, "n": 9007199254740993}\n')
    assert repr(parsed.latest[0]) == repr({"epoch": 2, "n": 9007199254740993})


@pytest.mark.parametrize("keys", [1, 40])
def test_so_is_that_of_a_key_that_the_last_row_lacks(keys: int) -> None:
    early = {f"n{at}": 10**25 + at for at in range(keys)} | {"loss": 0.5}
    middle = dict.fromkeys(early, None) | {"loss": 0.25}
    parsed = _parse_one(lines([early, middle, *({"loss": 0.125} for _ in range(20))]))
    assert repr(sorted(parsed.latest[0].items())) == repr(sorted((early | {"loss": 0.125}).items()))


def test_a_table_remembers_the_step_it_was_logged_at() -> None:
    parsed = _parse_one(b'{"t": {"_type": "table-file", "path": "x"}, "_step": 4}\n')
    assert parsed.latest[0]["t"] == {"_type": "table-file", "path": "x", "_step": 4}


@pytest.mark.parametrize("key", ["source", "line", "step", "runtime", "timestamp", "=", "=a", "run", "place"])
def test_no_key_of_a_user_collides_with_a_column_of_ours(key: str) -> None:
    parsed = _parse_one(lines([{key: 7, "_step": 1}, {key: 8, "_step": 2}]))
    assert _column(parsed, key) == {0: 7.0, 1: 8.0}
    assert _column(parsed, "_step") == {0: 1.0, 1: 2.0}


def test_many_small_clean_files_are_read_together() -> None:
    blocks = [Block(at, 0, lines([{"a": at, "_step": 0}])) for at in range(50)]
    (frame,) = parse(blocks).frames
    assert frame.height == 50


def test_a_bad_file_among_clean_ones_spoils_none() -> None:
    blocks = [Block(at, 0, b'{"a": 1}\n{"a": 2}\n') for at in range(20)]
    blocks[7] = Block(7, 0, b'{"a": 1}\nbroken\n{"a": 2}\n')
    parsed = parse(blocks)
    assert [(bad.source, bad.line) for bad in parsed.bad] == [(7, 2)]
    assert sum(frame.height for frame in parsed.frames) == 40


def test_nothing_gives_nothing() -> None:
    assert parse([]) == Parsed()
    assert _parse_one(b"\n\n\n").bad == []
