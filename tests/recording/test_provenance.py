"""Where a run comes from: what provenance.json, changes.patch and requirements.txt say."""

import json
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
from runstore.recording import environment, redaction
from runstore.recording.repository import describe_git
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
        "untracked": 1,
        "root": str(tmp_path),
    }


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
    assert b"title" not in (only_run(tmp_path) / "changes.patch").read_bytes()


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
    monkeypatch.setattr("runstore.recording.repository.MOST_PATCH_BYTES", 100)
    found = describe_git(tmp_path, without=tmp_path / "experiments")
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


def test_what_was_installed_from_elsewhere_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, origin in {
        "a-1": {"url": "https://me:pass@example.org/a.git", "vcs_info": {"vcs": "git", "commit_id": "abc123"}},
        "b-2": {"url": "file:///src/b", "dir_info": {"editable": True}},
        "c-3": {"url": "file:///src/c", "dir_info": {}},
        "d-4": {"url": "https://me@example.org/d-4.whl", "archive_info": {}},
        "e-5": {"broken": 1},
    }.items():
        folder = tmp_path / f"{name}.dist-info"
        folder.mkdir()
        (folder / "direct_url.json").write_text(json.dumps(origin))
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert environment.requirements() == [
        "-e /src/b  # b==2",
        "a @ git+https://example.org/a.git@abc123",
        "c @ file:///src/c",
        "d @ https://example.org/d-4.whl",
        "e==5",
    ]


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


def changes_of(folder: Path, **options: Any) -> tuple[dict[str, Any], bytes]:
    found = describe_git(folder, without=folder / "experiments", **options)
    assert found is not None
    return found


def clone_and_apply(repo: git.Repo, folder: Path, patch: bytes) -> Path:
    """A clone of the committed state, with the patch applied by git itself."""
    other = folder.parent / f"{folder.name}-clone"
    repo.clone(str(other))
    (folder.parent / "the.patch").write_bytes(patch)
    subprocess.run(["git", "apply", "--whitespace=nowarn", str(folder.parent / "the.patch")], cwd=other, check=True)
    return other


def test_staged_unstaged_and_untracked_changes_all_apply(tmp_path: Path) -> None:
    folder = tmp_path / "code"
    repo = repository(folder)
    (folder / "code.py").write_text("x = 2\n")
    repo.index.add(["code.py"])
    (folder / "code.py").write_text("x = 3\n")
    new = {
        "new.py": b"print(1)\n",
        "without newline.txt": b"a\nb",
        "empty.txt": b"",
        'sub/caf\u00e9 "quoted"\ttab.py': b"y = 1\r\n",
        "blank.txt": b"\n\n",
    }
    for name, data in new.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(data)
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "run.sh").chmod(0o755)
    facts, patch = changes_of(folder)
    assert (facts["dirty"], facts["untracked"]) == (True, 6)
    other = clone_and_apply(repo, folder, patch)
    assert (other / "code.py").read_text() == "x = 3\n"
    assert {name: (other / name).read_bytes() for name in new} == new
    assert os.access(other / "run.sh", os.X_OK)


def test_a_users_own_settings_of_git_do_not_spoil_the_patch(tmp_path: Path) -> None:
    folder = tmp_path / "code"
    repo = repository(folder)
    with repo.config_writer() as config:
        config.set_value("diff", "noprefix", "true")
        config.set_value("diff", "external", "false")
        config.set_value("color", "ui", "always")
    (folder / "code.py").write_text("x = 2\n")
    _, patch = changes_of(folder)
    assert (clone_and_apply(repo, folder, patch) / "code.py").read_text() == "x = 2\n"


def test_data_secrets_and_what_git_ignores_stay_out_of_the_patch(tmp_path: Path) -> None:
    repo = repository(tmp_path)
    (tmp_path / ".gitignore").write_text("ignored.py\n")
    for name in ("ignored.py", ".env", "id_rsa", "aws_credentials.json", "server.key"):
        (tmp_path / name).write_text("hidden\n")
    (tmp_path / "data.bin").write_bytes(b"\0" * 100)
    (tmp_path / "large.csv").write_text("1,2\n" * 50_000)
    (tmp_path / "link.py").symlink_to("/etc/hostname")
    (tmp_path / "login.py").write_text("url = 'https://me:hunter2@example.org'\nkey = 'ghp_" + "a" * 36 + "'\n")
    _, patch = changes_of(tmp_path)
    assert b"hidden" not in patch
    assert b"hunter2" not in patch
    assert b"ghp_" not in patch
    for name in (b"data.bin", b"large.csv", b"link.py"):
        assert name not in patch
    assert b"+url = 'https://***@example.org'" in patch
    other = clone_and_apply(repo, tmp_path, patch)
    assert (other / "login.py").exists()


