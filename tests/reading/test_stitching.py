"""Attempts and ranks as one run: what readers see of rows that several writers left."""

import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from runstore.format.run_layout import RunLayout
from runstore.reading.stitching import ceilings, overlap, scan
from runstore.recording.forking import copy_rows
from runstore.recording.resuming import read_past
from tests.reading.views import curve_of, record_of
from tests.stores import append, curve, write_file, write_run, write_store

KEYS = ("a", "b")

Action = tuple[str, Any]

ROWS = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.dictionaries(st.sampled_from(KEYS), st.integers(-9, 9), min_size=1),
    ),
    max_size=6,
)
ATTEMPTS = st.lists(
    st.tuples(
        ROWS,
        st.sampled_from(["", '{"a": 1, "_st', '{"_step": 1']),
        st.none() | st.integers(0, 12),
        st.booleans(),
    ),
    min_size=1,
    max_size=5,
)


class Model:
    """What a run should read as: of each key its value by step."""

    def __init__(self) -> None:
        self.values: dict[str, dict[int, int]] = {key: {} for key in KEYS}
        self.steps: set[int] = set()
        self.next = 0

    def rewind(self, step: int) -> None:
        self.steps = {known for known in self.steps if known <= step}
        self.values = {
            key: {at: value for at, value in points.items() if at <= step} for key, points in self.values.items()
        }
        self.next = step + 1

    def log(self, step: int, row: dict[str, int]) -> None:
        self.steps.add(step)
        for key, value in row.items():
            self.values[key][step] = value
        self.next = max(self.next, step + 1)

    def summary(self) -> dict[str, int]:
        return {key: points[max(points)] for key, points in self.values.items() if points}


@given(attempts=ATTEMPTS)
def test_any_sequence_of_attempts_kills_and_torn_ends_reads_as_it_should(
    tmp_path_factory: Any, attempts: list[tuple[list[tuple[int, dict[str, int]]], str, int | None, bool]]
) -> None:
    store = write_store(tmp_path_factory.mktemp("s") / "experiments")
    folder = write_run(store, run_id="a", history=None, state={"state": "finished"})
    model = Model()
    runtime = 0.0
    for number, (rows, torn, rewind, tidy) in enumerate(attempts, 1):
        infix = f".{number}" if number > 1 else ""
        facts: dict[str, Any] = {"started": f"2026-10-{number:02}T00:00:00Z"}
        upto = rewind if number > 1 else None
        past = read_past(RunLayout(folder), upto)
        if upto is not None:
            facts["rewound_to"] = upto
            model.rewind(upto)
        assert past.step == model.next
        write_file(folder / f"provenance{infix}.json", facts)
        write_file(folder / f"history{infix}.jsonl", b"")
        step = past.step
        for gap, row in rows:
            step += gap
            runtime += 1
            append(folder, [{**row, "_step": step, "_runtime": runtime}], f"history{infix}.jsonl")
            model.log(step, row)
            step += 1
        append(folder, torn.encode(), f"history{infix}.jsonl")
        (folder / "summary.json").unlink(missing_ok=True)
        if tidy and model.steps:
            summary = {**model.summary(), "_step": max(model.steps), "_runtime": runtime}
            write_file(folder / "summary.json", summary)
    for key in KEYS:
        assert curve_of(store, key) == sorted(model.values[key].items())
    record = record_of(store)
    assert record.summary == model.summary()
    assert record.repeated == 0
    assert len(record.attempts) == len(attempts)
    if model.steps:
        fork = write_run(store, project="q", run_id="f", history=None)
        copy_rows(RunLayout(folder), RunLayout(fork), max(model.steps))
        found = [json.loads(line) for line in (fork / "history.jsonl").read_bytes().splitlines()]
        assert {row["_step"] for row in found} == model.steps


def test_a_rewind_hides_what_came_before_it_and_not_what_came_after() -> None:
    facts: dict[str, dict[str, Any]] = {"": {}, "2": {"rewound_to": 5}, "3": {}, "4": {"rewound_to": 9}}
    assert ceilings(facts, ["", "2", "3", "4"]) == {"": 5, "2": 9, "3": 9, "4": float("inf")}


def test_a_rewind_hides_the_rows_of_ranks_that_began_before_it() -> None:
    facts: dict[str, dict[str, Any]] = {
        "2": {"rewound_to": 5, "started": "2026-10-02T00:00:00Z"},
        "early": {"started": "2026-10-01T00:00:00Z"},
        "late": {"started": "2026-10-03T00:00:00Z"},
    }
    assert ceilings(facts, ["early", "late"]) == {"early": 5, "late": float("inf")}


