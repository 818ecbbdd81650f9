"""What W&B itself ships for libraries: ours, under its names and as `import wandb` in scripts written for it."""

import re
from pathlib import Path
from typing import Any

import pytest

from runstore.media.table import Table
from tests.libraries.matrix import PAGE
from tests.libraries.training import SCRIPTS, Training

pytestmark = pytest.mark.slow


def natively(name: str) -> str:
    """A script that was written for W&B with Runstore's name in place of W&B's."""
    return re.sub(r"\bwandb\b", "runstore", (SCRIPTS / name).read_text(encoding="utf-8"))


def rows_of(run: Any, key: str) -> list[list[Any]]:
    stub = run.summary[key]
    return Table.from_stub(Path(run.dir), stub.get("table", stub)).data


def artifacts(run: Any) -> dict[str, list[str]]:
    """The aliases of each version that a run logged, by the version's name."""
    return {each.name: sorted(each.aliases) for each in run.logged_artifacts()}


def check_keras(training: Training) -> None:
    run = training.only_run("epochs")
    found = run.history(keys=["epoch/epoch", "epoch/loss", "epoch/val_accuracy", "epoch/learning_rate"], pandas=False)
    assert [row["epoch/epoch"] for row in found] == [0, 1, 2]
    assert [round(row["epoch/learning_rate"], 6) for row in found] == [0.05, 0.025, 0.0125]
    logged = artifacts(run)
    models = [name for name in logged if name.startswith(f"run_{run.id}_model:")]
    assert models
    assert logged[models[0]][0] == "epoch_0"
    assert {name.partition(":")[0] for name in logged} >= {f"run_{run.id}_pred", f"run_{run.id}_model"}
    assert len([name for name in logged if name.startswith(f"run_{run.id}_pred")]) == 3
    assert [each.name for each in run.used_artifacts()] == ["val:v0"]
    batches = training.only_run("batches")
    steps = batches.history(keys=["batch/batch_step", "batch/loss"], pandas=False)
    assert [row["batch/batch_step"] for row in steps] == [0, 2, 4, 6]
    assert sorted(aliases[0] for aliases in artifacts(batches).values()) == ["epoch_0_batch_3", "epoch_1_batch_3"]
    older = training.only_run("older")
    assert {"best_val_accuracy", "best_epoch", "loss", "val_loss", "lr", "graph", "examples"} <= set(older.summary)
    assert any(key.startswith("parameters/") for key in older.summary)
    assert {row[1] for row in rows_of(older, "examples")} <= {"a", "b", "c"}
    assert "best" in next(iter(artifacts(older).values()))


def check_boosting(training: Training, rounds: str, metric: str) -> Any:
    run = training.only_run("fit")
    found = run.history(keys=[rounds, metric], pandas=False)
    assert found[0][metric] > found[-1][metric]
    importance = dict(rows_of(run, "Feature Importance"))
    assert max(importance, key=lambda name: importance[name]).lower() in ("f0", "column_0", "0")
    assert [each.type for each in run.logged_artifacts()] == ["model"]
    assert {"best_score", "best_iteration"} <= set(run.summary)
    return run


def check_xgboost(training: Training) -> None:
    run = check_boosting(training, "epoch", "validation_0-rmse")
    assert run.config["depth"] == 2
    assert "learner" in run.config
    assert run.lastHistoryStep == 13  # Twelve rounds, the importances, the best.
    assert run.summary["validation_0-rmse"]["min"] == pytest.approx(run.summary["best_score"], rel=1e-4)
    folds = training.only_run("cv").history(keys=["test-rmse", "test-rmse-std"], pandas=False)
    assert len(folds) == 3


def check_lightgbm(training: Training) -> None:
    run = check_boosting(training, "iteration", "validation_rmse")
    assert run.config["num_leaves"] == 4
    assert run.summary["best_score"]["validation"]["rmse"] == pytest.approx(run.summary["validation_rmse"]["min"])
    folds = training.only_run("cv").history(keys=["valid_rmse-mean", "valid_rmse-stdv"], pandas=False)
    assert len(folds) == 3


