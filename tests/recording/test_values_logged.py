"""What becomes of each kind of value that is logged: the table in the documentation, row by row."""

import collections
import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import pathlib
import uuid
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runstore.format.values import parse_line
from runstore.recording.run import Run
from tests.recording.conftest import folder_of


class Plain(enum.Enum):
    RED = "red"


class Odd(enum.Enum):
    PAIR = (1, object())


@dataclasses.dataclass
class Point:
    x: int = 1
    at: dt.date = dt.date(2026, 1, 2)


VALUES: list[tuple[Any, Any]] = [
    (True, True),
    (None, None),
    ("text", "text"),
    (2**70, 2**70),
    (-(10**300), -(10**300)),
    (1e-300, 1e-300),
    (float("nan"), "NaN"),
    (float("-inf"), "-Infinity"),
    ((1, 2), [1, 2]),
    (range(3), [0, 1, 2]),
    ({3, 1, 2}, [1, 2, 3]),
    (collections.deque([1, 2]), [1, 2]),
    ({}, {}),
    (np.float32(0.1), 0.10000000149011612),
    (np.float16(0.5), 0.5),
    (np.int64(-3), -3),
    (np.bool_(True), True),
    (np.str_("s"), "s"),
    (np.array(3.5), 3.5),
    (np.arange(3), [0, 1, 2]),
    (np.array([[1.0, np.nan]]), [[1.0, "NaN"]]),
    (np.datetime64("2026-01-02"), "2026-01-02"),
    (dt.datetime(2026, 1, 2, 3, 4, 5), "2026-01-02T03:04:05"),
    (dt.datetime(2026, 1, 2, tzinfo=dt.UTC), "2026-01-02T00:00:00+00:00"),
    (dt.date(2026, 1, 2), "2026-01-02"),
    (dt.time(1, 2), "01:02:00"),
    (dt.timedelta(minutes=1, milliseconds=500), 60.5),
    (decimal.Decimal("1.5"), 1.5),
    (fractions.Fraction(1, 4), 0.25),
    (Plain.RED, "red"),
    (Odd.PAIR, "PAIR"),
    (uuid.UUID(int=5), "00000000-0000-0000-0000-000000000005"),
    (pathlib.PurePosixPath("a/b"), "a/b"),
    (b"abc\xff", "abc\\xff"),
    (Point(), {"x": 1, "at": "2026-01-02"}),
]


@pytest.mark.parametrize(("value", "expected"), VALUES, ids=[type(value).__name__ for value, _ in VALUES])
def test_a_value_is_written_as_the_documentation_says(run: Run, value: Any, expected: Any) -> None:
    for _ in range(3):
        run.log({"v": value, "n": 1})
    run.log({"inner": {"v": value}, "list": [value]})
    lines = (folder_of(run) / "history.jsonl").read_bytes().splitlines()
    found = [parse_line(line) for line in lines]
    assert [row["v"] for row in found[:3]] == [expected] * 3
    assert all(type(row["v"]) is type(expected) for row in found[:3])
    assert found[3]["inner.v"] == expected
    assert found[3]["list"] == [expected]


@pytest.mark.parametrize(("library", "name"), [("torch", "tensor"), ("jax.numpy", "asarray")])
def test_scalars_of_other_libraries_are_numbers(run: Run, library: str, name: str) -> None:
    make = getattr(import_module(library), name)
    for number in range(3):
        run.log({"a": make(number * 0.5), "b": make([1.0, 2.0])})
    rows = [parse_line(line) for line in (folder_of(run) / "history.jsonl").read_bytes().splitlines()]
    assert [(row["a"], row["b"]) for row in rows] == [(0.0, [1.0, 2.0]), (0.5, [1.0, 2.0]), (1.0, [1.0, 2.0])]


def test_what_changes_after_it_was_logged_changes_no_row_and_no_aggregate(
    begin: Callable[..., Run], tmp_path: Path
) -> None:
    torch = pytest.importorskip("torch")
    run = begin()
    run.define_metric("*", summary="max,last")
    loss, array = torch.zeros(()), np.zeros(())
    for _ in range(100):
        run.log({"loss": loss, "array": array})
        loss += 1
        array += 1
    assert run.summary["loss"] == run.summary["array"] == {"max": 99.0, "last": 99.0}
