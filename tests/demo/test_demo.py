"""The demo trains for real: what its runs hold, how they end, and whose files it leaves alone."""

import json
from collections import Counter
from pathlib import Path

import pytest

from runstore.errors import RunstoreError, StoreError
from runstore.reading.store import Project, RunRecord, read_store
from sitegen import demo
from tests.conftest import DemoRun
from tests.stores import curve, write_file, write_run, write_store

# The demo is trained once: whoever looks at it goes to one worker.
pytestmark = pytest.mark.xdist_group("demo")


@pytest.fixture
def calls(demo_run: DemoRun) -> list[tuple[str, int, int]]:
    return demo_run.progress


@pytest.fixture
def project(demo_run: DemoRun) -> Project:
    """The demo's project."""
    [found] = read_store(demo_run.store).projects
    return found


def train_runs(project: Project) -> list[RunRecord]:
    """The runs of the comparison: not those that fail or are stopped."""
    return [run for run in project.runs if run.meta.job_type == "train" and run.state == "finished"]


@pytest.mark.slow
def test_every_configuration_has_a_run_a_fold_and_one_that_evaluates(project: Project) -> None:
    names = {f"{model}-lr{rate:g}" for model in demo.MODELS for rate in demo.LEARNING_RATES}
    assert Counter(run.meta.group for run in train_runs(project)) == dict.fromkeys(names, demo.FOLDS)
    evals = [run for run in project.runs if run.meta.job_type == "eval"]
    assert Counter(run.meta.group for run in evals) == dict.fromkeys(names, 1)
    assert {run.config["fold"] for run in train_runs(project)} == set(range(demo.FOLDS))


@pytest.mark.slow
def test_one_run_failed_one_was_killed_and_the_others_finished(project: Project) -> None:
    states = Counter(run.state for run in project.runs)
    assert states == {"finished": 54, "failed": 1, "killed": 1}
    runs = {run.state: run for run in project.runs}
    assert runs["failed"].exit_code == 1
    assert "expecting 64 features" in runs["failed"].layout.output_log.read_text()
    assert 0 < runs["failed"].rows < 40
    assert runs["killed"].exit_code == 143
    assert runs["killed"].rows >= 25


@pytest.mark.slow
def test_models_learn_and_learning_rates_differ(project: Project) -> None:
    for run in train_runs(project):
        assert run.rows == 40
        assert run.summary["val/best_accuracy"] > 0.85
    losses = {run.id: run.summary["train/loss"] for run in train_runs(project)}
    for model in demo.MODELS:
        slow, fast = losses[f"{model}-lr0.003-fold0"], losses[f"{model}-lr0.3-fold0"]
        assert slow > 1.5 * fast


@pytest.mark.slow
def test_each_evaluation_keeps_a_confusion_matrix_of_the_test_set(project: Project) -> None:
    for run in project.runs:
        if run.meta.job_type == "eval":
            assert run.rows == 40
            stub = run.summary["test/confusion"]
            table = json.loads((run.layout.path / stub["path"]).read_text())
            counts = [row[1:] for row in table["data"]]
            assert sum(map(sum, counts)) == 360
            right = sum(row[digit] for digit, row in enumerate(counts))
            assert right / 360 == pytest.approx(run.summary["test/accuracy"])


@pytest.mark.slow
def test_progress_counts_each_run_once(project: Project, calls: list[tuple[str, int, int]]) -> None:
    assert [done for _, done, _ in calls] == list(range(57))
    assert {total for _, _, total in calls} == {len(project.runs)}


@pytest.mark.slow
def test_the_store_has_no_problem_and_says_what_it_is(project: Project) -> None:
    assert project.problems == ()
    assert not [problem for run in project.runs for problem in run.problems]
    assert "runstore demo" in project.meta.description


def test_runs_of_somebody_else_are_never_touched(tmp_path: Path) -> None:
    root = write_store(tmp_path / "experiments")
    mine = write_run(root, "digits", "mine", curve(3))
    with pytest.raises(StoreError, match="a project of your own"):
        demo.run_demo(tmp_path)
    write_run(root, "thesis", "mine", curve(3))
    with pytest.raises(StoreError, match="other projects"):
        demo.run_demo(tmp_path)
    assert (mine / "history.jsonl").is_file()


@pytest.mark.parametrize("where", ["", "thesis", "thesis/runs", "thesis/runs/mine", "thesis/runs/mine/files", "new"])
def test_a_directory_of_a_store_is_refused_and_nothing_is_written(root: Path, where: str) -> None:
    write_run(root, "thesis", "mine", curve(3))
    before = sorted(root.parent.rglob("*"))
    with pytest.raises(StoreError, match="found a store's own directory") as caught:
        demo.run_demo(root / where)
    assert "\n" not in str(caught.value)
    assert sorted(root.parent.rglob("*")) == before


def test_an_earlier_demo_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo._Training, "run", lambda *args, **kwargs: None)
    store = demo.run_demo(tmp_path)
    old = write_run(store, "digits", "old", curve(3))
    demo.run_demo(tmp_path)
    assert not old.exists()


def test_training_that_breaks_is_one_line_and_leaves_no_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = "import sys\nif sys.argv[1] == 'compare': sys.exit('no digits today')\nimport time\ntime.sleep(60)\n"
    write_file(tmp_path / "broken_digits.py", script)
    monkeypatch.setattr(demo, "_SCRIPT", "broken_digits")
    monkeypatch.setattr(demo, "_HOME", tmp_path)
    with pytest.raises(RunstoreError, match="ended with exit code 1: no digits today"):
        demo.run_demo(tmp_path / "demo")


def test_workers_see_none_of_the_users_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "disabled")
    monkeypatch.setenv("RUNSTORE_PROJECT", "thesis")
    inherited = {name for name in demo._environment() if name.startswith(("WANDB_", "RUNSTORE_"))}
    assert inherited <= {"RUNSTORE_DISABLE_GIT"}
