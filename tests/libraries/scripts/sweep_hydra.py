"""Hydra's multirun: each job a run of W&B, its config that of Hydra."""

import hydra
import wandb
from omegaconf import OmegaConf


@hydra.main(version_base=None, config_path=None, config_name="line")
def train(config):
    with wandb.init(project="tiny", config=OmegaConf.to_container(config, resolve=True), reinit=True) as run:
        for step in range(3):
            run.log({"loss": config.lr / (step + 1)})


hydra.core.config_store.ConfigStore.instance().store(name="line", node={"lr": 0.1, "model": {"width": 4}})
train()
