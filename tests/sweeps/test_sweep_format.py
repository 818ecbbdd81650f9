"""The sweep's records as JSON Schema: sound, what is written fits, what is documented is there, and verify checks."""

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from runstore.format.checking import mistakes
from runstore.format.layout import StoreLayout
from runstore.format.records import create_store
from runstore.format.sweep_records import Beat, Claim, Control, Outcome, Process, Verdict, checked, dump
from runstore.format.sweep_schema import SWEEP_SCHEMAS
from runstore.reading.store import read_store
from runstore.reading.sweeps.trials import Trial
from runstore.reading.verify import verify
from tests.processes import ROOT
from tests.sweeps.small_sweeps import Agent, create, layout, work

PROCESS = Process("h", 3, "b", 1.5, {"job": "7"})
NAN = float("nan")
FULL = {
    "sweep-claim": Claim(
        1, "r", "a", {"lr": NAN}, 2, 3, PROCESS, 4, 5, 6, 7, "gp", 8, 9, {"e": 1}, "2026-10-01T10:00:00Z"
    ),
    "sweep-outcome": Outcome(1, "r", "a", "failed", 2, 2, NAN, 4, (1.0, NAN), 1, "no", 2.5, "b", "2026-10-01"),
    "sweep-verdict": Verdict(1, "r", "asha", 3, NAN, 0.5, 2, 4, "a", "2026-10-01"),
    "sweep-control": Control(1, "extend", "ada", {"run_cap": 3}, "2026-10-01"),
    "sweep-beat": Beat("a", 7, "training", PROCESS, 3, 2, "r", 5, 0.5, (0.5,), 1, 1, 10.0, "2026", "2026"),
}


def lines() -> dict[str, bytes]:
    trial = Trial(1, "r")
    trial.add_claim(FULL["sweep-claim"])  # type: ignore[arg-type]
    trial.add_outcome(FULL["sweep-outcome"])  # type: ignore[arg-type]
    trial.add_verdict(FULL["sweep-verdict"])  # type: ignore[arg-type]
    trial.add_outcome(Outcome(1, "r", "z", "killed"), late=True)
    return {**{name: dump(record) for name, record in FULL.items()}, "sweep-trial": trial.sealed_line()}


@pytest.mark.parametrize("name", SWEEP_SCHEMAS)
def test_each_schema_is_sound_and_names_all_that_is_written(name: str) -> None:
    Draft202012Validator.check_schema(SWEEP_SCHEMAS[name])
    values = checked(lines()[name])
    assert Draft202012Validator(SWEEP_SCHEMAS[name]).is_valid(values)
    assert list(mistakes(values, SWEEP_SCHEMAS[name])) == []
    assert set(values) <= set(SWEEP_SCHEMAS[name]["properties"])
    if name != "sweep-trial":  # What is not the default is written: so every field has its schema.
        assert len(values) >= len(FULL[name].__slots__)


def test_the_page_names_every_key() -> None:
    page = (ROOT / "site" / "docs" / "sweep-format.md").read_text(encoding="utf-8")
    for name, schema in SWEEP_SCHEMAS.items():
        section = page.split(f"\n## {name.removeprefix('sweep-').capitalize()}\n")[1].split("\n## ")[0]
        rows = set(re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE))
        assert rows == set(schema["properties"]) - {"sum", "v", "kind"}, name


def test_the_examples_on_the_page_are_records() -> None:
    page = (ROOT / "site" / "docs" / "sweep-format.md").read_text(encoding="utf-8")
    for line in re.findall(r"^\{\"sum\".*$", page, re.MULTILINE):
        values = checked(line.encode())
        assert list(mistakes(values, SWEEP_SCHEMAS[f"sweep-{values['kind']}"])) == []


def test_verify_is_content_with_a_sweep_and_tells_of_a_bad_record(tmp_path: Path) -> None:
    create_store(StoreLayout(tmp_path / "experiments"))
    create(tmp_path)
    (tmp_path / "experiments" / "p" / "runs").mkdir()
    work(Agent(layout(tmp_path), "a"), 3)
    assert list(verify(read_store(tmp_path / "experiments"), strict=True)) == []
    wrong = json.loads(layout(tmp_path).done(1).read_bytes())
    layout(tmp_path).done(1).write_text(json.dumps(wrong))
    layout(tmp_path).claim(2).write_bytes(dump(Claim(2, "r", "a", {}, attempt=-1)))
    found = [str(problem) for problem in verify(read_store(tmp_path / "experiments"))]
    assert len(found) == 2, found
    assert "p/sweeps/s1/claims/000/000002, line 1: attempt: found -1, expected at least 1" in found[1]
