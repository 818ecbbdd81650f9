"""Accelerate's tracker: numbers, an image, a table."""

import sys

import numpy
import torch
from accelerate import Accelerator

if sys.argv[1] == "runstore":
    from runstore.integrations.accelerate import RunstoreTracker

    accelerator = Accelerator(log_with=RunstoreTracker("tiny", name="line"), cpu=True)
    accelerator.init_trackers("tiny", config={"lr": 0.1})
else:
    accelerator = Accelerator(log_with="wandb", cpu=True)
    accelerator.init_trackers("tiny", config={"lr": 0.1}, init_kwargs={"wandb": {"name": "line"}})
model = torch.nn.Linear(1, 1)
model, optimizer = accelerator.prepare(model, torch.optim.SGD(model.parameters(), lr=0.1))
for step in range(4):
    loss = (model(torch.ones(4, 1)) - 2).pow(2).mean()
    accelerator.backward(loss)
    optimizer.step()
    optimizer.zero_grad()
    accelerator.log({"train_loss": loss.item()}, step=step)
tracker = accelerator.trackers[0]
tracker.log_images({"seen": [numpy.zeros((4, 4, 3), dtype="uint8")]}, step=4)
tracker.log_table("predictions", columns=["x", "y"], data=[[1.0, 2.0]], step=5)
accelerator.end_training()
