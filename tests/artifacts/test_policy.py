"""What git does with the content of artifacts: commit, lfs or ignore."""

import subprocess

import pytest

from runstore.artifacts import policy
from runstore.format.layout import StoreLayout
from runstore.format.records import create_store
from runstore.recording.run import Run
from tests.artifacts.filled import filled


def set_policy(store: StoreLayout, name: str) -> None:
    store.store_yaml.write_text(f"format: 1\nartifacts: {name}\n")
    policy.apply(store)


def test_the_lines_for_git_follow_the_policy_and_others_stay(store: StoreLayout) -> None:
    create_store(store)
    store.gitattributes.write_text(store.gitattributes.read_text() + "*.mine text")
    before = store.gitattributes.read_text(), store.gitignore.read_text()
    set_policy(store, "lfs")
    set_policy(store, "lfs")
    assert store.gitattributes.read_text() == f"{before[0]}\n{policy.LFS_LINE}\n"
    set_policy(store, "ignore")
    assert store.gitattributes.read_text() == f"{before[0]}\n"
    assert store.gitignore.read_text().splitlines().count(policy.IGNORE_LINE) == 1
    set_policy(store, "commit")
    assert (store.gitattributes.read_text(), store.gitignore.read_text()) == (f"{before[0]}\n", before[1])


@pytest.mark.parametrize(("name", "committed"), [("commit", True), ("ignore", False)])
def test_git_agrees(run: Run, store: StoreLayout, name: str, committed: bool) -> None:
    store.store_yaml.write_text(f"format: 1\nartifacts: {name}\n")
    run.log_artifact(filled())
    subprocess.run(["git", "init", "-q", store.root], check=True)
    shown = subprocess.run(
        ["git", "status", "--porcelain", "-uall"], cwd=store.root, check=True, capture_output=True, text=True
    ).stdout
    assert ("objects/sha256" in shown) == committed
    assert "manifest.yaml" in shown
    assert ".cache" not in shown
