"""Writes with torch's SummaryWriter, and prints what TensorBoard itself reads of it: scalars by directory and tag."""

import json
import sys
from pathlib import Path

import numpy
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch.utils.tensorboard import SummaryWriter

root = Path(sys.argv[1])
random = numpy.random.RandomState(0)

with SummaryWriter(str(root / "base" / "train")) as writer:
    for step in range(400):
        writer.add_scalar("loss", 1 / (step + 1), step)
        writer.add_scalar("accuracy", step / 7, step, new_style=True)
    writer.add_scalar("bad", float("nan"), 1)
    writer.add_scalar("bad", float("-inf"), 2)
    writer.add_scalar("large step", 1.5, 2**40)
    writer.add_histogram("weights", random.randn(1000), 3)
    writer.add_image("image", numpy.full((3, 4, 6), 0.5, "float32"), 4)
    writer.add_audio("sound", torch.zeros(1, 800), 5, sample_rate=8000)
    writer.add_text("note", "*hello* ü", 6)
    writer.add_pr_curve("pr", numpy.array([0, 1, 1, 0]), numpy.array([0.1, 0.9, 0.4, 0.6]), 7)
    writer.add_custom_scalars({"a": {"b": ["Multiline", ["loss"]]}})
    writer.add_mesh("mesh", torch.zeros(1, 4, 3), global_step=8)
    writer.add_tensor("tensor", torch.arange(6).reshape(2, 3).float(), 9)
    writer.add_graph(torch.nn.Linear(2, 1), torch.zeros(1, 2))
    writer.add_hparams({"lr": 0.1, "batch": 32, "opt": "adam"}, {"hp/accuracy": 0.9}, run_name="hp")
    writer.add_scalars("two", {"a": 1.0, "b": 2.0}, 5)

first = SummaryWriter(str(root / "restarted"))
for step in range(10):
    first.add_scalar("loss", 1.0, step)
first.close()
second = SummaryWriter(str(root / "restarted"), purge_step=6, filename_suffix=".second")
for step in range(6, 12):
    second.add_scalar("loss", 2.0, step)
second.close()

found = {}
for folder in sorted({path.parent for path in root.rglob("*tfevents*")}):
    seen = EventAccumulator(str(folder), size_guidance={"scalars": 0}).Reload()
    found[folder.relative_to(root).as_posix()] = {
        tag: [[each.step, each.wall_time, each.value] for each in seen.Scalars(tag)] for tag in seen.Tags()["scalars"]
    }
(root.parent / "found.json").write_text(json.dumps(found))
