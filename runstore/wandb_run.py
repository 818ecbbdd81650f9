"""W&B's other name for the room of `Run`: Lightning's logger takes it from `wandb.wandb_run`."""

from runstore.recording.run import Run

__all__ = ["Run"]
