"""Callbacks for XGBoost, by W&B's name for the room: `from runstore.xgboost import WandbCallback`."""

from runstore.namespaces import members

__getattr__, __dir__ = members(__name__, "runstore.integrations.xgboost", "WandbCallback", "wandb_callback")
