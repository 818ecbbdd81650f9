"""`log`: W&B's step rules, what becomes of values, and that a file gives back what was logged."""

import datetime
import decimal
import enum
import json
import math
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

import runstore
from runstore.errors import UsageError
from runstore.format.values import revive
from runstore.reading.store import read_store
from runstore.recording.config import Config
from runstore.recording.history import History
from runstore.recording.linefile import LineFile
from runstore.recording.metrics import Definitions
from runstore.recording.run import Run
from runstore.recording.summary import Summary
from runstore.recording.trouble import Trouble
from tests.processes import rows
from tests.recording.conftest import folder_of


class Colour(enum.Enum):
    RED = "red"


def logged(run: Run) -> list[dict[str, Any]]:
    """The run's rows, without their times."""
    return [{key: row[key] for key in row if key not in ("_runtime", "_timestamp")} for row in rows(folder_of(run))]


def test_each_log_is_a_row_with_the_next_step(run: Run) -> None:
    for number in range(3):
        assert run.step == number
        run.log({"a": number})
    assert logged(run) == [{"a": number, "_step": number} for number in range(3)]


def test_a_row_is_in_the_file_when_log_returns(run: Run) -> None:
    for number in range(5):
        run.log({"a": number})
        assert [row["a"] for row in logged(run)] == list(range(number + 1))


def test_rows_have_a_runtime_in_seconds_and_a_timestamp_of_the_epoch(run: Run) -> None:
    run.log({"a": 1})
    run.log({"a": 1})
    first, second = rows(folder_of(run))
    assert 0 <= first["_runtime"] <= second["_runtime"] < 60
    assert abs(first["_timestamp"] - run.start_time) < 60


def test_commit_false_gathers_values_into_one_row(run: Run) -> None:
    run.log({"a": 1}, commit=False)
    run.log({"b": 2}, commit=False)
    assert run.step == 0
    run.log({"a": 3})
    assert logged(run) == [{"a": 3, "b": 2, "_step": 0}]
    assert run.step == 1


def test_values_of_one_step_gather_until_a_larger_step(run: Run) -> None:
    run.log({"a": 1}, step=3)
    run.log({"b": 2}, step=3)
    run.log({"a": 5}, step=7)
    assert run.step == 7
    run.finish()
    assert logged(run) == [{"a": 1, "b": 2, "_step": 3}, {"a": 5, "_step": 7}]


def test_a_step_that_lies_behind_is_kept_as_a_row_of_its_own_and_warned_of_once(
    begin: Callable[..., Run], capsys: pytest.CaptureFixture[str]
) -> None:
    run = begin({"silent": False})
    run.log({"a": 1}, step=5)
    run.log({"a": 2, "late": 7}, step=2)
    run.log({"b": 3}, step=5)
    run.log({"a": 4}, step=1)
    assert logged(run) == [{"a": 2, "late": 7, "_step": 2}, {"a": 4, "_step": 1}, {"a": 1, "b": 3, "_step": 5}]
    assert logged_at_end(run) == [{"a": 2, "late": 7, "_step": 2}, {"a": 4, "_step": 1}, {"a": 1, "b": 3, "_step": 5}]
    said = capsys.readouterr().err
    assert said.count("log to step 2 is less than the current step 5: it is kept") == 1
    assert "2 calls of log came with a step that lay behind: kept, out of order" in said


def test_a_late_step_leaves_the_summary_of_later_ones_alone(run: Run) -> None:
    run.log({"a": 1}, step=5, commit=True)
    run.log({"a": 2, "only": 3}, step=2)
    run.log({"only": 4}, step=1)
    assert (run.summary["a"], run.summary["only"], run.summary["_step"], run.step) == (1, 3, 5, 6)
    run.log({"a": 9}, step=4)
    run.log({"only": 5}, step=2)
    assert (run.summary["a"], run.summary["only"], run.summary["_step"]) == (1, 5, 5)


def logged_at_end(run: Run) -> list[dict[str, Any]]:
    run.finish()
    return logged(run)


def test_log_without_step_completes_a_gathering_row(run: Run) -> None:
    """The sequence that was observed in W&B."""
    run.log({"a": 1}, step=3)
    run.log({"b": 2}, step=3)
    run.log({"a": 5}, step=2)
    run.log({"a": 7})
    run.log({"a": 8})
    # W&B drops the third call.
    assert logged(run) == [{"a": 5, "_step": 2}, {"a": 7, "b": 2, "_step": 3}, {"a": 8, "_step": 4}]


def test_commit_true_completes_a_row_with_a_step(run: Run) -> None:
    run.log({"a": 1}, step=4, commit=True)
    run.log({"a": 2})
    assert logged(run) == [{"a": 1, "_step": 4}, {"a": 2, "_step": 5}]


