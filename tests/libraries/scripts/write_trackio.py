"""Tracks runs with trackio in TRACKIO_DIR: one with all kinds of values; with `grow` a plain one that goes on."""

import sys
import time
from pathlib import Path

import numpy
import trackio


def everything() -> None:
    run = trackio.init(
        project="my.digits",
        name="adam",
        group="first",
        config={"lr": 0.1, "nested": {"layers": [1, 2]}, "name": "ü"},
        auto_log_cpu=False,
    )
    for step in range(50):
        trackio.log({"loss": 1 / (step + 1), "train": {"accuracy": step / 7}, "label": "x"}, step=step * 10)
    trackio.log({"bad": float("nan"), "worse": float("-inf")})
    dark, light = (numpy.full((4, 6, 3), shade, numpy.uint8) for shade in (0, 255))
    trackio.log(
        {
            "image": trackio.Image(dark, caption="dark"),
            "histogram": trackio.Histogram([1, 2, 2, 3], num_bins=4),
            "table": trackio.Table(columns=["n", "what"], data=[[1, "text"], [2, trackio.Image(light)]]),
            "note": trackio.Markdown("/etc/readme.md"),
            "page": trackio.Html("<b>page</b>"),
        }
    )
    trackio.log({"dialogue": trackio.Trace(messages=[{"role": "user", "content": "hello"}])})
    trackio.log_system({"gpu": {"power": 12.5}})
    trackio.alert("loss is high", text="very", level=trackio.AlertLevel.ERROR)
    Path("weights.bin").write_bytes(b"weights")
    artifact = trackio.Artifact("net", "model", description="a net", metadata={"layers": 2})
    artifact.add_file("weights.bin")
    run.log_artifact(artifact, aliases=["best"])
    trackio.finish()


def grow() -> None:
    trackio.init(project="growing", name="a", auto_log_cpu=False)
    for step in range(100_000):
        trackio.log({"loss": float(step)})
        if step == 200:
            time.sleep(1.0)
            print("going", flush=True)
        time.sleep(0.0005 if step > 200 else 0)


grow() if "grow" in sys.argv else everything()
