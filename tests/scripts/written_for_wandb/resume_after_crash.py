"""Training that dies half way, and goes on from its checkpoint when it is started again."""

import json
import os
import sys

import wandb

CHECKPOINT = "checkpoint.json"
RUN_ID = "resumable"

run = wandb.init(project="resume", id=RUN_ID, resume="allow", config={"epochs": 10})
start = 0
if wandb.run.resumed:
    with open(CHECKPOINT) as file:
        start = json.load(file)["epoch"] + 1
    assert run.starting_step == start, (run.starting_step, start)
    assert run.summary["best"] > 0

for epoch in range(start, run.config.epochs):
    wandb.log({"epoch": epoch, "loss": 1 / (epoch + 1)})
    run.summary["best"] = 1 / (epoch + 1)
    with open(CHECKPOINT, "w") as file:
        json.dump({"epoch": epoch}, file)
    if "--die-at" in sys.argv and epoch == int(sys.argv[-1]):
        os._exit(1)
wandb.finish()
