"""Branches of a store that both logged: plain `git merge` makes no conflict, and every version is read."""

import os
import subprocess
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstore.artifacts import checks, manifest, publishing
from runstore.artifacts.collection import Version, read_collection
from runstore.artifacts.manifest import FileEntry, Head, Record
from runstore.artifacts.publishing import Release
from runstore.format.layout import StoreLayout
from runstore.recording.run import Run
from tests.artifacts.filled import collection, filled

_IDENTITY = {f"GIT_{who}_{what}": "t@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


def git(*arguments: str) -> str:
    environment = {**os.environ, **_IDENTITY, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    done = subprocess.run(["git", *arguments], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def commit() -> None:
    git("add", "-A")
    git("commit", "-q", "-m", "work")


def diverge(ours: Callable[[], object], theirs: Callable[[], object]) -> None:
    """Commits what there is, does `ours` on one branch and `theirs` on another, and merges them."""
    git("init", "-q", "-b", "main")
    commit()
    git("checkout", "-q", "-b", "side")
    theirs()
    commit()
    git("checkout", "-q", "main")
    ours()
    commit()
    git("merge", "-q", "side", "-m", "merged")


def texts(store: StoreLayout) -> dict[str, str]:
    """What each version's file holds."""
    return {
        version.version: store.blob(version.entries()["x.txt"].sha256).read_text()
        for version in collection(store).versions
    }


def test_two_branches_that_both_logged_v1_merge_into_v1_and_v2(begin: Callable[..., Run], store: StoreLayout) -> None:
    def log(*all_texts: str) -> None:
        run = begin()
        for text in all_texts:
            run.log_artifact(filled(x=text), aliases=["best"])
        run.finish()

    log("base")
    diverge(lambda: log("ours 1", "ours 2"), lambda: log("theirs 1", "theirs 2"))
    # `theirs` was done first, so it keeps its numbers.
    merged = {"v0": "base", "v1": "theirs 1", "v2": "theirs 2", "v3": "ours 1", "v4": "ours 2"}
    assert texts(store) == merged
    found = collection(store)
    assert found.problems == ()
    assert {alias: version.version for alias, version in found.aliases.items()} == {"latest": "v4", "best": "v4"}
    assert list(checks.problems(store)) == []
    log("after")
    assert texts(store) == {**merged, "v5": "after"}
    assert list(checks.problems(store)) == []


def test_changes_of_one_version_on_two_branches_both_hold(begin: Callable[..., Run], store: StoreLayout) -> None:
    run = begin()
    run.log_artifact(filled(), aliases=["old"])
    run.finish()

    def ours() -> None:
        publishing.label(collection(store).versions[0], ["ours"], ["a"])

    def theirs() -> None:
        publishing.unlabel(collection(store).versions[0], ["old"])
        publishing.label(collection(store).versions[0], ["theirs"])

    diverge(ours, theirs)
    [version] = collection(store).versions
    assert version.aliases == ("latest", "ours", "theirs")
    assert version.head.tags == ("a",)
    assert len(version.entries()) == 1
    assert list(checks.problems(store)) == []


@pytest.mark.parametrize("deleter", ["ours", "theirs"])
def test_a_version_deleted_on_one_branch_is_deleted(
    begin: Callable[..., Run], store: StoreLayout, deleter: str
) -> None:
    run = begin()
    run.log_artifact(filled(x="1"))
    run.log_artifact(filled(x="2"))
    run.finish()

    def delete() -> None:
        publishing.delete(collection(store).versions[0])

    def change() -> None:
        publishing.label(collection(store).versions[0], ["best"])

    diverge(*((delete, change) if deleter == "ours" else (change, delete)))
    found = collection(store)
    assert [version.version for version in found.versions] == ["v1"]
    assert [version.version for version in found.deleted] == ["v0"]
    assert list(checks.problems(store)) == []
    assert publishing.restore(store, "p", "model", 0).version == "v0"


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 50)), max_size=12), st.integers(0, 3))
def test_numbers_are_distinct_and_the_oldest_keeps_its_own(
    tmp_path_factory: pytest.TempPathFactory, claims: list[tuple[int, int]], more: int
) -> None:
    store = StoreLayout(tmp_path_factory.mktemp("store"))
    layout = store.project("p").artifact("model")
    lines: dict[int, bytes] = {}
    for place, (number, minute) in enumerate(claims):
        head = Head(f"id{place:06}", "model", created=f"2026-01-01T00:{minute:02}:00Z", digest=str(place))
        lines[number] = lines.get(number, b"") + manifest.dump(Record(head, {"x": FileEntry("x", "0" * 64)}))
    for number, data in lines.items():
        layout.version(number).mkdir(parents=True)
        layout.manifest(number).write_bytes(data)
    found = read_collection(store, store.project("p"), "model")
    numbers = {version.id: version.number for version in found.versions}
    assert len(set(numbers.values())) == len(numbers) == len(claims)
    for number in lines:
        oldest = min((minute, place) for place, (own, minute) in enumerate(claims) if own == number)
        assert numbers[f"id{oldest[1]:06}"] == number
    for text in range(more):
        publish(store, f"new {text}")
    again = read_collection(store, store.project("p"), "model")
    assert {version.id: version.number for version in again.versions if version.id in numbers} == numbers


def publish(store: StoreLayout, text: str) -> Version:
    return publishing.publish(store, "p", Release("model", "unspecified", {"x": FileEntry("x", ref=text)}))
