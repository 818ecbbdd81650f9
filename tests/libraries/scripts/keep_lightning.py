"""Our logger's other ways: every checkpoint, a place for them, odd hyperparameters, another process."""

import multiprocessing

import lightning
import numpy
import torch
from lightning.pytorch.callbacks import ModelCheckpoint

from runstore.integrations.lightning import RunstoreLogger


class Line(lightning.LightningModule):
    def __init__(self, of, act):
        super().__init__()
        self.save_hyperparameters()
        self.layer = torch.nn.Linear(4, 1)

    def training_step(self, batch, number):
        loss = self.layer(batch).pow(2).mean()
        self.log("train/loss", loss)
        return loss

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


def work(logger):
    logger.log_metrics({"child": 1}, step=16)
    logger.experiment.finish()


if __name__ == "__main__":
    logger = RunstoreLogger(
        version="given", log_model="all", prefix="in", checkpoint_name="lines", save_dir="kept", job_type="train"
    )
    assert (logger.name, logger.version, logger.save_dir) == (None, "given", "kept")
    data = torch.utils.data.DataLoader(torch.randn(32, 4), batch_size=4)
    lightning.Trainer(
        max_epochs=2,
        logger=logger,
        accelerator="cpu",
        log_every_n_steps=2,
        enable_progress_bar=False,
        callbacks=ModelCheckpoint(monitor="train/loss", mode="max", save_top_k=-1, save_last=False),
    ).fit(Line({"a": 1}, torch.relu), data)
    logger.log_audio("heard", [numpy.zeros(8)], sample_rate=[8])
    try:
        logger.log_image("seen", [numpy.zeros((2, 2))], caption=["one", "two"])
    except ValueError as error:
        print(error)
    logger.experiment.finish()
    process = multiprocessing.get_context("spawn").Process(target=work, args=(logger,))
    process.start()
    process.join()
