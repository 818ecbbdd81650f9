"""A store as its readers see it: what its runs say, and what could not be read."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runstore.errors import StoreError
from runstore.reading.store import read_store
from tests.reading.views import column, everything, only_run
from tests.stores import START, append, curve, write_file, write_run, write_store

NOBODY = 65534


@pytest.fixture
def plain_user() -> Iterator[Path]:
    """An empty directory, and for as long as the test runs no right to read what its owner may not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        was_root = os.geteuid() == 0
        if was_root:
            os.chown(folder, NOBODY, NOBODY)
            os.seteuid(NOBODY)
        try:
            yield folder
            for path in [folder, *folder.rglob("*")]:
                path.chmod(0o700)
        finally:
            if was_root:
                os.seteuid(0)


def test_a_store_of_a_newer_format_is_refused_in_one_line(tmp_path: Path) -> None:
    write_run(write_store(tmp_path / "store", "format: 7\n"))
    with pytest.raises(StoreError, match=r"store\.yaml, format: found 7, a newer format, expected at most 1") as caught:
        read_store(tmp_path / "store")
    assert "\n" not in str(caught.value)


def test_a_store_whose_own_record_is_broken_is_refused_in_one_line(tmp_path: Path) -> None:
    write_run(write_store(tmp_path / "store", "format: [\n"))
    with pytest.raises(StoreError, match=r"store\.yaml, line 1: found broken YAML"):
        read_store(tmp_path / "store")


def test_no_store_is_an_error_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no such directory"):
        read_store(tmp_path / "nowhere")


def test_a_store_without_projects_is_empty(root: Path) -> None:
    store = read_store(root)
    assert (store.projects, store.problems, store.meta.format) == ((), (), 1)


def test_projects_are_in_the_order_of_their_names_and_runs_newest_first(root: Path) -> None:
    write_run(root, project="b", run_id="x")
    for run_id, day in (("old", "01"), ("new", "03"), ("middle", "02")):
        write_run(root, project="a", run_id=run_id, meta={"created": f"2026-10-{day}T00:00:00Z"})
    write_run(root, project="a", run_id="undated")
    store = read_store(root)
    assert [project.name for project in store.projects] == ["a", "b"]
    assert [run.id for run in store.projects[0].runs] == ["new", "middle", "old", "undated"]


def test_a_run_says_what_its_files_say(root: Path) -> None:
    write_run(
        root,
        history=curve(3),
        config="lr: 1e-4\nmodel:\n  depth: 2\n",
        meta="name: steady\ncreated: 2026-10-01T00:00:00Z\ngroup: g\njob_type: train\ntags: [a, b]\n"
        "notes: |\n  two\n  lines\n",
        state={"state": "failed", "exit_code": 3, "finished": "2026-10-01T00:01:00Z"},
        files={"provenance.json": {"host": "node1"}, "summary.json": {"loss": 0.25, "best": {"acc": 0.9}, "_step": 2}},
    )
    run = only_run(root)
    assert (run.name, run.meta.group, run.meta.job_type, run.meta.tags) == ("steady", "g", "train", ("a", "b"))
    assert run.meta.notes == "two\nlines\n"
    assert (run.state, run.exit_code) == ("failed", 3)
    assert (run.created, run.finished, run.runtime, run.tracked) == (1790812800.0, 1790812860.0, 60.0, 1.0)
    assert (run.rows, run.last_step, run.config) == (3, 2.0, {"lr": 1e-4, "model": {"depth": 2}})
    assert run.summary == {"loss": 0.25, "best.acc": 0.9}
    assert run.provenance == {"host": "node1"}
    assert run.files["history.jsonl"] == (run.layout.path / "history.jsonl").stat().st_size


def test_times_come_from_the_history_where_nothing_else_says_them(root: Path) -> None:
    write_run(root, history=curve(5))
    run = only_run(root)
    assert (run.created, run.finished, run.runtime, run.tracked) == (START, START + 2.0, 2.0, 2.0)
    assert run.last_sign == START + 2.0


def test_a_start_in_the_provenance_counts_before_the_first_row(root: Path) -> None:
    write_run(root, history=curve(5), files={"provenance.json": {"started": "2026-09-21T14:13:10+00:00"}})
    assert only_run(root).created == START - 10


