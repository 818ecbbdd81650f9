"""DeepSpeed's own monitor of W&B, as its engine writes to it; the engine itself wants an accelerator or a compiler."""

import os

import deepspeed
from deepspeed.monitor.monitor import MonitorMaster
from deepspeed.runtime.config import DeepSpeedConfig

os.environ.update(RANK="0", WORLD_SIZE="1", LOCAL_RANK="0", MASTER_ADDR="127.0.0.1", MASTER_PORT="0")
deepspeed.ops.__compatible_ops__.clear()  # So that nothing is compiled.
deepspeed.init_distributed("gloo", auto_mpi_discovery=False)
config = DeepSpeedConfig(
    {"train_batch_size": 4, "wandb": {"enabled": True, "project": "tiny", "group": "one", "team": "us"}}
)
monitor = MonitorMaster(config.monitor_config)
for samples in (4, 8, 12):
    monitor.write_events([("Train/Samples/train_loss", 1 / samples, samples), ("Train/Samples/lr", 0.1, samples)])
