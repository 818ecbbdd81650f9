"""The traps of hand-written stores, each by its name: nothing is lost, and nothing stops."""

import math
from pathlib import Path

import pytest

from runstore.reading.store import Project, read_store
from tests.reading.views import column, only_run
from tests.stores import append, curve, lines, write_file, write_run


def _read(root: Path, history: bytes) -> Project:
    write_run(root, history=history)
    (project,) = read_store(root).projects
    return project


def _problems(project: Project) -> list[str]:
    return [str(problem) for run in project.runs for problem in run.problems]


def test_a_directory_with_only_a_history_is_a_run(tmp_path: Path) -> None:
    write_run(tmp_path / "plain", history=curve(3))
    run = only_run(tmp_path / "plain")
    assert (run.id, run.name, run.state, run.rows, run.last_step) == ("r1", "r1", "finished", 3, 2.0)
    assert (run.runtime, run.problems) == (1.0, ())
    assert run.summary == {"loss": 1 / 3}


def test_a_torn_last_line_is_dropped_and_reported(root: Path) -> None:
    project = _read(root, b'{"a": 1, "_step": 0}\n{"a": 2, "_st')
    assert column(project, "a") == [(0, 1.0)]
    assert _problems(project) == [
        "p/runs/r1/history.jsonl, line 2: found a torn last line of 13 bytes, expected a whole row; it was left out"
    ]


def test_a_torn_last_line_of_a_live_run_is_no_problem(root: Path) -> None:
    folder = write_run(root, history=b'{"a": 1}\n{"a"', state={"state": "running"}, files={"heartbeat": "{}"})
    run = only_run(root, now=(folder / "heartbeat").stat().st_mtime + 1)
    assert (run.state, run.problems) == ("running", ())


def test_a_last_line_without_its_newline_counts(root: Path) -> None:
    project = _read(root, b'{"a": 1}\n{"a": 2}')
    assert column(project, "a") == [(0, 1.0), (1, 2.0)]
    assert _problems(project) == []


def test_a_torn_line_with_rows_behind_it_hides_none(root: Path) -> None:
    project = _read(root, b'{"a": 1, "_step": 0}\n{"a": 2, "_s{"a": 3, "_step": 2}\n{"a": 4, "_step": 3}\n')
    assert column(project, "a") == [(0, 1.0), (2, 3.0), (3, 4.0)]
    assert len(_problems(project)) == 1
    assert "line 2: found broken JSON" in _problems(project)[0]


def test_a_bare_nan_is_a_number_that_was_logged(root: Path) -> None:
    project = _read(root, b'{"a": 1, "_step": 0}\n{"a": NaN, "_step": 1}\n{"a": -Infinity, "_step": 2}\n')
    assert repr(column(project, "a")) == repr([(0.0, 1.0), (1.0, math.nan), (2.0, -math.inf)])
    assert _problems(project) == []


def test_nan_as_text_is_a_number_that_was_logged(root: Path) -> None:
    project = _read(root, b'{"a": 1, "_step": 0}\n{"a": "NaN", "_step": 1}\n')
    assert repr(column(project, "a")) == repr([(0.0, 1.0), (1.0, math.nan)])
    assert math.isnan(project.runs[0].summary["a"])


def test_a_late_key_is_read_whole(root: Path) -> None:
    project = _read(root, lines([{"a": 0, "_step": at} | ({"b": at} if at > 900 else {}) for at in range(1000)]))
    assert column(project, "b") == [(float(at), float(at)) for at in range(901, 1000)]


def test_int_and_float_mix_in_one_key(root: Path) -> None:
    assert column(_read(root, b'{"a": 1}\n{"a": 0.5}\n{"a": 2}\n'), "a") == [(0, 1.0), (1, 0.5), (2, 2.0)]


def test_object_and_number_mix_in_one_key(root: Path) -> None:
    project = _read(root, b'{"a": 1, "_step": 0}\n{"a": {"b": 5}, "_step": 1}\n{"a": 3, "_step": 2}\n')
    assert column(project, "a") == [(0, 1.0), (2, 3.0)]
    assert column(project, "a.b") == [(1, 5.0)]


def test_text_and_number_mix_in_one_key(root: Path) -> None:
    project = _read(root, b'{"a": 1}\n{"a": "high"}\n')
    assert column(project, "a") == [(0, 1.0)]
    assert project.runs[0].summary == {"a": "high"}


def test_a_key_only_in_a_later_file_is_read(root: Path) -> None:
    folder = write_run(root, history=[{"a": 1, "_step": 0}])
    append(folder, [{"b": 2, "_step": 1}], "history.2.jsonl")
    (project,) = read_store(root).projects
    assert column(project, "a") == [(0, 1.0)]
    assert column(project, "b") == [(1, 2.0)]


def test_a_key_only_in_a_later_run_is_read(root: Path) -> None:
    write_run(root, run_id="r1", history=[{"a": 1}])
    write_run(root, run_id="r2", history=[{"b": 2}])
    (project,) = read_store(root).projects
    assert column(project, "b", "r2") == [(0, 2.0)]


