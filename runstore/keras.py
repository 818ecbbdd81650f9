"""Callbacks for Keras, by W&B's name for the room: `from runstore.keras import WandbMetricsLogger`."""

from runstore.namespaces import members

__getattr__, __dir__ = members(
    __name__,
    "runstore.integrations.keras.callbacks",
    "WandbCallback",
    "WandbEvalCallback",
    "WandbMetricsLogger",
    "WandbModelCheckpoint",
)