def test_submodules_are_named_with_their_commits(tmp_path: Path) -> None:
    inner, folder = tmp_path / "inner", tmp_path / "code"
    commit = repository(inner).head.commit.hexsha
    repo = repository(folder)
    repo.git.execute(["git", "-c", "protocol.file.allow=always", "submodule", "add", str(inner), "lib"])
    repo.index.commit("with a submodule")
    (folder / "lib" / "code.py").write_text("changed inside\n")
    facts, patch = changes_of(folder)
    assert facts["submodules"] == {"lib": commit}
    assert patch == b""


def test_settings_say_which_remote_and_what_else(tmp_path: Path) -> None:
    repo = repository(tmp_path)
    repo.create_remote("origin", "https://example.org/mine.git")
    repo.create_remote("upstream", "git@example.org:team/theirs.git")
    facts = facts_of(tmp_path, SCRIPT, WANDB_GIT_REMOTE="upstream")
    assert facts["git"]["remote"] == "git@example.org:team/theirs.git"


def test_commit_and_address_can_be_told_where_there_is_no_repository(tmp_path: Path) -> None:
    told = {"WANDB_GIT_COMMIT": "0" * 40, "WANDB_GIT_REMOTE_URL": "https://me:pass@example.org/code.git"}
    assert facts_of(tmp_path, SCRIPT, **told)["git"] == {"commit": "0" * 40, "remote": "https://example.org/code.git"}


def test_code_can_be_left_out(tmp_path: Path) -> None:
    repo = repository(tmp_path)
    (tmp_path / "code.py").write_text("x = 2\n")
    facts = facts_of(tmp_path, SCRIPT, WANDB_DISABLE_CODE="true")
    assert (facts["git"]["commit"], facts["git"]["dirty"]) == (repo.head.commit.hexsha, True)
    assert not (only_run(tmp_path) / "changes.patch").exists()


def test_passwords_on_the_command_line_are_left_out(tmp_path: Path) -> None:
    facts = facts_of(
        tmp_path, SCRIPT, "--api-key=abc", "--db-password", "hunter2", "--max-tokens", "512", "s3://k:v@host/x"
    )
    assert facts["command"][2:] == ["--api-key=***", "--db-password", "***", "--max-tokens", "512", "s3://***@host/x"]


def test_the_environment_is_told_by_hints_and_never_dumped(tmp_path: Path) -> None:
    (tmp_path / "uv.lock").write_text("version = 1\n")
    source = {
        "SLURM_JOB_ID": "42",
        "SLURM_PROCID": "3",
        "WANDB_DOCKER": "team/image:1",
        "AWS_SECRET_ACCESS_KEY": "hidden",
        "PBS_JOBID": "7.host",
    }
    found = environment.describe_environment(tmp_path, source)
    assert found["slurm"] == {"job_id": "42", "procid": "3"}
    assert found["batch"] == {"pbs": "7.host"}
    assert found["container"]["image"] == "team/image:1"
    assert list(found["environment"]["locks"]) == [str(tmp_path / "uv.lock")]
    assert "hidden" not in json.dumps(found)


@pytest.mark.parametrize(
    ("name", "secret"),
    [(".env", True), ("a/.env.local", True), ("environment.py", False), ("keyboard.py", False), ("x/cert.pem", True)],
)
def test_names_of_secret_files(name: str, secret: bool) -> None:
    assert redaction.is_secret_file(name) is secret


def test_a_later_attempt_keeps_its_own_changes_beside_the_firsts(tmp_path: Path) -> None:
    repository(tmp_path)
    source = "import runstore\nrunstore.init(project='p', id='a', resume='allow')\n"
    for text in ("x = 2\n", "x = 2\n", "x = 3\n"):
        (tmp_path / "code.py").write_text(text)
        done = run_script(tmp_path, source)
        assert done.returncode == 0, done.stderr
    run = only_run(tmp_path)
    assert b"+x = 2" in (run / "changes.patch").read_bytes()
    assert not (run / "changes.2.patch").exists()
    assert b"+x = 3" in (run / "changes.3.patch").read_bytes()
    assert not list(run.glob("requirements.*.txt"))