@pytest.mark.parametrize("created", ["yesterday", "2026", "[]", "9999999-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"])
def test_a_start_that_is_no_time_stops_nothing(root: Path, created: str) -> None:
    write_run(root, history=curve(1), meta=f'created: "{created}"\n')
    assert only_run(root).created is not None


def test_a_run_that_says_nothing_has_no_times(root: Path) -> None:
    write_run(root, history=None)
    run = only_run(root)
    assert (run.created, run.finished, run.runtime, run.tracked, run.last_sign) == (None,) * 5


def test_a_summary_cut_off_before_the_end_gives_way_to_the_history(root: Path) -> None:
    files = {"summary.json": {"loss": 9.0, "best": 1.0, "_step": 1}}
    write_run(root, history=curve(4), state={"state": "running"}, files=files)
    assert only_run(root).summary == {"loss": 0.25, "best": 1.0}


def test_a_summary_a_person_assigned_holds_over_the_history(root: Path) -> None:
    write_run(root, history=curve(4), files={"summary.json": {"loss": 9.0, "_step": 3}})
    assert only_run(root).summary == {"loss": 9.0}


def test_a_later_attempt_has_the_last_word(root: Path) -> None:
    folder = write_run(root, history=[{"a": 1, "_step": 0}, {"a": 2, "_step": 1}])
    append(folder, [{"a": 7, "_step": 1}], "history.10.jsonl")
    append(folder, [{"a": 3, "_step": 1}], "history.2.jsonl")
    run = only_run(root)
    assert (run.rows, run.summary) == (4, {"a": 7})


def test_rows_without_steps_have_their_lines(root: Path) -> None:
    write_run(root, history=[{"a": 5}, {"a": 6}])
    assert column(read_store(root).projects[0], "a") == [(0, 5.0), (1, 6.0)]


def test_history_has_a_frame_for_each_set_of_keys_with_runs_by_their_place(root: Path) -> None:
    write_run(root, run_id="r1", history=curve(2))
    write_run(root, run_id="r2", history=curve(3, key="acc"))
    (project,) = read_store(root).projects
    frames = {tuple(frame.columns): frame for frame in project.history()}
    axes = ("run", "place", "line", "step", "runtime", "timestamp")
    assert set(frames) == {(*axes, "=loss"), (*axes, "=acc")}
    (index,) = frames[(*axes, "=acc")]["run"].unique().to_list()
    assert project.runs[index].id == "r2"


def test_a_run_is_found_by_id_by_path_and_by_name(root: Path) -> None:
    write_run(root, project="a", run_id="r1", meta="name: twin\n")
    write_run(root, project="b", run_id="r1", meta="name: twin\n")
    write_run(root, project="b", run_id="r2", meta="name: only\n")
    store = read_store(root)
    assert store.find_run("b/r1").project == "b"
    assert store.find_run("r2").id == store.find_run("only").id == "r2"
    with pytest.raises(StoreError, match=r"2 runs are called 'twin' \(a/r1, b/r1\)"):
        store.find_run("twin")
    with pytest.raises(StoreError, match="found no run 'r9'"):
        store.find_run("r9")


def test_a_project_says_what_its_record_says(root: Path) -> None:
    write_run(root)
    write_file(root / "p/project.yaml", "title: Digits\ndescription: first\n")
    assert read_store(root).projects[0].meta.title == "Digits"


def test_a_broken_project_record_is_listed_and_its_runs_are_read(root: Path) -> None:
    write_run(root, history=curve(2))
    write_file(root / "p/project.yaml", "title: [a]\n")
    (project,) = read_store(root).projects
    assert [str(problem) for problem in project.problems] == [
        "p/project.yaml, line 1: title: found a list, expected text; write title: some text"
    ]
    assert len(column(project, "loss")) == 2


def test_a_directory_that_can_be_no_project_is_listed(root: Path) -> None:
    write_run(root, project="a:b")
    store = read_store(root)
    assert store.projects == ()
    assert store.problems[0].path == "a:b"
    assert store.problems[0].message.endswith("rename the directory")


