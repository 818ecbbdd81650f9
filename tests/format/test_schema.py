"""The format as JSON Schema: sound by itself, checked the same by us and by the reference library, and documented."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from runstore.format.checking import mistakes
from runstore.format.schema import NAMES, STUB, schema
from tests.processes import ROOT

SAMPLES: dict[str, Any] = {
    "store": {"format": 1, "entity": "lab", "artifacts": "lfs", "settings": {"silent": True}},
    "project": {"title": "t", "description": "d", "visibility": "public", "views": [{"name": "v"}]},
    "run": {"id": "a", "name": "n", "created": "2026-10-01T10:00:00Z", "tags": ["x"], "notes": "", "sweep": ""},
    "config": {"lr": 0.1},
    "history": {"_step": 1, "_runtime": 0.5, "loss": "NaN", "t": {"_type": "table-file", "path": "media/t.json"}},
    "summary": {"loss": {"min": 0.1}, "h": {"_type": "histogram", "values": [1], "bins": [0.0, 1.0]}},
    "state": {"state": "finished", "exit_code": 0, "finished": "2026-10-01T10:00:00Z"},
    "metrics": [{"name": "loss*", "summary": ["min"], "goal": "minimize", "hidden": False}],
    "system": {"_timestamp": 1.5, "cpu": 5.0, "gpu.0.temp": "NaN"},
    "alerts": {"_timestamp": 1.5, "title": "a", "text": "b", "level": "WARN", "_step": 3},
    "lineage": {"direction": "input", "artifact": "data", "version": "v3", "id": "abcd1234", "type": "dataset"},
    "provenance": {"host": "h", "command": ["python"], "git": {"commit": "c"}, "forked_from": {"run": "a", "step": 3}},
    "table": {"columns": ["a"], "data": [[1]], "nrows": 1},
    "manifest": [{"id": "abcd1234", "name": "n", "aliases": {"best": "2026-10-01T10:00:00Z"}}],
    "tombstone": [{"id": "a", "deleted": "2026-10-01T10:00:00Z", "by": "me"}],
    "stop": {"requested": "2026-10-01T10:00:00Z", "by": "me"},
    "heartbeat": {"pid": 1, "host": "h", "boot": "b", "start": 1.5, "interval": 30},
    "lines": {"line": 120, "_timestamp": 1.5, "source": "stderr"},
}

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["_type", "path", "a", "items"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@pytest.mark.parametrize("name", NAMES)
def test_each_schema_is_sound_and_takes_a_sample(name: str) -> None:
    Draft202012Validator.check_schema(schema(name))
    assert Draft202012Validator(schema(name)).is_valid(SAMPLES[name])
    assert list(mistakes(SAMPLES[name], schema(name))) == []


@given(st.data())
def test_we_check_as_the_reference_library_does(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(NAMES))
    value = changed(SAMPLES[name], data)
    ours = list(mistakes(value, schema(name)))
    assert bool(ours) is not Draft202012Validator(schema(name)).is_valid(value), ours


def changed(value: Any, data: st.DataObject) -> Any:
    """`value` with something else somewhere in it."""
    if isinstance(value, dict) and value and data.draw(st.integers(0, 5)):
        key = data.draw(st.sampled_from(sorted(value)))
        return {**value, key: changed(value[key], data)}
    if isinstance(value, list) and value and data.draw(st.integers(0, 5)):
        return [changed(value[0], data), *value[1:]]
    return data.draw(
        json_values | st.sampled_from(["", "v3", "INFO", "NaN", "2026-10-01", "../up", "/abs", 0, -1, 2.0, True])
    )


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("state", {"state": "done"}, ("state", "'done'", "one of running finished failed killed crashed")),
        ("state", {}, ("state", "nothing", "a value")),
        ("run", {"tags": ["a", {}]}, ("tags[1]", "a mapping", "text")),
        ("config", [], ("", "a list", "a mapping")),
        (
            "history",
            {"a": {"_type": "image-file", "path": "/etc"}},
            ("a.path", "'/etc'", "A path below the run's directory, with `/`"),
        ),
    ],
)
def test_a_mistake_names_place_found_and_expected(name: str, value: Any, expected: tuple[str, str, str]) -> None:
    assert next(mistakes(value, schema(name))) == expected


def test_the_documentation_has_every_record_and_property() -> None:
    text = (ROOT / "site" / "docs" / "format.md").read_text(encoding="utf-8")
    for name in NAMES:
        section = text.split(f"\n## `{name}`\n")[1].split("\n## ")[0]
        assert schema(name)["description"] in section
        assert rows(section) == set(properties(schema(name)))
    assert rows(text.split("\n## Typed values\n")[1].split("\n## ")[0]) == set(STUB["properties"])


def rows(section: str) -> set[str]:
    return set(re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE))


def properties(found: dict[str, Any]) -> dict[str, Any]:
    """The properties of a record, or of each item of a list of them."""
    return found.get("properties") or found.get("items", {}).get("properties", {})


def test_a_schema_is_plain_json() -> None:
    assert json.loads(json.dumps({name: schema(name) for name in NAMES}))