def test_an_empty_log_is_a_row_of_its_own(run: Run) -> None:
    run.log({})
    run.log({"a": 1})
    assert logged(run) == [{"_step": 0}, {"a": 1, "_step": 1}]


def test_a_gathering_row_is_in_the_file_already_and_written_once(run: Run) -> None:
    run.log({"a": "x" * 100}, commit=False)
    assert logged(run) == [{"a": "x" * 100, "_step": 0}]
    run.log({"a": "y"}, commit=False)
    assert logged(run) == [{"a": "y", "_step": 0}]
    assert logged_at_end(run) == [{"a": "y", "_step": 0}]


def test_a_whole_number_of_any_kind_is_a_step_and_nothing_else_is(run: Run) -> None:
    run.log({"a": 1}, step=numpy.int64(2))  # type: ignore[arg-type]
    for wrong in (1.5, "3", True, numpy.float32(4)):
        with pytest.raises(TypeError, match="a step is a whole number"):
            run.log({"a": 1}, step=wrong)  # type: ignore[arg-type]
    assert logged_at_end(run) == [{"a": 1, "_step": 2}]


@pytest.mark.parametrize("data", [None, 3, "a", [("a", 1)], {"a"}])
def test_log_takes_a_mapping_alone(run: Run, data: Any) -> None:
    with pytest.raises(TypeError, match="log takes a dictionary"):
        run.log(data)


@pytest.mark.parametrize("step", [2**53 + 1, -(2**60), 10**30])
def test_a_step_that_readers_cannot_tell_from_the_next_is_refused(run: Run, step: int) -> None:
    with pytest.raises(ValueError, match="a step lies within"):
        run.log({"a": 1}, step=step)
    run.log({"a": 1}, step=2**53)
    run.alert("title")
    assert logged(run) == [{"a": 1, "_step": 2**53}]


def test_a_wrong_argument_of_log_is_told_of_by_the_name_that_scripts_know(run: Run) -> None:
    with pytest.raises(TypeError, match=r"^Run\.log\(\) got an unexpected keyword argument 'loss'"):
        run.log(loss=1)  # type: ignore[call-arg]


def test_log_takes_text_as_keys_alone(run: Run) -> None:
    run.log({"1": 1})
    with pytest.raises(TypeError, match="log takes text as keys, found 1"):
        run.log({1: 1})  # type: ignore[dict-item]
    assert logged(run) == [{"1": 1, "_step": 0}]


def test_log_after_finish_is_an_error_that_says_so(run: Run) -> None:
    run.finish()
    with pytest.raises(UsageError, match="has ended; log before finish"):
        run.log({"a": 1})


def test_nested_mappings_become_keys_with_dots(run: Run) -> None:
    run.log({"a": {"b": 1, "c": {"d": 2}}, "e": {}})
    run.log({"a": {"b": 3}})
    assert logged(run) == [{"a.b": 1, "a.c.d": 2, "e": {}, "_step": 0}, {"a.b": 3, "_step": 1}]


def test_keys_keep_their_order(run: Run) -> None:
    for keys in ("zyx", "xyz", "zyx"):
        run.log(dict.fromkeys(keys, 1.0))
    assert [list(row)[:3] for row in rows(folder_of(run))] == [list("zyx"), list("xyz"), list("zyx")]


def test_what_is_logged_is_taken_at_once_not_later(run: Run) -> None:
    values = [1, 2]
    row = {"a": values}
    run.log(row, commit=False)
    values.append(3)
    row["b"] = [4]
    run.log({"c": 1})
    assert logged(run) == [{"a": [1, 2], "c": 1, "_step": 0}]
    assert row == {"a": [1, 2, 3], "b": [4]}


