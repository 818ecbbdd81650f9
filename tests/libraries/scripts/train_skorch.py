"""skorch's own logger of W&B."""

import numpy
import torch
import wandb
from skorch import NeuralNetClassifier
from skorch.callbacks import WandbLogger


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(4, 2)

    def forward(self, rows):
        return self.layer(rows).softmax(-1)


with wandb.init(project="skorch", config={"lr": 0.1}) as run:
    net = NeuralNetClassifier(Net, max_epochs=3, lr=0.1, callbacks=[WandbLogger(run)], verbose=0)
    net.fit(numpy.random.randn(64, 4).astype("float32"), numpy.arange(64) % 2)
