"""What the module is called that Runstore stands for, and which version of it."""

from typing import Final

NAME: Final = "wandb"
OURS: Final = "runstore"
VERSION: Final = "0.31.0"
"""The version of W&B's SDK whose names Runstore has. Libraries ask for it before they log."""
