"""The merge driver: what two branches say of one run or project is merged by meaning, in real merges and rebases."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstore.format import yaml12
from runstore.manage.merging import merge_files
from runstore.manage.setting_up import set_up
from tests.stores import curve, write_run

RUN = {"id": "r1", "name": "one", "created": "2026-10-01T10:00:00Z", "tags": ["a", "b"], "notes": ""}


class Clone:
    """A repository that `runstore init` has set up, with one run on its branch `main`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        list(set_up(folder, hook=False))
        self.git("checkout", "-q", "-b", "main")
        self.run = write_run(folder / "experiments", history=curve(3), meta=yaml12.dump(RUN))
        self.project = folder / "experiments/p/project.yaml"
        self.commit("base")

    def git(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        names = {f"GIT_{who}_{what}": "a@b.c" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        return subprocess.run(
            ["git", "-c", "core.fsync=none", *arguments],
            cwd=self.folder,
            env={**os.environ, **names, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_EDITOR": "true"},
            capture_output=True,
            text=True,
            check=check,
        )

    def commit(self, message: str) -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)

    def diverge(self, name: str, ours: Any, theirs: Any, how: str = "merge") -> subprocess.CompletedProcess[str]:
        """Writes a file of the run otherwise on two branches, and brings the second one's change to the first."""
        for branch, values in (("theirs", theirs), ("ours", ours)):
            self.git("checkout", "-q", "-b", branch, "main")
            write(self.run / name, values)
            self.commit(branch)
        orders = {
            "merge": ["merge", "-q", "--no-edit", "theirs"],
            "rebase": ["rebase", "-q", "theirs"],
            "cherry-pick": ["cherry-pick", "theirs"],
        }
        return self.git(*orders[how], check=False)

    def read(self, name: str) -> Any:
        data = (self.run / name).read_text()
        return json.loads(data) if name.endswith(".json") else yaml12.load(data)


def write(path: Path, values: Any) -> None:
    text = values if isinstance(values, str) else json.dumps(values) if path.suffix == ".json" else yaml12.dump(values)
    path.write_text(text)


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path / "clone")


@pytest.mark.parametrize("how", ["merge", "rebase", "cherry-pick"])
def test_two_people_who_edit_one_run_do_not_conflict(clone: Clone, how: str) -> None:
    done = clone.diverge(
        "run.yaml",
        {**RUN, "tags": ["a", "b", "mine"], "name": "better"},
        {**RUN, "tags": ["b", "theirs"], "notes": "look at this"},
        how,
    )
    assert done.returncode == 0, done.stderr
    assert clone.read("run.yaml") == {
        **RUN,
        "tags": ["b", "theirs", "mine"] if how == "rebase" else ["b", "mine", "theirs"],
        "name": "better",
        "notes": "look at this",
    }
    assert clone.git("status", "--porcelain").stdout == ""


@pytest.mark.parametrize("how", ["merge", "rebase", "cherry-pick"])
def test_a_real_conflict_is_gits_own_with_a_clear_line(clone: Clone, how: str) -> None:
    done = clone.diverge("run.yaml", {**RUN, "name": "left", "notes": "kept"}, {**RUN, "name": "right"}, how)
    assert done.returncode == 1
    assert "run.yaml: name is " in done.stderr
    assert "choose one" in done.stderr
    status = clone.git("status", "--porcelain").stdout
    assert "UU experiments/p/runs/r1/run.yaml" in status
    text = (clone.run / "run.yaml").read_text()
    assert text.count("<<<<<<<") == text.count(">>>>>>>") == 1
    assert "name: left" in text
    assert "name: right" in text
    assert text.count("notes: kept") == 1


def test_of_two_summaries_the_one_that_logged_last_counts(clone: Clone) -> None:
    base = {"loss": 1.0, "_step": 1, "_timestamp": 10.0}
    write(clone.run / "summary.json", base)
    clone.commit("summary")
    done = clone.diverge(
        "summary.json",
        {"loss": 0.5, "_step": 5, "_timestamp": 50.0, "mine": 1},
        {"loss": 0.7, "_step": 3, "_timestamp": 30.0, "theirs": {"min": 0.1}},
    )
    assert done.returncode == 0, done.stderr
    assert clone.read("summary.json") == {
        "loss": 0.5,
        "_step": 5,
        "_timestamp": 50.0,
        "mine": 1,
        "theirs": {"min": 0.1},
    }


def test_an_end_beats_going_on_and_the_later_end_counts(clone: Clone) -> None:
    write(clone.run / "state.json", {"state": "running", "exit_code": None, "finished": ""})
    clone.commit("state")
    late = {"state": "failed", "exit_code": 1, "finished": "2026-10-02T00:00:00Z"}
    early = {"state": "finished", "exit_code": 0, "finished": "2026-10-01T00:00:00Z"}
    assert clone.diverge("state.json", early, late).returncode == 0
    assert clone.read("state.json") == late


def test_views_are_merged_by_their_names(clone: Clone) -> None:
    views = [{"name": "one", "fragment": "a"}, {"name": "two", "fragment": "b"}]
    base = {"title": "t", "description": "", "visibility": "private", "views": views}
    clone.project.write_text(yaml12.dump(base))
    clone.commit("project")
    changed = {**base, "views": [{"name": "one", "fragment": "c"}, views[1], {"name": "new", "fragment": "d"}]}
    taken_out = {**base, "title": "better", "views": [views[0], {"name": "other", "fragment": "e"}]}
    assert clone.diverge("../../project.yaml", changed, taken_out).returncode == 0
    found = yaml12.load(clone.project.read_text())
    assert found["title"] == "better"
    assert {view["name"]: view["fragment"] for view in found["views"]} == {"one": "c", "new": "d", "other": "e"}


def test_comments_stay_where_the_lines_merge(clone: Clone) -> None:
    text = "# mine\nid: r1\n\nname: one  # why\n\n\n\n\nnotes: ''\n"
    (clone.run / "run.yaml").write_text(text)
    clone.commit("comments")
    ours, theirs = text.replace("name: one", "name: better"), text.replace("notes: ''", "notes: look")
    assert clone.diverge("run.yaml", ours, theirs).returncode == 0
    assert (clone.run / "run.yaml").read_text() == ours.replace("notes: ''", "notes: look")


def test_a_version_that_cannot_be_read_is_merged_by_lines(clone: Clone) -> None:
    done = clone.diverge("run.yaml", "name: [torn\n", {**RUN, "name": "right"})
    assert done.returncode == 1
    assert "merged by lines" in done.stderr
    assert "UU experiments" in clone.git("status", "--porcelain").stdout


def test_a_clone_without_the_driver_merges_as_git_does(clone: Clone) -> None:
    clone.git("config", "--remove-section", "merge.runstore")
    done = clone.diverge("run.yaml", {**RUN, "name": "left"}, {**RUN, "name": "right"})
    assert done.returncode == 1
    assert "CONFLICT" in done.stdout


def test_nothing_in_the_repository_is_run(clone: Clone) -> None:
    for name in ("runstore", "click"):
        (clone.folder / name).mkdir()
        (clone.folder / name / "__init__.py").write_text("raise SystemExit('taken over')")
        (clone.folder / name / "__main__.py").write_text("raise SystemExit('taken over')")
    assert clone.diverge("run.yaml", {**RUN, "name": "left"}, {**RUN, "notes": "right"}).returncode == 0
    assert clone.read("run.yaml") == {**RUN, "name": "left", "notes": "right"}


SCALARS = st.integers() | st.text(max_size=3) | st.floats(allow_nan=False, allow_infinity=False) | st.none()
MAPPINGS = st.dictionaries(
    st.sampled_from("abcd"), SCALARS | st.dictionaries(st.sampled_from("xy"), SCALARS), max_size=4
)


@given(MAPPINGS, MAPPINGS)
def test_one_sided_changes_are_taken_whole(tmp_path_factory: pytest.TempPathFactory, base: Any, changed: Any) -> None:
    folder = tmp_path_factory.mktemp("merge")
    for name, sides in (
        ("ours", (base, changed, base)),
        ("theirs", (base, base, changed)),
        ("same", (base, changed, changed)),
    ):
        paths = [folder / f"{name}{number}" for number in range(3)]
        for path, values in zip(paths, sides, strict=True):
            path.write_text(json.dumps(values))
        merged = merge_files(*paths, "summary.json")
        assert merged.is_clean
        assert json.loads(merged.text) == changed


@given(MAPPINGS, MAPPINGS, MAPPINGS)
def test_sides_can_be_exchanged(tmp_path_factory: pytest.TempPathFactory, base: Any, one: Any, other: Any) -> None:
    folder = tmp_path_factory.mktemp("merge")
    paths = [folder / name for name in ("base", "one", "other")]
    for path, values in zip(paths, (base, one, other), strict=True):
        path.write_text(json.dumps(values))
    there, back = merge_files(*paths, "run.json"), merge_files(paths[0], paths[2], paths[1], "run.json")
    assert {conflict.key for conflict in there.conflicts} == {conflict.key for conflict in back.conflicts}
    if there.is_clean:
        assert json.loads(there.text) == json.loads(back.text)
