"""Console logs as pages load them: every line, with its number, time, stream and colours."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstore.reading.store import read_store
from sitegen.pages import logs
from sitegen.pages.ansi import Pen
from tests.sitegen.plans import plan
from tests.stores import START, write_file, write_run


def payload(content: bytes) -> Any:
    found = re.fullmatch(rb"runstore\.put\((.*)\);\n", content, re.DOTALL)
    assert found
    return json.loads(b"[" + found[1] + b"]")[1]


def read(root: Path) -> tuple[list[dict[str, Any]], list[list[tuple[int, Any]]]]:
    """The list of a run's logs, and the lines of each with their numbers."""
    (project,) = read_store(root).projects
    files = dict(logs.log_data(project.runs[0]))
    heads = payload(files["log.js"])
    found = []
    for head in heads:
        lines: list[tuple[int, Any]] = []
        for name, url, first, count in head["shards"]:
            part = payload(files[url.partition("?")[0]])
            assert (part["first"], len(part["lines"])) == (first, count)
            assert name.startswith("log ")
            lines += list(enumerate(part["lines"], first))
        found.append(lines)
    return heads, found


def test_a_log_is_read_line_by_line(root: Path) -> None:
    write_run(root, files={"output.log": "one\ntwo\n\nlast"})
    (head,), (lines,) = read(root)
    assert lines == [(1, "one"), (2, "two"), (3, ""), (4, "last")]
    assert (head["hidden"], head["timed"]) == (0, False)


def test_every_line_of_a_long_log_is_in_a_file_of_some_256_kb(root: Path) -> None:
    write_run(root, files={"output.log": "".join(f"line {at} {'x' * 40}\n" for at in range(1, 50_001))})
    site = plan(root)
    shards = {path: data for path, data in site.files.items() if "/log/" in path and isinstance(data, bytes)}
    assert 8 < len(shards) < 20
    assert max(map(len, shards.values())) < 400_000
    _, (lines,) = read(root)
    assert [number for number, _ in lines] == list(range(1, 50_001))
    assert all(text.startswith(f"line {number} ") for number, text in lines)


def test_of_a_log_past_what_is_kept_the_end_is_shown_with_its_own_numbers(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(root, files={"output.log": "".join(f"line {at}\n" for at in range(1, 1001))})
    monkeypatch.setattr(logs, "MAX_LINES", 10)
    (head,), (lines,) = read(root)
    assert (head["hidden"], lines[0], lines[-1]) == (990, (991, "line 991"), (1000, "line 1000"))
    monkeypatch.setattr(logs, "MAX_BYTES", 50)
    (head,), (lines,) = read(root)
    assert lines == [(number, f"line {number}") for number in range(head["hidden"] + 1, 1001)]


def test_lines_say_when_they_came_and_from_where_in_every_shard(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_SHARD", 20)
    marks = [
        {"line": 0, "_timestamp": START, "source": "stdout"},
        {"line": 3, "_timestamp": START + 1, "source": "stderr"},
    ]
    write_run(root, files={"output.log": "a\nb\nc\nd\ne\nf\ng\n", "lines.jsonl": marks})
    (project,) = read_store(root).projects
    files = dict(logs.log_data(project.runs[0]))
    found = []
    for path, content in files.items():
        if path == "log.js":
            continue
        part = payload(content)
        for at in range(len(part["lines"])):
            _, time, source = next(mark for mark in reversed(part["marks"]) if mark[0] <= at)
            found.append((time - START, source))
    assert found == [(0, 1)] * 3 + [(1, 2)] * 4
    assert payload(files["log.js"])[0]["timed"]


def test_the_parts_of_a_log_follow_each_other_with_the_right_numbers(root: Path) -> None:
    entries = [{"line": 0, "_timestamp": START, "source": "stdout"}, {"line": 500, "_timestamp": START, "part": 4}]
    write_run(root, files={"output.log": "a\n", "output-3.log": "b\n", "output-4.log": "c\n", "lines.jsonl": entries})
    _, (lines,) = read(root)
    assert lines == [(1, "a"), (2, "b"), (501, "c")]
    (head,) = plan(root).pages["p/runs/r1/index.html"].logs
    assert [link.href for link in head.files] == ["output.log.txt", "output-3.log.txt", "output-4.log.txt"]


def test_each_writer_has_a_log(root: Path) -> None:
    write_run(
        root, files={"output.log": "first\n", "output.2.log": "second\n", "provenance.2.json": {"starting_step": 3}}
    )
    heads, lines = read(root)
    assert [head["title"] for head in heads] == ["Attempt 1", "Attempt 2"]
    assert lines == [[(1, "first")], [(1, "second")]]


def test_no_log_and_an_empty_one_have_no_data(root: Path) -> None:
    write_run(root, files={"output.log": ""})
    page = plan(root).pages["p/runs/r1/index.html"]
    assert (page.logs, page.log) == ((), None)
    (project,) = read_store(root).projects
    assert list(logs.log_data(project.runs[0])) == []


def test_one_endless_line_is_cut_and_of_a_progress_bar_the_end_is_kept() -> None:
    text = logs.shown_line(Pen(), b"x" * 2_000_000)
    assert isinstance(text, str)
    assert len(text) < 6000
    assert text.endswith("more characters)")
    assert logs.shown_line(Pen(), b"\r".join(b"%d%%" % at for at in range(100_000))) == "99999%"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"\x1b[31mred\x1b[0m", ["red", "ink-1"]),
        (b"\x1b]0;title\x07text", "text"),
        (b"10%\r50%\r100%", "100%"),
        (b"10%\r100%\r", "100%"),
        (b"text\r", "text"),
        (b"\x1b[2K\rdone", "done"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"<script>alert(1)</script>", "<script>alert(1)</script>"),
        (b"\r", ""),
    ],
)
def test_a_line_is_what_a_terminal_shows_in_the_end(raw: bytes, shown: Any) -> None:
    assert logs.shown_line(Pen(), raw) == shown


@given(st.binary(max_size=300))
def test_any_bytes_are_lines(tmp_path: Path, data: bytes) -> None:
    path = write_file(tmp_path / "log", data)
    piece = logs._end_of(path, 0, 1 << 20, 1000)
    assert (piece is None) == (not data)
    if piece:
        assert len(piece.lines) == data.count(b"\n") + (not data.endswith(b"\n"))
        json.dumps([logs.shown_line(Pen(), line) for line in piece.lines])
