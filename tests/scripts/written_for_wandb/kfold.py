"""k-fold cross-validation: a run for each fold in one group, and one for the mean."""

import random

import wandb

FOLDS = 3


def train_and_evaluate(fold, group, config):
    run = wandb.init(project="kfold", group=group, job_type="fold", name=f"{group}-{fold}", config=config, reinit=True)
    score = 0.0
    for epoch in range(wandb.config.epochs):
        score = 1 - config["learning_rate"] / (epoch + 1 + fold)
        wandb.log({"epoch": epoch, "val_accuracy": score})
    wandb.summary["best_val_accuracy"] = score
    wandb.join()
    return score, run.id


def main():
    random.seed(0)
    group = "cv-" + wandb.util.generate_id()
    config = dict(epochs=4, learning_rate=0.1, folds=FOLDS)
    results = [train_and_evaluate(fold, group, config) for fold in range(FOLDS)]
    assert wandb.run is None
    with wandb.init(project="kfold", group=group, job_type="summary", config=config) as run:
        mean = sum(score for score, _ in results) / FOLDS
        run.log({"mean_val_accuracy": mean})
        run.summary.update({"folds": [run_id for _, run_id in results]})
        print("group", run.group)


if __name__ == "__main__":
    main()
