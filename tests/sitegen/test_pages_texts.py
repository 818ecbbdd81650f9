"""Console logs and patches: a readable part of any bytes, with the right line numbers."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitegen.pages.texts import MAX_LOG_LINES, MAX_PATCH_LINES, log_view, patch_view
from tests.stores import write_file


def _lines(path: Path) -> list[str]:
    view = log_view(path, "x")
    assert view
    return [line.text for line in view.lines]


def test_a_log_is_shown_line_by_line(tmp_path: Path) -> None:
    view = log_view(write_file(tmp_path / "log", "one\ntwo\n\nlast"), "output.log.txt")
    assert view
    assert [(line.number, line.text) for line in view.lines] == [(1, "one"), (2, "two"), (3, ""), (4, "last")]
    assert (view.hidden, view.href) == (0, "output.log.txt")


def test_no_log_and_an_empty_one_are_none(tmp_path: Path) -> None:
    assert log_view(tmp_path / "nowhere", "x") is None
    assert log_view(write_file(tmp_path / "log", ""), "x") is None
    assert patch_view(tmp_path / "nowhere", "x") is None
    assert patch_view(write_file(tmp_path / "patch", ""), "x") is None


def test_of_a_long_log_the_end_is_shown_with_its_own_line_numbers(tmp_path: Path) -> None:
    view = log_view(write_file(tmp_path / "log", "".join(f"line {at}\n" for at in range(1, 5001))), "x")
    assert view
    assert view.hidden == 5000 - MAX_LOG_LINES
    assert (view.lines[0].number, view.lines[0].text) == (4001, "line 4001")
    assert (view.lines[-1].number, view.lines[-1].text) == (5000, "line 5000")


def test_of_a_log_with_long_lines_the_numbers_still_hold(tmp_path: Path) -> None:
    view = log_view(write_file(tmp_path / "log", "".join(f"{at} {'x' * 9999}\n" for at in range(1, 301))), "x")
    assert view
    assert all(line.text.startswith(f"{line.number} ") for line in view.lines)
    assert view.lines[-1].number == 300
    assert view.hidden + len(view.lines) == 300


def test_one_endless_line_is_cut(tmp_path: Path) -> None:
    (text,) = _lines(write_file(tmp_path / "log", "x" * 2_000_000))
    assert len(text) < 6000
    assert text.endswith("more characters)")


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"\x1b[31mred\x1b[0m", "red"),
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
def test_a_line_is_what_a_terminal_shows_in_the_end(tmp_path: Path, raw: bytes, shown: str) -> None:
    assert _lines(write_file(tmp_path / "log", raw + b"\n")) == [shown]


@given(st.binary(max_size=300))
def test_any_bytes_are_a_log_and_a_patch(tmp_path: Path, data: bytes) -> None:
    path = write_file(tmp_path / "log", data)
    log, patch = log_view(path, "x"), patch_view(path, "x")
    assert (log is None) == (patch is None) == (not data)
    for view in (log, patch):
        assert view is None or len(view.lines) == data.count(b"\n") + (not data.endswith(b"\n"))
    repr((log, patch)).encode()


def test_a_patch_says_what_each_line_does(tmp_path: Path) -> None:
    text = "diff --git a/x b/x\nindex 1..2 100644\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n+new\n same\n"
    view = patch_view(write_file(tmp_path / "patch", text), "x")
    assert view
    assert [line.kind for line in view.lines] == ["file", "file", "file", "file", "hunk", "del", "add", "same"]


def test_of_a_long_patch_the_beginning_is_shown(tmp_path: Path) -> None:
    view = patch_view(write_file(tmp_path / "patch", "+x\n" * (MAX_PATCH_LINES + 5)), "x")
    assert view
    assert (len(view.lines), view.hidden) == (MAX_PATCH_LINES, 5)


def test_a_log_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    os.mkdir(tmp_path / "log")
    assert log_view(tmp_path / "log", "x") is None
    assert patch_view(tmp_path / "log", "x") is None
