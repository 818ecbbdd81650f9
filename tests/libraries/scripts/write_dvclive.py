"""Logs with DVCLive into the directory that is named, in a repository of git and DVC."""

import subprocess
import sys
import time
from pathlib import Path

import numpy
from dvclive import Live
from PIL import Image

folder = sys.argv[1]
if not Path(".git").exists():
    subprocess.run(["git", "init", "-q"], check=True)
    subprocess.run([sys.executable, "-m", "dvc", "init", "-q"], check=True)
    who = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.org"]
    subprocess.run(["git", *who, "commit", "-q", "--no-verify", "-m", "Begin"], check=True)
Path("net.bin").write_bytes(b"weights")
with Live(dir=folder, save_dvc_exp=False, report="html") as live:
    live.log_params({"lr": 0.1, "nested": {"layers": [1, 2]}, "word": "yes", "switch": True})
    for step in range(50):
        live.log_metric("loss", 1 / (step + 1), timestamp=True)
        live.log_metric("train/accuracy", step / 7)
        live.log_metric("train/label", f"tab\t{step % 2}")
        live.log_image("last.png", Image.fromarray(numpy.full((4, 6, 3), step, numpy.uint8)))
        if step % 10 == 0:
            live.log_image(f"samples/{step}.png", Image.fromarray(numpy.full((4, 6, 3), step, numpy.uint8)))
        live.next_step()
        if "slowly" in sys.argv:
            if step == 20:
                print("going", flush=True)
            time.sleep(0.0 if step < 20 else 0.05)
    live.log_metric("bad", float("nan"))
    live.log_metric("alone", 5, plot=False)
    live.log_plot("roc", [{"fpr": 0.0, "tpr": 0.5}, {"fpr": 1.0, "tpr": 1.0}], x="fpr", y="tpr")
    live.log_artifact(
        "net.bin", type="model", name="net", desc="a net", labels=["best"], meta={"layers": 2}, cache=False
    )
