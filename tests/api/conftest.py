"""A store written by hand for `Api`: runs, a sweep, a report."""

from pathlib import Path

import pytest

from runstore.api import Api
from tests.stores import curve, write_file, write_run


@pytest.fixture
def store(root: Path) -> Path:
    """`digits` with 12 runs, `speech` with one; the runs of the sweep `abc` have a metric each."""
    for number in range(12):
        write_run(
            root,
            "digits",
            f"r{number:02}",
            curve(4 + number),
            config={"lr": 10.0**-number, "model": {"depth": number % 3}},
            meta={
                "name": f"run {number}",
                "created": f"2026-10-01T00:00:{number:02}Z",
                "tags": ["even"] if number % 2 == 0 else [],
                "group": "g",
                "sweep": "abc" if number < 3 else "",
            },
            state={"state": "finished" if number else "failed", "exit_code": 0, "finished": "2026-10-01T01:00:00Z"},
        )
    write_run(root, "speech", "w", [{"wer": 0.5, "_step": 0}], meta={"name": "whisper"})
    write_file(
        root / "digits" / "sweeps" / "abc" / "sweep.yaml",
        "method: grid\nname: lr search\nmetric: {name: loss, goal: minimize}\n"
        "parameters:\n  lr: {values: [1, 0.1, 0.01]}\n  seed: {min: 1, max: 2}\n",
    )
    write_file(root / "digits" / "reports" / "first.md", "# What we saw\n\nText.\n")
    return root


@pytest.fixture
def api(store: Path) -> Api:
    return Api(store)
