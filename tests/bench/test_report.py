"""The benchmarks' report: what counts as missed, and how it is shown."""

import sys
from pathlib import Path

import pytest

from tests.bench import report
from tests.bench.report import Measure

FOUND = [
    Measure("log 10 scalars", 2.04, "×", bar=3),
    Measure("rebuild, nothing changed", 1.25, "s", bar=1.0, note="wall time, start-up included"),
    Measure("raw loop", 1.7, "µs"),
]


def test_a_value_over_its_bar_is_missed() -> None:
    assert [each.verdict for each in FOUND] == ["ok", "MISSED", ""]
    assert report.missed(FOUND) == [FOUND[1]]
    assert Measure("exactly", 3.0, "×", bar=3).verdict == "ok"


def test_what_is_no_number_is_missed_too() -> None:
    assert Measure("broken", float("nan"), "×", bar=3).verdict == "MISSED"


def test_the_table_has_a_line_a_measure(capsys: pytest.CaptureFixture[str]) -> None:
    report.print_table(FOUND)
    assert capsys.readouterr().out.splitlines() == [
        "log 10 scalars            2.04 ×  ≤ 3 ×  ok",
        "rebuild, nothing changed  1.25 s  ≤ 1 s  MISSED  wall time, start-up included",
        "raw loop                  1.7 µs",
    ]


def test_numbers_are_kept_as_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "found.json"
    monkeypatch.setattr(sys, "argv", ["bench", "--json", str(path)])
    report.run("A benchmark", lambda: FOUND)
    assert report.load(path) == FOUND
