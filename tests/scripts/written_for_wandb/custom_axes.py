"""Metrics on axes of their own, and summaries other than the last value."""

import wandb

run = wandb.init(project="axes")
wandb.define_metric("epoch", hidden=True)
wandb.define_metric("train/*", step_metric="train/step")
wandb.define_metric("val/*", step_metric="epoch")
wandb.define_metric("val/loss", step_metric="epoch", summary="min")
run.define_metric("val/accuracy", step_metric="epoch", summary="max")
step = 0
for epoch in range(3):
    for _ in range(4):
        wandb.log({"train/step": step, "train/loss": 1 / (step + 1)})
        step += 1
    wandb.log({"epoch": epoch, "val/loss": [0.5, 0.2, 0.3][epoch], "val/accuracy": [0.1, 0.9, 0.8][epoch]})
wandb.finish()
