"""Where a run comes from: what provenance.json, changes.patch and requirements.txt say."""

import os
import platform
import socket
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import git
import pytest

from runstore.format.records import load_run
from runstore.recording import provenance
from tests.processes import load, only_run, run_script

SCRIPT = "import runstore\nrun = runstore.init(project='p')\n"
LATE = """
import os, pathlib, time
import runstore
run = runstore.init(project="p")
facts = pathlib.Path(run.dir).parent / "provenance.json"
while "memory_gb" not in facts.read_text():
    time.sleep(0.01)
os._exit(0)
"""


@pytest.fixture(autouse=True)
def _no_settings_of_git(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))


def repository(folder: Path) -> git.Repo:
    """A repository with one committed file."""
    repo = git.Repo.init(folder, initial_branch="main")
    with repo.config_writer() as config:
        config.set_value("user", "name", "A")
        config.set_value("user", "email", "a@example.org")
    (folder / "code.py").write_text("x = 1\n")
    repo.index.add(["code.py"])
    repo.index.commit("first")
    return repo


def facts_of(folder: Path, source: str = SCRIPT, *arguments: str, **env: str) -> dict[str, Any]:
    done = run_script(folder, source, *arguments, env=env)
    assert done.returncode == 0, done.stderr
    found = load(only_run(folder) / "provenance.json")
    assert isinstance(found, dict)
    return found


def test_provenance_says_what_ran_where(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, SCRIPT, "--lr", "1e-4", "a b")
    assert facts["host"] == socket.gethostname()
    assert facts["python"] == platform.python_version()
    assert facts["os"] == platform.platform()
    assert facts["executable"] == sys.executable
    assert facts["command"][1:] == [str(tmp_path / "train.py"), "--lr", "1e-4", "a b"]
    assert facts["program"] == str(tmp_path / "train.py")
    assert facts["cwd"] == str(tmp_path)
    assert facts["user"]
    assert facts["cpu_count_logical"] == os.cpu_count()
    assert 1 <= facts["cpu_count"] <= facts["cpu_count_logical"]
    assert 0.1 < facts["memory_gb"] < 100_000
    assert facts["started"] == load_run(only_run(tmp_path) / "run.yaml").created
    assert "git" not in facts
    assert "missing" not in facts


def test_arguments_that_are_no_text_are_kept_escaped(tmp_path: Path) -> None:
    assert facts_of(tmp_path, SCRIPT, "caf\udce9")["command"][-1] == "caf\\udce9"


def test_a_module_run_with_m_is_named_so(tmp_path: Path) -> None:
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "training.py").write_text(SCRIPT)
    facts = facts_of(
        tmp_path, "import runpy\nrunpy.run_module('package.training', run_name='__main__', alter_sys=True)\n"
    )
    assert facts["program"] == "-m package.training"


def test_a_clean_repository_has_commit_branch_and_remote_and_no_patch(tmp_path: Path) -> None:
    repo = repository(tmp_path)
    repo.create_remote("origin", "https://user:secret@example.org/team/code.git")
    facts = facts_of(tmp_path)
    assert facts["git"] == {
        "commit": repo.head.commit.hexsha,
        "branch": "main",
        "remote": "https://example.org/team/code.git",
        "dirty": False,
        "root": str(tmp_path),
    }
    assert not (only_run(tmp_path) / "changes.patch").exists()


def test_uncommitted_changes_are_kept_as_a_patch_that_applies(tmp_path: Path) -> None:
    repo = repository(tmp_path)
    text = "x = 2  # é\r\nlast line without a newline"
    (tmp_path / "code.py").write_bytes(text.encode())
    (tmp_path / "new.bin").write_bytes(bytes(range(256)))
    repo.index.add(["new.bin"])
    facts = facts_of(tmp_path)
    assert facts["git"]["dirty"] is True
    patch = only_run(tmp_path) / "changes.patch"
    other = tmp_path.parent / f"{tmp_path.name}-clone"
    repo.clone(str(other))
    subprocess.run(["git", "apply", str(patch)], cwd=other, check=True)
    assert (other / "code.py").read_bytes() == text.encode()
    assert (other / "new.bin").read_bytes() == bytes(range(256))


def test_the_stores_own_changes_do_not_count(tmp_path: Path) -> None:
    repo = repository(tmp_path)
    kept = tmp_path / "experiments" / "p" / "project.yaml"
    kept.parent.mkdir(parents=True)
    kept.write_text("title: a\n")
    repo.git.add("experiments")
    repo.index.commit("the store")
    kept.write_text("title: b\n")
    assert facts_of(tmp_path)["git"]["dirty"] is False
    assert not (only_run(tmp_path) / "changes.patch").exists()


def test_a_repository_without_a_commit_and_a_detached_head_are_no_trouble(tmp_path: Path) -> None:
    fresh, detached = tmp_path / "fresh", tmp_path / "detached"
    fresh.mkdir()
    git.Repo.init(fresh, initial_branch="main")
    assert facts_of(fresh)["git"]["commit"] == ""
    detached.mkdir()
    repo = repository(detached)
    repo.git.checkout("--detach")
    found = facts_of(detached)["git"]
    assert (found["commit"], found["branch"]) == (repo.head.commit.hexsha, "")


def test_a_repository_that_git_cannot_compare_still_has_its_commit(tmp_path: Path) -> None:
    repo = repository(tmp_path)
    (tmp_path / ".git" / "index").write_bytes(b"no index")
    facts = facts_of(tmp_path)
    assert facts["git"]["commit"] == repo.head.commit.hexsha
    assert facts["git"]["patch_left_out"]
    assert "dirty" not in facts["git"]
    assert load(only_run(tmp_path) / "state.json")["state"] == "finished"


def test_what_cannot_be_found_out_is_named_and_stops_nothing(tmp_path: Path) -> None:
    repository(tmp_path)
    (tmp_path / "git.py").write_text("raise RuntimeError('not the module\\nyou want')\n")
    facts = facts_of(tmp_path)
    assert facts["missing"] == {"git": "not the module you want"}
    assert facts["cpu_count"]


def test_changes_that_are_too_large_are_data_and_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository(tmp_path)
    (tmp_path / "code.py").write_text("x = 2\n")
    monkeypatch.setattr(provenance, "MOST_PATCH_BYTES", 100)
    found = provenance.describe_git(tmp_path, without=tmp_path / "experiments")
    assert found is not None
    facts, patch = found
    assert (facts["dirty"], patch) == (True, b"")
    assert "at most 100 are kept" in facts["patch_left_out"]


def test_git_can_be_left_out(tmp_path: Path) -> None:
    repository(tmp_path)
    assert "git" not in facts_of(tmp_path, SCRIPT, RUNSTORE_DISABLE_GIT="true")


def test_requirements_list_what_is_installed(tmp_path: Path) -> None:
    facts_of(tmp_path)
    lines = (only_run(tmp_path) / "requirements.txt").read_text().splitlines()
    assert f"orjson=={version('orjson')}" in lines
    assert lines == sorted(lines, key=str.lower)
    assert len({line.partition("==")[0] for line in lines}) == len(lines)


def test_a_run_that_dies_at_once_has_what_costs_nothing_and_a_later_one_has_all(tmp_path: Path) -> None:
    early, late = tmp_path / "early", tmp_path / "late"
    for folder in (early, late):
        folder.mkdir()
    repository(late)
    assert facts_of(early, SCRIPT + "import os\nos._exit(0)\n")["command"]
    facts = facts_of(late, LATE)
    assert facts["git"]["commit"]
    assert facts["cpu_count"]
    assert (only_run(late) / "requirements.txt").is_file()
