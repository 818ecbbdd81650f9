"""A trial's metric, read from its run's files while they grow."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runstore.format.run_layout import RunLayout
from sweeps.agent.metric import MetricTail


@pytest.fixture
def run(tmp_path: Path) -> RunLayout:
    (tmp_path / "r").mkdir()
    return RunLayout(tmp_path / "r")


def add(run: RunLayout, *rows: dict[str, Any], writer: str | None = None) -> None:
    with open(run.history(writer), "a") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def test_a_run_that_is_not_there_has_nothing(tmp_path: Path) -> None:
    tail = MetricTail(RunLayout(tmp_path / "none"), "loss")
    assert (tail.look(), tail.count, tail.best, tail.final(), tail.names()) == (False, 0, None, None, [])


def test_each_look_reads_what_was_added(run: RunLayout) -> None:
    tail = MetricTail(run, "loss")
    add(run, {"_step": 0, "loss": 3}, {"_step": 1, "other": 1})
    assert (tail.look(), tail.values) == (True, [3.0])
    assert not tail.look()
    add(run, {"_step": 2, "other": 1})
    assert not tail.look()
    add(run, {"_step": 3, "loss": 0.5})
    assert (tail.look(), tail.values, tail.best) == (True, [3.0, 0.5], 0.5)


def test_half_a_line_waits_for_its_other_half(run: RunLayout) -> None:
    tail = MetricTail(run, "loss")
    line = json.dumps({"_step": 0, "loss": 1.5}).encode() + b"\n"
    for cut in range(1, len(line)):
        with open(run.history(), "ab") as file:
            file.write(line[cut - 1 : cut])
        assert not tail.look()
    with open(run.history(), "ab") as file:
        file.write(line[-1:])
    assert tail.look()
    assert tail.values == [1.5]


def test_lower_is_better_when_the_goal_is_to_maximize(run: RunLayout) -> None:
    tail = MetricTail(run, "acc", maximize=True)
    add(run, {"_step": 0, "acc": 0.2}, {"_step": 1, "acc": 0.9}, {"_step": 2, "acc": 0.4})
    tail.look()
    assert (tail.values, tail.best) == ([-0.2, -0.9, -0.4], 0.9)


def test_a_trial_counts_with_the_best_of_history_and_summary(run: RunLayout) -> None:
    add(run, {"_step": 0, "val.loss": 0.5}, {"_step": 1, "val.loss": 0.7})
    tail = MetricTail(run, "val.loss")
    assert tail.final() == 0.5
    run.summary_json.write_text(json.dumps({"val.loss": 0.1}))
    assert tail.final() == 0.1
    run.summary_json.write_text(json.dumps({"val": {"loss": 0.2}}))
    assert tail.final() == 0.2


def test_values_that_are_no_numbers_do_not_count(run: RunLayout) -> None:
    add(run, {"loss": True}, {"loss": None}, {"loss": "x"}, {"loss": [1]}, {"loss": {"_type": "histogram"}})
    tail = MetricTail(run, "loss")
    assert (tail.look(), tail.final()) == (False, None)


def test_not_a_number_is_told_from_nothing(run: RunLayout) -> None:
    add(run, {"_step": 0, "loss": "NaN"}, {"_step": 1, "loss": "Infinity"})
    tail = MetricTail(run, "loss")
    assert tail.final() == math.inf
    add(run, {"_step": 2, "loss": "NaN"})
    final = tail.final()
    assert final is not None
    assert math.isnan(final)
    add(run, {"_step": 3, "loss": 2.0})
    assert tail.final() == 2.0


def test_a_later_attempt_hides_what_an_earlier_one_logged_behind_it(run: RunLayout) -> None:
    add(run, *({"_step": step, "loss": 10 + step} for step in range(4)))
    tail = MetricTail(run, "loss")
    tail.look()
    add(run, {"_step": 2, "loss": 1}, {"_step": 3, "loss": 0}, writer="2")
    tail.look()
    assert tail.values == [10, 11, 1, 0]


def test_every_rank_of_a_run_counts(run: RunLayout) -> None:
    add(run, {"_step": 0, "loss": 1})
    add(run, {"_step": 0, "loss": 2}, writer="rank1")
    tail = MetricTail(run, "loss")
    tail.look()
    assert sorted(tail.values) == [1, 2]


def test_a_broken_line_costs_itself_alone(run: RunLayout) -> None:
    run.history().write_bytes(b'{"loss": \n\xff\xfe"loss"\n[1, "loss"]\n{"_step": 3, "loss": 4}\n')
    tail = MetricTail(run, "loss")
    assert tail.look()
    assert tail.values == [4]


def test_a_link_in_place_of_the_history_is_not_followed(run: RunLayout, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text('{"loss": 1}\n')
    run.history().symlink_to(tmp_path / "secret")
    assert not MetricTail(run, "loss").look()


def test_the_names_of_what_was_logged_instead(run: RunLayout) -> None:
    add(run, {"_step": 0, "_runtime": 1.0, "train/loss": 1, "text": "x"}, {"_step": 1, "acc": 0.5})
    run.summary_json.write_text(json.dumps({"best": 3}))
    assert MetricTail(run, "loss").names() == ["best", "train/loss", "acc"]


@settings(max_examples=50)
@given(
    rows=st.lists(st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False)), max_size=30),
    cuts=st.lists(st.integers(0, 5_000), max_size=8),
)
def test_however_it_grows_the_values_are_those_of_the_whole_file(
    rows: list[float | None], cuts: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("run")
    run = RunLayout(folder)
    lines = b"".join(
        json.dumps({"_step": at, **({"loss": row} if row is not None else {"x": 1})}).encode() + b"\n"
        for at, row in enumerate(rows)
    )
    tail = MetricTail(run, "loss")
    for cut in sorted({min(cut, len(lines)) for cut in cuts} | {len(lines)}):
        run.history().write_bytes(lines[:cut])
        tail.look()
    assert tail.values == [row for row in rows if row is not None]
