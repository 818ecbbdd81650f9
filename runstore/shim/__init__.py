"""Runstore where a program says `import wandb`: for libraries whose integrations of W&B then log here, unchanged."""