def test_a_learning_rate_in_hand_written_yaml_is_a_number_and_no_a_word(root: Path) -> None:
    write_run(root, config="lr: 1e-4\nflag: no\ncountry: NO\nname: 12:30\n")
    assert only_run(root).config == {"lr": 0.0001, "flag": "no", "country": "NO", "name": "12:30"}


def test_nul_bytes_are_reported_and_hide_no_row(root: Path) -> None:
    project = _read(root, b'{"a": 1}\n\0\0\0\0\n\0\0{"a": 2}\n{"a": 3}\n')
    assert [value for _, value in column(project, "a")] == [1.0, 2.0, 3.0]
    assert [problem.line for problem in project.runs[0].problems] == [2, 3]


def test_a_tail_of_nul_bytes_is_a_torn_line(root: Path) -> None:
    project = _read(root, b'{"a": 1}\n' + b"\0" * 4096)
    assert column(project, "a") == [(0, 1.0)]
    assert "a torn last line of 4096 bytes" in _problems(project)[0]


@pytest.mark.parametrize("history", [b"", b"\n\n\n", b"  \n\t\n", b"\r\n"])
def test_an_empty_history_is_a_run_without_rows(root: Path, history: bytes) -> None:
    project = _read(root, history)
    assert (project.runs[0].rows, project.history(), _problems(project)) == (0, [], [])


def test_blank_lines_are_passed_over_and_keep_their_place(root: Path) -> None:
    project = _read(root, b'\n{"a": 1}\n\n   \n{"a": 2}\n\n')
    assert column(project, "a") == [(1, 1.0), (4, 2.0)]
    assert _problems(project) == []


def test_a_row_of_ten_thousand_keys_is_read_whole(root: Path) -> None:
    row = {f"layer/{at}": float(at) for at in range(10_000)}
    write_run(root, run_id="plain", history=[{"loss": 1.0}] * 100)
    project = _read(root, lines([row, row | {"note": "x"}]))
    assert column(project, "layer/9999") == [(0, 9999.0), (1, 9999.0)]
    assert len(next(run for run in project.runs if run.id == "r1").summary) == 10_001
    assert len(column(project, "loss", "plain")) == 100


@pytest.mark.parametrize("key", ["__proto__", "constructor", "<script>x</script>", "a.b", "", " ", '"', "\u2028", "é"])
def test_any_key_is_a_metric(root: Path, key: str) -> None:
    project = _read(root, lines([{key: 1.0, "_step": 0}, {key: 2.0, "_step": 1}]))
    assert column(project, key) == [(0, 1.0), (1, 2.0)]
    assert project.runs[0].summary == {key: 2.0}


def test_a_key_named_step_is_the_axis_and_only_that(root: Path) -> None:
    project = _read(root, b'{"a": 1, "_step": 10}\n{"a": 2, "_step": 20.5}\n{"a": 3}\n{"a": 4, "_step": null}\n')
    assert column(project, "a") == [(2, 3.0), (3, 4.0), (10, 1.0), (20.5, 2.0)]
    assert project.runs[0].summary == {"a": 4}
    assert project.runs[0].last_step == 20.5


@pytest.mark.parametrize("step", [b'"x"', b"[1]", b'{"a": 1}'])
def test_a_step_that_is_no_number_is_reported_and_its_line_stands_for_it(root: Path, step: bytes) -> None:
    project = _read(root, b'{"b": 1, "_step": 5}\n{"b": 2, "_step": ' + step + b"}\n")
    assert column(project, "b") == [(1, 2.0), (5, 1.0)]
    assert [problem.line for problem in project.runs[0].problems] == [2]


@pytest.mark.parametrize("step", [b"NaN", b'"Infinity"', b"1e300", b"-1e17"])
def test_a_step_that_cannot_count_gives_way_to_its_line(root: Path, step: bytes) -> None:
    project = _read(root, b'{"b": 1, "_step": 5}\n{"b": 2, "_step": ' + step + b"}\n")
    assert column(project, "b") == [(1, 2.0), (5, 1.0)]


def test_a_byte_order_mark_hides_nothing(root: Path) -> None:
    write_run(root, config=b"\xef\xbb\xbflr: 1\n", files={"summary.json": b'\xef\xbb\xbf{"best": 3}'})
    project = _read(root, b'\xef\xbb\xbf{"a": 1}\n{"a": 2}\n')
    assert column(project, "a") == [(0, 1.0), (1, 2.0)]
    assert project.runs[0].config == {"lr": 1}
    assert project.runs[0].summary["best"] == 3
    assert _problems(project) == []


def test_bad_utf8_is_reported_and_hides_no_row(root: Path) -> None:
    project = _read(root, b'{"a": 1}\n{"a": 2, "city": "Z\xfcrich"}\n{"a": 3}\n')
    assert [value for _, value in column(project, "a")] == [1.0, 2.0, 3.0]
    assert "line 2: found bytes that are not UTF-8" in _problems(project)[0]


