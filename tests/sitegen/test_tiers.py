"""Columns in tiers: nothing of them is lost, the first view's come with the table, and no file is too long."""

import json
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from sitegen.data.tiers import MOST_FIRST, MOST_IN_FILE, Column, tiered
from sitegen.pages.values import column_type


def column(key: str, values: list[Any], kind: str | None = None) -> Column:
    section, _, label = key.partition(".")
    return {"key": key, "label": label, "section": section, "type": kind or column_type(values), "values": values}


def payload(content: bytes) -> list[Column]:
    text = content.decode()
    found: list[Column] = json.loads(text[text.index(",") + 1 : text.rindex(")")])
    return found


def unpacked(packed: Column, count: int) -> list[Any]:
    if "values" in packed:
        values: list[Any] = packed["values"]
        return values
    if "codes" in packed:
        return [None if code < 0 else packed["words"][code] for code in packed["codes"]]
    return [packed["value"]] * count


def read(columns: list[Column], count: int) -> dict[str, list[Any]]:
    """What a page has once everything is loaded."""
    entries, parts, files = tiered(columns)
    assert parts == [name for name, _ in files]
    packed = {each["key"]: (at, each) for at, (_, content) in enumerate(files) for each in payload(content)}
    found = {}
    for entry in entries:
        part, own = packed.get(entry["key"], (None, entry))
        assert part == entry.get("part")
        found[entry["key"]] = unpacked(own, count)
    return found


def wide(keys: int, runs: int) -> list[Column]:
    """Config columns of which half differ from run to run, in 20 bytes each."""
    return [
        column(f"config.k{key}", [f"{key:08}-{run if key % 2 else 0:010}" for run in range(runs)])
        for key in range(keys)
    ]


cells = st.sampled_from(
    [None, True, False, 0, 1, -0.0, 0.0, 1.5, 1e300, "NaN", "Infinity", "", "a", "é\u2028", "1", "[1]"]
)


@given(st.lists(st.lists(cells, min_size=4, max_size=4), max_size=6), st.booleans())
def test_every_value_comes_back_as_it_was(table: list[list[Any]], many: bool) -> None:
    columns = [column(f"config.{at}", values) for at, values in enumerate(table)]
    fillers = wide(600, 40) if many else []
    wanted = {each["key"]: each["values"] for each in columns}
    if fillers:
        wanted |= {each["key"]: each["values"] for each in fillers}
        columns = [{**each, "values": each["values"] * 10} for each in columns] + fillers
        wanted |= {each["key"]: each["values"] for each in columns}
    count = 40 if many else 4
    found = read(columns, count)
    assert {key: list(map(repr, values)) for key, values in found.items()} == {
        key: list(map(repr, values)) for key, values in wanted.items()
    }


def test_a_small_table_is_whole() -> None:
    entries, parts, files = tiered(wide(100, 50))
    assert (parts, files) == ([], [])
    assert not [entry for entry in entries if "part" in entry]


def test_a_wide_table_keeps_to_its_room_and_its_files_to_theirs() -> None:
    entries, parts, files = tiered(wide(2000, 100))
    own = [entry for entry in entries if "values" in entry]
    assert len(parts) == len(files) > 5
    assert len(orjson.dumps(own)) < 1.2 * MOST_FIRST
    assert max(len(content) for _, content in files) < 1.1 * MOST_IN_FILE
    # What is the same for all runs is one value, and it is there.
    assert [entry["value"] for entry in entries[:3:2]] == ["00000000-0000000000", "00000002-0000000000"]
    assert len(entries) == 2000


def test_what_the_table_shows_comes_with_it_whatever_its_size() -> None:
    numbers = [run / 7 for run in range(20_000)]
    results = [column(f"summary.{at}", numbers) for at in range(12)]
    parameters = [column(f"config.{at}", numbers) for at in range(12)]
    state = {"key": "state", "label": "State", "section": "run", "type": "text", "values": ["finished"] * 20_000}
    entries, _, _ = tiered([state, *parameters, *results])
    here = [entry["key"] for entry in entries if "part" not in entry]
    assert here == ["state", *(f"config.{at}" for at in range(8)), *(f"summary.{at}" for at in range(8))]


def test_results_and_parameters_share_no_file() -> None:
    columns = wide(400, 2000)
    columns += [{**each, "key": f"summary.{each['label']}", "section": "summary"} for each in columns]
    _, _, files = tiered(columns)
    for _, content in files:
        assert len({each["key"].partition(".")[0] for each in payload(content)}) == 1


def test_the_catalogue_says_how_many_values_there_are_and_what_a_filter_takes_them_for() -> None:
    columns = [
        column("config.a", ["x", None, "y", "x"]),
        column("config.b", [1, 1, 1, 1]),
        column("config.c", [True, 2, None, 0.5]),
        column("config.d", ["x", 2, None, 0.5]),
    ]
    a, b, c, d = tiered(columns)[0]
    assert a == {
        "key": "config.a",
        "type": "text",
        "filled": 3,
        "distinct": 2,
        "words": ["x", "y"],
        "codes": [0, -1, 1, 0],
    }
    assert b == {"key": "config.b", "type": "number", "value": 1}
    assert (c["type"], c["kind"]) == ("mixed", "number")
    assert "kind" not in d


def test_the_same_columns_make_the_same_files() -> None:
    assert tiered(wide(2000, 100)) == tiered(wide(2000, 100))
