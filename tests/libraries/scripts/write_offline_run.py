"""Logs with W&B's own SDK, offline: every kind of value, files, artifacts. `wandb/` goes to the working directory."""

import os
import sys
import wave
from pathlib import Path

import numpy
import wandb

with wave.open("sound.wav", "wb") as sound:
    sound.setnchannels(1)
    sound.setsampwidth(2)
    sound.setframerate(8000)
    sound.writeframes(bytes(1600))
Path("weights.bin").write_bytes(b"weights")
Path("sub").mkdir(exist_ok=True)
Path("sub/more.txt").write_text("more")

run = wandb.init(
    project="digits",
    id=sys.argv[1],
    name="first",
    group="folds",
    job_type="train",
    tags=["a", "b"],
    notes="some notes",
    config={"lr": 1e-4, "layers": [32, 16], "nested": {"x": {"y": "text"}}, "none": None, "flag": True, "big": 2**60},
    mode="offline",
)
run.define_metric("epoch")
run.define_metric("val/*", step_metric="epoch", summary="min")
print("hello from the run")
print("an error", file=sys.stderr)
for epoch in range(200):
    run.log(
        {
            "loss": 1 / (epoch + 1),
            "val/accuracy": epoch / 7,
            "val/loss": 200 - epoch,
            "epoch": epoch,
            "deep": {"er": epoch},
        }
    )
run.log({"nan": float("nan"), "inf": float("-inf"), "text": "ü", "flag": True, "list": [1, 2]}, step=300)
run.log(
    {
        "image": wandb.Image(numpy.zeros((4, 6, 3), numpy.uint8), caption="black"),
        "images": [wandb.Image(numpy.full((4, 6, 3), n, numpy.uint8), caption=str(n)) for n in (9, 200)],
        "histogram": wandb.Histogram(numpy.arange(100)),
        "table": wandb.Table(
            columns=["a", "b", "picture"], data=[[1, "x", wandb.Image(numpy.full((2, 2, 3), 77, numpy.uint8))]]
        ),
        "html": wandb.Html("<b>bold</b>"),
        "audio": wandb.Audio("sound.wav"),
        "chart": wandb.plot.line(wandb.Table(columns=["x", "y"], data=[[0, 1], [1, 2]]), "x", "y"),
    },
    step=400,
)
run.config["late"] = 3
run.summary["best"] = 0.5
run.summary["tree"] = {"a": {"b": 1}}
run.save("weights.bin")
run.alert("a title", "a text", level="WARN")
for number in range(2):
    model = wandb.Artifact("model", "model", description="what it is", metadata={"number": number})
    Path("weights.bin").write_bytes(b"weights %d" % number)
    model.add_file("weights.bin")
    model.add_dir("sub", name="inner")
    model.add_reference("https://example.org/x", name="elsewhere", checksum=False)
    run.log_artifact(model, aliases=["best"] if number else [])
if "--crash" in sys.argv:
    import time

    time.sleep(3)  # W&B writes from another process, a little later.
    print("crashing", flush=True)
    os.kill(os.getpid(), 9)
run.finish(exit_code=3 if "--fail" in sys.argv else 0)