def test_links_are_not_followed_out_of_the_store(root: Path, tmp_path: Path) -> None:
    secret = write_run(tmp_path / "elsewhere", history=curve(9), config="password: x\n")
    own = write_run(root, history=curve(1))
    for name in ("config.yaml", "history.2.jsonl"):
        (own / name).symlink_to(secret / "config.yaml")
    (root / "p/runs/linked").symlink_to(secret)
    (root / "q").mkdir()
    (root / "q/runs").symlink_to(secret.parent)
    (root / "z").symlink_to(tmp_path / "elsewhere/p")
    (root / "p/project.yaml").symlink_to(secret / "config.yaml")
    store = read_store(root)
    assert "password" not in everything(store)
    assert [(project.name, [run.id for run in project.runs]) for project in store.projects] == [("p", ["r1"])]
    assert {problem.path for problem in store.all_problems()} == {
        *("q/runs", "z", "p/project.yaml", "p/runs/linked"),
        *("p/runs/r1/config.yaml", "p/runs/r1/history.2.jsonl"),
    }
    assert all("found a link" in problem.message for problem in store.all_problems())
    assert not [problem for problem in store.all_problems() if str(tmp_path) in problem.message]


@pytest.mark.parametrize("make", [lambda path: path.symlink_to("/nowhere"), os.mkfifo, os.mkdir])
def test_a_history_that_is_no_file_is_a_problem_until_it_is_one(root: Path, make: Any) -> None:
    folder = write_run(root, history=None)
    before = only_run(root)
    make(folder / "history.jsonl")
    for _ in range(2):
        run = only_run(root)
        [problem] = run.problems
        assert problem.path == "p/runs/r1/history.jsonl"
        assert "expected a file" in problem.message
        assert run.rows == 0
        assert run.digest != before.digest
    path = folder / "history.jsonl"
    path.rmdir() if make is os.mkdir else path.unlink()
    write_file(path, curve(2))
    assert (only_run(root).rows, only_run(root).problems) == (2, ())


def test_a_linked_run_or_project_is_listed_and_not_followed(root: Path, tmp_path: Path) -> None:
    secret = write_run(tmp_path / "elsewhere", history=curve(9))
    write_run(root, history=curve(1))
    (root / "p/runs/linked").symlink_to(secret)
    (root / "z").symlink_to(secret.parent.parent)
    store = read_store(root)
    assert [str(problem) for problem in store.all_problems()] == [
        "z: found a link, which is not followed, expected a directory; copy the directory itself here",
        "p/runs/linked: found a link, which is not followed, expected a directory; copy the directory itself here",
    ]
    assert [[run.id for run in project.runs] for project in store.projects] == [["r1"]]


def test_wrong_fields_are_all_listed_and_the_good_ones_are_kept(root: Path) -> None:
    write_run(root, meta="name: [a]\ncreated: yesterday\ngroup: g\ntags: [x]\n", history=curve(1))
    write_file(root / "p/project.yaml", "title: T\nvisibility: secret\nviews: 7\n")
    for _ in range(2):
        (project,) = read_store(root).projects
        (run,) = project.runs
        assert (run.name, run.meta.group, run.meta.tags, project.meta.title) == ("r1", "g", ("x",), "T")
        assert run.created == START
        assert [problem.message.split(":")[0] for problem in run.problems] == ["name", "created"]
        assert [problem.message.split(":")[0] for problem in project.problems] == ["visibility", "views"]
    write_file(root / "p/runs/r1/run.yaml", "name: a\n")
    assert only_run(root).problems == ()


def test_a_pipe_in_a_runs_directory_is_waited_for_by_nobody(root: Path) -> None:
    folder = write_run(root, history=curve(1))
    os.mkfifo(folder / "config.yaml")
    os.mkfifo(folder / "history.2.jsonl")
    assert only_run(root).rows == 1


