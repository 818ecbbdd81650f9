"""Lightning's Trainer in two processes that it starts itself; its logger of W&B has begun the run before."""

import lightning
import torch
from lightning.pytorch.loggers import WandbLogger


class Line(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(4, 1)

    def training_step(self, batch, number):
        loss = self.layer(batch).pow(2).mean()
        self.log("train/loss", loss)
        return loss

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


if __name__ == "__main__":
    logger = WandbLogger(project="tiny")
    logger.experiment.config.update({"begun": True})
    lightning.Trainer(
        max_epochs=2,
        logger=logger,
        accelerator="cpu",
        devices=2,
        strategy="ddp_spawn",
        log_every_n_steps=1,
        enable_checkpointing=False,
        enable_progress_bar=False,
    ).fit(Line(), torch.utils.data.DataLoader(torch.randn(32, 4), batch_size=4))