def check_catboost(training: Training) -> None:
    run = check_boosting(training, "iteration@metric-period-3", "validation-RMSE")
    assert run.config["depth"] == 2
    assert len(run.history(keys=["learn-RMSE"], pandas=False)) == 4  # Of ten iterations each third, and the last.


def check_sb3(training: Training) -> None:
    run = training.only_run("cartpole")
    assert (run.config["algo"], run.config["policy"], run.config["gamma"]) == ("PPO", "MlpPolicy", 0.99)
    assert not [value for value in run.config.values() if " object at 0x" in str(value)]
    assert run.summary["global_step"] == 96
    assert {"rollout/ep_rew_mean", "train/loss", "time/total_timesteps"} <= set(run.summary)
    assert {key.partition("/")[0] for key in run.summary} >= {"gradients", "parameters"}
    assert [file.name for file in run.files(pattern="%model.zip")] == ["model.zip"]


def check_sklearn(training: Training) -> None:
    run = training.only_run("charts")
    assert {"feature_importances", "confusion_matrix", "class_proportions", "roc", "precision_recall"} <= set(
        run.summary
    )
    assert {"silhouette_plot", "elbow_curve", "learning_curve", "outlier_candidates", "residuals"} <= set(run.summary)
    assert {row[0] for row in rows_of(run, "confusion_matrix")} == {"setosa", "versicolor", "virginica"}


def test_keras(training: Training) -> None:
    training.run(natively("train_keras.py"))
    check_keras(training)
    training.record("keras", "native")


def test_keras_as_wandb(training: Training) -> None:
    training.run("train_keras.py", as_wandb=True)
    check_keras(training)
    training.record("keras", "import wandb")


def test_xgboost(training: Training) -> None:
    training.run(natively("train_xgboost.py"))
    check_xgboost(training)
    training.record("xgboost-cpu", "native")


def test_xgboost_as_wandb(training: Training) -> None:
    training.run("train_xgboost.py", as_wandb=True)
    check_xgboost(training)
    training.record("xgboost-cpu", "import wandb")


def test_lightgbm(training: Training) -> None:
    training.run(natively("train_lightgbm.py"))
    check_lightgbm(training)
    training.record("lightgbm", "native")


def test_lightgbm_as_wandb(training: Training) -> None:
    training.run("train_lightgbm.py", as_wandb=True)
    check_lightgbm(training)
    training.record("lightgbm", "import wandb")


def test_catboost(training: Training) -> None:
    training.run(natively("train_catboost.py"))
    check_catboost(training)
    training.record("catboost", "native")


def test_catboost_as_wandb(training: Training) -> None:
    training.run("train_catboost.py", as_wandb=True)
    check_catboost(training)
    training.record("catboost", "import wandb")


def test_stable_baselines3(training: Training) -> None:
    training.run(natively("train_sb3.py"))
    check_sb3(training)
    training.record("stable-baselines3", "native")


def test_stable_baselines3_as_wandb(training: Training) -> None:
    training.run("train_sb3.py", as_wandb=True)
    check_sb3(training)
    training.record("stable-baselines3", "import wandb")


def test_scikit_learn(training: Training) -> None:
    training.run(natively("plot_sklearn.py"))
    check_sklearn(training)
    training.record("scikit-learn", "native")


def test_scikit_learn_as_wandb(training: Training) -> None:
    training.run("plot_sklearn.py", as_wandb=True)
    check_sklearn(training)
    training.record("scikit-learn", "import wandb")


def test_the_code_on_the_page_about_them_runs_and_logs(training: Training) -> None:
    page = PAGE.with_name("frameworks.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```py\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    training.run("\n".join(blocks))
    runs = training.runs("tiny")
    assert len(runs) == len(blocks) == 5
    assert all(run.state == "finished" and run.summary for run in runs)