def test_a_rewind_that_is_no_number_hides_nothing(root: Path) -> None:
    folder = write_run(root, run_id="a", history=curve(5), files={"provenance.2.json": {"rewound_to": "soon"}})
    append(folder, curve(1, start=5), "history.2.jsonl")
    assert len(curve_of(root, "loss")) == 6


def test_steps_that_came_late_are_kept_and_the_highest_step_has_the_last_word(root: Path) -> None:
    rows = [{"a": 1, "_step": 0}, {"a": 9, "_step": 5}, {"a": 2, "b": 3, "_step": 2}, {"a": 8, "_step": 5}]
    write_run(root, run_id="a", history=rows)
    assert curve_of(root, "a") == [(0, 1), (2, 2), (5, 8), (5, 9)]
    assert record_of(root).summary == {"a": 8, "b": 3}


def test_a_late_row_that_comes_after_a_look_is_seen_too(root: Path) -> None:
    folder = write_run(root, run_id="a", history=curve(4))
    assert record_of(root).summary == {"loss": 0.25}
    append(folder, [{"loss": 9, "_step": 1}])
    assert record_of(root).summary == {"loss": 0.25}
    append(folder, [{"loss": 7, "_step": 4}])
    assert record_of(root).summary == {"loss": 7}


def test_what_is_stitched_is_kept_in_the_cache_and_made_again_when_it_changes(root: Path) -> None:
    folder = write_run(root, run_id="a", history=curve(6), files={"provenance.2.json": {"rewound_to": 3}})
    append(folder, curve(1, start=4), "history.2.jsonl")
    for _ in range(2):
        record = record_of(root)
        assert (record.rows, record.last_step, record.attempts[0].hidden) == (5, 4, 2)
    write_file(folder / "provenance.2.json", {"rewound_to": 1})
    record = record_of(root)
    assert (record.rows, record.attempts[0].hidden, record.attempts[1].rewound_to) == (3, 4, 1)
    (folder / "provenance.2.json").unlink()
    assert (record_of(root).rows, record_of(root).repeated) == (7, 1)


def test_of_values_logged_again_the_later_attempts_counts_key_by_key(root: Path) -> None:
    folder = write_run(root, run_id="a", history=[{"a": 1, "b": 1, "_step": step} for step in range(3)])
    append(folder, [{"a": 7, "_step": 1}, {"c": 5, "_step": 2}], "history.2.jsonl")
    append(folder, [{"a": 8, "_step": 1}], "history.10.jsonl")
    append(folder, [{"a": 6, "_step": 1}], "history.rank.jsonl")
    assert curve_of(root, "a") == [(0, 1), (1, 6), (1, 8), (2, 1)]
    assert curve_of(root, "b") == [(0, 1), (1, 1), (2, 1)]
    assert record_of(root).repeated == 2


def test_a_fork_of_hand_written_rows_without_steps_has_their_lines(root: Path) -> None:
    folder = write_run(root, run_id="a", history=[{"a": 1}, {"a": 2}, {"a": 3}])
    fork = write_run(root, run_id="f", history=None)
    assert copy_rows(RunLayout(folder), RunLayout(fork), 1) == 2


def test_ranges_overlap_when_a_step_is_in_two() -> None:
    assert overlap([(0, 3), (3, 5)])
    assert overlap([(4, 5), (0, 9)])
    assert not overlap([(3, 5), (0, 2)])
    assert not overlap([])


def test_a_history_that_cannot_be_decoded_has_no_rows(tmp_path: Path) -> None:
    path = write_file(tmp_path / "history.jsonl", b"\0\0\nnot json\n[1]\n")
    assert scan(path).rows == 0


def test_tracked_time_is_the_sum_of_what_attempts_took(root: Path) -> None:
    files = {
        "provenance.json": {"started": "2026-10-01T00:00:00Z"},
        "provenance.2.json": {"started": "2026-10-02T00:00:00Z", "tracked": 100.0, "starting_runtime": 100.0},
    }
    state = {"state": "finished", "finished": "2026-10-02T00:00:50Z"}
    write_run(root, run_id="a", history=curve(3), meta={"created": "2026-10-01T00:00:00Z"}, state=state, files=files)
    record = record_of(root)
    assert (record.tracked, record.runtime) == (150, 86450)


def test_metrics_are_known_to_readers(root: Path) -> None:
    write_run(root, run_id="a", history=curve(1), files={"metrics.yaml": "- name: loss\n  goal: minimize\n"})
    for _ in range(2):
        [metric] = record_of(root).metrics
        assert (metric.name, metric.goal) == ("loss", "minimize")
