"""Lightning's Trainer with a logger: numbers, gradients, an image, a table, checkpoints."""

import sys

import lightning
import numpy
import torch

if sys.argv[1] == "runstore":
    from runstore.integrations.lightning import RunstoreLogger as Logger
else:
    from lightning.pytorch.loggers import WandbLogger as Logger


class Line(lightning.LightningModule):
    def __init__(self, lr=0.1):
        super().__init__()
        self.save_hyperparameters()
        self.layer = torch.nn.Linear(4, 1)

    def forward(self, batch):
        return self.layer(batch)

    def training_step(self, batch, number):
        loss = self(batch).pow(2).mean()
        self.log("train/loss", loss)
        return loss

    def validation_step(self, batch, number):
        self.log("val/loss", self(batch).pow(2).mean())

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)


torch.manual_seed(0)
data = torch.utils.data.DataLoader(torch.randn(32, 4), batch_size=4)
logger = Logger(project="lightning", name="line", log_model=True)
trainer = lightning.Trainer(
    max_epochs=2, logger=logger, accelerator="cpu", log_every_n_steps=2, enable_progress_bar=False
)
model = Line()
logger.watch(model, log_freq=2)
trainer.fit(model, data, data)
logger.log_text("words", columns=["word"], data=[["cat"]])
logger.log_image("seen", [numpy.zeros((4, 4, 3), dtype="uint8")], caption=["black"])
logger.experiment.finish()
