"""Two branches of a store that went apart merge with plain `git merge`: no conflict, nothing lost, and it verifies."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import runstore
from runstore.artifacts.checks import problems as artifact_problems
from runstore.manage.edit import Change, edit
from runstore.manage.trash import delete
from runstore.reading.store import Store, read_store
from runstore.reading.verify import verify
from runstore.recording import current

QUIET = {"silent": True, "console": "off", "disable_git": True, "disable_stats": True}


class Repository:
    """A git repository with a store, on one of its branches."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = folder / "experiments"
        folder.mkdir()
        self.git("init", "-q", "-b", "main")
        self.git("commit", "-q", "--allow-empty", "-m", "empty")

    def git(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        names = {f"GIT_{who}_{what}": "a@b.c" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        return subprocess.run(
            ["git", "-c", "core.fsync=none", *arguments],
            cwd=self.folder,
            env={**os.environ, **names, "GIT_CONFIG_GLOBAL": os.devnull},
            capture_output=True,
            text=True,
            check=check,
        )

    def commit(self, message: str) -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)

    def diverge(self, left: "Action", right: "Action") -> subprocess.CompletedProcess[str]:
        """Does one thing on each of two branches, and merges the second into the first."""
        for branch, action in (("left", left), ("right", right)):
            self.git("checkout", "-q", "-b", branch, "main")
            # What git leaves out is each clone's own.
            self.git("clean", "-q", "-f", "-d", "-X")
            action(self, branch)
            self.commit(branch)
        self.git("checkout", "-q", "left")
        return self.git("merge", "-q", "--no-edit", "right", check=False)

    def run(self, **arguments: Any) -> runstore.Run:
        settings = {**QUIET, **arguments.pop("settings", {})}
        return runstore.init(**{"dir": self.store, "project": "p", **arguments}, settings=settings)

    def read(self) -> Store:
        return read_store(self.store)

    def problems(self) -> list[str]:
        found = self.read()
        return [str(problem) for problem in (*verify(found, strict=True), *artifact_problems(found.layout))]


Action = Callable[[Repository, str], None]


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Repository]:
    """A store with a run for each side, and an artifact."""
    made = Repository(tmp_path / "work")
    for name in ("left", "right", "both"):
        with made.run(id=name) as run:
            run.log({"loss": 1.0})
    with made.run(id="maker") as run:
        log_artifact(run, "first")
    made.commit("the store")
    yield made
    current.put(None)


def log_artifact(run: runstore.Run, text: str, **named: Any) -> None:
    artifact = runstore.Artifact("model", type="model")
    with artifact.new_file("weights.txt") as file:
        file.write(text)
    run.log_artifact(artifact, **named)


def new_run(repository: Repository, side: str) -> None:
    with repository.run() as run:
        for step in range(3):
            run.log({"loss": step, "side": side})
        run.alert(f"from {side}", "text")
        run.define_metric("loss", summary="min")


def resumed(repository: Repository, side: str) -> None:
    with repository.run(id=side, resume="must") as run:
        run.log({"loss": 0.5})


def artifact(repository: Repository, side: str) -> None:
    with repository.run() as run:
        log_artifact(run, side, aliases=["latest", f"best-{side}", "best"])
        run.use_artifact("model:v0")


def aliased(repository: Repository, side: str) -> None:
    with repository.run() as run:
        found = run.use_artifact("model:v0")
        found.aliases.append(f"good-{side}")
        found.tags.append(side)
        found.save()


def tagged(repository: Repository, side: str) -> None:
    edit(repository.read().find_run(f"p/{side}"), Change(add_tags=("good",), notes=f"of {side}"))


def deleted(repository: Repository, side: str) -> None:
    store = repository.read()
    delete(store.layout, store.find_run(f"p/{side}"))


def deleted_both(repository: Repository, side: str) -> None:
    store = repository.read()
    delete(store.layout, store.find_run("p/both"))


def shared(repository: Repository, side: str) -> None:
    rank = {"x_label": side, "x_primary": side == "left"}
    with repository.run(id="shared", mode="shared", settings=rank) as run:
        for step in range(3):
            run.log({f"loss/{side}": step})


