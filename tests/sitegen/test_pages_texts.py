"""Patches: file by file, of any bytes, with the right line numbers."""

import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from sitegen.pages.texts import MAX_PATCH_LINES, patch_view
from tests.stores import write_file

PATCH = (
    "diff --git a/x b/x\nindex 1..2 100644\n--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n-old\n+new\n same\n"
    "diff --git a/gone.py b/gone.py\ndeleted file mode 100644\n--- a/gone.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-x = 1\n"
)


def test_no_patch_and_an_empty_one_are_none(tmp_path: Path) -> None:
    assert patch_view(tmp_path / "nowhere", "x") is None
    assert patch_view(write_file(tmp_path / "patch", ""), "x") is None
    os.mkdir(tmp_path / "folder")
    assert patch_view(tmp_path / "folder", "x") is None


@given(st.binary(max_size=300))
def test_any_bytes_are_a_patch(tmp_path: Path, data: bytes) -> None:
    view = patch_view(write_file(tmp_path / "patch", data), "x")
    assert (view is None) == (not data)
    assert view is None or len(view.lines) == data.count(b"\n") + (not data.endswith(b"\n"))
    repr(view).encode()


def test_a_patch_says_what_each_line_does_and_where_it_stands(tmp_path: Path) -> None:
    view = patch_view(write_file(tmp_path / "patch", PATCH), "x")
    assert view
    first, second = view.files
    assert [line.kind for line in first.lines] == ["file", "file", "file", "file", "hunk", "del", "add", "same"]
    assert [(line.old, line.new) for line in first.lines[5:]] == [("1", ""), ("", "1"), ("2", "2")]
    assert [(file.path, file.status, file.added, file.removed) for file in view.files] == [
        ("x", "", 1, 1),
        ("gone.py", "deleted", 0, 1),
    ]
    assert (view.added, view.removed, len(second.lines)) == (1, 2, 6)


def test_a_line_that_looks_like_a_head_inside_a_hunk_is_none(tmp_path: Path) -> None:
    text = "diff --git a/q.sql b/q.sql\n--- a/q.sql\n+++ b/q.sql\n@@ -1,2 +1,2 @@\n--- comment\n+++ other\n same\n"
    view = patch_view(write_file(tmp_path / "patch", text), "x")
    assert view
    assert [line.kind for line in view.lines[4:]] == ["del", "add", "same"]


def test_of_a_long_patch_the_beginning_is_shown_and_all_is_counted(tmp_path: Path) -> None:
    view = patch_view(write_file(tmp_path / "patch", "+x\n" * (MAX_PATCH_LINES + 5)), "x")
    assert view
    assert (len(view.lines), view.hidden, view.added) == (MAX_PATCH_LINES, 5, MAX_PATCH_LINES + 5)
