"""Callbacks for CatBoost, by W&B's name for the room: `from runstore.catboost import WandbCallback, log_summary`."""

from runstore.namespaces import members

__getattr__, __dir__ = members(__name__, "runstore.integrations.catboost", "WandbCallback", "log_summary")