def new_project(repository: Repository, side: str) -> None:
    with repository.run(project="other") as run:
        run.log({"side": side})


ACTIONS: list[Action] = [new_run, resumed, artifact, aliased, tagged, deleted, deleted_both, shared, new_project]


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.__name__)
def test_the_same_on_both_sides_merges_and_verifies(repository: Repository, action: Action) -> None:
    merged = repository.diverge(action, action)
    assert merged.returncode == 0, merged.stdout + merged.stderr
    assert repository.problems() == []


@pytest.mark.parametrize("number", range(len(ACTIONS)))
def test_one_thing_against_all_others_merges_and_verifies(repository: Repository, number: int) -> None:
    def others(repository_: Repository, side: str) -> None:
        for action in ACTIONS:
            # A run that was deleted cannot be tagged, nor resumed, later.
            if action not in (ACTIONS[number], deleted, deleted_both):
                action(repository_, side)

    merged = repository.diverge(ACTIONS[number], others)
    assert merged.returncode == 0, merged.stdout + merged.stderr
    assert repository.problems() == []


def test_what_both_sides_did_is_there_afterwards(repository: Repository) -> None:
    before = len(repository.read().projects[0].runs)
    repository.diverge(new_run, new_run)
    runs = repository.read().projects[0].runs
    assert len(runs) == before + 2
    assert {run.summary.get("side") for run in runs} == {"left", "right", None}


def test_versions_of_both_sides_are_two_versions(repository: Repository) -> None:
    repository.diverge(artifact, artifact)
    api = runstore.Api(store=repository.store)
    versions = api.artifact_type("model", "p").collection("model").artifacts()
    assert sorted(version.version for version in versions) == ["v0", "v1", "v2"]
    texts = {Path(version.file(root=str(repository.folder / version.version))).read_text() for version in versions}
    assert texts == {"first", "left", "right"}


def test_ranks_of_one_run_are_read_as_one(repository: Repository) -> None:
    repository.diverge(shared, shared)
    run = repository.read().find_run("p/shared")
    assert {"loss/left", "loss/right"} <= set(run.summary)
    assert run.rows == 6


def test_a_run_deleted_on_one_side_and_untouched_on_the_other_stays_deleted(repository: Repository) -> None:
    repository.diverge(deleted, new_run)
    assert "left" not in {run.id for run in repository.read().projects[0].runs}
    with pytest.raises(runstore.UsageError, match="deleted"):
        repository.run(id="left")


def test_stores_that_were_made_on_two_branches_become_one(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "work")
    merged = repository.diverge(new_run, new_run)
    assert merged.returncode == 0, merged.stdout + merged.stderr
    assert repository.problems() == []
    assert len(repository.read().projects[0].runs) == 2
    current.put(None)


def test_the_same_run_resumed_on_both_sides_is_a_conflict_in_the_files_that_say_how_it_stands(
    repository: Repository,
) -> None:
    def resume_both(repository_: Repository, side: str) -> None:
        with repository_.run(id="both", resume="must") as run:
            run.log({"loss": 0.5, "side": side})

    merged = repository.diverge(resume_both, resume_both)
    assert merged.returncode == 1
    conflicts = repository.git("diff", "--name-only", "--diff-filter=U").stdout.splitlines()
    assert conflicts
    assert {path.rpartition("/")[0] for path in conflicts} == {"experiments/p/runs/both"}
    # Its rows are never in conflict: both sides' are there.
    rows = (repository.store / "p/runs/both/history.2.jsonl").read_text().splitlines()
    assert {json.loads(row)["side"] for row in rows} == {"left", "right"}


def test_the_same_run_renamed_on_both_sides_is_a_conflict_for_people(repository: Repository) -> None:
    def rename(repository_: Repository, side: str) -> None:
        edit(repository_.read().find_run("p/both"), Change(name=side))

    assert repository.diverge(rename, rename).returncode == 1
    [conflict] = repository.git("diff", "--name-only", "--diff-filter=U").stdout.splitlines()
    assert conflict == "experiments/p/runs/both/run.yaml"
