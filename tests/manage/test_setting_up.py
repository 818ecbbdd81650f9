"""`runstore init` sets a repository up, leaves a user's lines alone, and its hook stops a commit of a broken run."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from runstore.cli.main import main
from runstore.format import yaml12
from tests.stores import curve, write_run


def git(folder: Path, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    names = {f"GIT_{who}_{what}": "a@b.c" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environment = {**os.environ, **names, "GIT_CONFIG_GLOBAL": os.devnull}
    return subprocess.run(["git", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=check)


def init(*arguments: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main(["init", *map(str, arguments)])
    return int(stop.value.code or 0)


def steps(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, str]:
    assert init(*arguments, "--json") == 0
    return {step["path"]: step["did"] for step in json.loads(capsys.readouterr().out)}


def test_it_makes_what_is_missing_and_a_second_time_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = steps(capsys, tmp_path, "--ci", "github")
    assert made == {
        ".git": "made",
        "experiments/store.yaml": "made",
        "experiments/.gitattributes": "changed",
        ".gitignore": "made",
        "git config merge.runstore": "made",
        ".git/hooks/pre-commit": "made",
        ".github/workflows/runs.yml": "made",
    }
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert set(steps(capsys, tmp_path, "--ci", "github").values()) == {"there"}
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_users_lines_hooks_and_recipes_stay(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    git(tmp_path, "init", "-q")
    mine = {
        ".gitignore": "*.pyc\n# mine",
        "experiments/.gitattributes": "*.csv text\n",
        ".git/hooks/pre-commit": "#!/bin/sh\nexit 0\n",
        ".gitlab-ci.yml": "stages: [mine]\n",
    }
    for name, text in mine.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    did = steps(capsys, tmp_path, "--ci", "gitlab")
    assert did[".git/hooks/pre-commit"] == did[".gitlab-ci.yml"] == "left"
    for name, text in mine.items():
        assert (tmp_path / name).read_text().startswith(text)
    assert (tmp_path / ".git/hooks/pre-commit").read_text() == mine[".git/hooks/pre-commit"]
    init(tmp_path)
    assert "add this line to it" in capsys.readouterr().err


def test_recipes_are_yaml_and_name_commands_there_are(tmp_path: Path) -> None:
    for service, name in (("github", ".github/workflows/runs.yml"), ("gitlab", ".gitlab-ci.yml")):
        assert init(tmp_path, "--ci", service) == 0
        text = (tmp_path / name).read_text()
        assert isinstance(yaml12.load(text), dict)
        for command in ("runstore verify", "runstore build", "runstore publish"):
            assert command in text


def test_lfs_gets_what_is_large(tmp_path: Path) -> None:
    assert init(tmp_path, "--lfs") == 0
    asked = [
        "experiments/p/runs/r/media/a.png",
        "experiments/objects/sha256/aa/b",
        "experiments/p/runs/r/history.jsonl",
    ]
    told = git(tmp_path, "check-attr", "filter", "--", *asked).stdout.splitlines()
    assert [line.endswith(": lfs") for line in told] == [True, True, False]


def test_its_attributes_reach_runs_and_projects(tmp_path: Path) -> None:
    init(tmp_path)
    asked = [f"experiments/p/{name}" for name in ("project.yaml", "runs/r/run.yaml", "runs/r/summary.rank1.json")]
    told = git(tmp_path, "check-attr", "merge", "--", *asked).stdout.splitlines()
    assert all(line.endswith(": runstore") for line in told)
    told = git(tmp_path, "check-attr", "linguist-generated", "--", "experiments/p/runs/r/config.yaml").stdout
    assert told.strip().endswith(": set")


def test_the_hook_checks_the_runs_of_a_commit_and_no_others(tmp_path: Path) -> None:
    init(tmp_path)
    store = tmp_path / "experiments"
    write_run(store, run_id="good", history=curve(3))
    write_run(store, run_id="bad", history=b'{"loss": 1}\n{"loss":\n')
    git(tmp_path, "add", "experiments/p/runs/good", "experiments/store.yaml")
    assert git(tmp_path, "commit", "-m", "good", check=False).returncode == 0
    git(tmp_path, "add", "-A")
    refused = git(tmp_path, "commit", "-m", "bad", check=False)
    assert refused.returncode == 1
    assert "p/runs/bad/history.jsonl, line 2" in refused.stdout + refused.stderr
    assert "good" not in refused.stdout
    git(tmp_path, "commit", "--no-verify", "-m", "bad")
    (tmp_path / "notes.txt").write_text("no run at all")
    git(tmp_path, "add", "-A")
    assert git(tmp_path, "commit", "-m", "notes", check=False).returncode == 0


def test_a_hook_of_an_older_python_is_made_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    init(tmp_path)
    hook = tmp_path / ".git/hooks/pre-commit"
    text = hook.read_text()
    hook.write_text(text.replace("exec ", "exec /gone/bin/python #"))
    capsys.readouterr()
    assert steps(capsys, tmp_path)[".git/hooks/pre-commit"] == "changed"
    assert hook.read_text() == text
    assert os.access(hook, os.X_OK)


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert init(tmp_path / "file/below") == 2
    assert "Traceback" not in capsys.readouterr().err
