"""The callbacks that there are; `runstore.keras` has the same."""

from runstore.integrations.keras.checkpoints import WandbModelCheckpoint
from runstore.integrations.keras.evaluation import WandbEvalCallback
from runstore.integrations.keras.metrics import WandbMetricsLogger
from runstore.integrations.keras.older import WandbCallback

__all__ = ["WandbCallback", "WandbEvalCallback", "WandbMetricsLogger", "WandbModelCheckpoint"]
