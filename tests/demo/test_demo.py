"""The demo trains for real: what its runs hold, how they end, and whose files it leaves alone."""

import json
from collections import Counter
from pathlib import Path

import pytest

from runstore.api import Api
from runstore.errors import RunstoreError, StoreError
from runstore.format.views import saved_views
from runstore.reading.store import Project, RunRecord, read_store
from runstore.reading.sweeps import open_sweep
from sitegen import demo
from sitegen.demo_denoise import EPOCHS
from sitegen.demo_online import PICTURES
from sitegen.demo_views import VIEWS
from tests.conftest import DemoRun
from tests.stores import curve, write_file, write_run, write_store


@pytest.fixture
def calls(demo_run: DemoRun) -> list[tuple[str, int, int]]:
    return demo_run.progress


@pytest.fixture
def project(demo_run: DemoRun) -> Project:
    """The demo's comparison of models."""
    return projects(demo_run)[demo.DIGITS]


def projects(demo_run: DemoRun) -> dict[str, Project]:
    return {project.name: project for project in read_store(demo_run.store).projects}


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


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
def test_progress_counts_each_run_once(demo_run: DemoRun, calls: list[tuple[str, int, int]]) -> None:
    runs = sum(len(project.runs) for project in projects(demo_run).values())
    assert [done for _, done, _ in calls] == list(range(runs + 1))
    assert {total for _, _, total in calls} == {runs}


@pytest.mark.slow
def test_the_store_has_no_problem_and_says_what_it_is(demo_run: DemoRun) -> None:
    assert set(projects(demo_run)) == {demo.DIGITS, demo.DENOISE, demo.ONLINE, demo.TUNING}
    for project in projects(demo_run).values():
        assert project.problems == ()
        assert not [problem for run in project.runs for problem in run.problems]
        assert "runstore demo" in project.meta.description
        assert [view.name for view in saved_views(project.meta)] == [view.name for view in VIEWS.get(project.name, ())]


@pytest.mark.slow
def test_two_agents_share_a_sweep_that_finds_a_good_network(demo_run: DemoRun) -> None:
    project = projects(demo_run)[demo.TUNING]
    [sweep] = project.layout.sweep_ids()
    reader = open_sweep(project.layout.sweep(sweep))
    reader.look()
    state = reader.state
    assert [trial.number for trial in state.trials] == list(range(demo.SWEEP_TRIALS))
    assert {trial.run for trial in state.trials} == {run.id for run in project.runs}
    assert {trial.state for trial in state.trials} <= {"finished", "stopped"}
    assert len({trial.claim.agent for trial in state.trials}) == 2
    values = [trial.outcome.value for trial in state.trials if trial.outcome is not None]
    assert min(value for value in values if value is not None) < 0.15


@pytest.mark.slow
def test_runs_of_a_few_seconds_have_system_metrics(demo_run: DemoRun) -> None:
    for project in projects(demo_run).values():
        for run in project.runs:
            if (run.runtime or 0) > 5:
                samples = [line for path in run.layout.path.glob("system*.jsonl") for line in lines(path)]
                assert len(samples) >= 5


@pytest.mark.slow
def test_the_run_that_fails_says_what_is_odd_before(project: Project) -> None:
    [failed] = [run for run in project.runs if run.state == "failed"]
    [alert] = [json.loads(line) for line in lines(failed.layout.writer().alerts)]
    assert alert["title"] == "Images changed their size"
    assert "56 pixels" in alert["text"]
    patch = failed.layout.changes_patch.read_text().splitlines()
    assert [line for line in patch if line[:1] in "+-"][2:] == ["-_CROPPED_COLUMNS = 0", "+_CROPPED_COLUMNS = 1"]


@pytest.mark.slow
def test_seeds_repeat_each_width_and_wider_networks_take_out_more_noise(demo_run: DemoRun) -> None:
    runs = [run for run in projects(demo_run)[demo.DENOISE].runs if run.meta.job_type == "train"]
    assert Counter(run.meta.group for run in runs) == {f"width{width}": len(demo.SEEDS) for width in demo.WIDTHS}
    gained = {run.id: run.summary["val/psnr.max"] for run in runs}
    for seed in demo.SEEDS:
        assert gained[f"width8-seed{seed}"] < gained[f"width32-seed{seed}"] < gained[f"width128-seed{seed}"]
    assert all(run.rows > 20 * EPOCHS for run in runs)
    assert {metric.step_metric for run in runs for metric in run.metrics if metric.name == "val/loss"} == {"epoch"}


@pytest.mark.slow
def test_artifacts_lead_from_the_data_to_the_networks_and_to_their_comparison(demo_run: DemoRun) -> None:
    [compared] = [run for run in Api(store=demo_run.store).runs("denoise") if run.job_type == "eval"]
    used = {artifact.name for artifact in compared.used_artifacts()}
    assert {f"noisy-digits:v{number}" for number in range(3)} < used
    networks = [artifact for artifact in compared.used_artifacts() if artifact.type == "model"]
    assert len(networks) == len(demo.WIDTHS) * len(demo.SEEDS)
    assert sum("best" in artifact.aliases for artifact in networks) == len(demo.WIDTHS)
    trained = networks[0].logged_by()
    assert trained is not None
    assert {artifact.name for artifact in trained.used_artifacts()} == {"noisy-digits:v1"}
    assert {artifact.type for artifact in trained.logged_artifacts()} == {"model", "code"}


@pytest.mark.slow
def test_of_two_runs_that_were_killed_one_goes_on_to_its_end(demo_run: DemoRun) -> None:
    runs = {run.id: run for run in projects(demo_run)[demo.ONLINE].runs}
    resumed = runs[f"softmax-lr{demo.INTERRUPTED_RATE:g}"]
    assert resumed.state == "finished"
    assert len(resumed.attempts) == 2
    crashed = runs.pop(f"softmax-lr{demo.CRASHED_RATE:g}")
    assert (crashed.state, crashed.exit_code) == ("crashed", None)
    assert 3_000 <= crashed.rows < PICTURES
    assert {run.rows for run in runs.values()} == {PICTURES}
    assert resumed.summary["val/accuracy.max"] > 0.85
    assert all("\x1b[" in run.layout.output_log.read_text() for run in runs.values())
    wild = runs[f"softmax-lr{max(demo.STEADY_RATES):g}"]
    assert "Worse than guessing" in lines(wild.layout.writer().alerts)[0]


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
    script = "import sys\nif '0.02' in sys.argv: sys.exit('no digits today')\nimport time\ntime.sleep(60)\n"
    write_file(tmp_path / "broken_digits.py", script)
    for name in ("_SCRIPT", "_DENOISE_SCRIPT", "_ONLINE_SCRIPT", "_SWEEP_SCRIPT"):
        monkeypatch.setattr(demo, name, "broken_digits")
    monkeypatch.setattr(demo, "_HOME", tmp_path)
    with pytest.raises(RunstoreError, match="ended with exit code 1: no digits today"):
        demo.run_demo(tmp_path / "demo")


def test_workers_see_none_of_the_users_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "disabled")
    monkeypatch.setenv("RUNSTORE_PROJECT", "thesis")
    inherited = {name for name in demo._environment() if name.startswith(("WANDB_", "RUNSTORE_"))}
    assert inherited <= {"RUNSTORE_DISABLE_GIT", "RUNSTORE_STATS_INTERVAL"}
