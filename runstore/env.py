"""The names of variables that set things, as W&B's `env` has them: `os.environ[runstore.env.PROJECT] = "digits"`."""

from runstore.settings import SETTINGS


def __getattr__(name: str) -> str:
    for spec in SETTINGS.values():
        if f"WANDB_{name}" in spec.variables or f"RUNSTORE_{name}" in spec.variables:
            return next(variable for variable in spec.variables if variable.endswith(f"_{name}"))
    raise AttributeError(f"module 'runstore.env' has no {name!r}; see `runstore settings --json`", name=name)