@pytest.mark.parametrize("twice", [False, True], ids=["first row", "later row"])
@pytest.mark.parametrize(
    ("value", "found"),
    [
        (math.nan, "NaN"),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
        (None, None),
        (True, True),
        (10**30, 10**30),
        (-(2**63), -(2**63)),
        ("NaN and <b>", "NaN and <b>"),
        ("\ud800", "\\ud800"),
        ("null {}", "null {}"),
        (numpy.float32(0.5), 0.5),
        (numpy.float64(math.nan), "NaN"),
        (numpy.int8(-3), -3),
        (numpy.bool_(True), True),
        (numpy.array(2.5), 2.5),
        (numpy.array([1.0, math.nan]), [1.0, "NaN"]),
        (numpy.ma.masked, "NaN"),
        (numpy.ma.masked_array(3.0, mask=True), "NaN"),
        (numpy.ma.masked_array([1, 2], mask=[False, True]), [1, "NaN"]),
        ((1, (2, 3)), [1, [2, 3]]),
        ({3, 1, 2}, [1, 2, 3]),
        (decimal.Decimal("0.25"), 0.25),
        (datetime.date(2026, 11, 21), "2026-11-21"),
        (Path("a/b"), "a/b"),
        (b"raw", "raw"),
        (Colour.RED, "red"),
        ([math.inf, {"a": math.nan}], ["Infinity", {"a": "NaN"}]),
    ],
    ids=repr,
)
def test_a_value_has_a_plain_form_whether_its_keys_were_seen_before_or_not(
    run: Run, value: Any, found: Any, twice: bool
) -> None:
    if twice:
        run.log({"a": 0.5})
    run.log({"a": value})
    assert logged(run)[-1] == {"a": found, "_step": int(twice)}


@pytest.mark.parametrize("value", [1 + 2j, numpy.complex128(1 + 2j), numpy.complex64(1), numpy.array(1j)], ids=repr)
def test_a_complex_number_is_left_out_whoever_made_it(run: Run, value: Any) -> None:
    for _ in range(2):
        run.log({"a": value, "b": 1})
        run.log({"a": 0.5, "b": 1})
    assert [row.get("a") for row in logged(run)] == [None, 0.5, None, 0.5]


class Wrapped:
    """A number of a library from before numpy 2, as torch's tensors are: to add numpy's to it is deprecated."""

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return numpy.array(2.0)

    def __array_wrap__(self, array: Any) -> Any:
        return array

    def item(self) -> float:
        return 2.0


@pytest.mark.parametrize("step", [None, 5])
def test_a_step_among_the_values_is_ignored_as_by_wandb_with_a_word_on_what_counts(
    begin: Callable[..., Run], capsys: pytest.CaptureFixture[str], step: int | None
) -> None:
    run = begin({"silent": False})
    run.log({"_step": 9, "x": 1}, step=step, commit=True)
    run.log({"_step": 9, "x": 2})
    first = step or 0
    assert logged(run) == [{"x": 1, "_step": first}, {"x": 2, "_step": first + 1}]
    said = "_step is kept by Runstore itself: the value given is ignored; pass it as log(…, step=…)"
    assert capsys.readouterr().err.count(said) == 1


@pytest.mark.parametrize(
    "value",
    [numpy.ma.masked, numpy.ma.masked_array(3.0), numpy.complex64(1), numpy.float64(1), numpy.longdouble(1), Wrapped()],
    ids=lambda value: type(value).__name__,
)
def test_what_another_library_warns_of_when_its_numbers_are_looked_at_reaches_nobody(run: Run, value: Any) -> None:
    expected = []
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for row in ({"a": numpy.float64(1), "b": value}, {"a": 1.0, "b": value}, {"a": 0.5, "b": 1.0}):
            for _ in range(3):
                run.log(row)
                expected.append(float(row["a"]))
    assert [str(warning.message) for warning in said] == []
    assert [row["a"] for row in logged(run)] == expected


@pytest.mark.parametrize("twice", [False, True], ids=["first row", "later row"])
def test_what_cannot_be_logged_is_left_out_with_a_warning_and_the_rest_is_kept(
    begin: Callable[..., Run], capsys: pytest.CaptureFixture[str], twice: bool
) -> None:
    class Opaque:
        pass

    run = begin({"silent": False})
    if twice:
        run.log({"bad": 1, "good": 1})
    run.log({"bad": Opaque(), "good": 2})
    run.log({"bad": Opaque(), "good": 3})
    assert [row for row in logged(run) if row["good"] > 1] == [
        {"good": 2, "_step": int(twice)},
        {"good": 3, "_step": twice + 1},
    ]
    said = capsys.readouterr().err
    assert said.count("is left out of its row: a value of type Opaque has no plain form") == 1


def test_objects_that_hold_themselves_or_raise_stop_nothing(run: Run) -> None:
    class Angry:
        def __float__(self) -> float:
            raise RuntimeError("no")

        def item(self) -> float:
            raise RuntimeError("no")

        def __radd__(self, other: Any) -> Any:
            raise KeyboardInterrupt if other is None else RuntimeError("no")

    endless: list[Any] = []
    endless.append(endless)
    for value in (endless, Angry(), [Angry()]):
        run.log({"good": 1, "bad": value})
        run.log({"good": 1, "bad": 1})
    assert [row["good"] for row in logged(run)] == [1] * 6


