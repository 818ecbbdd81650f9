"""The schema of a report's front matter for editors: it takes what the reader takes."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from runstore.format import yaml12
from sitegen.reports.front import KEYS, Parted, parted, read_front
from sitegen.reports.mistakes import Mistakes
from sitegen.reports.schema import FRONT_MATTER

VALID = Draft202012Validator(FRONT_MATTER)
OURS = sorted((Path(__file__).resolve().parents[3] / "sitegen" / "demo_reports").rglob("*.md"))

texts = st.text("abc .", max_size=4)
sets = st.fixed_dictionaries(
    {}, optional={"filter": texts, "ids": texts | st.lists(texts), "limit": st.integers(-1, 3), "ordr": texts}
)
fronts = st.fixed_dictionaries(
    {},
    optional={
        "title": texts | st.integers(),
        "authors": texts | st.lists(texts),
        "date": st.dates(date(2000, 1, 1)).map(str) | texts,
        "status": st.sampled_from(["draft", "published", "final"]),
        "runs": sets | st.dictionaries(st.sampled_from(["a", "b c"]), sets, max_size=2),
        "checks": st.lists(
            texts | st.fixed_dictionaries({"check": texts}, optional={"claim": texts, "claims": texts}), max_size=2
        ),
        "as_of": texts | st.integers(),
        "toc": st.booleans() | texts,
        "titel": texts,
    },
)


def mistakes(values: Any) -> list[Any]:
    found = Mistakes()
    read_front(Parted(json.dumps(values), 2, "", 3), found)
    return list(found.found)


def test_the_schema_is_sound_and_has_every_key() -> None:
    Draft202012Validator.check_schema(FRONT_MATTER)
    assert set(FRONT_MATTER["properties"]) == set(KEYS)
    assert all("description" in schema for schema in FRONT_MATTER["properties"].values())


@given(fronts)
def test_what_the_reader_takes_without_a_mistake_the_schema_takes(values: dict[str, Any]) -> None:
    assert VALID.is_valid(values) or mistakes(values)


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.stem)
def test_the_demos_reports_are_valid(path: Path) -> None:
    assert VALID.is_valid(yaml12.load(parted(path.read_text(encoding="utf-8"), Mistakes()).front))


@pytest.mark.parametrize(
    "wrong",
    [
        {"titel": "a"},
        {"status": "final"},
        {"runs": {"filter": "a", "ordr": "b"}},
        {"runs": {"mine": {"limit": 0}}},
        {"checks": [{"claim": "a"}]},
        {"as_of": 1234567},
        {"toc": "yes"},
    ],
)
def test_what_is_wrong_by_itself_is_marked(wrong: dict[str, Any]) -> None:
    assert not VALID.is_valid(wrong)
    assert mistakes(wrong)