def test_files_that_cannot_be_read_are_listed_and_read_once_they_can(plain_user: Path) -> None:
    folder = write_run(plain_user, history=curve(3), config="lr: 1\n")
    write_run(plain_user, run_id="good", history=curve(2))
    for name in ("history.jsonl", "config.yaml"):
        (folder / name).chmod(0)
    for _ in range(2):
        assert sorted(str(problem) for problem in read_store(plain_user).all_problems()) == [
            "p/runs/r1/config.yaml: cannot be read (Permission denied); check its permissions",
            "p/runs/r1/history.jsonl: cannot be read (Permission denied); check its permissions",
        ]
        assert len(column(read_store(plain_user).projects[0], "loss", "good")) == 2
    for name in ("history.jsonl", "config.yaml"):
        (folder / name).chmod(0o600)
    store = read_store(plain_user)
    assert list(store.all_problems()) == []
    assert store.find_run("r1").config == {"lr": 1}
    assert len(column(store.projects[0], "loss")) == 3


def test_a_history_that_was_read_and_no_longer_can_be_is_listed(plain_user: Path) -> None:
    folder = write_run(plain_user, history=curve(3))
    read_store(plain_user)
    append(folder, curve(1, start=3)).chmod(0)
    assert "cannot be read" in only_run(plain_user).problems[0].message
    (folder / "history.jsonl").chmod(0o600)
    run = only_run(plain_user)
    assert (run.rows, run.problems) == (4, ())
    assert len(column(read_store(plain_user).projects[0], "loss")) == 4


@pytest.mark.parametrize(("name", "where"), [("p/runs/r1", "p/runs/r1"), ("p/runs", "p/runs"), ("p", "p/project.yaml")])
def test_a_directory_that_cannot_be_read_is_listed_and_stops_nothing(plain_user: Path, name: str, where: str) -> None:
    write_run(plain_user, history=curve(3))
    write_run(plain_user, project="other", history=curve(2))
    (plain_user / name).chmod(0)
    store = read_store(plain_user)
    assert where in {problem.path for problem in store.all_problems()}
    assert all("cannot be read (Permission denied)" in problem.message for problem in store.all_problems())
    assert len(column(store.projects[0], "loss")) == 2
    (plain_user / name).chmod(0o700)
    store = read_store(plain_user)
    assert list(store.all_problems()) == []
    assert len(column(store.projects[1], "loss")) == 3


def test_a_store_that_cannot_be_read_is_refused_in_one_line(plain_user: Path) -> None:
    write_run(plain_user)
    plain_user.chmod(0)
    with pytest.raises(StoreError, match=r"cannot be read \(Permission denied\); check its permissions"):
        read_store(plain_user)


def test_a_store_on_a_disk_that_cannot_be_written_is_read(plain_user: Path) -> None:
    write_run(plain_user, history=curve(3))
    plain_user.chmod(0o500)
    for _ in range(2):
        assert len(column(read_store(plain_user).projects[0], "loss")) == 3


def test_two_reads_of_one_store_say_the_same(root: Path) -> None:
    folder = write_run(
        root, history=curve(3), config={"a": [1, {"b": None}]}, meta={"tags": ["x"]}, state={"state": "failed"}
    )
    write_file(folder / "history.2.jsonl", b'{"a": "NaN", "t": {"_type": "table-file"}, "_step": 9}\nbroken\n')
    cold, warm = everything(read_store(root)), everything(read_store(root))
    assert cold == warm


def test_a_store_says_the_same_wherever_it_lies(root: Path, tmp_path: Path) -> None:
    write_run(root, history=curve(3), config="a: [\n", files={"summary.json": "{"})
    moved = shutil.copytree(root, tmp_path / "moved")
    problems: list[Any] = [list(read_store(each).all_problems()) for each in (root, moved)]
    assert problems[0] == problems[1]


def test_names_that_differ_by_case_alone_are_told_and_read(root: Path) -> None:
    for project, run_id in (("p", "Run"), ("p", "run"), ("p", "other"), ("P", "run")):
        write_run(root, project, run_id, curve(1))
    told = {problem.path: problem.message for problem in read_store(root).all_problems()}
    assert told.keys() == {"P", "p/runs/Run"}
    assert told["P"].startswith("differs from p by case alone")
    assert told["p/runs/Run"].startswith("differs from run by case alone")
    assert [len(project.runs) for project in read_store(root).projects] == [1, 3]
