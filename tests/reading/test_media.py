"""Media that a run names are checked word for word, and only when somebody asks."""

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from runstore.reading.media import verify_store
from runstore.reading.store import read_store
from tests.stores import append, write_file, write_run

DATA = b'{"columns":["a"],"data":[[1]]}'
PATH = "media/table/t_0_x.table.json"


def _stub(data: bytes = DATA, **changed: Any) -> dict[str, Any]:
    return {
        "_type": "table-file",
        "path": PATH,
        "sha256": hashlib.sha256(data).hexdigest(),
        "size": len(data),
        **changed,
    }


def _problems(root: Path) -> list[str]:
    return [str(problem) for problem in verify_store(read_store(root))]


@pytest.fixture
def run(root: Path) -> Path:
    """A run that logged a table in its second row."""
    return write_run(root, history=[{"a": 1, "_step": 0}, {"t": _stub(), "_step": 1}], files={PATH: DATA})


def test_media_as_they_were_logged_are_no_problem(root: Path, run: Path) -> None:
    assert _problems(root) == []


def test_a_missing_file_is_listed_with_the_row_that_names_it(root: Path, run: Path) -> None:
    (run / PATH).unlink()
    [problem] = _problems(root)
    assert problem == (
        f"p/runs/r1/history.jsonl, line 2: 't' names '{PATH}': found no such file, "
        "expected a file of 30 bytes; restore it from a copy of the store"
    )
    assert list(read_store(root).all_problems()) == []


def test_a_file_of_another_size_is_listed(root: Path, run: Path) -> None:
    (run / PATH).write_bytes(DATA[:-1])
    assert "found 29 bytes, expected 30" in _problems(root)[0]


def test_a_file_of_the_same_size_with_other_bytes_is_listed(root: Path, run: Path) -> None:
    (run / PATH).write_bytes(DATA.replace(b"1", b"2"))
    assert "found other bytes (sha256 " in _problems(root)[0]


def test_a_file_that_only_a_summary_names_is_checked(root: Path) -> None:
    write_run(root, history=[{"a": 1, "_step": 0}], files={"summary.json": {"best": {"t": _stub()}, "_step": 0}})
    [problem] = _problems(root)
    assert problem.startswith(f"p/runs/r1/summary.json: 'best.t' names '{PATH}': found no such file")


def test_a_file_that_many_rows_name_is_one_problem(root: Path, run: Path) -> None:
    append(run, [{"t": _stub(), "_step": step} for step in range(2, 9)])
    append(run, [{"t": _stub(), "_step": 9}], "history.2.jsonl")
    write_file(run / "summary.json", {"t": _stub(), "_step": 9})
    (run / PATH).unlink()
    assert len(_problems(root)) == 1


def test_earlier_rows_are_checked_too(root: Path, run: Path) -> None:
    append(run, [{"t": _stub(b"new", path="media/new.json", _type="image-file"), "_step": 2}])
    write_file(run / "media/new.json", b"new")
    (run / PATH).unlink()
    assert len(_problems(root)) == 1


@pytest.mark.parametrize("path", ["../../../../secret", "/etc/passwd", "", "media/../../x", "media/a\0b"])
def test_a_path_that_leads_out_of_the_run_is_listed_and_not_opened(root: Path, path: str) -> None:
    write_run(root, history=[{"t": _stub(path=path), "_step": 0}])
    assert "expected one below it" in _problems(root)[0]


def test_links_to_media_are_not_followed(root: Path, run: Path, tmp_path: Path) -> None:
    elsewhere = write_file(tmp_path / "elsewhere/t.json", DATA)
    (run / PATH).unlink()
    (run / PATH).symlink_to(elsewhere)
    assert "found a link, which is not followed, expected a file" in _problems(root)[0]
    (run / PATH).unlink()
    (run / "media/table").rmdir()
    (run / "media/table").symlink_to(elsewhere.parent)
    assert "found a link, which is not followed, expected a directory" in _problems(root)[0]


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_listed_and_nobody_waits_for_it(root: Path, run: Path, make: Any) -> None:
    (run / PATH).unlink()
    make(run / PATH)
    assert len(_problems(root)) == 1


@pytest.mark.parametrize(
    "stub", [{"path": None}, {"path": 7}, {"sha256": None, "size": None}, {"size": True}, {"size": "30"}]
)
def test_a_stub_says_what_it_says_and_no_more(root: Path, run: Path, stub: dict[str, Any]) -> None:
    append(run, [{"odd": _stub() | stub, "_step": 2}, {"plain": {"path": "nowhere", "size": 1}, "_step": 3}])
    assert _problems(root) == []


def test_broken_lines_hide_no_media(root: Path, run: Path) -> None:
    append(run, b'{"path": \n\xff"path"\n')
    append(run, [{"t": _stub(path="media/gone"), "_step": 4}])
    assert [problem.split(":")[0] for problem in _problems(root)] == [
        f"p/runs/r1/history.jsonl, line {line}" for line in (3, 4, 5)
    ]


def test_a_long_name_is_cut_short(root: Path) -> None:
    write_run(root, history=[{"k" * 500: _stub(), "_step": 0}])
    assert len(_problems(root)[0]) < 300
