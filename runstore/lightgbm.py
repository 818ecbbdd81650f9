"""Callbacks for LightGBM, by W&B's name for the room: `from runstore.lightgbm import wandb_callback, log_summary`."""

from runstore.namespaces import members

__getattr__, __dir__ = members(__name__, "runstore.integrations.lightgbm", "log_summary", "wandb_callback")