def test_glued_lines_are_reported_and_all_their_rows_count(root: Path) -> None:
    project = _read(root, b'{"a": 1, "_step": 0}{"a": 2, "_step": 1}\n{"a": 3, "_step": 2}\n')
    assert column(project, "a") == [(0, 1.0), (1, 2.0), (2, 3.0)]
    assert "line 1: found 2 rows on one line" in _problems(project)[0]


def test_crlf_ends_lines(root: Path) -> None:
    project = _read(root, b'{"a": 1}\r\n{"a": 2}\r\n')
    assert column(project, "a") == [(0, 1.0), (1, 2.0)]
    assert _problems(project) == []


def test_half_a_surrogate_pair_can_be_written_again(root: Path) -> None:
    write_run(root, files={"summary.json": rb'{"\udc00": "\ud800"}', "provenance.json": rb'{"user": "\ud800"}'})
    project = _read(root, rb'{"\ud800": 1, "text": "\udfff"}' + b"\n")
    (run,) = project.runs
    repr([run.summary, run.provenance]).encode()
    assert column(project, r"\ud800") == [(0, 1.0)]
    assert run.summary[r"\udc00"] == r"\ud800"


@pytest.mark.parametrize("depth", [101, 900, 100_000])
def test_deep_nesting_is_reported_with_file_and_line(root: Path, depth: int) -> None:
    deep = b'{"a":' * depth + b"1" + b"}" * depth
    config = b"a: " + b"[" * depth + b"]" * depth
    write_run(root, config=config, files={"summary.json": deep, "provenance.json": deep})
    project = _read(root, b'{"a": 1}\n' + deep + b'\n{"a": 2}\n')
    assert column(project, "a") == [(0, 1.0), (2, 2.0)]
    assert len(_problems(project)) == 4
    assert all("nesting deeper than 100 levels" in problem for problem in _problems(project))


def test_a_whole_number_of_four_hundred_digits_is_read(root: Path) -> None:
    project = _read(root, b'{"a": 1' + b"0" * 400 + b"}\n")
    assert column(project, "a") == [(0, math.inf)]
    assert project.runs[0].summary["a"] == 10**400


def test_a_broken_run_is_listed_with_file_and_line_and_hides_no_other(root: Path) -> None:
    write_run(root, run_id="good", history=curve(3))
    broken = {"summary.json": "{", "provenance.json": "[]"}
    write_run(root, run_id="bad", history=b"x\n", config="a: [\n", meta="- 1\n", state="{}x", files=broken)
    (project,) = read_store(root).projects
    assert len(column(project, "loss", "good")) == 3
    assert sorted((problem.path, problem.line) for run in project.runs for problem in run.problems) == [
        ("p/runs/bad/config.yaml", 1),
        ("p/runs/bad/history.jsonl", 1),
        ("p/runs/bad/provenance.json", 0),
        ("p/runs/bad/run.yaml", 1),
        ("p/runs/bad/state.json", 1),
        ("p/runs/bad/summary.json", 1),
    ]
    assert all("/tmp" not in problem and "\n" not in problem for problem in _problems(project))


def test_a_problem_never_names_this_machines_path(tmp_path: Path) -> None:
    root = tmp_path / "two  spaces"
    write_run(root, config="a: [\n", files={"summary.json": "{"})
    write_file(root / "p/project.yaml", "title: [a]\n")
    assert not [problem for problem in read_store(root).all_problems() if str(tmp_path) in problem.message]
    assert len(list(read_store(root).all_problems())) == 3


def test_names_that_are_not_unicode_are_listed_as_text(root: Path) -> None:
    write_run(root, history=curve(2), files={"history.\udcff.jsonl": b"x\n"})
    write_run(root, run_id="\udcfe", history=curve(1))
    write_run(root, project="\udcfd", history=curve(1))
    store = read_store(root)
    for problem in store.all_problems():
        str(problem).encode()
    assert len(list(store.all_problems())) == 3
    assert [[run.id for run in project.runs] for project in store.projects] == [["r1"]]


@pytest.mark.parametrize("name", ["a:b", "a.", "CON", "x" * 70, " a"])
def test_a_directory_that_can_be_no_run_is_listed_with_the_mend(root: Path, name: str) -> None:
    write_run(root, run_id=name, history=curve(1))
    write_run(root, run_id="good", history=curve(1))
    (project,) = read_store(root).projects
    assert [run.id for run in project.runs] == ["good"]
    assert [problem.path for problem in project.problems] == [f"p/runs/{name}"]
    assert project.problems[0].message.endswith("rename the directory")
    assert len(project.history()) == 1


def test_key_with_a_newline_in_it_keeps_its_values(root: Path) -> None:
    write_run(root, history=[{"a\nb": 1.5, "_step": 0}, {"a\nb": None, "c": [1], "_step": 1}])
    [frame] = [frame for frame in read_store(root).projects[0].history() if "=a\nb" in frame.columns]
    assert frame["=a\nb"].drop_nulls().to_list() == [1.5]
