"""Large arrays: a row keeps their histogram, whichever library they are of."""

import array
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import polars
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstore.recording.arrays import histogram
from runstore.recording.run import Run
from tests.processes import load, only_run, rows, run_script
from tests.recording.conftest import folder_of

COUNT = 6400
UNIFORM = [number / COUNT for number in range(COUNT)]

LARGE: dict[str, Callable[[], Any]] = {
    "numpy": lambda: numpy.array(UNIFORM),
    "numpy, two dimensions": lambda: numpy.array(UNIFORM, dtype="float32").reshape(64, 100),
    "numpy, whole numbers": lambda: numpy.arange(COUNT),
    "list": lambda: list(UNIFORM),
    "list of numpy's": lambda: [numpy.float64(number) for number in UNIFORM],
    "tuple": lambda: tuple(range(COUNT)),
    "range": lambda: range(COUNT),
    "array": lambda: array.array("d", UNIFORM),
    "polars": lambda: polars.Series(UNIFORM),
}


@pytest.mark.parametrize("make", LARGE.values(), ids=LARGE)
def test_a_row_keeps_the_histogram_of_a_large_array_or_list(run: Run, make: Callable[[], Any]) -> None:
    for _ in range(3):
        run.log({"a": 1, "w": make()})
    run.summary["best"] = make()
    run.finish()
    found = [row["w"] for row in rows(folder_of(run))]
    saved = load(folder_of(run) / "summary.json")
    for stub in (*found, saved["w"], saved["best"]):
        assert stub["_type"] == "histogram"
        assert (len(stub["values"]), len(stub["bins"])) == (64, 65)
        assert sum(stub["values"]) == COUNT
        assert max(stub["values"]) - min(stub["values"]) <= 2
    assert (folder_of(run) / "history.jsonl").stat().st_size < 10_000


def test_a_thousand_numbers_are_kept_as_they_are(run: Run) -> None:
    for _ in range(2):
        run.log({"w": numpy.arange(1000), "l": list(range(1000))})
    assert [row["w"] == row["l"] == list(range(1000)) for row in rows(folder_of(run))] == [True, True]


def test_a_metric_that_becomes_a_large_array_is_kept_as_a_histogram_too(run: Run) -> None:
    for value in (1.5, "text", [1], numpy.arange(2000), list(range(2000))):
        run.log({"w": 0.5})
        run.log({"w": value})
    assert [row["w"]["_type"] for row in rows(folder_of(run))[-3::2]] == ["histogram", "histogram"]


def test_that_only_the_histogram_is_kept_is_said_once_a_key(tmp_path: Path) -> None:
    done = run_script(
        tmp_path,
        """
        import runstore
        with runstore.init(project="p") as run:
            for _ in range(3):
                run.log({"weights": list(range(2000)), "more": list(range(1001))})
        """,
    )
    assert done.stderr.count("weights has 2,000 values: only their histogram is kept") == 1
    assert done.stderr.count("more has 1,001 values") == 1


def test_numpy_is_not_loaded_for_a_list_or_another_librarys_array(tmp_path: Path) -> None:
    done = run_script(
        tmp_path,
        """
        import array, sys, runstore
        with runstore.init(project="p") as run:
            run.log({"list": list(range(2000)), "array": array.array("d", range(2000))})
        print("numpy" in sys.modules)
        """,
    )
    assert done.stdout == "False\n"
    [row] = rows(only_run(tmp_path))
    assert row["list"] == row["array"]


def test_long_lists_of_other_things_are_kept_whole(run: Run) -> None:
    words = ["a", 1] * 1000
    for _ in range(2):
        run.log({"words": words, "texts": numpy.array(["x"] * 2000), "text": "y" * 5000})
    for row in rows(folder_of(run)):
        assert (row["words"], row["texts"], row["text"]) == (words, ["x"] * 2000, "y" * 5000)


def test_a_row_of_more_than_a_megabyte_is_warned_of_once_a_key(tmp_path: Path) -> None:
    done = run_script(
        tmp_path,
        """
        import runstore
        with runstore.init(project="p") as run:
            for _ in range(3):
                run.log({"loss": 0.5, "answers": ["x" * 100] * 20_000})
        """,
    )
    assert done.stderr.count("the row of step 0 has 2.1 MB, most of it answers") == 1
    assert done.stderr.count(" MB") == 1
    assert len(rows(only_run(tmp_path))[0]["answers"]) == 20_000


NUMBERS = st.one_of(st.floats(), st.integers(-(10**6), 10**6), st.just(10**400))


def some(numbers: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    """A few different `numbers`, over and over, to be many."""
    return st.lists(numbers, min_size=1, max_size=30).map(lambda found: (found * 1001)[:1010])


@given(numbers=some(NUMBERS))
def test_each_finite_number_is_counted_once_in_a_bin_that_holds_it(numbers: list[float]) -> None:
    stub = histogram(numbers)
    assert stub is not None
    finite = [number for number in numbers if number != 10**400 and math.isfinite(number)]
    assert sum(stub["values"]) == len(finite)
    assert stub["bins"] == sorted(stub["bins"])
    assert all(map(math.isfinite, stub["bins"]))
    if finite:
        assert stub["bins"][0] <= min(finite) <= max(finite) <= stub["bins"][-1]


@given(numbers=some(st.floats()))
def test_numpy_and_plain_python_count_alike(numbers: list[float]) -> None:
    by_numpy = histogram(numpy.array(numbers))
    with pytest.MonkeyPatch.context() as patch:
        patch.delitem(sys.modules, "numpy")
        assert histogram(numpy.array(numbers)) == by_numpy == histogram(numbers)


def test_what_is_masked_is_not_counted() -> None:
    values = numpy.ma.masked_array(numpy.arange(2000), mask=[True, False] * 1000)
    stub = histogram(values)
    assert stub is not None
    assert sum(stub["values"]) == 1000


def test_complex_arrays_have_no_histogram() -> None:
    assert histogram(numpy.zeros(2000, dtype=complex)) is None