@pytest.mark.parametrize("key", ["_step", "_runtime"])
def test_the_rows_own_keys_cannot_be_taken(begin: Callable[..., Run], capsys: Any, key: str) -> None:
    run = begin({"silent": False})
    run.log({key: 99, "a": 1})
    [row] = rows(folder_of(run))
    assert (row["_step"], row["_runtime"] < 60, row["a"]) == (0, True, 1)
    assert f"{key} is kept by Runstore itself" in capsys.readouterr().err


def test_a_row_may_bring_a_timestamp_of_its_own(run: Run) -> None:
    run.log({"_timestamp": 12.5, "a": 1})
    run.log({"_timestamp": 13.5, "a": 1})
    assert [row["_timestamp"] for row in rows(folder_of(run))] == [12.5, 13.5]


def test_ten_thousand_keys_and_thousands_of_different_rows_are_all_kept(run: Run) -> None:
    run.log({f"k{number}": number for number in range(10_000)})
    for number in range(1000):
        run.log({f"only{number}": number})
    found = logged(run)
    assert len(found[0]) == 10_001
    assert [row[f"only{number}"] for number, row in enumerate(found[1:])] == list(range(1000))
    assert run.summary["only999"] == 999
    assert run.summary["k9999"] == 9999


PLAIN = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.text(st.characters(codec=None), max_size=5)
)
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3), max_leaves=6)
KEYS = st.text(max_size=8).filter(lambda key: not key.startswith("_"))
ROWS = st.lists(st.dictionaries(KEYS, VALUES, max_size=5), max_size=8)


def plainly(value: Any) -> Any:
    """What a value is when it was written and read again: lone surrogates, which UTF-8 has not, are escaped."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, list):
        return [plainly(inner) for inner in value]
    return value


def same(one: Any, other: Any) -> bool:
    """Equality in which NaN equals itself, and 1, 1.0 and True differ."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if type(one) is not type(other):
        return False
    return bool(one == other) or (isinstance(one, float) and math.isnan(one) and math.isnan(other))


def write_history(path: Path, data: list[dict[str, Any]]) -> None:
    """Logs `data`, each row twice: a row whose keys were seen before takes another way."""
    path.unlink(missing_ok=True)
    trouble = Trouble(lambda line: None)
    metrics = Definitions(lambda data: None)
    summary = Summary(lambda data: None, lambda key, step, value: None, metrics)
    history = History(LineFile(path, trouble), trouble, lambda key, step, value: None, summary, metrics, start=0.0)
    for row in data:
        history.log(row)
        history.log(row)
    history.close("over")


@given(data=ROWS)
def test_a_file_gives_back_what_was_logged(tmp_path: Path, data: list[dict[str, Any]]) -> None:
    path = tmp_path / "history.jsonl"
    write_history(path, data)
    found = [json.loads(line) for line in path.read_bytes().splitlines()]
    assert len(found) == 2 * len(data)
    for number, row in enumerate(found):
        expected = {plainly(key): plainly(value) for key, value in data[number // 2].items()}
        assert row["_step"] == number
        assert list(row)[: len(expected)] == list(expected)
        for key, value in expected.items():
            assert same(revive(row[key]), revive(value)), (key, value, row[key])


@given(
    data=st.lists(
        st.dictionaries(KEYS, st.one_of(st.floats(), st.integers(-(2**53), 2**53)), min_size=1, max_size=5),
        min_size=1,
        max_size=8,
    )
)
def test_the_reading_room_gives_back_the_numbers_that_were_logged(data: list[dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as root:
        path = Path(root) / "p" / "runs" / "r" / "history.jsonl"
        path.parent.mkdir(parents=True)
        write_history(path, data)
        [project] = read_store(Path(root)).projects
        found = {
            (row["line"], key[1:]): value
            for frame in project.history()
            for row in frame.to_dicts()
            for key, value in row.items()
            if key.startswith("=") and value is not None
        }
    expected = {
        (line, plainly(key)): float(value) for line in range(2 * len(data)) for key, value in data[line // 2].items()
    }
    assert found.keys() == expected.keys()
    assert all(same(found[place], expected[place]) for place in expected)


def test_the_module_logs_to_the_current_run(run: Run) -> None:
    runstore.log({"a": 1})
    runstore.log({"b": 2}, step=4)
    assert logged_at_end(run) == [{"a": 1, "_step": 0}, {"b": 2, "_step": 4}]


def test_log_without_a_run_says_what_to_call() -> None:
    with pytest.raises(runstore.Error, match=r"call runstore.init\(\) before runstore.log\(\)"):
        runstore.log({"a": 1})


def test_a_config_is_no_row(run: Run) -> None:
    assert isinstance(run.config, Config)
    with pytest.raises(TypeError):
        run.log(run.config)  # type: ignore[arg-type]
