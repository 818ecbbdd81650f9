"""What scripts take from W&B's `wandb_torch`."""

from runstore.namespaces import members

__getattr__, __dir__ = members(__name__, "runstore.integrations.torch", "TorchHistory")
