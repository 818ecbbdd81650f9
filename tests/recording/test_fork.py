"""Going back in a run (`resume_from`) and beginning another as its copy (`fork_from`)."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import runstore
from runstore.errors import UsageError
from runstore.recording.run import Run
from tests.processes import load
from tests.reading.views import curve_of, record_of
from tests.recording.conftest import folder_of
from tests.stores import append, curve, write_run, write_store


def train(run: Run, *values: float) -> None:
    for value in values:
        run.log({"loss": value, "deep": {"x": value * 2}})
    run.finish()


def test_a_rewound_run_goes_on_behind_the_step_and_hides_what_came_after(
    begin: Callable[..., Run], store: Path
) -> None:
    run = begin(id="a", config={"lr": 1})
    run.summary["set"] = "by hand"
    train(run, 5, 4, 3, 2, 1)
    run = begin(resume_from="a?_step=2", config={"lr": 2})
    assert (run.id, run.resumed, run.starting_step, run.step) == ("a", True, 3, 3)
    assert (run.summary["loss"], run.summary["deep"]["x"], run.summary.get("set")) == (3, 6, None)
    assert run.config.as_dict() == {"lr": 2}
    train(run, 30, 20)
    assert curve_of(store, "loss") == [(0, 5), (1, 4), (2, 3), (3, 30), (4, 20)]
    record = record_of(store)
    assert (record.rows, record.last_step, record.summary) == (5, 4, {"loss": 20, "deep.x": 40})
    assert [(each.writer, each.rows, each.hidden, each.rewound_to) for each in record.attempts] == [
        ("", 3, 2, None),
        ("2", 2, 0, 2),
    ]


def test_no_file_is_rewritten_by_going_back(begin: Callable[..., Run], store: Path) -> None:
    train(begin(id="a"), 5, 4, 3)
    before = (store / "p/runs/a/history.jsonl").read_bytes()
    train(begin(resume_from="a?_step=0"), 1)
    assert (store / "p/runs/a/history.jsonl").read_bytes() == before
    assert load(store / "p/runs/a/provenance.2.json")["rewound_to"] == 0


def test_a_run_can_be_rewound_again_and_resumed_after_that(begin: Callable[..., Run], store: Path) -> None:
    train(begin(id="a"), *range(10))
    train(begin(resume_from="a?_step=6"), 70, 80)
    train(begin(resume_from="a?_step=3"), 400)
    run = begin(id="a", resume="allow")
    assert run.step == 5
    train(run, 5000)
    assert curve_of(store, "loss") == [(0, 0), (1, 1), (2, 2), (3, 3), (4, 400), (5, 5000)]


def test_only_what_counts_is_in_the_summary_of_a_run_that_crashed_after_going_back(store: Path) -> None:
    write_store(store)
    rows = [*curve(5), {"test": 1, "_step": 9}]
    later = {"provenance.2.json": {"rewound_to": 2, "started": "2026-10-02T00:00:00Z"}}
    folder = write_run(store, run_id="a", history=rows, state={"state": "running"}, files=later)
    append(folder, [{"loss": 7, "_step": 3}], "history.2.jsonl")
    record = record_of(store)
    assert (record.summary, record.rows, record.last_step) == ({"loss": 7}, 4, 3)


def test_a_fork_is_a_run_of_its_own_with_the_parents_first_rows(begin: Callable[..., Run], store: Path) -> None:
    train(begin(id="a", config={"lr": 1}, tags=["x"]), 5, 4, 3, 2)
    run = begin(fork_from="a?_step=1", id="b")
    assert (run.id, run.resumed, run.step, run.starting_step) == ("b", False, 2, 2)
    assert (run.summary["loss"], run.config.as_dict()) == (4, {"lr": 1})
    train(run, 1)
    parent, child = store / "p/runs/a", store / "p/runs/b"
    assert (child / "history.jsonl").read_bytes() == b"".join(
        (parent / "history.jsonl").read_bytes().splitlines(keepends=True)[:2]
    )
    assert curve_of(store, "loss", "b") == [(0, 5), (1, 4), (2, 1)]
    assert curve_of(store, "loss", "a") == [(0, 5), (1, 4), (2, 3), (3, 2)]
    assert load(child / "provenance.json") == {"forked_from": {"run": "a", "step": 1}}
    record = record_of(store, "b")
    assert record.attempts[0].forked_from == ("a", 1.0)
    assert record.provenance["host"] == record.attempts[1].host
    assert record.tracked is not None
    assert record.tracked < 30


def test_a_fork_without_an_id_gets_one(begin: Callable[..., Run]) -> None:
    train(begin(id="a"), 1)
    run = begin(fork_from="a?_step=0")
    assert (run.id != "a", run.step) == (True, 1)


def test_media_of_the_copied_rows_come_along(begin: Callable[..., Run], store: Path) -> None:
    run = begin(id="a")
    run.log({"t": runstore.Table(columns=["a"], data=[[1]])})
    run.log({"t": runstore.Table(columns=["a"], data=[[2]])})
    run.finish()
    begin(fork_from="a?_step=0", id="b").finish()
    [row] = [json.loads(line) for line in (store / "p/runs/b/history.jsonl").read_bytes().splitlines()]
    copied = store / "p/runs/b" / row["t"]["path"]
    assert copied.read_bytes() == (store / "p/runs/a" / row["t"]["path"]).read_bytes()
    assert copied.stat().st_nlink == 2
    assert len(list((store / "p/runs/b/media").rglob("*.json"))) == 1


def test_a_path_that_leads_out_of_the_run_is_not_brought_along(begin: Callable[..., Run], store: Path) -> None:
    write_store(store)
    secret = store.parent / "secret.txt"
    secret.write_text("x")
    rows = [
        {"t": {"_type": "table-file", "path": path}, "_step": 0}
        for path in ("../../../../secret.txt", str(secret), "media/../../../../../secret.txt", "run.yaml")
    ]
    write_run(store, run_id="a", history=rows, meta={"id": "a"})
    begin(fork_from="a?_step=0", id="b").finish()
    assert not [path for path in (store / "p/runs/b").rglob("*") if "secret" in path.name]


def test_what_attempts_logged_twice_becomes_one_row_of_the_fork(begin: Callable[..., Run], store: Path) -> None:
    write_store(store)
    folder = write_run(store, run_id="a", history=[{"a": 1, "b": 1, "_step": 0}, {"a": 2, "_step": 1}])
    append(folder, [{"a": 7, "_step": 0}], "history.2.jsonl")
    assert curve_of(store, "a") == [(0, 7), (1, 2)]
    assert curve_of(store, "b") == [(0, 1)]
    assert record_of(store).repeated == 1
    begin(fork_from="a?_step=5", id="b").finish()
    assert curve_of(store, "a", "b") == [(0, 7), (1, 2)]
    assert curve_of(store, "b", "b") == [(0, 1)]


def test_hidden_rows_of_the_parent_are_not_copied(begin: Callable[..., Run], store: Path) -> None:
    train(begin(id="a"), *range(6))
    train(begin(resume_from="a?_step=2"), 30)
    begin(fork_from="a?_step=9", id="b").finish()
    assert curve_of(store, "loss", "b") == [(0, 0), (1, 1), (2, 2), (3, 30)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"resume_from": "a"}, r"resume_from is 'a', expected '<run id>\?_step=<number>'"),
        ({"fork_from": "a?loss=3"}, "fork_from is 'a.loss=3', expected"),
        ({"fork_from": "a?_step=-1"}, "expected"),
        ({"fork_from": "../a?_step=1"}, "the run id '../a' holds '/'"),
        ({"fork_from": "a?_step=1", "resume_from": "a?_step=1"}, "resume_from and fork_from exclude each other"),
        ({"fork_from": "a?_step=1", "resume": "allow"}, "resume and fork_from exclude each other"),
        ({"resume_from": "a?_step=1", "resume": "must"}, "resume and resume_from exclude each other"),
        ({"fork_from": "a?_step=1", "id": "a"}, "name the same run 'a'; give another id or none"),
        ({"resume_from": "a?_step=1", "id": "b"}, "leave id out"),
        ({"resume_from": "none?_step=1"}, "names run 'none', which is not in project 'p'"),
        ({"fork_from": "none?_step=1"}, "names run 'none', which is not in project 'p'"),
        ({"fork_from": "a?_step=1", "id": "taken"}, "the run id 'taken' exists"),
    ],
)
def test_what_cannot_be_is_one_clear_line_and_leaves_nothing(
    begin: Callable[..., Run], store: Path, arguments: dict[str, str], message: str
) -> None:
    train(begin(id="a"), 1, 2, 3)
    begin(id="taken").finish()
    with pytest.raises(UsageError, match=message) as caught:
        begin(**arguments)
    assert "\n" not in str(caught.value)
    assert sorted(path.name for path in store.glob("p/runs/*")) == ["a", "taken"]


def test_aggregates_of_a_rewound_run_are_those_of_the_rows_that_count(begin: Callable[..., Run]) -> None:
    run = begin(id="a")
    run.define_metric("loss", summary="min,max")
    train(run, 5, 4, 9, 1)
    run = begin(resume_from="a?_step=1")
    assert run.summary["loss"] == {"min": 4, "max": 5}
    run.finish()
    assert folder_of(run).name == "a"
