"""The calls that W&B's own examples make most, in the ways that they make them."""

import os
import random

import wandb

os.environ["WANDB_SILENT"] = "true"
wandb.login(key="0" * 40)
wandb.require("core")
assert wandb.run is None
assert isinstance(wandb.__version__, str)

run = wandb.init(
    project="common",
    entity="team",
    job_type="demo",
    config={"epochs": 2},
    name="first",
    group="all",
    notes="n",
    tags=["a", "b"],
    save_code=True,
    resume=False,
    sync_tensorboard=False,
)
print(wandb.run.id, wandb.run.name, wandb.run.entity, run.id == wandb.run.id)
wandb.config.batch_size = 4
wandb.config.update({"dropout": 0.1})
run.config["lr"] = 0.1
wandb.run.summary["score"] = 1
wandb.summary["other"] = {"deep": 2}
table = wandb.Table(columns=["a", "b"], data=[[1, "x"], [2, "y"]])
wandb.log({"table": table})
for epoch in range(wandb.config.epochs):
    wandb.log({"loss": random.random(), "nested": {"value": epoch}})
run.log({"loss": 0.1}, step=10)
run.log({"more": 0.2}, step=10)
run.log(
    {"html": wandb.Html("<b>x</b>"), "obj": wandb.Object3D({"type": "lidar/beta", "points": [[0, 0, 0], [1, 1, 1]]})}
)
wandb.log({"audio": wandb.Audio([0.0, 0.5, -0.5] * 100, sample_rate=100, caption="beep")})
with open("notes.txt", "w") as file:
    file.write("kept")
wandb.save("notes.txt")
wandb.alert(title="Low accuracy", text="too low", level=wandb.AlertLevel.WARN)
artifact = wandb.Artifact("text", type="dataset")
artifact.add_file("notes.txt")
wandb.log_artifact(artifact)
run.name = "renamed"
run.tags = run.tags + ("c",)
wandb.run.log({"last": 1})
wandb.termlog("done")
wandb.run.finish()

api = wandb.Api()
runs = api.runs("team/common", filters={"config.lr": 0.1}, order="-summary_metrics.score")
assert len(runs) == 1
found = api.run(f"team/common/{run.id}")
assert found.summary["score"] == 1
assert found.config["batch_size"] == 4
history = found.history(keys=["loss"])
assert list(history["loss"])[-1] == 0.1
assert [row["loss"] for row in found.scan_history(keys=["loss"])] == list(history["loss"])
assert "notes.txt" in {file.name for file in found.files()}
