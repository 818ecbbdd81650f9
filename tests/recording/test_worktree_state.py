"""Runs that follow one another in a process ask git only whether anything changed: they find what a first run finds."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import git
import pytest

from runstore.recording import repository
from runstore.recording.repository import describe_git
from tests.recording.test_provenance import repository as make_repository

CHANGES: dict[str, Callable[[Path, git.Repo], Any]] = {
    "a file": lambda folder, repo: (folder / "code.py").write_text("x = 2\n"),
    "as many bytes": lambda folder, repo: (folder / "code.py").write_text("x = 3\n"),
    "staged": lambda folder, repo: repo.index.add(["code.py"]),
    "changed again": lambda folder, repo: (folder / "code.py").write_text("x = 4\n"),
    "a new file": lambda folder, repo: (folder / "new.py").write_text("y = 1\n"),
    "the new file": lambda folder, repo: (folder / "new.py").write_text("y = 2\n"),
    "its mode": lambda folder, repo: (folder / "new.py").chmod(0o755),
    "ignored": lambda folder, repo: (folder / ".git" / "info" / "exclude").write_text("new.py\n"),
    "another branch": lambda folder, repo: repo.git.checkout("-b", "other"),
    "a commit": lambda folder, repo: repo.git.commit("-am", "second"),
    "deleted": lambda folder, repo: (folder / "code.py").unlink(),
    "a directory": lambda folder, repo: (folder / "code.py").mkdir(),
    "as it was": lambda folder, repo: repo.git.checkout("-f", "HEAD", "--", "."),
    "in the store": lambda folder, repo: (folder / "experiments").mkdir(),
}


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setattr(repository, "_latest", None)


def described(folder: Path) -> Any:
    return describe_git(folder, without=folder / "experiments")


def test_whatever_changes_is_found_as_by_a_first_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repository, "_JUST_NOW_SECONDS", 0.0)
    repo = make_repository(tmp_path)
    for name, change in CHANGES.items():
        time.sleep(0.02)  # The clock of files is coarse: this is what _JUST_NOW_SECONDS is for.
        change(tmp_path, repo)
        again, known = described(tmp_path), described(tmp_path)
        monkeypatch.setattr(repository, "_latest", None)
        first = described(tmp_path)
        assert (again, known) == (first, first), name


def test_what_did_not_change_is_asked_for_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_repository(tmp_path)
    (tmp_path / "code.py").write_text("x = 2\n")
    asked: list[str] = []
    ask = repository._git

    def counted(repo: git.Repo, command: str, *arguments: str) -> bytes:
        asked.append(command)
        return ask(repo, command, *arguments)

    monkeypatch.setattr(repository, "_git", counted)
    monkeypatch.setattr(repository, "_JUST_NOW_SECONDS", 0.0)
    found = [described(tmp_path) for _ in range(4)]
    assert all(each == found[0] for each in found)
    assert asked == ["diff", "ls-files", "status", "diff", "ls-files", "status", "status", "status"]


def test_a_file_that_changed_just_now_is_not_trusted(tmp_path: Path) -> None:
    make_repository(tmp_path)
    for line in ("x = 2\n", "x = 3\n", "x = 4\n", "x = 5\n"):
        (tmp_path / "code.py").write_text(line)
        assert f"+{line}".encode() in described(tmp_path)[1]
